//! Planning: the target's way along the change log. Each change is decided as far as the document's state allows;
//! what is planned and how far the target has come are one commit.

use crate::change::{Change, ChangeKind};
use crate::delivery::decide::Decider;
use crate::delivery::worker::{Worker, write_of};
use crate::name::Key;
use crate::reason::{Code, Reason, State};
use crate::store::{Delivery, DeliveryCommit, DeliveryWrite, Step, StoreError};

/// Changes planned in one commit.
pub(super) const CHANGES: usize = 200;

impl Worker {
    /// Plans everything the change log holds. Goes on while the target is paused; does nothing before it was told
    /// what to do with its documents.
    pub(super) async fn plan_changes(&self) -> Result<(), StoreError> {
        if self.plan.back.is_some() {
            // What makes a write-back due is not a change but the delivery it follows.
            return Ok(());
        }
        loop {
            let Some(state) = self.store.target(&self.plan.scheme, &self.plan.name)? else { return Ok(()) };
            let Some(answer) = state.answer.clone() else { return Ok(()) };
            if state.filling.is_some() {
                self.fill(state, &answer).await?;
                continue;
            }
            let changes = match self.store.changes(&self.plan.scheme, state.position, CHANGES) {
                Err(StoreError::Trimmed { .. }) => {
                    self.fill(state, &answer).await?;
                    continue;
                }
                changes => changes?,
            };
            let Some(last) = changes.last() else { return Ok(()) };
            let reached = last.seq;
            let mut newest: Vec<(Key, u64)> = Vec::with_capacity(changes.len());
            for change in &changes {
                match newest.iter_mut().find(|(key, _)| *key == change.key) {
                    Some((_, version)) => *version = (*version).max(change.to),
                    None => newest.push((change.key.clone(), change.to)),
                }
            }
            let now = self.now();
            let decider = Decider { plan: &self.plan, store: &*self.store, answer: &answer, now };
            let mut writes = Vec::with_capacity(newest.len());
            for (key, version) in newest {
                let row = self.row(&key)?.unwrap_or_else(|| Delivery::new(now));
                if version > row.newest {
                    let row = self.past_trimmed(&changes, &key, row, version)?;
                    writes.push(planned(&decider, &key, row, version)?);
                }
            }
            let commit = DeliveryCommit {
                scheme: self.plan.scheme.clone(),
                target: self.plan.name.clone(),
                step: Step::Plan,
                position: Some((state.position, reached)),
                writes,
            };
            // A row that somebody wrote meanwhile is left out, and the position stays: then its change is met again.
            self.store.commit_deliveries(commit).await?;
        }
    }

    /// The row as if it had been decided up to the newest version that changed since and is not kept any more: only
    /// the versions behind it are decided (rule 17). For a target that was away for long.
    fn past_trimmed(
        &self,
        changes: &[Change],
        key: &Key,
        mut row: Delivery,
        newest: u64,
    ) -> Result<Delivery, StoreError> {
        if newest - row.version <= 1 || row.has_open_attempt() || row.is_stepping() {
            return Ok(row);
        }
        let kept = match self.store.versions(&self.plan.scheme, key) {
            // Told by the decision itself.
            Err(StoreError::Damaged { .. }) => return Ok(row),
            kept => kept?,
        };
        let had_text = changes.iter().filter(|change| change.key == *key && change.kind != ChangeKind::Deleted);
        let gone = had_text.map(|change| change.to).filter(|to| *to < newest && !kept.contains(to)).max();
        row.version = row.version.max(gone.unwrap_or(0));
        Ok(row)
    }
}

/// The row with a newer version planned: decided at once, or after the open attempt is settled.
pub(super) fn planned(
    decider: &Decider<'_>,
    key: &Key,
    mut row: Delivery,
    version: u64,
) -> Result<DeliveryWrite, StoreError> {
    row.newest = version;
    let row = match row.state {
        State::InFlight => row,
        // Its steps are brought to their end first (rule 19).
        _ if row.is_stepping() => row,
        State::InDoubt => {
            // Seen by a person who asks why the newer version is not sent.
            row.reason = row.reason.or_else(|| Some(Reason::new(Code::Behind, [])));
            row
        }
        _ => decider.decide(key, row)?,
    };
    Ok(write_of(key, row, None))
}
