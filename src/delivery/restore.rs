//! After a restore (rule 8): nothing is sent before capture has caught up; then every document not told its newest
//! counts as in doubt, and what the target holds is compared with the newest version first.

use std::collections::HashSet;
use std::time::Duration;

use crate::clock::Time;
use crate::connector::{Finding, Look};
use crate::crash;
use crate::delivery::find::found_first;
use crate::delivery::judge::{Verdict, judge};
use crate::delivery::ready::{Item, Ready};
use crate::delivery::settle;
use crate::delivery::target::CallPlan;
use crate::delivery::worker::{AT_ONCE, Worker, write_of};
use crate::document::Head;
use crate::name::Key;
use crate::reason::State;
use crate::scheme::InDoubt;
use crate::store::{Delivery, DeliveryWrite, Step, StoreError, TargetAnswer};

/// Runs looked at in one go.
const RUNS: usize = 20;
/// How far the source's clock may stand behind ours.
const CLOCKS_APART: Duration = Duration::from_secs(600);

impl Worker {
    /// Whether the target waits because the database was restored. Once capture has caught up, every document not
    /// told its newest is marked, and it waits no longer.
    pub(super) async fn waits_after_restore(&self) -> Result<bool, StoreError> {
        let state = self.store.target(&self.plan.scheme, &self.plan.name)?;
        let Some(state) = state.filter(|state| state.restored) else { return Ok(false) };
        if !self.has_caught_up()? {
            return Ok(true);
        }
        if self.plan.back.is_none() {
            self.plan_changes().await?;
            self.mark_unsure(self.known_until(state.restored_at.unwrap_or(self.born))?).await?;
        }
        crash::point("delivery.restore_marked");
        self.change_state(|state| (state.restored, state.restored_at) = (false, None)).await?;
        Ok(false)
    }

    /// Whether a run that began in this process, and so after the restore, has read everything there was.
    fn has_caught_up(&self) -> Result<bool, StoreError> {
        let is_whole = |run: &crate::store::Run| {
            run.ended.is_some() && run.error.is_none() && run.started.is_some_and(|started| started >= self.born)
        };
        Ok(self.store.runs(&self.plan.scheme, None, RUNS)?.iter().any(is_whole))
    }

    /// When the last run began that the database knows from before its restore: what it does not know was sent later.
    fn known_until(&self, restored: Time) -> Result<Time, StoreError> {
        let mut before = None;
        loop {
            let runs = self.store.runs(&self.plan.scheme, before, RUNS)?;
            let Some(last) = runs.last() else { return Ok(Time(0)) };
            before = Some(last.id);
            if let Some(known) = runs.iter().filter_map(|run| run.started).find(|started| *started < restored) {
                return Ok(known);
            }
        }
    }

    async fn mark_unsure(&self, since: Time) -> Result<(), StoreError> {
        let (mut after, now) = (None, self.now());
        loop {
            let rows = self.store.deliveries(&self.plan.scheme, &self.plan.name, None, after.as_ref(), AT_ONCE)?;
            let Some((last, _)) = rows.last() else { return Ok(()) };
            after = Some(last.clone());
            let touched = self.touched_since(&rows, since)?;
            let unsure = rows.into_iter().filter(|(key, row)| is_behind(row) || touched.contains(key));
            let keys: Vec<Key> = unsure.map(|(key, _)| key).collect();
            self.update(Step::Operate, &keys, |key, mut row| {
                // Marked before by a process that was killed: that knew better when the backup was made.
                row.unsure = Some(row.unsure.map_or(since, |before| before.min(since)));
                if row.state == State::InDoubt {
                    row.due = Some(now);
                } else if !is_behind(&row) {
                    settle::due_again(&mut row, now);
                }
                Ok(Some(write_of(key, row, None)))
            })
            .await?;
        }
    }

    /// Of a document in doubt when the database was restored: the question whether its newest version is there. None
    /// where that can't be asked.
    pub(super) fn compare_newest(&self, key: &Key, row: &Delivery) -> Result<Option<Ready>, StoreError> {
        let item = match self.newest(key, row) {
            Err(StoreError::Damaged { .. }) => None,
            read => read?,
        };
        Ok(item.map(|(index, item)| Ready::Find(index, Box::new(item))))
    }

    fn newest(&self, key: &Key, row: &Delivery) -> Result<Option<(usize, Item)>, StoreError> {
        let (before, after) = self.decider(&TargetAnswer::Adopt).change(key, row, row.newest)?;
        let receipt = row.receipt.as_ref();
        let index = match judge(&self.plan, before.as_ref(), after.as_ref(), receipt) {
            Verdict::Tell(index) => Some(index),
            Verdict::Skip => self.call_again(key, row, row.newest, after.as_ref())?,
            Verdict::Fault(_) => None,
        };
        let Some(index) = index else { return Ok(None) };
        let Some(call) = self.plan.calls.get(index).filter(|call| call.call.mapped && call.call.probes) else {
            return Ok(None);
        };
        let Ok(composed) = self.compose(call, after.as_ref(), receipt, receipt)? else { return Ok(None) };
        let (key, row, version) = (key.clone(), row.clone(), row.newest);
        Ok(Some((index, Item { key, row, version, composed, to_send: true, look: Look::Content })))
    }

    /// Of documents told their newest, those that the source has touched since: what it showed in between may have been
    /// told, and be forgotten.
    fn touched_since(&self, rows: &[(Key, Delivery)], since: Time) -> Result<HashSet<Key>, StoreError> {
        let asks = self.plan.main().is_some_and(|main| main.call.probes);
        let told = rows.iter().filter(|(_, row)| asks && row.receipt.is_some() && !is_behind(row));
        let keys: Vec<Key> = told.map(|(key, _)| key.clone()).collect();
        let heads = self.store.heads(&self.plan.scheme, &keys)?;
        let since = since.minus(CLOCKS_APART);
        let touched = |head: &Head| head.source_time.is_some_and(|time| time >= since);
        Ok(keys
            .into_iter()
            .zip(heads)
            .filter(|(_, head)| head.as_ref().is_some_and(touched))
            .map(|(key, _)| key)
            .collect())
    }

    /// What the comparison of a document's newest version makes of it.
    pub(super) fn compared(&self, call: &CallPlan, item: Item, finding: Finding) -> DeliveryWrite {
        let now = self.now();
        if matches!(finding, Finding::Effective { .. }) && item.to_send {
            return self.adopted(call, item, finding);
        }
        let mut item = item;
        if matches!(finding, Finding::Mixed { .. } | Finding::NotEffective { .. })
            && let Some(base) = &mut item.row.base
        {
            // It holds something else than it was told as far as is known: the same payload is no reason to skip, nor
            // is that no condition takes the newest version for a step from itself.
            base.payload_hash = None;
            if item.row.state != State::InDoubt && base.told && base.version == item.row.newest {
                settle::anew(&mut item.row);
            }
        }
        if item.row.state != State::InDoubt || matches!(finding, Finding::Foreign { .. }) {
            return found_first(item, finding, now);
        }
        // Another version of ours, or none: whether the open attempt took effect is asked as ever.
        let Item { key, mut row, .. } = item;
        row.unsure = None;
        row.due = row.attempt.is_some().then_some(now);
        if let (None, Finding::NotEffective { receipt } | Finding::Mixed { receipt, .. }) = (row.attempt, finding) {
            row.receipt = Some(settle::merged(row.receipt.take(), receipt));
            settle::due_again(&mut row, now);
        }
        write_of(&key, row, None)
    }

    /// Whether the same bytes may go again under their key: not after a restore, for what the target remembers may
    /// have been sent under another one.
    pub(super) fn holds_after_restore(&self, row: &Delivery) -> bool {
        row.unsure.is_some() && matches!(self.plan.in_doubt, InDoubt::Resend { .. })
    }
}

/// Whether the target was not told a document's newest version.
fn is_behind(row: &Delivery) -> bool {
    !row.base.as_ref().is_some_and(|base| base.told && base.version == row.newest)
        || row.attempt.is_some()
        || row.replay
}
