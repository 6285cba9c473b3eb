//! A version sent after an unknown outcome is read back one settle time later (rule 6).

use serde_json::json;

use super::double::{SETTLE, effective, failed, receipt};
use super::support::{Desk, LONG, desk};
use crate::connector::{Fault, FaultKind, Finding};
use crate::delivery::operate::Resolution;
use crate::reason::{Code, State};

/// A document that was sent into the unknown, found absent twice, and accepted when sent again.
async fn told_again() -> Desk {
    told_again_by("call: save").await
}

/// A target whose condition takes a version for a step only from another one.
const BY_STEPS: &str = "call: save\nwhen: \"@.before.rev != @.after.rev\"";

async fn told_again_by(target: &str) -> Desk {
    let desk = desk(target).await;
    desk.capture("1", json!({ "rev": 1 })).await;
    desk.will_answer([vec![failed(FaultKind::Unknown)]]);
    desk.pass().await;
    desk.later(SETTLE).await;
    desk.later(SETTLE).await;
    assert_eq!((desk.state("1").0, desk.sent().len(), desk.asked()), (State::Delivered, 2, 2));
    desk
}

#[tokio::test]
async fn rule_06_a_version_sent_after_an_unknown_outcome_is_read_back_one_settle_time_later() {
    let differs = || Finding::Effective { receipt: receipt("N1"), warnings: vec!["`rev` differs".into()] };
    let old = || Finding::NotEffective { receipt: receipt("N1") };
    let mixed = || Finding::Mixed { receipt: receipt("N1"), differences: vec!["`rev`".into()] };
    let foreign = || Finding::Foreign { why: "created by `li`".into(), receipt: receipt("N1") };
    let told = (State::Delivered, Some(Code::Sent));
    let conflict = (State::InDoubt, Some(Code::Conflict));
    for (name, found, expected, sends) in [
        ("it stands", effective("N1"), told, 2),
        ("the lost one came late, over it", differs(), told, 3),
        ("older content", old(), told, 3),
        ("gone", Finding::Absent, conflict, 2),
        ("mixed", mixed(), conflict, 2),
        ("another's", foreign(), conflict, 2),
    ] {
        let desk = told_again().await;
        desk.later(SETTLE / 2).await;
        assert_eq!(desk.asked(), 2, "{name}: not before");
        desk.will_find([found]);
        desk.later(SETTLE / 2).await;
        assert_eq!((desk.asked(), desk.state("1"), desk.sent().len()), (3, expected, sends), "{name}");
        desk.later(LONG).await;
        assert_eq!((desk.asked(), desk.state("1"), desk.sent().len()), (3, expected, sends), "{name}: once");
        assert_eq!(desk.row("1").due, None, "{name}");
        assert_eq!(desk.sent().last().unwrap().contains("id-N1"), sends == 3, "{name}: as an update");
    }
}

#[tokio::test]
async fn rule_06_what_came_late_is_told_over_though_no_condition_takes_a_version_for_a_step_from_itself() {
    let desk = told_again_by(BY_STEPS).await;
    desk.will_find([Finding::NotEffective { receipt: receipt("N1") }]);
    desk.later(SETTLE).await;
    desk.later(LONG).await;
    assert_eq!((desk.state("1"), desk.sent().len()), ((State::Delivered, Some(Code::Sent)), 3));
    let attempts = desk.store_attempts("1");
    assert_ne!(attempts[1].change_key, attempts[2].change_key, "the same bytes under the same key might be dropped");
}

#[tokio::test]
async fn rule_06_a_person_who_says_resend_of_what_was_told_sends_it() {
    let desk = told_again_by(BY_STEPS).await;
    desk.will_find([Finding::Mixed { receipt: receipt("N1"), differences: vec!["`rev`".into()] }]);
    desk.later(SETTLE).await;
    assert_eq!(desk.state("1"), (State::InDoubt, Some(Code::Conflict)));
    desk.person_resolves("1", &Resolution::Resend).await;
    desk.pass().await;
    assert_eq!((desk.state("1"), desk.sent().len()), ((State::Delivered, Some(Code::Sent)), 3));
}

#[tokio::test]
async fn rule_06_a_newer_version_that_is_not_to_be_sent_does_not_keep_from_reading_back() {
    for (found, expected) in [
        (effective("N1"), (State::Skipped, Some(Code::Condition))),
        // Neither what was told nor what is not to be told can repair it.
        (Finding::NotEffective { receipt: receipt("N1") }, (State::InDoubt, Some(Code::Conflict))),
    ] {
        let desk = told_again_by(BY_STEPS).await;
        desk.capture("1", json!({ "rev": 1, "remark": "of no interest" })).await;
        desk.pass().await;
        assert_eq!(desk.state("1"), (State::Skipped, Some(Code::Condition)));
        desk.will_find([found]);
        desk.later(SETTLE).await;
        assert_eq!((desk.asked(), desk.state("1"), desk.sent().len()), (3, expected, 2));
        desk.later(LONG).await;
        assert_eq!((desk.asked(), desk.row("1").due), (3, None));
    }
}

#[tokio::test]
async fn rule_18_a_resend_is_not_dropped_for_a_newer_version_that_no_condition_takes_for_a_step() {
    let desk = told_again_by(BY_STEPS).await;
    desk.will_find([Finding::Mixed { receipt: receipt("N1"), differences: vec!["`rev`".into()] }]);
    desk.later(SETTLE).await;
    desk.capture("1", json!({ "rev": 1, "remark": "of no interest" })).await;
    desk.pass().await;
    desk.person_resolves("1", &Resolution::Resend).await;
    desk.pass().await;
    desk.pass().await;
    assert_eq!((desk.state("1"), desk.sent().len()), ((State::Delivered, Some(Code::Sent)), 3));
    assert!(!desk.row("1").replay);
}

#[tokio::test]
async fn rule_06_what_came_late_is_told_over_by_the_call_and_mapping_that_told_it() {
    let audits = "{ when: \"@.before.status != 'C' && @.after.status == 'C'\", call: audit }";
    let desk =
        told_again_by(&format!("call: save\nwhen: \"@.before.rev != @.after.rev\"\noperations: [{audits}]")).await;
    desk.capture("1", json!({ "rev": 1, "status": "C" })).await;
    desk.pass().await;
    desk.capture("1", json!({ "rev": 2, "status": "C" })).await;
    desk.pass().await;
    let calls = || -> Vec<String> { desk.target.sent.lock().unwrap().iter().map(|(call, _)| call.clone()).collect() };
    assert_eq!(calls(), ["save", "save", "audit", "save"]);
    let mut row = desk.row("1");
    (row.read_back, row.due) = (true, Some(desk.clock_now()));
    desk.overwrite("1", row).await;
    desk.will_find([Finding::NotEffective { receipt: receipt("N1") }]);
    desk.pass().await;
    desk.pass().await;
    assert_eq!(calls(), ["save", "save", "audit", "save", "save"]);
}

#[tokio::test]
async fn rule_06_a_newer_version_is_what_is_read_back_then() {
    let desk = told_again().await;
    desk.capture("1", json!({ "rev": 2 })).await;
    desk.pass().await;
    assert_eq!((desk.sent().len(), desk.asked()), (3, 2));
    desk.will_find([effective("N1")]);
    desk.later(SETTLE).await;
    assert_eq!(desk.asked(), 3);
    let asked = desk.target.asked.lock().unwrap().last().cloned().unwrap();
    assert_eq!(asked.attempted.unwrap().payload, r#"{"no":"N1","rev":2,"id":"id-N1"}"#);
    assert_eq!(asked.told.as_deref(), Some(FIRST), "an update is judged where it differs from what was told before");
}

const FIRST: &str = r#"{"no":"N1","rev":1}"#;

#[tokio::test]
async fn rule_06_a_read_back_without_an_answer_comes_again_and_what_was_never_in_doubt_is_not_read() {
    let desk = told_again().await;
    desk.target.findings.lock().unwrap().push_back(Err(Fault::new(FaultKind::Unknown, "cut")));
    desk.later(SETTLE).await;
    assert_eq!((desk.asked(), desk.state("1").0), (3, State::Delivered));
    desk.will_find([effective("N1")]);
    desk.later(LONG).await;
    assert_eq!((desk.asked(), desk.row("1").due), (4, None));

    desk.capture("2", json!({ "rev": 1 })).await;
    desk.will_answer([vec![failed(FaultKind::Transient)]]);
    desk.pass().await;
    desk.later(LONG).await;
    desk.later(LONG).await;
    assert_eq!((desk.state("2").0, desk.asked()), (State::Delivered, 4));
}
