//! Look-ups in other schemes' snapshots and in cross-reference tables: the compiled form, and the trait through
//! which a mapping asks (rules.md 16).

use std::fmt;
use std::time::Duration;

use serde_json::Value;

use super::plan::Plan;
use crate::fault::Position;
use crate::query::{Pipe, Query};

/// Where a look-up looks.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// `table.NAME`: a cross-reference table of the configuration.
    Table(String),
    /// Another scheme's snapshots, by its id.
    Scheme(String),
}

impl Source {
    /// Reads what [`fmt::Display`] prints; none for `table.` without a name.
    pub fn read(text: &str) -> Option<Self> {
        match text.strip_prefix("table.") {
            Some("") => None,
            Some(table) => Some(Self::Table(table.to_owned())),
            None => Some(Self::Scheme(text.to_owned())),
        }
    }
}

/// As written: `table.NAME` or the scheme's id.
impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Table(name) => write!(f, "table.{name}"),
            Self::Scheme(id) => f.write_str(id),
        }
    }
}

/// A compiled `$lookup`.
#[derive(Debug, Clone)]
pub struct Lookup {
    /// Where it looks.
    pub source: Source,
    /// What must be equal, all of it.
    pub by: Vec<By>,
    /// What is taken from the hit.
    pub take: Take,
    /// What a miss means.
    pub miss: OnMiss,
    /// `many: first`: of several hits the first is taken; else they are a fault of the document.
    pub first: bool,
    /// Where its source is named.
    pub(super) at: Position,
    /// Text of `take`, and where it stands.
    pub(super) take_text: String,
    pub(super) take_at: Position,
}

/// One entry of `by`.
#[derive(Debug, Clone)]
pub struct By {
    /// Column of the table, or text of the path in the scheme's snapshots.
    pub field: String,
    /// The path, for a scheme.
    pub path: Option<Query>,
    /// Where the field is named.
    pub(super) at: Position,
    /// The document's value that the field is compared with.
    pub(super) value: Plan,
}

/// What is taken from the hit.
#[derive(Debug, Clone)]
pub enum Take {
    /// A column of a table.
    Column(String),
    /// A path (with filters) in the looked-up snapshot.
    Path(Pipe),
}

/// What a miss means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnMiss {
    /// The document is rejected.
    Reject,
    /// The document waits for the code to appear, no longer than this where given.
    Wait(Option<Duration>),
    /// The value is null.
    Null,
}

/// Answers look-ups. Fields are compared as trimmed text; no value asked for is blank.
pub trait Lookups {
    /// What `source` holds under all of these (field, text) pairs. The error says in words why it can't be asked
    /// at all (no such table, no such column).
    fn find(&self, source: &Source, by: &[(String, String)]) -> Result<Hits, String>;
}

/// What a look-up finds.
#[derive(Debug, Clone, PartialEq)]
pub enum Hits {
    /// Nothing, and it is known that there is nothing.
    Nothing,
    /// Nothing but a document that was deleted.
    Deleted,
    /// Nothing yet: the mirror has not completed a full read.
    NotReady,
    /// One document or row.
    One(Hit),
    /// Several; the first in the source's order.
    Several {
        /// How many.
        count: usize,
        /// The first.
        first: Hit,
    },
}

/// A document or row that a look-up found.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// Which: the document's key, or `FILE:LINE` of the row.
    pub origin: String,
    /// The snapshot; of a row, an object of column to cell.
    pub document: Value,
}
