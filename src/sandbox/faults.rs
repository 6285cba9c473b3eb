//! Faults set by the control API, aimed at a system, a call, a document and the n-th hit.

use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The system refuses in its own words; no effect.
    Refuse,
    /// The connection is reset before anything happens.
    ResetBefore,
    /// The effect happens, then the connection is reset without an answer.
    ResetAfter,
    /// The effect happens, the answer never comes (until the client gives up).
    TimeoutAfter,
    /// The effect happens, the answer's body is cut in the middle.
    Truncate,
    /// The effect happens, the answer is an HTML page with status 502.
    #[serde(rename = "html_502")]
    Html502,
    /// The system says it is called too often.
    Throttle,
    /// The session is lost before the call runs.
    SessionLoss,
    /// Of a batch only every second item is carried out, the others are refused.
    PartialBatch,
    /// An edit lock conflict, no effect.
    EditLock,
    /// The effect happens, the answer is a success that does not say the document's id.
    NoReceipt,
}

impl Kind {
    /// Whether the system plays it in its own words; the others concern the connection.
    pub fn is_the_systems(self) -> bool {
        match self {
            Self::Refuse
            | Self::Throttle
            | Self::SessionLoss
            | Self::PartialBatch
            | Self::EditLock
            | Self::NoReceipt => true,
            Self::ResetBefore | Self::ResetAfter | Self::TimeoutAfter | Self::Truncate | Self::Html502 => false,
        }
    }
}

/// A fault as set: it strikes on the `nth` (from 1) matching hit and the `times - 1` hits after it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// System name; every system if absent.
    #[serde(default)]
    pub system: Option<String>,
    /// Call in the vendor's words; every call if absent.
    #[serde(default)]
    pub call: Option<String>,
    /// A document's number; every document if absent.
    #[serde(default)]
    pub document: Option<String>,
    /// First matching hit that is struck, from 1.
    #[serde(default = "one")]
    pub nth: u64,
    /// What goes wrong.
    pub fault: Kind,
    /// How many hits are struck.
    #[serde(default = "one")]
    pub times: u64,
    /// Matching hits so far.
    #[serde(skip)]
    pub hits: u64,
}

fn one() -> u64 {
    1
}

/// The faults set and not yet used up.
#[derive(Debug, Default)]
pub struct Faults {
    set: Mutex<Vec<Fault>>,
    struck: Mutex<Vec<(String, Kind)>>,
}

impl Faults {
    /// Adds a fault.
    pub fn add(&self, fault: Fault) {
        self.set.lock().unwrap_or_else(PoisonError::into_inner).push(fault);
    }

    /// Removes every fault.
    pub fn clear(&self) {
        self.set.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Counts a hit on every matching fault and returns the first that strikes. Called once per request.
    pub fn strike(&self, system: &str, call: &str, documents: &[String]) -> Option<Kind> {
        let mut set = self.set.lock().unwrap_or_else(PoisonError::into_inner);
        let mut struck = None;
        for fault in set.iter_mut() {
            let matches = fault.system.as_deref().is_none_or(|s| s == system)
                && fault.call.as_deref().is_none_or(|c| c.eq_ignore_ascii_case(call))
                && fault.document.as_deref().is_none_or(|d| documents.iter().any(|one| one == d));
            if matches {
                fault.hits += 1;
                if struck.is_none() && fault.hits >= fault.nth && fault.hits < fault.nth.saturating_add(fault.times) {
                    struck = Some(fault.fault);
                }
            }
        }
        set.retain(|fault| fault.hits + 1 < fault.nth.saturating_add(fault.times));
        drop(set);
        self.note(call, struck);
        struck
    }

    fn note(&self, call: &str, struck: Option<Kind>) {
        if let Some(kind) = struck {
            self.struck.lock().unwrap_or_else(PoisonError::into_inner).push((call.to_owned(), kind));
        }
    }

    /// Every fault that struck so far, with the call.
    pub fn struck(&self) -> Vec<(String, Kind)> {
        self.struck.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
