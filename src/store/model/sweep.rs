//! The model's sweeps.

use super::Scheme;
use crate::store::{CaptureCommit, StoreError};

impl Scheme {
    /// The part of a capture commit that concerns the sweep.
    pub(super) fn sweep(&mut self, commit: &CaptureCommit) -> Result<(), StoreError> {
        if let Some(step) = &commit.sweep {
            if step.from != self.sweep {
                return Err(StoreError::Conflict("sweep".to_owned()));
            }
            self.seen.retain(|(run, _)| step.to.kept().any(|kept| kept == *run));
            self.sweep = Some(step.to.clone());
        }
        if let Some(sweep) = self.sweep.as_ref().filter(|sweep| sweep.is_open()) {
            self.seen.extend(commit.met.iter().map(|key| (sweep.run, key.clone())));
        }
        Ok(())
    }
}
