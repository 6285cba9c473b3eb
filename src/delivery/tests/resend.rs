//! In doubt at a target that takes the same bytes twice (rules 6 and 18).

use std::sync::Arc;

use serde_json::json;

use super::double::{Double, SETTLE, accepted, failed};
use super::support::{Desk, LONG, checked, desk};
use crate::connector::FaultKind;
use crate::reason::{Code, State};

const RESENDS: &str = "call: blind\nin_doubt: resend\nremembers: 1d\nretry: { attempts: 3, from: 10s, to: 1m }";
const FIRST: &str = r#"{"no":"N1","rev":1}"#;

async fn in_doubt(target: &str) -> Desk {
    let desk = desk(target).await;
    desk.capture("1", json!({ "rev": 1 })).await;
    desk.will_answer([vec![failed(FaultKind::Unknown)]]);
    desk.pass().await;
    desk
}

#[tokio::test]
async fn rule_06_resend_waits_the_settle_time_too_before_a_newer_version_goes() {
    let desk = in_doubt(RESENDS).await;
    desk.capture("1", json!({ "rev": 2 })).await;
    // Not even when a person asks for it now.
    desk.person_retries("1").await;
    desk.later(SETTLE / 2).await;
    assert_eq!(desk.sent(), [FIRST]);
    desk.later(SETTLE / 2).await;
    assert_eq!(desk.sent(), [FIRST, FIRST, r#"{"no":"N1","rev":2,"id":"id-N1"}"#]);
}

#[tokio::test]
async fn rule_18_the_same_bytes_go_under_the_same_key_even_after_a_replay_was_asked_for() {
    let desk = in_doubt(RESENDS).await;
    desk.person_replays("1").await;
    desk.later(SETTLE).await;
    let keys: Vec<String> = desk.store_attempts("1").into_iter().map(|attempt| attempt.change_key).collect();
    assert_eq!(keys.len(), 3, "sent, sent again, and then the replay");
    assert!(keys[0] == keys[1] && keys[1] != keys[2], "{keys:?}");
    let ids: Vec<String> = desk.store_attempts("1").into_iter().map(|attempt| attempt.id).collect();
    assert!(ids[0] != ids[1], "each send is an attempt of its own");
}

#[tokio::test]
async fn rule_18_once_the_target_has_forgotten_the_key_a_person_decides() {
    let desk = in_doubt("call: blind\nin_doubt: resend\nremembers: 1h").await;
    desk.pause(Some("over night")).await;
    desk.later(LONG).await;
    desk.pause(None).await;
    desk.pass().await;
    assert_eq!(
        (desk.sent().len(), desk.state("1"), desk.row("1").due),
        (1, (State::InDoubt, Some(Code::Unknown)), None)
    );
    assert!(desk.row("1").reason.unwrap().params["why"].contains("remembers our key for 1h only"));
}

#[tokio::test]
async fn rule_18_sends_again_count_and_come_to_an_end() {
    let desk = in_doubt(RESENDS).await;
    for _ in 0..6 {
        desk.will_answer([vec![failed(FaultKind::Unknown)]]);
        desk.later(SETTLE).await;
    }
    // Tries are sends whose outcome was not known; the last one stays in doubt: it may have run.
    assert_eq!((desk.sent().len(), desk.row("1").tries), (4, 3));
    assert_eq!((desk.state("1").0, desk.row("1").due), (State::InDoubt, None));
}

#[tokio::test]
async fn rule_18_a_resend_that_did_not_run_leaves_the_document_in_doubt() {
    // (answer to the same bytes, whether it goes on by itself)
    for (kind, goes_on) in [
        (FaultKind::Unreachable, true),
        (FaultKind::Transient, true),
        (FaultKind::Throttled, true),
        (FaultKind::Permanent, false),
    ] {
        let desk = in_doubt(RESENDS).await;
        desk.will_answer([vec![failed(kind)]]);
        desk.capture("1", json!({ "rev": 2 })).await;
        desk.later(SETTLE).await;
        assert_eq!(
            (desk.state("1"), desk.sent()),
            ((State::InDoubt, Some(Code::Unknown)), vec![FIRST.to_owned(); 2]),
            "{kind:?}"
        );
        desk.later(LONG).await;
        assert_eq!(desk.sent().get(2).map(String::as_str), goes_on.then_some(FIRST), "{kind:?}");
        assert_eq!(desk.state("1").0 == State::Delivered, goes_on, "{kind:?}");
    }
}

#[tokio::test]
async fn rule_18_other_bytes_never_go_under_an_old_key() {
    let desk = desk("call: save").await;
    for rev in 1..4 {
        desk.capture("1", json!({ "rev": rev })).await;
        desk.will_answer([vec![accepted("N1")]]);
        desk.pass().await;
    }
    desk.person_replays("1").await;
    desk.pass().await;
    let mut keys: Vec<String> = desk.store_attempts("1").into_iter().map(|attempt| attempt.change_key).collect();
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), 4);
}

fn faults(target: &str, local: bool) -> Vec<String> {
    let double = Double { local, ..Double::default() };
    let (_, faults) = checked(target, Arc::new(double));
    faults.into_iter().map(|fault| fault.message).collect()
}

#[test]
fn rule_18_resend_needs_to_know_how_long_the_target_remembers_unless_it_replaces_by_number() {
    for (target, is_fault) in [
        ("call: blind\nin_doubt: resend", true),
        ("call: blind\nin_doubt: resend\nremembers: 1d", false),
        ("call: put\nin_doubt: resend", false),
    ] {
        let told = faults(target, false);
        assert_eq!(told.iter().any(|text| text.contains("needs `remembers`")), is_fault, "{target}: {told:?}");
        assert_eq!(told.len(), usize::from(is_fault), "{target}: {told:?}");
    }
}

#[test]
fn rule_06_a_settle_time_below_the_systems_own_limit_is_a_fault_unless_it_is_on_this_machine() {
    for (target, local, is_fault) in [
        ("call: save\nsettle: 29s", false, true),
        ("call: save\nsettle: 30s", false, false),
        ("call: save\nsettle: 200ms", true, false),
        ("call: save", false, false),
    ] {
        let told = faults(target, local);
        assert_eq!(
            told.iter().any(|text| text.contains("`settle` is 29s, but `save` may go on for 30s")),
            is_fault,
            "{told:?}"
        );
        assert_eq!(told.len(), usize::from(is_fault), "{target}: {told:?}");
    }
}
