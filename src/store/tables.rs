//! All tables of the embedded store: name with version, key, value. A table whose rows change their form gets a
//! new version and a migration.
//!
//! Keys are the parts of [`super::key`], values the envelope of [`super::value`] around the payload named here.

use redb::TableDefinition;
use serde::{Deserialize, Serialize};

use super::key::Part::{self, Text, Time, U8, U32, U64};
use super::key::{KeyBytes, KeyReader, readable};
use crate::name::Key;
use crate::reason::State;
use crate::row_version::RowVersion;

/// Keys and values are bytes of our own encoding: how the database stores richer types is not ours to rely on.
pub(super) type Bytes = &'static [u8];

/// A table.
#[derive(Debug)]
pub(super) struct Table {
    /// Its name, with its version.
    pub(super) name: &'static str,
    /// What its keys are made of.
    pub(super) shape: &'static [Part],
}

impl Table {
    /// For the database.
    pub(super) fn definition(&self) -> TableDefinition<'static, Bytes, Bytes> {
        TableDefinition::new(self.name)
    }

    /// A key for people.
    pub(super) fn readable(&self, key: &[u8]) -> String {
        readable(self.shape, key)
    }
}

/// What is known of the database itself: name -> `format`: u64; `clean`: one byte, 1 after a clean close.
pub(super) const META: Table = Table { name: "meta/1", shape: &[Text] };
/// scheme -> [`SchemeRow`] as JSON.
pub(super) const SCHEMES: Table = Table { name: "schemes/1", shape: &[Text] };
/// scheme, slot -> progress as JSON. Slot [`NOW`] is the progress, slot [`GOOD`] what it was when a run last ended
/// well: a damaged progress falls back to it (rule 26).
pub(super) const WATERMARKS: Table = Table { name: "watermarks/1", shape: &[Text, U8] };
/// scheme, id -> run as JSON.
pub(super) const RUNS: Table = Table { name: "runs/1", shape: &[Text, U64] };
/// scheme, document key -> head, compact. The only table a re-read of unchanged documents touches.
pub(super) const HEADS: Table = Table { name: "heads/1", shape: &[Text, Text] };
/// scheme, document key, version -> hash, length and zstd of the JSON text.
pub(super) const BODIES: Table = Table { name: "bodies/1", shape: &[Text, Text, U64] };
/// scheme, seq -> change as JSON; seq without gaps.
pub(super) const CHANGES: Table = Table { name: "changes/1", shape: &[Text, U64] };
/// scheme, number, document key -> nothing.
pub(super) const NUMBERS: Table = Table { name: "numbers/1", shape: &[Text, Text, Text] };
/// scheme, path -> one byte, 1 once it is filled: the paths that look-ups ask by.
pub(super) const INDEXES: Table = Table { name: "indexes/1", shape: &[Text, Text] };
/// scheme, path, document key -> the text that the newest snapshot has under an indexed path.
pub(super) const INDEXED: Table = Table { name: "indexed/1", shape: &[Text, Text, Text] };
/// scheme, path, text, document key -> nothing: the same, to be found by the text.
pub(super) const LOOKUP: Table = Table { name: "lookup/1", shape: &[Text, Text, Text, Text] };
/// scheme, document key -> quarantine as JSON.
pub(super) const QUARANTINE: Table = Table { name: "quarantine/1", shape: &[Text, Text] };
/// scheme -> sweep as JSON.
pub(super) const SWEEPS: Table = Table { name: "sweeps/1", shape: &[Text] };
/// scheme, run of a sweep, document key -> nothing: met since that sweep began (rule 23).
pub(super) const SEEN: Table = Table { name: "seen/1", shape: &[Text, U64, Text] };
/// scheme, target -> target state as JSON.
pub(super) const TARGETS: Table = Table { name: "targets/1", shape: &[Text, Text] };
/// scheme, target, document key -> delivery as JSON.
pub(super) const DELIVERIES: Table = Table { name: "deliveries/1", shape: &[Text, Text, Text] };
/// scheme, target, due, document key -> nothing: the deliveries that have a due time, earliest first.
pub(super) const QUEUE: Table = Table { name: "queue/1", shape: &[Text, Text, Time, Text] };
/// scheme, target, state, document key -> nothing: the deliveries of each state.
pub(super) const STATES: Table = Table { name: "states/1", shape: &[Text, Text, U8, Text] };
/// scheme, target, state -> how many deliveries; no row for none.
pub(super) const COUNTS: Table = Table { name: "counts/1", shape: &[Text, Text, U8] };
/// scheme, target, document key, n -> attempt as JSON.
pub(super) const ATTEMPTS: Table = Table { name: "attempts/1", shape: &[Text, Text, Text, U32] };
/// identity of a target document -> [`Owner`] as JSON (rule 11).
pub(super) const IDENTITIES: Table = Table { name: "identities/1", shape: &[Text] };

/// Every table.
pub(super) const ALL: [&Table; 21] = [
    &META,
    &SCHEMES,
    &WATERMARKS,
    &RUNS,
    &HEADS,
    &BODIES,
    &CHANGES,
    &NUMBERS,
    &INDEXES,
    &INDEXED,
    &LOOKUP,
    &QUARANTINE,
    &SWEEPS,
    &SEEN,
    &TARGETS,
    &DELIVERIES,
    &QUEUE,
    &STATES,
    &COUNTS,
    &ATTEMPTS,
    &IDENTITIES,
];

/// Slot of the progress as it is.
pub(super) const NOW: u8 = 0;
/// Slot of the progress at the end of the last good run.
pub(super) const GOOD: u8 = 1;

/// What a scheme has beside its progress.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SchemeRow {
    /// Last sequence number given.
    pub(super) last_seq: u64,
    /// Documents that live.
    pub(super) live: u64,
    /// Documents known as deleted.
    pub(super) tombstones: u64,
    /// Why its capture is paused.
    pub(super) paused: Option<String>,
    /// The row version that reading has to go back to (rule 27).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) rewind: Option<RowVersion>,
    /// Changes up to this sequence number are forgotten (rule 17).
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(super) trimmed: u64,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde gives a reference.
fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// Who owns a target document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Owner {
    /// Scheme id.
    pub(super) scheme: String,
    /// Target name.
    pub(super) target: String,
    /// Document.
    pub(super) key: Key,
}

/// The code of a state in keys: never to be changed.
pub(super) fn code(state: State) -> u8 {
    match state {
        State::Pending => 1,
        State::InFlight => 2,
        State::Delivered => 3,
        State::Retrying => 4,
        State::Rejected => 5,
        State::InDoubt => 6,
        State::Waiting => 7,
        State::Skipped => 8,
        State::Discarded => 9,
    }
}

/// The state of a code.
pub(super) fn state(code_read: u8) -> Option<State> {
    State::ALL.into_iter().find(|state| code(*state) == code_read)
}

/// The key, or prefix, of what belongs to a scheme.
pub(super) fn of_scheme(scheme: &str) -> KeyBytes {
    KeyBytes::new().text(scheme)
}

/// The key, or prefix, of what belongs to a document.
pub(super) fn of_document(scheme: &str, key: &Key) -> KeyBytes {
    of_scheme(scheme).text(key.as_str())
}

/// The document that a key names behind so many texts: one, its scheme; two, where a target or a number stands between.
pub(super) fn document_behind(key: &[u8], texts: usize) -> Option<Key> {
    text_behind(key, texts).map(Key::from_text)
}

/// A text of a key, behind so many others.
pub(super) fn text_behind(key: &[u8], texts: usize) -> Option<String> {
    let mut reader = KeyReader::new(key);
    for _ in 0..texts {
        reader.text()?;
    }
    reader.text()
}

/// The key of a document in a sweep's seen-table.
pub(super) fn of_seen(scheme: &str, run: u64, key: &Key) -> KeyBytes {
    of_scheme(scheme).u64(run).text(key.as_str())
}

/// The key, or prefix, of what belongs to a target.
pub(super) fn of_target(scheme: &str, target: &str) -> KeyBytes {
    of_scheme(scheme).text(target)
}

/// The key, or prefix, of what belongs to a delivery.
pub(super) fn of_delivery(scheme: &str, target: &str, key: &Key) -> KeyBytes {
    of_target(scheme, target).text(key.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_state_codes_are_unique() {
        for (i, table) in ALL.iter().enumerate() {
            assert!(ALL.iter().skip(i + 1).all(|other| other.name != table.name), "{}", table.name);
        }
        for one in State::ALL {
            assert_eq!(state(code(one)), Some(one));
        }
        assert_eq!(state(0), None);
    }
}
