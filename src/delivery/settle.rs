//! What an answer, a probe or its absence makes of a delivery: pure moves from row to row. Each closes only the
//! version its attempt sent; a newer one queues the document again in the same write (rule 18).

use std::time::Duration;

use crate::clock::Time;
use crate::connector::{Fault, FaultKind};
use crate::delivery::backoff;
use crate::delivery::classify::{Policy, policy};
use crate::delivery::course;
use crate::reason::{Code, Reason, State};
use crate::receipt::Receipt;
use crate::scheme::Retry;
use crate::store::{Attempt, Base, Delivery};

/// The outcome of an attempt that ran under another number: a question by ours can't find what it made (rule 4).
pub const RENUMBERED: &str = "renumbered";

/// When and by what rules a move is made.
#[derive(Debug, Clone, Copy)]
pub struct Moment<'a> {
    pub now: Time,
    pub retry: &'a Retry,
    /// From the last byte sent until absence counts.
    pub settle: Duration,
    /// Requests to the target in a row that got no answer.
    pub failures: u32,
}

/// That the target carried an attempt out.
#[derive(Debug)]
pub struct Accepted {
    /// The ids it told.
    pub receipt: Receipt,
    /// Whether all line ids are among them.
    pub complete: bool,
    /// The call ends the receipt.
    pub deletes: bool,
    /// A person asked to send again after the attempt was claimed.
    pub again: bool,
    /// What the target shows otherwise than it was sent.
    pub warnings: Vec<String>,
}

/// The target accepted the attempt (by its answer, or as a probe found).
pub fn accepted(row: &mut Delivery, attempt: &mut Attempt, told: Accepted, at: Moment<'_>) {
    let Accepted { receipt, complete, deletes, again, warnings } = told;
    close(attempt, "accepted", at.now);
    row.base = Some(Base {
        version: attempt.version,
        told: true,
        call: Some(attempt.call.clone()),
        payload_hash: (!deletes).then(|| attempt.payload_hash.clone()),
        attempt: (!deletes).then_some(attempt.n),
    });
    row.receipt = if deletes { None } else { Some(merged(row.receipt.take(), receipt)) };
    row.probe_first = !complete && !deletes;
    row.replay = again;
    row.tries = 0;
    row.attempt = None;
    row.absent_since = None;
    let mut reason = Reason::new(Code::Sent, [("version", attempt.version.to_string())]);
    if !warnings.is_empty() {
        let words = format!("but it shows otherwise: {}", warnings.join("; "));
        attempt.words = Some(words.clone());
        reason = reason.with_words(words);
    }
    row.read_back = row.read_back && !deletes;
    if course::told(row, at.now) {
        return;
    }
    let read_back = row.read_back.then(|| at.now.plus(at.settle));
    set(row, State::Delivered, reason, read_back, at.now);
    requeue(row, again, at.now);
}

/// The answer says, or lets be seen, that the attempt failed. `again`: a person asked to send again after the attempt
/// was claimed.
pub fn failed(row: &mut Delivery, attempt: &mut Attempt, fault: &Fault, again: bool, at: Moment<'_>) {
    attempt.words = Some(fault.words.clone());
    let why = || fault.words.clone();
    match policy(fault.kind) {
        Policy::Retry => {
            close(attempt, "not_run", at.now);
            row.attempt = None;
            course::has_not_run(row);
            count(row, attempt);
            if row.tries >= at.retry.attempts {
                let params = [("tries", row.tries.to_string()), ("why", why())];
                set(row, State::Rejected, Reason::new(Code::Attempts, params), None, at.now);
                course::refused(row, at.now);
            } else {
                let due = at.now.plus(backoff::wait(at.retry, row.tries.max(1)));
                set(row, State::Retrying, Reason::new(Code::Transient, [("why", why())]), Some(due), at.now);
            }
            requeue(row, again && row.state == State::Rejected, at.now);
        }
        Policy::Hold | Policy::Throttle | Policy::Renew | Policy::Pause => {
            close(attempt, "not_run", at.now);
            row.attempt = None;
            course::has_not_run(row);
            let code = match fault.kind {
                FaultKind::Throttled => Code::Throttled,
                FaultKind::Unreachable => Code::Unreachable,
                _ => Code::Account,
            };
            let due = at.now.plus(wait_of(fault, at));
            set(row, State::Retrying, Reason::new(code, [("why", why())]), Some(due), at.now);
        }
        Policy::Reject => {
            close(attempt, "refused", at.now);
            row.attempt = None;
            set(row, State::Rejected, Reason::new(Code::Target, []).with_words(why()), None, at.now);
            course::refused(row, at.now);
            requeue(row, again, at.now);
        }
        Policy::Doubt => in_doubt(row, attempt, "unknown", &why(), at.now.plus(at.settle), at.now),
        Policy::Ask => in_doubt(row, attempt, "exists", &why(), at.now, at.now),
        Policy::Stop => {
            close(attempt, RENUMBERED, at.now);
            conflict(row, attempt.number.as_deref().unwrap_or_default(), &fault.words, at.now);
        }
    }
}

/// A request for several documents was refused as a whole, before any of them ran: for one of them, so that each is
/// sent again alone (rule 21).
pub fn split(row: &mut Delivery, attempt: &mut Attempt, fault: &Fault, at: Moment<'_>) {
    attempt.words = Some(fault.words.clone());
    attempt.decision = Some("the whole request was refused: sent again alone".to_owned());
    close(attempt, "not_run", at.now);
    row.attempt = None;
    course::has_not_run(row);
    row.tries += 1;
    let reason = Reason::new(Code::Transient, [("why", fault.words.clone())]);
    set(row, State::Retrying, reason, Some(at.now), at.now);
}

/// The same bytes were sent again for a document in doubt, and did not run: what the sends before came to is as
/// unknown as it was. After a refusal for good a person decides.
pub fn still_in_doubt(row: &mut Delivery, attempt: &mut Attempt, fault: &Fault, at: Moment<'_>) {
    let refused = policy(fault.kind) == Policy::Reject;
    let outcome = if refused { "refused" } else { "not_run" };
    attempt.answered = Some(at.now);
    if policy(fault.kind) == Policy::Retry {
        count(row, attempt);
    }
    in_doubt(row, attempt, outcome, &fault.words, at.now.plus(wait_of(fault, at)), at.now);
    row.due = row.due.filter(|_| !refused);
}

/// A send counts as a try unless it tested whether the target answers again (rule 21).
pub fn count(row: &mut Delivery, attempt: &Attempt) {
    row.tries += u32::from(!attempt.terms.test);
}

/// How long a document waits that did not run through no fault of its own: as asked; while the target throttles, or
/// is paused, as long as that lasts.
fn wait_of(fault: &Fault, at: Moment<'_>) -> Duration {
    let own = match policy(fault.kind) {
        Policy::Throttle | Policy::Pause => Duration::ZERO,
        _ => backoff::wait(at.retry, at.failures.max(1)),
    };
    fault.retry_after.unwrap_or(own)
}

/// The attempt's outcome is not known; it is looked at again when due.
pub fn in_doubt(row: &mut Delivery, attempt: &mut Attempt, outcome: &str, why: &str, due: Time, now: Time) {
    attempt.outcome = Some(outcome.to_owned());
    attempt.words.get_or_insert_with(|| why.to_owned());
    row.absent_since = None;
    let params = [("attempt", attempt.n.to_string()), ("why", why.to_owned())];
    set(row, State::InDoubt, Reason::new(Code::Unknown, params), Some(due), now);
}

/// The attempt did not take effect, as two questions a settle time apart have shown: the document is sent again in
/// its newest version. The send counts (rule 21).
pub fn not_run(row: &mut Delivery, attempt: &mut Attempt, outcome: &str, at: Moment<'_>) {
    // Its number was taken: that was an answer, so that nothing of it can come late.
    row.read_back |= attempt.outcome.as_deref() != Some("exists");
    close(attempt, outcome, at.now);
    attempt.decision = Some("sent again".to_owned());
    row.attempt = None;
    row.absent_since = None;
    count(row, attempt);
    course::has_not_run(row);
    if row.tries >= at.retry.attempts && (row.newest <= row.version || row.is_stepping()) {
        let why = attempt.words.clone().unwrap_or_default();
        let params = [("tries", row.tries.to_string()), ("why", why)];
        set(row, State::Rejected, Reason::new(Code::Attempts, params), None, at.now);
        course::refused(row, at.now);
        requeue(row, false, at.now);
        return;
    }
    let version = if row.is_stepping() { row.version } else { row.newest };
    set(row, State::Pending, due(version), Some(at.now), at.now);
}

/// The target shows no such document, which does not count before it has shown one of ours (rule 4).
pub fn unproven(row: &mut Delivery, attempt: &Attempt, at: Moment<'_>) {
    let why = "the target does not show it, which counts only once it has shown a document of ours";
    let params = [("attempt", attempt.n.to_string()), ("why", why.to_owned())];
    set(row, State::InDoubt, Reason::new(Code::Unknown, params), Some(at.now.plus(at.settle)), at.now);
}

/// That a version is to be sent.
pub fn due(version: u64) -> Reason {
    Reason::new(Code::Due, [("version", version.to_string())])
}

/// Its newest version is to be sent.
pub fn due_again(row: &mut Delivery, now: Time) {
    set(row, State::Pending, due(row.newest), Some(now), now);
}

/// Its newest version is to be told whatever the target was told before, under a change key of its own: it holds
/// something else.
pub fn anew(row: &mut Delivery) {
    row.replays += 1;
    row.replay = true;
}

/// Something foreign, or only half of the attempt, stands at the target: a person decides.
pub fn conflict(row: &mut Delivery, identity: &str, why: &str, now: Time) {
    let params = [("identity", identity.to_owned()), ("why", why.to_owned())];
    set(row, State::InDoubt, Reason::new(Code::Conflict, params), None, now);
}

/// Moves a row to a state.
pub fn set(row: &mut Delivery, state: State, reason: Reason, due: Option<Time>, now: Time) {
    if row.state != state {
        row.since = now;
    }
    row.state = state;
    row.reason = Some(reason);
    row.due = due;
    row.parked.clear();
}

/// A version planned while the attempt was open, or a person's wish since then, makes the document due now.
pub(super) fn requeue(row: &mut Delivery, again: bool, now: Time) {
    if row.is_stepping() {
        return;
    }
    if row.newest > row.version || again {
        due_again(row, now);
        row.tries = 0;
    }
}

pub(super) fn close(attempt: &mut Attempt, outcome: &str, now: Time) {
    attempt.outcome = Some(outcome.to_owned());
    attempt.answered = Some(now);
}

/// The newest ids; lists that an answer does not speak of keep theirs.
pub fn merged(before: Option<Receipt>, found: Receipt) -> Receipt {
    let before = before.unwrap_or_default();
    let mut lines = before.lines;
    lines.extend(found.lines);
    let mut told = before.told;
    told.extend(found.told);
    Receipt { id: found.id.or(before.id), number: found.number.or(before.number), lines, told }
}
