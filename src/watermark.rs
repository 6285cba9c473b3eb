//! Progress of capture: the watermark, the walked end and the scan under way (rules.md 2 and 15).

use serde::{Deserialize, Serialize};

use crate::clock::Time;
use crate::row_version::RowVersion;

/// How far a scheme's capture has come. Stored with every page's commit; all times are source times.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// When the scheme was first started, by our clock: the go-live instant of `initial: baseline` (rule 10).
    pub first_start: Time,
    /// The source time from which capture began, fixed at the first start.
    pub start: Time,
    /// Greatest source time seen, never past the end of its scan: min(max source time seen, `to`).
    pub watermark: Option<Time>,
    /// The end up to which windows were walked completely, whether or not documents lay in them (rule 15).
    pub walked_to: Option<Time>,
    /// End of the last scan that completed; where every run reads everything, when the last complete one began. While
    /// there is none, nothing tells what the source does not have.
    pub complete_to: Option<Time>,
    /// The scan under way; its end was frozen when it began and is used unchanged on resume (rule 2).
    pub scan: Option<Scan>,
    /// Greatest source time seen in the scan under way.
    pub seen: Option<Time>,
    /// Fingerprint of key, filter, identity and mode: a change of these waits for `decide`.
    pub fingerprint: String,
    /// Where a row version is followed: up to which one rows had been read, and when; oldest first (rule 27).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub trail: Vec<Held>,
}

/// A row version held: every row up to it that was visible then had been read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// The row version.
    pub cursor: RowVersion,
    /// When it was held: by the earlier of our clock and the source's.
    pub at: Time,
}

/// A scan under way: windows of source time, or rows by their version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scan {
    /// Its frozen end: the earlier of our clock and the source's when it began.
    pub to: Time,
    /// Begin of the window being read; without windows, of what counts.
    pub begin: Time,
    /// End of the window being read.
    pub end: Time,
    /// Position within the window, where the connector's positions survive a restart (keyset, cursor).
    pub position: Option<String>,
    /// The row version that the next page begins at; none where a window of time is read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<RowVersion>,
}
