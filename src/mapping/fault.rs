//! Why a document has no payload.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Why a document can't be mapped, or not yet. The caller adds scheme, target and document key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MapFault {
    /// Where in the mapping: `FEntity[0].FMaterialID.FNumber`; the number is the source element's, from 0.
    pub path: String,
    /// What is wrong, naming values.
    pub message: String,
    /// What follows from it.
    pub kind: MapFaultKind,
}

/// What follows from a fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MapFaultKind {
    /// The document itself is at fault, or the mapping for such a document: it is rejected.
    Document,
    /// Codes that look-ups with `miss: reject` did not find, or any found several times, all of the document's at once:
    /// it is rejected.
    Missing(Vec<Miss>),
    /// Codes that look-ups with `miss: wait` did not find: the document waits for them.
    Waiting {
        /// All that is missing.
        misses: Vec<Miss>,
        /// The shortest time after which one of them stops waiting (`for`).
        at_most: Option<Duration>,
    },
    /// Codes asked of mirrors that have not completed a full read: the document waits whatever `miss` says.
    NotReady(Vec<Miss>),
}

impl MapFaultKind {
    /// What look-ups missed; none for a fault of the document.
    pub fn misses(&self) -> &[Miss] {
        match self {
            Self::Document => &[],
            Self::Missing(misses) | Self::Waiting { misses, .. } | Self::NotReady(misses) => misses,
        }
    }
}

/// A look-up that found nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Miss {
    /// Where in the mapping.
    pub path: String,
    /// `table.NAME` or the scheme's id.
    pub lookup: String,
    /// Columns or paths, and the texts asked for.
    pub codes: Vec<(String, String)>,
    /// Why nothing was found.
    pub why: Why,
}

/// Why a look-up found nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Why {
    /// There is no such code.
    Absent,
    /// The document that had this code was deleted.
    Deleted,
    /// A text asked for is blank, which never matches: nothing can be added for it.
    BlankKey,
    /// The row or document is there, but what is taken from it is blank or null.
    BlankValue {
        /// The row, as `FILE:LINE`; the document, by its key.
        origin: String,
        /// The column; of a document, what `take` says.
        column: String,
    },
    /// Several documents or rows have it, and no `many: first` takes one.
    Several {
        /// How many.
        count: usize,
    },
    /// The mirror has not completed a full read.
    NotReady,
}

/// What a look-up was asked, in words.
fn asked(codes: &[(String, String)]) -> String {
    let codes: Vec<String> = codes.iter().map(|(field, text)| format!("`{field}` = `{text}`")).collect();
    codes.join(" and ")
}

impl fmt::Display for Miss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let asked = asked(&self.codes);
        match &self.why {
            Why::Absent => write!(f, "`{}` has nothing with {asked}", self.lookup),
            Why::Deleted => write!(f, "`{}` has nothing with {asked} any more: it was deleted there", self.lookup),
            Why::BlankKey => write!(f, "`{}` is asked for {asked}: a blank text never matches", self.lookup),
            Why::BlankValue { origin, column } => {
                write!(f, "`{}` has {asked} ({origin}), but `{column}` is blank there", self.lookup)
            }
            Why::Several { count } => {
                write!(f, "`{}` has {count} with {asked}: only `many: first` takes the first", self.lookup)
            }
            Why::NotReady => write!(f, "`{}` has not been read completely yet; asked for {asked}", self.lookup),
        }
    }
}

impl fmt::Display for MapFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() { f.write_str(&self.message) } else { write!(f, "{}: {}", self.path, self.message) }
    }
}

impl std::error::Error for MapFault {}
