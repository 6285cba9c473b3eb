//! What every store promises, run over each of them: scenarios with their expected outcome, and random commands
//! given to all at once.

#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};

use super::model::ModelStore;
use super::tests::random;
use super::tests::samples::*;
use crate::change::ChangeKind;
use crate::clock::Time;
use crate::name::Key;
use crate::reason::State;
use crate::store::{
    CaptureCommit, DocumentFilter, ProgressStep, RedbOptions, RedbStore, Store, StoreError, TargetState, WriteResult,
};

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

fn versions_of(store: &dyn Store, keys: &[&str]) -> Vec<u64> {
    let keys: Vec<Key> = keys.iter().map(|text| key(text)).collect();
    store.heads("s", &keys).unwrap().into_iter().map(|head| head.map_or(0, |head| head.version)).collect()
}

#[test]
fn a_page_batch_is_stored_whole() {
    on_each(|store| {
        let mut commit = created("s", &["1", "2"]);
        commit.progress = step(None, 10);
        commit.run = Some(run(1, false));
        commit.quarantined = vec![quarantine("3")];
        let done = store.commit_capture(commit).wait().unwrap();
        assert_eq!((done.last_seq, done.stale.len()), (2, 0));
        let head = store.heads("s", &[key("2"), key("4")]).unwrap();
        let sent = captured("2", 0, ChangeKind::Created);
        let (stored, missing) = (head[0].clone().unwrap(), &head[1]);
        assert!(missing.is_none());
        assert_eq!((stored.version, stored.seq, stored.captured_at), (1, 2, time(60)));
        assert_eq!((stored.raw_hash, stored.canonical_hash), (sent.raw_hash, sent.canonical_hash));
        assert_eq!((stored.source_time, stored.number), (sent.source_time, sent.number));
        assert_eq!(store.body("s", &key("2"), 1).unwrap(), Some(sent.body));
        assert_eq!(store.body("s", &key("2"), 2).unwrap(), None);
        let changes = store.changes("s", 1, 10).unwrap();
        assert_eq!((changes.len(), changes[0].seq, changes[0].from, changes[0].to), (1, 2, 0, 1));
        assert_eq!(store.progress("s").unwrap(), Some(progress(10)));
        assert_eq!(store.runs("s", None, 9).unwrap(), [run(1, false)]);
        assert_eq!(store.quarantined("s").unwrap(), [quarantine("3")]);
        assert_eq!(store.document_count("s").unwrap(), (2, 0));
        assert_eq!((store.schemes().unwrap(), store.last_seq("s").unwrap()), (vec!["s".to_owned()], 2));
        assert_eq!((store.schemes().unwrap().len(), store.last_seq("other").unwrap()), (1, 0));
    });
}

#[test]
fn rule_09_versions_continue_over_tombstones_which_have_no_hashes_and_no_body() {
    on_each(|store| {
        store.commit_capture(created("s", &["1"])).wait().unwrap();
        store.commit_capture(capture("s", vec![captured("1", 1, ChangeKind::Deleted)])).wait().unwrap();
        let head = store.heads("s", &[key("1")]).unwrap().remove(0).unwrap();
        assert!(head.is_tombstone() && head.raw_hash.is_none() && head.version == 2);
        assert_eq!(store.document_count("s").unwrap(), (0, 1));
        assert_eq!(store.body("s", &key("1"), 2).unwrap(), None);
        assert_eq!(store.commit_capture(stale_touch()).wait().unwrap().stale, [key("1")]);
        store.commit_capture(capture("s", vec![captured("1", 2, ChangeKind::Created)])).wait().unwrap();
        assert_eq!((versions_of(store, &["1"]), store.document_count("s").unwrap()), (vec![3], (1, 0)));
        assert_eq!(store.versions("s", &key("1")).unwrap(), [1, 3]);
        let steps: Vec<_> = store.changes("s", 0, 9).unwrap().iter().map(|c| (c.from, c.to)).collect();
        assert_eq!(steps, [(0, 1), (1, 2), (2, 3)]);
    });
}

/// A tombstone has no bytes that could only have moved its gate.
fn stale_touch() -> CaptureCommit {
    CaptureCommit { touched: vec![touched("1", 2)], ..capture("s", Vec::new()) }
}

#[test]
fn a_document_with_another_version_is_left_out_and_the_rest_is_stored_without_a_gap() {
    on_each(|store| {
        store.commit_capture(created("s", &["1"])).wait().unwrap();
        let mut commit = created("s", &["1", "2", "2"]);
        commit.touched = vec![touched("9", 0), touched("1", 7)];
        commit.quarantined = vec![quarantine("1")];
        let done = store.commit_capture(commit).wait().unwrap();
        assert_eq!(done.stale, [key("1"), key("2"), key("9"), key("1")]);
        assert_eq!((done.last_seq, versions_of(store, &["1", "2", "9"])), (2, vec![1, 1, 0]));
        let seqs: Vec<u64> = store.changes("s", 0, 9).unwrap().iter().map(|change| change.seq).collect();
        assert_eq!(seqs, [1, 2]);
    });
}

#[test]
fn a_step_from_elsewhere_is_a_conflict_and_leaves_no_trace() {
    on_each(|store| {
        let stored = CaptureCommit { progress: step(None, 10), ..created("s", &["1"]) };
        store.commit_capture(stored).wait().unwrap();
        let before = store.dump().unwrap();
        for from in [None, Some(9)] {
            let mut commit = created("s", &["2"]);
            commit.progress = step(from, 20);
            commit.run = Some(run(1, true));
            commit.quarantined = vec![quarantine("3")];
            let error = store.commit_capture(commit).wait().unwrap_err();
            assert!(matches!(error, StoreError::Conflict(_)), "{error}");
            assert_eq!(store.dump().unwrap(), before);
        }
        let commit = CaptureCommit { progress: step(Some(10), 20), ..created("new", &[]) };
        assert!(store.commit_capture(commit).wait().is_err());
        assert_eq!(store.schemes().unwrap(), ["s"]);
        let commit = CaptureCommit { progress: step(Some(10), 20), ..created("s", &[]) };
        store.commit_capture(commit).wait().unwrap();
        assert_eq!(store.progress("s").unwrap(), Some(progress(20)));
    });
}

#[test]
fn rule_09_a_touched_document_moves_its_gate_and_is_no_change() {
    on_each(|store| {
        store.commit_capture(created("s", &["1"])).wait().unwrap();
        let before = store.heads("s", &[key("1")]).unwrap().remove(0).unwrap();
        let mut commit = capture("s", Vec::new());
        commit.at = Some(time(3600));
        commit.touched = vec![touched("1", 1)];
        assert_eq!(store.commit_capture(commit).wait().unwrap().last_seq, 1);
        let after = store.heads("s", &[key("1")]).unwrap().remove(0).unwrap();
        assert_eq!((after.raw_hash, after.canonical_hash), (Some(hash("touched")), Some(hash("1"))));
        assert_eq!((after.version, after.seq, after.captured_at), (before.version, before.seq, before.captured_at));
        assert_eq!(after.source_time, Some(time(99)));
    });
}

#[test]
fn rule_25_a_document_read_well_leaves_the_quarantine() {
    on_each(|store| {
        let mut commit = created("s", &["4"]);
        commit.quarantined = vec![quarantine("1"), quarantine("2"), quarantine("3"), quarantine("4")];
        store.commit_capture(commit).wait().unwrap();
        assert_eq!(store.quarantine("s", &key("4")).unwrap(), Some(quarantine("4")));
        let mut commit = created("s", &["1"]);
        commit.cleared = vec![key("2"), key("9")];
        commit.touched = vec![touched("4", 1), touched("3", 1)];
        store.commit_capture(commit).wait().unwrap();
        // The third was only stale.
        assert_eq!(store.quarantined("s").unwrap(), [quarantine("3")]);
        assert_eq!(store.quarantined("t").unwrap(), []);
    });
}

#[test]
fn numbers_follow_their_documents() {
    on_each(|store| {
        let mut commit = created("s", &["1", "2", "3"]);
        for entry in &mut commit.captured {
            entry.number = Some("A".into());
        }
        store.commit_capture(commit).wait().unwrap();
        assert_eq!(store.by_number("s", "A").unwrap(), [key("1"), key("2"), key("3")]);
        let mut commit =
            capture("s", vec![captured("2", 1, ChangeKind::Updated), captured("3", 1, ChangeKind::Deleted)]);
        commit.captured[0].number = Some("AB".into());
        commit.captured[1].number = None;
        commit.touched = vec![touched("1", 1)];
        store.commit_capture(commit).wait().unwrap();
        assert_eq!(store.by_number("s", "A").unwrap(), []);
        assert_eq!(store.by_number("s", "AB").unwrap(), [key("2")]);
        assert_eq!(store.by_number("s", "SO-1").unwrap(), [key("1")]);
        assert_eq!(store.by_number("t", "SO-1").unwrap(), []);
    });
}

#[test]
fn documents_are_listed_by_prefix_after_a_key_and_by_time() {
    on_each(|store| {
        store.commit_capture(created("s", &["b2", "a", "b1", "b", "c", "b11"])).wait().unwrap();
        let late = CaptureCommit { at: Some(time(120)), ..created("s", &["b3"]) };
        store.commit_capture(late).wait().unwrap();
        store.commit_capture(created("s2", &["b0"])).wait().unwrap();
        let list = |prefix: &str, after: Option<&str>, since: Option<Time>, limit: usize| -> Vec<String> {
            let filter = DocumentFilter { prefix: prefix.into(), after: after.map(key), changed_since: since, limit };
            store.documents("s", &filter).unwrap().into_iter().map(|(key, _)| key.to_string()).collect()
        };
        assert_eq!(list("", None, None, 99), ["a", "b", "b1", "b11", "b2", "b3", "c"]);
        assert_eq!(list("b1", None, None, 99), ["b1", "b11"]);
        assert_eq!(list("b", Some("b1"), None, 2), ["b11", "b2"]);
        assert_eq!(list("b", Some("a"), None, 1), ["b"]);
        assert_eq!(list("b", Some("c"), None, 99), [""; 0]);
        assert_eq!(list("", Some("b2"), Some(time(100)), 99), ["b3"]);
        assert_eq!(list("", None, None, 0), [""; 0]);
    });
}

#[test]
fn a_write_made_from_another_revision_is_left_out() {
    on_each(|store| {
        let first = deliver(
            "s",
            "t",
            vec![write("1", 0, row(State::Pending, Some(1))), write("2", 3, row(State::Pending, None))],
        );
        let results = store.commit_deliveries(first.clone()).wait().unwrap();
        assert_eq!(results, [WriteResult::Written(1), WriteResult::Changed]);
        assert_eq!(store.commit_deliveries(first).wait().unwrap(), [WriteResult::Changed, WriteResult::Changed]);
        let twice = vec![write("1", 1, row(State::InFlight, Some(5))), write("1", 2, row(State::Delivered, None))];
        let results = store.commit_deliveries(deliver("s", "t", twice)).wait().unwrap();
        assert_eq!(results, [WriteResult::Written(2), WriteResult::Written(3)]);
        let stored = store.delivery("s", "t", &key("1")).unwrap().unwrap();
        assert_eq!((stored.rev, stored.state), (3, State::Delivered));
        assert_eq!(store.delivery("s", "t", &key("2")).unwrap(), None);
        assert_eq!(store.counts("s", "t").unwrap(), [(State::Delivered, 1)].into());
        assert_eq!(store.next_due("s", "t").unwrap(), None);
    });
}

#[test]
fn a_position_moves_from_where_it_stands_and_not_past_a_write_left_out() {
    on_each(|store| {
        let at = |position, writes| crate::store::DeliveryCommit { position, ..deliver("s", "t", writes) };
        let position = || store.target("s", "t").unwrap().map(|state| state.position);
        store.commit_deliveries(at(Some((0, 5)), vec![write("1", 0, row(State::Pending, None))])).wait().unwrap();
        assert_eq!(position(), Some(5));
        let before = store.dump().unwrap();
        let commit = at(Some((4, 9)), vec![write("2", 0, row(State::Pending, None))]);
        assert!(matches!(store.commit_deliveries(commit).wait(), Err(StoreError::Conflict(_))));
        assert_eq!(store.dump().unwrap(), before);
        let commit =
            at(Some((5, 9)), vec![write("1", 0, row(State::Pending, None)), write("2", 0, row(State::Pending, None))]);
        let results = store.commit_deliveries(commit).wait().unwrap();
        assert_eq!((results, position()), (vec![WriteResult::Changed, WriteResult::Written(1)], Some(5)));
        store.set_target("s", "t", TargetState { position: 77, ..target_state() }).wait().unwrap();
        assert_eq!(store.target("s", "t").unwrap(), Some(TargetState { position: 5, ..target_state() }));
    });
}

#[test]
fn rule_11_a_target_document_has_one_owner() {
    on_each(|store| {
        let claim = |scheme: &str, target: &str, text: &str, expect, claim: Option<&str>, release: Option<&str>| {
            let mut entry = write(text, expect, row(State::Pending, None));
            (entry.claim, entry.release) = (claim.map(String::from), release.map(String::from));
            store.commit_deliveries(deliver(scheme, target, vec![entry])).wait().unwrap().remove(0)
        };
        assert_eq!(claim("s", "t", "1", 0, Some("SO-1"), None), WriteResult::Written(1));
        assert_eq!(claim("s", "t", "1", 1, Some("SO-1"), None), WriteResult::Written(2));
        let owned = WriteResult::Owned("s".into(), "t".into(), key("1"));
        for (scheme, target, text) in [("s", "t", "2"), ("s", "t2", "1"), ("s2", "t", "1")] {
            assert_eq!(claim(scheme, target, text, 0, Some("SO-1"), None), owned);
            assert_eq!(store.delivery(scheme, target, &key(text)).unwrap(), None);
        }
        // What belongs to another can't be given free.
        assert_eq!(claim("s", "t", "2", 0, None, Some("SO-1")), WriteResult::Written(1));
        assert_eq!(store.owner("SO-1").unwrap(), Some(("s".into(), "t".into(), key("1"))));
        assert_eq!(claim("s", "t", "1", 2, Some("SO-9"), Some("SO-1")), WriteResult::Written(3));
        assert_eq!((store.owner("SO-1").unwrap(), store.owner("SO-9").unwrap().is_some()), (None, true));
        assert_eq!(claim("s2", "t", "1", 0, Some("SO-1"), None), WriteResult::Written(1));
    });
}

#[test]
fn queue_states_and_counts_follow_the_rows() {
    on_each(|store| {
        let rows = [
            ("1", State::Retrying, Some(30)),
            ("2", State::Pending, Some(10)),
            ("3", State::Pending, Some(10)),
            ("4", State::Skipped, None),
        ];
        let writes = rows.map(|(text, state, due)| write(text, 0, row(state, due)));
        store.commit_deliveries(deliver("s", "t", writes.to_vec())).wait().unwrap();
        store.commit_deliveries(deliver("s", "t2", vec![write("9", 0, row(State::Pending, Some(-9)))])).wait().unwrap();
        let due = |until, limit| store.due("s", "t", time(until), limit).unwrap();
        assert_eq!(due(9, 9), []);
        assert_eq!(due(30, 9), [(time(10), key("2")), (time(10), key("3")), (time(30), key("1"))]);
        assert_eq!(due(29, 1), [(time(10), key("2"))]);
        assert_eq!(store.next_due("s", "t").unwrap(), Some(time(10)));
        let list = |state, after: Option<&str>, limit| -> Vec<String> {
            let rows = store.deliveries("s", "t", state, after.map(key).as_ref(), limit).unwrap();
            rows.into_iter().map(|(key, _)| key.to_string()).collect()
        };
        assert_eq!(list(Some(State::Pending), None, 9), ["2", "3"]);
        assert_eq!(list(Some(State::Pending), Some("2"), 9), ["3"]);
        assert_eq!(list(None, Some("1"), 2), ["2", "3"]);
        assert_eq!(list(Some(State::Rejected), None, 9), [""; 0]);
        assert_eq!(list(None, None, 0), [""; 0]);
        store.commit_deliveries(deliver("s", "t", vec![write("2", 1, row(State::Delivered, None))])).wait().unwrap();
        assert_eq!(store.next_due("s", "t").unwrap(), Some(time(10)));
        assert_eq!(due(99, 9), [(time(10), key("3")), (time(30), key("1"))]);
        let counts = [(State::Pending, 1), (State::Delivered, 1), (State::Retrying, 1), (State::Skipped, 1)];
        assert_eq!(store.counts("s", "t").unwrap(), counts.into());
        assert_eq!(store.counts("s", "none").unwrap(), [].into());
    });
}

#[test]
fn rule_29_due_times_behind_the_horizon_are_cut() {
    on_each(|store| {
        let rows = [("1", 10), ("2", 900), ("3", 20), ("4", 500), ("5", 501)];
        let writes = rows.map(|(text, due)| write(text, 0, row(State::Retrying, Some(due))));
        store.commit_deliveries(deliver("s", "t", writes.to_vec())).wait().unwrap();
        store
            .commit_deliveries(deliver("s", "u", vec![write("9", 0, row(State::Retrying, Some(999)))]))
            .wait()
            .unwrap();
        let cut = |limit| store.cut_due("s", "t", time(20), limit).wait().unwrap();
        assert_eq!((cut(0), cut(2)), (0, 2));
        let due: Vec<String> =
            store.due("s", "t", time(20), 9).unwrap().into_iter().map(|(_, key)| key.to_string()).collect();
        assert_eq!(due, ["1", "2", "3", "5"]);
        assert_eq!((cut(9), cut(9), store.next_due("s", "u").unwrap()), (1, 0, Some(time(999))));
        let moved = store.delivery("s", "t", &key("4")).unwrap().unwrap();
        assert_eq!((moved.rev, moved.due, moved.state), (2, Some(time(20)), State::Retrying));
        assert_eq!(store.cut_due("none", "t", time(20), 9).wait().unwrap(), 0);
    });
}

#[test]
fn attempts_are_kept_with_their_outcome_oldest_first() {
    on_each(|store| {
        for (rev, n) in [(0, 1), (1, 2), (2, 10), (3, 2)] {
            let mut entry = write("1", rev, row(State::InFlight, None));
            let outcome = (rev == 3).then(|| "accepted".to_owned());
            entry.attempt = Some(crate::store::Attempt { outcome, ..attempt(n) });
            store.commit_deliveries(deliver("s", "t", vec![entry])).wait().unwrap();
        }
        let attempts = store.attempts("s", "t", &key("1")).unwrap();
        assert_eq!(attempts.iter().map(|a| a.n).collect::<Vec<_>>(), [1, 2, 10]);
        assert_eq!(store.attempt("s", "t", &key("1"), 2).unwrap().unwrap().outcome.as_deref(), Some("accepted"));
        assert_eq!(store.attempt("s", "t", &key("1"), 3).unwrap(), None);
        assert_eq!(store.attempts("s", "t", &key("2")).unwrap(), []);
    });
}

#[test]
fn a_scheme_is_paused_with_a_reason_and_resumed() {
    on_each(|store| {
        assert_eq!(store.paused("s").unwrap(), None);
        store.set_paused("s", Some("月结".into())).wait().unwrap();
        assert_eq!(store.paused("s").unwrap().as_deref(), Some("月结"));
        store.commit_capture(created("s", &["1"])).wait().unwrap();
        assert_eq!(store.paused("s").unwrap().as_deref(), Some("月结"));
        store.set_paused("s", None).wait().unwrap();
        assert_eq!((store.paused("s").unwrap(), store.last_seq("s").unwrap()), (None, 1));
    });
}

#[test]
fn runs_are_told_newest_first_and_replaced_by_their_id() {
    on_each(|store| {
        for (id, ended) in [(1, true), (2, true), (10, false), (10, true)] {
            let commit = CaptureCommit { run: Some(run(id, ended)), ..created("s", &[]) };
            store.commit_capture(commit).wait().unwrap();
        }
        let ids = |before, limit| store.runs("s", before, limit).unwrap().iter().map(|r| r.id).collect::<Vec<_>>();
        assert_eq!((ids(None, 9), ids(Some(10), 1), ids(Some(1), 9)), (vec![10, 2, 1], vec![2], vec![]));
        assert_eq!(store.runs("s", None, 1).unwrap(), [run(10, true)]);
        assert_eq!(store.runs("s", None, 0).unwrap(), []);
    });
}

#[test]
fn rule_30_any_text_is_a_key() {
    let folder = std::env::var("DELTAFERRY_SUITES")
        .unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/suites").to_owned());
    let mut texts: Vec<String> = std::fs::read(format!("{folder}/blns.json"))
        .map(|json| serde_json::from_slice(&json).unwrap())
        .unwrap_or_default();
    texts.extend(["", "\0", "\u{1}", "a\0b", "a\u{1}", "a", "单 号"].map(String::from));
    texts.sort();
    texts.dedup();
    on_each(|store| {
        let keys: Vec<&str> = texts.iter().map(String::as_str).collect();
        store.commit_capture(created("s", &keys)).wait().unwrap();
        let all = DocumentFilter { limit: usize::MAX, ..DocumentFilter::default() };
        let listed = store.documents("s", &all).unwrap();
        assert_eq!(listed.iter().map(|(key, _)| key.as_str()).collect::<Vec<_>>(), keys);
        for text in &keys {
            assert_eq!(store.by_number("s", &format!("SO-{text}")).unwrap(), [key(text)], "{text:?}");
            assert_eq!(store.versions("s", &key(text)).unwrap(), [1], "{text:?}");
        }
    });
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

/// More seeds by `DELTAFERRY_SEEDS=n`; one alone by `DELTAFERRY_SEED=n`.
fn seeds() -> Vec<u64> {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    match number("DELTAFERRY_SEED") {
        Some(seed) => vec![seed],
        None => (0..number("DELTAFERRY_SEEDS").unwrap_or(3)).collect(),
    }
}

#[test]
fn random_commands_leave_every_store_the_same() {
    for seed in seeds() {
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

#[test]
fn progress_steps_of_two_workers_exclude_each_other() {
    on_each(|store| {
        let steps: Vec<_> = (0..8)
            .map(|to| {
                let progress = Some(ProgressStep { from: None, to: progress(to) });
                store.commit_capture(CaptureCommit { progress, ..created("s", &[]) })
            })
            .collect();
        let done = steps.into_iter().map(|step| step.wait().is_ok()).filter(|ok| *ok).count();
        assert_eq!((done, store.progress("s").unwrap()), (1, Some(progress(0))));
    });
}
