//! A document as a source gave it.

use serde::{Deserialize, Serialize};

use crate::clock::Time;
use crate::name::Key;
use crate::row_version::RowVersion;

/// One document of a page, as received: its bytes are what the raw hash covers. Nothing is parsed yet.
#[derive(Debug, Clone)]
pub struct RawDocument {
    /// JSON text of the whole document, exactly as received (or as assembled, deterministically, from rows).
    pub bytes: Vec<u8>,
}

/// A snapshot's head: what a re-read is compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Version of the snapshot, from 1, one more with each change; continues over tombstones.
    pub version: u64,
    /// Sequence of the change that made this version.
    pub seq: u64,
    /// BLAKE3 over the bytes as received and the scheme's gate fingerprint; none for tombstones (rule 9).
    pub raw_hash: Option<[u8; 32]>,
    /// BLAKE3 of the canonical form; none for tombstones.
    pub canonical_hash: Option<[u8; 32]>,
    /// When this version was captured, by our clock.
    pub captured_at: Time,
    /// The document's own time, where the scheme names one.
    pub source_time: Option<Time>,
    /// What people search by.
    pub number: Option<String>,
    /// When the stored reading was asked for, by our clock; only where a write-back may change the document (rule 22).
    pub read_at: Option<Time>,
    /// The row version it was read with, where the scheme names one (rule 5).
    pub row_version: Option<RowVersion>,
}

impl Head {
    /// Whether the document is known as deleted.
    pub fn is_tombstone(&self) -> bool {
        self.canonical_hash.is_none()
    }
}

/// The beginning of a key that stands for bytes of which not even the key could be read.
const NAMELESS: &str = "digest:";

/// A document that could not be read (rule 25): recorded in the page's commit, asked again by key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quarantine {
    /// Its key, or `digest:…` of its bytes where not even the key could be read.
    pub key: Key,
    /// Source time where it could be read; where not even the key could be, the begin of the window it was met in.
    pub source_time: Option<Time>,
    /// Why, for a person.
    pub why: String,
    /// When it was met last.
    pub at: Time,
}

impl Quarantine {
    /// The key that stands for bytes whose own can't be read.
    pub fn nameless(bytes: &[u8]) -> Key {
        Key::from_text(format!("{NAMELESS}{}", &blake3::hash(bytes).to_hex()[..16]))
    }

    /// Whether not even its key could be read.
    pub fn is_nameless(&self) -> bool {
        self.key.as_str().starts_with(NAMELESS)
    }
}
