//! A bill as the server keeps it: what every bill has, the form's own fields, and entry rows in FSeq order.

use std::collections::HashSet;
use std::sync::Arc;

use crate::clock::Civil;

use super::forms::{Form, Kind};
use super::value::Cell;

/// FDocumentStatus (protocols/kingdee.md 5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Z 暂存.
    Draft,
    /// A 创建.
    Created,
    /// B 审核中.
    Submitted,
    /// C 已审核.
    Audited,
    /// D 重新审核.
    Reopened,
}

/// Letters and captions of [`Status`].
pub const STATUSES: &[(&str, &str)] =
    &[("Z", "暂存"), ("A", "创建"), ("B", "审核中"), ("C", "已审核"), ("D", "重新审核")];

/// Letters and captions of FCancelStatus.
pub const CANCEL_STATUSES: &[(&str, &str)] = &[("A", "未作废"), ("B", "已作废")];

impl Status {
    /// The stored letter.
    pub fn letter(self) -> &'static str {
        match self {
            Self::Draft => "Z",
            Self::Created => "A",
            Self::Submitted => "B",
            Self::Audited => "C",
            Self::Reopened => "D",
        }
    }

    /// Reads a letter.
    pub fn read(letter: &str) -> Option<Self> {
        [Self::Draft, Self::Created, Self::Submitted, Self::Audited, Self::Reopened]
            .into_iter()
            .find(|status| status.letter() == letter)
    }

    /// Whether a bill in it may be submitted or deleted (Z, A, D).
    pub fn is_open(self) -> bool {
        matches!(self, Self::Draft | Self::Created | Self::Reopened)
    }
}

/// Fields that every bill has and the server keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum System {
    /// FID.
    Id,
    /// FBillNo.
    Number,
    /// FDocumentStatus.
    Status,
    /// FCancelStatus.
    CancelStatus,
    /// FCreatorId.
    Creator,
    /// FCreateDate.
    Created,
    /// FModifierId.
    Modifier,
    /// FModifyDate.
    Modified,
    /// FApproverId.
    Approver,
    /// FApproveDate.
    Approved,
    /// FCancellerId.
    Canceller,
    /// FCancelDate.
    Cancelled,
}

/// Keys and kinds of the fields every bill has, in the order in which they are listed.
pub const SYSTEM: &[(&str, System, Kind)] = &[
    ("FID", System::Id, Kind::Integer),
    ("FBillNo", System::Number, Kind::Text),
    ("FDocumentStatus", System::Status, Kind::Choice(STATUSES)),
    ("FCancelStatus", System::CancelStatus, Kind::Choice(CANCEL_STATUSES)),
    ("FCreatorId", System::Creator, Kind::Base(super::base_data::USER)),
    ("FCreateDate", System::Created, Kind::DateTime),
    ("FModifierId", System::Modifier, Kind::Base(super::base_data::USER)),
    ("FModifyDate", System::Modified, Kind::DateTime),
    ("FApproverId", System::Approver, Kind::Base(super::base_data::USER)),
    ("FApproveDate", System::Approved, Kind::DateTime),
    ("FCancellerId", System::Canceller, Kind::Base(super::base_data::USER)),
    ("FCancelDate", System::Cancelled, Kind::DateTime),
];

/// Who did something, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// Internal id of the user.
    pub by: u32,
    /// The server's local time.
    pub at: Civil,
}

/// Values of a head or a row by the field's place, in order of the places; absent values take no room.
#[derive(Debug, Clone, Default)]
pub struct Record(Vec<(u16, Cell)>);

impl Record {
    /// The value at a place.
    pub fn get(&self, place: usize) -> Option<&Cell> {
        let at = self.find(u16::try_from(place).ok()?).ok()?;
        self.0.get(at).map(|(_, cell)| cell)
    }

    /// Sets or, with `None`, blanks a value.
    pub fn set(&mut self, place: usize, cell: Option<Cell>) {
        let Ok(place) = u16::try_from(place) else { return };
        match (self.find(place), cell) {
            (Ok(at), Some(cell)) => self.0[at] = (place, cell),
            (Ok(at), None) => drop(self.0.remove(at)),
            (Err(at), Some(cell)) => self.0.insert(at, (place, cell)),
            (Err(_), None) => {}
        }
    }

    fn find(&self, place: u16) -> Result<usize, usize> {
        self.0.binary_search_by_key(&place, |(at, _)| *at)
    }

    /// Gives back room.
    pub fn shrink(&mut self) {
        self.0.shrink_to_fit();
    }
}

/// An entry row; its FSeq is its position.
#[derive(Debug, Clone)]
pub struct Row {
    /// FEntryID.
    pub id: u64,
    /// FEntryID of the row it belongs to; 0 if to the bill.
    pub parent: u64,
    /// Its values.
    pub cells: Record,
}

/// A bill.
#[derive(Debug, Clone)]
pub struct Bill {
    /// FID.
    pub id: u64,
    /// FBillNo.
    pub number: Arc<str>,
    /// FDocumentStatus.
    pub status: Status,
    /// Whether it was ever audited: a withdrawn submission then leads back to D.
    pub was_audited: bool,
    /// Creation.
    pub created: Mark,
    /// Last save. Audit, cancel and the like do not move it.
    pub modified: Mark,
    /// Audit, while it holds.
    pub approved: Option<Mark>,
    /// Cancellation (作废), while it holds.
    pub cancelled: Option<Mark>,
    /// Head and sub-head fields.
    pub head: Record,
    /// Rows of each entity of the form.
    pub entries: Vec<Vec<Row>>,
}

impl Bill {
    /// Marks it audited.
    pub fn audit(&mut self, mark: Mark) {
        self.status = Status::Audited;
        self.was_audited = true;
        self.approved = Some(mark);
    }

    /// Drops rows whose row is gone.
    pub fn drop_orphans(&mut self, form: &Form) {
        for (entity, group) in form.entities.iter().enumerate() {
            let Some(parent) = group.parent else { continue };
            let alive: HashSet<u64> = self.entries.get(parent).into_iter().flatten().map(|row| row.id).collect();
            if let Some(rows) = self.entries.get_mut(entity) {
                rows.retain(|row| alive.contains(&row.parent));
            }
        }
    }
}
