//! Everything the server remembers, behind one lock: calls run one after the other, as one unique index would make
//! two saves of one number.

use std::collections::HashSet;

use super::base_data::BaseData;
use super::forms::FORMS;
use super::orders::Maker;
use super::reply::{Problem, code};
use super::session::Sessions;
use super::table::{Counter, Table};

/// What a writing call works on.
pub struct Parts<'a> {
    /// The form's bills.
    pub table: &'a mut Table,
    /// Base data.
    pub base: &'a mut BaseData,
    /// FEntryIDs.
    pub entry_ids: &'a mut Counter,
}

/// The server's memory.
#[derive(Debug)]
pub struct State {
    /// Bills, a table for each of [`FORMS`].
    pub tables: Vec<Table>,
    /// Base data.
    pub base: BaseData,
    /// Sessions.
    pub sessions: Sessions,
    /// FEntryIDs, of all entities.
    pub entry_ids: Counter,
    /// Digests of packets sent with ValidateRepeatJson.
    pub packets: HashSet<[u8; 32]>,
    /// Queries answered.
    pub queries: u64,
    /// Makes sales orders, and chooses what people edit.
    pub maker: Maker,
}

impl State {
    /// An empty server.
    pub fn new() -> Self {
        Self {
            tables: FORMS.iter().map(|_| Table::new()).collect(),
            base: BaseData::default(),
            sessions: Sessions::default(),
            entry_ids: Counter::behind(240_311),
            packets: HashSet::new(),
            queries: 0,
            maker: Maker::new(0),
        }
    }

    /// The bills of the form at a position of [`FORMS`], with what writing them needs.
    pub fn parts(&mut self, form: usize) -> Result<Parts<'_>, Problem> {
        let table = self.tables.get_mut(form).ok_or_else(|| Problem::new(code::EXCEPTION, "业务对象不存在"))?;
        Ok(Parts { table, base: &mut self.base, entry_ids: &mut self.entry_ids })
    }

    /// Forgets bills, sessions and packets. Base data stays, and ids go on rising.
    pub fn clear(&mut self) {
        self.tables.iter_mut().for_each(Table::clear);
        self.sessions.clear();
        self.packets.clear();
    }
}
