//! How far a delivery of several steps has come, as stored beside it (rule 19).

use serde::{Deserialize, Serialize};

use crate::clock::Time;
use crate::reason::Reason;

/// A delivery of several steps, from the moment its first step may have run: opening steps (un-audit), the call that
/// tells the version, closing steps (submit, audit). Each step is an attempt of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Course {
    /// The version it tells.
    pub version: u64,
    /// The calls in order.
    pub calls: Vec<String>,
    /// Which of them tells the version.
    pub own: usize,
    /// Which of the target's calls (operations in order, then its own) that is.
    pub rank: usize,
    /// Which of them is under way or comes next.
    pub at: usize,
    /// That one came next at this time, by our clock.
    pub since: Time,
    /// An opening step may have taken effect: the document stands open at the target until the closing steps have
    /// run.
    pub opened: bool,
    /// Why the version was refused for good: the closing steps then run on the old content.
    pub refused: Option<Reason>,
    /// How often a person had asked to send again when the version was sent.
    pub replays: u32,
}

impl Course {
    /// The step under way or next; the last one where all have run.
    pub fn step(&self) -> &str {
        self.calls.get(self.at).or(self.calls.last()).map_or("", String::as_str)
    }

    /// The steps before the version is told.
    pub fn opening(&self) -> &[String] {
        self.calls.get(..self.own).unwrap_or_default()
    }
}
