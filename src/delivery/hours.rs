//! The hours in which a target is sent to. Outside them what is due is put off to their begin; what is in doubt is
//! still asked about, for a question changes nothing, and steps that have begun are brought to their end.

use crate::clock::Time;
use crate::delivery::ready::Ready;
use crate::delivery::worker::{Worker, write_of};
use crate::name::Key;
use crate::reason::{Code, Reason, State};
use crate::store::Delivery;

impl Worker {
    /// When the target is sent to again; none: now.
    pub(super) fn closed_until(&self) -> Option<Time> {
        self.plan.hours?.next_opening(self.now(), &self.plan.zone)
    }

    /// A due document put off to the begin of the hours; none inside them.
    pub(super) fn put_off(&self, key: &Key, row: &Delivery) -> Option<Ready> {
        let (hours, opening) = (self.plan.hours?, self.closed_until()?);
        let mut row = row.clone();
        if row.state == State::Pending {
            let params = [("version", row.version.to_string()), ("hours", hours.to_string())];
            row.reason = Some(Reason::new(Code::Hours, params));
        }
        row.due = Some(opening);
        Some(Ready::Write(Box::new(write_of(key, row, None))))
    }
}
