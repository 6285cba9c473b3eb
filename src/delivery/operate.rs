//! What a person does to a delivery: pure moves, each refused with a reason where the state does not allow it.

use crate::clock::Time;
use crate::delivery::course;
use crate::delivery::settle::{self, set};
use crate::delivery::worker::write_of;
use crate::name::Key;
use crate::reason::{Code, Reason, State};
use crate::store::{Attempt, Base, Delivery, DeliveryWrite};

/// How a person settles a delivery in doubt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolution {
    /// It was carried out; with the target document's id where it is known.
    Delivered {
        /// The target's id.
        id: Option<String>,
    },
    /// It was not: send again.
    Resend,
}

/// Queues a rejected, retrying or waiting document again in its newest version; one in doubt is asked about now.
/// None if the state does not call for it.
pub fn retried(key: &Key, mut row: Delivery, now: Time) -> Option<DeliveryWrite> {
    match row.state {
        State::Rejected | State::Retrying | State::Waiting => {
            row.tries = 0;
            set(&mut row, State::Pending, Reason::new(Code::Replay, []), Some(now), now);
        }
        State::InDoubt if row.attempt.is_some() => row.due = Some(now),
        State::InDoubt if row.is_stepping() => course::retried(&mut row, now),
        _ => return None,
    }
    Some(write_of(key, row, None))
}

/// Gives a document up, until a newer version comes. A later send is probed first if an attempt was open. `free`: under
/// its number nothing of ours can stand, so that another document may have it.
pub fn discarded(
    key: &Key,
    mut row: Delivery,
    attempt: Option<Attempt>,
    (why, free): (&str, bool),
    now: Time,
) -> Option<DeliveryWrite> {
    if row.state.is_settled() || row.state == State::InFlight {
        return None;
    }
    if row.state == State::InDoubt {
        row.probe_first = true;
        row.read_back = true;
        // What the target holds is not known any more, so nothing equals what it was told (rule 28).
        forget_payload(&mut row);
    }
    if row.course.take().is_some() {
        forget_payload(&mut row);
    }
    row.attempt = None;
    row.version = row.newest;
    row.replay = false;
    set(&mut row, State::Discarded, Reason::new(Code::Discarded, [("why", why.to_owned())]), None, now);
    let attempt = attempt.map(|mut attempt| {
        attempt.answered = Some(now);
        attempt.decision = Some(format!("discarded: {why}"));
        attempt
    });
    let release = row.identity.take_if(|_| free);
    Some(DeliveryWrite { release, ..write_of(key, row, attempt) })
}

/// What settling an open attempt by a person's word must know of it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Open {
    /// Its call ends the receipt.
    pub deletes: bool,
    /// A person asked to send again after it was claimed.
    pub again: bool,
}

/// Whether a document can be settled as delivered only with the target's id: steps follow, and address it.
pub fn needs_id(row: &Delivery) -> bool {
    let follow = row.course.as_ref().is_some_and(|course| course.at + 1 < course.calls.len());
    follow && row.attempt.is_some() && row.receipt.as_ref().is_none_or(|receipt| receipt.id.is_none())
}

/// Settles a document in doubt as a person says. None if it is not in doubt, or [`needs_id`] and none is said.
pub fn resolved(
    key: &Key,
    mut row: Delivery,
    mut attempt: Option<Attempt>,
    open: Open,
    resolution: &Resolution,
    now: Time,
) -> Option<DeliveryWrite> {
    if row.state != State::InDoubt || (*resolution == Resolution::Delivered { id: None } && needs_id(&row)) {
        return None;
    }
    let word = match resolution {
        Resolution::Delivered { .. } => "delivered",
        Resolution::Resend => "resend",
    };
    let by_a_person = |mut attempt: Attempt| {
        attempt.answered = Some(now);
        attempt.decision = Some(format!("resolved by a person as {word}"));
        attempt
    };
    if course::resolved(&mut row, attempt.as_mut(), resolution, now) {
        return Some(write_of(key, row, attempt.map(by_a_person)));
    }
    let reason = Reason::new(Code::Resolved, [("resolution", word.to_owned())]);
    row.attempt = None;
    row.absent_since = None;
    row.unsure = None;
    row.tries = 0;
    let mut release = None;
    match resolution {
        Resolution::Delivered { id } => {
            take_as_told(&mut row, attempt.as_ref(), open, id.as_deref());
            release = row.identity.clone().filter(|_| open.deletes);
            let due = row.newest > row.version || row.replay;
            if !course::told(&mut row, now) {
                set(&mut row, if due { State::Pending } else { State::Delivered }, reason, due.then_some(now), now);
            }
        }
        Resolution::Resend => {
            row.read_back = true;
            forget_payload(&mut row);
            // Though the target may have been told this version, and no condition takes it for a step from itself.
            row.replay = true;
            set(&mut row, State::Pending, reason, Some(now), now);
        }
    }
    let mut write = write_of(key, row, attempt.map(by_a_person));
    write.release = release;
    Some(write)
}

/// The attempt becomes what the target was told; without one, the row's version is.
fn take_as_told(row: &mut Delivery, attempt: Option<&Attempt>, open: Open, id: Option<&str>) {
    let lasting = attempt.filter(|_| !open.deletes);
    row.base = Some(Base {
        version: attempt.map_or(row.version, |attempt| attempt.version),
        told: true,
        call: attempt.map(|attempt| attempt.call.clone()),
        payload_hash: lasting.map(|attempt| attempt.payload_hash.clone()),
        attempt: lasting.map(|attempt| attempt.n),
    });
    row.replay = row.replay && open.again;
    if open.deletes {
        row.receipt = None;
        row.probe_first = false;
        return;
    }
    let mut receipt = row.receipt.take().unwrap_or_default();
    receipt.id = id.map(str::to_owned).or(receipt.id);
    receipt.number = attempt.and_then(|attempt| attempt.number.clone()).or(receipt.number);
    // Line ids, and without an id the document's own, are asked for before the next send.
    row.probe_first = true;
    row.receipt = Some(receipt);
}

fn forget_payload(row: &mut Delivery) {
    if let Some(base) = &mut row.base {
        base.payload_hash = None;
        base.attempt = None;
    }
}

/// Queues a document again in its newest version, whatever it was told before (rule 18).
pub fn replayed(key: &Key, mut row: Delivery, now: Time) -> DeliveryWrite {
    settle::anew(&mut row);
    if !row.has_open_attempt() && row.state != State::InDoubt {
        row.tries = 0;
        set(&mut row, State::Pending, Reason::new(Code::Replay, []), Some(now), now);
    }
    write_of(key, row, None)
}
