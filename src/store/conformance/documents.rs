//! Documents, changes, progress, runs, quarantine.

use super::on_each;
use crate::change::ChangeKind;
use crate::clock::Time;
use crate::name::Key;
use crate::store::tests::samples::*;
use crate::store::{CaptureCommit, DocumentFilter, ProgressStep, Store, StoreError};

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

#[test]
fn rule_27_the_lowest_row_version_to_go_back_to_is_kept_until_it_was_gone_back_to() {
    on_each(|store| {
        let commit = |rewind: Option<u64>, rewound: Option<u64>| {
            let (rewind, rewound) = (rewind.map(row_version), rewound.map(row_version));
            store.commit_capture(CaptureCommit { rewind, rewound, ..created("s", &[]) }).wait().unwrap();
            store.rewind("s").unwrap()
        };
        for (rewind, rewound, kept) in [
            (None, None, None),
            (Some(90), None, Some(90)),
            (Some(100), None, Some(90)),
            (Some(9), None, Some(9)),
            (None, Some(90), Some(9)),
            (None, Some(9), None),
        ] {
            assert_eq!(commit(rewind, rewound), kept.map(row_version), "{rewind:?} {rewound:?}");
        }
        let mut commit = created("s", &["1"]);
        commit.row_versions.insert(key("1"), row_version(9_007_199_254_740_993));
        store.commit_capture(commit).wait().unwrap();
        let head = store.heads("s", &[key("1")]).unwrap().remove(0).unwrap();
        assert_eq!(head.row_version, Some(row_version(9_007_199_254_740_993)));
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

#[test]
fn rule_22_what_a_write_back_wrote_takes_the_place_of_the_stored_text_without_a_change() {
    on_each(|store| {
        store.commit_capture(CaptureCommit { asked: Some(time(5)), ..created("s", &["1", "2"]) }).wait().unwrap();
        let head = || store.heads("s", &[key("1")]).unwrap().remove(0).unwrap();
        let before = head();
        assert_eq!(before.read_at, Some(time(5)));
        let echoed = crate::store::Touched { body: Some(b"{}".to_vec()), ..touched("1", 1) };
        let commit =
            CaptureCommit { touched: vec![echoed, touched("2", 1)], asked: Some(time(70)), ..capture("s", Vec::new()) };
        assert_eq!(store.commit_capture(commit).wait().unwrap().last_seq, 2);
        assert_eq!(store.body("s", &key("1"), 1).unwrap(), Some(b"{}".to_vec()));
        assert_eq!(store.body("s", &key("2"), 1).unwrap(), Some(captured("2", 0, ChangeKind::Created).body));
        let after = head();
        assert_eq!((after.version, after.seq, after.captured_at), (1, before.seq, before.captured_at));
        assert_eq!((after.raw_hash, after.read_at), (Some(hash("touched")), Some(time(70))));
        assert_eq!((store.versions("s", &key("1")).unwrap(), store.changes("s", 2, 9).unwrap().len()), (vec![1], 0));
        let late = crate::store::Touched { body: Some(b"[]".to_vec()), ..touched("1", 7) };
        let commit = CaptureCommit { touched: vec![late], ..capture("s", Vec::new()) };
        assert_eq!(store.commit_capture(commit).wait().unwrap().stale, [key("1")]);
        assert_eq!(store.body("s", &key("1"), 1).unwrap(), Some(b"{}".to_vec()));
    });
}
