//! The echo of a write-back (rule 22): a reading is compared with what is stored and with every value that was sent
//! and may show since the stored reading was asked for.

use crate::capture::page::Sorter;
use crate::clock::Time;
use crate::diff::{Document, Echo, at};
use crate::document::Head;
use crate::name::Key;
use crate::scheme::WriteBack;
use crate::store::{Attempt, StoreError};

impl Sorter<'_> {
    /// Whether all that differs from the snapshot is what write-backs wrote.
    pub(super) fn is_echo(&self, key: &Key, head: &Head, read: &Document<'_>) -> Result<bool, StoreError> {
        let mut echoes = Vec::new();
        for WriteBack { target, written } in &self.plan.write_backs {
            let mut attempts = self.store.attempts(self.scheme, target, key)?;
            attempts.retain(|attempt| self.may_show(attempt, head));
            let payloads: Vec<serde_json::Value> =
                attempts.iter().filter_map(|attempt| serde_json::from_str(&attempt.payload).ok()).collect();
            for field in written {
                let sent = payloads.iter().filter_map(|payload| at(payload, &field.payload));
                echoes.push(Echo { path: field.document.clone(), values: sent.cloned().collect() });
            }
        }
        if echoes.iter().all(|echo| echo.values.is_empty()) {
            return Ok(false);
        }
        let body = match self.store.body(self.scheme, key, head.version) {
            Ok(Some(body)) => body,
            Ok(None) | Err(StoreError::Damaged { .. }) => return Ok(false),
            Err(error) => return Err(error),
        };
        let same = |sent: &serde_json::Value, read: &serde_json::Value| self.connector.is_same(sent, read);
        Ok(Document::parse(&body).is_ok_and(|stored| self.plan.differ.is_echo(&stored, read, &echoes, same)))
    }

    /// Whether an attempt may have changed the source since the stored reading: it was not settled when that was asked
    /// for; or it had been for less than an overlap, which a source may lag behind, and what was read is by its own
    /// time older than the attempt. Without such a time, a value that was shown, cleared and set again by a person
    /// would be taken for one that shows late.
    fn may_show(&self, attempt: &Attempt, head: &Head) -> bool {
        let read_at = head.read_at.unwrap_or(head.captured_at);
        let Some(answered) = attempt.answered.filter(|answered| *answered <= read_at) else { return true };
        // The source's times are of whole seconds and on its clock.
        let ahead = self.connector.clock_offset().unwrap_or(0);
        let sent = Time(attempt.at.0.saturating_add(ahead)).whole_seconds();
        answered.plus(self.plan.lengths.overlap) > read_at && head.source_time.is_some_and(|time| time < sent)
    }
}
