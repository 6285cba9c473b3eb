//! Rebuilding what can be rebuilt after decay (rule 26): a damaged delivery becomes in doubt, and a target's queue,
//! index of states and counts are made anew from its deliveries.

use std::collections::{BTreeMap, BTreeSet};

use super::commit_deliveries::{index, put_count};
use super::key::{KeyBytes, KeyReader};
use super::rows::{ON, STOP};
use super::tables::{of_delivery, of_document, of_target};
use super::transaction::Tables;
use super::value::{from_json, to_head, to_json};
use crate::clock::Time;
use crate::name::Key;
use crate::reason::{Code, Reason, State};
use crate::store::{Attempt, Delivery, StoreError};

/// Deliveries looked at between two writes: bounds the memory.
const CHUNK: usize = 1000;

/// Above every revision a row can have reached, so that no write made from the lost row is taken for made from the
/// new one.
const SALVAGED_REV: u64 = 1 << 62;

/// Targets that have a damaged row in one of the tables that can be rebuilt.
pub(super) fn damaged(tables: &Tables<'_>) -> Result<BTreeSet<(String, String)>, StoreError> {
    let mut targets = BTreeSet::new();
    for rows in [&tables.deliveries, &tables.queue, &tables.states, &tables.counts] {
        rows.scan_unchecked(None, |key, payload| {
            let mut reader = KeyReader::new(key);
            if payload.is_none()
                && let (Some(scheme), Some(target)) = (reader.text(), reader.text())
            {
                targets.insert((scheme, target));
            }
            ON
        })?;
    }
    Ok(targets)
}

/// Rebuilds a target's rows.
pub(super) fn rebuild(tables: &mut Tables<'_>, scheme: &str, target: &str) -> Result<(), StoreError> {
    tracing::error!(scheme, target, "damaged rows: damaged deliveries become in doubt, the queue is rebuilt");
    let place = of_target(scheme, target);
    tables.queue.remove_all(&place)?;
    tables.states.remove_all(&place)?;
    tables.counts.remove_all(&place)?;
    let mut counts: BTreeMap<State, u64> = BTreeMap::new();
    let mut after = None;
    loop {
        let rows = chunk(tables, &place, after.as_ref())?;
        let Some((last, _)) = rows.last() else { break };
        after = Some(last.clone());
        for (at, row) in rows {
            let Some(key) = key_of(&at) else { continue };
            let row = match row {
                Some(row) => row,
                None => {
                    let row = salvaged(tables, scheme, target, &key)?;
                    tables.deliveries.put(&at, &to_json(&row))?;
                    row
                }
            };
            index(tables, &place, &key, None, Some(&row))?;
            *counts.entry(row.state).or_default() += 1;
        }
    }
    for (state, count) in counts {
        put_count(tables, &place, state, count)?;
    }
    Ok(())
}

/// The next deliveries of a target after a key, at first after its prefix, which is no key; a damaged one is there
/// without its row.
fn chunk(
    tables: &Tables<'_>,
    place: &KeyBytes,
    after: Option<&KeyBytes>,
) -> Result<Vec<(KeyBytes, Option<Delivery>)>, StoreError> {
    let mut rows = Vec::new();
    tables.deliveries.scan_unchecked_within(place, after, |key, payload| {
        rows.push((KeyBytes::from_slice(key), payload.and_then(from_json::<Delivery>)));
        if rows.len() == CHUNK { STOP } else { ON }
    })?;
    Ok(rows)
}

fn key_of(at: &KeyBytes) -> Option<Key> {
    let mut reader = KeyReader::new(at.as_slice());
    let (_, _, key) = (reader.text()?, reader.text()?, reader.text()?);
    reader.end()?;
    Some(Key::from_text(key))
}

/// The row of a document of which only attempts and head are left: in doubt, looked at at once, and probed before
/// anything is sent for it.
fn salvaged(tables: &Tables<'_>, scheme: &str, target: &str, key: &Key) -> Result<Delivery, StoreError> {
    let place = of_delivery(scheme, target, key);
    let mut last: Option<Attempt> = None;
    tables.attempts.scan_unchecked_within(&place, None, |_, payload| {
        last = payload.and_then(from_json).or(last.take());
        ON
    })?;
    let head = match tables.heads.get(&of_document(scheme, key), to_head) {
        Err(StoreError::Damaged { .. }) => None,
        other => other?,
    };
    let newest = head.as_ref().map_or(0, |head| head.version);
    let version = last.as_ref().map_or(newest, |attempt| attempt.version);
    let at = last.as_ref().map(|attempt| attempt.at).or(head.map(|head| head.captured_at)).unwrap_or(Time(0));
    let n = last.as_ref().map_or(0, |attempt| attempt.n);
    let why = "its stored state was damaged and lost".to_owned();
    Ok(Delivery {
        rev: SALVAGED_REV,
        state: State::InDoubt,
        reason: Some(Reason::new(Code::Unknown, [("attempt", n.to_string()), ("why", why)])),
        version,
        newest: newest.max(version),
        attempt: last.as_ref().map(|attempt| attempt.n),
        attempts: n,
        due: Some(at),
        since: at,
        probe_first: true,
        ..Delivery::new(at)
    })
}
