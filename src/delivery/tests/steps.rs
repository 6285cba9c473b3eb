//! Several steps of one delivery (rule 19), and the hours in which a target is sent to.

use std::time::Duration;

use serde_json::json;

use super::double::{SETTLE, effective, failed, receipt};
use super::support::{Desk, LONG, checked, desk};
use crate::clock::{Time, Zone};
use crate::connector::{FaultKind, Finding};
use crate::delivery::operate::{self, Resolution};
use crate::name::Key;
use crate::reason::{Code, Language, State};
use crate::store::Store;

/// Audited bills are opened before they are changed and closed again.
const STEPS: &str = "call: save\nsteps: { before: [unAudit], after: [submit, audit] }";
const ALL: [&str; 4] = ["unAudit", "save", "submit", "audit"];

impl Desk {
    /// Calls made since the n-th, by name.
    fn calls(&self, since: usize) -> Vec<String> {
        self.target.sent.lock().unwrap().iter().skip(since).map(|(call, _)| call.clone()).collect()
    }

    fn status(&self) -> Option<char> {
        self.target.status.lock().unwrap().get("id-N1").copied()
    }

    fn set_status(&self, status: char) {
        self.target.status.lock().unwrap().insert("id-N1".into(), status);
    }

    /// The first `n` requests from now on succeed, the next fails so.
    fn will_fail(&self, n: usize, kind: FaultKind) {
        let accepted = || vec![super::double::accepted("N1")];
        let mut outcomes = self.target.outcomes.lock().unwrap();
        outcomes.extend(std::iter::repeat_with(accepted).take(n));
        outcomes.push_back(vec![failed(kind)]);
    }
}

/// A document that was delivered and audited, and its next version, not yet looked at.
async fn changed(target: &str) -> Desk {
    let desk = desk(target).await;
    desk.capture("1", json!({ "rev": 1 })).await;
    desk.pass().await;
    assert_eq!((desk.state("1").0, desk.status()), (State::Delivered, Some('C')));
    desk.capture("1", json!({ "rev": 2 })).await;
    desk
}

#[tokio::test]
async fn rule_19_a_create_is_closed_and_a_change_is_opened_first() {
    let desk = changed(STEPS).await;
    assert_eq!(desk.calls(0), ["save", "submit", "audit"]);
    desk.pass().await;
    assert_eq!(desk.calls(3), ALL);
    let row = desk.row("1");
    assert_eq!((row.state, row.reason.unwrap().code, row.course), (State::Delivered, Code::Sent, None));
    assert_eq!(row.base.unwrap().attempt, Some(5), "what told the version, not what closed it");
    let attempts = desk.store_attempts("1");
    let steps: Vec<bool> = attempts.iter().map(|attempt| attempt.step).collect();
    assert_eq!(steps, [false, true, true, true, false, true, true]);
    assert!(attempts.iter().all(|attempt| attempt.outcome.as_deref() == Some("accepted")));
    desk.pass().await;
    assert_eq!(desk.calls(7), [""; 0], "a quiet source sends nothing");
}

#[tokio::test]
async fn rule_19_steps_whose_effect_is_there_already_are_left_out() {
    for (status, calls) in [
        ('C', &ALL[..]),
        ('D', &["save", "submit", "audit"]),
        ('A', &["save", "submit", "audit"]),
        ('B', &["save", "audit"]),
    ] {
        let desk = changed(STEPS).await;
        desk.set_status(status);
        desk.pass().await;
        assert_eq!(desk.calls(3), calls, "{status}");
        assert_eq!((desk.state("1").0, desk.status()), (State::Delivered, Some('C')));
    }
}

#[tokio::test]
async fn rule_19_each_step_has_its_own_doubt_and_newer_versions_wait_until_the_last() {
    for (step, call) in ALL.iter().enumerate() {
        for took_effect in [true, false] {
            let what = format!("{call}, {took_effect}");
            let desk = changed(STEPS).await;
            desk.will_fail(step, FaultKind::Unknown);
            desk.pass().await;
            assert_eq!(
                (desk.state("1"), desk.calls(3).len()),
                ((State::InDoubt, Some(Code::Unknown)), step + 1),
                "{what}"
            );
            desk.capture("1", json!({ "rev": 3 })).await;
            desk.clock.advance(SETTLE);
            // Another process takes over.
            let worker = desk.another_process();
            worker.recover().await.unwrap();
            match (took_effect, *call) {
                (true, "save") => desk.will_find([effective("N1")]),
                (false, "save") => desk.will_find([
                    Finding::NotEffective { receipt: receipt("N1") },
                    Finding::NotEffective { receipt: receipt("N1") },
                ]),
                (true, call) => desk.target.take_effect(call, "id-N1"),
                _ => {}
            }
            worker.pass().await.unwrap();
            if !took_effect {
                assert_eq!((desk.state("1").0, desk.calls(3).len()), (State::InDoubt, step + 1), "{what}: one answer");
                desk.clock.advance(SETTLE);
                worker.pass().await.unwrap();
            }
            let calls = desk.calls(3);
            let mut expected: Vec<&str> = ALL[..=step].to_vec();
            // Version 2 is brought to its end; only what did not run is repeated, but the first step of all, before
            // which nothing has happened: there the newest version begins.
            match (took_effect, step) {
                (false, 0) => {}
                (false, _) => expected.extend(&ALL[step..]),
                (true, _) => expected.extend(&ALL[step + 1..]),
            }
            expected.extend(ALL);
            assert_eq!(calls, expected, "{what}");
            let told: Vec<bool> = desk.sent().iter().map(|payload| payload.contains("\"rev\":3")).collect();
            assert_eq!(told.iter().filter(|is| **is).count(), 1, "{what}");
            assert_eq!((desk.state("1").0, desk.row("1").base.unwrap().version), (State::Delivered, 3), "{what}");
            assert_eq!(desk.status(), Some('C'));
        }
    }
}

#[tokio::test]
async fn rule_06_a_version_sent_after_an_unknown_outcome_is_read_back_after_its_last_step_too() {
    // Closed by its last step, or found closed by somebody else.
    for by_us in [true, false] {
        let desk = desk(STEPS).await;
        desk.capture("1", json!({ "rev": 1 })).await;
        desk.will_fail(0, FaultKind::Unknown);
        desk.pass().await;
        desk.later(SETTLE).await;
        if !by_us {
            desk.will_fail(2, FaultKind::Transient);
        }
        desk.later(SETTLE).await;
        if !by_us {
            desk.set_status('C');
            desk.later(LONG).await;
        }
        assert_eq!((desk.state("1").0, desk.calls(0).len(), desk.asked()), (State::Delivered, 4, 2), "{by_us}");
        desk.will_find([Finding::NotEffective { receipt: receipt("N1") }]);
        desk.later(SETTLE).await;
        assert_eq!((desk.asked(), desk.calls(4)), (3, ALL.map(str::to_owned).to_vec()), "{by_us}");
        desk.later(LONG).await;
        assert_eq!((desk.asked(), desk.state("1").0, desk.row("1").due), (3, State::Delivered, None), "{by_us}: once");
    }
}

#[tokio::test]
async fn rule_19_after_a_refusal_the_closing_steps_run_on_the_old_content() {
    let desk = changed(STEPS).await;
    desk.will_fail(1, FaultKind::Permanent);
    desk.pass().await;
    assert_eq!(desk.calls(3), ALL);
    let row = desk.row("1");
    assert_eq!((row.state, row.reason.as_ref().unwrap().code), (State::Rejected, Code::Target));
    assert_eq!(row.reason.unwrap().words.as_deref(), Some("Permanent"), "why the version was refused");
    assert_eq!((row.course, row.base.unwrap().version, desk.status()), (None, 1, Some('C')));
    desk.capture("1", json!({ "rev": 3 })).await;
    desk.pass().await;
    assert_eq!((desk.calls(7), desk.state("1").0), (ALL.map(str::to_owned).to_vec(), State::Delivered));
}

#[tokio::test]
async fn rule_19_tries_given_up_close_the_document_on_the_old_content() {
    let desk = changed(&format!("{STEPS}\nretry: {{ attempts: 2, from: 1s, to: 1s }}")).await;
    desk.will_fail(1, FaultKind::Transient);
    desk.pass().await;
    // Meanwhile somebody audits the document again: it is opened anew.
    desk.set_status('C');
    desk.will_fail(1, FaultKind::Transient);
    desk.later(LONG).await;
    assert_eq!(desk.calls(3), ["unAudit", "save", "unAudit", "save", "submit", "audit"]);
    assert_eq!((desk.state("1"), desk.status()), ((State::Rejected, Some(Code::Attempts)), Some('C')));
}

#[tokio::test]
async fn rule_19_what_cannot_be_closed_is_left_open_and_waits_for_a_person() {
    // Which step is refused after the version was told (3) or refused (1).
    for first in [None, Some(1)] {
        let desk = changed(STEPS).await;
        if let Some(n) = first {
            desk.will_fail(n, FaultKind::Permanent);
            desk.will_fail(1, FaultKind::ClosedPeriod);
        } else {
            desk.will_fail(3, FaultKind::ClosedPeriod);
        }
        desk.pass().await;
        assert_eq!(
            (desk.calls(3), desk.state("1")),
            (ALL.map(str::to_owned).to_vec(), (State::InDoubt, Some(Code::LeftOpen)))
        );
        let sentence = desk.row("1").reason.unwrap().sentence(Language::English);
        assert!(
            sentence.contains("step `audit` left the document open") && sentence.contains("ClosedPeriod"),
            "{sentence}"
        );
        desk.capture("1", json!({ "rev": 3 })).await;
        desk.later(LONG).await;
        assert_eq!(desk.calls(7), [""; 0], "newer versions wait, and nothing is tried in a circle");
        desk.person_retries("1").await;
        desk.pass().await;
        let version_2_ended = ["audit", "unAudit", "save", "submit", "audit"];
        assert_eq!((desk.calls(7), desk.state("1").0), (version_2_ended.map(str::to_owned).to_vec(), State::Delivered));
        assert_eq!((desk.row("1").base.unwrap().version, desk.status()), (3, Some('C')));
    }
}

#[tokio::test]
async fn rule_19_a_person_resolves_what_was_left_open() {
    for (resolution, calls) in
        [(Resolution::Delivered { id: None }, &[][..]), (Resolution::Resend, &["save", "submit", "audit"])]
    {
        let desk = changed(STEPS).await;
        desk.will_fail(3, FaultKind::Permanent);
        desk.pass().await;
        desk.set_status('D');
        desk.person_resolves("1", &resolution).await;
        desk.pass().await;
        assert_eq!(
            (desk.calls(7).as_slice(), desk.state("1").0),
            (&calls.iter().map(|c| (*c).to_owned()).collect::<Vec<_>>()[..], State::Delivered),
            "{resolution:?}"
        );
        assert_eq!((desk.row("1").base.unwrap().version, desk.row("1").course), (2, None));
    }
}

#[tokio::test]
async fn rule_19_a_refused_opening_leaves_all_as_it_was() {
    let desk = changed(STEPS).await;
    desk.will_fail(0, FaultKind::Permanent);
    desk.pass().await;
    assert_eq!((desk.calls(3), desk.state("1")), (vec!["unAudit".to_owned()], (State::Rejected, Some(Code::Target))));
    assert_eq!(desk.row("1").course, None);
    desk.capture("1", json!({ "rev": 3 })).await;
    desk.pass().await;
    assert_eq!((desk.calls(4), desk.state("1").0), (ALL.map(str::to_owned).to_vec(), State::Delivered));
}

#[tokio::test]
async fn rule_19_a_create_that_cannot_be_closed_is_rejected_and_goes_on_there() {
    for newer in [false, true] {
        let desk = desk(STEPS).await;
        desk.capture("1", json!({ "rev": 1 })).await;
        desk.will_fail(1, FaultKind::Permanent);
        desk.pass().await;
        assert_eq!(desk.state("1"), (State::Rejected, Some(Code::StepRefused)));
        let calls: &[&str] = if newer {
            // The same content under a newer version is told again, for it was never closed.
            desk.capture("1", json!({ "rev": 1, "remark": "x" })).await;
            &["save", "submit", "audit"]
        } else {
            desk.person_retries("1").await;
            &["submit", "audit"]
        };
        desk.pass().await;
        assert_eq!(desk.calls(2), calls);
        assert_eq!((desk.state("1").0, desk.status()), (State::Delivered, Some('C')));
    }
}

#[tokio::test]
async fn rule_19_a_step_in_doubt_that_is_held_is_settled_by_a_person() {
    for (resolution, calls) in [(Resolution::Delivered { id: None }, &ALL[1..]), (Resolution::Resend, &ALL[..])] {
        let desk = changed(&format!("{STEPS}\nin_doubt: hold")).await;
        desk.will_fail(0, FaultKind::Unknown);
        desk.pass().await;
        desk.later(LONG).await;
        assert_eq!((desk.state("1").0, desk.calls(3).len()), (State::InDoubt, 1));
        if matches!(resolution, Resolution::Delivered { .. }) {
            desk.target.take_effect("unAudit", "id-N1");
        }
        desk.person_resolves("1", &resolution).await;
        desk.pass().await;
        assert_eq!(
            (desk.calls(4).as_slice(), desk.state("1").0),
            (&calls.iter().map(|c| (*c).to_owned()).collect::<Vec<_>>()[..], State::Delivered)
        );
    }
}

#[tokio::test]
async fn rule_19_a_create_in_doubt_is_settled_by_a_word_only_with_the_id_that_its_steps_need() {
    let desk = desk(&format!("{STEPS}\nin_doubt: hold")).await;
    desk.capture("1", json!({ "rev": 1 })).await;
    desk.will_fail(0, FaultKind::Unknown);
    desk.pass().await;
    desk.later(LONG).await;
    let (key, row) = (Key::from_text("1"), desk.row("1"));
    let nameless = Resolution::Delivered { id: None };
    let now = desk.clock_now();
    assert!(operate::resolved(&key, row, None, operate::Open::default(), &nameless, now).is_none());
    desk.target.take_effect("save", "id-N1");
    desk.person_resolves("1", &Resolution::Delivered { id: Some("id-N1".to_owned()) }).await;
    desk.pass().await;
    assert_eq!((desk.calls(1), desk.state("1").0), (["submit", "audit"].map(str::to_owned).to_vec(), State::Delivered));
}

#[tokio::test]
async fn rule_19_a_replay_asked_for_between_steps_goes_after_them() {
    let desk = changed(STEPS).await;
    desk.will_fail(2, FaultKind::Transient);
    desk.pass().await;
    assert_eq!(desk.state("1").0, State::Retrying);
    desk.person_replays("1").await;
    desk.later(LONG).await;
    let expected = ["unAudit", "save", "submit", "submit", "audit", "unAudit", "save", "submit", "audit"];
    assert_eq!((desk.calls(3), desk.state("1").0), (expected.map(str::to_owned).to_vec(), State::Delivered));
}

#[tokio::test]
async fn rule_19_an_operation_has_its_own_steps_and_a_write_back_follows_the_last() {
    let desk = changed(
        "call: save\nsteps: { before: [unAudit], after: [{ call: audit }] }\n\
         operations: [{ when: \"@.after.status == 'V'\", call: remove, steps: { before: [unAudit] } }]\n\
         writeback: { system: d, call: save, mapping: { id: $.id, okki: $receipt.id } }",
    )
    .await;
    let back =
        || desk.store.delivery("s", "t.writeback", &crate::name::Key::from_text("1")).unwrap().map(|row| row.newest);
    assert_eq!(back(), Some(1));
    desk.will_fail(2, FaultKind::Transient);
    desk.pass().await;
    assert_eq!((desk.state("1").0, desk.row("1").base.unwrap().version, back()), (State::Retrying, 2, Some(1)));
    desk.later(LONG).await;
    assert_eq!((desk.state("1").0, back()), (State::Delivered, Some(2)));
    desk.capture("1", json!({ "rev": 3, "status": "V" })).await;
    desk.pass().await;
    assert_eq!(desk.calls(6), ["unAudit", "remove"]);
    assert_eq!((desk.state("1").0, desk.row("1").receipt, desk.status()), (State::Delivered, None, None));
}

#[tokio::test]
async fn rule_19_a_document_that_is_gone_is_a_conflict() {
    let desk = changed(STEPS).await;
    desk.target.status.lock().unwrap().clear();
    desk.pass().await;
    assert_eq!((desk.state("1"), desk.calls(3).len()), ((State::InDoubt, Some(Code::Conflict)), 0));
}

#[test]
fn steps_are_checked() {
    for (target, expected) in [
        (
            "call: save\nsteps: { before: [put] }",
            "`put` needs a mapping and can't be a step; allowed: `unAudit`, `submit`, `audit`",
        ),
        ("call: save\nsteps: { before: [remove] }", "`remove` ends the document and can't be a step"),
        ("call: save\nsteps: { after: [{ call: audit, options: { Nothing: 1 } }] }", "unknown option `Nothing`"),
        (
            "call: save\noperations: [{ when: \"@.after.rev == 1\", call: remove, steps: { after: [audit] } }]",
            "`remove` ends the document: no step can follow it",
        ),
        (
            "call: save\noperations: [{ when: \"@.after.rev == 1\", call: audit, steps: { before: [audit] } }]",
            "`audit` is the call that the steps are for and can't be a step",
        ),
        (
            "call: save\nwriteback: { system: d, call: save, mapping: { id: $.id, okki: $receipt.id }, steps: { after: [audit] } }",
            "a write-back has no steps",
        ),
    ] {
        let (ready, faults) = checked(target, std::sync::Arc::<super::double::Double>::default());
        assert!(faults.iter().any(|fault| fault.message.contains(expected)), "{target}\n{faults:?}");
        assert!(ready.iter().all(|scheme| scheme.targets.is_empty()));
    }
}

#[tokio::test]
async fn outside_the_hours_deliveries_stay_pending_until_they_begin() {
    let zone = Zone::utc();
    let desk = desk("call: save\nhours: \"06:00-23:00\"").await;
    desk.clock.set(zone.read("2026-06-01 22:59:00").unwrap());
    desk.capture("1", json!({ "rev": 1 })).await;
    desk.will_answer([vec![failed(FaultKind::Unknown)]]);
    desk.pass().await;
    assert_eq!(desk.state("1").0, State::InDoubt);
    desk.clock.advance(Duration::from_secs(120));
    desk.capture("2", json!({ "rev": 1 })).await;
    desk.will_find([effective("N1")]);
    let next = desk.worker.pass().await.unwrap().next_due;
    assert_eq!((desk.state("1").0, desk.sent().len()), (State::Delivered, 1), "what is in doubt is asked about");
    let opening: Option<Time> = zone.read("2026-06-02 06:00:00");
    let row = desk.row("2");
    assert_eq!((row.state, row.due, next), (State::Pending, opening, opening));
    let sentence = row.reason.unwrap().sentence(Language::English);
    assert_eq!(sentence, "version 1 waits for the target's hours, 06:00-23:00");
    // A newer version does not change that.
    desk.capture("2", json!({ "rev": 2 })).await;
    desk.later(LONG).await;
    assert_eq!((desk.sent().len(), desk.row("2").due), (1, opening));
    desk.clock.set(opening.unwrap());
    desk.pass().await;
    assert_eq!((desk.state("2").0, desk.sent().len()), (State::Delivered, 2));
}

#[tokio::test]
async fn steps_that_have_begun_are_brought_to_their_end_outside_the_hours() {
    let desk = changed(&format!("{STEPS}\nhours: \"06:00-23:00\"")).await;
    desk.clock.set(Zone::utc().read("2026-06-01 22:59:59").unwrap());
    desk.will_fail(1, FaultKind::Transient);
    desk.pass().await;
    assert_eq!(desk.calls(3), ["unAudit", "save"]);
    desk.later(LONG).await;
    assert_eq!(
        (desk.calls(5), desk.state("1").0),
        (ALL[1..].iter().map(|c| (*c).to_owned()).collect(), State::Delivered)
    );
    desk.capture("1", json!({ "rev": 3 })).await;
    desk.pass().await;
    assert_eq!((desk.calls(8).len(), desk.state("1")), (0, (State::Pending, Some(Code::Hours))));
}
