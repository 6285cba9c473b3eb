//! Sending: a batch is claimed with its exact bytes, sent, and settled item by item.

use std::collections::HashMap;

use crate::connector::{CallSpec, Fault, FaultKind, Outcome, Outgoing};
use crate::crash;
use crate::delivery::classify::{Policy, policy};
use crate::delivery::compose::{Composed, change_key};
use crate::delivery::course;
use crate::delivery::doubt::may_stand;
use crate::delivery::operate::Open;
use crate::delivery::ready::{Item, LOOK_AGAIN};
use crate::delivery::settle::{self, Accepted, set};
use crate::delivery::target::CallPlan;
use crate::delivery::worker::{Worker, write_of};
use crate::name::Key;
use crate::reason::{Code, Reason, State};
use crate::store::{Attempt, Delivery, DeliveryWrite, Settling, Step, StoreError, WriteResult};

impl Worker {
    /// Claims, sends and settles one batch.
    pub(super) async fn send_batch(&self, index: usize, items: Vec<Item>) -> Result<(), StoreError> {
        let Some(call) = self.plan.calls.get(index) else { return Ok(()) };
        self.send_by(call, index, items).await
    }

    /// The same by a call of its own, of this rank among the target's: an attempt in doubt is sent again by the call
    /// it was made by.
    pub(super) async fn send_by(&self, call: &CallPlan, rank: usize, items: Vec<Item>) -> Result<(), StoreError> {
        crash::point("delivery.mapped");
        let (keys, attempts, outgoing) = self.claim(call, rank, items).await?;
        if keys.is_empty() {
            return Ok(());
        }
        crash::point("delivery.claimed");
        let outcomes = self.send_renewing(&call.spec, &outgoing).await;
        crash::point("delivery.answered");
        self.note_outcomes(&keys, &outcomes).await?;
        let accepted = outcomes.iter().filter(|outcome| matches!(outcome, Outcome::Accepted { .. })).count();
        self.count_delivered(accepted as u64);
        let mut by_key: HashMap<&Key, (&Attempt, &Outcome)> = HashMap::new();
        for ((key, attempt), outcome) in keys.iter().zip(&attempts).zip(&outcomes) {
            by_key.insert(key, (attempt, outcome));
        }
        let moment = self.moment(Some(call), outgoing.len());
        let several = outgoing.len() > 1;
        let mut queued = false;
        self.update(Step::Settle, &keys, |key, mut row| {
            let Some((attempt, outcome)) = by_key.get(key) else { return Ok(None) };
            // Only the attempt that was sent is settled (invariant I4).
            if row.attempt != Some(attempt.n) {
                return Ok(None);
            }
            let Open { deletes, again } = self.open(key, &row, attempt);
            let mut attempt = (*attempt).clone();
            let (release, queue) = match outcome {
                Outcome::Accepted { receipt, complete, warnings } => {
                    let (receipt, warnings) = (receipt.clone(), warnings.clone());
                    let told = Accepted { receipt, complete: *complete, deletes, again, warnings };
                    settle::accepted(&mut row, &mut attempt, told, moment);
                    (row.identity.clone().filter(|_| deletes), self.plan.queues(&row, moment.now))
                }
                Outcome::Failed(fault) if !may_have_run(fault) && self.is_repeat(key, &attempt)? => {
                    settle::still_in_doubt(&mut row, &mut attempt, fault, moment);
                    (None, None)
                }
                Outcome::Failed(fault) if fault.of_request && policy(fault.kind) == Policy::Reject && several => {
                    settle::split(&mut row, &mut attempt, fault, moment);
                    (None, None)
                }
                Outcome::Failed(fault) => {
                    settle::failed(&mut row, &mut attempt, fault, again, moment);
                    let over = policy(fault.kind) == Policy::Reject || row.state == State::Rejected;
                    let free = over && self.is_free(key, &row, attempt.n)?;
                    (row.identity.clone().filter(|_| free), None)
                }
            };
            queued |= queue.is_some();
            Ok(Some(DeliveryWrite { release, queue, ..write_of(key, row, Some(attempt)) }))
        })
        .await?;
        if queued {
            crash::point("writeback.queued");
        }
        Ok(())
    }

    /// What settling an open attempt must know of it.
    pub(crate) fn open(&self, key: &Key, row: &Delivery, attempt: &Attempt) -> Open {
        let now = change_key(&self.plan, key, attempt.version, &attempt.payload_hash, row.replays);
        let deletes = self.plan.call_of(attempt).is_some_and(|call| call.call.deletes);
        Open { deletes, again: now != attempt.change_key }
    }

    /// Whether a document of which attempt `n` did not run leaves nothing of ours under its number: it was never told,
    /// and no attempt can have run (rule 11).
    pub(crate) fn is_free(&self, key: &Key, row: &Delivery, n: u32) -> Result<bool, StoreError> {
        if row.receipt.is_some() || row.base.as_ref().is_some_and(|base| base.told) {
            return Ok(false);
        }
        let attempts = match self.store.attempts(&self.plan.scheme, &self.plan.name, key) {
            // What it was can't be told.
            Err(StoreError::Damaged { .. }) => return Ok(false),
            read => read?,
        };
        let not_run =
            |attempt: &Attempt| attempt.step || !may_stand(attempt) || attempt.outcome.as_deref() == Some("absent");
        Ok(attempts.iter().all(|attempt| attempt.n == n || not_run(attempt)))
    }

    /// Makes attempts durable before the first byte leaves; returns what may be sent.
    async fn claim(
        &self,
        call: &CallPlan,
        rank: usize,
        items: Vec<Item>,
    ) -> Result<(Vec<Key>, Vec<Attempt>, Vec<Outgoing>), StoreError> {
        let mut writes = Vec::with_capacity(items.len());
        let mut outgoing = Vec::with_capacity(items.len());
        for item in items {
            let mut row = item.row;
            let attempt = self.attempt_of(call, &item.key, &row, item.version, &item.composed);
            let identity = attempt.number.as_deref().map(|n| self.plan.identity(call.spec.form.as_deref(), n));
            // The number it was to have before, under which nothing can stand, is another's to take.
            let before = row.identity.take().filter(|before| Some(before) != identity.as_ref());
            let release = match before {
                Some(before) if self.is_free(&item.key, &row, 0)? => Some(before),
                _ => None,
            };
            row.attempts = attempt.n;
            row.attempt = Some(attempt.n);
            row.identity.clone_from(&identity);
            row.absent_since = None;
            course::telling(&mut row, call, rank, item.version, self.now());
            set(&mut row, State::InFlight, settle::due(item.version), None, self.now());
            let mut write = write_of(&item.key, row, Some(attempt));
            (write.claim, write.release) = (identity, release);
            writes.push(write);
            outgoing.push(item.composed.outgoing);
        }
        let results = self.write(Step::Claim, writes.clone()).await?;
        let mut claimed = (Vec::new(), Vec::new(), Vec::new());
        for ((write, outgoing), result) in writes.into_iter().zip(outgoing).zip(results) {
            match result {
                WriteResult::Written(_) => {
                    claimed.0.push(write.key);
                    claimed.1.extend(write.attempt);
                    claimed.2.push(outgoing);
                }
                WriteResult::Changed => {}
                WriteResult::Owned(scheme, target, owner) => {
                    self.owned(&write.key, write.claim.as_deref().unwrap_or_default(), (&scheme, &target, &owner))
                        .await?;
                }
            }
        }
        Ok(claimed)
    }

    /// The attempt to send what is composed, not yet claimed.
    pub(super) fn attempt_of(
        &self,
        call: &CallPlan,
        key: &Key,
        row: &Delivery,
        version: u64,
        composed: &Composed,
    ) -> Attempt {
        Attempt {
            n: row.attempts + 1,
            id: composed.outgoing.attempt.clone(),
            change_key: composed
                .change_key
                .clone()
                .unwrap_or_else(|| change_key(&self.plan, key, version, &composed.payload_hash, row.replays)),
            version,
            call: call.spec.call.clone(),
            form: call.spec.form.clone(),
            account: self.plan.account.clone(),
            number: composed.outgoing.number.clone(),
            target_id: composed.outgoing.target_id.clone(),
            step: false,
            payload: composed.outgoing.payload.clone(),
            payload_hash: composed.payload_hash.clone(),
            lines: composed.outgoing.lines.clone(),
            looked_up: composed.looked_up.clone(),
            terms: self.plan.terms(call, self.breaker().is_testing()),
            at: self.now(),
            answered: None,
            outcome: None,
            words: None,
            decision: None,
        }
    }

    /// Another document owns the number: this one waits while the owner is on its way out, else it is a conflict
    /// (rule 11). An owner that is gone from the source, and of which the target will be told nothing more, gives the
    /// number free: what may stand under it is looked for first, and is foreign.
    pub(super) async fn owned(&self, key: &Key, identity: &str, owner: (&str, &str, &Key)) -> Result<(), StoreError> {
        let (scheme, target, owning) = owner;
        let heads = self.store.heads(scheme, std::slice::from_ref(owning))?;
        let head = heads.into_iter().flatten().next();
        let leaves = head.as_ref().is_none_or(|head| head.is_tombstone());
        let name = format!("{scheme}/{target}/{owning}");
        let number = identity.rsplit('\n').next().unwrap_or(identity).to_owned();
        let now = self.now();
        let is_own = (scheme, target) == (&*self.plan.scheme, &*self.plan.name);
        let last = head.as_ref().map(|head| head.version);
        let is_left = leaves && is_own && self.gives_free(owning, last, identity).await?;
        self.update(Step::Plan, std::slice::from_ref(key), |key, mut row| {
            if is_left {
                row.probe_first = true;
                settle::due_again(&mut row, now);
            } else if leaves {
                let params = [("owner", name.clone()), ("identity", number.clone())];
                set(&mut row, State::Waiting, Reason::new(Code::Owner, params), Some(now.plus(LOOK_AGAIN)), now);
            } else {
                settle::conflict(&mut row, &number, &format!("it belongs to `{name}`"), now);
            }
            Ok(Some(write_of(key, row, None)))
        })
        .await
    }

    /// Takes a number from a document of this target of which nothing is to be told after this last version; whether it
    /// did.
    async fn gives_free(&self, owner: &Key, last: Option<u64>, identity: &str) -> Result<bool, StoreError> {
        let mut gave = false;
        self.update(Step::Settle, std::slice::from_ref(owner), |key, mut row| {
            let is_last = row.version == row.newest && last.is_none_or(|last| row.newest == last);
            gave = row.state.is_settled() && is_last && !row.read_back;
            row.identity = row.identity.filter(|own| own != identity);
            let release = Some(identity.to_owned());
            Ok(gave.then(|| DeliveryWrite { release, ..write_of(key, row, None) }))
        })
        .await?;
        Ok(gave)
    }

    /// Sends; items that failed because the session was lost did not run and are sent once more after a new login.
    pub(super) async fn send_renewing(&self, spec: &CallSpec, items: &[Outgoing]) -> Vec<Outcome> {
        let mut outcomes = self.plan.connector.send(spec, items).await;
        // A connector that answers with fewer outcomes than items leaves the others unknown, never accepted.
        let missing =
            || Outcome::Failed(Fault::new(FaultKind::Unknown, "the connector gave no outcome for this document"));
        outcomes.resize_with(items.len(), missing);
        let lost: Vec<usize> = (0..items.len())
            .filter(|&i| matches!(&outcomes[i], Outcome::Failed(fault) if policy(fault.kind) == Policy::Renew))
            .collect();
        if lost.is_empty() {
            return outcomes;
        }
        if let Err(fault) = self.plan.connector.login().await {
            for i in lost {
                outcomes[i] = Outcome::Failed(not_run(&fault));
            }
            return outcomes;
        }
        let again: Vec<Outgoing> = lost.iter().filter_map(|&i| items.get(i).cloned()).collect();
        let mut repeated = self.plan.connector.send(spec, &again).await;
        repeated.resize_with(again.len(), missing);
        for (i, outcome) in lost.into_iter().zip(repeated) {
            outcomes[i] = outcome;
        }
        outcomes
    }

    /// Whether an attempt sent the bytes of an earlier one again, whose outcome is not known.
    fn is_repeat(&self, key: &Key, attempt: &Attempt) -> Result<bool, StoreError> {
        if !matches!(attempt.terms.settling, Some(Settling::Resend { .. })) {
            return Ok(false);
        }
        let attempts = match self.store.attempts(&self.plan.scheme, &self.plan.name, key) {
            // One that can't be read may be the one whose outcome is not known.
            Err(StoreError::Damaged { .. }) => return Ok(true),
            read => read?,
        };
        let unknown = |other: &Attempt| other.outcome.as_deref().is_none_or(|outcome| outcome == "unknown");
        let same = |other: &Attempt| other.n < attempt.n && other.change_key == attempt.change_key;
        Ok(attempts.iter().any(|other| same(other) && unknown(other) && other.decision.is_none()))
    }

    /// What a request's outcomes mean for the target as a whole: any item that was answered shows that it works.
    pub(super) async fn note_outcomes(&self, keys: &[Key], outcomes: &[Outcome]) -> Result<(), StoreError> {
        let (mut answered, mut unanswered) = (false, None);
        for outcome in outcomes {
            let Outcome::Failed(fault) = outcome else {
                answered = true;
                continue;
            };
            match policy(fault.kind) {
                Policy::Throttle => {
                    self.note_throttled(fault.retry_after);
                    return Ok(());
                }
                Policy::Pause | Policy::Stop => return self.pause(&fault.words).await,
                Policy::Reject | Policy::Ask => answered = true,
                Policy::Hold | Policy::Renew | Policy::Retry | Policy::Doubt => unanswered = Some(fault),
            }
        }
        match unanswered {
            Some(fault) if !answered => self.note_no_answer(keys, fault),
            _ => self.breaker().answered(),
        }
        Ok(())
    }

    /// The account is refused, or the target can't be trusted: nothing more is sent until a person resumes it.
    pub(super) async fn pause(&self, words: &str) -> Result<(), StoreError> {
        tracing::error!(scheme = %self.plan.scheme, target = %self.plan.name, words, "the target is paused");
        self.change_state(|state| state.paused = Some(words.to_owned())).await?;
        // Batches that are ready already don't go out either.
        self.note_throttled(None);
        Ok(())
    }
}

/// Whether a failure leaves it open that the request ran, or that the number is taken, or says that it ran.
fn may_have_run(fault: &Fault) -> bool {
    matches!(policy(fault.kind), Policy::Doubt | Policy::Ask | Policy::Stop)
}

/// A login that failed, seen from a document that was not sent: it did not run, whatever the login's answer was.
pub(super) fn not_run(fault: &Fault) -> Fault {
    let kind = match fault.kind {
        FaultKind::Refused | FaultKind::Permanent => FaultKind::Refused,
        FaultKind::Throttled => FaultKind::Throttled,
        _ => FaultKind::Unreachable,
    };
    Fault { kind, ..fault.clone() }
}
