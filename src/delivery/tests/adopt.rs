//! Adopting what the target holds already (interface.md section 4, `adopt`).

use serde_json::json;

use super::double::{effective, failed, receipt};
use super::support::{Desk, desk_with};
use crate::connector::{FaultKind, Finding, Look};
use crate::name::Key;
use crate::reason::{Code, State};
use crate::receipt::Receipt;
use crate::store::{Store, TargetAnswer};

const ADOPTED: (State, Option<Code>) = (State::Delivered, Some(Code::Adopted));
const DIFFERS: (State, Option<Code>) = (State::Delivered, Some(Code::AdoptedDiffers));
const SENT: (State, Option<Code>) = (State::Delivered, Some(Code::Sent));

async fn adopting(target: &str) -> Desk {
    desk_with(target, TargetAnswer::Adopt).await
}

fn other_content() -> Finding {
    Finding::Mixed { receipt: receipt("N1"), differences: vec!["`rev`: `1` was sent, `7` is there".to_owned()] }
}

async fn found(target: &str, finding: Finding) -> Desk {
    let desk = adopting(target).await;
    desk.capture("1", json!({ "rev": 1 })).await;
    desk.will_find([finding]);
    desk.pass().await;
    desk
}

#[tokio::test]
async fn rule_07_what_stands_under_the_number_is_adopted_and_what_does_not_is_sent() {
    let several = Finding::Foreign { why: "2 documents carry the number".to_owned(), receipt: receipt("N1") };
    let nameless = Finding::Effective { receipt: Receipt::default(), warnings: Vec::new() };
    let conflict = (State::InDoubt, Some(Code::Conflict));
    for call in ["save", "put"] {
        let table = [
            ("the same", effective("N1"), ADOPTED, 0),
            ("another content", other_content(), DIFFERS, 0),
            ("absent", Finding::Absent, SENT, 1),
            ("more than one", several.clone(), conflict, 0),
            ("without an id", nameless.clone(), conflict, 0),
        ];
        for (name, finding, expected, sent) in table {
            let desk = found(&format!("call: {call}"), finding).await;
            assert_eq!((desk.state("1"), desk.sent().len()), (expected, sent), "{call}: {name}");
            let asked = desk.target.asked.lock().unwrap()[0].clone();
            assert_eq!((asked.look, asked.number.as_deref()), (Look::Anyones, Some("N1")), "{call}: {name}");
        }
    }
}

#[tokio::test]
async fn what_was_adopted_has_its_receipt_and_owner_and_is_told_later_versions_as_updates() {
    let desk = found("call: save", effective("N1")).await;
    let row = desk.row("1");
    assert_eq!(row.receipt, Some(receipt("N1")));
    assert_eq!(desk.owner(&row.identity.unwrap()).unwrap().2, Key::from_text("1"));
    assert_eq!(desk.store_attempts("1")[0].outcome.as_deref(), Some("adopted"));
    desk.capture("1", json!({ "rev": 1, "remark": "of no interest" })).await;
    desk.pass().await;
    assert_eq!(desk.state("1"), (State::Skipped, Some(Code::SamePayload)), "rule 28");
    desk.capture("1", json!({ "rev": 2 })).await;
    desk.pass().await;
    assert_eq!(desk.sent(), [r#"{"no":"N1","rev":2,"id":"id-N1"}"#]);
}

#[tokio::test]
async fn what_differs_stays_listed_until_replay_sends_it() {
    let desk = found("call: save", other_content()).await;
    let text = desk.row("1").reason.unwrap().sentence(crate::reason::Language::English);
    assert!(text.contains("replay") && text.contains("`7` is there"), "{text}");
    desk.capture("1", json!({ "rev": 1, "remark": "of no interest" })).await;
    desk.pass().await;
    assert_eq!((desk.state("1"), desk.sent().len()), (DIFFERS, 0));
    desk.person_replays("1").await;
    desk.pass().await;
    assert_eq!((desk.state("1"), desk.sent()), (SENT, vec![r#"{"no":"N1","rev":1,"id":"id-N1"}"#.to_owned()]));
}

#[tokio::test]
async fn rule_22_an_adopted_document_is_written_back() {
    let desk =
        found("call: save\nwriteback:\n  system: d\n  call: save\n  mapping: { okki: $receipt.id }", effective("N1"))
            .await;
    desk.back.as_ref().unwrap().pass().await.unwrap();
    assert_eq!(desk.sent(), [r#"{"okki":"id-N1","id":"1"}"#]);
}

#[tokio::test]
async fn rule_11_one_target_document_is_adopted_for_one_document_only() {
    let desk = adopting("call: save").await;
    for id in ["1", "2"] {
        desk.capture(id, json!({ "rev": 1, "no": "N1" })).await;
    }
    desk.will_find([effective("N1"), effective("N1")]);
    desk.pass().await;
    assert_eq!((desk.state("1"), desk.state("2")), (ADOPTED, (State::InDoubt, Some(Code::Conflict))));
}

#[tokio::test]
async fn a_document_cancelled_before_is_adopted_as_different_where_the_target_holds_it() {
    let target = "call: save\noperations:\n  - { when: \"@.after.status == 'void'\", call: remove }";
    for (finding, expected) in [(effective("N1"), DIFFERS), (Finding::Absent, (State::Skipped, Some(Code::NeverSent)))]
    {
        let desk = adopting(target).await;
        desk.capture("1", json!({ "rev": 1, "status": "void" })).await;
        desk.will_find([finding]);
        desk.pass().await;
        assert_eq!((desk.state("1"), desk.sent().len()), (expected, 0));
        if expected == DIFFERS {
            desk.person_replays("1").await;
            desk.pass().await;
            assert_eq!(desk.sent(), [r#"{"id":"id-N1"}"#]);
        }
    }
}

#[tokio::test]
async fn a_target_that_gives_no_answer_is_asked_again_and_nothing_is_sent_meanwhile() {
    let desk = adopting("call: save").await;
    desk.capture("1", json!({ "rev": 1 })).await;
    let fault = crate::connector::Fault::new(FaultKind::Unreachable, "gone");
    desk.target.findings.lock().unwrap().push_back(Err(fault));
    desk.pass().await;
    assert_eq!((desk.state("1"), desk.sent().len()), ((State::Retrying, Some(Code::Unasked)), 0));
    desk.will_find([effective("N1")]);
    desk.later(super::support::LONG).await;
    assert_eq!((desk.state("1"), desk.sent().len()), (ADOPTED, 0));
}

#[tokio::test]
async fn what_was_refused_when_it_was_absent_is_not_adopted_later() {
    let desk = adopting("call: save").await;
    desk.capture("1", json!({ "rev": 1 })).await;
    desk.will_answer([vec![failed(FaultKind::Permanent)]]);
    desk.pass().await;
    desk.person_retries("1").await;
    desk.pass().await;
    assert_eq!((desk.state("1"), desk.asked(), desk.sent().len()), (SENT, 1, 2));
    let attempts = desk.store.attempts("s", "t", &Key::from_text("1")).unwrap();
    assert_eq!(attempts.len(), 2);
}
