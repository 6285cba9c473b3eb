//! Sending: due documents are judged and mapped in their newest version, claimed with their exact bytes, sent, and
//! settled item by item.

use std::collections::HashMap;
use std::sync::Arc;

use crate::connector::{Fault, FaultKind, Outcome, Outgoing};
use crate::crash;
use crate::delivery::classify::{Policy, policy};
use crate::delivery::compose::{Composed, change_key, compose};
use crate::delivery::decide::Decider;
use crate::delivery::judge::{Verdict, judge};
use crate::delivery::settle::{self, set};
use crate::delivery::worker::{Worker, write_of};
use crate::name::Key;
use crate::reason::{Code, Reason, State};
use crate::store::{Attempt, Delivery, DeliveryWrite, Step, StoreError, TargetAnswer, WriteResult};

/// How long a document that can't be read, or whose number another owns, is left before it is looked at again.
const LOOK_AGAIN: std::time::Duration = std::time::Duration::from_secs(300);

/// One document ready for a request.
#[derive(Debug)]
pub struct Item {
    pub key: Key,
    pub row: Delivery,
    pub version: u64,
    pub composed: Composed,
}

/// Documents that go together.
#[derive(Debug)]
pub enum Batch {
    /// To be sent by the call of this index.
    Send(usize, Vec<Item>),
    /// To be found before their first send (rule 7).
    Find(usize, Vec<Item>),
    /// Open attempts to be asked about.
    Doubt(usize, Vec<(Key, Delivery, Attempt)>),
}

/// What a due document turns out to be.
enum Ready {
    Send(usize, Box<Item>),
    Find(usize, Box<Item>),
    Doubt(usize, Box<(Key, Delivery, Attempt)>),
    Write(Box<DeliveryWrite>),
    Nothing,
}

impl Worker {
    /// Sorts due documents into batches; what needs no request is written at once.
    pub(super) async fn batches(&self, keys: Vec<Key>) -> Result<Vec<Batch>, StoreError> {
        let mut writes = Vec::new();
        let mut batches: Vec<Batch> = Vec::new();
        for key in keys {
            match self.ready(&key)? {
                Ready::Nothing => {}
                Ready::Write(write) => writes.push(*write),
                Ready::Send(call, item) => self.add_send(&mut batches, call, *item),
                Ready::Find(call, item) => {
                    match batches.iter_mut().find(|b| matches!(b, Batch::Find(c, _) if *c == call)) {
                        Some(Batch::Find(_, items)) => items.push(*item),
                        _ => batches.push(Batch::Find(call, vec![*item])),
                    }
                }
                Ready::Doubt(call, item) => {
                    match batches.iter_mut().find(|b| matches!(b, Batch::Doubt(c, _) if *c == call)) {
                        Some(Batch::Doubt(_, items)) => items.push(*item),
                        _ => batches.push(Batch::Doubt(call, vec![*item])),
                    }
                }
            }
        }
        self.write(Step::Plan, writes).await?;
        Ok(batches)
    }

    /// Adds to a batch with room; a document that failed before goes alone, so that it can't take others with it.
    fn add_send(&self, batches: &mut Vec<Batch>, call: usize, item: Item) {
        let most = self.plan.calls.get(call).map_or(1, |c| self.plan.batch.min(c.call.max_batch)).max(1);
        let alone = item.row.tries > 0;
        let room = batches.iter_mut().find_map(|batch| match batch {
            Batch::Send(c, items) if *c == call && items.len() < most && items.iter().all(|i| i.row.tries == 0) => {
                Some(items)
            }
            _ => None,
        });
        match room {
            Some(items) if !alone => items.push(item),
            _ => batches.push(Batch::Send(call, vec![item])),
        }
    }

    pub(super) async fn run_batch(self: Arc<Self>, batch: Batch) -> Result<(), StoreError> {
        match batch {
            Batch::Send(call, items) => self.send(call, items).await,
            Batch::Find(call, items) => self.find(call, items).await,
            Batch::Doubt(call, items) => self.settle_doubts(call, items).await,
        }
    }

    /// What is to be done with a due document now.
    fn ready(&self, key: &Key) -> Result<Ready, StoreError> {
        let Some(row) = self.row(key)? else { return Ok(Ready::Nothing) };
        match row.state {
            State::InFlight => return Ok(Ready::Nothing),
            State::InDoubt => return self.ready_doubt(key, row),
            _ => {}
        }
        if row.version < row.newest {
            return self.decided(key, row);
        }
        if let Some(record) = self.store.quarantine(&self.plan.scheme, key)? {
            let reason = Reason::new(Code::Quarantined, [("why", record.why)]);
            return Ok(self.moved(key, row, State::Rejected, reason, Some(self.now().plus(LOOK_AGAIN))));
        }
        let decider = self.decider(&TargetAnswer::Adopt);
        let documents = decider
            .base_document(key, row.base.as_ref())
            .and_then(|before| Ok((before, decider.document(key, row.version)?)));
        let (before, after) = match documents {
            Ok(documents) => documents,
            Err(StoreError::Damaged { table, key: place }) => {
                let why = format!("a stored version is damaged ({table} {place})");
                let reason = Reason::new(Code::Quarantined, [("why", why)]);
                return Ok(self.moved(key, row, State::Rejected, reason, Some(self.now().plus(LOOK_AGAIN))));
            }
            Err(error) => return Err(error),
        };
        match judge(&self.plan, before.as_ref(), after.as_ref(), row.receipt.as_ref()) {
            Verdict::Tell(call) => Ok(self.composed(key, row, call, after.as_ref())),
            Verdict::Skip if row.replay => Ok(self.composed(key, row, self.plan.calls.len() - 1, after.as_ref())),
            Verdict::Skip => {
                let params = [("version", row.version.to_string()), ("condition", String::new())];
                Ok(self.moved(key, row, State::Skipped, Reason::new(Code::Condition, params), None))
            }
            Verdict::Fault(why) => {
                let reason = Reason::new(Code::Mapping, [("path", "when".into()), ("why", why)]);
                Ok(self.moved(key, row, State::Rejected, reason, None))
            }
        }
    }

    fn decider<'a>(&'a self, answer: &'a TargetAnswer) -> Decider<'a> {
        Decider { plan: &self.plan, store: &*self.store, answer, now: self.now() }
    }

    /// Versions planned while an attempt was open are decided now, in order.
    fn decided(&self, key: &Key, row: Delivery) -> Result<Ready, StoreError> {
        let state = self.store.target(&self.plan.scheme, &self.plan.name)?;
        let Some(answer) = state.and_then(|state| state.answer) else { return Ok(Ready::Nothing) };
        let row = self.decider(&answer).decide(key, row)?;
        Ok(Ready::Write(Box::new(write_of(key, row, None))))
    }

    fn composed(&self, key: &Key, mut row: Delivery, index: usize, after: Option<&serde_json::Value>) -> Ready {
        let Some(call) = self.plan.calls.get(index) else { return Ready::Nothing };
        let has_id = row.receipt.as_ref().is_some_and(|receipt| receipt.id.is_some());
        if !call.call.mapped && !has_id {
            return self.without_receipt(key, row, index, after);
        }
        let composed = match compose(&self.plan, call, after, &row) {
            Ok(composed) => composed,
            Err(stop) => {
                // What waits for a table's row is looked at again; a mirror's document wakes it as well.
                let due = (stop.state == State::Waiting).then(|| self.now().plus(LOOK_AGAIN));
                return self.moved(key, row, stop.state, stop.reason, due);
            }
        };
        let known = row.receipt.as_ref().and_then(|receipt| receipt.number.clone());
        if let (Some(known), Some(number)) = (&known, &composed.outgoing.number)
            && known != number
        {
            let why = format!("the document's number is now `{number}`, and a delivered document is never renumbered");
            settle::conflict(&mut row, known, &why, self.now());
            return Ready::Write(Box::new(write_of(key, row, None)));
        }
        if self.is_told(&row, &call.spec.call, &composed.payload_hash) {
            let version = row.version;
            if let Some(base) = &mut row.base {
                base.version = version;
            }
            let reason = Reason::new(Code::SamePayload, [("version", version.to_string())]);
            return self.moved(key, row, State::Skipped, reason, None);
        }
        let version = row.version;
        let must_find = row.probe_first || (call.call.overwrites && !has_id);
        let item = Box::new(Item { key: key.clone(), row, version, composed });
        if must_find { Ready::Find(index, item) } else { Ready::Send(index, item) }
    }

    /// A call that addresses the target's document, and no receipt that names it: found by number where it may be
    /// there (rule 7), else never sent.
    fn without_receipt(&self, key: &Key, row: Delivery, index: usize, after: Option<&serde_json::Value>) -> Ready {
        let call = self.plan.calls.get(index).map_or("", |call| &call.spec.call).to_owned();
        if row.probe_first
            && let Some(main) = self.plan.main()
            && main.mapping.is_some()
        {
            let last = self.plan.calls.len() - 1;
            return match compose(&self.plan, main, after, &row) {
                Ok(composed) => {
                    let version = row.version;
                    Ready::Find(last, Box::new(Item { key: key.clone(), row, version, composed }))
                }
                Err(stop) => self.moved(key, row, stop.state, stop.reason, None),
            };
        }
        self.moved(key, row, State::Skipped, Reason::new(Code::NeverSent, [("call", call)]), None)
    }

    /// Whether the target was told exactly this before (rule 28).
    fn is_told(&self, row: &Delivery, call: &str, payload_hash: &str) -> bool {
        !row.replay
            && row.base.as_ref().is_some_and(|base| {
                base.told && base.call.as_deref() == Some(call) && base.payload_hash.as_deref() == Some(payload_hash)
            })
    }

    fn ready_doubt(&self, key: &Key, row: Delivery) -> Result<Ready, StoreError> {
        let Some(n) = row.attempt else { return Ok(Ready::Nothing) };
        match self.attempt(key, n)? {
            Some(attempt) => {
                let named = self.plan.calls.iter().position(|call| call.spec.call == attempt.call);
                let index = named.unwrap_or(self.plan.calls.len() - 1);
                Ok(Ready::Doubt(index, Box::new((key.clone(), row, attempt))))
            }
            None => Ok(Ready::Nothing),
        }
    }

    fn moved(
        &self,
        key: &Key,
        mut row: Delivery,
        state: State,
        reason: Reason,
        due: Option<crate::clock::Time>,
    ) -> Ready {
        set(&mut row, state, reason, due, self.now());
        Ready::Write(Box::new(write_of(key, row, None)))
    }

    /// Claims, sends and settles one batch.
    pub(super) async fn send(&self, index: usize, items: Vec<Item>) -> Result<(), StoreError> {
        let Some(call) = self.plan.calls.get(index) else { return Ok(()) };
        let (keys, attempts, outgoing) = self.claim(index, items).await?;
        if keys.is_empty() {
            return Ok(());
        }
        crash::point("delivery.claimed");
        let outcomes = self.send_renewing(index, &outgoing).await;
        crash::point("delivery.answered");
        self.note_failures(&outcomes).await?;
        let accepted = outcomes.iter().filter(|outcome| matches!(outcome, Outcome::Accepted { .. })).count();
        self.count_delivered(accepted as u64);
        let mut by_key: HashMap<&Key, (&Attempt, &Outcome)> = HashMap::new();
        for ((key, attempt), outcome) in keys.iter().zip(&attempts).zip(&outcomes) {
            by_key.insert(key, (attempt, outcome));
        }
        let moment = self.moment(Some(call), outgoing.len());
        self.update(Step::Settle, &keys, |key, mut row| {
            let Some((attempt, outcome)) = by_key.get(key) else { return Ok(None) };
            // Only the attempt that was sent is settled (invariant I4).
            if row.attempt != Some(attempt.n) {
                return Ok(None);
            }
            let mut attempt = (*attempt).clone();
            let release = match outcome {
                Outcome::Accepted { receipt, complete } => {
                    let deletes = call.call.deletes;
                    settle::accepted(&mut row, &mut attempt, receipt.clone(), *complete, deletes, moment);
                    row.identity.clone().filter(|_| deletes)
                }
                Outcome::Failed(fault) => {
                    settle::failed(&mut row, &mut attempt, fault, moment);
                    // Refused and never told: nothing of ours stands under the number.
                    row.identity.clone().filter(|_| is_free(&row, fault))
                }
            };
            let mut write = write_of(key, row, Some(attempt));
            write.release = release;
            Ok(Some(write))
        })
        .await
    }

    /// Makes attempts durable before the first byte leaves; returns what may be sent.
    async fn claim(
        &self,
        index: usize,
        items: Vec<Item>,
    ) -> Result<(Vec<Key>, Vec<Attempt>, Vec<Outgoing>), StoreError> {
        let Some(call) = self.plan.calls.get(index) else { return Ok(Default::default()) };
        let mut writes = Vec::with_capacity(items.len());
        let mut outgoing = Vec::with_capacity(items.len());
        for item in items {
            let mut row = item.row;
            let attempt = self.attempt_of(call, &item.key, &row, item.version, &item.composed);
            let identity = attempt.number.as_deref().map(|n| self.plan.identity(call.spec.form.as_deref(), n));
            row.attempts = attempt.n;
            row.attempt = Some(attempt.n);
            row.identity.clone_from(&identity);
            row.absent_since = None;
            let reason = Reason::new(Code::Due, [("version", item.version.to_string())]);
            set(&mut row, State::InFlight, reason, None, self.now());
            let mut write = write_of(&item.key, row, Some(attempt));
            write.claim = identity;
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

    fn attempt_of(
        &self,
        call: &super::target::CallPlan,
        key: &Key,
        row: &Delivery,
        version: u64,
        composed: &Composed,
    ) -> Attempt {
        Attempt {
            n: row.attempts + 1,
            id: composed.outgoing.attempt.clone(),
            change_key: change_key(&self.plan, key, version, &composed.payload_hash, row.replays),
            version,
            call: call.spec.call.clone(),
            form: call.spec.form.clone(),
            account: self.plan.account.clone(),
            number: composed.outgoing.number.clone(),
            target_id: composed.outgoing.target_id.clone(),
            payload: composed.outgoing.payload.clone(),
            payload_hash: composed.payload_hash.clone(),
            lines: composed.outgoing.lines.clone(),
            at: self.now(),
            answered: None,
            outcome: None,
            words: None,
            decision: None,
        }
    }

    /// Another document owns the number: this one waits while the owner is on its way out, else it is a conflict
    /// (rule 11).
    async fn owned(&self, key: &Key, identity: &str, owner: (&str, &str, &Key)) -> Result<(), StoreError> {
        let (scheme, target, owning) = owner;
        let heads = self.store.heads(scheme, std::slice::from_ref(owning))?;
        let leaves = heads.into_iter().flatten().next().is_none_or(|head| head.is_tombstone());
        let name = format!("{scheme}/{target}/{owning}");
        let number = identity.rsplit('\n').next().unwrap_or(identity).to_owned();
        let now = self.now();
        self.update(Step::Plan, std::slice::from_ref(key), |key, mut row| {
            if leaves {
                let params = [("owner", name.clone()), ("identity", number.clone())];
                set(&mut row, State::Waiting, Reason::new(Code::Owner, params), Some(now.plus(LOOK_AGAIN)), now);
            } else {
                settle::conflict(&mut row, &number, &format!("it belongs to `{name}`"), now);
            }
            Ok(Some(write_of(key, row, None)))
        })
        .await
    }

    /// Sends; items that failed because the session was lost did not run and are sent once more after a new login.
    async fn send_renewing(&self, index: usize, items: &[Outgoing]) -> Vec<Outcome> {
        let Some(call) = self.plan.calls.get(index) else { return Vec::new() };
        let mut outcomes = self.plan.connector.send(&call.spec, items).await;
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
        let mut repeated = self.plan.connector.send(&call.spec, &again).await;
        repeated.resize_with(again.len(), missing);
        for (i, outcome) in lost.into_iter().zip(repeated) {
            outcomes[i] = outcome;
        }
        outcomes
    }

    /// What a batch's failures mean for the target as a whole.
    async fn note_failures(&self, outcomes: &[Outcome]) -> Result<(), StoreError> {
        let mut answered = false;
        for outcome in outcomes {
            let Outcome::Failed(fault) = outcome else {
                answered = true;
                continue;
            };
            match policy(fault.kind) {
                Policy::Hold | Policy::Renew => {
                    self.hold(fault.retry_after);
                    return Ok(());
                }
                Policy::Pause => return self.pause(&fault.words).await,
                Policy::Retry | Policy::Reject | Policy::Ask => answered = true,
                Policy::Doubt => {}
            }
        }
        if answered {
            self.release_hold();
        }
        Ok(())
    }

    /// The account is refused: nothing more is sent until a person resumes the target.
    pub(super) async fn pause(&self, words: &str) -> Result<(), StoreError> {
        tracing::error!(scheme = %self.plan.scheme, target = %self.plan.name, words, "the target refuses the account, paused");
        if let Some(mut state) = self.store.target(&self.plan.scheme, &self.plan.name)? {
            state.paused = Some(words.to_owned());
            self.store.set_target(&self.plan.scheme, &self.plan.name, state).await?;
        }
        Ok(())
    }
}

/// A login that failed, seen from a document that was not sent: it did not run, whatever the login's answer was.
fn not_run(fault: &Fault) -> Fault {
    let kind = match fault.kind {
        FaultKind::Refused | FaultKind::Permanent => FaultKind::Refused,
        FaultKind::Throttled => FaultKind::Throttled,
        _ => FaultKind::Unreachable,
    };
    Fault { kind, ..fault.clone() }
}

/// Whether a refused document leaves nothing of ours under its number.
fn is_free(row: &Delivery, fault: &Fault) -> bool {
    policy(fault.kind) == Policy::Reject && row.receipt.is_none() && row.base.as_ref().is_none_or(|base| !base.told)
}
