//! What every store promises, run over each of them: scenarios with their expected outcome, and random commands
//! given to all at once.

#![allow(clippy::unwrap_used)]

mod deliveries;
mod documents;
mod lookups;
mod retention;
mod sweeps;

use std::path::{Path, PathBuf};

use super::model::ModelStore;
use super::tests::random;
use super::tests::samples::*;
use crate::change::ChangeKind;
use crate::reason::State;
use crate::store::{RedbOptions, RedbStore, Store, StoreError, SweepStage, SweepStep};

/// Runs a scenario over every store.
fn on_each(scenario: impl Fn(&dyn Store)) {
    scenario(&ModelStore::new());
    let folder = tempfile::tempdir().unwrap();
    let store = open(&file(folder.path()));
    scenario(&store);
    store.close();
    assert_eq!(open(&file(folder.path())).verify().unwrap(), []);
}

fn file(folder: &Path) -> PathBuf {
    folder.join("deltaferry.redb")
}

fn open(path: &Path) -> RedbStore {
    RedbStore::open(path, &RedbOptions::default()).unwrap()
}

#[test]
fn a_closed_store_says_so() {
    on_each(|store| {
        let pending = store.commit_capture(created("s", &["1"]));
        store.close();
        pending.wait().unwrap();
        assert!(matches!(store.commit_capture(created("s", &["2"])).wait(), Err(StoreError::Closed)));
        assert!(matches!(store.set_paused("s", None).wait(), Err(StoreError::Closed)));
        assert!(matches!(store.last_seq("s"), Err(StoreError::Closed)));
        store.close();
    });
}

#[test]
fn answers_can_be_awaited() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    on_each(|store| {
        let done = runtime.block_on(store.commit_capture(created("s", &["1"]))).unwrap();
        assert_eq!(done.last_seq, 1);
    });
}

#[test]
fn the_whole_store_is_told_as_text() {
    on_each(|store| {
        let mut commit = created("s", &["1", "2 b"]);
        commit.progress = step(None, 10);
        commit.run = Some(run(1, true));
        commit.quarantined = vec![quarantine("3")];
        commit.met = vec![key("1"), key("2 b")];
        commit.sweep = Some(SweepStep { from: None, to: sweep(1, None, SweepStage::Stopped) });
        store.commit_capture(commit).wait().unwrap();
        store.commit_capture(capture("s", vec![captured("2 b", 1, ChangeKind::Deleted)])).wait().unwrap();
        store.set_target("s", "erp", target_state()).wait().unwrap();
        let mut entry = write("1", 0, row(State::InFlight, Some(20)));
        entry.attempt = Some(attempt(2));
        entry.claim = Some("erp SAL_OUTSTOCK SO-1".into());
        store.commit_deliveries(deliver("s", "erp", vec![entry])).wait().unwrap();
        store.set_paused("s", Some("by a person".into())).wait().unwrap();
        insta::assert_snapshot!("dump", store.dump().unwrap());
    });
}

/// What a command came to, without words that differ between stores.
fn outcome(result: Result<String, StoreError>) -> String {
    match result {
        Ok(done) => done,
        Err(StoreError::Conflict(_)) => "conflict".to_owned(),
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn random_commands_leave_every_store_the_same() {
    for seed in random::seeds(3) {
        let mut random = fastrand::Rng::with_seed(seed);
        let folder = tempfile::tempdir().unwrap();
        let (model, mut store) = (ModelStore::new(), open(&file(folder.path())));
        for round in 0..60 {
            let context = format!("DELTAFERRY_SEED={seed}, round {round}");
            // Several at once are one group of the writer; each is made from what the model knows before it.
            let (mut expected, mut waiting, mut commands) = (Vec::new(), Vec::new(), Vec::new());
            for _ in 0..random.usize(1..5) {
                let command = random::command(&mut random, &model);
                waiting.push(give(&store, &command));
                expected.push(outcome(give(&model, &command)()));
                commands.push(command);
            }
            let got: Vec<String> = waiting.into_iter().map(|wait| outcome(wait())).collect();
            assert_eq!(got, expected, "{context}: {commands:#?}");
            let read = |store: &dyn Store| reads(store, &random::SCHEMES, &random::TARGETS, &random::keys());
            for ((name, expected), (_, got)) in read(&model).into_iter().zip(read(&store)) {
                assert_eq!(got.unwrap(), expected.unwrap(), "{context}: {name} after {commands:#?}");
            }
            if random.u8(..8) == 0 {
                store.close();
                store = open(&file(folder.path()));
            }
        }
        assert_eq!(store.verify().unwrap(), [], "DELTAFERRY_SEED={seed}");
    }
}
