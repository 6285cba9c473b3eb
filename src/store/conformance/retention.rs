//! What a store forgets and what it keeps (rules.md 17).

use super::on_each;
use crate::change::ChangeKind;
use crate::clock::Time;
use crate::reason::State;
use crate::store::tests::samples::*;
use crate::store::{Attempt, Base, Delivery, Store, StoreError, SweepStage, SweepStep, Trim, Trimmed};

/// Forgets versions beyond the newest so many, and nothing for its age.
fn beyond(versions: u64) -> Trim {
    let never = Time(i64::MIN);
    Trim { scheme: "s".into(), versions, before_history: never, before_runs: never, after: None, limit: 100 }
}

/// Forgets what came before a time.
fn before(seconds: i64) -> Trim {
    Trim { before_history: time(seconds), before_runs: time(seconds), ..beyond(1000) }
}

fn forget(store: &dyn Store, trim: Trim) -> Trimmed {
    store.trim(trim).wait().unwrap()
}

/// So many versions of a document, one a second.
fn versions(store: &dyn Store, text: &str, count: u64) {
    for version in 0..count {
        let kind = if version == 0 { ChangeKind::Created } else { ChangeKind::Updated };
        let mut commit = capture("s", vec![captured(text, version, kind)]);
        commit.at = Some(time(i64::try_from(version).unwrap()));
        store.commit_capture(commit).wait().unwrap();
    }
}

/// A delivery at rest that was told a version.
fn told(version: u64, newest: u64) -> Delivery {
    let base = Base { version, told: true, call: None, payload_hash: None, attempt: None };
    let state = if version == newest { State::Delivered } else { State::Skipped };
    Delivery { state, version: newest, newest, base: Some(base), ..Delivery::new(time(0)) }
}

fn put(store: &dyn Store, target: &str, row: Delivery, attempt: Option<Attempt>) {
    let expect = store.delivery("s", target, &key("1")).unwrap().map_or(0, |row| row.rev);
    let mut write = write("1", expect, row);
    write.attempt = attempt;
    store.commit_deliveries(deliver("s", target, vec![write])).wait().unwrap();
}

#[test]
fn rule_17_newest_and_base_bodies_of_every_target_stay() {
    on_each(|store| {
        versions(store, "1", 9);
        put(store, "t", told(2, 9), None);
        put(store, "t.writeback", told(4, 9), None);
        assert_eq!(forget(store, beyond(3)).bodies, 4);
        assert_eq!(store.versions("s", &key("1")).unwrap(), [2, 4, 7, 8, 9]);
        assert_eq!(store.body("s", &key("1"), 1).unwrap(), None);
        assert_eq!(forget(store, before(1000)).bodies, 2);
        assert_eq!(store.versions("s", &key("1")).unwrap(), [2, 4, 9]);
        store.commit_capture(capture("s", vec![captured("1", 9, ChangeKind::Deleted)])).wait().unwrap();
        assert_eq!(forget(store, before(1000)).bodies, 0, "what is gone is looked for by its last text");
        assert_eq!(forget(store, beyond(1)).bodies, 0);
    });
}

#[test]
fn rule_17_versions_go_by_their_age_too() {
    on_each(|store| {
        versions(store, "1", 6);
        let done = forget(store, before(3));
        assert_eq!((done.changes, done.bodies), (3, 3));
        assert_eq!(store.versions("s", &key("1")).unwrap(), [4, 5, 6]);
    });
}

#[test]
fn rule_17_nothing_goes_of_a_document_whose_delivery_is_not_at_rest() {
    let at_rest = [State::Delivered, State::Skipped, State::Discarded];
    for state in State::ALL {
        on_each(|store| {
            versions(store, "1", 5);
            put(store, "t", Delivery { state, ..told(5, 5) }, None);
            let goes = at_rest.contains(&state);
            assert_eq!(forget(store, Trim { versions: 1, ..before(1000) }).bodies, if goes { 4 } else { 0 }, "{state}");
        });
    }
    let base = || told(5, 5);
    let open = [
        Delivery { newest: 6, ..base() },
        Delivery { replay: true, ..base() },
        Delivery { unsure: Some(time(0)), ..base() },
        Delivery { due: Some(time(0)), ..base() },
    ];
    for row in open {
        on_each(|store| {
            versions(store, "1", 5);
            put(store, "other", told(5, 5), None);
            put(store, "t", row.clone(), None);
            assert_eq!(forget(store, Trim { versions: 1, ..before(1000) }).bodies, 0, "{row:?}");
        });
    }
}

#[test]
fn rule_17_attempts_that_a_receipt_stands_on_and_what_came_after_them_stay() {
    let sent =
        |n: u32, version: u64, answered: Option<i64>| Attempt { version, answered: answered.map(time), ..attempt(n) };
    on_each(|store| {
        versions(store, "1", 6);
        // The reading that the newest version came from was asked for at second 5.
        let attempts =
            [sent(1, 1, Some(1)), sent(2, 1, Some(1)), sent(3, 2, None), sent(4, 2, Some(9)), sent(5, 3, Some(2))];
        let later = [sent(6, 4, Some(3)), sent(7, 5, Some(3))];
        for attempt in attempts.into_iter().chain(later) {
            let mut row = Delivery { attempts: 7, ..told(4, 6) };
            row.base = row.base.map(|base| Base { attempt: Some(6), ..base });
            put(store, "t", row, Some(attempt));
        }
        assert_eq!(forget(store, before(2)).attempts, 1);
        assert_eq!(forget(store, before(1000)).attempts, 1);
        let kept: Vec<u32> = store.attempts("s", "t", &key("1")).unwrap().iter().map(|attempt| attempt.n).collect();
        assert_eq!(kept, [1, 3, 4, 6, 7]);
        // The write-back of a document is judged by what the target was told, and so is the other way round.
        put(store, "t.writeback", Delivery { attempts: 2, ..told(6, 6) }, Some(sent(2, 4, Some(1))));
        assert_eq!(forget(store, before(1000)).attempts, 0);
    });
}

#[test]
fn rule_17_the_logs_start_moves_and_a_reader_behind_it_is_told() {
    on_each(|store| {
        versions(store, "1", 5);
        assert_eq!(store.trimmed("s").unwrap(), 0);
        assert_eq!(forget(store, before(2)).changes, 2);
        assert_eq!((store.trimmed("s").unwrap(), store.last_seq("s").unwrap()), (2, 5));
        assert!(matches!(store.changes("s", 1, 9), Err(StoreError::Trimmed { oldest: 3 })));
        let seqs = |after| store.changes("s", after, 9).unwrap().iter().map(|change| change.seq).collect::<Vec<_>>();
        assert_eq!((seqs(2), seqs(4)), (vec![3, 4, 5], vec![5]));
        assert_eq!(forget(store, before(1000)).changes, 3);
        assert_eq!(seqs(5), [] as [u64; 0]);
        versions(store, "2", 1);
        assert_eq!(seqs(5), [6], "numbers go on");
        assert_eq!(store.trimmed("other").unwrap(), 0);
    });
}

#[test]
fn rule_17_runs_go_but_the_last_and_those_of_sweeps() {
    on_each(|store| {
        for id in 1..=5 {
            let mut commit = capture("s", Vec::new());
            commit.run = Some(run(id, true));
            if id == 3 {
                commit.sweep = Some(SweepStep { from: None, to: sweep(3, Some(2), SweepStage::Ended) });
            }
            store.commit_capture(commit).wait().unwrap();
        }
        let ids = || store.runs("s", None, 9).unwrap().iter().map(|run| run.id).collect::<Vec<_>>();
        assert_eq!((forget(store, before(2)).runs, ids()), (0, vec![5, 4, 3, 2, 1]), "they ended then");
        assert_eq!((forget(store, before(3)).runs, ids()), (2, vec![5, 3, 2]));
    });
}

#[test]
fn rule_17_one_command_forgets_a_bounded_part_and_says_where_to_go_on() {
    on_each(|store| {
        for document in ["1", "2", "3", "4", "5"] {
            versions(store, document, 3);
        }
        let mut trim = Trim { versions: 1, limit: 2, ..before(1000) };
        let (mut bodies, mut changes, mut rounds) = (0, 0, 0);
        loop {
            let done = forget(store, trim.clone());
            assert!(done.changes <= 2 && done.bodies <= 8);
            (bodies, changes, rounds) = (bodies + done.bodies, changes + done.changes, rounds + 1);
            trim.after = done.after;
            if !done.more {
                break;
            }
        }
        assert_eq!((bodies, changes, rounds), (10, 15, 8));
        let done = forget(store, Trim { after: None, limit: 100, ..trim });
        assert_eq!((done.bodies, done.changes, done.more), (0, 0, false));
    });
}
