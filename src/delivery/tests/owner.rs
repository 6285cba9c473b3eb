//! One writer for each target document (rule 11).

use serde_json::json;

use super::double::{failed, receipt};
use super::support::{LONG, desk};
use crate::connector::{FaultKind, Finding, Outcome};
use crate::reason::{Code, State};

#[tokio::test]
async fn rule_11_a_number_that_another_document_owns_is_a_conflict_and_waits_while_the_owner_leaves() {
    let target = "call: save\noperations: [{ when: \"@.kind == 'deleted'\", call: remove }]";
    for (leaves, expected, sent) in
        [(false, (State::InDoubt, Some(Code::Conflict)), 1), (true, (State::Waiting, Some(Code::Owner)), 2)]
    {
        let desk = desk(target).await;
        desk.capture("1", json!({ "rev": 1 })).await;
        desk.pass().await;
        if leaves {
            desk.gone("1").await;
            desk.will_answer([vec![failed(FaultKind::Permanent)]]);
            desk.pass().await;
        }
        desk.capture("2", json!({ "rev": 1, "no": "N1" })).await;
        desk.pass().await;
        assert_eq!((desk.state("2"), desk.sent().len()), (expected, sent), "the owner leaves: {leaves}");
    }
}

#[tokio::test]
async fn rule_11_an_owner_that_left_without_a_word_gives_the_number_free_to_be_looked_for() {
    let foreign = Finding::Foreign { why: "created before".to_owned(), receipt: receipt("N1") };
    for (found, expected, sent) in [
        (foreign, (State::InDoubt, Some(Code::Conflict)), 1),
        (Finding::Absent, (State::Delivered, Some(Code::Sent)), 2),
    ] {
        let desk = desk("call: save\nwhen: \"@.after != null\"").await;
        desk.capture("1", json!({ "rev": 1 })).await;
        desk.pass().await;
        desk.gone("1").await;
        desk.capture("2", json!({ "rev": 1, "no": "N1" })).await;
        desk.will_find([found]);
        desk.pass().await;
        desk.pass().await;
        assert_eq!((desk.state("2"), desk.sent().len(), desk.asked()), (expected, sent, 1));
    }
}

#[tokio::test]
async fn rule_11_a_number_that_was_never_told_is_free_once_its_document_has_another_or_is_given_up() {
    for discards in [false, true] {
        let desk = desk("call: save").await;
        desk.capture("1", json!({ "rev": 1, "no": "N" })).await;
        desk.will_answer([vec![failed(FaultKind::Unreachable)]]);
        desk.pass().await;
        if discards {
            desk.person_discards("1").await;
        } else {
            desk.capture("1", json!({ "rev": 1, "no": "M" })).await;
            desk.later(LONG).await;
        }
        desk.capture("2", json!({ "rev": 1, "no": "N" })).await;
        desk.later(LONG).await;
        assert_eq!(desk.state("2").0, State::Delivered, "discards: {discards}");
    }
    // What may have run keeps its number.
    let desk = desk("call: save").await;
    desk.capture("1", json!({ "rev": 1, "no": "N" })).await;
    desk.will_answer([vec![failed(FaultKind::Unknown)]]);
    desk.pass().await;
    desk.person_discards("1").await;
    desk.capture("2", json!({ "rev": 1, "no": "N" })).await;
    desk.later(LONG).await;
    assert_eq!(desk.state("2"), (State::InDoubt, Some(Code::Conflict)));
}

#[tokio::test]
async fn rule_11_blanks_around_a_number_and_its_case_make_no_other_number() {
    let desk = desk("call: save").await;
    desk.capture("1", json!({ "rev": 1, "no": "ck-1 " })).await;
    let spelt = Outcome::Accepted { receipt: receipt("CK-1"), complete: true, warnings: Vec::new() };
    desk.will_answer([vec![spelt]]);
    desk.pass().await;
    desk.capture("1", json!({ "rev": 2, "no": "ck-1 " })).await;
    desk.pass().await;
    assert_eq!((desk.state("1").0, desk.sent().len()), (State::Delivered, 2));
    desk.capture("2", json!({ "rev": 1, "no": " Ck-1" })).await;
    desk.pass().await;
    assert_eq!((desk.state("2"), desk.sent().len()), ((State::InDoubt, Some(Code::Conflict)), 2));
}

#[tokio::test]
async fn rule_11_two_documents_of_one_number_in_one_page_are_never_both_sent() {
    let desk = desk("call: save").await;
    desk.capture("1", json!({ "rev": 1, "no": "N" })).await;
    desk.capture("2", json!({ "rev": 1, "no": "N" })).await;
    desk.pass().await;
    assert_eq!((desk.state("1").0, desk.state("2").0, desk.sizes()), (State::Delivered, State::InDoubt, vec![1]));
}

#[tokio::test]
async fn rule_11_a_create_refused_for_good_frees_the_number_unless_an_attempt_may_have_run() {
    let desk = desk("call: save").await;
    desk.capture("1", json!({ "rev": 1, "no": "N" })).await;
    desk.will_answer([vec![failed(FaultKind::Permanent)]]);
    desk.pass().await;
    desk.capture("2", json!({ "rev": 1, "no": "N" })).await;
    desk.pass().await;
    assert_eq!((desk.state("1").0, desk.state("2").0), (State::Rejected, State::Delivered));

    let desk = super::support::desk("call: save").await;
    desk.capture("1", json!({ "rev": 1, "no": "N" })).await;
    desk.will_answer([vec![failed(FaultKind::Unknown)], vec![failed(FaultKind::Permanent)]]);
    desk.pass().await;
    desk.person_resolves("1", &crate::delivery::operate::Resolution::Resend).await;
    desk.pass().await;
    desk.capture("2", json!({ "rev": 1, "no": "N" })).await;
    desk.pass().await;
    assert_eq!((desk.state("1").0, desk.state("2").0), (State::Rejected, State::InDoubt));
}

#[tokio::test]
async fn rule_11_a_delete_that_is_told_frees_the_number() {
    let desk = desk("call: save\noperations: [{ when: \"@.after.status == 'V'\", call: remove }]").await;
    desk.capture("1", json!({ "rev": 1, "no": "N", "status": "C" })).await;
    desk.pass().await;
    desk.capture("1", json!({ "rev": 2, "no": "N", "status": "V" })).await;
    desk.pass().await;
    desk.capture("2", json!({ "rev": 1, "no": "N", "status": "C" })).await;
    desk.pass().await;
    assert_eq!((desk.state("2").0, desk.sent().len()), (State::Delivered, 3));
}
