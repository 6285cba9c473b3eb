//! The worker behind its breaker (rule 21), and documents that must not delay others.

use std::time::Duration;

use serde_json::json;

use super::double::{SETTLE, accepted, effective, failed};
use super::support::{Desk, LONG, desk};
use crate::connector::{Fault, FaultKind, Outcome};
use crate::reason::{Code, State};

const ONE_BY_ONE: &str = "call: save\nbatch: 1\nretry: { attempts: 3, from: 10s, to: 1m }";
/// The longest wait after the first opening.
const FROM: Duration = Duration::from_secs(10);

async fn documents(target: &str, count: u32) -> Desk {
    let desk = desk(target).await;
    for id in 1..=count {
        desk.capture(&id.to_string(), json!({ "rev": 1 })).await;
    }
    desk
}

/// A target that lets three documents go unanswered.
async fn opened(kind: FaultKind, count: u32) -> Desk {
    let desk = documents(ONE_BY_ONE, count).await;
    desk.will_answer([vec![failed(kind)], vec![failed(kind)], vec![failed(kind)]]);
    desk.pass().await;
    assert!(desk.worker.opened().is_some(), "{kind:?}");
    assert_eq!(desk.sent().len(), 3, "{kind:?}");
    desk
}

#[tokio::test]
async fn rule_21_an_open_breaker_lets_one_document_test_and_drains_in_order_when_it_is_answered() {
    for kind in [FaultKind::Unreachable, FaultKind::Unknown, FaultKind::Transient, FaultKind::Session] {
        let repeats = usize::from(kind == FaultKind::Session);
        let desk = documents(ONE_BY_ONE, 9).await;
        desk.will_answer([(); 6].map(|()| vec![failed(kind)]));
        desk.pass().await;
        let first = 3 * (1 + repeats);
        assert_eq!(desk.sent().len(), first, "{kind:?}: three documents, and it opens");
        *desk.target.outcomes.lock().unwrap() = [vec![failed(kind)], vec![failed(kind)]].into();
        desk.pass().await;
        assert_eq!(desk.sent().len(), first, "{kind:?}: nothing goes while it waits");
        desk.later(FROM).await;
        assert_eq!(desk.sent().len(), first + 1 + repeats, "{kind:?}: one document tests");
        let tested = desk.row("4");
        assert_eq!(tested.tries, 0, "{kind:?}: a test is no try");
        desk.target.outcomes.lock().unwrap().clear();
        desk.later(2 * FROM).await;
        assert_eq!(desk.worker.opened(), None, "{kind:?}");
        let drained: Vec<String> = desk.sent().split_off(first + 1 + repeats);
        let expected: Vec<String> = (5..=9).map(|id| format!(r#"{{"no":"N{id}","rev":1}}"#)).collect();
        let fresh: Vec<String> = drained.into_iter().filter(|sent| expected.contains(sent)).collect();
        assert_eq!(fresh, expected, "{kind:?}: in order");
    }
}

#[tokio::test]
async fn rule_21_a_test_that_may_have_run_is_no_try_even_when_it_turns_out_absent() {
    let desk = opened(FaultKind::Transient, 4).await;
    desk.will_answer([vec![failed(FaultKind::Unknown)]]);
    desk.later(FROM).await;
    assert_eq!((desk.state("4").0, desk.row("4").tries), (State::InDoubt, 0));
    assert!(desk.store_attempts("4")[0].terms.test);
    for _ in 0..2 {
        desk.later(SETTLE).await;
    }
    assert_eq!(desk.store_attempts("4")[0].outcome.as_deref(), Some("absent"));
    assert_eq!((desk.state("4").0, desk.row("4").tries), (State::Delivered, 0));
}

#[tokio::test]
async fn rule_21_one_document_that_no_answer_comes_to_opens_nothing_and_uses_up_its_tries() {
    let desk = documents(ONE_BY_ONE, 1).await;
    for id in ["2", "3", "4"] {
        desk.capture(id, json!({ "rev": 1 })).await;
        // The poisoned one was due before it.
        desk.will_answer([vec![failed(FaultKind::Transient)]]);
        desk.later(LONG).await;
        assert_eq!((desk.state(id).0, desk.worker.opened()), (State::Delivered, None));
    }
    assert_eq!(desk.state("1"), (State::Rejected, Some(Code::Attempts)));
}

#[tokio::test]
async fn rule_21_a_question_about_a_document_in_doubt_tests_before_any_send() {
    let desk = opened(FaultKind::Unknown, 5).await;
    desk.will_find([effective("N1")]);
    desk.clock.advance(SETTLE);
    desk.pass().await;
    assert_eq!((desk.state("1").0, desk.worker.opened()), (State::Delivered, None));
    assert_eq!((desk.state("4").0, desk.state("5").0), (State::Delivered, State::Delivered));
}

#[tokio::test]
async fn rule_21_a_login_tests_where_every_document_has_failed() {
    let desk = opened(FaultKind::Transient, 3).await;
    *desk.target.login_faults.lock().unwrap() = [Fault::new(FaultKind::Unreachable, "refused")].into();
    desk.later(FROM).await;
    assert_eq!((desk.sent().len(), *desk.target.logins.lock().unwrap()), (3, 1));
    assert_eq!(desk.worker.opened().unwrap().why, "refused");
    desk.later(2 * FROM).await;
    assert_eq!(*desk.target.logins.lock().unwrap(), 2);
    assert_eq!((desk.sent().len(), desk.worker.opened()), (6, None), "all that waited went");
}

#[tokio::test]
async fn a_lone_document_whose_target_is_not_reachable_only_waits_longer_each_time() {
    let desk = documents(ONE_BY_ONE, 1).await;
    for sends in 1..10 {
        desk.will_answer([vec![failed(FaultKind::Unreachable)]]);
        desk.later(Duration::from_secs(60)).await;
        assert_eq!(desk.sent().len(), sends);
        desk.pass().await;
        assert_eq!(desk.sent().len(), sends, "not at once again");
    }
    assert_eq!((desk.state("1").0, desk.row("1").tries), (State::Retrying, 0));
}

#[tokio::test]
async fn fault_31_a_poisoned_document_first_in_order_delays_no_other() {
    for kind in [FaultKind::Transient, FaultKind::Permanent, FaultKind::Unknown, FaultKind::Unreachable] {
        let desk = documents(ONE_BY_ONE, 30).await;
        for _ in 0..20 {
            // The poisoned one fails whenever it is sent; it is the first of its pass.
            desk.will_answer([vec![failed(kind)]]);
            desk.pass().await;
            desk.target.outcomes.lock().unwrap().clear();
            for id in 2..=30 {
                assert_eq!(desk.state(&id.to_string()).0, State::Delivered, "{kind:?}: {id}");
            }
            desk.clock.advance(LONG);
        }
        assert_eq!(desk.worker.opened(), None);
    }
}

#[tokio::test]
async fn rule_21_a_request_refused_whole_before_anything_ran_is_split_until_the_bad_document_is_alone() {
    let desk = documents("call: save\nbatch: 5", 5).await;
    let refused = Fault::new(FaultKind::Permanent, "MsgCode 8").of_request();
    desk.will_answer([
        vec![Outcome::Failed(refused.clone()); 5],
        vec![accepted("N1")],
        vec![accepted("N2")],
        vec![Outcome::Failed(refused)],
    ]);
    desk.pass().await;
    assert_eq!(desk.sizes(), [5, 1, 1, 1, 1, 1]);
    let rejected = (State::Rejected, Some(Code::Target));
    for id in ["1", "2", "4", "5"] {
        assert_eq!(desk.state(id).0, State::Delivered, "{id}");
    }
    assert_eq!((desk.state("3"), desk.store_attempts("3").len()), (rejected, 2));
    assert_eq!(desk.store_attempts("1")[0].outcome.as_deref(), Some("not_run"));
}

#[tokio::test]
async fn rule_21_a_batch_refused_item_by_item_is_not_split_and_the_others_stay_delivered() {
    let desk = documents("call: save\nbatch: 5", 3).await;
    desk.will_answer([vec![accepted("N1"), failed(FaultKind::Permanent), accepted("N3")]]);
    desk.pass().await;
    assert_eq!(desk.sizes(), [3]);
    assert_eq!(
        [desk.state("1").0, desk.state("2").0, desk.state("3").0],
        [State::Delivered, State::Rejected, State::Delivered]
    );
}

#[tokio::test]
async fn rule_21_a_question_about_several_that_no_answer_comes_to_is_asked_about_each_alone() {
    let desk = documents("call: save\nbatch: 5", 3).await;
    desk.will_answer([vec![failed(FaultKind::Unknown); 3]]);
    desk.pass().await;
    let lost = || Err(Fault::new(FaultKind::Unknown, "cut"));
    // Together, then each alone: the first one's answer is cut whenever it is asked about.
    desk.target.findings.lock().unwrap().extend([lost(), lost(), Ok(effective("N2")), Ok(effective("N3"))]);
    desk.later(SETTLE).await;
    assert_eq!(desk.asked(), 1);
    desk.later(LONG).await;
    assert_eq!(
        [desk.state("1").0, desk.state("2").0, desk.state("3").0],
        [State::InDoubt, State::Delivered, State::Delivered]
    );
    assert_eq!(desk.row("1").tries, 0, "a question is no try");
}
