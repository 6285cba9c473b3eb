//! Rebuilding documents after decay (rule 26): a damaged head is made anew from the change log without hashes, a
//! damaged body is given up, and both documents stand in quarantine, so that they are read from the source again.
//! What was lost is never compared with and never sent.

use std::collections::{BTreeMap, BTreeSet};

use super::key::{KeyBytes, KeyReader};
use super::rows::ON;
use super::tables::{SchemeRow, document_behind, of_document, of_scheme};
use super::transaction::Tables;
use super::value::{from_head, from_json, to_head, to_json};
use super::{index, seen};
use crate::change::{Change, ChangeKind};
use crate::clock::Time;
use crate::document::{Head, Quarantine};
use crate::name::Key;
use crate::store::{Delivery, StoreError};

/// The canonical hash of no document: what is read next differs from it and becomes a version with a sound body.
const NO_HASH: [u8; 32] = [0; 32];

/// Schemes that have a damaged row in one of the tables that can be rebuilt.
pub(super) fn damaged(tables: &Tables<'_>) -> Result<BTreeSet<String>, StoreError> {
    let mut schemes = BTreeSet::new();
    let indexes = [&tables.indexes, &tables.indexed, &tables.lookup, &tables.sweeps, &tables.seen];
    for rows in [&tables.heads, &tables.bodies, &tables.numbers].into_iter().chain(indexes) {
        rows.scan_unchecked(None, |key, payload| {
            if payload.is_none() {
                schemes.extend(KeyReader::new(key).text());
            }
            ON
        })?;
    }
    Ok(schemes)
}

/// Rebuilds a scheme's documents.
pub(super) fn rebuild(tables: &mut Tables<'_>, scheme: &str) -> Result<(), StoreError> {
    tracing::error!(scheme, "damaged documents: they are read from the source again");
    heads(tables, scheme)?;
    bodies(tables, scheme)?;
    numbers(tables, scheme)?;
    seen::give_up_damaged(tables, scheme)?;
    index::empty(tables, scheme)
}

fn heads(tables: &mut Tables<'_>, scheme: &str) -> Result<(), StoreError> {
    let prefix = of_scheme(scheme);
    let mut lost: BTreeMap<Key, Option<Change>> = BTreeMap::new();
    tables.heads.scan_unchecked_within(&prefix, None, |key, payload| {
        if payload.is_none()
            && let Some((key, _)) = document(key)
        {
            lost.insert(key, None);
        }
        ON
    })?;
    if lost.is_empty() {
        return Ok(());
    }
    tables.changes.scan_unchecked_within(&prefix, None, |_, payload| {
        if let Some(change) = payload.and_then(from_json::<Change>)
            && let Some(last) = lost.get_mut(&change.key)
        {
            *last = Some(change);
        }
        ON
    })?;
    without_change(tables, scheme, &mut lost)?;
    for change in lost.into_values().flatten() {
        let Change { seq, kind, key, from: _, to, at } = change;
        let deleted = kind == ChangeKind::Deleted;
        let head = Head {
            version: to,
            seq,
            raw_hash: None,
            canonical_hash: (!deleted).then_some(NO_HASH),
            captured_at: at,
            source_time: None,
            number: None,
            read_at: None,
            row_version: None,
        };
        give_up(tables, scheme, &key, head, "the stored hashes of this document were damaged")?;
    }
    Ok(())
}

/// Of documents whose changes are forgotten (rule 17): the newest version that any text or delivery tells of.
fn without_change(
    tables: &Tables<'_>,
    scheme: &str,
    lost: &mut BTreeMap<Key, Option<Change>>,
) -> Result<(), StoreError> {
    if lost.values().all(Option::is_some) {
        return Ok(());
    }
    let prefix = of_scheme(scheme);
    let mut newest: BTreeMap<Key, u64> = BTreeMap::new();
    tables.bodies.scan_unchecked_within(&prefix, None, |at, _| {
        if let Some((key, version)) = document(at)
            && matches!(lost.get(&key), Some(None))
        {
            newest.insert(key, version);
        }
        ON
    })?;
    tables.deliveries.scan_unchecked_within(&prefix, None, |at, payload| {
        if let Some(key) = document_behind(at, 2)
            && matches!(lost.get(&key), Some(None))
            && let Some(row) = payload.and_then(from_json::<Delivery>)
        {
            let version = newest.entry(key).or_default();
            *version = row.newest.max(*version);
        }
        ON
    })?;
    let seq = tables.schemes.get(&prefix, from_json::<SchemeRow>)?.map_or(0, |row| row.trimmed);
    for (key, to) in newest.into_iter().filter(|(_, version)| *version > 0) {
        let change = Change { seq, kind: ChangeKind::Updated, key: key.clone(), from: to - 1, to, at: Time(0) };
        lost.insert(key, Some(change));
    }
    Ok(())
}

fn bodies(tables: &mut Tables<'_>, scheme: &str) -> Result<(), StoreError> {
    let prefix = of_scheme(scheme);
    let mut lost: Vec<(KeyBytes, Key, u64)> = Vec::new();
    tables.bodies.scan_unchecked_within(&prefix, None, |at, payload| {
        if payload.is_none()
            && let Some((key, version)) = document(at)
        {
            lost.push((KeyBytes::from_slice(at), key, version));
        }
        ON
    })?;
    for (at, key, version) in lost {
        tables.bodies.remove(&at)?;
        if let Some(head) = tables.heads.get(&of_document(scheme, &key), to_head)?
            && head.version == version
        {
            let head = Head { raw_hash: None, canonical_hash: Some(NO_HASH), ..head };
            give_up(tables, scheme, &key, head, "the stored text of this document was damaged")?;
        }
    }
    Ok(())
}

/// The document of a key of heads or bodies, and its version if there is one.
fn document(key: &[u8]) -> Option<(Key, u64)> {
    let mut reader = KeyReader::new(key);
    let (_, key) = (reader.text()?, reader.text()?);
    Some((Key::from_text(key), reader.u64().unwrap_or(0)))
}

fn give_up(tables: &mut Tables<'_>, scheme: &str, key: &Key, head: Head, why: &str) -> Result<(), StoreError> {
    let at = of_document(scheme, key);
    tables.heads.put(&at, &from_head(&head))?;
    if !head.is_tombstone() {
        let quarantine =
            Quarantine { key: key.clone(), source_time: head.source_time, why: why.to_owned(), at: head.captured_at };
        tables.quarantine.put(&at, &to_json(&quarantine))?;
    }
    Ok(())
}

fn numbers(tables: &mut Tables<'_>, scheme: &str) -> Result<(), StoreError> {
    let prefix = of_scheme(scheme);
    tables.numbers.remove_all(&prefix)?;
    let (heads, numbers) = (&tables.heads, &mut tables.numbers);
    heads.scan_unchecked_within(&prefix, None, |key, payload| {
        if let Some((key, _)) = document(key)
            && let Some(number) = payload.and_then(to_head).and_then(|head| head.number)
        {
            numbers.put(&of_scheme(scheme).text(&number).text(key.as_str()), &[])?;
        }
        ON
    })
}
