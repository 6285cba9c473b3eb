//! Whose a fault is where one document was asked for (design.md section 2.3): the document's own, which is then named
//! and keeps no other back; or the source's, which ends the run.

use std::sync::PoisonError;

use crate::capture::ask::{AskError, Question};
use crate::capture::scan::{Capture, CaptureError};
use crate::clock::Time;
use crate::connector::{Fault, FaultKind};
use crate::document::Quarantine;
use crate::name::Key;
use crate::store::CaptureCommit;

/// Documents in a row that are never answered although the source answers: with the last of them it is in trouble.
pub(super) const IN_A_ROW: usize = 3;

/// Whether a fault may pass by itself: then nothing in it says whose it is.
pub(super) fn may_pass(fault: &Fault) -> bool {
    fault.too_much.is_none() && matches!(fault.kind, FaultKind::Transient | FaultKind::Unknown)
}

impl Capture {
    /// The fault of a question, where what was asked for may be its cause: it is refused for good, or is too much to
    /// take, or it lasts while the source answers otherwise. The error is the source's, and ends the run.
    pub(super) async fn fault_of_documents(&self, what: &str, error: AskError) -> Result<Fault, CaptureError> {
        let fault = match error {
            AskError::Fault(fault) => fault,
            AskError::Stopped => return Err(CaptureError::Stopped),
        };
        match fault.kind {
            _ if fault.too_much.is_some() => Ok(fault),
            FaultKind::Permanent | FaultKind::Exists | FaultKind::Renumbered | FaultKind::ClosedPeriod => Ok(fault),
            FaultKind::Transient | FaultKind::Unknown => match self.asker.ask(&Question::Login).await {
                Ok(_) => Ok(fault),
                Err(AskError::Stopped) => Err(CaptureError::Stopped),
                Err(AskError::Fault(_)) => Err(self.source_error(what, AskError::Fault(fault))),
            },
            FaultKind::Unreachable | FaultKind::Throttled | FaultKind::Session | FaultKind::Refused => {
                Err(self.source_error(what, AskError::Fault(fault)))
            }
        }
    }

    /// The same of a question for one document alone. Where several in a row are never answered, the source is in
    /// trouble: these are recorded, so that the next run comes past them, and the run ends. Documents that stand in
    /// quarantine already say nothing new of the source.
    pub(super) async fn own_fault(
        &self,
        (key, time): (&Key, Option<Time>),
        what: &str,
        error: AskError,
    ) -> Result<Fault, CaptureError> {
        let fault = self.fault_of_documents(what, error).await?;
        tracing::warn!(scheme = %self.scheme.id, %key, words = %fault.words, "the source does not give this document");
        if !may_pass(&fault) || self.store.quarantine(&self.scheme.id, key)?.is_some() {
            return Ok(fault);
        }
        let record = Quarantine { key: key.clone(), source_time: time, why: fault.words.clone(), at: self.now() };
        let quarantined = {
            let mut failing = self.failing.lock().unwrap_or_else(PoisonError::into_inner);
            failing.retain(|one| one.key != *key);
            failing.push(record);
            if failing.len() < IN_A_ROW {
                return Ok(fault);
            }
            std::mem::take(&mut *failing)
        };
        let (scheme, at) = (self.scheme.id.clone(), Some(self.now()));
        self.store.commit_capture(CaptureCommit { scheme, at, quarantined, ..CaptureCommit::default() }).await?;
        Err(self.source_error(what, AskError::Fault(fault)))
    }

    /// A document asked for was answered: what failed before it was its own.
    pub(super) fn answered(&self) {
        self.failing.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}
