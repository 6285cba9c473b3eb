//! Everything the server remembers, behind one lock: calls run one after the other, as one unique index would make
//! two saves of one number.

use std::collections::HashSet;

use super::base_data::BaseData;
use super::forms::FORMS;
use super::session::Sessions;
use super::table::{Counter, Table};

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
        }
    }

    /// Forgets bills, sessions and packets. Base data stays, and ids go on rising.
    pub fn clear(&mut self) {
        self.tables.iter_mut().for_each(Table::clear);
        self.sessions.clear();
        self.packets.clear();
    }
}
