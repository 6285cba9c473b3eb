//! What people do: replay, retry, discard, resolve (rule 18).

use serde_json::json;

use super::double::{SETTLE, effective, failed};
use super::support::{LONG, desk};
use crate::connector::FaultKind;
use crate::delivery::operate::Resolution;
use crate::reason::{Code, State};

#[tokio::test]
async fn rule_18_a_replay_overrides_the_same_payload_and_goes_under_another_change_key() {
    let desk = desk("call: save").await;
    desk.capture("1", json!({ "rev": 1 })).await;
    desk.pass().await;
    desk.person_replays("1").await;
    desk.pass().await;
    let attempts = desk.store_attempts("1");
    assert_eq!((attempts.len(), desk.state("1").0), (2, State::Delivered));
    assert_ne!(attempts[0].change_key, attempts[1].change_key);
    assert_eq!(attempts[0].payload_hash, attempts[1].payload_hash);
}

#[tokio::test]
async fn rule_18_a_replay_asked_for_while_in_doubt_goes_after_the_attempt_is_settled() {
    let desk = desk("call: save").await;
    desk.capture("1", json!({ "rev": 1 })).await;
    desk.will_answer([vec![failed(FaultKind::Unknown)]]);
    desk.pass().await;
    desk.person_replays("1").await;
    assert_eq!(desk.state("1").0, State::InDoubt);
    desk.will_find([effective("N1")]);
    desk.later(SETTLE).await;
    assert_eq!((desk.sent().len(), desk.state("1").0, desk.row("1").replay), (2, State::Delivered, false));
}

#[tokio::test]
async fn a_replay_that_the_target_refuses_is_rejected_and_not_sent_in_a_circle() {
    let desk = desk("call: save").await;
    desk.capture("1", json!({ "rev": 1 })).await;
    desk.pass().await;
    desk.will_answer([vec![failed(FaultKind::Permanent)]]);
    desk.person_replays("1").await;
    desk.pass().await;
    assert_eq!((desk.sent().len(), desk.state("1").0), (2, State::Rejected));
    desk.person_replays("1").await;
    desk.will_answer([vec![failed(FaultKind::Transient)]]);
    desk.pass().await;
    assert_eq!((desk.sent().len(), desk.state("1").0), (3, State::Retrying), "a wait before the next try");
}

#[tokio::test]
async fn a_replay_overrides_a_condition_on_changes_but_not_one_on_the_state() {
    // (condition, status of the newest version, whether a replay sends it)
    let table = [
        ("@.before == null || @.before.rev != @.after.rev", "C", true),
        ("@.after.status == 'C'", "C", true),
        ("@.after.status == 'C'", "A", false),
    ];
    for (when, status, sends) in table {
        let desk = desk(&format!("call: save\nwhen: \"{when}\"")).await;
        desk.capture("1", json!({ "rev": 1, "status": "C" })).await;
        desk.pass().await;
        if status != "C" {
            desk.capture("1", json!({ "rev": 1, "status": status })).await;
            desk.pass().await;
        }
        desk.person_replays("1").await;
        desk.pass().await;
        assert_eq!(desk.sent().len(), 1 + usize::from(sends), "{when} with {status}");
    }
}

#[tokio::test]
async fn a_person_settles_what_is_in_doubt_as_delivered_or_sends_it_again() {
    for (resolution, sends) in [(Resolution::Delivered { id: Some("id-N1".into()) }, 1), (Resolution::Resend, 2)] {
        let desk = desk("call: blind\nin_doubt: hold").await;
        desk.capture("1", json!({ "rev": 1 })).await;
        desk.will_answer([vec![failed(FaultKind::Unknown)]]);
        desk.pass().await;
        desk.later(LONG).await;
        desk.person_resolves("1", &resolution).await;
        desk.pass().await;
        assert_eq!((desk.sent().len(), desk.state("1").0), (sends, State::Delivered), "{resolution:?}");
        let base = desk.row("1").base.unwrap();
        assert!(base.told && base.version == 1);
    }
}

#[tokio::test]
async fn a_delete_resolved_as_delivered_ends_the_receipt_and_frees_the_number() {
    let desk = desk("call: save\noperations: [{ when: \"@.after.status == 'V'\", call: remove }]").await;
    desk.capture("1", json!({ "rev": 1, "status": "C" })).await;
    desk.pass().await;
    desk.capture("1", json!({ "rev": 2, "status": "V" })).await;
    desk.will_answer([vec![failed(FaultKind::Unknown)]]);
    desk.pass().await;
    let identity = desk.row("1").identity.unwrap();
    desk.person_resolves("1", &Resolution::Delivered { id: None }).await;
    assert_eq!((desk.state("1").0, desk.row("1").receipt), (State::Delivered, None));
    assert_eq!(desk.owner(&identity), None);
}

#[tokio::test]
async fn a_discarded_document_comes_back_with_its_next_version() {
    let desk = desk("call: save").await;
    desk.capture("1", json!({ "rev": 1 })).await;
    desk.will_answer([vec![failed(FaultKind::Permanent)]]);
    desk.pass().await;
    desk.person_discards("1").await;
    desk.later(LONG).await;
    assert_eq!((desk.state("1"), desk.sent().len()), ((State::Discarded, Some(Code::Discarded)), 1));
    desk.capture("1", json!({ "rev": 2 })).await;
    desk.pass().await;
    assert_eq!((desk.state("1").0, desk.sent().len()), (State::Delivered, 2));
}
