//! What a restored database means for delivery (rule 8).

use std::time::Duration;

use serde_json::json;

use super::double::{SETTLE, effective, failed, receipt};
use super::support::{Desk, LONG, desk};
use crate::connector::{FaultKind, Finding, Look};
use crate::name::Key;
use crate::reason::{Code, State};
use crate::store::{CaptureCommit, Run, Store, Touched};

const SENT: (State, Option<Code>) = (State::Delivered, Some(Code::Sent));
const ADOPTED: (State, Option<Code>) = (State::Delivered, Some(Code::Adopted));

impl Desk {
    /// The database was restored, and a process started over it.
    async fn restored(mut self) -> Self {
        self.run(1).await;
        self.clock.advance(Duration::from_secs(60));
        let now = self.clock_now();
        self.worker.change_state(|state| (state.restored, state.restored_at) = (true, Some(now))).await.unwrap();
        self.worker = self.another_process();
        self.worker.recover().await.unwrap();
        self
    }

    /// A run of the source that reads everything there is.
    async fn run(&self, id: u64) {
        let now = Some(self.clock_now());
        let run = Run { id, started: now, ended: now, ..Run::default() };
        let commit = CaptureCommit { scheme: "s".into(), run: Some(run), ..CaptureCommit::default() };
        self.store.commit_capture(commit).await.unwrap();
    }

    /// The source shows a document as it was, with a later time.
    async fn touched(&self, id: &str) {
        let key = Key::from_text(id);
        let head = self.store.heads("s", std::slice::from_ref(&key)).unwrap().remove(0).unwrap();
        let (raw_hash, canonical_hash) = ([9; 32], head.canonical_hash.unwrap());
        let source_time = Some(self.clock_now());
        let number = head.number.clone();
        let touched = Touched { key, expect: head.version, raw_hash, canonical_hash, source_time, number, body: None };
        let commit = CaptureCommit { scheme: "s".into(), touched: vec![touched], ..CaptureCommit::default() };
        self.store.commit_capture(commit).await.unwrap();
    }

    async fn caught_up(&self) {
        self.run(2).await;
        self.pass().await;
    }
}

#[tokio::test]
async fn rule_08_nothing_is_sent_before_capture_has_caught_up() {
    let desk = desk("call: save").await;
    desk.capture("1", json!({ "rev": 1 })).await;
    let desk = desk.restored().await;
    let report = desk.worker.pass().await.unwrap();
    assert_eq!((desk.sent().len(), desk.asked()), (0, 0));
    assert!(report.next_due.is_some(), "it is looked at again by itself");
    desk.will_find([effective("N1")]);
    desk.caught_up().await;
    assert_eq!((desk.state("1"), desk.store_target().restored), (ADOPTED, false));
    desk.capture("2", json!({ "rev": 1 })).await;
    desk.pass().await;
    assert_eq!((desk.state("2"), desk.asked()), (SENT, 1), "what is captured afterwards is sent as ever");
}

#[tokio::test]
async fn rule_08_what_the_target_holds_is_compared_with_the_newest_version_first() {
    let older = || Finding::Mixed { receipt: receipt("N1"), differences: vec!["`rev`".to_owned()] };
    let foreign = Finding::Foreign { why: "created by `somebody`".to_owned(), receipt: receipt("N1") };
    let table: [(_, Vec<Finding>, _, &[&str]); 4] = [
        ("told meanwhile", vec![effective("N1")], ADOPTED, &[]),
        ("told an older version", vec![older()], SENT, &[r#"{"no":"N1","rev":1,"id":"id-N1"}"#]),
        ("foreign", vec![foreign], (State::InDoubt, Some(Code::Conflict)), &[]),
        ("never told", vec![Finding::Absent, Finding::Absent], SENT, &[r#"{"no":"N1","rev":1}"#]),
    ];
    for (name, findings, expected, sent) in table {
        let desk = desk("call: save").await;
        let begun = desk.clock_now();
        desk.capture("1", json!({ "rev": 1 })).await;
        let desk = desk.restored().await;
        desk.target.findings.lock().unwrap().extend(findings.into_iter().map(Ok));
        desk.caught_up().await;
        desk.later(SETTLE).await;
        assert_eq!(
            (desk.state("1"), desk.sent()),
            (expected, sent.iter().map(ToString::to_string).collect()),
            "{name}"
        );
        let asked = desk.target.asked.lock().unwrap()[0].clone();
        assert_eq!((asked.look, asked.first_attempt), (Look::Content, Some(begun)), "ours since the last run known");
    }
}

#[tokio::test]
async fn rule_08_runs_after_the_restore_do_not_say_since_when_a_document_may_be_ours() {
    let desk = desk("call: save").await;
    let begun = desk.clock_now();
    desk.capture("1", json!({ "rev": 1 })).await;
    let mut desk = desk.restored().await;
    for id in 2..50 {
        desk.clock.advance(Duration::from_secs(60));
        desk.run(id).await;
    }
    desk.clock.advance(Duration::from_secs(60));
    desk.worker = desk.another_process();
    desk.will_find([effective("N1")]);
    desk.run(50).await;
    desk.pass().await;
    assert_eq!(desk.state("1"), ADOPTED);
    assert_eq!(desk.target.asked.lock().unwrap()[0].first_attempt, Some(begun));
}

#[tokio::test]
async fn rule_08_an_absence_counts_twice_a_settle_time_apart_and_only_where_it_is_proven() {
    let desk = desk("call: put").await;
    desk.capture("1", json!({ "rev": 1 })).await;
    let desk = desk.restored().await;
    desk.worker.change_state(|state| state.proven = false).await.unwrap();
    desk.caught_up().await;
    desk.later(SETTLE / 2).await;
    assert_eq!(desk.sent().len(), 0);
    desk.later(SETTLE).await;
    desk.later(SETTLE).await;
    assert_eq!((desk.state("1").0, desk.sent().len()), (State::Pending, 0), "it may be asked in the wrong place");
}

#[tokio::test]
async fn rule_08_a_document_told_its_newest_is_left_alone_and_one_told_an_older_is_compared() {
    let desk = desk("call: save").await;
    for id in ["1", "2"] {
        desk.capture(id, json!({ "rev": 1 })).await;
    }
    desk.pass().await;
    desk.capture("2", json!({ "rev": 2 })).await;
    let desk = desk.restored().await;
    let refreshed = crate::receipt::Receipt {
        lines: [("l".to_owned(), [("7".to_owned(), "9".to_owned())].into())].into(),
        ..receipt("N2")
    };
    desk.will_find([Finding::Effective { receipt: refreshed.clone(), warnings: Vec::new() }]);
    desk.caught_up().await;
    assert_eq!((desk.state("1"), desk.state("2"), desk.sent().len()), (SENT, ADOPTED, 2));
    assert_eq!((desk.asked(), desk.row("2").receipt), (1, Some(refreshed)));
    assert_eq!(desk.target.asked.lock().unwrap()[0].target_id.as_deref(), Some("id-N2"));
}

#[tokio::test]
async fn rule_08_a_document_that_is_again_what_was_told_before_the_backup_is_compared_too() {
    for (finding, sent) in [
        (effective("N1"), 2),
        // What was told between backup and restore stands there.
        (Finding::Mixed { receipt: receipt("N1"), differences: vec!["`rev`".to_owned()] }, 3),
    ] {
        let desk = desk("call: save").await;
        for id in ["1", "2"] {
            desk.capture(id, json!({ "rev": 1 })).await;
        }
        desk.pass().await;
        let desk = desk.restored().await;
        desk.touched("1").await;
        desk.will_find([finding]);
        desk.caught_up().await;
        assert_eq!((desk.sent().len(), desk.asked()), (sent, 1), "the one that nobody touched is left alone");
        assert_eq!((desk.state("1").0, desk.row("1").unsure), (State::Delivered, None));
    }
}

#[tokio::test]
async fn rule_08_what_was_told_is_compared_though_no_condition_takes_a_version_for_a_step_from_itself() {
    let mixed = Finding::Mixed { receipt: receipt("N1"), differences: vec!["`rev`".to_owned()] };
    for (finding, sent) in [(effective("N1"), 1), (mixed, 2)] {
        let desk = desk("call: save\nwhen: \"@.before.rev != @.after.rev\"").await;
        desk.capture("1", json!({ "rev": 1 })).await;
        desk.pass().await;
        let desk = desk.restored().await;
        desk.touched("1").await;
        desk.will_find([finding]);
        desk.caught_up().await;
        assert_eq!((desk.sent().len(), desk.asked()), (sent, 1));
        assert_eq!((desk.state("1").0, desk.row("1").unsure), (State::Delivered, None));
    }
}

/// An attempt in doubt, and a newer version behind it.
async fn in_doubt(target: &str) -> Desk {
    let desk = desk(target).await;
    desk.capture("1", json!({ "rev": 1 })).await;
    desk.will_answer([vec![failed(FaultKind::Unknown)]]);
    desk.pass().await;
    desk.capture("1", json!({ "rev": 2 })).await;
    desk.restored().await
}

#[tokio::test]
async fn rule_08_one_in_doubt_is_delivered_if_the_newest_is_there_and_settled_as_ever_if_not() {
    let desk = in_doubt("call: save").await;
    desk.will_find([effective("N1")]);
    desk.caught_up().await;
    assert_eq!((desk.state("1"), desk.row("1").base.unwrap().version, desk.sent().len()), (ADOPTED, 2, 1));

    let desk = in_doubt("call: save").await;
    desk.will_find([Finding::Mixed { receipt: receipt("N1"), differences: vec!["`rev`".to_owned()] }, effective("N1")]);
    desk.caught_up().await;
    assert_eq!(
        (desk.state("1"), desk.sent()[1..].to_vec()),
        (SENT, vec![r#"{"no":"N1","rev":2,"id":"id-N1"}"#.to_owned()])
    );

    let desk = in_doubt("call: save").await;
    desk.caught_up().await;
    assert_eq!((desk.sent().len(), desk.asked()), (1, 2), "absent: the attempt is asked about as ever");
    desk.will_find([Finding::Absent, effective("N1")]);
    desk.later(SETTLE).await;
    desk.later(SETTLE).await;
    assert_eq!((desk.state("1"), desk.sent().len()), (SENT, 2));
}

#[tokio::test]
async fn rule_08_resend_acts_as_hold_after_a_restore() {
    let target = "call: blind\nin_doubt: resend\nremembers: 10d";
    let desk = in_doubt(target).await;
    desk.caught_up().await;
    desk.later(LONG).await;
    assert_eq!((desk.state("1").0, desk.sent().len(), desk.row("1").due), (State::InDoubt, 1, None));
    // What it knows nothing of may have been sent as well.
    let desk = super::support::desk(target).await;
    desk.capture("2", json!({ "rev": 1 })).await;
    let desk = desk.restored().await;
    desk.caught_up().await;
    assert_eq!((desk.state("2").0, desk.sent().len()), (State::InDoubt, 0));
    let resend = crate::delivery::operate::Resolution::Resend;
    desk.person_resolves("2", &resend).await;
    desk.pass().await;
    assert_eq!((desk.state("2"), desk.sent().len()), (SENT, 1));
}
