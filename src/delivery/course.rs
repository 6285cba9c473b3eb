//! The way of a delivery through its steps: pure moves from row to row (rule 19). A course begins when the first step
//! is claimed; it ends when the last closing step has taken effect, and until then newer versions wait.

use crate::clock::Time;
use crate::delivery::operate::Resolution;
use crate::delivery::settle::{close, due, requeue, set};
use crate::delivery::target::CallPlan;
use crate::reason::{Code, Reason, State};
use crate::store::{Attempt, Course, Delivery};

/// The course of a version that is told by the call of this rank; none if that call has no steps. Nothing is there to
/// be opened before a create.
pub fn course_of(call: &CallPlan, rank: usize, row: &Delivery, version: u64, now: Time) -> Option<Course> {
    let exists = row.receipt.as_ref().is_some_and(|receipt| receipt.id.is_some());
    let name = |step: &CallPlan| step.spec.call.clone();
    let opening: Vec<String> = call.before.iter().filter(|_| exists).map(name).collect();
    if opening.is_empty() && call.after.is_empty() {
        return None;
    }
    let own = opening.len();
    let mut calls = opening;
    calls.push(call.spec.call.clone());
    calls.extend(call.after.iter().map(name));
    let replays = row.replays;
    Some(Course { version, calls, own, rank, at: 0, since: now, opened: false, refused: None, replays })
}

/// The row's version is about to be told by the call of this rank.
pub fn telling(row: &mut Delivery, call: &CallPlan, rank: usize, version: u64, now: Time) {
    let begun = row.course.take().filter(|course| course.version == version && course.at <= course.own);
    row.course = begun.or_else(|| course_of(call, rank, row, version, now)).map(|course| {
        let (at, replays) = (course.own, row.replays);
        Course { at, replays, ..course }
    });
}

/// The version was told: whether closing steps follow.
pub fn told(row: &mut Delivery, now: Time) -> bool {
    match &row.course {
        Some(course) if course.own + 1 < course.calls.len() => {
            go_on(row, now);
            true
        }
        _ => {
            row.course = None;
            false
        }
    }
}

/// A step that opens or closes the document took effect.
pub fn took_effect(row: &mut Delivery, attempt: &mut Attempt, now: Time) {
    // What was refused as done already was done by somebody else, unless an earlier attempt of ours came late.
    let ours = attempt.outcome.as_deref() != Some("exists") || row.tries > 0;
    close(attempt, "accepted", now);
    row.attempt = None;
    row.absent_since = None;
    let Some(course) = &mut row.course else { return };
    if course.at < course.own {
        // Tries count until the version is told, or people who close what we open would keep us busy for ever.
        course.opened |= ours;
    } else {
        row.tries = 0;
    }
    go_on(row, now);
}

/// The next step comes, or the delivery is at its end.
pub fn go_on(row: &mut Delivery, now: Time) {
    let Some(course) = &mut row.course else { return };
    course.at += 1;
    course.since = now;
    if course.at < course.calls.len() {
        let reason = next(course);
        set(row, State::Pending, reason, Some(now), now);
        return;
    }
    let again = row.replays != course.replays;
    let refused = course.refused.take();
    let version = course.version;
    row.course = None;
    row.replay = again;
    row.tries = 0;
    match refused {
        None => {
            let sent = Reason::new(Code::Sent, [("version", version.to_string())]);
            set(row, State::Delivered, sent, None, now);
        }
        Some(reason) if matches!(reason.code, Code::Target | Code::Attempts) => {
            set(row, State::Rejected, reason, None, now);
        }
        // Why it could not be sent is looked at anew.
        Some(_) => set(row, State::Pending, due(version), Some(now), now),
    }
    requeue(row, again, now);
}

/// What the row waits for between two steps.
pub fn next(course: &Course) -> Reason {
    let params = [("version", course.version.to_string()), ("step", course.step().to_owned())];
    Reason::new(Code::Step, params)
}

/// The attempt of a step did not run: where no step has run, the document is as it was, and a newer version may go
/// instead.
pub fn has_not_run(row: &mut Delivery) {
    if row.course.as_ref().is_some_and(|course| !course.opened && course.at <= course.own) {
        row.course = None;
    }
}

/// A step was refused for good, which the row says as rejected. What an opening step opened is closed again on its old
/// content; what can't be closed is left open for a person.
pub fn refused(row: &mut Delivery, now: Time) {
    has_not_run(row);
    let Some(course) = &mut row.course else { return };
    if course.at > course.own {
        // Told, but not closed: the same payload is no reason to skip the next version.
        if let Some(base) = row.base.as_mut().filter(|_| course.refused.is_none()) {
            base.payload_hash = None;
        }
        if course.opened {
            left_open(row, now);
            return;
        }
        let params = [("version", course.version.to_string()), ("step", course.step().to_owned())];
        let words = row.reason.as_ref().map(words_of).unwrap_or_default();
        row.reason = Some(Reason::new(Code::StepRefused, params).with_words(words));
        if row.newest > row.version {
            row.course = None;
        }
        return;
    }
    course.refused = row.reason.take();
    row.tries = 0;
    course.at = course.own;
    if course.own + 1 < course.calls.len() {
        go_on(row, now);
    } else {
        row.reason.clone_from(&course.refused);
        left_open(row, now);
    }
}

/// The document stands open at the target, and no step is left that would close it: a person must (the row's reason
/// says why).
fn left_open(row: &mut Delivery, now: Time) {
    let Some(course) = &row.course else { return };
    let mut words: Vec<String> = row.reason.iter().chain(&course.refused).map(words_of).collect();
    words.dedup();
    let reason = Reason::new(Code::LeftOpen, [("step", course.step().to_owned())]).with_words(words.join("; before: "));
    row.attempt = None;
    set(row, State::InDoubt, reason, None, now);
}

/// The target's words, or where it said nothing the reason as a sentence.
fn words_of(reason: &Reason) -> String {
    match &reason.words {
        Some(words) => words.clone(),
        None => reason.sentence(crate::reason::Language::English),
    }
}

/// A person settles the step in doubt, or the document that was left open. Returns whether that was all: the version
/// itself, whether in doubt or left open, is settled as without steps.
pub fn resolved(row: &mut Delivery, attempt: Option<&mut Attempt>, resolution: &Resolution, now: Time) -> bool {
    let (true, Some(course)) = (row.is_stepping(), &mut row.course) else { return false };
    match (attempt, resolution) {
        (Some(attempt), Resolution::Delivered { .. }) if attempt.step => took_effect(row, attempt, now),
        (Some(attempt), Resolution::Resend) if attempt.step || course.opened => {
            close(attempt, "not_run", now);
            has_not_run(row);
            (row.attempt, row.absent_since, row.tries) = (None, None, 0);
            let reason = row.course.as_ref().map_or_else(|| due(row.version), next);
            set(row, State::Pending, reason, Some(now), now);
        }
        // The version was told: its closing steps follow.
        (Some(_), Resolution::Delivered { .. }) => return false,
        // By a person's hand all is done; or all begins anew, in the newest version.
        (_, Resolution::Delivered { .. } | Resolution::Resend) => {
            row.course = None;
            return false;
        }
    }
    true
}

/// A person asks to try again what was left open.
pub fn retried(row: &mut Delivery, now: Time) {
    if let (true, None, Some(course)) = (row.is_stepping(), row.attempt, &row.course) {
        let reason = next(course);
        row.tries = 0;
        set(row, State::Pending, reason, Some(now), now);
    }
}
