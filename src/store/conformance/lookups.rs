//! What look-ups ask of a store (rules.md 16).

use std::collections::BTreeSet;

use super::on_each;
use crate::change::ChangeKind;
use crate::reason::State;
use crate::store::tests::samples::*;
use crate::store::{CaptureCommit, IndexFill, IndexValues, Mark, Store, WriteResult};

fn set_paths(store: &dyn Store, paths: &[&str]) {
    let paths: BTreeSet<String> = paths.iter().map(|path| (*path).to_owned()).collect();
    store.set_indexed("m", paths).wait().unwrap();
}

fn fill(store: &dyn Store, entries: &[(&str, u64, IndexValues)], ready: &[&str]) {
    let entries = entries.iter().map(|(id, version, values)| (key(id), *version, values.clone())).collect();
    let ready = ready.iter().map(|path| (*path).to_owned()).collect();
    store.fill_index(IndexFill { scheme: "m".into(), entries, ready }).wait().unwrap();
}

fn keep(store: &dyn Store, id: &str, expect: u64, kind: ChangeKind, values: IndexValues) {
    let index = [(key(id), values)].into();
    let commit = CaptureCommit { index, ..capture("m", vec![captured(id, expect, kind)]) };
    assert_eq!(store.commit_capture(commit).wait().unwrap().stale, []);
}

fn found(store: &dyn Store, path: &str, text: &str) -> Option<Vec<String>> {
    let keys = store.lookup("m", path, text, 9).unwrap()?;
    Some(keys.iter().map(ToString::to_string).collect())
}

fn some(keys: &[&str]) -> Option<Vec<String>> {
    Some(keys.iter().map(|key| (*key).to_owned()).collect())
}

#[test]
fn rule_16_the_index_follows_a_documents_newest_version_and_leaves_tombstones_out() {
    on_each(|store| {
        set_paths(store, &["$.sku"]);
        fill(store, &[], &["$.sku"]);
        keep(store, "1", 0, ChangeKind::Created, values(Some("A"), Some("not indexed")));
        keep(store, "2", 0, ChangeKind::Created, values(Some("A"), None));
        assert_eq!((found(store, "$.sku", "A"), found(store, "$.no", "not indexed")), (some(&["1", "2"]), None));
        keep(store, "1", 1, ChangeKind::Updated, values(Some("B"), None));
        assert_eq!((found(store, "$.sku", "A"), found(store, "$.sku", "B")), (some(&["2"]), some(&["1"])));
        keep(store, "2", 1, ChangeKind::Deleted, values(Some("A"), None));
        keep(store, "1", 2, ChangeKind::Updated, values(None, None));
        assert_eq!((found(store, "$.sku", "A"), found(store, "$.sku", "B")), (some(&[]), some(&[])));
        keep(store, "2", 2, ChangeKind::Created, values(Some("A"), None));
        store.commit_capture(capture("m", vec![captured("9", 7, ChangeKind::Updated)])).wait().unwrap();
        assert_eq!(found(store, "$.sku", "A"), some(&["2"]), "what was stale left no trace");
        assert_eq!(store.lookup("m", "$.sku", "A", 0).unwrap(), Some(Vec::new()));
    });
}

#[test]
fn rule_16_a_path_that_is_new_counts_once_it_is_filled_and_one_not_asked_for_is_dropped() {
    on_each(|store| {
        keep(store, "1", 0, ChangeKind::Created, values(None, None));
        keep(store, "2", 0, ChangeKind::Created, values(None, None));
        set_paths(store, &["$.sku", "$.no"]);
        assert_eq!(found(store, "$.sku", "A"), None);
        keep(store, "2", 1, ChangeKind::Updated, values(Some("C"), Some("N2")));
        let stale = ("2", 1, values(Some("A"), Some("old")));
        fill(store, &[("1", 1, values(Some("A"), Some("N1"))), stale, ("3", 1, values(Some("A"), None))], &["$.sku"]);
        assert_eq!((found(store, "$.sku", "A"), found(store, "$.sku", "C")), (some(&["1"]), some(&["2"])));
        assert_eq!(found(store, "$.no", "N1"), None, "not all of it is filled");
        assert_eq!(store.indexed("m").unwrap(), [("$.no".to_owned(), false), ("$.sku".to_owned(), true)].into());
        set_paths(store, &["$.no"]);
        set_paths(store, &["$.no", "$.sku"]);
        fill(store, &[], &["$.sku", "$.unheard"]);
        assert_eq!(found(store, "$.sku", "A"), some(&[]), "nothing is left of what was dropped");
        assert_eq!(store.indexed("m").unwrap().len(), 2);
    });
}

#[test]
fn rule_16_a_document_is_parked_only_while_the_mirror_stands_where_it_was_asked() {
    on_each(|store| {
        let parked = |mark: Mark, expect| {
            let mut entry = write("1", expect, row(State::Waiting, None));
            entry.row.parked.insert("m".into(), mark);
            store.commit_deliveries(deliver("s", "t", vec![entry])).wait().unwrap().remove(0)
        };
        let before = store.mark("m").unwrap();
        assert_eq!(before, Mark::default());
        keep(store, "1", 0, ChangeKind::Created, values(None, None));
        assert_eq!(store.mark("m").unwrap(), Mark { seq: 1, complete: false });
        assert_eq!(parked(before, 0), WriteResult::Written(1), "every miss waits for the mirror to be complete");
        let progress = step(None, 10);
        store.commit_capture(CaptureCommit { progress, ..capture("m", Vec::new()) }).wait().unwrap();
        assert_eq!(store.mark("m").unwrap(), Mark { seq: 1, complete: true });
        assert_eq!(parked(before, 1), WriteResult::Changed, "it was read completely in between");
        let complete = store.mark("m").unwrap();
        keep(store, "2", 0, ChangeKind::Created, values(None, None));
        assert_eq!(parked(complete, 1), WriteResult::Changed, "a document arrived in between");
        let arrived = store.mark("m").unwrap();
        assert_eq!(parked(arrived, 1), WriteResult::Written(2));
        set_paths(store, &["$.sku"]);
        assert!(!store.mark("m").unwrap().complete, "a new path is not filled yet");
        fill(store, &[], &["$.sku"]);
        assert!(store.mark("m").unwrap().complete);
        assert_eq!(store.delivery("s", "t", &key("1")).unwrap().unwrap().parked, [("m".to_owned(), arrived)].into());
    });
}
