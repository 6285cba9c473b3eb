//! Opening: who may, what is refused, and that no file is ever overwritten.

use std::fs;
use std::path::{Path, PathBuf};

use redb::ReadableDatabase;

use super::samples::{created, key};
use crate::store::file::FORMAT;
use crate::store::tables::META;
use crate::store::value::seal;
use crate::store::{RedbOptions, RedbStore, Store, StoreError};

fn path(folder: &tempfile::TempDir) -> PathBuf {
    folder.path().join("data/deltaferry.redb")
}

fn open(path: &Path) -> Result<RedbStore, StoreError> {
    RedbStore::open(path, &RedbOptions::default())
}

fn open_read_only(path: &Path) -> Result<RedbStore, StoreError> {
    RedbStore::open_read_only(path, &RedbOptions::default())
}

#[test]
fn a_new_database_is_for_its_owner_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = path(&folder);
    let store = open(&path).unwrap();
    assert!(store.info().unwrap().bytes > 0);
    assert_eq!(store.info().unwrap().format, FORMAT);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
        assert_eq!(mode(&path.with_file_name("deltaferry.redb.pid")), 0o600);
    }
    store.close();
    let left: Vec<_> = fs::read_dir(path.parent().unwrap()).unwrap().map(|f| f.unwrap().file_name()).collect();
    assert!(left.len() == 2 && left.iter().all(|name| name != "deltaferry.redb.pid"), "{left:?}");
}

#[test]
fn a_second_writer_is_refused_with_the_holder_and_a_reader_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = path(&folder);
    let store = open(&path).unwrap();
    store.commit_capture(created("s", &["1"])).wait().unwrap();
    let error = open(&path).unwrap_err();
    let words = format!("in use by another process (pid {})", std::process::id());
    assert!(matches!(error, StoreError::InUse { .. }) && error.to_string().ends_with(&words), "{error}");
    let reader = open_read_only(&path).unwrap();
    assert_eq!(reader.last_seq("s").unwrap(), 1);
    store.commit_capture(created("s", &["2"])).wait().unwrap();
    assert_eq!((reader.last_seq("s").unwrap(), reader.schemes().unwrap()), (2, vec!["s".to_owned()]));
    let refused = reader.commit_capture(created("s", &["3"])).wait().unwrap_err();
    assert!(refused.to_string().contains("for reading only"), "{refused}");
    store.close();
    assert_eq!(reader.heads("s", &[key("2")]).unwrap().iter().flatten().count(), 1);
    reader.close();
    // A number left behind by a killed process says nothing once nobody holds the lock.
    fs::write(path.with_file_name("deltaferry.redb.pid"), "999999999\n").unwrap();
    let store = open(&path).unwrap();
    let told = fs::read_to_string(path.with_file_name("deltaferry.redb.pid")).unwrap();
    assert_eq!(told.trim(), std::process::id().to_string());
    drop(store);
    assert_eq!(open(&path).unwrap().last_seq("s").unwrap(), 2);
}

#[test]
fn what_is_no_database_of_ours_is_refused_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let whole = path(&folder);
    let store = open(&whole).unwrap();
    store.commit_capture(created("s", &["1"])).wait().unwrap();
    let dump = store.dump().unwrap();
    store.close();
    let bytes = fs::read(&whole).unwrap();
    let foreign = folder.path().join("foreign.redb");
    redb::Database::create(&foreign).unwrap().close().unwrap();
    let mut zeroed = bytes.clone();
    zeroed[..4096].fill(0);
    for (name, content) in [
        ("empty", Vec::new()),
        ("text", b"deltaferry".repeat(1000)),
        ("truncated", bytes[..bytes.len() / 2].to_vec()),
        ("cut short", bytes[..100].to_vec()),
        ("zeroed", zeroed),
        ("foreign", fs::read(&foreign).unwrap()),
    ] {
        let path = folder.path().join(format!("{name}.redb"));
        fs::write(&path, &content).unwrap();
        let error = open(&path).map(|_| name).unwrap_err();
        assert!(matches!(error, StoreError::Broken { .. }), "{name}: {error}");
        // A reader does not look at the length of the file, which may just be growing: it meets its end later.
        match open_read_only(&path).and_then(|reader| reader.dump()) {
            Err(StoreError::Broken { .. } | StoreError::Damaged { .. }) => {}
            Ok(read) if read == dump => {}
            other => panic!("{name}: {other:?}"),
        }
        assert!(fs::read(&path).unwrap() == content, "{name} was changed");
    }
    let missing = open_read_only(&folder.path().join("missing.redb")).unwrap_err();
    assert!(missing.to_string().contains("there is no such file"), "{missing}");
    assert!(matches!(open(&folder.path().join("data")).unwrap_err(), StoreError::Broken { .. } | StoreError::Io(_)));
}

#[test]
fn a_newer_programs_database_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = path(&folder);
    open(&path).unwrap().close();
    let database = RedbOptions::default().builder().open(&path).unwrap();
    let transaction = database.begin_write().unwrap();
    let format = crate::store::key::KeyBytes::new().text("format");
    let value = seal(META.name, format.as_slice(), &(FORMAT + 1).to_le_bytes());
    transaction.open_table(META.definition()).unwrap().insert(format.as_slice(), value.as_slice()).unwrap();
    transaction.commit().unwrap();
    database.close().unwrap();
    for result in [open(&path), open_read_only(&path)] {
        let error = result.unwrap_err();
        assert!(
            matches!(error, StoreError::Newer { found, known } if found == FORMAT + 1 && known == FORMAT),
            "{error}"
        );
    }
}

#[test]
fn after_an_unclean_stop_a_reader_is_sent_away_and_a_writer_recovers() {
    let folder = tempfile::tempdir().unwrap();
    let (live, killed) = (path(&folder), folder.path().join("killed.redb"));
    let store = open(&live).unwrap();
    store.commit_capture(created("s", &["1"])).wait().unwrap();
    // What a killed process leaves: the writer is idle, so the file is what its last commit made it.
    fs::copy(&live, &killed).unwrap();
    store.close();
    assert!(matches!(open_read_only(&killed).unwrap_err(), StoreError::NeedsRecovery));
    let store = open(&killed).unwrap();
    assert_eq!(store.last_seq("s").unwrap(), 1);
    store.close();
    assert_eq!(open_read_only(&killed).unwrap().last_seq("s").unwrap(), 1);
}

#[test]
fn an_unclean_stop_is_noted_until_the_database_is_closed() {
    let folder = tempfile::tempdir().unwrap();
    let path = path(&folder);
    let unclean = |path: &Path| {
        let database = RedbOptions::default().builder().open_read_only(path).unwrap();
        let transaction = database.begin_read().unwrap();
        let table = transaction.open_table(META.definition()).unwrap();
        let clean = crate::store::key::KeyBytes::new().text("clean");
        let value = table.get(clean.as_slice()).unwrap().unwrap();
        value.value().last() == Some(&0)
    };
    let store = open(&path).unwrap();
    assert!(!unclean(&path), "nothing was written yet");
    store.commit_capture(created("s", &["1"])).wait().unwrap();
    assert!(unclean(&path));
    store.close();
    assert!(!unclean(&path));
}
