//! Write-backs: due with the delivery they follow, addressed by the source key, read back where in doubt (rule 22).

use std::sync::Arc;

use serde_json::{Value, json};

use super::double::{Double, SETTLE, effective, failed};
use super::support::{Desk, checked, desk};
use crate::connector::FaultKind;
use crate::delivery::operate::Resolution;
use crate::name::Key;
use crate::reason::{Code, State};
use crate::receipt::Receipt;
use crate::store::{Attempt, Delivery, Store};

const BACK: &str = "call: save\nwriteback:\n  system: d\n  call: save\n  mapping: { okki: $receipt.id }";
const SENT_BACK: &str = r#"{"okki":"id-N1","id":"1"}"#;

impl Desk {
    async fn back_pass(&self) {
        self.back.as_ref().unwrap().pass().await.unwrap();
    }

    fn back_row(&self, id: &str) -> Option<Delivery> {
        self.store.delivery("s", "t.writeback", &Key::from_text(id)).unwrap()
    }

    fn back_state(&self, id: &str) -> (State, Option<Code>) {
        let row = self.back_row(id).unwrap();
        (row.state, row.reason.map(|reason| reason.code))
    }

    fn back_attempts(&self, id: &str) -> Vec<Attempt> {
        self.store.attempts("s", "t.writeback", &Key::from_text(id)).unwrap()
    }

    /// What the write-back sent, as opposed to the target.
    fn sent_back(&self) -> Vec<String> {
        self.sent().into_iter().filter(|payload| payload.contains("okki")).collect()
    }

    /// What the source shows to the next questions.
    fn will_show<const N: usize>(&self, shown: [Value; N]) {
        self.target.shown.lock().unwrap().extend(shown.map(|document| Ok(Some(document))));
    }
}

fn shown(okki: &Value) -> Value {
    json!({ "id": 1, "no": "N1", "okki": okki })
}

const DELIVERED: (State, Option<Code>) = (State::Delivered, Some(Code::Sent));
const HELD: (State, Option<Code>) = (State::Skipped, Some(Code::Held));

/// A document that the target accepted, its write-back due.
async fn told() -> Desk {
    let desk = desk(BACK).await;
    desk.capture("1", json!({ "rev": 1, "okki": null })).await;
    desk.back_pass().await;
    assert!(desk.back_row("1").is_none(), "nothing before the target has accepted it");
    desk.pass().await;
    desk
}

/// A write-back whose outcome is not known.
async fn in_doubt() -> Desk {
    let desk = told().await;
    desk.will_answer([vec![failed(FaultKind::Unknown)]]);
    desk.back_pass().await;
    assert_eq!(desk.back_state("1"), (State::InDoubt, Some(Code::Unknown)));
    desk
}

#[tokio::test]
async fn rule_22_an_answer_makes_the_write_back_due_and_it_goes_to_the_source_document_by_its_key() {
    let desk = told().await;
    assert_eq!(desk.back_state("1"), (State::Pending, Some(Code::Due)));
    desk.back_pass().await;
    assert_eq!((desk.back_state("1"), desk.sent_back()), (DELIVERED, vec![SENT_BACK.to_owned()]));
    let attempt = &desk.back_attempts("1")[0];
    assert_eq!((attempt.target_id.as_deref(), attempt.number.as_deref()), (Some("1"), None));
    let owner = desk.owner(&desk.row("1").identity.unwrap());
    assert!(owner.is_some_and(|(_, target, _)| target == "t"), "it claims nothing");
}

#[tokio::test]
async fn rule_22_a_probe_and_a_person_make_the_write_back_due_as_well() {
    for resolve in [false, true] {
        let desk = desk(BACK).await;
        desk.capture("1", json!({ "rev": 1 })).await;
        desk.will_answer([vec![failed(FaultKind::Unknown)]]);
        desk.pass().await;
        assert!(desk.back_row("1").is_none());
        if resolve {
            desk.person_resolves("1", &Resolution::Delivered { id: Some("id-N1".into()) }).await;
        } else {
            desk.will_find([effective("N1")]);
            desk.later(SETTLE).await;
        }
        desk.back_pass().await;
        assert_eq!((desk.back_state("1"), desk.sent_back()), (DELIVERED, vec![SENT_BACK.to_owned()]), "{resolve}");
    }
}

#[tokio::test]
async fn a_document_resolved_without_an_id_writes_none_back() {
    let desk = desk(BACK).await;
    desk.capture("1", json!({ "rev": 1 })).await;
    desk.will_answer([vec![failed(FaultKind::Unknown)]]);
    desk.pass().await;
    desk.person_resolves("1", &Resolution::Delivered { id: None }).await;
    desk.back_pass().await;
    assert_eq!((desk.back_state("1"), desk.sent_back().len()), ((State::Rejected, Some(Code::Mapping)), 0));
}

#[tokio::test]
async fn nothing_is_written_back_of_a_document_that_was_refused_skipped_or_removed() {
    let target =
        format!("{BACK}\nwhen: \"@.after.rev != 2\"\noperations: [{{ when: \"@.after.rev == 4\", call: remove }}]");
    let desk = desk(&target).await;
    desk.capture("1", json!({ "rev": 1 })).await;
    desk.will_answer([vec![failed(FaultKind::Permanent)]]);
    desk.pass().await;
    desk.capture("2", json!({ "rev": 2 })).await;
    desk.pass().await;
    assert!(desk.back_row("1").is_none() && desk.back_row("2").is_none());
    desk.capture("3", json!({ "rev": 3 })).await;
    desk.pass().await;
    desk.capture("3", json!({ "rev": 4 })).await;
    desk.pass().await;
    desk.back_pass().await;
    assert_eq!((desk.back_state("3"), desk.sent_back().len()), ((State::Skipped, Some(Code::NeverSent)), 0));
}

#[tokio::test]
async fn rule_22_what_the_captured_document_holds_is_not_written_again() {
    for (name, okki, sends) in [
        ("the value", json!("id-N1"), 0),
        ("another form of it", json!(" id-N1 "), 0),
        ("none", json!(null), 1),
        ("a person's", json!("mine"), 1),
    ] {
        let desk = desk(BACK).await;
        desk.capture("1", json!({ "rev": 1, "okki": okki })).await;
        desk.pass().await;
        desk.back_pass().await;
        assert_eq!(desk.sent_back().len(), sends, "{name}");
        assert_eq!(desk.back_state("1"), if sends == 0 { HELD } else { DELIVERED }, "{name}");
    }
}

#[tokio::test]
async fn rule_22_ten_versions_are_written_back_once_whether_or_not_the_source_was_read_since() {
    let desk = told().await;
    for rev in 2..12 {
        desk.back_pass().await;
        desk.clock.advance(SETTLE);
        let okki = if rev > 5 { json!("id-N1") } else { json!(null) };
        // A reading asked for before the write-back was answered can't show it.
        desk.capture_read_at("1", json!({ "rev": rev, "okki": okki }), if rev > 5 { desk.clock_now() } else { START })
            .await;
        desk.pass().await;
    }
    desk.back_pass().await;
    assert_eq!((desk.sent().len(), desk.sent_back().len(), desk.back_state("1")), (12, 1, HELD));
}

/// Before anything was sent.
const START: crate::clock::Time = crate::clock::Time(1_700_000_000_000);

#[tokio::test]
async fn a_value_that_a_person_took_away_is_written_again_with_the_next_delivery() {
    let desk = told().await;
    desk.back_pass().await;
    desk.clock.advance(SETTLE);
    desk.capture_read_at("1", json!({ "rev": 2, "okki": null }), desk.clock_now()).await;
    desk.pass().await;
    desk.back_pass().await;
    assert_eq!((desk.sent_back().len(), desk.back_state("1")), (2, DELIVERED));
}

#[tokio::test]
async fn in_doubt_the_written_fields_are_read_by_key() {
    for (name, first, second, sends) in [
        ("all hold the value", shown(&json!("id-N1")), Value::Null, 1),
        ("another value, twice", shown(&json!(null)), shown(&json!("x")), 2),
        ("later it holds the value", shown(&json!(null)), shown(&json!("id-N1")), 1),
    ] {
        let desk = in_doubt().await;
        desk.will_show([first, second]);
        desk.clock.advance(SETTLE);
        desk.back_pass().await;
        assert_eq!(desk.sent_back().len(), 1, "{name}: one answer is not enough to send again");
        desk.clock.advance(SETTLE);
        desk.back_pass().await;
        assert_eq!((desk.back_state("1"), desk.sent_back().len()), (DELIVERED, sends), "{name}");
        assert!(desk.target.keys_asked.lock().unwrap().iter().all(|key| *key == ["1"]), "{name}");
        assert_eq!(desk.asked(), 0, "{name}: the target is not probed for it");
    }
}

#[tokio::test]
async fn a_source_that_gives_no_answer_leaves_the_write_back_in_doubt() {
    let desk = in_doubt().await;
    let fault = || Err(crate::connector::Fault::new(FaultKind::Unknown, "cut"));
    desk.target.shown.lock().unwrap().extend([fault(), fault()]);
    for _ in 0..2 {
        desk.clock.advance(SETTLE);
        desk.back_pass().await;
    }
    assert_eq!((desk.back_state("1").0, desk.sent_back().len()), (State::InDoubt, 1));
}

#[tokio::test]
async fn what_a_process_left_in_flight_is_read_back_by_the_next() {
    let desk = in_doubt().await;
    let mut row = desk.back_row("1").unwrap();
    (row.state, row.due) = (State::InFlight, None);
    desk.overwrite_of("t.writeback", "1", row).await;
    let back = desk.another_back();
    back.recover().await.unwrap();
    assert_eq!(desk.back_state("1"), (State::InDoubt, Some(Code::Unknown)));
    desk.will_show([shown(&json!("id-N1"))]);
    desk.clock.advance(SETTLE);
    back.pass().await.unwrap();
    assert_eq!((desk.back_state("1"), desk.sent_back().len()), (DELIVERED, 1));
}

#[tokio::test]
async fn a_delivery_accepted_while_the_write_back_is_open_makes_it_due_again_when_that_is_settled() {
    for same_version in [true, false] {
        let desk = in_doubt().await;
        let receipt = Receipt { id: Some("new".into()), number: Some("N1".into()), ..Receipt::default() };
        desk.will_answer([vec![crate::connector::Outcome::Accepted { receipt, complete: true, warnings: Vec::new() }]]);
        if same_version {
            desk.person_replays("1").await;
        } else {
            desk.capture("1", json!({ "rev": 2, "okki": null })).await;
        }
        desk.pass().await;
        assert_eq!(desk.back_state("1").0, State::InDoubt, "nothing is sent beside an open attempt");
        desk.will_show([shown(&json!("id-N1"))]);
        desk.clock.advance(SETTLE);
        desk.back_pass().await;
        assert_eq!(desk.sent_back(), [SENT_BACK, r#"{"okki":"new","id":"1"}"#], "{same_version}");
        assert_eq!(desk.back_state("1"), DELIVERED);
    }
}

#[tokio::test]
async fn rule_22_what_was_written_back_is_no_change_to_conditions_either() {
    let when = "when: \"@.before == null || @.changed[?@.path == '$.okki']\"";
    for (name, okki, expected) in [
        ("the echo in one reading with a person's edit", json!("id-N1"), State::Skipped),
        ("a person's value", json!("mine"), State::Delivered),
    ] {
        let desk = desk(&format!("{BACK}\n{when}")).await;
        desk.capture("1", json!({ "rev": 1, "okki": null })).await;
        desk.pass().await;
        desk.back_pass().await;
        desk.capture("1", json!({ "rev": 2, "okki": okki })).await;
        desk.pass().await;
        assert_eq!((desk.state("1").0, desk.row("1").version), (expected, 2), "{name}");
    }
}

#[tokio::test]
async fn a_write_back_that_was_given_up_is_due_again_with_the_next_delivery() {
    let desk = told().await;
    desk.will_answer([vec![failed(FaultKind::Permanent)]]);
    desk.back_pass().await;
    assert_eq!(desk.back_state("1"), (State::Rejected, Some(Code::Target)));
    desk.capture("1", json!({ "rev": 2, "okki": null })).await;
    desk.pass().await;
    desk.back_pass().await;
    assert_eq!(desk.back_state("1"), DELIVERED);
}

#[tokio::test]
async fn a_document_gone_from_the_source_is_not_written_to() {
    let desk = told().await;
    desk.gone("1").await;
    desk.back_pass().await;
    assert_eq!((desk.back_state("1"), desk.sent_back().len()), ((State::Skipped, Some(Code::Gone)), 0));
}

#[test]
fn what_is_wrong_with_a_write_back_is_told() {
    let faults = |writeback: &str| -> Vec<String> {
        let target = format!("call: save\nwriteback: {writeback}");
        let (_, faults) = checked(&target, Arc::new(Double::default()));
        faults.into_iter().map(|fault| fault.message).collect()
    };
    let none: [String; 0] = [];
    assert_eq!(faults("{ system: d, call: save, mapping: { id: $.id, okki: $receipt.id } }"), none);
    assert_eq!(faults("{ system: d, call: blind, mapping: { okki: $receipt.id } }"), none);
    for (writeback, expected) in [
        ("{ system: d, call: save, mapping: { okky: $receipt.id } }", "`okky` is written back, but not read"),
        (
            "{ system: d, call: save, mapping: { in: { okki: $receipt.id } } }",
            "`in.okki` is written back, but not read",
        ),
        ("{ system: d, call: save, mapping: { okki: [$receipt.id] } }", "lists are not supported yet"),
        ("{ system: d, call: save, mapping: { okki: $receipt.nr } }", "unknown field `nr`"),
        (
            "{ system: d, call: save, mapping: { okki: $receipt.id }, \
             operations: [{ when: \"@.kind == 'created'\", call: save, mapping: { okky: $receipt.id } }] }",
            "`okky` is written back, but not read",
        ),
        ("{ system: d, call: save }", "`mapping` is missing"),
        (
            "{ system: other, call: save, mapping: { okki: $receipt.id } }",
            "a write-back goes to the scheme's source, `d`",
        ),
    ] {
        let faults = faults(writeback);
        assert!(matches!(faults.as_slice(), [only] if only.contains(expected)), "{writeback}: {faults:#?}");
    }
}
