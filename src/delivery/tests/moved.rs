//! What belongs to an account (rule 3).

use serde_json::{Value, json};

use super::double::{SETTLE, effective, failed, receipt};
use super::support::{Desk, desk};
use crate::clock::Time;
use crate::connector::{FaultKind, Finding, Probe};
use crate::reason::{Code, State};
use crate::store::{Store, TargetAnswer};

/// The answer of a person to a target that is another account now.
async fn decide(desk: &Desk, answer: TargetAnswer) {
    desk.worker.begin_anew(&answer).await.unwrap();
    desk.worker.change_state(|state| state.answer = Some(answer)).await.unwrap();
}

/// One document delivered, one in doubt.
async fn told() -> Desk {
    let desk = desk("call: save").await;
    desk.capture("1", json!({ "rev": 1, "modified": Value::Null })).await;
    desk.pass().await;
    desk.capture("2", json!({ "rev": 1, "modified": Value::Null })).await;
    desk.will_answer([vec![failed(FaultKind::Unknown)]]);
    desk.pass().await;
    desk
}

#[tokio::test]
async fn rule_03_before_an_update_the_id_must_still_carry_our_number() {
    let gone = Finding::Foreign { why: "id id-N1 carries the number `N9` now".to_owned(), receipt: receipt("N9") };
    let conflict = (State::InDoubt, Some(Code::Conflict));
    let ours = Finding::NotEffective { receipt: receipt("N1") };
    for (finding, expected, sent) in
        [(ours, (State::Delivered, Some(Code::Sent)), 2), (gone, conflict, 1), (Finding::Absent, conflict, 1)]
    {
        let desk = desk("call: many").await;
        desk.capture("1", json!({ "rev": 1 })).await;
        desk.pass().await;
        assert_eq!(desk.asked(), 0);
        desk.capture("1", json!({ "rev": 2 })).await;
        desk.will_find([finding]);
        desk.pass().await;
        assert_eq!((desk.state("1"), desk.sent().len(), desk.asked()), (expected, sent, 1));
        assert_eq!(desk.target.asked.lock().unwrap()[0].target_id.as_deref(), Some("id-N1"));
    }
}

#[tokio::test]
async fn rule_03_what_is_gone_may_be_removed_but_not_what_carries_another_number() {
    let target = "call: many\noperations:\n  - { when: \"@.after.status == 'void'\", call: remove }";
    let other = Finding::Foreign { why: "renumbered".to_owned(), receipt: receipt("N9") };
    for (finding, expected) in [(Finding::Absent, State::Delivered), (other, State::InDoubt)] {
        let desk = desk(target).await;
        desk.capture("1", json!({ "rev": 1 })).await;
        desk.pass().await;
        desk.capture("1", json!({ "rev": 1, "status": "void" })).await;
        desk.will_find([finding]);
        desk.pass().await;
        assert_eq!(desk.state("1").0, expected);
    }
}

#[tokio::test]
async fn rule_03_receipts_of_another_account_are_never_used() {
    let desk = told().await;
    decide(&desk, TargetAnswer::Adopt).await;
    desk.will_find([effective("N1"), Finding::Absent]);
    desk.pass().await;
    let asked = desk.target.asked.lock().unwrap().clone();
    assert!(asked.iter().all(|probe| probe.target_id.is_none()), "{asked:?}");
    assert_eq!((desk.state("1"), desk.sent().len()), ((State::Delivered, Some(Code::Adopted)), 2));
    assert_eq!(desk.row("1").receipt, Some(receipt("N1")));
    assert_eq!(desk.state("2").0, State::Pending, "rule 6: what was in doubt may still come");
    desk.later(SETTLE).await;
    assert_eq!((desk.state("2"), desk.sent().len()), ((State::Delivered, Some(Code::Sent)), 3));
}

#[tokio::test]
async fn rule_03_a_moved_target_told_to_send_finds_first_and_creates_what_is_absent() {
    let desk = told().await;
    decide(&desk, TargetAnswer::Send { since: None }).await;
    desk.will_find([Finding::Absent, Finding::NotEffective { receipt: receipt("N2") }]);
    desk.pass().await;
    let sent = [r#"{"no":"N1","rev":1}"#, r#"{"no":"N2","rev":1,"id":"id-N2"}"#];
    assert_eq!(desk.sent()[2..], sent.map(str::to_owned));
}

#[tokio::test]
async fn rule_03_what_another_account_was_sent_makes_nothing_here_ours() {
    let mut desk = told().await;
    desk.capture("1", json!({ "rev": 2, "modified": Value::Null })).await;
    desk.pass().await;
    *desk.target.other_account.lock().unwrap() = Some("elsewhere".to_owned());
    desk.restart_with("call: save").await;
    decide(&desk, TargetAnswer::Send { since: None }).await;
    let foreign = Finding::Foreign { why: "nothing of ours".to_owned(), receipt: receipt("N1") };
    desk.will_find([foreign.clone(), foreign]);
    let asked = desk.asked();
    desk.pass().await;
    let asked = desk.target.asked.lock().unwrap()[asked..].to_vec();
    let known = |probe: &Probe| probe.first_attempt.is_some() || probe.attempted.is_some() || probe.told.is_some();
    assert!(asked.len() == 2 && !asked.iter().any(known), "{asked:?}");
    assert_eq!(["1", "2"].map(|id| desk.state(id)), [(State::InDoubt, Some(Code::Conflict)); 2]);
}

#[tokio::test]
async fn rule_10_a_moved_target_told_baseline_is_told_nothing_that_was_known() {
    let desk = told().await;
    decide(&desk, TargetAnswer::Baseline { instant: Time(1) }).await;
    desk.pass().await;
    for id in ["1", "2"] {
        let row = desk.row(id);
        assert_eq!(
            (desk.state(id), row.receipt, row.probe_first),
            ((State::Skipped, Some(Code::Baseline)), None, true)
        );
    }
    assert_eq!((desk.sent().len(), desk.asked()), (2, 0));
}

#[tokio::test]
async fn rule_03_an_answer_that_was_cut_off_is_given_again_from_its_beginning() {
    let desk = told().await;
    desk.worker.change_state(|state| state.answer = None).await.unwrap();
    desk.worker.begin_anew(&TargetAnswer::Adopt).await.unwrap();
    desk.pass().await;
    assert_eq!((desk.sent().len(), desk.asked()), (2, 0), "nothing happens before the answer is stored");
    decide(&desk, TargetAnswer::Adopt).await;
    desk.will_find([effective("N1"), effective("N2")]);
    desk.pass().await;
    assert_eq!((desk.state("1").1, desk.state("2").1), (Some(Code::Adopted), Some(Code::Adopted)));
    assert_eq!(desk.store.counts("s", "t").unwrap()[&State::Delivered], 2);
}
