//! What failures mean, what counts as a try, and waits (rules 21 and 29).

use std::time::Duration;

use serde_json::json;

use super::double::{SETTLE, accepted, failed};
use super::support::{LONG, desk};
use crate::clock::Time;
use crate::connector::{Fault, FaultKind, Outcome};
use crate::delivery::{Policy, policy};
use crate::reason::{Code, State};

#[test]
fn every_kind_of_failure_has_one_policy() {
    // A kind that is added makes this match, and the classification, refuse to compile.
    for kind in [
        FaultKind::Unreachable,
        FaultKind::Transient,
        FaultKind::Permanent,
        FaultKind::Throttled,
        FaultKind::Session,
        FaultKind::Refused,
        FaultKind::Exists,
        FaultKind::Renumbered,
        FaultKind::ClosedPeriod,
        FaultKind::Unknown,
    ] {
        let expected = match kind {
            FaultKind::Unreachable => Policy::Hold,
            FaultKind::Throttled => Policy::Throttle,
            FaultKind::Transient => Policy::Retry,
            FaultKind::Permanent | FaultKind::ClosedPeriod => Policy::Reject,
            FaultKind::Session => Policy::Renew,
            FaultKind::Refused => Policy::Pause,
            FaultKind::Exists => Policy::Ask,
            FaultKind::Renumbered => Policy::Stop,
            FaultKind::Unknown => Policy::Doubt,
        };
        assert_eq!(policy(kind), expected, "{kind:?}");
    }
}

#[tokio::test]
async fn rule_21_only_sends_that_may_have_left_count_as_tries() {
    // (failure, state, tries)
    let table = [
        (FaultKind::Unreachable, State::Retrying, 0),
        (FaultKind::Throttled, State::Retrying, 0),
        (FaultKind::Session, State::Retrying, 0),
        (FaultKind::Refused, State::Retrying, 0),
        (FaultKind::Transient, State::Retrying, 1),
        (FaultKind::Permanent, State::Rejected, 0),
        (FaultKind::ClosedPeriod, State::Rejected, 0),
        (FaultKind::Unknown, State::InDoubt, 0),
        (FaultKind::Renumbered, State::InDoubt, 0),
    ];
    for (kind, state, tries) in table {
        let desk = desk("call: save").await;
        desk.capture("1", json!({ "rev": 1 })).await;
        // A lost session is renewed, and the repeat fails as well.
        desk.will_answer([vec![failed(kind)], vec![failed(kind)]]);
        desk.pass().await;
        let row = desk.row("1");
        assert_eq!((row.state, row.tries), (state, tries), "{kind:?}");
        let paused = desk.store_target().paused;
        assert_eq!(paused.is_some(), matches!(kind, FaultKind::Refused | FaultKind::Renumbered), "{kind:?}");
    }
}

#[tokio::test]
async fn rule_21_items_of_a_lost_batch_are_sent_again_alone() {
    let desk = desk("call: save\nbatch: 5").await;
    for id in ["1", "2", "3"] {
        desk.capture(id, json!({ "rev": 1 })).await;
    }
    desk.will_answer([vec![failed(FaultKind::Unknown), failed(FaultKind::Unknown), failed(FaultKind::Unknown)]]);
    desk.pass().await;
    desk.later(SETTLE).await;
    desk.later(SETTLE).await;
    assert_eq!(desk.sizes(), [3, 1, 1, 1]);

    // A document that failed takes no fresh one with it.
    desk.capture("4", json!({ "rev": 1 })).await;
    desk.will_answer([vec![failed(FaultKind::Transient)]]);
    desk.pass().await;
    desk.pause(Some("until both are due")).await;
    desk.capture("5", json!({ "rev": 1 })).await;
    desk.pass().await;
    desk.pause(None).await;
    desk.later(LONG).await;
    assert_eq!(desk.sizes()[4..], [1, 1, 1]);
}

#[tokio::test]
async fn an_outcome_that_is_missing_from_the_answer_is_unknown_and_never_accepted() {
    let desk = desk("call: save\nbatch: 5").await;
    for id in ["1", "2"] {
        desk.capture(id, json!({ "rev": 1 })).await;
    }
    desk.will_answer([vec![accepted("N1")]]);
    desk.pass().await;
    assert_eq!((desk.state("1").0, desk.state("2").0), (State::Delivered, State::InDoubt));
}

#[tokio::test]
async fn what_the_target_shows_otherwise_is_told_of_a_document_that_counts_as_delivered() {
    let desk = desk("call: save").await;
    desk.capture("1", json!({ "rev": 1 })).await;
    let Outcome::Accepted { receipt, complete, .. } = accepted("N1") else { panic!() };
    let warnings = vec!["`a`: `1` was sent, `2` is there".to_owned(), "`b` is not shown".to_owned()];
    desk.will_answer([vec![Outcome::Accepted { receipt, complete, warnings }]]);
    desk.pass().await;
    assert_eq!(desk.state("1").0, State::Delivered);
    let words = desk.row("1").reason.and_then(|reason| reason.words);
    assert_eq!(words.as_deref(), Some("but it shows otherwise: `a`: `1` was sent, `2` is there; `b` is not shown"));
}

#[tokio::test]
async fn failures_that_pass_are_tried_with_waits_until_the_tries_are_used_up() {
    let desk = desk("call: save\nretry: { attempts: 3, from: 10s, to: 1m }").await;
    desk.capture("1", json!({ "rev": 1 })).await;
    desk.will_answer([
        vec![failed(FaultKind::Transient)],
        vec![failed(FaultKind::Transient)],
        vec![failed(FaultKind::Transient)],
    ]);
    desk.pass().await;
    desk.pass().await;
    assert_eq!(desk.sent().len(), 1, "not before its wait is over");
    desk.later(Duration::from_secs(60)).await;
    desk.later(Duration::from_secs(60)).await;
    desk.later(LONG).await;
    assert_eq!((desk.state("1"), desk.sent().len()), ((State::Rejected, Some(Code::Attempts)), 3));
}

#[tokio::test]
async fn a_target_that_throttles_waits_as_a_whole_and_a_refused_account_sends_nothing_more() {
    let throttled = Fault { retry_after: Some(Duration::from_secs(20)), ..Fault::new(FaultKind::Throttled, "slow") };
    for (fault, after) in [(throttled, 2), (Fault::new(FaultKind::Refused, "locked"), 1)] {
        let desk = desk("call: save\nbatch: 1").await;
        desk.capture("1", json!({ "rev": 1 })).await;
        desk.capture("2", json!({ "rev": 1 })).await;
        desk.will_answer([vec![Outcome::Failed(fault.clone())]]);
        desk.pass().await;
        assert_eq!(desk.sent().len(), 1, "{fault:?}: the other one waits as well");
        desk.later(Duration::from_secs(10)).await;
        assert_eq!(desk.sent().len(), 1, "{fault:?}");
        desk.later(Duration::from_secs(11)).await;
        assert_eq!(desk.sent().len() > 1, after > 1, "{fault:?}");
    }
}

#[tokio::test]
async fn a_session_lost_is_renewed_once_and_what_did_not_run_is_repeated() {
    let desk = desk("call: save\nbatch: 5").await;
    for id in ["1", "2"] {
        desk.capture(id, json!({ "rev": 1 })).await;
    }
    desk.will_answer([vec![accepted("N1"), failed(FaultKind::Session)]]);
    desk.pass().await;
    assert_eq!((desk.sizes(), *desk.target.logins.lock().unwrap()), (vec![2, 1], 1));
    assert_eq!((desk.state("1").0, desk.state("2").0), (State::Delivered, State::Delivered));
}

#[tokio::test]
async fn rule_29_due_times_are_cut_at_start_and_when_the_clock_was_set() {
    let target = "call: save\nretry: { attempts: 3, from: 10s, to: 1m }";
    for restart in [true, false] {
        let mut desk = desk(target).await;
        desk.capture("1", json!({ "rev": 1 })).await;
        desk.will_answer([vec![failed(FaultKind::Transient)]]);
        desk.pass().await;
        // The clock was a year ahead and is set right.
        let year = Duration::from_secs(365 * 86_400);
        desk.clock.set(Time(desk.clock_now().0 - i64::try_from(year.as_millis()).unwrap()));
        if restart {
            desk.worker = desk.another_process();
            desk.worker.recover().await.unwrap();
        } else {
            desk.pass().await;
        }
        desk.later(Duration::from_secs(60)).await;
        assert_eq!(desk.sent().len(), 2, "restart: {restart}");
    }
}
