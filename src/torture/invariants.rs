//! The invariants I1–I8 of reliability.md B4, read off a store: after a kill, and at rest.
//!
//! I9 (deadlines before each send) has no trace in a store: the embedded store's one writer holds no lease.

use std::collections::BTreeSet;

use crate::clock::Time;
use crate::name::Key;
use crate::reason::State;
use crate::store::{Store, StoreError};
use crate::torture::{snapshots, standings};

/// How many rows are read in one go.
pub(super) const AT_ONCE: usize = 500;

/// What does not hold, one sentence each.
#[derive(Debug, Default)]
pub(super) struct Broken(Vec<String>);

impl Broken {
    /// Notes what does not hold.
    pub(super) fn add(&mut self, invariant: &str, what: impl AsRef<str>) {
        self.0.push(format!("{invariant}: {}", what.as_ref()));
    }

    /// Notes it if it does not.
    pub(super) fn expect(&mut self, holds: bool, invariant: &str, what: impl FnOnce() -> String) {
        if !holds {
            self.add(invariant, what());
        }
    }
}

/// What of the invariants does not hold in a store, at any moment between two commits; empty if all do.
///
/// # Errors
/// Only where the store can't be read.
pub fn broken(store: &dyn Store) -> Result<Vec<String>, StoreError> {
    let mut broken = Broken::default();
    for scheme in store.schemes()? {
        snapshots::check(store, &scheme, &mut broken)?;
    }
    for (scheme, target) in targets(store)? {
        standings::check(store, &scheme, &target, &mut broken)?;
    }
    Ok(broken.0)
}

/// Invariant I6 against the source: documents with their own times, as they are there now. The watermark passes none
/// that is not in its snapshot. `grain` is the source's: within it of the watermark nothing can be said.
///
/// # Errors
/// Only where the store can't be read.
pub fn passed_over(
    store: &dyn Store,
    scheme: &str,
    documents: &[(Key, Time)],
    grain: std::time::Duration,
) -> Result<Vec<String>, StoreError> {
    let Some(watermark) = store.progress(scheme)?.and_then(|progress| progress.watermark) else {
        return Ok(Vec::new());
    };
    let mut broken = Broken::default();
    for (key, modified) in documents.iter().filter(|(_, modified)| modified.plus(grain) < watermark) {
        let head = store.heads(scheme, std::slice::from_ref(key))?.into_iter().flatten().next();
        let is_known = head.is_some_and(|head| head.source_time >= Some(*modified));
        if !is_known && store.quarantine(scheme, key)?.is_none() {
            broken.add("I6", format!("the watermark {watermark} of `{scheme}` has passed `{key}` of {modified}"));
        }
    }
    Ok(broken.0)
}

/// What is not settled: document, state and reason; empty when everything has come to rest.
///
/// # Errors
/// Only where the store can't be read.
pub fn unsettled(store: &dyn Store) -> Result<Vec<String>, StoreError> {
    let mut open = Vec::new();
    for (scheme, target) in targets(store)? {
        standings::each(store, &scheme, &target, |key, row| {
            if !row.state.is_settled() || row.state == State::Rejected {
                let why = row.reason.as_ref().map(|reason| format!("{reason:?}")).unwrap_or_default();
                open.push(format!("{scheme}/{target}/{key}: {} {why}", row.state));
            }
            Ok(())
        })?;
    }
    Ok(open)
}

/// Schemes and targets that have a state.
pub(super) fn targets(store: &dyn Store) -> Result<BTreeSet<(String, String)>, StoreError> {
    let text = store.dump()?;
    let rows = text.lines().filter_map(|line| line.strip_prefix("targets "));
    let names = rows.filter_map(|row| {
        let mut words = row.split_whitespace();
        Some((words.next()?.to_owned(), words.next()?.to_owned()))
    });
    Ok(names.collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::store::model::ModelStore;
    use crate::store::{
        CaptureCommit, Delivery, DeliveryCommit, DeliveryWrite, ProgressStep, Step, Store, TargetState,
    };
    use crate::watermark::Progress;

    fn progress(watermark: Time) -> Progress {
        Progress {
            first_start: Time(0),
            start: Time(0),
            watermark: Some(watermark),
            walked_to: None,
            complete_to: None,
            scan: None,
            seen: None,
            trail: Vec::new(),
            fingerprint: String::new(),
        }
    }

    fn named(store: &ModelStore) -> Vec<String> {
        broken(store).unwrap().iter().map(|fault| fault.chars().take(2).collect()).collect()
    }

    #[test]
    fn a_watermark_without_documents_and_rows_that_no_commit_makes_are_found() {
        let store = ModelStore::new();
        assert_eq!(broken(&store).unwrap(), Vec::<String>::new());
        let step = ProgressStep { from: None, to: progress(Time(5000)) };
        let commit = CaptureCommit { scheme: "s".into(), progress: Some(step), ..CaptureCommit::default() };
        store.commit_capture(commit).wait().unwrap();
        assert_eq!(named(&store), ["I6"]);
        let document = (Key::from_text("1"), Time(1000));
        let passed = passed_over(&store, "s", std::slice::from_ref(&document), std::time::Duration::ZERO).unwrap();
        assert_eq!(passed.len(), 1);

        store.set_target("s", "t", TargetState::default()).wait().unwrap();
        for (state, invariant) in [(State::Delivered, "I5"), (State::InFlight, "I2")] {
            let before = store.delivery("s", "t", &document.0).unwrap().map_or(0, |row| row.rev);
            let row = Delivery { state, rev: before, ..Delivery::new(Time(0)) };
            let write = DeliveryWrite {
                key: document.0.clone(),
                expect: before,
                row,
                attempt: None,
                claim: None,
                release: None,
                queue: None,
            };
            let commit = DeliveryCommit {
                scheme: "s".into(),
                target: "t".into(),
                step: Step::Operate,
                position: None,
                writes: vec![write],
            };
            store.commit_deliveries(commit).wait().unwrap();
            assert_eq!(named(&store), ["I6", invariant]);
            assert_eq!(unsettled(&store).unwrap().len(), usize::from(state == State::InFlight));
        }
    }
}
