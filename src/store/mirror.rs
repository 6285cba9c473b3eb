//! What look-ups need of a scheme's snapshots (rules.md 16): how far the scheme had come when a document was parked,
//! and the values its snapshots are found by.

use serde::{Deserialize, Serialize};

use crate::name::Key;

/// How far a scheme that is looked up in has come. A document that is parked for what it lacks carries the marks of
/// the schemes it asked: it is parked only if none has come further, so that no arrival falls in between.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Mark {
    /// Last sequence number of its change log.
    pub seq: u64,
    /// Whether what is not found in it is known not to be there: it was read completely once, and every path it is
    /// looked up by is indexed.
    pub complete: bool,
}

impl Mark {
    /// Whether a document that was parked at this mark may find what it lacked by now: while a mirror is not complete,
    /// every miss waits whatever comes.
    pub fn is_passed_by(self, now: Self) -> bool {
        now.complete && self != now
    }
}

/// A snapshot's values as look-ups compare them: path → text; a path without a value is left out.
pub type IndexValues = Vec<(String, String)>;

/// Values of documents that were stored before their paths were indexed.
#[derive(Debug, Clone, Default)]
pub struct IndexFill {
    /// Scheme id.
    pub scheme: String,
    /// Documents, the version whose values these are, and the values of every indexed path. A document of another
    /// version by now is left out: its own commit has indexed it.
    pub entries: Vec<(Key, u64, IndexValues)>,
    /// Paths that are complete with this: look-ups by them count from now on.
    pub ready: Vec<String>,
}
