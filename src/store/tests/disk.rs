//! A disk that is full or fails: the store says so, forgets the commands of the moment and goes on.

use super::random;
use super::samples::{created, give, key};
use super::storage::Memory;
use crate::store::model::ModelStore;
use crate::store::{Store, StoreError};

#[test]
fn a_full_disk_is_told_and_the_store_goes_on_when_there_is_space() {
    let memory = Memory::fresh();
    let store = memory.open().unwrap();
    store.commit_capture(created("s", &["1"])).wait().unwrap();
    let before = store.dump().unwrap();
    memory.fail_after(0, true);
    for _ in 0..3 {
        let error = store.commit_capture(created("s", &["2"])).wait().unwrap_err();
        assert!(matches!(error, StoreError::Io(_)), "{error}");
        assert!(error.to_string().starts_with("the database could not be written"), "{error}");
    }
    memory.heal();
    assert_eq!(store.commit_capture(created("s", &["2"])).wait().unwrap().last_seq, 2);
    assert_eq!(store.heads("s", &[key("1"), key("2")]).unwrap().iter().flatten().count(), 2);
    assert_ne!(store.dump().unwrap(), before);
    store.close();
    assert_eq!(memory.open().unwrap().last_seq("s").unwrap(), 2);
}

#[test]
fn all_commands_of_a_failed_group_are_told() {
    let memory = Memory::fresh();
    let store = memory.open().unwrap();
    memory.fail_after(1, false);
    let waiting: Vec<_> = (0..8).map(|i| store.commit_capture(created("s", &[&i.to_string()]))).collect();
    let told: Vec<bool> = waiting.into_iter().map(|pending| pending.wait().is_ok()).collect();
    assert!(told.contains(&false), "the failure was swallowed");
    let stored = store.last_seq("s").unwrap();
    assert!(stored >= told.iter().filter(|ok| **ok).count() as u64);
}

/// Fails the n-th write or sync, for every n until none fails: after each failure the store stands before or
/// after the command that failed, and goes on to the same end.
#[test]
fn any_failed_write_or_sync_is_survived() {
    // A disk that goes on failing meets the same places; fewer of them will do.
    for (persistent, stride) in [(false, 1), (true, 7)] {
        for n in (0..).step_by(stride) {
            if !survives(n, persistent) {
                assert!(n > 50, "the script does too little");
                break;
            }
        }
    }
}

/// Whether a failure happened at all.
fn survives(n: u64, persistent: bool) -> bool {
    let context = format!("failure after {n} operations, persistent {persistent}");
    let memory = Memory::fresh();
    let (store, model) = (memory.open().unwrap(), ModelStore::new());
    let mut random = fastrand::Rng::with_seed(7);
    memory.fail_after(n, persistent);
    for _ in 0..6 {
        let command = random::command(&mut random, &model);
        let before = model.dump().unwrap();
        let expected = give(&model, &command)();
        let after = model.dump().unwrap();
        let mut got = give(&store, &command)();
        while let Err(StoreError::Io(_)) = got {
            memory.heal();
            // Reads fail until the next command has opened the file again.
            let Ok(dump) = store.dump() else {
                give(&store, &super::samples::Given::Capture(unrelated()))().ok();
                assert!(store.dump().is_ok(), "{context}: not open again");
                continue;
            };
            assert!(dump == before || dump == after, "{context}: stands elsewhere:\n{dump}");
            if dump == after && before != after {
                got = expected.clone();
                break;
            }
            got = give(&store, &command)();
        }
        assert_eq!(got.is_ok(), expected.is_ok(), "{context}: {got:?} {expected:?}");
        assert_eq!(store.dump().unwrap(), after, "{context}");
    }
    store.close();
    memory.heal();
    assert_eq!(memory.open().unwrap().dump().unwrap(), model.dump().unwrap(), "{context}: after reopening");
    memory.failures() > 0
}

/// A commit that changes nothing: it is refused for its progress.
fn unrelated() -> crate::store::CaptureCommit {
    crate::store::CaptureCommit { progress: super::samples::step(Some(-12345), 0), ..created("unrelated", &[]) }
}
