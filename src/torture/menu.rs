//! What goes wrong and what people do, by seed.

use std::time::Duration;

use fastrand::Rng;
use serde_json::{Value, json};

use crate::crash::POINTS;
use crate::sandbox::faults::{Fault, Kind};

/// How a life of the program ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum End {
    /// By itself at the n-th pass of a crash point, if it comes there.
    AtPoint(&'static str, u32),
    /// Killed after a time.
    Killed(Duration),
    /// Asked to stop after a time, and killed so long after that.
    KilledWhileStopping(Duration, Duration),
    /// Asked to stop after a time, and left to finish.
    Stopped(Duration),
}

/// Calls that write.
const WRITING: [(&str, &str); 3] = [("kingdee", "batchSave"), ("okki", "/v1/invoices/order/push"), ("kingdee", "save")];
/// What can happen to any call.
const ANYWHERE: [Kind; 7] = [
    Kind::ResetBefore,
    Kind::ResetAfter,
    Kind::Truncate,
    Kind::Html502,
    Kind::Throttle,
    Kind::SessionLoss,
    Kind::TimeoutAfter,
];
/// What can happen to a call that writes; an answer that is lost after the effect more often than anything.
const TO_WRITES: [Kind; 9] = [
    Kind::ResetAfter,
    Kind::ResetAfter,
    Kind::ResetAfter,
    Kind::TimeoutAfter,
    Kind::Truncate,
    Kind::Html502,
    Kind::ResetBefore,
    Kind::PartialBatch,
    Kind::EditLock,
];
/// What people do to sales orders; changes more often than the rest.
const DEEDS: [&str; 8] = ["change", "change", "change", "add_line", "remove_line", "approve", "edit", "void"];

/// Chooses, from a seed.
#[derive(Debug)]
pub(super) struct Menu {
    rng: Rng,
}

impl Menu {
    pub(super) fn new(seed: u64) -> Self {
        Self { rng: Rng::with_seed(seed) }
    }

    /// Whether something of one chance in so many happens.
    pub(super) fn one_in(&mut self, of: u32) -> bool {
        self.rng.u32(0..of) == 0
    }

    pub(super) fn count(&mut self, range: std::ops::Range<u32>) -> u32 {
        self.rng.u32(range)
    }

    /// A time of at most so many milliseconds, to the microsecond.
    pub(super) fn time(&mut self, most: u64) -> Duration {
        Duration::from_micros(self.rng.u64(0..=most * 1000))
    }

    pub(super) fn end(&mut self) -> End {
        match self.rng.u32(0..10) {
            0..5 => {
                let (name, _, _) = self.rng.choice(POINTS).copied().unwrap_or_default();
                End::AtPoint(name, self.rng.u32(1..6))
            }
            5..8 => End::Killed(self.time(2500)),
            8 => End::KilledWhileStopping(self.time(2000), self.time(300)),
            _ => End::Stopped(self.time(4000)),
        }
    }

    pub(super) fn fault(&mut self) -> Fault {
        let (system, call, fault) = if self.one_in(3) {
            let system = ["jushuitan", "kingdee", "okki"][self.rng.usize(0..3)];
            (system, None, self.rng.choice(ANYWHERE).unwrap_or(Kind::ResetAfter))
        } else {
            let (system, call) = WRITING[self.rng.usize(0..WRITING.len())];
            (system, Some(call.to_owned()), self.rng.choice(TO_WRITES).unwrap_or(Kind::ResetAfter))
        };
        Fault {
            system: Some(system.to_owned()),
            call,
            document: None,
            nth: self.rng.u64(1..4),
            fault,
            times: self.rng.u64(1..3),
            by: None,
            field: None,
            hits: 0,
        }
    }

    /// What people do at a source: its name, and an edit of the control API. `confirmed`: shipments that can be
    /// withdrawn.
    pub(super) fn deed(&mut self, confirmed: impl FnOnce() -> Vec<String>) -> (&'static str, Value) {
        match self.rng.u32(0..10) {
            0..3 => ("jushuitan", json!({ "rate": 0.03 })),
            3 => ("jushuitan", json!({ "create": self.rng.u32(1..4) })),
            4 => {
                let keys = confirmed();
                match self.rng.choice(&keys) {
                    Some(key) => ("jushuitan", json!({ "key": key, "set": { "status": "Cancelled" } })),
                    None => ("jushuitan", json!({ "rate": 0.01 })),
                }
            }
            5 => ("kingdee", json!({ "create": self.rng.u32(1..3) })),
            _ => ("kingdee", json!({ "count": self.rng.u32(1..4), "what": DEEDS[self.rng.usize(0..DEEDS.len())] })),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_chooses_the_same_again() {
        let choose = |seed| {
            let mut menu = Menu::new(seed);
            let chosen: Vec<_> = (0..50).map(|_| (menu.end(), menu.fault().fault, menu.deed(Vec::new).1)).collect();
            format!("{chosen:?}")
        };
        assert_eq!(choose(7), choose(7));
        assert_ne!(choose(7), choose(8));
    }
}
