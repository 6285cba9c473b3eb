//! What people do: run now, pull, pause, decide, and move deliveries. The same words for the command line and the
//! API; each is one durable step.

use serde::{Deserialize, Serialize};

use crate::capture::CaptureError;
use crate::delivery::operate::{Open, Resolution, discarded, needs_id, replayed, resolved, retried};
use crate::delivery::{Worker, stale};
use crate::engine::choose::Chosen;
use crate::engine::unit::{Engine, Unit};
use crate::engine::view::differs;
use crate::name::Key;
use crate::reason::State;
use crate::store::{Delivery, DeliveryWrite, Step, StoreError, pages};

/// Why an action was refused.
#[derive(Debug, thiserror::Error)]
pub enum OperateError {
    /// There is no such scheme or target.
    #[error("there is no {what} `{name}`; known: {known}")]
    Unknown {
        /// `scheme` or `target`.
        what: &'static str,
        /// As asked.
        name: String,
        /// What there is.
        known: String,
    },
    /// The action can't be done so.
    #[error("{0}")]
    Refused(String),
    /// The action can't be done while things stand as they do.
    #[error("{0}")]
    NotNow(String),
    /// The source did not answer.
    #[error(transparent)]
    Capture(#[from] CaptureError),
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Which deliveries an action is for.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Selection {
    /// Only this scheme.
    #[serde(default)]
    pub scheme: Option<String>,
    /// Only this target.
    #[serde(default)]
    pub target: Option<String>,
    /// Keys or numbers.
    #[serde(default)]
    pub keys: Vec<String>,
    /// Everything the action applies to.
    #[serde(default)]
    pub all: bool,
    /// Of a replay: documents whose look-ups would give something else now (rule 16).
    #[serde(default)]
    pub stale: bool,
    /// Of a replay: documents adopted although the target holds another content.
    #[serde(default)]
    pub different: bool,
}

impl Selection {
    /// Whether it is for nothing.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty() && !self.all && !self.stale && !self.different
    }
}

/// What to do with deliveries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Send rejected, retrying and waiting ones again now; ask about those in doubt.
    Retry,
    /// Give up, with a reason.
    Discard {
        /// Why.
        reason: String,
    },
    /// Settle one in doubt as delivered.
    ResolveDelivered {
        /// The target document's id.
        id: Option<String>,
    },
    /// Settle one in doubt as not run.
    ResolveResend,
    /// Queue in the newest version, whatever was told.
    Replay,
}

/// What became of an action on deliveries.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Acted {
    /// `SCHEME/TARGET/KEY` moved.
    pub done: Vec<String>,
    /// Those whose state does not call for it, with the state.
    pub left: Vec<String>,
    /// Texts that name no document.
    pub unknown: Vec<String>,
}

impl Engine {
    /// The scheme of a name; the error lists the known ones.
    pub fn known(&self, scheme: &str) -> Result<&std::sync::Arc<Unit>, OperateError> {
        self.unit(scheme).ok_or_else(|| OperateError::Unknown {
            what: "scheme",
            name: scheme.to_owned(),
            known: self.units.iter().map(|unit| unit.scheme.id.as_str()).collect::<Vec<_>>().join(", "),
        })
    }

    /// Reads documents from the source now and stores them; delivery follows as usual.
    pub async fn pull(&self, scheme: &str, texts: &[String]) -> Result<crate::capture::Pulled, OperateError> {
        let unit = self.known(scheme)?;
        let pulled = unit.capture.pull(texts).await?;
        unit.changed.notify_waiters();
        Ok(pulled)
    }

    /// Begins a run now instead of when it is scheduled.
    ///
    /// # Errors
    ///
    /// [`OperateError::NotNow`] where the service would not run it: the scheme is disabled or paused.
    pub fn run_now(&self, scheme: &str) -> Result<(), OperateError> {
        self.must_read(scheme)?.run_now.notify_one();
        Ok(())
    }

    /// The scheme of a name, if the service runs it.
    pub fn must_run(&self, scheme: &str) -> Result<&std::sync::Arc<Unit>, OperateError> {
        let unit = self.known(scheme)?;
        if unit.scheme.enabled {
            return Ok(unit);
        }
        Err(OperateError::NotNow(format!(
            "`{scheme}` is disabled: the service reads and delivers nothing of it; write `enabled: true` and start the \
             service again"
        )))
    }

    /// The scheme of a name, if the service reads its source now.
    pub(super) fn must_read(&self, scheme: &str) -> Result<&std::sync::Arc<Unit>, OperateError> {
        let unit = self.must_run(scheme)?;
        match self.store.paused(scheme)? {
            None => Ok(unit),
            Some(why) => Err(OperateError::NotNow(format!(
                "`{scheme}` is paused ({why}): nothing is read; `deltaferry resume {scheme}` ends that"
            ))),
        }
    }

    /// Pauses (`Some(why)`) or resumes a scheme's capture, or one of its targets.
    pub async fn pause(&self, scheme: &str, target: Option<&str>, why: Option<String>) -> Result<(), OperateError> {
        let unit = self.known(scheme)?;
        match target {
            None => self.store.set_paused(scheme, why).await?,
            Some(target) => {
                self.target_state(unit, target)?;
                if let Some(worker) = unit.workers.iter().find(|worker| worker.plan().name == target) {
                    worker.change_state(|state| state.paused = why).await?;
                }
            }
        }
        unit.changed.notify_waiters();
        unit.run_now.notify_one();
        Ok(())
    }

    pub(super) fn target_state(&self, unit: &Unit, target: &str) -> Result<crate::store::TargetState, OperateError> {
        self.store.target(&unit.scheme.id, target)?.ok_or_else(|| OperateError::Unknown {
            what: "target",
            name: target.to_owned(),
            known: unit.workers.iter().map(|worker| worker.plan().name.as_str()).collect::<Vec<_>>().join(", "),
        })
    }

    /// Keys of documents that are rejected or wait because a look-up did not find a code.
    pub fn keys_missing_codes(&self, scheme: &str, target: &str) -> Result<Vec<String>, StoreError> {
        let mut keys = Vec::new();
        for state in [State::Rejected, State::Waiting] {
            for page in pages(&*self.store, scheme, target, state) {
                let misses = |row: &Delivery| row.reason.as_ref().is_some_and(|reason| !reason.missing.is_empty());
                let missing = page?.into_iter().filter(|(_, row)| misses(row));
                keys.extend(missing.map(|(key, _)| key.as_str().to_owned()));
            }
        }
        Ok(keys)
    }

    /// Moves deliveries.
    ///
    /// # Errors
    ///
    /// [`OperateError::Refused`] where a word names several documents: nothing is moved then.
    pub async fn act(&self, selection: &Selection, action: &Action) -> Result<Acted, OperateError> {
        if selection.is_empty() {
            return Err(OperateError::Refused("name documents by key or number, or say `--all`".to_owned()));
        }
        if (selection.stale || selection.different) && *action != Action::Replay {
            return Err(OperateError::Refused("stale and different documents can only be replayed".to_owned()));
        }
        let (chosen, unknown) = self.chosen(selection)?;
        self.must_be_one(&chosen, selection, action)?;
        let mut acted = Acted { unknown, ..Acted::default() };
        for Chosen { unit, keys } in chosen {
            for worker in &unit.workers {
                let name = &worker.plan().name;
                if selection.target.as_ref().is_none_or(|target| target == name) {
                    self.act_on_target(unit, worker, (&keys, selection), action, &mut acted).await?;
                }
            }
            unit.changed.notify_waiters();
        }
        Ok(acted)
    }

    async fn act_on_target(
        &self,
        unit: &Unit,
        worker: &Worker,
        (keys, selection): (&[Key], &Selection),
        action: &Action,
        acted: &mut Acted,
    ) -> Result<(), OperateError> {
        if !selection.all && !selection.stale && !selection.different {
            return self.act_on_keys(unit, worker, keys, action, acted).await;
        }
        for state in State::ALL {
            for page in pages(&*self.store, &unit.scheme.id, &worker.plan().name, state) {
                let mut keys = Vec::new();
                for (key, row) in page?.into_iter().filter(|(_, row)| applies_to_all(action, row)) {
                    if selection.different && !differs(&row) {
                        continue;
                    }
                    if !selection.stale || !stale(&*self.store, worker.plan(), &key, &row)?.is_empty() {
                        keys.push(key);
                    }
                }
                self.act_on_keys(unit, worker, &keys, action, acted).await?;
            }
        }
        Ok(())
    }

    async fn act_on_keys(
        &self,
        unit: &Unit,
        worker: &Worker,
        keys: &[Key],
        action: &Action,
        acted: &mut Acted,
    ) -> Result<(), OperateError> {
        let (scheme, target) = (&unit.scheme.id, &worker.plan().name);
        let undecided = self.store.target(scheme, target)?.is_some_and(|state| state.answer.is_none());
        let unplanned = if undecided { "waiting; `decide` says what becomes of it" } else { "not yet planned" };
        for key in keys {
            let name = format!("{scheme}/{target}/{key}");
            let mut left = Some(unplanned.to_owned());
            let act = |key: &Key, row: Delivery| {
                let state = row.state;
                let nameless = matches!(action, Action::ResolveDelivered { id: None }) && needs_id(&row);
                let write = self.write_for(worker, key, row, action)?;
                let hint = if nameless { ": steps follow, which need the target's id; say `--id`" } else { "" };
                left = write.is_none().then(|| format!("{state}{hint}"));
                Ok(write)
            };
            worker.update(Step::Operate, std::slice::from_ref(key), act).await?;
            match left {
                Some(why) => acted.left.push(format!("{name}: {why}")),
                None => acted.done.push(name),
            }
        }
        Ok(())
    }

    fn write_for(
        &self,
        worker: &Worker,
        key: &Key,
        row: Delivery,
        action: &Action,
    ) -> Result<Option<DeliveryWrite>, StoreError> {
        let now = self.clock.now();
        let plan = worker.plan();
        let attempt = match row.attempt {
            Some(n) => self.store.attempt(&plan.scheme, &plan.name, key, n)?,
            None => None,
        };
        let open = attempt.as_ref().map_or_else(Open::default, |attempt| worker.open(key, &row, attempt));
        Ok(match action {
            Action::Retry => retried(key, row, now),
            Action::Discard { reason } => {
                let free = worker.is_free(key, &row, 0)?;
                discarded(key, row, attempt, (reason, free), now)
            }
            Action::ResolveDelivered { id } => {
                let write = resolved(key, row, attempt, open, &Resolution::Delivered { id: id.clone() }, now);
                write.map(|write| DeliveryWrite { queue: plan.queues(&write.row, now), ..write })
            }
            Action::ResolveResend => resolved(key, row, attempt, open, &Resolution::Resend, now),
            Action::Replay => Some(replayed(key, row, now)),
        })
    }
}

/// Which deliveries `--all` takes: those that the action is meant for, never settled ones by surprise.
fn applies_to_all(action: &Action, row: &Delivery) -> bool {
    match action {
        Action::Retry => matches!(row.state, State::Rejected | State::Retrying | State::Waiting | State::InDoubt),
        Action::Discard { .. } => row.state == State::Rejected,
        Action::ResolveDelivered { .. } | Action::ResolveResend => row.state == State::InDoubt,
        Action::Replay => row.base.as_ref().is_some_and(|base| base.told),
    }
}
