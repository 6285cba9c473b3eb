//! The in-memory model: the same promises as plainly as they can be written down. Judge of the embedded store in
//! the tests, and the store of simulated runs. A commit works on a copy and replaces the state only when whole.

mod dump;
mod index;
mod sweep;
mod trim;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::change::{Change, ChangeKind};
use crate::clock::Time;
use crate::document::{Head, Quarantine};
use crate::name::Key;
use crate::reason::State;
use crate::row_version::RowVersion;
use crate::store::{
    Attempt, CaptureCommit, CaptureDone, Delivery, DeliveryCommit, DocumentFilter, IndexFill, Info, Mark, Pending, Run,
    Store, StoreError, SweepState, TargetState, Trim, Trimmed, WriteResult,
};
use crate::watermark::Progress;

/// The model. Holds everything in memory and forgets it when dropped.
#[derive(Debug, Default)]
pub struct ModelStore(Mutex<Model>);

#[derive(Debug, Clone, Default)]
struct Model {
    schemes: BTreeMap<String, Scheme>,
    owners: BTreeMap<String, (String, String, Key)>,
    closed: bool,
}

#[derive(Debug, Clone, Default)]
struct Scheme {
    paused: Option<String>,
    rewind: Option<RowVersion>,
    progress: Option<Progress>,
    /// The progress when a run last ended well.
    good: Option<Progress>,
    runs: BTreeMap<u64, Run>,
    heads: BTreeMap<Key, Head>,
    bodies: BTreeMap<(Key, u64), Arc<Vec<u8>>>,
    changes: Vec<Change>,
    /// Last sequence number forgotten.
    trimmed: u64,
    quarantine: BTreeMap<Key, Quarantine>,
    index: index::Index,
    sweep: Option<SweepState>,
    /// Keys met since a sweep began, by its run.
    seen: BTreeSet<(u64, Key)>,
    targets: BTreeMap<String, Target>,
}

#[derive(Debug, Clone, Default)]
struct Target {
    state: Option<TargetState>,
    rows: BTreeMap<Key, Delivery>,
    attempts: BTreeMap<(Key, u32), Attempt>,
}

impl ModelStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    fn lock(&self) -> MutexGuard<'_, Model> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn command<T>(&self, apply: impl FnOnce(&mut Model) -> Result<T, StoreError>) -> Pending<T> {
        let mut model = self.lock();
        if model.closed {
            return Pending::ready(Err(StoreError::Closed));
        }
        let mut copy = model.clone();
        let result = apply(&mut copy);
        if result.is_ok() {
            *model = copy;
        }
        Pending::ready(result)
    }

    fn read<R>(&self, read: impl FnOnce(&Model) -> R) -> Result<R, StoreError> {
        let model = self.lock();
        if model.closed { Err(StoreError::Closed) } else { Ok(read(&model)) }
    }

    fn scheme<R: Default>(&self, scheme: &str, read: impl FnOnce(&Scheme) -> R) -> Result<R, StoreError> {
        self.read(|model| model.schemes.get(scheme).map(read).unwrap_or_default())
    }

    fn of_target<R: Default>(
        &self,
        scheme: &str,
        target: &str,
        read: impl FnOnce(&Target) -> R,
    ) -> Result<R, StoreError> {
        self.scheme(scheme, |scheme| scheme.targets.get(target).map(read).unwrap_or_default())
    }
}

impl Scheme {
    fn capture(&mut self, commit: CaptureCommit) -> Result<CaptureDone, StoreError> {
        self.rewind = commit.rewind_over(self.rewind.take());
        self.sweep(&commit)?;
        if let Some(step) = commit.progress {
            if step.from != self.progress {
                return Err(StoreError::Conflict("progress".to_owned()));
            }
            self.progress = Some(step.to);
        }
        let at = commit.at.unwrap_or(Time(0));
        let mut stale = Vec::new();
        for captured in commit.captured {
            let version = self.heads.get(&captured.key).map_or(0, |head| head.version);
            if version != captured.expect {
                stale.push(captured.key);
                continue;
            }
            let deleted = captured.kind == ChangeKind::Deleted;
            let seq = self.last_seq() + 1;
            let head = Head {
                version: version + 1,
                seq,
                raw_hash: if deleted { None } else { captured.raw_hash },
                canonical_hash: if deleted { None } else { captured.canonical_hash },
                captured_at: at,
                source_time: captured.source_time,
                number: captured.number,
                read_at: commit.asked,
                row_version: commit.row_versions.get(&captured.key).cloned(),
            };
            if !deleted {
                self.bodies.insert((captured.key.clone(), version + 1), Arc::new(captured.body));
            }
            let (from, to) = (version, version + 1);
            self.changes.push(Change { seq, kind: captured.kind, key: captured.key.clone(), from, to, at });
            self.quarantine.remove(&captured.key);
            self.index.set(&captured.key, commit.index.get(&captured.key).filter(|_| !deleted));
            self.heads.insert(captured.key, head);
        }
        for touched in commit.touched {
            match self.heads.get_mut(&touched.key) {
                Some(head) if head.version == touched.expect && !head.is_tombstone() => {
                    head.raw_hash = Some(touched.raw_hash);
                    head.canonical_hash = Some(touched.canonical_hash);
                    head.source_time = touched.source_time;
                    head.number = touched.number;
                    head.read_at = commit.asked;
                    head.row_version = commit.row_versions.get(&touched.key).cloned();
                    if let Some(body) = touched.body {
                        self.bodies.insert((touched.key.clone(), head.version), Arc::new(body));
                    }
                    self.quarantine.remove(&touched.key);
                }
                _ => stale.push(touched.key),
            }
        }
        for key in &commit.cleared {
            self.quarantine.remove(key);
        }
        for entry in commit.quarantined {
            self.quarantine.insert(entry.key.clone(), entry);
        }
        if let Some(run) = commit.run {
            if run.ended.is_some() && run.error.is_none() && self.progress.is_some() {
                self.good = self.progress.clone();
            }
            self.runs.insert(run.id, run);
        }
        Ok(CaptureDone { last_seq: self.last_seq(), stale })
    }
}

impl Model {
    fn deliver(&mut self, commit: DeliveryCommit) -> Result<Vec<WriteResult>, StoreError> {
        let mirrors = commit.writes.iter().flat_map(|write| write.row.parked.keys());
        let marks: BTreeMap<String, Mark> = mirrors.map(|mirror| (mirror.clone(), self.mark(mirror))).collect();
        let scheme = self.schemes.entry(commit.scheme.clone()).or_default();
        let target = scheme.targets.entry(commit.target.clone()).or_default();
        if let Some((from, _)) = commit.position
            && target.state.as_ref().map_or(0, |state| state.position) != from
        {
            return Err(StoreError::Conflict("position".to_owned()));
        }
        let mut results = Vec::new();
        let mut queued = Vec::new();
        for write in commit.writes {
            let rev = target.rows.get(&write.key).map_or(0, |row| row.rev);
            let stands =
                |(mirror, mark): (&String, &Mark)| marks.get(mirror).is_some_and(|now| !mark.is_passed_by(*now));
            if rev != write.expect || !write.row.parked.iter().all(stands) {
                results.push(WriteResult::Changed);
                continue;
            }
            let ours = (commit.scheme.clone(), commit.target.clone(), write.key.clone());
            let taken = write.claim.as_ref().and_then(|claim| self.owners.get(claim)).filter(|owner| **owner != ours);
            if let Some((scheme, target, key)) = taken {
                results.push(WriteResult::Owned(scheme.clone(), target.clone(), key.clone()));
                continue;
            }
            if let Some(identity) = write.release
                && self.owners.get(&identity) == Some(&ours)
            {
                self.owners.remove(&identity);
            }
            if let Some(identity) = write.claim {
                self.owners.insert(identity, ours);
            }
            if let Some(attempt) = write.attempt {
                target.attempts.insert((write.key.clone(), attempt.n), attempt);
            }
            let mut row = write.row;
            row.rev = rev + 1;
            queued.extend(write.queue.map(|queue| (write.key.clone(), queue)));
            target.rows.insert(write.key, row);
            results.push(WriteResult::Written(rev + 1));
        }
        let complete = results.iter().all(|result| matches!(result, WriteResult::Written(_)));
        if let Some((_, to)) = commit.position.filter(|_| complete) {
            target.state.get_or_insert_default().position = to;
        }
        for (key, queue) in queued {
            let rows = &mut scheme.targets.entry(queue.target.clone()).or_default().rows;
            let row = queue.onto(rows.remove(&key));
            rows.insert(key, row);
        }
        Ok(results)
    }
}

impl Target {
    /// Deliveries with a due time, earliest first.
    fn queue(&self) -> Vec<(Time, Key)> {
        let mut queue: Vec<_> =
            self.rows.iter().filter_map(|(key, row)| row.due.map(|due| (due, key.clone()))).collect();
        queue.sort();
        queue
    }

    fn counts(&self) -> BTreeMap<State, u64> {
        let mut counts = BTreeMap::new();
        for row in self.rows.values() {
            *counts.entry(row.state).or_default() += 1;
        }
        counts
    }
}

impl Store for ModelStore {
    fn commit_capture(&self, commit: CaptureCommit) -> Pending<CaptureDone> {
        self.command(|model| model.schemes.entry(commit.scheme.clone()).or_default().capture(commit))
    }

    fn commit_deliveries(&self, commit: DeliveryCommit) -> Pending<Vec<WriteResult>> {
        self.command(|model| model.deliver(commit))
    }

    fn cut_due(&self, scheme: &str, target: &str, latest: Time, limit: usize) -> Pending<usize> {
        self.command(|model| {
            let target = model.schemes.get_mut(scheme).and_then(|scheme| scheme.targets.get_mut(target));
            let Some(target) = target else { return Ok(0) };
            let late = target.queue().into_iter().rev().take_while(|(due, _)| *due > latest).take(limit);
            let keys: Vec<Key> = late.map(|(_, key)| key).collect();
            for key in &keys {
                if let Some(row) = target.rows.get_mut(key) {
                    row.rev += 1;
                    row.due = Some(latest);
                }
            }
            Ok(keys.len())
        })
    }

    fn trim(&self, trim: Trim) -> Pending<Trimmed> {
        self.command(|model| {
            let nothing = || Trimmed { after: trim.after.clone(), ..Trimmed::default() };
            Ok(model.schemes.get_mut(&trim.scheme).map_or_else(nothing, |scheme| scheme.trim(&trim)))
        })
    }

    fn set_indexed(&self, scheme: &str, paths: BTreeSet<String>) -> Pending<()> {
        self.command(|model| {
            model.schemes.entry(scheme.to_owned()).or_default().index.set_paths(paths);
            Ok(())
        })
    }

    fn fill_index(&self, fill: IndexFill) -> Pending<()> {
        self.command(|model| {
            if let Some(scheme) = model.schemes.get_mut(&fill.scheme) {
                scheme.fill(fill);
            }
            Ok(())
        })
    }

    fn set_target(&self, scheme: &str, target: &str, state: TargetState) -> Pending<()> {
        self.command(|model| {
            let scheme = model.schemes.entry(scheme.to_owned()).or_default();
            let target = scheme.targets.entry(target.to_owned()).or_default();
            let position = target.state.as_ref().map_or(0, |state| state.position);
            target.state = Some(TargetState { position, ..state });
            Ok(())
        })
    }

    fn set_paused(&self, scheme: &str, why: Option<String>) -> Pending<()> {
        self.command(|model| {
            model.schemes.entry(scheme.to_owned()).or_default().paused = why;
            Ok(())
        })
    }

    fn close(&self) {
        self.lock().closed = true;
    }

    fn schemes(&self) -> Result<Vec<String>, StoreError> {
        self.read(|model| model.schemes.keys().cloned().collect())
    }

    fn progress(&self, scheme: &str) -> Result<Option<Progress>, StoreError> {
        self.scheme(scheme, |scheme| scheme.progress.clone())
    }

    fn paused(&self, scheme: &str) -> Result<Option<String>, StoreError> {
        self.scheme(scheme, |scheme| scheme.paused.clone())
    }

    fn rewind(&self, scheme: &str) -> Result<Option<RowVersion>, StoreError> {
        self.scheme(scheme, |scheme| scheme.rewind.clone())
    }

    fn last_seq(&self, scheme: &str) -> Result<u64, StoreError> {
        self.scheme(scheme, Scheme::last_seq)
    }

    fn trimmed(&self, scheme: &str) -> Result<u64, StoreError> {
        self.scheme(scheme, |scheme| scheme.trimmed)
    }

    fn heads(&self, scheme: &str, keys: &[Key]) -> Result<Vec<Option<Head>>, StoreError> {
        let heads = self.scheme(scheme, |scheme| keys.iter().map(|key| scheme.heads.get(key).cloned()).collect())?;
        let mut heads: Vec<_> = heads;
        heads.resize(keys.len(), None);
        Ok(heads)
    }

    fn body(&self, scheme: &str, key: &Key, version: u64) -> Result<Option<Vec<u8>>, StoreError> {
        self.scheme(scheme, |scheme| scheme.bodies.get(&(key.clone(), version)).map(|body| body.to_vec()))
    }

    fn versions(&self, scheme: &str, key: &Key) -> Result<Vec<u64>, StoreError> {
        self.scheme(scheme, |scheme| {
            scheme.bodies.keys().filter(|(document, _)| document == key).map(|(_, version)| *version).collect()
        })
    }

    fn changes(&self, scheme: &str, after: u64, limit: usize) -> Result<Vec<Change>, StoreError> {
        let trimmed = self.trimmed(scheme)?;
        if after < trimmed {
            return Err(StoreError::Trimmed { oldest: trimmed + 1 });
        }
        self.scheme(scheme, |scheme| {
            scheme.changes.iter().filter(|change| change.seq > after).take(limit).cloned().collect()
        })
    }

    fn by_number(&self, scheme: &str, number: &str) -> Result<Vec<Key>, StoreError> {
        self.scheme(scheme, |scheme| {
            let has = |head: &Head| head.number.as_deref() == Some(number);
            scheme.heads.iter().filter(|(_, head)| has(head)).map(|(key, _)| key.clone()).collect()
        })
    }

    fn indexed(&self, scheme: &str) -> Result<BTreeMap<String, bool>, StoreError> {
        self.scheme(scheme, |scheme| scheme.index.paths())
    }

    fn lookup(&self, scheme: &str, path: &str, text: &str, limit: usize) -> Result<Option<Vec<Key>>, StoreError> {
        self.scheme(scheme, |scheme| scheme.index.lookup(path, text, limit))
    }

    fn mark(&self, scheme: &str) -> Result<Mark, StoreError> {
        self.read(|model| model.mark(scheme))
    }

    fn documents(&self, scheme: &str, filter: &DocumentFilter) -> Result<Vec<(Key, Head)>, StoreError> {
        self.scheme(scheme, |scheme| {
            let wanted = |key: &Key, head: &Head| {
                key.as_str().starts_with(&filter.prefix)
                    && filter.after.as_ref().is_none_or(|after| key > after)
                    && filter.changed_since.is_none_or(|since| head.captured_at >= since)
            };
            let found = scheme.heads.iter().filter(|(key, head)| wanted(key, head));
            found.take(filter.limit).map(|(key, head)| (key.clone(), head.clone())).collect()
        })
    }

    fn document_count(&self, scheme: &str) -> Result<(u64, u64), StoreError> {
        self.scheme(scheme, |scheme| {
            let gone = scheme.heads.values().filter(|head| head.is_tombstone()).count();
            ((scheme.heads.len() - gone) as u64, gone as u64)
        })
    }

    fn quarantined(&self, scheme: &str) -> Result<Vec<Quarantine>, StoreError> {
        self.scheme(scheme, |scheme| scheme.quarantine.values().cloned().collect())
    }

    fn quarantine(&self, scheme: &str, key: &Key) -> Result<Option<Quarantine>, StoreError> {
        self.scheme(scheme, |scheme| scheme.quarantine.get(key).cloned())
    }

    fn sweep(&self, scheme: &str) -> Result<Option<SweepState>, StoreError> {
        self.scheme(scheme, |scheme| scheme.sweep.clone())
    }

    fn seen(&self, scheme: &str, run: u64, keys: &[Key]) -> Result<Vec<bool>, StoreError> {
        self.read(|model| {
            let seen = model.schemes.get(scheme).map(|scheme| &scheme.seen);
            keys.iter().map(|key| seen.is_some_and(|seen| seen.contains(&(run, key.clone())))).collect()
        })
    }

    fn runs(&self, scheme: &str, before: Option<u64>, limit: usize) -> Result<Vec<Run>, StoreError> {
        self.scheme(scheme, |scheme| {
            let older = |id: u64| before.is_none_or(|before| id < before);
            scheme.runs.values().rev().filter(|run| older(run.id)).take(limit).cloned().collect()
        })
    }

    fn target(&self, scheme: &str, target: &str) -> Result<Option<TargetState>, StoreError> {
        self.of_target(scheme, target, |target| target.state.clone())
    }

    fn delivery(&self, scheme: &str, target: &str, key: &Key) -> Result<Option<Delivery>, StoreError> {
        self.of_target(scheme, target, |target| target.rows.get(key).cloned())
    }

    fn due(&self, scheme: &str, target: &str, until: Time, limit: usize) -> Result<Vec<(Time, Key)>, StoreError> {
        self.of_target(scheme, target, |target| {
            target.queue().into_iter().filter(|(at, _)| *at <= until).take(limit).collect()
        })
    }

    fn next_due(&self, scheme: &str, target: &str) -> Result<Option<Time>, StoreError> {
        self.of_target(scheme, target, |target| target.rows.values().filter_map(|row| row.due).min())
    }

    fn deliveries(
        &self,
        scheme: &str,
        target: &str,
        state: Option<State>,
        after: Option<&Key>,
        limit: usize,
    ) -> Result<Vec<(Key, Delivery)>, StoreError> {
        self.of_target(scheme, target, |target| {
            let rows = target.rows.iter().filter(|(key, _)| after.is_none_or(|after| *key > after));
            let rows = rows.filter(|(_, row)| state.is_none_or(|state| row.state == state));
            rows.take(limit).map(|(key, row)| (key.clone(), row.clone())).collect()
        })
    }

    fn counts(&self, scheme: &str, target: &str) -> Result<BTreeMap<State, u64>, StoreError> {
        self.of_target(scheme, target, Target::counts)
    }

    fn attempts(&self, scheme: &str, target: &str, key: &Key) -> Result<Vec<Attempt>, StoreError> {
        self.of_target(scheme, target, |target| {
            target.attempts.iter().filter(|((document, _), _)| document == key).map(|(_, a)| a.clone()).collect()
        })
    }

    fn attempt(&self, scheme: &str, target: &str, key: &Key, n: u32) -> Result<Option<Attempt>, StoreError> {
        self.of_target(scheme, target, |target| target.attempts.get(&(key.clone(), n)).cloned())
    }

    fn owner(&self, identity: &str) -> Result<Option<(String, String, Key)>, StoreError> {
        self.read(|model| model.owners.get(identity).cloned())
    }

    fn backup(&self, _to: &std::path::Path) -> Result<u64, StoreError> {
        Err(StoreError::Io("the model lives in memory".to_owned()))
    }

    fn info(&self) -> Result<Info, StoreError> {
        self.read(|_| Info::default())
    }

    fn dump(&self) -> Result<String, StoreError> {
        self.read(dump::dump)
    }
}
