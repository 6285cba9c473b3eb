//! The index that look-ups ask: by which paths, what each newest snapshot has under them, and which documents have a
//! text. Like every command, planned without writing, then written.

use std::collections::{BTreeMap, BTreeSet};

use super::commit_capture;
use super::key::KeyBytes;
use super::rows::{ON, Rows, STOP};
use super::shared::Snapshot;
use super::tables::{INDEXES, LOOKUP, SchemeRow, document_behind, of_document, of_scheme, text_behind};
use super::transaction::Tables;
use super::value::{from_json, to_head, to_json};
use super::view_documents;
use crate::name::Key;
use crate::store::{IndexFill, IndexValues, Mark, StoreError};

/// Whether an index is filled.
pub(super) fn to_ready(payload: &[u8]) -> Option<bool> {
    match payload {
        [0] => Some(false),
        [1] => Some(true),
        _ => None,
    }
}

/// The paths of a scheme, and whether each is filled.
fn paths<T: redb::ReadableTable<&'static [u8], &'static [u8]>>(
    rows: &Rows<T>,
    scheme: &str,
) -> Result<BTreeMap<String, bool>, StoreError> {
    let mut paths = BTreeMap::new();
    rows.scan(&of_scheme(scheme), None, |key, payload| {
        let path = text_behind(key, 1);
        let (path, ready) = path.zip(to_ready(payload)).ok_or_else(|| rows.damaged(key))?;
        paths.insert(path, ready);
        ON
    })?;
    Ok(paths)
}

/// What moves in the index: by path and document, the text as it was and as it will be.
#[derive(Default)]
pub(super) struct IndexMoves(BTreeMap<(String, Key), (Option<String>, Option<String>)>);

impl IndexMoves {
    /// Plans the values of a document's newest version; `None` for a tombstone.
    pub(super) fn plan(
        &mut self,
        tables: &Tables<'_>,
        scheme: &str,
        paths: &BTreeMap<String, bool>,
        key: &Key,
        values: Option<&IndexValues>,
    ) -> Result<(), StoreError> {
        for path in paths.keys() {
            let new = values.and_then(|values| values.iter().find(|(at, _)| at == path)).map(|(_, text)| text.clone());
            let place = (path.clone(), key.clone());
            let known = self.0.get(&place).map(|(old, _)| old.clone());
            let old = match known {
                Some(old) => old,
                None => tables
                    .indexed
                    .get(&indexed(scheme, path, key), |payload| Some(std::str::from_utf8(payload).ok()?.to_owned()))?,
            };
            self.0.insert(place, (old, new));
        }
        Ok(())
    }

    /// Writes what was planned.
    pub(super) fn write(&self, tables: &mut Tables<'_>, scheme: &str) -> Result<(), StoreError> {
        for ((path, key), (old, new)) in self.0.iter().filter(|(_, (old, new))| old != new) {
            if let Some(old) = old {
                tables.lookup.remove(&found_by(scheme, path, old, key))?;
            }
            match new {
                Some(new) => {
                    tables.lookup.put(&found_by(scheme, path, new, key), &[])?;
                    tables.indexed.put(&indexed(scheme, path, key), new.as_bytes())?;
                }
                None => tables.indexed.remove(&indexed(scheme, path, key))?,
            }
        }
        Ok(())
    }
}

/// The paths of a scheme within a write transaction.
pub(super) fn paths_now(tables: &Tables<'_>, scheme: &str) -> Result<BTreeMap<String, bool>, StoreError> {
    paths(&tables.indexes, scheme)
}

fn indexed(scheme: &str, path: &str, key: &Key) -> KeyBytes {
    of_scheme(scheme).text(path).text(key.as_str())
}

fn found_by(scheme: &str, path: &str, text: &str, key: &Key) -> KeyBytes {
    of_scheme(scheme).text(path).text(text).text(key.as_str())
}

/// What a command will write.
pub(super) enum IndexPlan {
    /// Paths that are new, paths that are dropped, and whether the scheme is.
    Paths { scheme: String, new: Vec<String>, dropped: Vec<String>, new_scheme: bool },
    /// Values, and paths that are complete with them.
    Fill { scheme: String, moves: IndexMoves, ready: Vec<String> },
}

/// The paths a scheme is looked up by from now on.
pub(super) fn plan_paths(
    tables: &Tables<'_>,
    scheme: String,
    wanted: &BTreeSet<String>,
) -> Result<IndexPlan, StoreError> {
    let known = paths_now(tables, &scheme)?;
    let new = wanted.iter().filter(|path| !known.contains_key(*path)).cloned().collect();
    let dropped = known.into_keys().filter(|path| !wanted.contains(path)).collect();
    let new_scheme = tables.schemes.get(&of_scheme(&scheme), from_json::<SchemeRow>)?.is_none();
    Ok(IndexPlan::Paths { scheme, new, dropped, new_scheme })
}

/// Values of what was stored before.
pub(super) fn plan_fill(tables: &Tables<'_>, fill: IndexFill) -> Result<IndexPlan, StoreError> {
    let IndexFill { scheme, entries, ready } = fill;
    let paths = paths_now(tables, &scheme)?;
    let mut moves = IndexMoves::default();
    for (key, version, values) in &entries {
        let head = tables.heads.get(&of_document(&scheme, key), to_head)?;
        if head.is_some_and(|head| head.version == *version && !head.is_tombstone()) {
            moves.plan(tables, &scheme, &paths, key, Some(values))?;
        }
    }
    let ready = ready.into_iter().filter(|path| paths.contains_key(path)).collect();
    Ok(IndexPlan::Fill { scheme, moves, ready })
}

impl IndexPlan {
    /// Writes what was planned.
    pub(super) fn write(self, tables: &mut Tables<'_>) -> Result<(), StoreError> {
        match self {
            Self::Paths { scheme, new, dropped, new_scheme } => {
                for path in dropped {
                    let place = of_scheme(&scheme).text(&path);
                    tables.indexes.remove(&place)?;
                    tables.indexed.remove_all(&place)?;
                    tables.lookup.remove_all(&place)?;
                }
                for path in new {
                    tables.indexes.put(&of_scheme(&scheme).text(&path), &[0])?;
                }
                if new_scheme {
                    tables.schemes.put(&of_scheme(&scheme), &to_json(&SchemeRow::default()))?;
                }
            }
            Self::Fill { scheme, moves, ready } => {
                moves.write(tables, &scheme)?;
                for path in ready {
                    tables.indexes.put(&of_scheme(&scheme).text(&path), &[1])?;
                }
            }
        }
        Ok(())
    }
}

/// Empties a scheme's indexes, to be filled anew from its snapshots: until then what is not found may be there.
pub(super) fn empty(tables: &mut Tables<'_>, scheme: &str) -> Result<(), StoreError> {
    let place = of_scheme(scheme);
    tables.indexed.remove_all(&place)?;
    tables.lookup.remove_all(&place)?;
    let mut known = Vec::new();
    tables.indexes.scan_unchecked_within(&place, None, |key, _| {
        known.extend(text_behind(key, 1));
        ON
    })?;
    tables.indexes.remove_all(&place)?;
    for path in known {
        tables.indexes.put(&of_scheme(scheme).text(&path), &[0])?;
    }
    Ok(())
}

/// See [`crate::store::Store::indexed`].
pub(super) fn view_paths(snapshot: &Snapshot, scheme: &str) -> Result<BTreeMap<String, bool>, StoreError> {
    paths(&snapshot.table(&INDEXES)?, scheme)
}

/// See [`crate::store::Store::lookup`].
pub(super) fn view(
    snapshot: &Snapshot,
    scheme: &str,
    path: &str,
    text: &str,
    limit: usize,
) -> Result<Option<Vec<Key>>, StoreError> {
    if snapshot.table(&INDEXES)?.get(&of_scheme(scheme).text(path), to_ready)? != Some(true) {
        return Ok(None);
    }
    let rows = snapshot.table(&LOOKUP)?;
    let mut keys = Vec::new();
    if limit == 0 {
        return Ok(Some(keys));
    }
    rows.scan(&of_scheme(scheme).text(path).text(text), None, |key, _| {
        keys.push(document_behind(key, 3).ok_or_else(|| rows.damaged(key))?);
        if keys.len() == limit { STOP } else { ON }
    })?;
    Ok(Some(keys))
}

/// See [`crate::store::Store::mark`].
pub(super) fn view_mark(snapshot: &Snapshot, scheme: &str) -> Result<Mark, StoreError> {
    let seq = view_documents::scheme(snapshot, scheme)?.last_seq;
    let read = view_documents::progress(snapshot, scheme)?.is_some_and(|progress| progress.complete_to.is_some());
    let filled = view_paths(snapshot, scheme)?.into_values().all(|ready| ready);
    Ok(Mark { seq, complete: read && filled })
}

/// The same within a write transaction.
pub(super) fn mark_now(tables: &Tables<'_>, scheme: &str) -> Result<Mark, StoreError> {
    let row = tables.schemes.get(&of_scheme(scheme), from_json::<SchemeRow>)?;
    let progress = commit_capture::progress(scheme, |key| tables.watermarks.get(key, from_json))?;
    let filled = paths_now(tables, scheme)?.into_values().all(|ready| ready);
    let read = progress.is_some_and(|progress| progress.complete_to.is_some());
    Ok(Mark { seq: row.map_or(0, |row| row.last_seq), complete: read && filled })
}
