//! The proof that absence can be seen (rule 4): a question that never found a document of ours may be asked in the
//! wrong place. Until one was found, one document goes at a time, alone, and is asked for as soon as it is accepted.

use std::sync::atomic::Ordering;

use crate::connector::{CallSpec, Finding, Probe};
use crate::delivery::doubt::{first_attempt, outgoing};
use crate::delivery::ready::Item;
use crate::delivery::target::CallPlan;
use crate::delivery::worker::{AT_ONCE, Worker};
use crate::name::Key;
use crate::reason::State;
use crate::store::{Attempt, Delivery, StoreError};

impl Worker {
    /// Sends documents of one call: all together, or one by one while it is not proven that the target shows them.
    pub(super) async fn send(&self, index: usize, items: Vec<Item>) -> Result<(), StoreError> {
        let Some(call) = self.plan.calls.get(index) else { return Ok(()) };
        let items = self.still_ours(call, items).await?;
        if self.sees_absence(call)? {
            return self.send_batch(index, items).await;
        }
        let _alone = self.alone.lock().await;
        self.prove_by_known(&call.spec).await?;
        let mut items = items.into_iter();
        while !self.sees_absence(call)? {
            if self.stop.is_cancelled() || self.held_for().is_some() || self.is_paused()? {
                return Ok(());
            }
            let Some(item) = items.next() else { return Ok(()) };
            let (key, n) = (item.key.clone(), item.row.attempts + 1);
            self.send_batch(index, vec![item]).await?;
            self.prove_by_sent(&call.spec, &key, n).await?;
        }
        self.send_batch(index, items.collect()).await
    }

    /// Whether a document that a call's probe does not show is not there.
    pub(super) fn sees_absence(&self, call: &CallPlan) -> Result<bool, StoreError> {
        if !call.call.mapped || !call.call.probes || self.plan.back.is_some() || self.proven.load(Ordering::Acquire) {
            return Ok(true);
        }
        let state = self.store.target(&self.plan.scheme, &self.plan.name)?;
        let proven = state.is_some_and(|state| state.proven);
        self.proven.fetch_or(proven, Ordering::AcqRel);
        Ok(proven)
    }

    /// Notes what findings prove: that documents of ours are shown.
    pub(super) async fn note_found<'f>(
        &self,
        call: &CallPlan,
        mut findings: impl Iterator<Item = &'f Finding>,
    ) -> Result<(), StoreError> {
        let ours = |finding: &Finding| !matches!(finding, Finding::Absent | Finding::Foreign { .. });
        if !self.sees_absence(call)? && findings.any(ours) {
            self.prove().await?;
        }
        Ok(())
    }

    async fn prove(&self) -> Result<(), StoreError> {
        self.change_state(|state| state.proven = true).await?;
        self.proven.store(true, Ordering::Release);
        Ok(())
    }

    /// Asks for a document that was sent alone, if the target accepted it: it must be shown, or nothing more is sent.
    async fn prove_by_sent(&self, spec: &CallSpec, key: &Key, n: u32) -> Result<(), StoreError> {
        let Some(row) = self.row(key)? else { return Ok(()) };
        let Some(attempt) = self.told_attempt(key, &row)?.filter(|told| told.n == n) else { return Ok(()) };
        let number = attempt.number.clone().unwrap_or_default();
        match self.is_shown(spec, key, &row, attempt).await? {
            None => Ok(()),
            Some(true) => self.prove().await,
            Some(false) => {
                let why = format!(
                    "the target accepted `{number}`, but shows no such document: what it does not show might be there \
                     all the same, so nothing more is sent"
                );
                self.pause(&why).await
            }
        }
    }

    /// Asks for a document that was delivered before, once in a process. That it is gone proves nothing.
    pub(super) async fn prove_by_known(&self, spec: &CallSpec) -> Result<(), StoreError> {
        if self.proven.load(Ordering::Acquire) || self.asked_known.swap(true, Ordering::AcqRel) {
            return Ok(());
        }
        let known = self.store.deliveries(&self.plan.scheme, &self.plan.name, Some(State::Delivered), None, 1)?;
        let Some((key, row)) = known.into_iter().next() else { return Ok(()) };
        let Some(attempt) = self.told_attempt(&key, &row)? else { return Ok(()) };
        if self.is_shown(spec, &key, &row, attempt).await? == Some(true) { self.prove().await } else { Ok(()) }
    }

    /// Whether the target shows the document it accepted in an attempt, asked by its number as one in doubt would be;
    /// none where it gives no answer.
    async fn is_shown(
        &self,
        spec: &CallSpec,
        key: &Key,
        row: &Delivery,
        attempt: Attempt,
    ) -> Result<Option<bool>, StoreError> {
        let Some(id) = row.receipt.as_ref().map(|receipt| receipt.id.clone()) else { return Ok(None) };
        let first = first_attempt(&self.attempts_here(key, row)?).unwrap_or(attempt.at);
        let probe = Probe {
            number: attempt.number.clone(),
            attempted: Some(outgoing(&attempt)),
            first_attempt: Some(first),
            ..Probe::default()
        };
        let finding =
            self.ask(spec, std::slice::from_ref(key), &[probe]).await?.into_iter().next().and_then(Result::ok);
        Ok(finding.map(|finding| match finding {
            Finding::Absent => false,
            Finding::Effective { receipt, .. }
            | Finding::NotEffective { receipt }
            | Finding::Mixed { receipt, .. }
            | Finding::Foreign { receipt, .. } => id.is_none() || receipt.id == id,
        }))
    }

    /// Whether one document in doubt may go as the proof itself: a known number is refused, so that it can't come
    /// twice, and there is no other document to send.
    pub(super) fn may_prove_by_doubt(&self, call: &CallPlan) -> Result<bool, StoreError> {
        if !call.call.refuses_known_number {
            return Ok(false);
        }
        for (_, key) in self.store.due(&self.plan.scheme, &self.plan.name, self.now(), AT_ONCE)? {
            if self.row(&key)?.is_some_and(|row| !matches!(row.state, State::InDoubt | State::InFlight)) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
