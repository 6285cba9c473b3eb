//! Changes: the entries of a scheme's change log.

use serde::{Deserialize, Serialize};

use crate::clock::Time;
use crate::name::Key;

/// What happened to a document between two captures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ChangeKind {
    /// First seen, or back after a deletion.
    Created,
    /// Its canonical form differs from the snapshot's.
    Updated,
    /// Known as gone from the source.
    Deleted,
}

impl ChangeKind {
    /// The word used in conditions, the API and the CLI.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Updated => "updated",
            Self::Deleted => "deleted",
        }
    }
}

/// One entry of a scheme's change log. `seq` has no gaps within a scheme.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Sequence number within the scheme, from 1.
    pub seq: u64,
    /// What happened.
    pub kind: ChangeKind,
    /// Which document.
    pub key: Key,
    /// Version before; 0 if there was none.
    pub from: u64,
    /// Version after.
    pub to: u64,
    /// When it was captured.
    pub at: Time,
}
