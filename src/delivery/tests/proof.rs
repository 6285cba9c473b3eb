//! The proof that absence can be seen (rule 4).

use serde_json::json;

use super::double::{SETTLE, accepted, effective, failed, receipt};
use super::support::{Desk, desk};
use crate::connector::{FaultKind, Finding};
use crate::reason::{Code, State};
use crate::store::Store;

/// A desk whose target has shown nothing yet, with documents captured.
async fn unproven(target: &str, ids: &[&str]) -> Desk {
    let desk = desk(target).await;
    let mut state = desk.store_target();
    state.proven = false;
    desk.store.set_target("s", "t", state).await.unwrap();
    for id in ids {
        desk.capture(id, json!({ "rev": 1 })).await;
    }
    desk
}

#[tokio::test]
async fn rule_04_the_first_document_goes_alone_and_being_found_it_is_the_proof() {
    let desk = unproven("call: save", &["1", "2", "3", "4"]).await;
    desk.will_find([effective("N1")]);
    desk.pass().await;
    assert_eq!((desk.sizes(), desk.asked()), (vec![1, 3], 1));
    let asked = desk.target.asked.lock().unwrap()[0].clone();
    assert_eq!((asked.number.as_deref(), asked.target_id), (Some("N1"), None), "as a document in doubt is asked for");
    assert!(desk.store_target().proven);
    desk.capture("5", json!({ "rev": 1 })).await;
    desk.worker.pass().await.unwrap();
    assert_eq!((desk.sizes(), desk.asked()), (vec![1, 3, 1], 1), "once is enough");
}

#[tokio::test]
async fn rule_04_an_accepted_document_that_is_not_shown_pauses_the_target() {
    let other = Finding::Foreign { why: "made by `somebody`".to_owned(), receipt: receipt("N9") };
    for finding in [Finding::Absent, other] {
        let desk = unproven("call: save", &["1", "2", "3"]).await;
        desk.will_find([finding]);
        desk.pass().await;
        assert_eq!((desk.sizes(), desk.state("1").0), (vec![1], State::Delivered));
        let state = desk.store_target();
        assert!(!state.proven && state.paused.unwrap().contains("N1"));
    }
}

#[tokio::test]
async fn rule_04_a_refused_document_proves_nothing_and_the_next_goes_alone() {
    let desk = unproven("call: save", &["1", "2", "3", "4"]).await;
    desk.will_answer([vec![failed(FaultKind::Permanent)]]);
    desk.will_find([effective("N2")]);
    desk.pass().await;
    assert_eq!(desk.sizes(), [1, 1, 2]);
}

#[tokio::test]
async fn rule_04_absence_counts_only_once_the_target_has_shown_one_of_ours() {
    let desk = unproven("call: put", &["1"]).await;
    desk.will_answer([vec![failed(FaultKind::Unknown)]]);
    for _ in 0..6 {
        desk.pass().await;
        desk.clock.advance(SETTLE);
    }
    assert_eq!((desk.sent().len(), desk.state("1")), (1, (State::InDoubt, Some(Code::Unknown))));
    // Another document of the same target is shown.
    desk.capture("2", json!({ "rev": 1 })).await;
    let not_there = Finding::Absent;
    desk.will_find([not_there.clone(), not_there.clone(), effective("N2")]);
    desk.pass().await;
    assert!(desk.store_target().proven, "{:?}", desk.state("2"));
    for _ in 0..3 {
        if desk.sent().len() < 3 {
            desk.later(SETTLE).await;
        }
    }
    assert_eq!((desk.state("1").0, desk.sent().len()), (State::Delivered, 3));
}

#[tokio::test]
async fn rule_04_where_a_known_number_is_refused_one_document_in_doubt_goes_itself_as_the_proof() {
    let desk = unproven("call: save", &["1", "2"]).await;
    desk.will_answer([vec![failed(FaultKind::Unknown)], vec![failed(FaultKind::Unknown)]]);
    desk.pass().await;
    assert_eq!(desk.sizes(), [1, 1]);
    desk.later(SETTLE).await;
    assert_eq!((desk.sizes().len(), desk.state("1").0), (2, State::InDoubt), "absent once is not enough");
    desk.will_find([Finding::Absent, Finding::Absent, effective("N1")]);
    desk.later(SETTLE).await;
    assert_eq!((desk.sizes(), desk.state("1").0, desk.state("2").0), (vec![1, 1, 1], State::Delivered, State::InDoubt));
    assert!(desk.store_target().proven);
    desk.later(SETTLE).await;
    desk.later(SETTLE).await;
    assert_eq!((desk.sizes(), desk.state("2").0), (vec![1, 1, 1, 1], State::Delivered));
}

#[tokio::test]
async fn rule_04_a_taken_number_of_which_nothing_is_shown_is_a_conflict_and_never_sent_again() {
    let desk = unproven("call: save", &["1"]).await;
    desk.will_answer([vec![failed(FaultKind::Exists)]]);
    desk.pass().await;
    desk.later(SETTLE).await;
    desk.later(SETTLE).await;
    assert_eq!((desk.state("1"), desk.sizes()), ((State::InDoubt, Some(Code::Conflict)), vec![1]));
}

#[tokio::test]
async fn rule_04_a_document_delivered_before_proves_it_without_a_send() {
    let mut desk = unproven("call: save", &["1"]).await;
    desk.will_answer([vec![accepted("N1")]]);
    desk.target.findings.lock().unwrap().push_back(Err(crate::connector::Fault::new(FaultKind::Permanent, "no")));
    desk.pass().await;
    assert_eq!((desk.state("1").0, desk.store_target().proven), (State::Delivered, false), "no answer is no proof");
    for id in ["2", "3"] {
        desk.capture(id, json!({ "rev": 1 })).await;
    }
    desk.worker = desk.another_process();
    desk.will_find([effective("N1")]);
    desk.pass().await;
    assert_eq!((desk.sizes(), desk.store_target().proven), (vec![1, 2], true));
}
