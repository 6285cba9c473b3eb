//! What was sent before the configuration changed is settled as it was sent (rule 13).

use serde_json::json;

use super::double::{SETTLE, effective, failed};
use super::support::{Desk, LONG, desk};
use crate::connector::FaultKind;
use crate::reason::{Code, State};

async fn in_doubt(target: &str) -> Desk {
    let desk = desk(target).await;
    desk.capture("1", json!({ "rev": 1, "remark": "r" })).await;
    desk.will_answer([vec![failed(FaultKind::Unknown)]]);
    desk.pass().await;
    assert_eq!(desk.state("1").0, State::InDoubt);
    desk
}

#[tokio::test]
async fn rule_13_a_call_that_is_gone_or_renamed_is_asked_about_as_it_was_made() {
    let before = "call: save\nidentity: { number: no, compare: [rev] }";
    let after = "call: put\nidentity: { number: remark }\nmapping: { remark: $.no, rev: $.rev }";
    let mut desk = in_doubt(before).await;
    desk.restart_with(after).await;
    desk.will_find([effective("N1")]);
    desk.later(SETTLE).await;
    let asked = desk.target.asked_by.lock().unwrap().remove(0);
    assert_eq!(
        (asked.call.as_str(), asked.number_field.as_deref(), asked.compare),
        ("save", Some("no"), vec!["rev".to_owned()])
    );
    assert_eq!(desk.target.asked.lock().unwrap()[0].attempted.as_ref().unwrap().payload, r#"{"no":"N1","rev":1}"#);
    assert_eq!(desk.state("1").0, State::Delivered);
    // From then on the scheme of now holds.
    desk.capture("1", json!({ "rev": 2 })).await;
    desk.pass().await;
    assert_eq!(desk.sent().last().unwrap(), r#"{"remark":"N1","rev":2,"id":"id-N1"}"#);
}

#[tokio::test]
async fn fault_36_rule_13_a_changed_mapping_sends_the_stored_bytes_again_and_only_then_its_own() {
    let resend = "in_doubt: resend\nremembers: 1d";
    let mut desk = in_doubt(&format!("call: blind\n{resend}")).await;
    desk.restart_with(&format!("call: blind\n{resend}\nmapping: {{ no: $.no, remark: $.remark }}")).await;
    desk.later(SETTLE).await;
    assert_eq!(desk.sent(), vec![r#"{"no":"N1","rev":1}"#; 2]);
    assert_eq!(desk.state("1").0, State::Delivered);
    desk.capture("1", json!({ "rev": 2, "remark": "s" })).await;
    desk.pass().await;
    assert_eq!(desk.sent().last().unwrap(), r#"{"no":"N1","remark":"s","id":"id-N1"}"#);
}

#[tokio::test]
async fn rule_13_an_attempt_is_settled_by_the_rule_it_was_made_under() {
    let (probe, hold, resend) =
        ("call: save\nin_doubt: probe", "call: save\nin_doubt: hold", "call: save\nin_doubt: resend\nremembers: 1d");
    // (made under, changed to, questions, sends)
    for (made, changed, asked, sent) in
        [(probe, hold, 1, 1), (probe, resend, 1, 1), (hold, probe, 0, 1), (resend, hold, 0, 2)]
    {
        let mut desk = in_doubt(made).await;
        desk.restart_with(changed).await;
        desk.will_find([effective("N1")]);
        desk.later(SETTLE).await;
        assert_eq!((desk.asked(), desk.sent().len()), (asked, sent), "{made} then {changed}");
        assert_eq!(desk.state("1").0 == State::InDoubt, made == hold, "{made} then {changed}");
    }
}

#[tokio::test]
async fn rule_13_another_account_can_not_tell_what_became_of_an_attempt() {
    for rule in ["in_doubt: probe", "in_doubt: resend\nremembers: 1d"] {
        let target = format!("call: save\n{rule}");
        let mut desk = in_doubt(&target).await;
        *desk.target.other_account.lock().unwrap() = Some("other".into());
        desk.restart_with(&target).await;
        desk.later(LONG).await;
        assert_eq!((desk.asked(), desk.sent().len(), desk.row("1").due), (0, 1, None), "{rule}");
        assert_eq!(desk.state("1"), (State::InDoubt, Some(Code::Unknown)));
        assert!(desk.row("1").reason.unwrap().params["why"].contains("`double`, and the target is `other` now"));
    }
}
