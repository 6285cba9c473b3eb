//! Decay (rule 26): a flipped bit is never read as another value; what can be built anew is.

use std::fs;
use std::path::{Path, PathBuf};

use redb::ReadableTable;

use super::random::{self, SCHEMES, TARGETS};
use super::samples::{
    attempt, capture, captured, created, deliver, give, key, progress, reads, row, run, step, values, write,
};
use super::storage::Memory;
use crate::change::ChangeKind;
use crate::clock::Time;
use crate::reason::{Code, State};
use crate::store::key::KeyBytes;
use crate::store::tables::{
    self, BODIES, COUNTS, DELIVERIES, HEADS, INDEXED, INDEXES, LOOKUP, NOW, QUEUE, SEEN, STATES, SWEEPS, Table,
    WATERMARKS,
};
use crate::store::{
    CaptureCommit, Damage, Delivery, IndexFill, RedbOptions, RedbStore, Store, StoreError, SweepStage, SweepStep, Trim,
    WriteResult,
};

fn open(path: &Path) -> RedbStore {
    RedbStore::open(path, &RedbOptions::default()).unwrap()
}

/// Turns over one bit of a stored value, past the database's own eyes.
fn damage(path: &Path, table: &'static Table, key: &KeyBytes) {
    let database = RedbOptions::default().builder().open(path).unwrap();
    let transaction = database.begin_write().unwrap();
    {
        let mut rows = transaction.open_table(table.definition()).unwrap();
        let mut value = rows.get(key.as_slice()).unwrap().expect("the row to damage").value().to_vec();
        *value.last_mut().unwrap() ^= 4;
        rows.insert(key.as_slice(), value.as_slice()).unwrap();
    }
    transaction.commit().unwrap();
    database.close().unwrap();
}

/// A closed store in a file.
fn stored(fill: impl Fn(&dyn Store)) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deltaferry.redb");
    let store = open(&path);
    fill(&store);
    store.close();
    (folder, path)
}

/// What the reads of a store with a flipped bit came to, beside those of the sound one.
struct Seen {
    errors: usize,
    wrong: Vec<String>,
}

fn compare(store: &dyn Store, expected: &[(String, Result<String, StoreError>)]) -> Seen {
    let mut seen = Seen { errors: 0, wrong: Vec::new() };
    for ((name, got), (_, expected)) in reads(store, &SCHEMES, &TARGETS, &random::keys()).into_iter().zip(expected) {
        match (got, expected) {
            (Ok(got), Ok(expected)) if got == *expected => {}
            (Ok(_), _) => seen.wrong.push(name),
            (Err(_), _) => seen.errors += 1,
        }
    }
    seen
}

/// Opened for writing, a file with a flipped bit is refused or reads right. Opened for reading only, where nothing
/// may be checked, a flipped bit in what leads to the rows may show pages as they once were, and nothing else.
/// `DELTAFERRY_FLIPS=n` for more places than in every run.
#[test]
fn rule_26_a_flipped_bit_is_refused_or_without_effect() {
    let flips = std::env::var("DELTAFERRY_FLIPS").ok().and_then(|n| n.parse().ok()).unwrap_or(100);
    let (_folder, path) = stored(|store| {
        let mut random = fastrand::Rng::with_seed(26);
        for _ in 0..150 {
            let command = random::command(&mut random, store);
            let _ = give(store, &command)();
        }
    });
    let read_only = |path: &Path| RedbStore::open_read_only(path, &RedbOptions::default());
    let expected = reads(&read_only(&path).unwrap(), &SCHEMES, &TARGETS, &random::keys());
    let whole = fs::read(&path).unwrap();
    let used: Vec<usize> = (0..whole.len()).filter(|at| whole[*at] != 0).collect();
    let mut random = fastrand::Rng::with_seed(26);
    let (mut refused, mut harmless, mut unseen, mut outdated) = (0, 0, 0, 0);
    let flipped_path = path.with_file_name("flipped.redb");
    for i in 0..flips {
        // One in four within the head of the file, where it hurts most, the others where something is stored.
        let at = if i % 4 == 0 { random.usize(..512) } else { used[random.usize(..used.len())] };
        let bit = random.u8(..8);
        let mut flipped = whole.clone();
        flipped[at] ^= 1 << bit;
        fs::write(&flipped_path, &flipped).unwrap();
        let seen = read_only(&flipped_path).map(|store| compare(&store, &expected)).ok();
        match Memory::of(flipped).open_checked() {
            Ok(store) => {
                let Seen { errors, wrong } = compare(&store, &expected);
                assert!(wrong.is_empty(), "bit {bit} of byte {at}: wrong {wrong:?}");
                if errors == 0 { harmless += 1 } else { refused += 1 }
            }
            Err(_) => {
                refused += 1;
                match seen {
                    Some(seen) if !seen.wrong.is_empty() => outdated += 1,
                    Some(seen) if seen.errors == 0 => unseen += 1,
                    _ => {}
                }
            }
        }
    }
    println!(
        "{flips} bits flipped: {refused} refused for writing, {harmless} without effect; of the refused, \
         {unseen} read right and {outdated} read as they once were where nothing was checked"
    );
    assert!(refused > flips / 10);
}

#[test]
fn rule_26_a_damaged_row_is_named_and_verify_lists_it() {
    let (_folder, path) = stored(|store| {
        store.commit_capture(created("s", &["1", "2"])).wait().unwrap();
    });
    damage(&path, &HEADS, &tables::of_document("s", &key("1")));
    damage(&path, &BODIES, &tables::of_document("s", &key("2")).u64(1));
    let store = RedbStore::open_read_only(&path, &RedbOptions::default()).unwrap();
    let error = store.heads("s", &[key("2"), key("1")]).unwrap_err();
    assert!(error.to_string().contains("`heads/1` is damaged at `s 1`"), "{error}");
    assert_eq!(store.heads("s", &[key("2")]).unwrap().len(), 1);
    assert!(matches!(store.body("s", &key("2"), 1), Err(StoreError::Damaged { .. })));
    assert!(store.body("s", &key("1"), 1).unwrap().is_some());
    let damage = |table, key: &str| Damage { table, key: key.to_owned() };
    assert_eq!(store.verify().unwrap(), [damage("heads/1", "s 1"), damage("bodies/1", "s 2 1")]);
}

#[test]
fn rule_26_a_lost_head_or_body_is_never_compared_with_and_is_read_again() {
    let (_folder, path) = stored(|store| {
        store.commit_capture(created("s", &["1", "2", "3"])).wait().unwrap();
        let again = capture("s", ["1", "3"].map(|text| captured(text, 1, ChangeKind::Updated)).to_vec());
        store.commit_capture(again).wait().unwrap();
    });
    damage(&path, &HEADS, &tables::of_document("s", &key("1")));
    damage(&path, &BODIES, &tables::of_document("s", &key("2")).u64(1));
    damage(&path, &BODIES, &tables::of_document("s", &key("3")).u64(1));
    let store = open(&path);
    // A commit that needs a lost row is refused alone; others in its group are stored.
    let update = capture("s", vec![captured("1", 2, ChangeKind::Updated)]);
    let waiting = [update.clone(), created("s", &["4"])].map(|commit| store.commit_capture(commit));
    let [refused, done] = waiting.map(|pending| pending.wait());
    assert!(matches!(refused, Err(StoreError::Damaged { .. })), "{refused:?}");
    assert_eq!(done.unwrap().last_seq, 6);
    let heads = store.heads("s", &["1", "2", "3"].map(key)).unwrap();
    let gates: Vec<_> =
        heads.into_iter().flatten().map(|head| (head.version, head.seq, head.raw_hash.is_some())).collect();
    // The third lost only an old version.
    assert_eq!(gates, [(2, 4, false), (1, 2, false), (2, 5, true)]);
    assert_eq!(store.versions("s", &key("3")).unwrap(), [2]);
    assert_eq!(store.body("s", &key("2"), 1).unwrap(), None);
    let quarantined: Vec<String> = store.quarantined("s").unwrap().into_iter().map(|q| q.key.to_string()).collect();
    assert_eq!(quarantined, ["1", "2"]);
    store.commit_capture(update).wait().unwrap();
    assert_eq!(store.by_number("s", "SO-1").unwrap(), [key("1")]);
    assert_eq!((store.quarantine("s", &key("1")).unwrap(), store.verify().unwrap()), (None, vec![]));
}

#[test]
fn rule_26_a_bad_watermark_falls_back_to_the_last_good_run() {
    let (_folder, path) = stored(|store| {
        for (from, to, ended) in [(None, 10, true), (Some(10), 20, false)] {
            let commit = CaptureCommit { progress: step(from, to), run: Some(run(1, ended)), ..created("s", &[]) };
            store.commit_capture(commit).wait().unwrap();
        }
    });
    damage(&path, &WATERMARKS, &tables::of_scheme("s").u8(NOW));
    let store = open(&path);
    assert_eq!(store.progress("s").unwrap(), Some(progress(10)));
    let commit = |from| CaptureCommit { progress: step(Some(from), 30), ..created("s", &[]) };
    assert!(matches!(store.commit_capture(commit(20)).wait(), Err(StoreError::Conflict(_))));
    store.commit_capture(commit(10)).wait().unwrap();
    assert_eq!((store.progress("s").unwrap(), store.verify().unwrap()), (Some(progress(30)), vec![]));
}

#[test]
fn rule_26_a_sweep_of_which_something_is_damaged_begins_anew() {
    let swept = |store: &dyn Store| {
        let to = super::samples::sweep(1, None, SweepStage::Judging);
        let step = Some(SweepStep { from: None, to });
        let commit = CaptureCommit { sweep: step, met: vec![key("1"), key("2")], ..created("s", &["1", "2"]) };
        store.commit_capture(commit).wait().unwrap();
    };
    for (table, at) in [(&SWEEPS, tables::of_scheme("s")), (&SEEN, tables::of_seen("s", 1, &key("1")))] {
        let (_folder, path) = stored(swept);
        damage(&path, table, &at);
        let store = open(&path);
        let met = match table.name {
            name if name == SWEEPS.name => store.sweep("s").map(|_| ()),
            _ => store.seen("s", 1, &[key("1")]).map(|_| ()),
        };
        assert!(matches!(met, Err(StoreError::Damaged { .. })), "{}: {met:?}", table.name);
        settle(&store);
        assert_eq!((store.sweep("s").unwrap(), store.seen("s", 1, &[key("2")]).unwrap()), (None, vec![false]));
        assert_eq!((store.document_count("s").unwrap(), store.verify().unwrap()), ((2, 0), vec![]));
    }
}

/// A target with a row in flight, one delivered and one waiting.
fn deliveries(store: &dyn Store) {
    store.commit_capture(created("s", &["1", "2", "3"])).wait().unwrap();
    let mut in_flight = write("1", 0, row(State::InFlight, Some(50)));
    in_flight.attempt = Some(attempt(2));
    let others = [write("2", 0, row(State::Delivered, None)), write("3", 0, row(State::Waiting, Some(10)))];
    let writes = [vec![in_flight], others.to_vec()].concat();
    store.commit_deliveries(deliver("s", "t", writes)).wait().unwrap();
}

/// Waits until the writer has done what was asked of it.
fn settle(store: &dyn Store) {
    store.set_paused("other", None).wait().unwrap();
}

#[test]
fn rule_26_a_bad_delivery_row_becomes_in_doubt() {
    let (_folder, path) = stored(deliveries);
    damage(&path, &DELIVERIES, &tables::of_delivery("s", "t", &key("1")));
    damage(&path, &DELIVERIES, &tables::of_delivery("s", "t", &key("2")));
    let store = open(&path);
    assert!(matches!(store.delivery("s", "t", &key("1")), Err(StoreError::Damaged { .. })));
    settle(&store);
    let attempted = store.delivery("s", "t", &key("1")).unwrap().unwrap();
    assert_eq!((attempted.state, attempted.attempt, attempted.version), (State::InDoubt, Some(2), 2));
    assert!(attempted.probe_first && attempted.has_open_attempt());
    let never = store.delivery("s", "t", &key("2")).unwrap().unwrap();
    assert_eq!((never.state, never.attempt, never.newest), (State::InDoubt, None, 1));
    assert_eq!(never.reason.as_ref().map(|reason| reason.code), Some(Code::Unknown));
    assert_eq!(store.counts("s", "t").unwrap(), [(State::InDoubt, 2), (State::Waiting, 1)].into());
    let doubtful = store.deliveries("s", "t", Some(State::InDoubt), None, 9).unwrap();
    assert_eq!(doubtful.len(), 2);
    let due = store.due("s", "t", Time(i64::MAX), 9).unwrap();
    assert_eq!(due.len(), 3, "{due:?}");
    // A write made from the lost row is made from another one.
    let old = deliver("s", "t", vec![write("1", 1, row(State::Delivered, None))]);
    assert_eq!(store.commit_deliveries(old).wait().unwrap(), [WriteResult::Changed]);
    let new = deliver("s", "t", vec![write("1", attempted.rev, row(State::Delivered, None))]);
    assert_eq!(store.commit_deliveries(new).wait().unwrap(), [WriteResult::Written(attempted.rev + 1)]);
    assert_eq!(store.verify().unwrap(), []);
}

#[test]
fn rule_26_a_write_that_meets_a_bad_delivery_row_finds_it_in_doubt() {
    let (_folder, path) = stored(deliveries);
    damage(&path, &DELIVERIES, &tables::of_delivery("s", "t", &key("3")));
    let store = open(&path);
    let commit =
        deliver("s", "t", vec![write("3", 1, row(State::Delivered, None)), write("2", 1, row(State::Pending, None))]);
    assert_eq!(store.commit_deliveries(commit).wait().unwrap(), [WriteResult::Changed, WriteResult::Written(2)]);
    assert_eq!(store.delivery("s", "t", &key("3")).unwrap().unwrap().state, State::InDoubt);
}

#[test]
fn rule_26_queue_index_and_counts_are_built_anew() {
    let place = || tables::of_target("s", "t");
    let queued = place().time(super::samples::time(10)).text("3");
    let indexed = place().u8(tables::code(State::Waiting)).text("3");
    let counted = place().u8(tables::code(State::Waiting));
    for (table, at) in [(&QUEUE, queued), (&STATES, indexed), (&COUNTS, counted)] {
        let (_folder, path) = stored(deliveries);
        let expected = RedbStore::open_read_only(&path, &RedbOptions::default()).unwrap().dump().unwrap();
        damage(&path, table, &at);
        let store = open(&path);
        assert!(store.dump().is_err());
        let damaged = match table.name {
            name if name == QUEUE.name => store.next_due("s", "t").map(|_| ()),
            name if name == STATES.name => store.deliveries("s", "t", Some(State::Waiting), None, 9).map(|_| ()),
            _ => store.counts("s", "t").map(|_| ()),
        };
        assert!(matches!(damaged, Err(StoreError::Damaged { .. })), "{}", table.name);
        settle(&store);
        let dump = store.dump().unwrap();
        let without_other: String =
            dump.lines().filter(|line| !line.starts_with("schemes other")).map(|l| format!("{l}\n")).collect();
        assert_eq!(without_other, expected, "{}", table.name);
    }
}

#[test]
fn rule_26_what_look_ups_ask_is_emptied_and_counts_again_once_it_is_filled() {
    let fill = |entries| IndexFill { scheme: "s".into(), entries, ready: vec!["$.sku".into()] };
    let indexed = |store: &dyn Store| {
        store.set_indexed("s", ["$.sku".to_owned()].into()).wait().unwrap();
        store.commit_capture(created("s", &["1", "2"])).wait().unwrap();
        store.fill_index(fill(vec![(key("1"), 1, values(Some("A"), None))])).wait().unwrap();
    };
    let place = || tables::of_scheme("s").text("$.sku");
    for (table, at) in [(&LOOKUP, place().text("A").text("1")), (&INDEXED, place().text("1")), (&INDEXES, place())] {
        let (_folder, path) = stored(indexed);
        damage(&path, table, &at);
        let store = open(&path);
        let again = CaptureCommit {
            index: [(key("1"), values(Some("B"), None))].into(),
            ..capture("s", vec![captured("1", 1, ChangeKind::Updated)])
        };
        let met = match table.name {
            name if name == INDEXED.name => store.commit_capture(again).wait().map(|_| ()),
            _ => store.lookup("s", "$.sku", "A", 9).map(|_| ()),
        };
        assert!(matches!(met, Err(StoreError::Damaged { .. })), "{}: {met:?}", table.name);
        settle(&store);
        assert_eq!(store.lookup("s", "$.sku", "A", 9).unwrap(), None, "{}", table.name);
        assert_eq!(store.indexed("s").unwrap(), [("$.sku".to_owned(), false)].into());
        store.fill_index(fill(vec![(key("1"), 1, values(Some("A"), None))])).wait().unwrap();
        assert_eq!(store.lookup("s", "$.sku", "A", 9).unwrap(), Some(vec![key("1")]));
        assert_eq!(store.verify().unwrap(), []);
    }
}

#[test]
fn rule_17_a_bad_head_whose_change_is_forgotten_keeps_its_version() {
    let fill = |store: &dyn Store| {
        store.commit_capture(created("s", &["1", "2"])).wait().unwrap();
        store.commit_capture(capture("s", vec![captured("1", 1, ChangeKind::Updated)])).wait().unwrap();
        store.commit_capture(capture("s", vec![captured("2", 1, ChangeKind::Deleted)])).wait().unwrap();
        let told = |text: &str| write(text, 0, Delivery { newest: 2, ..row(State::Delivered, None) });
        store.commit_deliveries(deliver("s", "t", vec![told("2")])).wait().unwrap();
        let (before_history, before_runs) = (Time(i64::MAX), Time(0));
        let trim = Trim { scheme: "s".into(), versions: 1, before_history, before_runs, after: None, limit: 100 };
        assert_eq!(store.trim(trim).wait().unwrap().changes, 4);
    };
    let (_folder, path) = stored(fill);
    for text in ["1", "2"] {
        damage(&path, &HEADS, &tables::of_document("s", &key(text)));
    }
    let store = open(&path);
    assert!(store.heads("s", &[key("1")]).is_err());
    settle(&store);
    let heads = store.heads("s", &[key("1"), key("2")]).unwrap();
    let versions: Vec<u64> = heads.iter().flatten().map(|head| head.version).collect();
    assert_eq!(versions, [2, 2], "no version is given twice");
    assert_eq!(store.quarantined("s").unwrap().len(), 2);
}
