//! A target that is behind the start of the change log is filled from the documents as they stand, page by page in key
//! order: what its base is not the newest version of is decided by that version alone (rule 17).

use crate::delivery::decide::Decider;
use crate::delivery::plan::{CHANGES, planned};
use crate::delivery::worker::Worker;
use crate::store::{
    Delivery, DeliveryCommit, DocumentFilter, Filling, Step, StoreError, TargetAnswer, TargetState, WriteResult,
};

impl Worker {
    /// Plans the next page of documents. With the last one the target stands where the change log ended when this
    /// began; what changed meanwhile follows from the log.
    pub(super) async fn fill(&self, state: TargetState, answer: &TargetAnswer) -> Result<(), StoreError> {
        let (scheme, target) = (&self.plan.scheme, &self.plan.name);
        let filling = match state.filling {
            Some(filling) => filling,
            None => {
                tracing::warn!(%scheme, %target, "the changes it was not told of are not kept: filled from the documents");
                Filling { to: self.store.last_seq(scheme)?, after: None }
            }
        };
        let filter = DocumentFilter { after: filling.after.clone(), limit: CHANGES, ..DocumentFilter::default() };
        let page = self.store.documents(scheme, &filter)?;
        let now = self.now();
        let decider = Decider { plan: &self.plan, store: &*self.store, answer, now };
        let mut writes = Vec::new();
        for (key, head) in &page {
            let row = self.row(key)?;
            if row.is_none() && head.is_tombstone() {
                continue;
            }
            let mut row = row.unwrap_or_else(|| Delivery::new(now));
            if head.version > row.newest {
                if !row.has_open_attempt() && !row.is_stepping() {
                    row.version = row.version.max(head.version - 1);
                }
                writes.push(planned(&decider, key, row, head.version)?);
            }
        }
        let ended = page.len() < CHANGES;
        let commit = DeliveryCommit {
            scheme: scheme.clone(),
            target: target.clone(),
            step: Step::Plan,
            position: ended.then_some((state.position, filling.to)),
            writes,
        };
        let results = self.store.commit_deliveries(commit).await?;
        if results.iter().any(|result| !matches!(result, WriteResult::Written(_))) {
            // Somebody wrote a row meanwhile: the page is looked at once more.
            return Ok(());
        }
        let after = page.last().map(|(key, _)| key.clone());
        let filling = (!ended).then_some(Filling { after, ..filling });
        self.change_state(|state| state.filling = filling).await.map(|_| ())
    }
}
