//! The model's index of look-ups.

use std::collections::{BTreeMap, BTreeSet};

use super::{Model, Scheme};
use crate::name::Key;
use crate::store::{IndexFill, IndexValues, Mark};

/// What a scheme is looked up by: path → whether it is filled, and the text of each document.
#[derive(Debug, Clone, Default)]
pub(super) struct Index(pub(super) BTreeMap<String, (bool, BTreeMap<Key, String>)>);

impl Index {
    pub(super) fn set_paths(&mut self, wanted: BTreeSet<String>) {
        self.0.retain(|path, _| wanted.contains(path));
        for path in wanted {
            self.0.entry(path).or_default();
        }
    }

    /// The values of a document's newest version; none for a tombstone.
    pub(super) fn set(&mut self, key: &Key, values: Option<&IndexValues>) {
        for (path, (_, texts)) in &mut self.0 {
            match values.and_then(|values| values.iter().find(|(at, _)| at == path)) {
                Some((_, text)) => texts.insert(key.clone(), text.clone()),
                None => texts.remove(key),
            };
        }
    }

    pub(super) fn paths(&self) -> BTreeMap<String, bool> {
        self.0.iter().map(|(path, (ready, _))| (path.clone(), *ready)).collect()
    }

    pub(super) fn lookup(&self, path: &str, text: &str, limit: usize) -> Option<Vec<Key>> {
        let (_, texts) = self.0.get(path).filter(|(ready, _)| *ready)?;
        Some(texts.iter().filter(|(_, one)| *one == text).take(limit).map(|(key, _)| key.clone()).collect())
    }
}

impl Scheme {
    pub(super) fn fill(&mut self, fill: IndexFill) {
        for (key, version, values) in fill.entries {
            if self.heads.get(&key).is_some_and(|head| head.version == version && !head.is_tombstone()) {
                self.index.set(&key, Some(&values));
            }
        }
        for path in fill.ready {
            if let Some((ready, _)) = self.index.0.get_mut(&path) {
                *ready = true;
            }
        }
    }

    pub(super) fn mark(&self) -> Mark {
        let read = self.progress.as_ref().is_some_and(|progress| progress.complete_to.is_some());
        Mark { seq: self.last_seq(), complete: read && self.index.0.values().all(|(ready, _)| *ready) }
    }
}

impl Model {
    pub(super) fn mark(&self, scheme: &str) -> Mark {
        self.schemes.get(scheme).map(Scheme::mark).unwrap_or_default()
    }
}
