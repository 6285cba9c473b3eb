//! Adopting: what the target holds under a document's number counts as delivered, by a person's word whoever created
//! it (interface.md section 4, `adopt`). Nothing is sent; what differs is said, and sent only by `replay`.

use crate::connector::{Finding, Look};
use crate::delivery::compose::Composed;
use crate::delivery::doubt::is_complete;
use crate::delivery::ready::Item;
use crate::delivery::settle::{self, set};
use crate::delivery::target::CallPlan;
use crate::delivery::worker::{Worker, write_of};
use crate::name::Key;
use crate::reason::{Code, Reason, State};
use crate::receipt::Receipt;
use crate::store::{Attempt, Base, Delivery, DeliveryWrite, StoreError, TargetAnswer};

/// The outcome of an attempt that was never sent, for the target held the document already.
const ADOPTED: &str = "adopted";

impl Worker {
    /// What must be known of a document before it is sent: of one that the target was never told, whether it is there
    /// to be adopted, if that is what the target was told to do.
    pub(super) fn look(&self, row: &Delivery) -> Result<Look, StoreError> {
        if row.unsure.is_some() {
            return Ok(Look::Content);
        }
        let told = row.base.as_ref().is_some_and(|base| base.told) || row.receipt.is_some();
        if told || (row.attempts > 0 && !row.probe_first) {
            return Ok(Look::Outcome);
        }
        let state = self.store.target(&self.plan.scheme, &self.plan.name)?;
        let adopts = state.is_some_and(|state| state.answer == Some(TargetAnswer::Adopt));
        Ok(if adopts { Look::Anyones } else { Look::Outcome })
    }

    /// A document that was found: delivered as it stands there, with its ids.
    pub(super) fn adopted(&self, call: &CallPlan, item: Item, finding: Finding) -> DeliveryWrite {
        let Item { key, mut row, version, composed, to_send, .. } = item;
        let now = self.now();
        let number = composed.outgoing.number.clone().unwrap_or_default();
        let (receipt, mut differences) = match finding {
            Finding::Effective { receipt, .. } => (receipt, Vec::new()),
            Finding::Mixed { receipt, differences } => (receipt, differences),
            Finding::NotEffective { receipt } => (receipt, vec!["in what is not told".to_owned()]),
            Finding::Foreign { why, .. } => {
                settle::conflict(&mut row, &number, &why, now);
                return write_of(&key, row, None);
            }
            Finding::Absent => return write_of(&key, row, None),
        };
        if receipt.id.is_none() {
            settle::conflict(&mut row, &number, "the target shows the document, but no id of it", now);
            return write_of(&key, row, None);
        }
        if !to_send {
            differences.push("its newest state asks for another call".to_owned());
        }
        let attempt = self.take_over_found(call, &key, &mut row, (version, &composed), receipt);
        let attempt = Attempt { words: (!differences.is_empty()).then(|| differences.join("; ")), ..attempt };
        set(&mut row, State::Delivered, reason(&attempt), None, now);
        if row.newest > row.version || row.replay {
            settle::due_again(&mut row, now);
        }
        let queue = self.plan.queues(&row, now);
        let claim = row.identity.clone();
        DeliveryWrite { claim, queue, ..write_of(&key, row, Some(attempt)) }
    }

    /// What was found becomes the base, as if it had been told: an attempt that was never sent keeps what it was
    /// compared with.
    fn take_over_found(
        &self,
        call: &CallPlan,
        key: &Key,
        row: &mut Delivery,
        (version, composed): (u64, &Composed),
        receipt: Receipt,
    ) -> Attempt {
        let attempt = Attempt {
            answered: Some(self.now()),
            outcome: Some(ADOPTED.to_owned()),
            decision: Some("found at the target, not sent".to_owned()),
            ..self.attempt_of(call, key, row, version, composed)
        };
        row.base = Some(Base {
            version,
            told: true,
            call: Some(attempt.call.clone()),
            payload_hash: Some(attempt.payload_hash.clone()),
            attempt: Some(attempt.n),
        });
        row.probe_first = !is_complete(&receipt, &attempt);
        row.receipt = Some(settle::merged(row.receipt.take(), receipt));
        row.identity = attempt.number.as_deref().map(|n| self.plan.identity(call.spec.form.as_deref(), n));
        row.attempts = attempt.n;
        (row.version, row.attempt, row.tries) = (version, None, 0);
        (row.unsure, row.absent_since) = (None, None);
        attempt
    }

    /// Why a document that would be told what was adopted stands as it does: it may differ from what is there.
    pub(super) fn differs_since_adopted(&self, key: &Key, row: &Delivery) -> Result<Option<Reason>, StoreError> {
        let told = self.told_attempt(key, row)?;
        let attempt = told.filter(|attempt| attempt.outcome.as_deref() == Some(ADOPTED));
        Ok(attempt.filter(|attempt| attempt.words.is_some()).map(|attempt| reason(&attempt)))
    }
}

fn reason(attempt: &Attempt) -> Reason {
    match &attempt.words {
        None => Reason::new(Code::Adopted, []),
        Some(differences) => Reason::new(Code::AdoptedDiffers, [("differences", differences.clone())]),
    }
}
