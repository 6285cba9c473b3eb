//! Rule 8: a database that is not the one written last is recognised, whatever way it came, and no stop of ours is
//! taken for it.

use std::fs;
use std::path::{Path, PathBuf};

use super::samples::{created, target_state};
use crate::store::key::KeyBytes;
use crate::store::tables::META;
use crate::store::{Lineage, Origin, RedbOptions, RedbStore, Store, TargetState, care};

const TARGETS: [&str; 2] = ["t", "t.writeback"];

pub(super) fn open(path: &Path) -> RedbStore {
    RedbStore::open(path, &RedbOptions::default()).unwrap()
}

fn side(path: &Path) -> PathBuf {
    crate::store::side::path(path)
}

/// What opening it for writing makes of a database: its lineage, and whether its targets are marked.
fn opened(path: &Path) -> (Lineage, bool) {
    let store = open(path);
    let states: Vec<TargetState> = TARGETS.iter().filter_map(|target| store.target("s", target).unwrap()).collect();
    let marked = states.iter().filter(|state| state.restored).count();
    assert!(marked == 0 || marked == TARGETS.len(), "all targets or none: {states:?}");
    let kept = TargetState { restored: false, restored_at: None, ..states[0].clone() };
    assert_eq!(kept, target_state(), "nothing else of a target moves");
    (store.info().unwrap().lineage, marked > 0)
}

/// A closed database with two targets.
pub(super) fn stored() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deltaferry.redb");
    let store = open(&path);
    for target in TARGETS {
        store.set_target("s", target, target_state()).wait().unwrap();
    }
    store.commit_capture(created("s", &["1", "2"])).wait().unwrap();
    store.close();
    (folder, path)
}

fn write_more(path: &Path) {
    let store = open(path);
    store.set_paused("s", Some("more".into())).wait().unwrap();
    store.close();
}

#[test]
fn rule_08_the_side_file_names_each_durable_commit_and_is_never_ahead() {
    let (_folder, path) = stored();
    let store = open(&path);
    for n in 0..20 {
        let before = store.info().unwrap().lineage.commits;
        store.set_paused("s", Some(n.to_string())).wait().unwrap();
        let commits = store.info().unwrap().lineage.commits;
        assert_eq!((commits, crate::store::side::read(&path)), (before + 1, Some(commits)));
    }
    store.close();
    let (info, told) = care::info(&path, &RedbOptions::default()).unwrap();
    assert_eq!(Some(info.lineage.commits), told);
    assert!(info.clean && info.lineage.closed.is_some());
}

#[test]
fn rule_08_a_database_in_its_place_is_no_restored_one() {
    let (_folder, path) = stored();
    let first = opened(&path).0;
    assert_eq!((first.origin, first.stamped), (Origin::New, false));
    // A kill between a commit and its note leaves the side file behind.
    fs::write(side(&path), "1\n").unwrap();
    assert_eq!(opened(&path), (first.clone(), false));
    // A kill before the first open could write the side file.
    let fresh = path.with_file_name("fresh.redb");
    open(&fresh).close();
    fs::remove_file(side(&fresh)).unwrap();
    let store = open(&fresh);
    assert_eq!(store.info().unwrap().lineage.origin, Origin::New);
    assert_eq!(crate::store::side::read(&fresh), Some(0));
}

#[test]
fn rule_08_a_database_from_before_the_counter_is_taken_as_it_is() {
    let (_folder, path) = stored();
    let database = RedbOptions::default().builder().open(&path).unwrap();
    let transaction = database.begin_write().unwrap();
    for name in ["lineage", "commits"] {
        let key = KeyBytes::new().text(name);
        let mut meta = transaction.open_table(META.definition()).unwrap();
        assert!(meta.remove(key.as_slice()).unwrap().is_some());
    }
    transaction.commit().unwrap();
    database.close().unwrap();
    fs::remove_file(side(&path)).unwrap();
    let (lineage, marked) = opened(&path);
    assert_eq!((lineage, marked), (Lineage::default(), false));
    write_more(&path);
    let (lineage, marked) = opened(&path);
    assert_eq!((lineage.origin, lineage.epoch, marked), (Origin::New, 0, false));
    assert!(lineage.commits > 0);
}

#[test]
fn rule_08_a_stamped_an_older_and_a_lonely_database_open_as_restored() {
    type Change = fn(&Path);
    let ways: [(&str, Change); 4] = [
        ("a stamped copy in its place", |path| {
            let copy = path.with_file_name("copy.redb");
            care::backup(path, &copy, &RedbOptions::default()).unwrap();
            fs::rename(copy, path).unwrap();
        }),
        ("an older copy put back", |path| {
            let copy = path.with_file_name("copy.redb");
            fs::copy(path, &copy).unwrap();
            write_more(path);
            fs::rename(copy, path).unwrap();
        }),
        ("no side file", |path| fs::remove_file(side(path)).unwrap()),
        ("a side file that does not read", |path| fs::write(side(path), "").unwrap()),
    ];
    for (way, change) in ways {
        let (_folder, path) = stored();
        let (before, marked) = opened(&path);
        assert!(!marked, "{way}");
        change(&path);
        let (after, marked) = opened(&path);
        assert!(marked && after.origin == Origin::Restored && !after.stamped, "{way}: {after:?}");
        assert!(after.epoch > before.epoch, "{way}: older cursors of the feed would still be taken");
        let (closed, told) = care::info(&path, &RedbOptions::default()).unwrap();
        assert_eq!(told, Some(closed.lineage.commits), "{way}");
        // Said once: opened again it is the one written last.
        assert_eq!(opened(&path).0.epoch, after.epoch, "{way}");
    }
}

#[test]
fn rule_08_the_replaced_file_is_noticed_too_if_it_comes_back() {
    let (_folder, path) = stored();
    let (older, newer) = (path.with_file_name("older.redb"), path.with_file_name("newer.redb"));
    fs::copy(&path, &older).unwrap();
    write_more(&path);
    fs::copy(&path, &newer).unwrap();
    fs::copy(&older, &path).unwrap();
    let first = opened(&path);
    fs::copy(&newer, &path).unwrap();
    let second = opened(&path);
    assert!(first.1 && second.1);
    assert_eq!(second.0.origin, Origin::Restored);
}

#[test]
fn rule_08_a_side_file_without_a_database_is_lost_state() {
    let (_folder, path) = stored();
    let before = open(&path).info().unwrap().lineage;
    fs::remove_file(&path).unwrap();
    assert!(care::is_lost(&path));
    let store = open(&path);
    let lineage = store.info().unwrap().lineage;
    assert_eq!(lineage.origin, Origin::Lost);
    assert!(lineage.commits > before.commits && lineage.epoch >= before.epoch);
    store.set_target("s", "t", target_state()).wait().unwrap();
    store.set_target("s", "t.writeback", target_state()).wait().unwrap();
    store.close();
    let (lineage, marked) = opened(&path);
    assert_eq!((lineage.origin, marked), (Origin::Lost, false));
}
