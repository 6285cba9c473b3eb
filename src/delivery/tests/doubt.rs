//! What is in doubt (rules 4, 6, 13, 14, 29).

use serde_json::json;

use super::double::{SETTLE, effective, failed, receipt};
use super::support::{Desk, LONG, desk};
use crate::connector::{FaultKind, Finding};
use crate::reason::{Code, State};

async fn in_doubt(target: &str, kind: FaultKind) -> Desk {
    let desk = desk(target).await;
    desk.capture("1", json!({ "rev": 1 })).await;
    desk.will_answer([vec![failed(kind)]]);
    desk
}

#[tokio::test]
async fn rule_06_absent_twice_a_settle_time_apart_is_sent_again_and_the_send_counts() {
    let desk = in_doubt("call: save", FaultKind::Unknown).await;
    desk.pass().await;
    assert_eq!((desk.state("1"), desk.asked()), ((State::InDoubt, Some(Code::Unknown)), 0));
    desk.later(SETTLE).await;
    assert_eq!((desk.sent().len(), desk.asked()), (1, 1), "one answer is not enough");
    desk.later(SETTLE / 2).await;
    assert_eq!((desk.sent().len(), desk.asked()), (1, 1), "not yet due");
    desk.later(SETTLE / 2).await;
    assert_eq!((desk.sent().len(), desk.state("1").0), (2, State::Delivered));
    let attempts = desk.store_attempts("1");
    assert_eq!(attempts[0].outcome.as_deref(), Some("absent"));
    assert_eq!(attempts[0].change_key, attempts[1].change_key, "the same version goes under the same key");
}

#[tokio::test]
async fn rule_06_two_early_answers_do_not_count_as_a_settle_time_apart() {
    let desk = in_doubt("call: save", FaultKind::Unknown).await;
    desk.pass().await;
    for _ in 0..3 {
        desk.person_retries("1").await;
        desk.later(SETTLE / 4).await;
    }
    assert_eq!((desk.asked(), desk.sent().len()), (3, 1));
}

#[tokio::test]
async fn rule_29_an_answer_given_to_another_process_does_not_count() {
    let mut desk = in_doubt("call: save", FaultKind::Unknown).await;
    desk.pass().await;
    desk.later(SETTLE).await;
    desk.worker = desk.another_process();
    desk.worker.recover().await.unwrap();
    desk.later(SETTLE).await;
    assert_eq!((desk.asked(), desk.sent().len()), (2, 1));
    desk.later(SETTLE).await;
    assert_eq!((desk.asked(), desk.sent().len()), (3, 2));
}

#[tokio::test]
async fn rule_14_ours_in_an_older_version_is_sent_again_as_an_update_of_it() {
    let desk = in_doubt("call: save", FaultKind::Unknown).await;
    let old = || Finding::NotEffective { receipt: receipt("N1") };
    desk.pass().await;
    desk.will_find([old(), old()]);
    desk.later(SETTLE).await;
    desk.later(SETTLE).await;
    assert_eq!(desk.sent(), [r#"{"no":"N1","rev":1}"#, r#"{"no":"N1","rev":1,"id":"id-N1"}"#]);
}

#[tokio::test]
async fn rule_06_absent_and_then_older_content_are_no_two_answers() {
    let desk = in_doubt("call: save", FaultKind::Unknown).await;
    desk.pass().await;
    desk.will_find([Finding::Absent, Finding::NotEffective { receipt: receipt("N1") }]);
    desk.later(SETTLE).await;
    desk.later(SETTLE).await;
    assert_eq!((desk.asked(), desk.sent().len()), (2, 1));
}

#[tokio::test]
async fn rule_04_a_taken_number_is_asked_about_at_once() {
    let foreign = || Finding::Foreign { why: "created by `li`".into(), receipt: receipt("N1") };
    let differs =
        || Finding::Effective { receipt: receipt("N1"), warnings: vec!["`rev`: 2 was sent, 1 is there".into()] };
    let table = [
        ("ours as sent", effective("N1"), (State::Delivered, Some(Code::Sent)), 1),
        ("ours with other content: updated", differs(), (State::Delivered, Some(Code::Sent)), 2),
        ("foreign", foreign(), (State::InDoubt, Some(Code::Conflict)), 1),
        ("nothing there", Finding::Absent, (State::InDoubt, Some(Code::Conflict)), 1),
    ];
    for (name, finding, expected, sends) in table {
        let desk = in_doubt("call: save", FaultKind::Exists).await;
        desk.will_find([finding]);
        desk.pass().await;
        assert_eq!((desk.state("1"), desk.sent().len()), (expected, sends), "{name}");
        let update = desk.sent().len() == 2;
        assert_eq!(desk.sent().last().unwrap().contains("id-N1"), update, "{name}");
        desk.later(LONG).await;
        assert_eq!((desk.state("1"), desk.sent().len()), (expected, sends), "{name}: stays so");
    }
}

#[tokio::test]
async fn only_a_part_of_an_attempt_is_for_a_person() {
    let desk = in_doubt("call: save", FaultKind::Unknown).await;
    desk.pass().await;
    desk.will_find([Finding::Mixed { receipt: receipt("N1"), differences: vec!["`rev`".into()] }]);
    desk.later(SETTLE).await;
    assert_eq!((desk.state("1"), desk.row("1").due), ((State::InDoubt, Some(Code::Conflict)), None));
}

#[tokio::test]
async fn a_target_told_to_hold_leaves_doubts_to_a_person_and_one_told_to_resend_sends_the_same_bytes() {
    let desk = in_doubt("call: blind\nin_doubt: hold", FaultKind::Unknown).await;
    desk.pass().await;
    desk.later(LONG).await;
    assert_eq!((desk.state("1").0, desk.row("1").due, desk.sent().len()), (State::InDoubt, None, 1));

    let desk = in_doubt("call: blind\nin_doubt: resend\nremembers: 1d", FaultKind::Unknown).await;
    desk.pass().await;
    desk.later(SETTLE).await;
    assert_eq!((desk.state("1").0, desk.sent()), (State::Delivered, vec![r#"{"no":"N1","rev":1}"#.to_owned(); 2]));
}

#[tokio::test]
async fn a_target_that_says_taken_to_every_resend_is_not_asked_for_ever() {
    let desk = in_doubt("call: blind\nin_doubt: resend\nremembers: 1d", FaultKind::Exists).await;
    desk.pass().await;
    assert_eq!((desk.state("1"), desk.sent().len()), ((State::InDoubt, Some(Code::Conflict)), 1));
}

#[tokio::test]
async fn rule_21_a_question_without_answer_is_no_attempt_and_one_refused_question_keeps_no_other_in_doubt() {
    let desk = desk("call: save").await;
    desk.capture("1", json!({ "rev": 1 })).await;
    desk.capture("2", json!({ "rev": 1 })).await;
    desk.will_answer([vec![failed(FaultKind::Unknown), failed(FaultKind::Unknown)]]);
    desk.pass().await;
    let refused = || Err(crate::connector::Fault::new(FaultKind::Permanent, "what?"));
    // Both together, the first alone, the second alone.
    desk.target.findings.lock().unwrap().extend([refused(), refused(), Ok(effective("N2"))]);
    desk.later(SETTLE).await;
    assert_eq!((desk.state("1").0, desk.row("1").tries), (State::InDoubt, 0));
    assert_eq!(desk.state("2").0, State::Delivered);
}

#[tokio::test]
async fn what_a_process_left_in_flight_is_in_doubt_for_the_next_and_after_a_pass_that_was_dropped() {
    let mut desk = desk("call: save").await;
    desk.capture("1", json!({ "rev": 1 })).await;
    desk.pass().await;
    let mut row = desk.row("1");
    (row.state, row.attempt, row.due) = (State::InFlight, Some(1), None);
    desk.overwrite("1", row).await;
    desk.worker = desk.another_process();
    desk.worker.recover().await.unwrap();
    assert_eq!(desk.state("1"), (State::InDoubt, Some(Code::Unknown)));

    let mut row = desk.row("1");
    (row.state, row.due) = (State::InFlight, None);
    desk.overwrite("1", row).await;
    desk.capture("2", json!({ "rev": 1 })).await;
    desk.drop_a_pass().await;
    desk.pass().await;
    assert_eq!(desk.state("2").0, State::Delivered);
    assert_eq!(desk.state("1"), (State::InDoubt, Some(Code::Unknown)));
}
