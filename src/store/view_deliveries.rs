//! Reads of targets, deliveries, attempts and owners.

use super::commit_deliveries::queued;
use super::key::{KeyBytes, KeyReader};
use super::rows::{ON, STOP};
use super::shared::Snapshot;
use super::tables::{
    self, ATTEMPTS, COUNTS, DELIVERIES, IDENTITIES, Owner, QUEUE, STATES, TARGETS, code, document_behind, of_delivery,
    of_target,
};
use super::value::{from_json, to_count};
use crate::clock::Time;
use crate::name::Key;
use crate::reason::State;
use crate::store::{Attempt, Delivery, StoreError, TargetState};
use std::collections::BTreeMap;

type Read<T> = Result<T, StoreError>;

/// See [`crate::store::Store::target`].
pub(super) fn target(snapshot: &Snapshot, scheme: &str, target: &str) -> Read<Option<TargetState>> {
    snapshot.table(&TARGETS)?.get(&of_target(scheme, target), from_json)
}

/// See [`crate::store::Store::delivery`].
pub(super) fn delivery(snapshot: &Snapshot, scheme: &str, target: &str, key: &Key) -> Read<Option<Delivery>> {
    snapshot.table(&DELIVERIES)?.get(&of_delivery(scheme, target, key), from_json)
}

/// See [`crate::store::Store::due`].
pub(super) fn due(
    snapshot: &Snapshot,
    scheme: &str,
    target: &str,
    until: Time,
    limit: usize,
) -> Read<Vec<(Time, Key)>> {
    let rows = snapshot.table(&QUEUE)?;
    let mut due = Vec::new();
    if limit == 0 {
        return Ok(due);
    }
    rows.scan(&of_target(scheme, target), None, |key, _| {
        let (at, document) = queued(key).ok_or_else(|| rows.damaged(key))?;
        if at > until {
            return STOP;
        }
        due.push((at, document));
        if due.len() == limit { STOP } else { ON }
    })?;
    Ok(due)
}

/// See [`crate::store::Store::deliveries`].
pub(super) fn deliveries(
    snapshot: &Snapshot,
    scheme: &str,
    target: &str,
    state: Option<State>,
    after: Option<&Key>,
    limit: usize,
) -> Read<Vec<(Key, Delivery)>> {
    let rows = snapshot.table(&DELIVERIES)?;
    let mut found = Vec::new();
    if limit == 0 {
        return Ok(found);
    }
    let Some(state) = state else {
        let after = after.map(|key| of_delivery(scheme, target, key));
        rows.scan(&of_target(scheme, target), after.as_ref(), |key, payload| {
            let document = document_behind(key, 2).ok_or_else(|| rows.damaged(key))?;
            found.push((document, from_json(payload).ok_or_else(|| rows.damaged(key))?));
            if found.len() == limit { STOP } else { ON }
        })?;
        return Ok(found);
    };
    let index = snapshot.table(&STATES)?;
    let place = of_target(scheme, target).u8(code(state));
    let after = after.map(|key| place.clone().text(key.as_str()));
    index.scan(&place, after.as_ref(), |key, _| {
        let document = Key::from_text(indexed(key).ok_or_else(|| index.damaged(key))?);
        match rows.get(&of_delivery(scheme, target, &document), from_json::<Delivery>)? {
            Some(row) if row.state == state => found.push((document, row)),
            // The index and the rows move in one transaction: one of the two is not what was written.
            _ => return Err(index.damaged(key)),
        }
        if found.len() == limit { STOP } else { ON }
    })?;
    Ok(found)
}

fn indexed(key: &[u8]) -> Option<String> {
    let mut reader = KeyReader::new(key);
    let (_, _, _, document) = (reader.text()?, reader.text()?, reader.u8()?, reader.text()?);
    Some(document)
}

/// See [`crate::store::Store::counts`].
pub(super) fn counts(snapshot: &Snapshot, scheme: &str, target: &str) -> Read<BTreeMap<State, u64>> {
    let rows = snapshot.table(&COUNTS)?;
    let mut counts = BTreeMap::new();
    rows.scan(&of_target(scheme, target), None, |key, payload| {
        let state = key.last().and_then(|code| tables::state(*code));
        let (Some(state), Some(count)) = (state, to_count(payload)) else { return Err(rows.damaged(key)) };
        counts.insert(state, count);
        ON
    })?;
    Ok(counts)
}

/// See [`crate::store::Store::attempts`].
pub(super) fn attempts(snapshot: &Snapshot, scheme: &str, target: &str, key: &Key) -> Read<Vec<Attempt>> {
    let rows = snapshot.table(&ATTEMPTS)?;
    let mut attempts = Vec::new();
    rows.scan(&of_delivery(scheme, target, key), None, |key, payload| {
        attempts.push(from_json(payload).ok_or_else(|| rows.damaged(key))?);
        ON
    })?;
    Ok(attempts)
}

/// See [`crate::store::Store::attempt`].
pub(super) fn attempt(snapshot: &Snapshot, scheme: &str, target: &str, key: &Key, n: u32) -> Read<Option<Attempt>> {
    snapshot.table(&ATTEMPTS)?.get(&of_delivery(scheme, target, key).u32(n), from_json)
}

/// See [`crate::store::Store::owner`].
pub(super) fn owner(snapshot: &Snapshot, identity: &str) -> Read<Option<(String, String, Key)>> {
    let owner: Option<Owner> = snapshot.table(&IDENTITIES)?.get(&KeyBytes::new().text(identity), from_json)?;
    Ok(owner.map(|Owner { scheme, target, key }| (scheme, target, key)))
}
