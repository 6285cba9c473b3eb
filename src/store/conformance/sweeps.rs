//! What a sweep keeps in a store (rules.md 23).

use super::on_each;
use crate::store::tests::samples::*;
use crate::store::{CaptureCommit, Store, StoreError, SweepStage, SweepState, SweepStep};

const READING: SweepStage = SweepStage::Reading { window: None };

fn step(store: &dyn Store, to: &SweepState) {
    let step = SweepStep { from: store.sweep("s").unwrap(), to: to.clone() };
    store.commit_capture(CaptureCommit { sweep: Some(step), ..capture("s", Vec::new()) }).wait().unwrap();
}

fn meet(store: &dyn Store, keys: &[&str]) {
    let met = keys.iter().map(|text| key(text)).collect();
    store.commit_capture(CaptureCommit { met, ..capture("s", Vec::new()) }).wait().unwrap();
}

fn seen(store: &dyn Store, run: u64) -> Vec<bool> {
    store.seen("s", run, &["1", "2", "3"].map(key)).unwrap()
}

#[test]
fn rule_23_what_is_met_while_a_sweep_is_open_is_seen_by_it_and_by_it_alone() {
    on_each(|store| {
        meet(store, &["1"]);
        assert_eq!((store.sweep("s").unwrap(), seen(store, 1)), (None, vec![false; 3]), "no sweep is open");
        step(store, &sweep(1, None, READING));
        meet(store, &["1"]);
        let mut commit = created("s", &["2"]);
        commit.met = vec![key("2")];
        store.commit_capture(commit).wait().unwrap();
        assert_eq!(seen(store, 1), [true, true, false], "by its pages and by reads beside it");
        assert_eq!(store.seen("t", 1, &[key("1")]).unwrap(), [false], "another scheme's");
        step(store, &sweep(1, None, SweepStage::Stopped));
        meet(store, &["3"]);
        assert_eq!(seen(store, 1), [true; 3], "while it asks");
        step(store, &sweep(4, None, READING));
        assert_eq!((seen(store, 1), seen(store, 4)), (vec![false; 3], vec![false; 3]), "a generation of its own");
        step(store, &sweep(4, None, SweepStage::Ended));
        meet(store, &["1"]);
        assert_eq!(seen(store, 4), [false; 3], "it has ended");
    });
}

#[test]
fn rule_23_the_complete_sweep_before_is_kept_beside_the_present_one_and_no_more() {
    on_each(|store| {
        for (run, previous, met) in [(1, None, "1"), (2, Some(1), "2"), (3, Some(2), "3")] {
            step(store, &sweep(run, previous, READING));
            meet(store, &[met]);
        }
        assert_eq!([1, 2, 3].map(|run| seen(store, run)), [[false; 3], [false, true, false], [false, false, true]]);
    });
}

#[test]
fn rule_23_a_step_from_elsewhere_is_a_conflict_and_leaves_no_trace() {
    on_each(|store| {
        step(store, &sweep(1, None, READING));
        let elsewhere = SweepStep { from: None, to: sweep(2, None, READING) };
        let commit = CaptureCommit { sweep: Some(elsewhere), met: vec![key("1")], ..created("s", &["1"]) };
        let refused = store.commit_capture(commit).wait();
        assert!(matches!(refused, Err(StoreError::Conflict(_))), "{refused:?}");
        assert_eq!((store.last_seq("s").unwrap(), seen(store, 1)), (0, vec![false; 3]));
        assert_eq!(store.sweep("s").unwrap(), Some(sweep(1, None, READING)));
    });
}
