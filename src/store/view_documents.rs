//! Reads of documents, changes, progress and runs.

use super::body;
use super::commit_capture;
use super::key::KeyReader;
use super::rows::{ON, STOP};
use super::shared::Snapshot;
use super::tables::{
    BODIES, CHANGES, HEADS, NUMBERS, QUARANTINE, RUNS, SCHEMES, SchemeRow, WATERMARKS, document_behind, of_document,
    of_scheme,
};
use super::value::{from_json, to_head};
use crate::change::Change;
use crate::document::{Head, Quarantine};
use crate::name::Key;
use crate::store::{DocumentFilter, Run, StoreError};
use crate::watermark::Progress;

type Read<T> = Result<T, StoreError>;

/// See [`crate::store::Store::schemes`].
pub(super) fn schemes(snapshot: &Snapshot) -> Read<Vec<String>> {
    let rows = snapshot.table(&SCHEMES)?;
    let mut schemes = Vec::new();
    rows.scan(&super::key::KeyBytes::new(), None, |key, _| {
        schemes.push(KeyReader::new(key).text().ok_or_else(|| rows.damaged(key))?);
        ON
    })?;
    Ok(schemes)
}

/// A scheme's row; that of a scheme never seen is empty.
pub(super) fn scheme(snapshot: &Snapshot, scheme: &str) -> Read<SchemeRow> {
    Ok(snapshot.table(&SCHEMES)?.get(&of_scheme(scheme), from_json)?.unwrap_or_default())
}

/// See [`crate::store::Store::progress`].
pub(super) fn progress(snapshot: &Snapshot, scheme: &str) -> Read<Option<Progress>> {
    let rows = snapshot.table(&WATERMARKS)?;
    commit_capture::progress(scheme, |key| rows.get(key, from_json))
}

/// See [`crate::store::Store::heads`].
pub(super) fn heads(snapshot: &Snapshot, scheme: &str, keys: &[Key]) -> Read<Vec<Option<Head>>> {
    let rows = snapshot.table(&HEADS)?;
    keys.iter().map(|key| rows.get(&of_document(scheme, key), to_head)).collect()
}

/// See [`crate::store::Store::body`].
pub(super) fn body(snapshot: &Snapshot, scheme: &str, key: &Key, version: u64) -> Read<Option<Vec<u8>>> {
    snapshot.table(&BODIES)?.get(&of_document(scheme, key).u64(version), body::unpack)
}

/// See [`crate::store::Store::versions`].
pub(super) fn versions(snapshot: &Snapshot, scheme: &str, key: &Key) -> Read<Vec<u64>> {
    let rows = snapshot.table(&BODIES)?;
    let mut versions = Vec::new();
    rows.scan(&of_document(scheme, key), None, |key, _| {
        let mut reader = KeyReader::new(key);
        let version = reader.text().and_then(|_| reader.text()).and_then(|_| reader.u64());
        versions.push(version.ok_or_else(|| rows.damaged(key))?);
        ON
    })?;
    Ok(versions)
}

/// See [`crate::store::Store::changes`].
pub(super) fn changes(snapshot: &Snapshot, scheme: &str, after: u64, limit: usize) -> Read<Vec<Change>> {
    let rows = snapshot.table(&CHANGES)?;
    let trimmed = self::scheme(snapshot, scheme)?.trimmed;
    if after < trimmed {
        return Err(StoreError::Trimmed { oldest: trimmed + 1 });
    }
    let mut changes: Vec<Change> = Vec::new();
    if limit == 0 {
        return Ok(changes);
    }
    rows.scan(&of_scheme(scheme), Some(&of_scheme(scheme).u64(after)), |key, payload| {
        let change: Change = from_json(payload).ok_or_else(|| rows.damaged(key))?;
        if changes.last().is_some_and(|last| last.seq + 1 != change.seq) {
            // Sequence numbers have no gaps, so one is missing here.
            return Err(rows.damaged(key));
        }
        changes.push(change);
        if changes.len() == limit { STOP } else { ON }
    })?;
    Ok(changes)
}

/// See [`crate::store::Store::by_number`].
pub(super) fn by_number(snapshot: &Snapshot, scheme: &str, number: &str) -> Read<Vec<Key>> {
    let rows = snapshot.table(&NUMBERS)?;
    let mut keys = Vec::new();
    rows.scan(&of_scheme(scheme).text(number), None, |key, _| {
        keys.push(document_behind(key, 2).ok_or_else(|| rows.damaged(key))?);
        ON
    })?;
    Ok(keys)
}

/// See [`crate::store::Store::documents`].
pub(super) fn documents(snapshot: &Snapshot, scheme: &str, filter: &DocumentFilter) -> Read<Vec<(Key, Head)>> {
    let DocumentFilter { prefix, after, changed_since, limit } = filter;
    let rows = snapshot.table(&HEADS)?;
    let mut documents = Vec::new();
    let first = of_scheme(scheme).beginning(prefix);
    // A key before the prefix is no narrower start than the prefix itself.
    let after = after.as_ref().map(|key| of_document(scheme, key)).filter(|after| *after >= first);
    if *limit == 0 {
        return Ok(documents);
    }
    rows.scan(&first, after.as_ref(), |key, payload| {
        let head = to_head(payload).ok_or_else(|| rows.damaged(key))?;
        if changed_since.is_none_or(|since| head.captured_at >= since) {
            documents.push((document_behind(key, 1).ok_or_else(|| rows.damaged(key))?, head));
        }
        if documents.len() == *limit { STOP } else { ON }
    })?;
    Ok(documents)
}

/// See [`crate::store::Store::quarantined`].
pub(super) fn quarantined(snapshot: &Snapshot, scheme: &str) -> Read<Vec<Quarantine>> {
    let rows = snapshot.table(&QUARANTINE)?;
    let mut quarantined = Vec::new();
    rows.scan(&of_scheme(scheme), None, |key, payload| {
        quarantined.push(from_json(payload).ok_or_else(|| rows.damaged(key))?);
        ON
    })?;
    Ok(quarantined)
}

/// See [`crate::store::Store::quarantine`].
pub(super) fn quarantine(snapshot: &Snapshot, scheme: &str, key: &Key) -> Read<Option<Quarantine>> {
    snapshot.table(&QUARANTINE)?.get(&of_document(scheme, key), from_json)
}

/// See [`crate::store::Store::runs`].
pub(super) fn runs(snapshot: &Snapshot, scheme: &str, before: Option<u64>, limit: usize) -> Read<Vec<Run>> {
    let rows = snapshot.table(&RUNS)?;
    let mut runs = Vec::new();
    if limit == 0 {
        return Ok(runs);
    }
    let before = before.map_or_else(|| of_scheme(scheme).behind(), |before| of_scheme(scheme).u64(before));
    rows.scan_back(&of_scheme(scheme), &before, |key, payload| {
        runs.push(from_json(payload).ok_or_else(|| rows.damaged(key))?);
        if runs.len() == limit { STOP } else { ON }
    })?;
    Ok(runs)
}
