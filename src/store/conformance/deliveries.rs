//! Targets, deliveries, attempts, owners.

use super::on_each;
use crate::reason::State;
use crate::store::tests::samples::*;
use crate::store::{StoreError, TargetState, WriteResult};

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
fn rule_22_what_is_settled_and_what_it_makes_due_are_one_commit() {
    on_each(|store| {
        let settle = |text: &str, expect, version| {
            let mut entry = write(text, expect, row(State::Delivered, None));
            entry.queue = Some(queued("t.writeback", version));
            entry
        };
        let back = |text: &str| store.delivery("s", "t.writeback", &key(text)).unwrap();
        // A write that was left out makes nothing due.
        let results = store.commit_deliveries(deliver("s", "t", vec![settle("1", 0, 2), settle("2", 7, 2)])).wait();
        assert_eq!(results.unwrap(), [WriteResult::Written(1), WriteResult::Changed]);
        let due = back("1").unwrap();
        assert_eq!((due.state, due.version, due.newest, due.due, due.rev), (State::Pending, 2, 2, Some(time(30)), 1));
        assert_eq!(back("2"), None);
        assert_eq!(store.due("s", "t.writeback", time(30), 9).unwrap(), [(time(30), key("1"))]);
        assert_eq!(store.counts("s", "t.writeback").unwrap(), [(State::Pending, 1)].into());
        assert_eq!(store.counts("s", "t").unwrap(), [(State::Delivered, 1)].into());

        // An open attempt is left alone, and looked at again when it is settled.
        let open = crate::store::Delivery { version: 2, newest: 2, ..row(State::InFlight, None) };
        store.commit_deliveries(deliver("s", "t.writeback", vec![write("1", 1, open)])).wait().unwrap();
        store.commit_deliveries(deliver("s", "t", vec![settle("1", 1, 2)])).wait().unwrap();
        let same = back("1").unwrap();
        assert_eq!(
            (same.state, same.version, same.newest, same.attempt, same.rev),
            (State::InFlight, 1, 2, Some(2), 3)
        );
        store.commit_deliveries(deliver("s", "t", vec![settle("1", 2, 5)])).wait().unwrap();
        let newer = back("1").unwrap();
        assert_eq!((newer.state, newer.version, newer.newest, newer.due), (State::InFlight, 1, 5, None));
        // Whoever read the row before has to read it again.
        let late = write("1", 3, row(State::Delivered, None));
        let results = store.commit_deliveries(deliver("s", "t.writeback", vec![late])).wait().unwrap();
        assert_eq!(results, [WriteResult::Changed]);

        // What was settled is due again, never in an older version.
        let settled = crate::store::Delivery { version: 5, newest: 5, ..row(State::Rejected, None) };
        store.commit_deliveries(deliver("s", "t.writeback", vec![write("1", 4, settled)])).wait().unwrap();
        store.commit_deliveries(deliver("s", "t", vec![settle("1", 3, 4)])).wait().unwrap();
        let again = back("1").unwrap();
        assert_eq!((again.state, again.version, again.newest, again.tries), (State::Pending, 5, 5, 0));
    });
}
