//! In doubt where a target takes the same bytes twice: they are sent again, after the settle time, for as long as the
//! target remembers our key, and as often as tries are given (rules 6 and 18).

use std::time::Duration;

use crate::clock::{Time, print_duration};
use crate::connector::{Look, Outgoing};
use crate::delivery::compose::{Composed, attempt_id};
use crate::delivery::doubt::outgoing;
use crate::delivery::ready::{Item, Made};
use crate::delivery::settle::{self, RENUMBERED};
use crate::delivery::target::CallPlan;
use crate::delivery::worker::{Worker, write_of};
use crate::name::Key;
use crate::reason::{Code, Reason};
use crate::store::{Attempt, Delivery, Step, StoreError};

impl Worker {
    /// Sends documents in doubt again with the bytes of their attempts; those that may not be are left to a person.
    pub(super) async fn resend_doubts(
        &self,
        call: &CallPlan,
        remembers: Option<Duration>,
        doubts: Vec<Made>,
    ) -> Result<(), StoreError> {
        let now = self.now();
        let settle = self.moment(Some(call), self.plan.batch).settle;
        let (mut writes, mut items) = (Vec::new(), Vec::new());
        for (key, mut row, attempt) in doubts {
            let settled = row.since.plus(settle);
            if attempt.outcome.as_deref() == Some("exists") {
                let why = "the target says the number is taken, and the same bytes would be refused again";
                settle::conflict(&mut row, attempt.number.as_deref().unwrap_or_default(), why, now);
            } else if attempt.outcome.as_deref() == Some(RENUMBERED) {
                let why = attempt.words.unwrap_or_default();
                settle::conflict(&mut row, attempt.number.as_deref().unwrap_or_default(), &why, now);
            } else if self.holds_after_restore(&row) {
                // What the target was told since the backup is not known: a person decides.
                row.due = None;
            } else if let Some(why) = self.never_again(&key, &row, &attempt, remembers)? {
                let params = [("attempt", attempt.n.to_string()), ("why", why)];
                row.reason = Some(Reason::new(Code::Unknown, params));
                row.due = None;
            } else if attempt.outcome.as_deref() == Some("unknown") && settled > now {
                // What was sent may still take effect (rule 6).
                row.due = Some(settled);
            } else {
                items.push(resend(key, row, attempt));
                continue;
            }
            writes.push(write_of(&key, row, None));
        }
        self.write(Step::Settle, writes).await?;
        let rank = self.plan.rank_named(&call.spec.call).unwrap_or(self.plan.calls.len() - 1);
        self.send_by(call, rank, items).await
    }

    /// Why a document in doubt is not sent again any more: the target may have forgotten our key and would carry the
    /// same bytes out once more, or they were sent often enough.
    fn never_again(
        &self,
        key: &Key,
        row: &Delivery,
        attempt: &Attempt,
        remembers: Option<Duration>,
    ) -> Result<Option<String>, StoreError> {
        let last_words = attempt.words.clone().unwrap_or_default();
        if row.tries >= self.plan.retry.attempts {
            return Ok(Some(format!("sent again {} times, and still: {last_words}", row.tries)));
        }
        let Some(remembers) = remembers else { return Ok(None) };
        let first = self.first_send(key, row, attempt)?;
        Ok((self.now() >= first.plus(remembers)).then(|| {
            let remembers = print_duration(remembers);
            format!("{last_words}; first sent at {first}, and the target remembers our key for {remembers} only")
        }))
    }

    /// When an attempt's change key was first sent.
    fn first_send(&self, key: &Key, row: &Delivery, attempt: &Attempt) -> Result<Time, StoreError> {
        let attempts = self.attempts_of(key, row)?;
        let same = attempts.iter().filter(|other| other.change_key == attempt.change_key).map(|other| other.at);
        Ok(same.min().unwrap_or(attempt.at).min(attempt.at))
    }
}

/// The same bytes again, as a new attempt of the same version. The send before counts: it may have run.
fn resend(key: Key, mut row: Delivery, attempt: Attempt) -> Item {
    if attempt.outcome.as_deref() == Some("unknown") {
        settle::count(&mut row, &attempt);
    }
    let composed = Composed {
        payload_hash: attempt.payload_hash.clone(),
        looked_up: attempt.looked_up.clone(),
        outgoing: Outgoing { attempt: attempt_id(), ..outgoing(&attempt) },
        change_key: Some(attempt.change_key),
    };
    Item { key, version: attempt.version, row, composed, to_send: true, look: Look::Outcome }
}
