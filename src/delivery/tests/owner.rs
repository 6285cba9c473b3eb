//! One writer for each target document (rule 11).

use serde_json::json;

use super::double::failed;
use super::support::desk;
use crate::connector::FaultKind;
use crate::reason::{Code, State};

#[tokio::test]
async fn rule_11_a_number_that_another_document_owns_is_a_conflict_and_waits_where_the_owner_is_gone() {
    for (owner_gone, expected) in
        [(false, (State::InDoubt, Some(Code::Conflict))), (true, (State::Waiting, Some(Code::Owner)))]
    {
        let desk = desk("call: save").await;
        desk.capture("1", json!({ "rev": 1 })).await;
        desk.pass().await;
        if owner_gone {
            desk.gone("1").await;
        }
        desk.capture("2", json!({ "rev": 1, "no": "N1" })).await;
        desk.pass().await;
        assert_eq!((desk.state("2"), desk.sent().len()), (expected, 1), "owner gone: {owner_gone}");
    }
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
