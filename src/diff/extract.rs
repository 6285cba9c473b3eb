//! A document's identity out of its bytes, without building a tree: the cheap half of the hot path.

use serde_json::Value;

use crate::diff::parse::ParseFault;
use crate::name::Key;

/// Where a scheme's documents carry their identity: chains of member names from the root.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Paths {
    /// The parts of the key, in order; at least one.
    pub key: Vec<Vec<String>>,
    /// What people search by.
    pub number: Option<Vec<String>>,
    /// Source time.
    pub time: Option<Vec<String>>,
    /// Row version (`cursor: $.ts`).
    pub cursor: Option<Vec<String>>,
}

/// What identifies a document. Numbers are plain decimals (1E3 is `1000`, 7.0 is `7`); texts are as they stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Its key.
    pub key: Key,
    /// Its number; none where absent, null or blank.
    pub number: Option<String>,
    /// Its source time as the source wrote it; none where absent, null or blank.
    pub time_text: Option<String>,
    /// Its row version; none where absent, null or blank.
    pub row_version: Option<String>,
}

/// Why a document has no identity: it is quarantined (rules.md 25).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExtractFault {
    /// The bytes are no JSON as far as they had to be read.
    #[error(transparent)]
    Parse(#[from] ParseFault),
    /// A part of the key is absent, null, blank, or neither text nor number (rules.md 30).
    #[error("the key part `{path}` is {found}, allowed: text that is not blank, or a number")]
    Key {
        /// The part's path.
        path: String,
        /// What was found there.
        found: &'static str,
    },
    /// Number, time or row version is a list or an object.
    #[error("`{path}` is {found}, allowed: text, number, null")]
    Scalar {
        /// The value's path.
        path: String,
        /// What was found there.
        found: &'static str,
        /// The document's key, which could be read.
        key: Key,
    },
}

/// Reads a document's identity from its bytes. Reads strictly along the paths (a repeated member name there is a
/// fault) and skims the rest: that the whole document is well formed is for [`crate::diff::Document::parse`] to say.
pub fn extract(_bytes: &[u8], _paths: &Paths) -> Result<Identity, ExtractFault> {
    todo!()
}

impl Identity {
    /// The identity of a document already parsed: the same as [`extract`] of its bytes.
    pub fn of_value(_document: &Value, _paths: &Paths) -> Result<Self, ExtractFault> {
        todo!()
    }
}
