//! One target's worker: plans what the change log brought, sends what is due, settles what is in doubt, until
//! nothing more is due now.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::clock::{Clock, Time};
use crate::crash;
use crate::delivery::breaker::{Breaker, Gate};
use crate::delivery::doubt::FirstAnswer;
use crate::delivery::settle::Moment;
use crate::delivery::target::{CallPlan, TargetPlan};
use crate::name::Key;
use crate::reason::{Code, Reason, State};
use crate::store::{
    Attempt, Delivery, DeliveryCommit, DeliveryWrite, Mark, Step, Store, StoreError, TargetState, WriteResult, pages,
};

/// Documents looked at in one go; bounds memory.
pub(super) const AT_ONCE: usize = 400;
/// How far our clock may go astray from the monotonic one between two passes before it counts as set.
const CLOCK_STEP: Duration = Duration::from_secs(5);

/// What a pass found and left.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PassReport {
    /// Documents accepted by the target in this pass.
    pub delivered: u64,
    /// When to look again; none: when the change log grows or a person acts.
    pub next_due: Option<Time>,
}

/// The worker of one target. One exists for each target in a process; the store's revisions keep it apart from what
/// people do.
pub struct Worker {
    pub(super) plan: TargetPlan,
    pub(super) store: Arc<dyn Store>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) stop: CancellationToken,
    /// Schemes that its look-ups ask, and where they stood when documents that wait for them were last looked at.
    pub(super) mirrors: BTreeSet<String>,
    seen_marks: Mutex<Option<BTreeMap<String, Mark>>>,
    /// By document, the first answer that an open attempt has not taken effect.
    pub(super) first_answers: Mutex<HashMap<Key, FirstAnswer>>,
    pub(super) breaker: Mutex<Breaker>,
    /// Documents about which a question of several got no answer: they are asked about alone.
    pub(super) asked_alone: Mutex<HashSet<Key>>,
    delivered: Mutex<u64>,
    /// Set while a pass is under way: one that finds it set follows one that did not end well.
    under_way: AtomicBool,
    /// When it was made.
    pub(super) born: Time,
    /// Whether the target is known to show documents of ours, and whether one delivered before was asked for (rule 4).
    pub(super) proven: AtomicBool,
    pub(super) asked_known: AtomicBool,
    /// Held by who sends while that is not proven.
    pub(super) alone: tokio::sync::Mutex<()>,
    /// Held by who changes the target's own state.
    state: tokio::sync::Mutex<()>,
    /// Whether any row was written since a look at what is due.
    moved: AtomicBool,
    /// Both clocks as a pass last saw them.
    clocks: Mutex<Option<(Time, Duration)>>,
    /// When this process took the target over.
    pub(super) started: Time,
}

impl Worker {
    /// A worker; call [`Worker::recover`] before its first pass.
    pub fn new(plan: TargetPlan, store: Arc<dyn Store>, clock: Arc<dyn Clock>, stop: CancellationToken) -> Arc<Self> {
        Arc::new(Self {
            started: clock.now(),
            mirrors: plan.mirrors(),
            seen_marks: Mutex::default(),
            first_answers: Mutex::default(),
            breaker: Mutex::default(),
            asked_alone: Mutex::default(),
            delivered: Mutex::default(),
            under_way: AtomicBool::new(false),
            born: clock.now(),
            proven: AtomicBool::new(false),
            asked_known: AtomicBool::new(false),
            alone: tokio::sync::Mutex::default(),
            state: tokio::sync::Mutex::default(),
            moved: AtomicBool::new(false),
            clocks: Mutex::default(),
            plan,
            store,
            clock,
            stop,
        })
    }

    /// The target made ready.
    pub fn plan(&self) -> &TargetPlan {
        &self.plan
    }

    /// Takes over what an earlier process left: attempts in flight become in doubt, due times lie no further ahead
    /// than the longest retry wait (rule 29), and with changed rules rejected documents are tried again.
    pub async fn recover(&self) -> Result<(), StoreError> {
        self.recover_in_flight().await?;
        self.pull_in_due_times().await?;
        self.retry_rejected_under_new_rules().await
    }

    /// Plans, sends and settles until nothing is due now. After a pass that failed or was dropped, what it left in
    /// flight is taken over first. One pass at a time.
    pub async fn pass(self: &Arc<Self>) -> Result<PassReport, StoreError> {
        if self.under_way.swap(true, Ordering::AcqRel) {
            self.recover().await?;
        }
        if self.clock_was_set() {
            self.pull_in_due_times().await?;
        }
        *lock(&self.delivered) = 0;
        let mut earliest = None;
        loop {
            self.plan_changes().await?;
            if self.stop.is_cancelled() || self.is_paused()? || self.waits_after_restore().await? {
                break;
            }
            match self.gate() {
                Gate::Closed => {}
                Gate::Wait(_) => break,
                Gate::Test if self.test().await? => continue,
                Gate::Test => break,
            }
            self.wake().await?;
            let due = self.store.due(&self.plan.scheme, &self.plan.name, self.now(), AT_ONCE)?;
            if due.is_empty() {
                break;
            }
            self.moved.store(false, Ordering::Release);
            self.work_on(due.into_iter().map(|(_, key)| key).collect()).await?;
            if !self.moved.load(Ordering::Acquire) && self.held_for().is_none() {
                // Documents stay due as they are: not looked at in a circle.
                tracing::warn!(scheme = %self.plan.scheme, target = %self.plan.name, "documents stay due");
                earliest = Some(self.now().plus(self.plan.retry.from));
                break;
            }
        }
        self.under_way.store(false, Ordering::Release);
        Ok(PassReport { delivered: *lock(&self.delivered), next_due: self.next_due()?.max(earliest) })
    }

    /// Whether our clock was set since the last pass: it and the monotonic one went different ways (rule 29).
    fn clock_was_set(&self) -> bool {
        let (now, monotonic) = (self.now(), self.clock.monotonic());
        let Some((then, since)) = lock(&self.clocks).replace((now, monotonic)) else { return false };
        let expected = then.plus(monotonic.saturating_sub(since));
        now.since(expected).max(expected.since(now)) > CLOCK_STEP
    }

    /// Works on due documents: those in doubt are asked about, the others are sent, in batches by call, several
    /// requests at a time.
    async fn work_on(self: &Arc<Self>, keys: Vec<Key>) -> Result<(), StoreError> {
        let mut tasks: JoinSet<Result<(), StoreError>> = JoinSet::new();
        let mut batches = self.batches(keys).await?.into_iter();
        let mut result = Ok(());
        loop {
            while tasks.len() < self.plan.concurrency.max(1) && result.is_ok() && !self.stop.is_cancelled() {
                let Some(batch) = batches.next() else { break };
                if self.held_for().is_some() {
                    break;
                }
                let worker = Arc::clone(self);
                tasks.spawn(async move { worker.run_batch(batch).await });
            }
            match tasks.join_next().await {
                None => return result,
                Some(Ok(Ok(()))) => {}
                Some(Ok(Err(error))) => result = Err(error),
                Some(Err(panic)) => result = Err(StoreError::Io(format!("a delivery task failed: {panic}"))),
            }
        }
    }

    /// Writes rows, each checked against the revision it was made from; what changed meanwhile comes back with the
    /// next look.
    pub(super) async fn write(&self, step: Step, writes: Vec<DeliveryWrite>) -> Result<Vec<WriteResult>, StoreError> {
        if writes.is_empty() {
            return Ok(Vec::new());
        }
        super::steps::alarm(&self.plan, step, &writes);
        let commit = DeliveryCommit {
            scheme: self.plan.scheme.clone(),
            target: self.plan.name.clone(),
            step,
            position: None,
            writes,
        };
        let results = self.store.commit_deliveries(commit).await?;
        if results.iter().any(|result| matches!(result, WriteResult::Written(_))) {
            self.note_moved();
        }
        Ok(results)
    }

    /// Changes rows by a pure move, again for those that somebody else wrote meanwhile. The move returns what to
    /// write, or none to leave the row alone.
    pub(crate) async fn update(
        &self,
        step: Step,
        keys: &[Key],
        mut change: impl FnMut(&Key, Delivery) -> Result<Option<DeliveryWrite>, StoreError>,
    ) -> Result<(), StoreError> {
        let mut left: Vec<Key> = keys.to_vec();
        while !left.is_empty() {
            let mut writes = Vec::with_capacity(left.len());
            for key in &left {
                if let Some(row) = self.row(key)?
                    && let Some(write) = change(key, row)?
                {
                    writes.push(write);
                }
            }
            let written: Vec<Key> = writes.iter().map(|write| write.key.clone()).collect();
            let results = self.write(step, writes).await?;
            left = written
                .into_iter()
                .zip(results)
                .filter(|(_, result)| *result == WriteResult::Changed)
                .map(|(key, _)| key)
                .collect();
        }
        Ok(())
    }

    /// Changes the target's own state, one change after another; whether there was any.
    pub(crate) async fn change_state(&self, change: impl FnOnce(&mut TargetState)) -> Result<bool, StoreError> {
        let _one = self.state.lock().await;
        let Some(mut state) = self.store.target(&self.plan.scheme, &self.plan.name)? else { return Ok(false) };
        change(&mut state);
        self.store.set_target(&self.plan.scheme, &self.plan.name, state).await?;
        Ok(true)
    }

    /// Something happened to what is due: it is looked at again in this pass.
    pub(super) fn note_moved(&self) {
        self.moved.store(true, Ordering::Release);
    }

    /// Where the mirrors stood when parked documents were last looked at.
    pub(super) fn seen_marks(&self) -> std::sync::MutexGuard<'_, Option<BTreeMap<String, Mark>>> {
        lock(&self.seen_marks)
    }

    pub(super) fn row(&self, key: &Key) -> Result<Option<Delivery>, StoreError> {
        self.store.delivery(&self.plan.scheme, &self.plan.name, key)
    }

    pub(super) fn attempt(&self, key: &Key, n: u32) -> Result<Option<Attempt>, StoreError> {
        self.store.attempt(&self.plan.scheme, &self.plan.name, key, n)
    }

    /// What was attempted for a document at the account that the target is now, oldest first: what another account was
    /// sent says nothing of what stands here (rule 3).
    pub(super) fn attempts_here(&self, key: &Key, row: &Delivery) -> Result<Vec<Attempt>, StoreError> {
        let mut attempts = self.attempts_of(key, row)?;
        attempts.retain(|attempt| attempt.account == self.plan.account);
        Ok(attempts)
    }

    /// What was attempted for a document, oldest first. A damaged attempt is left out, as if it was never made: then
    /// what it made counts as foreign, and a person decides.
    pub(super) fn attempts_of(&self, key: &Key, row: &Delivery) -> Result<Vec<Attempt>, StoreError> {
        match self.store.attempts(&self.plan.scheme, &self.plan.name, key) {
            Err(StoreError::Damaged { .. }) => {
                let sound = |n| match self.attempt(key, n) {
                    Err(StoreError::Damaged { .. }) => None,
                    read => read.transpose(),
                };
                (1..=row.attempts).filter_map(sound).collect()
            }
            read => read,
        }
    }

    /// The open attempt of a document; none if it has none, or it is lost: then only a person can settle it.
    pub(super) fn open_attempt(&self, key: &Key, row: &Delivery) -> Result<Option<Attempt>, StoreError> {
        let Some(n) = row.attempt else { return Ok(None) };
        match self.attempt(key, n) {
            Err(StoreError::Damaged { .. }) => Ok(None),
            found => found,
        }
    }

    /// The attempt that told the target what it holds; none where nothing was told by one.
    pub(super) fn told_attempt(&self, key: &Key, row: &Delivery) -> Result<Option<Attempt>, StoreError> {
        let told = row.base.as_ref().filter(|base| base.told).and_then(|base| base.attempt);
        match told.map_or(Ok(None), |n| self.attempt(key, n)) {
            // As if nobody had noted it: `db verify` names it.
            Err(StoreError::Damaged { .. }) => Ok(None),
            read => read,
        }
    }

    pub(super) fn now(&self) -> Time {
        self.clock.now()
    }

    pub(super) fn moment(&self, call: Option<&CallPlan>, batch: usize) -> Moment<'_> {
        let settle = call.map_or(Duration::from_secs(300), |call| self.plan.settle_time(call, batch));
        let failures = self.breaker().failures();
        Moment { now: self.now(), retry: &self.plan.retry, settle, failures }
    }

    pub(super) fn count_delivered(&self, documents: u64) {
        *lock(&self.delivered) += documents;
    }

    pub(super) fn is_paused(&self) -> Result<bool, StoreError> {
        let state = self.store.target(&self.plan.scheme, &self.plan.name)?;
        Ok(state.is_none_or(|state| state.paused.is_some() || state.answer.is_none()))
    }

    fn next_due(&self) -> Result<Option<Time>, StoreError> {
        if self.is_paused()? {
            return Ok(None);
        }
        if self.store.target(&self.plan.scheme, &self.plan.name)?.is_some_and(|state| state.restored) {
            return Ok(Some(self.now().plus(self.plan.retry.from)));
        }
        let next = self.store.next_due(&self.plan.scheme, &self.plan.name)?;
        Ok(match (next, self.held_for()) {
            (Some(due), Some(held)) => Some(due.max(self.now().plus(held))),
            (due, _) => due,
        })
    }

    async fn recover_in_flight(&self) -> Result<(), StoreError> {
        loop {
            let (scheme, target) = (&self.plan.scheme, &self.plan.name);
            let open = self.store.deliveries(scheme, target, Some(State::InFlight), None, AT_ONCE)?;
            if open.is_empty() {
                return Ok(());
            }
            let keys: Vec<Key> = open.into_iter().map(|(key, _)| key).collect();
            self.update(Step::Settle, &keys, |key, row| self.take_over(key, row)).await?;
            crash::point("recover.taken_over");
        }
    }

    fn take_over(&self, key: &Key, mut row: Delivery) -> Result<Option<DeliveryWrite>, StoreError> {
        let Some(mut attempt) = self.open_attempt(key, &row)? else {
            // Nothing tells what was sent: only a person can settle it.
            let params = [("attempt", row.attempts.to_string()), ("why", "its attempt is not stored".to_owned())];
            super::settle::set(&mut row, State::InDoubt, Reason::new(Code::Unknown, params), None, self.now());
            return Ok(Some(write_of(key, row, None)));
        };
        let call = self.plan.call_of(&attempt);
        let due = self.now().plus(self.moment(call.as_ref(), self.plan.batch).settle);
        let why = "the process ended before an answer was recorded";
        super::settle::in_doubt(&mut row, &mut attempt, "unknown", why, due, self.now());
        Ok(Some(write_of(key, row, Some(attempt))))
    }

    async fn pull_in_due_times(&self) -> Result<(), StoreError> {
        let latest = self.now().plus(self.plan.retry.to);
        while self.store.cut_due(&self.plan.scheme, &self.plan.name, latest, AT_ONCE).await? == AT_ONCE {}
        Ok(())
    }

    async fn retry_rejected_under_new_rules(&self) -> Result<(), StoreError> {
        let (scheme, target) = (&self.plan.scheme, &self.plan.name);
        let Some(state) = self.store.target(scheme, target)? else { return Ok(()) };
        if state.rules == self.plan.rules {
            return Ok(());
        }
        for page in pages(&*self.store, scheme, target, State::Rejected) {
            let keys: Vec<Key> = page?.into_iter().map(|(key, _)| key).collect();
            self.update(Step::Operate, &keys, |key, row| Ok(super::operate::retried(key, row, self.now()))).await?;
        }
        self.change_state(|state| state.rules.clone_from(&self.plan.rules)).await.map(|_| ())
    }
}

/// A write of a row as it was read and changed.
pub(super) fn write_of(key: &Key, row: Delivery, attempt: Option<Attempt>) -> DeliveryWrite {
    DeliveryWrite { key: key.clone(), expect: row.rev, row, attempt, claim: None, release: None, queue: None }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
