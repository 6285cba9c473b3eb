//! The ledger: every effect on a simulated system, in order. The oracle of the tests.

use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What an entry did to a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Effect {
    /// A document was created.
    Create,
    /// An existing document was overwritten.
    Update,
    /// A document was deleted physically.
    Delete,
    /// A document was voided (作废).
    Cancel,
    /// A document was audited.
    Audit,
    /// An audit was taken back.
    Unaudit,
    /// A document was submitted.
    Submit,
    /// A writing call that had no effect (refused).
    None,
}

/// One entry.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Entry {
    /// From 1, without gaps.
    pub n: u64,
    /// The simulated system's time, RFC 3339.
    pub at: String,
    /// `jushuitan`, `kingdee`, `okki`.
    pub system: String,
    /// The call in the vendor's words.
    pub call: String,
    /// The document's number.
    pub document: String,
    /// What happened.
    pub effect: Effect,
    /// What was sent for this document.
    pub payload: Value,
}

/// All entries since the start or the last seed.
#[derive(Debug, Default)]
pub struct Ledger {
    entries: Mutex<Vec<Entry>>,
}

impl Ledger {
    /// Adds an entry.
    pub fn record(&self, at: String, system: &str, call: &str, document: &str, effect: Effect, payload: Value) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let n = entries.len() as u64 + 1;
        entries.push(Entry {
            n,
            at,
            system: system.into(),
            call: call.into(),
            document: document.into(),
            effect,
            payload,
        });
    }

    /// A copy of all entries.
    pub fn entries(&self) -> Vec<Entry> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Forgets everything.
    pub fn clear(&self) {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}
