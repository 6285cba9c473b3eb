//! A scheme ready to run: its capture and its targets' workers.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::capture::Capture;
use crate::clock::{Clock, Time};
use crate::delivery::Worker;
use crate::engine::view::{BreakerView, SchemeStatus};
use crate::scheme::{Initial, Scheme};
use crate::store::{Origin, Store, StoreError, TargetAnswer, TargetState};

/// Everything that runs in one process.
pub struct Engine {
    /// Schemes by file name.
    pub units: Vec<Arc<Unit>>,
    /// The store they share.
    pub store: Arc<dyn Store>,
    /// The clock they share.
    pub clock: Arc<dyn Clock>,
    /// Ends them all.
    pub stop: CancellationToken,
}

/// One scheme ready to run.
pub struct Unit {
    /// As read.
    pub scheme: Arc<Scheme>,
    /// Reads its source.
    pub capture: Capture,
    /// One worker a target.
    pub workers: Vec<Arc<Worker>>,
    /// Notified after commits that hold changes, and when a person acted.
    pub changed: Arc<Notify>,
    /// Notified when a person asks for a run now.
    pub run_now: Notify,
    /// Notified when a person asks for a sweep now.
    pub sweep_now: Notify,
    /// What only the running process knows.
    pub live: Mutex<Live>,
}

/// What only the running process knows of a scheme.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Live {
    /// Whether a run is under way.
    pub running: bool,
    /// When the next run begins.
    pub next_run: Option<Time>,
    /// Why the last run stopped early.
    pub last_error: Option<String>,
}

impl Unit {
    /// Schemes whose snapshots its targets look up.
    pub fn mirrors(&self) -> BTreeSet<String> {
        self.workers.iter().flat_map(|worker| worker.plan().mirrors()).collect()
    }

    /// Adds to a scheme's status what only the running process knows.
    pub fn add_live(&self, status: &mut SchemeStatus) {
        status.next_run = self.live().next_run.map(|time| time.to_string());
        for target in &mut status.targets {
            let worker = self.workers.iter().find(|worker| worker.plan().name == target.target);
            target.breaker = worker.and_then(|worker| worker.opened()).map(BreakerView::from);
        }
    }

    /// A copy of what the process knows.
    pub fn live(&self) -> Live {
        self.live.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Changes what the process knows.
    pub fn set_live(&self, change: impl FnOnce(&mut Live)) {
        change(&mut self.live.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Engine {
    /// The scheme of an id.
    pub fn unit(&self, scheme: &str) -> Option<&Arc<Unit>> {
        self.units.iter().find(|unit| unit.scheme.id == scheme)
    }

    /// Indexes what is looked up, and gives every target its own state where it has none: what `initial` says holds
    /// for the scheme's first capture only; a target that is new, renamed or moved to another account waits for
    /// `decide` (rule 3).
    pub async fn prepare(&self) -> Result<(), StoreError> {
        let origin = self.store.info()?.lineage.origin;
        for unit in &self.units {
            unit.capture.prepare_index().await?;
            // In a database that was lost or restored, a scheme without state may have had some (rule 8).
            let first = self.store.progress(&unit.scheme.id)?.is_none() && origin == Origin::New;
            for worker in &unit.workers {
                self.prepare_target(unit, worker, first).await?;
                worker.recover().await?;
            }
        }
        Ok(())
    }

    async fn prepare_target(&self, unit: &Unit, worker: &Worker, first: bool) -> Result<(), StoreError> {
        let plan = worker.plan();
        let account = plan.belongs_to();
        let stored = self.store.target(&unit.scheme.id, &plan.name)?;
        let state = match stored {
            // What a write-back goes to is the source itself: there is nothing to decide.
            stored if plan.back.is_some() => TargetState {
                answer: Some(TargetAnswer::Send { since: None }),
                account,
                ..stored.unwrap_or_else(|| TargetState { rules: plan.rules.clone(), ..TargetState::default() })
            },
            Some(state) if state.account == account => return Ok(()),
            // As told by a program that did not name the form.
            Some(state) if state.account == plan.account => TargetState { account, ..state },
            Some(state) => {
                let (documents, _) = self.store.document_count(&unit.scheme.id)?;
                tracing::warn!(scheme = %unit.scheme.id, target = %plan.name, was = %state.account, is = %account, documents,
                    "the target is another account, form or identity now; it waits for `decide`");
                let moved_from = state.moved_from.or(Some(state.account));
                TargetState { answer: None, moved_from, account, proven: false, ..state }
            }
            None => {
                let named = unit.scheme.targets.iter().find(|target| target.name == plan.name);
                let initial = named.and_then(|target| target.initial).or(unit.scheme.initial);
                TargetState {
                    position: 0,
                    answer: if first { initial.map(|initial| answer(initial, self.clock.now())) } else { None },
                    paused: None,
                    account,
                    rules: plan.rules.clone(),
                    ..TargetState::default()
                }
            }
        };
        self.store.set_target(&unit.scheme.id, &plan.name, state).await
    }
}

fn answer(initial: Initial, now: Time) -> TargetAnswer {
    match initial {
        Initial::Send => TargetAnswer::Send { since: None },
        Initial::Baseline => TargetAnswer::baseline(now),
        Initial::Adopt => TargetAnswer::Adopt,
    }
}
