//! Finding before the first send (rules 4, 7 and 12).

use serde_json::{Value, json};

use super::double::{SETTLE, accepted, failed, receipt};
use super::support::{Desk, desk, desk_with};
use crate::clock::Time;
use crate::connector::{FaultKind, Finding, Outcome};
use crate::reason::{Code, State};
use crate::receipt::Receipt;
use crate::store::TargetAnswer;

fn there() -> Finding {
    Finding::NotEffective { receipt: receipt("N1") }
}

fn foreign() -> Finding {
    Finding::Foreign { why: "it was there before we first sent".into(), receipt: receipt("N1") }
}

#[tokio::test]
async fn rule_07_a_call_that_overwrites_by_number_is_preceded_by_a_question() {
    let table = [
        ("absent: created at once", Finding::Absent, (State::Delivered, Some(Code::Sent)), Some(false)),
        ("ours: updated", there(), (State::Delivered, Some(Code::Sent)), Some(true)),
        ("foreign: a conflict", foreign(), (State::InDoubt, Some(Code::Conflict)), None),
    ];
    for (name, finding, expected, update) in table {
        let desk = desk("call: put").await;
        desk.capture("1", json!({ "rev": 1 })).await;
        desk.will_find([finding]);
        desk.pass().await;
        assert_eq!(desk.state("1"), expected, "{name}");
        let sent = desk.sent();
        assert_eq!(sent.first().map(|payload| payload.contains("id-N1")), update, "{name}");
        assert!(sent.len() < 2 && desk.asked() == 1, "{name}: {sent:?}");
    }
}

#[tokio::test]
async fn rule_07_a_call_that_overwrites_and_can_not_be_asked_after_holds() {
    let desk = desk("call: blind\nin_doubt: hold").await;
    desk.capture("1", json!({ "rev": 1 })).await;
    desk.pass().await;
    let mut row = desk.row("1");
    (row.receipt, row.probe_first) = (None, true);
    desk.overwrite("1", row).await;
    desk.capture("1", json!({ "rev": 2 })).await;
    desk.pass().await;
    assert_eq!((desk.state("1"), desk.sent().len()), ((State::InDoubt, Some(Code::Conflict)), 1));
}

async fn baselined(missing: &str) -> Desk {
    let instant = Time::from_http_date("Mon, 01 Jun 2026 00:00:00 GMT").unwrap();
    let desk = desk_with(&format!("call: save\n{missing}"), TargetAnswer::Baseline { instant }).await;
    desk.capture("1", json!({ "rev": 1, "modified": Value::Null })).await;
    desk.pass().await;
    desk.capture("1", json!({ "rev": 2, "modified": "2026-06-02 00:00:00" })).await;
    desk
}

#[tokio::test]
async fn rule_07_a_baselined_document_is_found_first_and_whatever_stands_there_is_taken_as_ours() {
    let sent = (State::Delivered, Some(Code::Sent));
    let table = [
        ("foreign by its looks", "", foreign(), sent, true),
        ("ours", "", there(), sent, true),
        ("absent", "", Finding::Absent, (State::Skipped, Some(Code::NeverSent)), false),
        ("absent, to be created", "baseline_missing: create", Finding::Absent, sent, false),
    ];
    for (name, missing, finding, expected, update) in table {
        let desk = baselined(missing).await;
        desk.will_find([finding]);
        desk.pass().await;
        assert_eq!((desk.state("1"), desk.asked()), (expected, 1), "{name}");
        assert_eq!(desk.sent().iter().any(|payload| payload.contains("id-N1")), update, "{name}");
    }
}

#[tokio::test]
async fn rule_12_line_ids_that_an_answer_left_out_are_asked_for_before_the_next_send() {
    let desk = desk("call: save").await;
    desk.capture("1", json!({ "rev": 1 })).await;
    desk.will_answer([vec![Outcome::Accepted { receipt: receipt("N1"), complete: false, warnings: Vec::new() }]]);
    desk.pass().await;
    assert_eq!((desk.state("1").0, desk.asked()), (State::Delivered, 0));
    desk.capture("1", json!({ "rev": 2 })).await;
    desk.will_find([there()]);
    desk.pass().await;
    let asked = desk.target.asked.lock().unwrap()[0].clone();
    let attempted = asked.attempted.expect("lines are matched by what was told");
    assert_eq!((attempted.payload.as_str(), asked.target_id.as_deref()), (r#"{"no":"N1","rev":1}"#, Some("id-N1")));
    assert_eq!((desk.sent().len(), desk.row("1").probe_first), (2, false));
}

#[tokio::test]
async fn rule_07_a_document_discarded_while_in_doubt_is_found_before_it_is_sent_again() {
    let desk = desk("call: save").await;
    desk.capture("1", json!({ "rev": 1 })).await;
    desk.will_answer([vec![failed(FaultKind::Unknown)]]);
    desk.pass().await;
    desk.person_discards("1").await;
    assert_eq!(desk.state("1").0, State::Discarded);
    desk.capture("1", json!({ "rev": 2 })).await;
    desk.will_find([Finding::Absent, there()]);
    desk.pass().await;
    assert_eq!(desk.sent().len(), 1, "rule 6: the attempt given up may still take effect");
    let asked = desk.target.asked.lock().unwrap()[0].clone();
    assert!(asked.first_attempt.is_some() && asked.attempted.is_some(), "what was attempted can be ours");
    desk.later(SETTLE).await;
    assert_eq!(desk.sent()[1], r#"{"no":"N1","rev":2,"id":"id-N1"}"#);
}

#[tokio::test]
async fn rule_28_what_was_discarded_while_in_doubt_leaves_unknown_what_the_target_holds() {
    let desk = desk("call: save").await;
    for rev in [1, 2] {
        desk.capture("1", json!({ "rev": rev })).await;
        desk.will_answer([vec![if rev == 1 { accepted("N1") } else { failed(FaultKind::Unknown) }]]);
        desk.pass().await;
    }
    desk.person_discards("1").await;
    desk.capture("1", json!({ "rev": 1, "remark": "back" })).await;
    desk.will_find([there()]);
    desk.pass().await;
    assert_eq!((desk.sent().len(), desk.state("1").1), (3, Some(Code::Sent)), "not skipped as told before");
}

#[tokio::test]
async fn line_ids_stay_known_where_a_later_answer_does_not_speak_of_the_lines() {
    let desk = desk("call: save").await;
    let lines = [("FEntity".to_owned(), [("7".to_owned(), "100".to_owned())].into())];
    let told = Receipt { lines: lines.into(), ..receipt("N1") };
    for receipt in [told.clone(), receipt("N1")] {
        desk.capture("1", json!({ "rev": desk.sent().len() })).await;
        desk.will_answer([vec![Outcome::Accepted { receipt, complete: true, warnings: Vec::new() }]]);
        desk.pass().await;
    }
    assert_eq!((desk.sent().len(), desk.row("1").receipt), (2, Some(told)));
}

#[tokio::test]
async fn a_receipted_document_that_is_gone_from_the_target_is_a_conflict() {
    let desk = desk("call: save").await;
    desk.capture("1", json!({ "rev": 1 })).await;
    desk.will_answer([vec![Outcome::Accepted { receipt: receipt("N1"), complete: false, warnings: Vec::new() }]]);
    desk.pass().await;
    desk.capture("1", json!({ "rev": 2 })).await;
    desk.pass().await;
    assert_eq!((desk.state("1"), desk.sent().len()), ((State::InDoubt, Some(Code::Conflict)), 1));
}

#[tokio::test]
async fn rule_03_a_delivered_document_is_never_renumbered() {
    let desk = desk("call: save").await;
    desk.capture("1", json!({ "rev": 1 })).await;
    desk.pass().await;
    desk.capture("1", json!({ "rev": 2, "no": "N77" })).await;
    desk.pass().await;
    assert_eq!((desk.state("1"), desk.sent().len()), ((State::InDoubt, Some(Code::Conflict)), 1));
}

#[tokio::test]
async fn rule_07_a_delete_after_a_first_create_that_was_given_up_looks_too() {
    let target = "call: save\noperations: [{ when: \"@.kind == 'deleted'\", call: remove }]";
    let desk = desk(target).await;
    desk.capture("1", json!({ "rev": 1 })).await;
    desk.will_answer([vec![failed(FaultKind::Unknown)]]);
    desk.pass().await;
    desk.person_discards("1").await;
    desk.gone("1").await;
    desk.will_find([there()]);
    desk.pass().await;
    desk.later(SETTLE).await;
    let calls: Vec<String> = desk.target.sent.lock().unwrap().iter().map(|(call, _)| call.clone()).collect();
    assert_eq!(calls, ["save", "remove"]);
}

#[tokio::test]
async fn rule_14_an_attempt_that_was_refused_makes_nothing_ours() {
    let desk = desk("call: save").await;
    desk.capture("1", json!({ "rev": 1 })).await;
    desk.will_answer([vec![failed(FaultKind::Permanent)]]);
    desk.pass().await;
    let mut row = desk.row("1");
    row.probe_first = true;
    desk.overwrite("1", row).await;
    desk.person_retries("1").await;
    desk.will_find([foreign()]);
    desk.pass().await;
    let asked = desk.target.asked.lock().unwrap()[0].clone();
    assert!(asked.first_attempt.is_none() && asked.attempted.is_none(), "{asked:?}");
    assert_eq!(desk.state("1"), (State::InDoubt, Some(Code::Conflict)));
}

#[tokio::test]
async fn rule_07_a_delete_after_a_create_that_was_given_up_in_doubt_looks_whether_it_stands() {
    let target = "call: save\noperations: [{ when: \"@.kind == 'deleted'\", call: remove }]";
    for (found, removed) in [(there(), true), (Finding::Absent, false)] {
        let desk = desk(target).await;
        desk.capture("1", json!({ "rev": 1 })).await;
        desk.pass().await;
        desk.gone("1").await;
        desk.pass().await;
        // It is back; its create ends in doubt and is given up; then it goes for good.
        desk.capture("1", json!({ "rev": 2 })).await;
        desk.will_answer([vec![failed(FaultKind::Unknown)]]);
        desk.pass().await;
        desk.person_discards("1").await;
        desk.gone("1").await;
        desk.will_find([found.clone(), found]);
        desk.pass().await;
        desk.later(SETTLE).await;
        let calls: Vec<String> = desk.target.sent.lock().unwrap().iter().map(|(call, _)| call.clone()).collect();
        let expected: &[&str] =
            if removed { &["save", "remove", "save", "remove"] } else { &["save", "remove", "save"] };
        assert_eq!(calls, expected);
        assert_eq!(desk.state("1").0, if removed { State::Delivered } else { State::Skipped });
    }
}
