//! A page batch becomes durable: planned from what the store holds, without writing anything, then written whole.

use std::collections::BTreeMap;

use super::body::Packer;
use super::index::{self, IndexMoves};
use super::key::KeyBytes;
use super::seen::{self, SeenPlan};
use super::tables::{GOOD, NOW, SchemeRow, of_document, of_scheme};
use super::transaction::Tables;
use super::value::{from_head, from_json, to_head, to_json};
use crate::change::{Change, ChangeKind};
use crate::clock::Time;
use crate::crash;
use crate::document::Head;
use crate::name::Key;
use crate::store::{CaptureCommit, CaptureDone, Captured, StoreError, Touched};
use crate::watermark::Progress;

/// A commit on its way to the writer: its bodies are packed where it comes from, beside other work.
pub(super) struct CaptureCommand {
    /// The commit, without its bodies.
    commit: CaptureCommit,
    /// The payload of each captured document's body; none for deletions.
    bodies: Vec<Option<Vec<u8>>>,
    /// The same for each touched document; none where the version's own stays.
    touched_bodies: Vec<Option<Vec<u8>>>,
}

impl CaptureCommand {
    /// Packs the bodies.
    pub(super) fn new(mut commit: CaptureCommit) -> Result<Self, StoreError> {
        let mut packer = Packer::new()?;
        let mut pack = |captured: &mut Captured| {
            let body = std::mem::take(&mut captured.body);
            (captured.kind != ChangeKind::Deleted).then(|| packer.pack(&body)).transpose()
        };
        let bodies = commit.captured.iter_mut().map(&mut pack).collect::<Result<_, _>>()?;
        let mut repack = |touched: &mut Touched| touched.body.take().map(|body| packer.pack(&body)).transpose();
        let touched_bodies = commit.touched.iter_mut().map(&mut repack).collect::<Result<_, _>>()?;
        Ok(Self { commit, bodies, touched_bodies })
    }

    /// Whose documents these are.
    pub(super) fn scheme(&self) -> &str {
        &self.commit.scheme
    }

    /// About how much it will write.
    pub(super) fn bytes(&self) -> usize {
        self.bodies.iter().chain(&self.touched_bodies).flatten().map(Vec::len).sum::<usize>()
            + 256 * self.commit.captured.len()
            + 64 * self.commit.met.len()
    }
}

/// What a commit will write.
pub(super) struct CapturePlan {
    command: CaptureCommand,
    /// Documents by their key: as they were and as they will be.
    heads: BTreeMap<KeyBytes, Moved>,
    changes: Vec<Change>,
    /// Payloads of bodies.
    bodies: BTreeMap<KeyBytes, Vec<u8>>,
    /// The scheme's row as it was, if it was, and as it will be.
    known: Option<SchemeRow>,
    scheme: SchemeRow,
    index: IndexMoves,
    seen: SeenPlan,
    /// The progress to fall back to from now on, where a run ended well.
    good: Option<Progress>,
    stale: Vec<Key>,
}

struct Moved {
    key: Key,
    before: Option<Head>,
    after: Head,
}

/// Looks at what the store holds and decides. A conflict is an error; a stale document is only left out.
pub(super) fn plan(tables: &Tables<'_>, mut command: CaptureCommand) -> Result<CapturePlan, StoreError> {
    let scheme_id = command.commit.scheme.clone();
    check_progress(tables, &command.commit)?;
    let known = tables.schemes.get(&of_scheme(&scheme_id), from_json::<SchemeRow>)?;
    let seen = seen::plan(tables, &command.commit)?;
    let good = good(tables, &command.commit)?;
    let packed = std::mem::take(&mut command.bodies);
    let captured = std::mem::take(&mut command.commit.captured);
    let touched = std::mem::take(&mut command.commit.touched);
    let touched_bodies = std::mem::take(&mut command.touched_bodies);
    let at = command.commit.at.unwrap_or(Time(0));
    let mut plan = CapturePlan {
        command,
        heads: BTreeMap::new(),
        changes: Vec::with_capacity(captured.len()),
        bodies: BTreeMap::new(),
        scheme: known.clone().unwrap_or_default(),
        known,
        index: IndexMoves::default(),
        seen,
        good,
        stale: Vec::new(),
    };
    for (captured, body) in captured.into_iter().zip(packed) {
        plan.capture(tables, &scheme_id, captured, body, at)?;
    }
    for (touched, body) in touched.into_iter().zip(touched_bodies) {
        plan.touch(tables, &scheme_id, touched, body)?;
    }
    plan.scheme.rewind = plan.command.commit.rewind_over(plan.scheme.rewind.take());
    let paths = index::paths_now(tables, &scheme_id)?;
    for moved in plan.heads.values() {
        if moved.before.as_ref().is_none_or(|before| before.version != moved.after.version) {
            let values = plan.command.commit.index.get(&moved.key).filter(|_| !moved.after.is_tombstone());
            plan.index.plan(tables, &scheme_id, &paths, &moved.key, values)?;
        }
        let row = &mut plan.scheme;
        let count = |row: &mut SchemeRow, head: &Head, by: i64| {
            let count = if head.is_tombstone() { &mut row.tombstones } else { &mut row.live };
            *count = count.saturating_add_signed(by);
        };
        if let Some(before) = &moved.before {
            count(row, before, -1);
        }
        count(row, &moved.after, 1);
    }
    Ok(plan)
}

fn check_progress(tables: &Tables<'_>, commit: &CaptureCommit) -> Result<(), StoreError> {
    let Some(step) = &commit.progress else { return Ok(()) };
    let stored = progress(&commit.scheme, |key| tables.watermarks.get(key, from_json))?;
    if stored == step.from {
        return Ok(());
    }
    let at = |progress: &Option<Progress>| progress.as_ref().map_or("nothing".to_owned(), |p| format!("{p:?}"));
    Err(StoreError::Conflict(format!(
        "progress of `{}` is {}, the step begins at {}",
        commit.scheme,
        at(&stored),
        at(&step.from)
    )))
}

/// A run that ends well leaves its progress for a damaged one to fall back to.
fn good(tables: &Tables<'_>, commit: &CaptureCommit) -> Result<Option<Progress>, StoreError> {
    let ends_well = commit.run.as_ref().is_some_and(|run| run.ended.is_some() && run.error.is_none());
    match &commit.progress {
        _ if !ends_well => Ok(None),
        Some(step) => Ok(Some(step.to.clone())),
        None => progress(&commit.scheme, |key| tables.watermarks.get(key, from_json)),
    }
}

/// A scheme's progress; a damaged one falls back to that of the last good run (rule 26).
pub(super) fn progress(
    scheme: &str,
    get: impl Fn(&KeyBytes) -> Result<Option<Progress>, StoreError>,
) -> Result<Option<Progress>, StoreError> {
    match get(&of_scheme(scheme).u8(NOW)) {
        Err(damaged @ StoreError::Damaged { .. }) => match get(&of_scheme(scheme).u8(GOOD)) {
            Ok(Some(good)) => {
                tracing::warn!(scheme, error = %damaged, "progress falls back to the last good run's");
                Ok(Some(good))
            }
            _ => Err(damaged),
        },
        other => other,
    }
}

impl CapturePlan {
    /// The head of a document as this commit has left it so far.
    fn head(&self, tables: &Tables<'_>, at: &KeyBytes) -> Result<Option<Head>, StoreError> {
        match self.heads.get(at) {
            Some(moved) => Ok(Some(moved.after.clone())),
            None => tables.heads.get(at, to_head),
        }
    }

    fn put(&mut self, at: KeyBytes, key: Key, before: Option<Head>, after: Head) {
        match self.heads.get_mut(&at) {
            Some(moved) => moved.after = after,
            None => {
                self.heads.insert(at, Moved { key, before, after });
            }
        }
    }

    fn capture(
        &mut self,
        tables: &Tables<'_>,
        scheme: &str,
        captured: Captured,
        body: Option<Vec<u8>>,
        at: Time,
    ) -> Result<(), StoreError> {
        let Captured { key, expect, kind, number, source_time, raw_hash, canonical_hash, body: _ } = captured;
        let place = of_document(scheme, &key);
        let before = self.head(tables, &place)?;
        let from = before.as_ref().map_or(0, |head| head.version);
        if from != expect {
            self.stale.push(key);
            return Ok(());
        }
        let (version, seq) = (from + 1, self.scheme.last_seq + 1);
        self.scheme.last_seq = seq;
        self.changes.push(Change { seq, kind, key: key.clone(), from, to: version, at });
        if let Some(body) = body {
            self.bodies.insert(place.clone().u64(version), body);
        }
        let gone = kind == ChangeKind::Deleted;
        let after = Head {
            version,
            seq,
            raw_hash: raw_hash.filter(|_| !gone),
            canonical_hash: canonical_hash.filter(|_| !gone),
            captured_at: at,
            source_time,
            number,
            read_at: self.command.commit.asked,
            row_version: self.command.commit.row_versions.get(&key).cloned(),
        };
        self.put(place, key, before, after);
        Ok(())
    }

    fn touch(
        &mut self,
        tables: &Tables<'_>,
        scheme: &str,
        touched: Touched,
        body: Option<Vec<u8>>,
    ) -> Result<(), StoreError> {
        let Touched { key, expect, raw_hash, canonical_hash, source_time, number, body: _ } = touched;
        let place = of_document(scheme, &key);
        match self.head(tables, &place)? {
            Some(before) if before.version == expect && !before.is_tombstone() => {
                let (raw_hash, canonical_hash) = (Some(raw_hash), Some(canonical_hash));
                let read_at = self.command.commit.asked;
                let row_version = self.command.commit.row_versions.get(&key).cloned();
                let after =
                    Head { raw_hash, canonical_hash, source_time, number, read_at, row_version, ..before.clone() };
                if let Some(body) = body {
                    self.bodies.insert(place.clone().u64(after.version), body);
                }
                self.put(place, key, Some(before), after);
            }
            _ => self.stale.push(key),
        }
        Ok(())
    }

    /// Writes what was planned.
    pub(super) fn write(self, tables: &mut Tables<'_>) -> Result<CaptureDone, StoreError> {
        let CaptureCommit { scheme, quarantined, cleared, met, progress, run, .. } = &self.command.commit;
        crash::point("capture.before_first_write");
        for (place, Moved { key, before, after }) in &self.heads {
            tables.heads.put(place, &from_head(after))?;
            let old = before.as_ref().and_then(|head| head.number.as_ref());
            if old != after.number.as_ref() {
                let entry = |number: &str| of_scheme(scheme).text(number).text(key.as_str());
                if let Some(old) = old {
                    tables.numbers.remove(&entry(old))?;
                }
                if let Some(new) = &after.number {
                    tables.numbers.put(&entry(new), &[])?;
                }
            }
            tables.quarantine.remove(place)?;
        }
        self.index.write(tables, scheme)?;
        self.seen.write(tables, scheme, met)?;
        for (place, body) in &self.bodies {
            tables.bodies.put(place, body)?;
        }
        crash::point("capture.between_snapshot_and_change");
        for change in &self.changes {
            tables.changes.put(&of_scheme(scheme).u64(change.seq), &to_json(change))?;
        }
        for key in cleared {
            tables.quarantine.remove(&of_document(scheme, key))?;
        }
        for entry in quarantined {
            tables.quarantine.put(&of_document(scheme, &entry.key), &to_json(entry))?;
        }
        if let Some(step) = progress {
            tables.watermarks.put(&of_scheme(scheme).u8(NOW), &to_json(&step.to))?;
        }
        if let Some(run) = run {
            tables.runs.put(&of_scheme(scheme).u64(run.id), &to_json(run))?;
        }
        if let Some(good) = &self.good {
            tables.watermarks.put(&of_scheme(scheme).u8(GOOD), &to_json(good))?;
        }
        if self.known.as_ref() != Some(&self.scheme) {
            tables.schemes.put(&of_scheme(scheme), &to_json(&self.scheme))?;
        }
        Ok(CaptureDone { last_seq: self.scheme.last_seq, stale: self.stale })
    }
}
