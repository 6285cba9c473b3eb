//! What a run did and how it was judged.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Serialize;

use crate::store::{Store, StoreError};
use crate::torture::invariants::targets;
use crate::torture::standings;

/// How often things happened.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Figures {
    /// Processes started.
    pub lives: u64,
    /// Of them killed, in any way.
    pub kills: u64,
    /// Killed at a crash point, by its name.
    pub at_points: BTreeMap<String, u64>,
    /// Killed at a random time.
    pub at_random: u64,
    /// Killed while they finished what was under way.
    pub while_stopping: u64,
    /// Stopped for a while and continued (SIGSTOP, SIGCONT).
    pub frozen: u64,
    /// Edits at the sources.
    pub edits: u64,
    /// Faults that struck, by kind.
    pub faults: BTreeMap<String, u64>,
    /// Effects on a target whose answer was lost: reset, cut, replaced or held back.
    pub answers_lost: u64,
    /// Documents known at the end.
    pub documents: u64,
    /// Changes captured.
    pub changes: u64,
    /// Attempts made.
    pub attempts: u64,
    /// Of them accepted, by their answer or as a probe found.
    pub delivered: u64,
    /// In doubt, and found at the target by a probe.
    pub found_by_probe: u64,
    /// In doubt, proved not to have run, and sent again.
    pub sent_again: u64,
    /// Documents that a person had to send again after the faults: refused for good by one.
    pub retried_by_hand: u64,
}

impl Figures {
    /// Adds what a store holds.
    pub(super) fn read(&mut self, store: &dyn Store) -> Result<(), StoreError> {
        for scheme in store.schemes()? {
            self.documents += store.document_count(&scheme)?.0;
            self.changes += store.last_seq(&scheme)?;
        }
        for (scheme, target) in targets(store)? {
            standings::each(store, &scheme, &target, |key, _| {
                for attempt in store.attempts(&scheme, &target, key)? {
                    self.attempts += 1;
                    let outcome = attempt.outcome.as_deref().unwrap_or_default();
                    self.delivered += u64::from(outcome == "accepted");
                    self.sent_again += u64::from(matches!(outcome, "absent" | "old_content"));
                    let is_found = attempt.decision.is_some_and(|words| words.starts_with("found at the target"));
                    self.found_by_probe += u64::from(is_found);
                }
                Ok(())
            })?;
        }
        Ok(())
    }
}

/// What came of a run.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// What chance came from.
    pub seed: u64,
    /// What happened.
    pub figures: Figures,
    /// What is wrong, one sentence each; empty if nothing is.
    pub faults: Vec<String>,
    /// Where everything lies; only if something is wrong.
    pub folder: Option<PathBuf>,
}

impl Report {
    /// Whether nothing was lost, doubled or disordered and every invariant held.
    pub fn is_exact(&self) -> bool {
        self.faults.is_empty()
    }
}
