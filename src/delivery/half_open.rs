//! The worker's side of its target's breaker: what each request came to, what may be sent, and the test after a wait.

use std::collections::HashSet;
use std::sync::MutexGuard;
use std::time::Duration;

use crate::connector::Fault;
use crate::delivery::backoff;
use crate::delivery::breaker::{Breaker, Gate, Instants, Opened};
use crate::delivery::classify::{Policy, policy};
use crate::delivery::ready::LOOK_AGAIN;
use crate::delivery::worker::{AT_ONCE, Worker, lock};
use crate::name::Key;
use crate::reason::State;
use crate::store::{Delivery, Settling, StoreError};

/// Documents asked about alone that are remembered; bounds memory.
const ALONE: usize = 1_000;

impl Worker {
    pub(super) fn breaker(&self) -> MutexGuard<'_, Breaker> {
        lock(&self.breaker)
    }

    fn instants(&self) -> Instants {
        Instants { now: self.now(), monotonic: self.clock.monotonic() }
    }

    /// What may be sent now.
    pub(super) fn gate(&self) -> Gate {
        self.breaker().gate(self.clock.monotonic())
    }

    /// How much longer the whole target waits.
    pub fn held_for(&self) -> Option<Duration> {
        match self.gate() {
            Gate::Wait(left) => Some(left),
            Gate::Closed | Gate::Test => None,
        }
    }

    /// The breaker, if it is open.
    pub fn opened(&self) -> Option<Opened> {
        self.breaker().opened().cloned()
    }

    /// A request about these documents got no answer that says what became of it.
    pub(super) fn note_no_answer(&self, keys: &[Key], fault: &Fault) {
        let at = self.instants();
        let mut breaker = self.breaker();
        let was_open = breaker.opened().is_some();
        breaker.failed(keys, &fault.words, &self.plan.retry, at);
        if let Some(opened) = breaker.opened().filter(|_| !was_open) {
            let next = opened.next_test.to_string();
            tracing::warn!(scheme = %self.plan.scheme, target = %self.plan.name, why = %opened.why, next_test = next,
                "several documents in a row got no answer: the target is left alone until a test is answered");
        }
    }

    /// The target is called too often, or is paused: nothing more goes now.
    pub(super) fn note_throttled(&self, asked: Option<Duration>) {
        let at = self.instants();
        self.breaker().throttled(asked, &self.plan.retry, at);
    }

    /// The target answered a question.
    pub(super) fn note_answered_question(&self) {
        self.breaker().answered_a_question();
    }

    /// What a question that failed means for the target as a whole; a question is never a try (rule 21).
    pub(super) async fn note_unasked(&self, keys: &[Key], fault: &Fault) -> Result<(), StoreError> {
        match policy(fault.kind) {
            Policy::Reject | Policy::Ask => self.note_answered_question(),
            Policy::Pause | Policy::Stop => self.pause(&fault.words).await?,
            Policy::Throttle => self.note_throttled(fault.retry_after),
            Policy::Hold | Policy::Renew | Policy::Retry | Policy::Doubt => {
                self.note_no_answer(keys, fault);
                let mut alone = lock(&self.asked_alone);
                if keys.len() > 1 && alone.len() < ALONE {
                    alone.extend(keys.iter().cloned());
                }
            }
        }
        Ok(())
    }

    /// Whether a document is asked about alone, for a question about it and others got no answer.
    pub(super) fn is_asked_alone(&self, key: &Key) -> bool {
        lock(&self.asked_alone).contains(key)
    }

    /// The target answered a question about these.
    pub(super) fn may_be_asked_together(&self, keys: &[Key]) {
        let mut alone = lock(&self.asked_alone);
        if !alone.is_empty() {
            alone.retain(|key| !keys.contains(key));
        }
    }

    /// How long a document that could not be asked about waits: as long as the target, or longer the longer it stands
    /// as it does, so that one that no answer comes to takes little from the others.
    pub(super) fn asked_again_after(&self, row: &Delivery) -> Duration {
        let retry = &self.plan.retry;
        let failures = self.breaker().failures();
        let own = if failures > 0 { backoff::wait(retry, failures) } else { LOOK_AGAIN };
        let stood = self.now().since(row.since) / 2;
        self.held_for().unwrap_or_default().max(own).max(stood).min(retry.to.max(LOOK_AGAIN))
    }

    /// After the breaker's wait: one document shows whether the target answers again, by the question about one in
    /// doubt before any send; a login does, where every document that is due has failed before. Whether anything was
    /// tested.
    pub(super) async fn test(&self) -> Result<bool, StoreError> {
        self.wake().await?;
        let due = self.store.due(&self.plan.scheme, &self.plan.name, self.now(), AT_ONCE)?;
        if due.is_empty() {
            return Ok(false);
        }
        let keys: Vec<Key> = due.into_iter().map(|(_, key)| key).collect();
        for key in self.candidates(&keys)? {
            let Some(batch) = self.batches(vec![key]).await?.pop() else { continue };
            self.breaker().begin_test();
            let result = self.run_batch(batch).await;
            self.breaker().end_test();
            return result.map(|()| true);
        }
        self.breaker().begin_test();
        let result = self.plan.connector.login().await;
        match result {
            Ok(()) => self.note_answered_question(),
            Err(fault) => match policy(fault.kind) {
                Policy::Pause => self.pause(&fault.words).await?,
                Policy::Throttle => self.note_throttled(fault.retry_after),
                _ => self.note_no_answer(&[], &fault),
            },
        }
        self.breaker().end_test();
        Ok(true)
    }

    /// The documents that may be the test, the harmless ones first.
    fn candidates(&self, due: &[Key]) -> Result<Vec<Key>, StoreError> {
        let mut asks = HashSet::new();
        if self.plan.settling() == Settling::Probe {
            for key in due {
                if self.row(key)?.is_some_and(|row| row.state == State::InDoubt) {
                    asks.insert(key);
                }
            }
        }
        let breaker = self.breaker();
        let asked = due.iter().filter(|key| asks.contains(key) && breaker.may_test(key, true));
        let sent = due.iter().filter(|key| !asks.contains(key) && breaker.may_test(key, false));
        Ok(asked.chain(sent).cloned().collect())
    }
}
