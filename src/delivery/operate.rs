//! What a person does to a delivery: pure moves, each refused with a reason where the state does not allow it.

use crate::clock::Time;
use crate::delivery::settle::set;
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
        _ => return None,
    }
    Some(write_of(key, row, None))
}

/// Gives a document up, until a newer version comes. A later send is probed first if an attempt was open.
pub fn discarded(
    key: &Key,
    mut row: Delivery,
    attempt: Option<Attempt>,
    why: &str,
    now: Time,
) -> Option<DeliveryWrite> {
    if row.state.is_settled() || row.state == State::InFlight {
        return None;
    }
    row.probe_first |= row.state == State::InDoubt;
    row.attempt = None;
    row.version = row.newest;
    row.replay = false;
    set(&mut row, State::Discarded, Reason::new(Code::Discarded, [("why", why.to_owned())]), None, now);
    let attempt = attempt.map(|mut attempt| {
        attempt.answered = Some(now);
        attempt.decision = Some(format!("discarded: {why}"));
        attempt
    });
    Some(write_of(key, row, attempt))
}

/// Settles a document in doubt as a person says.
pub fn resolved(
    key: &Key,
    mut row: Delivery,
    attempt: Option<Attempt>,
    resolution: &Resolution,
    now: Time,
) -> Option<DeliveryWrite> {
    if row.state != State::InDoubt {
        return None;
    }
    let word = match resolution {
        Resolution::Delivered { .. } => "delivered",
        Resolution::Resend => "resend",
    };
    let reason = Reason::new(Code::Resolved, [("resolution", word.to_owned())]);
    row.attempt = None;
    row.absent_since = None;
    row.tries = 0;
    match resolution {
        Resolution::Delivered { id } => {
            let version = attempt.as_ref().map_or(row.version, |attempt| attempt.version);
            row.base = Some(Base {
                version,
                told: true,
                call: attempt.as_ref().map(|attempt| attempt.call.clone()),
                payload_hash: attempt.as_ref().map(|attempt| attempt.payload_hash.clone()),
                attempt: attempt.as_ref().map(|attempt| attempt.n),
            });
            let mut receipt = row.receipt.take().unwrap_or_default();
            receipt.id = id.clone().or(receipt.id);
            receipt.number = attempt.as_ref().and_then(|attempt| attempt.number.clone()).or(receipt.number);
            // Line ids, and without an id the document's own, are asked for before the next send.
            row.probe_first = true;
            row.receipt = Some(receipt);
            let newer = row.newest > row.version;
            set(&mut row, if newer { State::Pending } else { State::Delivered }, reason, newer.then_some(now), now);
        }
        Resolution::Resend => set(&mut row, State::Pending, reason, Some(now), now),
    }
    let attempt = attempt.map(|mut attempt| {
        attempt.answered = Some(now);
        attempt.decision = Some(format!("resolved by a person as {word}"));
        attempt
    });
    Some(write_of(key, row, attempt))
}

/// Queues a document again in its newest version, whatever it was told before (rule 18).
pub fn replayed(key: &Key, mut row: Delivery, now: Time) -> DeliveryWrite {
    row.replays += 1;
    row.replay = true;
    if !row.has_open_attempt() && row.state != State::InDoubt {
        row.tries = 0;
        set(&mut row, State::Pending, Reason::new(Code::Replay, []), Some(now), now);
    }
    write_of(key, row, None)
}
