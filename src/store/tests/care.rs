//! Care of the file: backup, restore, verify, compact; each killed half-way too.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::lineage::{open, stored};
use super::samples::{created, target_state};
use crate::store::care::{self, Pages};
use crate::store::{Origin, RedbOptions, RedbStore, Store, StoreError, restore};

fn options() -> RedbOptions {
    RedbOptions::default()
}

fn dump(path: &Path) -> String {
    RedbStore::open_read_only(path, &options()).unwrap().dump().unwrap()
}

/// Files of a folder.
fn files(path: &Path) -> Vec<String> {
    let names = fs::read_dir(path.parent().unwrap()).unwrap().map(|file| file.unwrap().file_name());
    let mut names: Vec<String> = names.map(|name| name.into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_backup_beside_the_writer_is_one_moment_of_it_and_overwrites_nothing() {
    let (_folder, path) = stored();
    let store = open(&path);
    let copy = path.with_file_name("copy.redb");
    std::thread::scope(|scope| {
        let writing = scope.spawn(|| {
            for n in 0..200 {
                store.commit_capture(created("s", &[&format!("n{n}")])).wait().unwrap();
            }
        });
        let bytes = store.backup(&copy).unwrap();
        assert_eq!(bytes, fs::metadata(&copy).unwrap().len());
        writing.join().unwrap();
    });
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(&copy).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let found = care::verify(&copy, &options()).unwrap();
    assert!(found.is_sound() && found.clean && found.pages == Pages::Sound, "{found:?}");
    let (info, _) = care::info(&copy, &options()).unwrap();
    assert!(info.lineage.stamped && info.lineage.closed.is_some());
    let seen = RedbStore::open_read_only(&copy, &options()).unwrap();
    assert_eq!(seen.document_count("s").unwrap().0, seen.last_seq("s").unwrap(), "one moment");
    // The same of a store at rest is the same whole.
    let still = path.with_file_name("still.redb");
    store.backup(&still).unwrap();
    assert_eq!(dump(&still), store.dump().unwrap());
    assert!(matches!(store.backup(&still), Err(StoreError::Exists(_))));
    assert_eq!(dump(&still), store.dump().unwrap());
    assert!(matches!(store.backup(&path.join("nowhere")), Err(StoreError::Io(_))));
    store.close();
    assert!(!files(&path).iter().any(|name| name.contains(".new.")), "{:?}", files(&path));
    // Of a database that nobody has open as well, and of one that was killed.
    care::backup(&path, &path.with_file_name("offline.redb"), &options()).unwrap();
    assert_eq!(dump(&path.with_file_name("offline.redb")), dump(&still));
}

#[test]
fn a_backup_of_damaged_rows_is_none() {
    let (_folder, path) = stored();
    super::flips::damage_row(&path);
    let copy = path.with_file_name("copy.redb");
    assert!(matches!(care::backup(&path, &copy, &options()), Err(StoreError::Damaged { .. })));
    assert!(!copy.exists());
}

#[test]
fn rule_08_a_restored_backup_marks_every_target_and_the_old_file_is_kept() {
    let (_folder, path) = stored();
    let (copy, before) = (path.with_file_name("copy.redb"), dump(&path));
    care::backup(&path, &copy, &options()).unwrap();
    let store = open(&path);
    store.commit_capture(created("s", &["later"])).wait().unwrap();
    // While somebody has it open nothing is put in its place.
    assert!(matches!(restore(&path, &copy, &options()), Err(StoreError::InUse { .. })));
    assert!(matches!(care::compact(&path, &options()), Err(StoreError::InUse { .. })));
    assert_eq!(care::verify(&path, &options()).unwrap().pages, Pages::InUse);
    store.close();
    let last = dump(&path);
    for n in 1..=2 {
        let done = restore(&path, &copy, &options()).unwrap();
        assert_eq!(dump(&path), before);
        let kept = done.kept.unwrap();
        assert_eq!(kept, path.with_file_name(format!("deltaferry.redb.before-restore-{n}")));
        assert_eq!(dump(&kept) == last, n == 1);
        assert!(care::info(&path, &options()).unwrap().0.lineage.stamped);
    }
    let store = open(&path);
    assert_eq!(store.info().unwrap().lineage.origin, Origin::Restored);
    assert!(store.target("s", "t").unwrap().unwrap().restored);
    assert_eq!(store.target("s", "t").unwrap().unwrap().account, target_state().account);
    store.close();
    // Where there is no database any more.
    fs::remove_file(&path).unwrap();
    assert_eq!(restore(&path, &copy, &options()).unwrap().kept, None);
    assert_eq!(open(&path).info().unwrap().lineage.origin, Origin::Restored);
}

#[test]
fn a_damaged_or_foreign_backup_is_refused_and_the_database_stays() {
    let (_folder, path) = stored();
    let (copy, before) = (path.with_file_name("copy.redb"), fs::read(&path).unwrap());
    care::backup(&path, &copy, &options()).unwrap();
    super::flips::damage_row(&copy);
    let foreign = path.with_file_name("foreign");
    fs::write(&foreign, "deltaferry".repeat(1000)).unwrap();
    for from in [copy, foreign, path.with_file_name("missing"), path.clone()] {
        let error = restore(&path, &from, &options()).unwrap_err();
        assert!(matches!(error, StoreError::Broken { .. }), "{}: {error}", from.display());
        assert!(fs::read(&path).unwrap() == before, "{}", from.display());
    }
    assert!(files(&path).iter().all(|name| !name.contains(".new.") && !name.contains("before-restore")));
}

#[test]
fn a_database_that_is_broken_can_be_restored() {
    let (_folder, path) = stored();
    let copy = path.with_file_name("copy.redb");
    care::backup(&path, &copy, &options()).unwrap();
    for broken in [&b""[..], b"no database"] {
        fs::write(&path, broken).unwrap();
        let kept = restore(&path, &copy, &options()).unwrap().kept.unwrap();
        assert_eq!(fs::read(kept).unwrap(), broken);
        assert_eq!(dump(&path), dump(&copy));
    }
}

#[test]
fn looking_at_a_killed_database_changes_nothing() {
    let (_folder, path) = stored();
    let killed = path.with_file_name("killed.redb");
    let store = open(&path);
    store.commit_capture(created("s", &["3"])).wait().unwrap();
    fs::copy(&path, &killed).unwrap();
    let (bytes, expected) = (fs::read(&killed).unwrap(), store.dump().unwrap());
    store.close();
    let found = care::verify(&killed, &options()).unwrap();
    assert!(found.is_sound() && !found.clean && found.values > 0, "{found:?}");
    assert!(!care::info(&killed, &options()).unwrap().0.clean);
    care::backup(&killed, &path.with_file_name("copy.redb"), &options()).unwrap();
    assert_eq!(dump(&path.with_file_name("copy.redb")), expected);
    assert!(fs::read(&killed).unwrap() == bytes, "it was changed");
}

#[test]
fn compacting_gives_space_back_and_loses_nothing() {
    let (_folder, path) = stored();
    let store = open(&path);
    for n in 0..300 {
        store.commit_capture(created("s", &[&format!("n{n}")])).wait().unwrap();
    }
    store.close();
    let before = dump(&path);
    let (large, small) = care::compact(&path, &options()).unwrap();
    assert!(small <= large && small == fs::metadata(&path).unwrap().len(), "{large} {small}");
    assert_eq!(dump(&path), before);
    let store = open(&path);
    assert_eq!(store.info().unwrap().lineage.origin, Origin::New);
    assert_eq!(store.verify().unwrap(), []);
}

/// Where the child finds its database and what it is to do; without them there is nothing to do.
const FOLDER: &str = "DELTAFERRY_TEST_CARE_FOLDER";
const WORK: &str = "DELTAFERRY_TEST_CARE_WORK";

#[test]
#[ignore = "run by the other test, in a process of its own"]
fn child() {
    let (Ok(folder), Ok(work)) = (std::env::var(FOLDER), std::env::var(WORK)) else { return };
    let path = Path::new(&folder).join("deltaferry.redb");
    let copy = path.with_file_name("copy.redb");
    match work.as_str() {
        "backup" => drop(care::backup(&path, &copy, &options()).unwrap()),
        "restore" => drop(restore(&path, &copy, &options()).unwrap()),
        _ => open(&path).close(),
    }
}

#[cfg(unix)]
fn killed(path: &Path, work: &str, point: &str) {
    use std::os::unix::process::ExitStatusExt;
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "store::tests::care::child", "--ignored"])
        .env(FOLDER, path.parent().unwrap())
        .env(WORK, work)
        .env("DELTAFERRY_CRASH", point)
        .output()
        .unwrap();
    assert_eq!(output.status.signal(), Some(9), "{point}: was not killed: {output:?}");
}

#[cfg(unix)]
#[test]
fn a_killed_backup_leaves_no_backup_and_the_next_one_is_whole() {
    for point in ["db.backup.copying:3", "db.backup.before_name:1"] {
        let (_folder, path) = stored();
        let (copy, before) = (path.with_file_name("copy.redb"), dump(&path));
        killed(&path, "backup", point);
        assert!(!copy.exists(), "{point}");
        assert_eq!(dump(&path), before, "{point}");
        care::backup(&path, &copy, &options()).unwrap();
        assert_eq!(dump(&copy), before, "{point}");
    }
}

#[cfg(unix)]
#[test]
fn rule_08_a_killed_restore_leaves_the_old_database_or_a_restored_one() {
    for (point, is_restored) in [
        ("db.restore.before_aside:1", false),
        ("db.restore.before_name:1", false),
        ("db.restore.after_name:1", true),
        ("db.restored.before_side:1", true),
    ] {
        let (_folder, path) = stored();
        let copy = path.with_file_name("copy.redb");
        care::backup(&path, &copy, &options()).unwrap();
        let store = open(&path);
        store.set_paused("s", Some("since".into())).wait().unwrap();
        store.close();
        let last = dump(&path);
        if point.starts_with("db.restored") {
            restore(&path, &copy, &options()).unwrap();
            killed(&path, "open", point);
        } else {
            killed(&path, "restore", point);
            assert_eq!(dump(&path) == last, !is_restored, "{point}");
        }
        let store = open(&path);
        assert_eq!(store.info().unwrap().lineage.origin == Origin::Restored, is_restored, "{point}");
        for target in ["t", "t.writeback"] {
            assert_eq!(store.target("s", target).unwrap().unwrap().restored, is_restored, "{point}");
        }
        store.close();
        restore(&path, &copy, &options()).unwrap();
        assert_eq!(open(&path).info().unwrap().lineage.origin, Origin::Restored, "{point}");
    }
}

/// A first start killed before its database is whole is still a first start, one killed behind that is no restore.
#[cfg(unix)]
#[test]
fn rule_08_a_killed_first_start_is_a_first_start() {
    for point in ["store.create.before_tables:1", "store.create.before_name:1"] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deltaferry.redb");
        killed(&path, "open", point);
        assert!(!path.exists() && !care::is_lost(&path), "{point}");
        let store = open(&path);
        assert_eq!(store.info().unwrap().lineage.origin, Origin::New, "{point}");
        store.close();
        assert_eq!(open(&path).info().unwrap().lineage.origin, Origin::New, "{point}");
    }
}
