//! The model forgets history.

use std::collections::{BTreeMap, BTreeSet};

use super::Scheme;
use crate::name::Key;
use crate::store::retention::{Kept, run_goes};
use crate::store::{Delivery, Trim, Trimmed};

impl Scheme {
    /// Last sequence number given.
    pub(super) fn last_seq(&self) -> u64 {
        self.trimmed + self.changes.len() as u64
    }

    /// Forgets a bounded part of what may go.
    pub(super) fn trim(&mut self, trim: &Trim) -> Trimmed {
        let mut done = Trimmed { after: trim.after.clone(), ..Trimmed::default() };
        let mut documents: BTreeMap<Key, BTreeSet<u64>> = BTreeMap::new();
        let old = self.changes.iter().take_while(|change| change.at < trim.before_history).count();
        let goes = old.min(trim.limit);
        done.more |= goes < old;
        for change in self.changes.drain(..goes) {
            documents.entry(change.key).or_default().insert(change.to);
        }
        self.trimmed += goes as u64;
        done.changes = goes as u64;
        self.trim_runs(trim, &mut done);
        let mut page = self.heads.keys().filter(|key| trim.after.as_ref().is_none_or(|after| *key > after));
        for key in page.by_ref().take(trim.limit) {
            documents.entry(key.clone()).or_default();
            done.after = Some(key.clone());
        }
        done.more |= page.next().is_some();
        for (key, old) in &documents {
            self.trim_document(trim, (key, old), &mut done);
        }
        done
    }

    fn trim_runs(&mut self, trim: &Trim, done: &mut Trimmed) {
        let last = self.runs.keys().next_back().copied().unwrap_or(0);
        let old = self.runs.values().map_while(|run| Some((run.id, run_goes(run, last, self.sweep.as_ref(), trim)?)));
        let old: Vec<u64> = old.filter(|(_, goes)| *goes).map(|(id, _)| id).collect();
        done.more |= old.len() > trim.limit;
        for id in old.into_iter().take(trim.limit) {
            self.runs.remove(&id);
            done.runs += 1;
        }
    }

    fn trim_document(&mut self, trim: &Trim, (key, old): (&Key, &BTreeSet<u64>), done: &mut Trimmed) {
        let Some(head) = self.heads.get(key) else { return };
        let rows: Vec<Delivery> = self.targets.values().filter_map(|target| target.rows.get(key).cloned()).collect();
        let Some(kept) = Kept::of(head, &rows, trim) else { return };
        let versions: Vec<u64> =
            self.bodies.keys().filter(|(document, _)| document == key).map(|(_, version)| *version).collect();
        for version in kept.bodies(&versions, old, trim) {
            self.bodies.remove(&(key.clone(), version));
            done.bodies += 1;
        }
        for target in self.targets.values_mut() {
            let Some(row) = target.rows.get(key) else { continue };
            let before = target.attempts.len();
            target.attempts.retain(|(document, _), attempt| document != key || !kept.lets_go(attempt, row, trim));
            done.attempts += (before - target.attempts.len()) as u64;
        }
    }
}
