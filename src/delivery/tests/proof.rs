//! The proof that absence can be seen (rule 4).

use serde_json::json;

use super::double::{SETTLE, accepted, effective, failed, receipt};
use super::support::{Desk, LONG, desk};
use crate::connector::{Fault, FaultKind, Finding, Outcome};
use crate::delivery::operate::Resolution;
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
async fn rule_04_what_was_saved_under_another_number_pauses_the_target_and_is_never_sent_again_by_itself() {
    for settling in ["", "\nin_doubt: resend\nremembers: 1d", "\nin_doubt: hold"] {
        let desk = desk(&format!("call: many\nbatch: 2{settling}")).await;
        for id in ["1", "2", "3"] {
            desk.capture(id, json!({ "rev": 1 })).await;
        }
        let words = "number `N2` was sent, and saved was number `X7` (id 7)";
        let renumbered = Outcome::Failed(Fault::new(FaultKind::Renumbered, words));
        desk.will_answer([vec![accepted("N1"), renumbered]]);
        desk.pass().await;
        assert_eq!((desk.sizes(), desk.state("1").0, desk.state("3").0), (vec![2], State::Delivered, State::Pending));
        assert_eq!(desk.store_target().paused.as_deref(), Some(words), "{settling}");
        let conflict = || {
            let (row, attempt) = (desk.row("2"), desk.store_attempts("2").pop().unwrap());
            assert_eq!((desk.state("2"), row.attempt), ((State::InDoubt, Some(Code::Conflict)), Some(1)), "{settling}");
            assert_eq!((row.due, attempt.outcome.as_deref()), (None, Some("renumbered")), "{settling}");
            assert_eq!(attempt.words.as_deref(), Some(words), "{settling}");
        };
        conflict();
        // The pause ends, and another person asks to look at it now: it is not shown, which tells nothing.
        desk.pause(None).await;
        desk.later(LONG).await;
        desk.person_retries("2").await;
        for _ in 0..3 {
            desk.later(LONG).await;
        }
        conflict();
        assert_eq!((desk.sizes(), desk.state("3").0), (vec![2, 1], State::Delivered), "{settling}");
        desk.person_resolves("2", &Resolution::Delivered { id: Some("7".into()) }).await;
        assert_eq!((desk.state("2").0, desk.row("2").receipt.unwrap().id.as_deref()), (State::Delivered, Some("7")));
    }
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
