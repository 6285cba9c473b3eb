//! The whole embedded store as text, table by table, each row as it lies there: queue, index and counts too, so
//! that a test sees when they part from what they are made of.

use super::body;
use super::index::to_ready;
use super::key::{KeyBytes, KeyReader};
use super::lines::Lines;
use super::rows::ON;
use super::shared::Snapshot;
use super::tables::{
    self, ATTEMPTS, BODIES, CHANGES, COUNTS, DELIVERIES, HEADS, IDENTITIES, INDEXED, INDEXES, LOOKUP, NOW, NUMBERS,
    Owner, QUARANTINE, QUEUE, RUNS, SCHEMES, SEEN, STATES, SWEEPS, SchemeRow, TARGETS, Table, WATERMARKS,
};
use super::value::{from_json, to_count, to_head};
use crate::name::Key;
use crate::store::StoreError;

/// Writes every table but `meta`, which speaks of the file and not of what is stored.
pub(super) fn dump(snapshot: &Snapshot) -> Result<String, StoreError> {
    let mut lines = Lines::default();
    documents(snapshot, &mut lines)?;
    deliveries(snapshot, &mut lines)?;
    Ok(lines.into_text())
}

/// Writes a table's rows; `line` answers `None` for a row that does not read.
fn each(
    snapshot: &Snapshot,
    table: &'static Table,
    mut line: impl FnMut(&mut KeyReader<'_>, &[u8]) -> Option<()>,
) -> Result<(), StoreError> {
    let rows = snapshot.table(table)?;
    rows.scan(&KeyBytes::new(), None, |key, payload| {
        let mut reader = KeyReader::new(key);
        line(&mut reader, payload).and_then(|()| reader.end()).ok_or_else(|| rows.damaged(key))?;
        ON
    })
}

fn documents(snapshot: &Snapshot, lines: &mut Lines) -> Result<(), StoreError> {
    each(snapshot, &SCHEMES, |key, payload| {
        let SchemeRow { last_seq, live, tombstones, paused, rewind, trimmed } = from_json(payload)?;
        let scheme = key.text()?;
        lines.scheme(&scheme, last_seq, live, tombstones, paused.as_ref());
        rewind.iter().for_each(|to| lines.rewind(&scheme, to));
        if trimmed > 0 {
            lines.trimmed(&scheme, trimmed);
        }
        Some(())
    })?;
    each(snapshot, &WATERMARKS, |key, payload| {
        let (scheme, slot) = (key.text()?, key.u8()?);
        lines.progress(&scheme, if slot == NOW { "now" } else { "good" }, &from_json(payload)?);
        Some(())
    })?;
    each(snapshot, &RUNS, |key, payload| {
        let (scheme, _) = (key.text()?, key.u64()?);
        lines.run(&scheme, &from_json(payload)?);
        Some(())
    })?;
    each(snapshot, &HEADS, |key, payload| {
        let (scheme, document) = (key.text()?, document(key)?);
        lines.head(&scheme, &document, &to_head(payload)?);
        Some(())
    })?;
    each(snapshot, &BODIES, |key, payload| {
        let (scheme, document, version) = (key.text()?, document(key)?, key.u64()?);
        lines.body(&scheme, &document, version, &body::unpack(payload)?);
        Some(())
    })?;
    each(snapshot, &CHANGES, |key, payload| {
        let (scheme, _) = (key.text()?, key.u64()?);
        lines.change(&scheme, &from_json(payload)?);
        Some(())
    })?;
    each(snapshot, &NUMBERS, |key, _| {
        let (scheme, number, document) = (key.text()?, key.text()?, document(key)?);
        lines.number(&scheme, &number, &document);
        Some(())
    })?;
    each(snapshot, &INDEXES, |key, payload| {
        lines.index(&key.text()?, &key.text()?, to_ready(payload)?);
        Some(())
    })?;
    each(snapshot, &INDEXED, |key, payload| {
        lines.indexed(&key.text()?, &key.text()?, &document(key)?, std::str::from_utf8(payload).ok()?);
        Some(())
    })?;
    each(snapshot, &LOOKUP, |key, _| {
        lines.lookup(&key.text()?, &key.text()?, &key.text()?, &document(key)?);
        Some(())
    })?;
    each(snapshot, &QUARANTINE, |key, payload| {
        let (scheme, _) = (key.text()?, key.text()?);
        lines.quarantine(&scheme, &from_json(payload)?);
        Some(())
    })?;
    each(snapshot, &SWEEPS, |key, payload| {
        lines.sweep(&key.text()?, &from_json(payload)?);
        Some(())
    })?;
    each(snapshot, &SEEN, |key, _| {
        lines.seen(&key.text()?, key.u64()?, &document(key)?);
        Some(())
    })
}

fn deliveries(snapshot: &Snapshot, lines: &mut Lines) -> Result<(), StoreError> {
    each(snapshot, &TARGETS, |key, payload| {
        lines.target(&key.text()?, &key.text()?, &from_json(payload)?);
        Some(())
    })?;
    each(snapshot, &DELIVERIES, |key, payload| {
        lines.delivery(&key.text()?, &key.text()?, &document(key)?, &from_json(payload)?);
        Some(())
    })?;
    each(snapshot, &QUEUE, |key, _| {
        lines.queued(&key.text()?, &key.text()?, key.time()?, &document(key)?);
        Some(())
    })?;
    each(snapshot, &STATES, |key, _| {
        lines.in_state(&key.text()?, &key.text()?, tables::state(key.u8()?)?, &document(key)?);
        Some(())
    })?;
    each(snapshot, &COUNTS, |key, payload| {
        lines.count(&key.text()?, &key.text()?, tables::state(key.u8()?)?, to_count(payload)?);
        Some(())
    })?;
    each(snapshot, &ATTEMPTS, |key, payload| {
        let (scheme, target, document, _) = (key.text()?, key.text()?, document(key)?, key.u32()?);
        lines.attempt(&scheme, &target, &document, &from_json(payload)?);
        Some(())
    })?;
    each(snapshot, &IDENTITIES, |key, payload| {
        let Owner { scheme, target, key: document } = from_json(payload)?;
        lines.owner(&key.text()?, &scheme, &target, &document);
        Some(())
    })
}

fn document(key: &mut KeyReader<'_>) -> Option<Key> {
    key.text().map(Key::from_text)
}
