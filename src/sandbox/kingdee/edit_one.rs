//! One bill edited by a person.

use serde_json::{Map, Value};

use crate::clock::Civil;

use super::base_data::USER;
use super::bill::{Bill, Mark, Status, System};
use super::edit::Scene;
use super::fill::{Filler, Manner};
use super::forms::ORDERS;
use super::orders::{Deed, Hand, Sheet};
use super::state::State;
use super::value::{scalar, stamp};

/// Who edits.
const PERSON: &str = "demo";

/// What is to be done with a bill.
#[derive(Debug, Clone, Default)]
pub struct Wish {
    /// A deed.
    pub what: Option<Deed>,
    /// Fields to set.
    pub set: Option<Map<String, Value>>,
    /// Whether FModifyDate moves; by default it does, unless a deed says how.
    pub touch: Option<bool>,
    /// Delete it physically.
    pub delete: bool,
}

/// Edits one bill.
pub struct Pen<'a> {
    /// The server.
    pub scene: &'a Scene<'a>,
    /// The form's place.
    pub form: usize,
    /// What to do.
    pub wish: &'a Wish,
}

impl Wish {
    /// Whether nothing is said.
    pub fn is_empty(&self) -> bool {
        self.what.is_none() && self.set.is_none() && self.touch.is_none() && !self.delete
    }

    /// What is done to a share of a form's bills where nothing is said.
    pub fn usual(form: usize, now: Civil) -> Self {
        if form == ORDERS {
            return Self { what: Some(Deed::Change), ..Self::default() };
        }
        let note = Value::from(format!("改 {}", stamp(now)));
        Self { set: Some(Map::from_iter([("FNote".to_owned(), note)])), ..Self::default() }
    }
}

impl Pen<'_> {
    /// The bill as the edit leaves it, `None` if deleted, and its number. Nothing is stored. A held write of the
    /// bill is committed first: a second one would wait for it.
    pub fn write(&self, state: &mut State, id: u64) -> Result<(String, Option<Bill>), String> {
        let State { tables, base, entry_ids, maker, .. } = state;
        let found = tables.get_mut(self.form).zip(self.scene.layouts.get(self.form));
        let (table, layout) = found.ok_or("no such form")?;
        table.commit_of(id);
        let mut bill = table.get(id).cloned().ok_or_else(|| format!("no bill of FID {id}"))?;
        let number = bill.number.to_string();
        if self.wish.delete {
            return Ok((number, None));
        }
        let mark = Mark { by: base.register(USER, PERSON, PERSON), at: self.scene.zone.civil(self.scene.now) };
        if let Some(what) = self.wish.what {
            let sheet = Sheet { layout, base, zone: self.scene.zone };
            what.check(&sheet, &bill).map_err(|needs| format!("`what` {needs}; `{number}` is not"))?;
        }
        let before = bill.modified;
        if let Some(set) = &self.wish.set {
            let manner = Manner { bare_base: true, refuse_unknown: true, kept: true, ..Manner::default() };
            let zone = self.scene.zone;
            let mut filler = Filler { layout, base, entry_ids, zone, manner: &manner, problems: Vec::new() };
            filler.fill(&mut bill, set);
            if let Some(problem) = filler.problems.first() {
                return Err(problem.message.clone());
            }
        }
        if let Some(what) = self.wish.what {
            let sheet = Sheet { layout, base, zone: self.scene.zone };
            let mut hand = Hand { sheet, entry_ids, rng: &mut maker.rng, mark, switches: self.scene.switches };
            if self.wish.set.is_none() {
                hand.alter(what, &mut bill);
            }
            hand.stamp(what, &mut bill);
        }
        match self.wish.touch {
            Some(true) => bill.modified = mark,
            Some(false) => bill.modified = before,
            None if self.wish.what.is_none() => bill.modified = mark,
            None => {}
        }
        for (name, value) in self.wish.set.iter().flatten() {
            if let Some(system) = layout.system(name) {
                set_system(&mut bill, system, &scalar(value).unwrap_or_default())
                    .ok_or_else(|| format!("`{name}` cannot be set to `{value}`"))?;
            }
        }
        Ok((number, Some(bill)))
    }
}

/// Sets a field every bill has. `None` if it cannot be set so.
fn set_system(bill: &mut Bill, system: System, text: &str) -> Option<()> {
    match system {
        System::Number => bill.number = Some(text.trim()).filter(|number| !number.is_empty())?.into(),
        System::Status => {
            bill.status = Status::read(text)?;
            bill.was_audited |= bill.status == Status::Audited;
        }
        System::CancelStatus => {
            bill.cancelled = match text {
                "A" => None,
                "B" => Some(bill.modified),
                _ => return None,
            }
        }
        System::Created => bill.created.at = Civil::read(text)?,
        System::Modified => bill.modified.at = Civil::read(text)?,
        System::Approved => bill.approved = Some(Mark { by: bill.modified.by, at: Civil::read(text)? }),
        System::Id | System::Creator | System::Modifier | System::Approver => return None,
        System::Canceller | System::Cancelled => return None,
    }
    Some(())
}
