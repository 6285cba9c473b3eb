//! Which version is told: conditions from base to newest, order, and what is not told twice (rules 1, 10, 18, 25, 28).

use serde_json::{Value, json};

use super::double::{SETTLE, effective, failed, receipt};
use super::support::{Desk, desk, desk_with};
use crate::clock::Time;
use crate::connector::{FaultKind, Finding};
use crate::reason::{Code, State};
use crate::store::{Store, TargetAnswer};

const APPROVED: &str = "call: save\nwhen: \"@.before.status != 'C' && @.after.status == 'C'\"";
const FROM_FIRST: &str = "call: save\nwhen: \"@.before == null || @.before.rev == 1\"";

fn document(rev: u32, status: &str) -> Value {
    json!({ "rev": rev, "status": status })
}

/// The revisions sent, whatever ids went with them.
fn revisions(desk: &Desk) -> Vec<u64> {
    let number = |payload: &String| serde_json::from_str::<Value>(payload).unwrap()["rev"].to_string().parse().unwrap();
    desk.sent().iter().map(number).collect()
}

#[tokio::test]
async fn rule_01_an_approval_seen_while_the_target_was_paused_arrives_with_the_remark_after_it() {
    let desk = desk(APPROVED).await;
    desk.capture("1", document(1, "A")).await;
    desk.pass().await;
    assert_eq!(desk.state("1"), (State::Skipped, Some(Code::Condition)));
    desk.pause(Some("down")).await;
    desk.capture("1", document(2, "C")).await;
    desk.pass().await;
    assert_eq!(desk.state("1"), (State::Pending, Some(Code::Due)), "decided while the target is paused");
    desk.capture("1", json!({ "rev": 3, "status": "C", "remark": "x" })).await;
    desk.pass().await;
    assert_eq!(revisions(&desk), [] as [u64; 0]);
    desk.pause(None).await;
    desk.pass().await;
    assert_eq!(revisions(&desk), [3]);
    assert_eq!(desk.row("1").base.unwrap().version, 3);
}

#[tokio::test]
async fn rule_18_while_a_target_is_down_its_queue_holds_each_changed_document_once_and_then_tells_its_newest() {
    let desk = desk("call: save").await;
    desk.pause(Some("down")).await;
    for rev in 1..=40 {
        for id in 1..=5 {
            desk.capture(&id.to_string(), document(rev, "C")).await;
        }
        if rev % 8 == 0 {
            desk.pass().await;
            assert_eq!(desk.store.due("s", "t", Time(i64::MAX), 1000).unwrap().len(), 5, "after {} changes", rev * 5);
        }
    }
    desk.pause(None).await;
    desk.pass().await;
    assert_eq!(revisions(&desk), [40; 5]);
}

#[tokio::test]
async fn rule_01_superseded_and_rejected_versions_never_become_the_base() {
    let desk = desk(FROM_FIRST).await;
    desk.capture("1", document(1, "C")).await;
    desk.pass().await;
    desk.pause(Some("down")).await;
    desk.capture("1", document(2, "C")).await;
    desk.pass().await;
    desk.capture("1", document(3, "C")).await;
    desk.pause(None).await;
    desk.will_answer([vec![failed(FaultKind::Permanent)]]);
    desk.pass().await;
    assert_eq!(desk.state("1"), (State::Rejected, Some(Code::Target)));
    assert_eq!(desk.row("1").base.unwrap().version, 1);
    desk.capture("1", document(4, "C")).await;
    desk.pass().await;
    assert_eq!(revisions(&desk), [1, 3, 4], "before is still the first version");
}

#[tokio::test]
async fn rule_01_a_skip_moves_an_untold_base_only_where_compare_accepts_it_and_never_a_told_one() {
    let after_approval = "call: save\ncompare: \"@.status == 'C'\"\n\
                          when: \"@.before != null && @.after.status == 'C'\"";
    let desk = desk(after_approval).await;
    for (rev, status, base) in [(1, "A", None), (2, "C", Some(2)), (3, "A", Some(2))] {
        desk.capture("1", document(rev, status)).await;
        desk.pass().await;
        assert_eq!(desk.state("1").0, State::Skipped, "revision {rev}");
        assert_eq!(desk.row("1").base.map(|base| base.version), base, "revision {rev}");
    }
    desk.capture("1", document(4, "C")).await;
    desk.pass().await;
    assert_eq!(revisions(&desk), [4]);
    desk.capture("1", document(5, "A")).await;
    desk.pass().await;
    let base = desk.row("1").base.unwrap();
    assert_eq!((desk.state("1").0, base.version, base.told), (State::Skipped, 4, true));
}

#[tokio::test]
async fn rule_01_a_version_skipped_after_one_was_told_does_not_become_the_base() {
    let desk =
        desk("call: save\nwhen: \"@.before == null || @.after.rev != @.before.rev && @.after.status == 'C'\"").await;
    for (rev, status, state) in [(1, "C", State::Delivered), (2, "A", State::Skipped), (2, "C", State::Delivered)] {
        desk.capture("1", document(rev, status)).await;
        desk.pass().await;
        assert_eq!(desk.state("1").0, state, "{rev} {status}");
    }
    assert_eq!(revisions(&desk), [1, 2]);
}

#[tokio::test]
async fn rule_01_a_newest_version_that_fails_the_condition_supersedes_a_waiting_one() {
    let desk = desk("call: save\nwhen: \"@.after.status == 'C'\"").await;
    desk.pause(Some("down")).await;
    desk.capture("1", document(1, "C")).await;
    desk.pass().await;
    desk.capture("1", document(2, "A")).await;
    desk.pause(None).await;
    desk.pass().await;
    assert_eq!((desk.state("1").0, revisions(&desk)), (State::Skipped, vec![]));
}

#[tokio::test]
async fn rule_01_nothing_is_decided_while_an_attempt_is_in_doubt() {
    let desk = desk(APPROVED).await;
    desk.capture("1", document(1, "C")).await;
    desk.will_answer([vec![failed(FaultKind::Unknown)]]);
    desk.pass().await;
    desk.capture("1", document(2, "A")).await;
    desk.pass().await;
    let row = desk.row("1");
    assert_eq!((row.state, row.version, row.newest, row.base), (State::InDoubt, 1, 2, None));
}

#[tokio::test]
async fn rule_18_settling_an_attempt_queues_the_newer_version_in_the_same_write() {
    let desk = desk("call: save").await;
    desk.capture("1", document(1, "C")).await;
    desk.will_answer([vec![failed(FaultKind::Unknown)]]);
    desk.pass().await;
    desk.capture("1", document(2, "C")).await;
    desk.will_find([effective("N1")]);
    desk.later(SETTLE).await;
    assert_eq!(desk.sent(), [r#"{"no":"N1","rev":1}"#, r#"{"no":"N1","rev":2,"id":"id-N1"}"#]);
    assert_eq!(desk.state("1"), (State::Delivered, Some(Code::Sent)));
}

#[tokio::test]
async fn rule_28_a_document_that_is_again_what_was_told_is_not_told_again_and_a_rejection_is_cleared() {
    let desk = desk("call: save").await;
    desk.capture("1", document(1, "C")).await;
    desk.pass().await;
    desk.capture("1", document(2, "C")).await;
    desk.will_answer([vec![failed(FaultKind::Permanent)]]);
    desk.pass().await;
    assert_eq!(desk.state("1").0, State::Rejected);
    desk.capture("1", document(1, "X")).await;
    desk.pass().await;
    assert_eq!(desk.state("1"), (State::Skipped, Some(Code::SamePayload)));
    assert_eq!(desk.row("1").base.unwrap().version, 3, "the base moves on");
    assert_eq!(revisions(&desk), [1, 2]);
}

#[tokio::test]
async fn rule_28_a_told_delete_has_no_payload_and_a_document_that_comes_back_is_created_anew() {
    let desk = desk("call: save\noperations: [{ when: \"@.after.status == 'V'\", call: remove }]").await;
    for (rev, status) in [(1, "C"), (2, "V"), (3, "V"), (1, "C")] {
        desk.capture("1", document(rev, status)).await;
        desk.pass().await;
        let expected = if rev == 3 { Code::SamePayload } else { Code::Sent };
        assert_eq!(desk.state("1").1, Some(expected), "revision {rev}");
    }
    assert_eq!(desk.sent(), [r#"{"no":"N1","rev":1}"#, r#"{"id":"id-N1"}"#, r#"{"no":"N1","rev":1}"#]);
}

#[tokio::test]
async fn a_document_cancelled_before_it_was_ever_sent_is_skipped_as_never_sent() {
    let desk = desk("call: save\noperations: [{ when: \"@.after.status == 'V'\", call: remove }]").await;
    desk.capture("1", document(1, "V")).await;
    desk.pass().await;
    assert_eq!(desk.state("1"), (State::Skipped, Some(Code::NeverSent)));
    assert_eq!(desk.sent().len(), 0);
}

const WITHDRAWN: &str = "call: save\nwhen: \"@.after.status == 'C'\"\noperations:\n  \
                         - { when: \"@.kind == 'deleted' || @.after.status == 'V'\", call: remove }";

#[tokio::test]
async fn rule_23_a_document_gone_from_the_source_is_withdrawn_by_its_operation() {
    let desk = desk(WITHDRAWN).await;
    desk.capture("1", document(1, "C")).await;
    desk.capture("2", document(1, "A")).await;
    desk.pass().await;
    desk.gone("1").await;
    desk.gone("2").await;
    desk.pass().await;
    assert_eq!(desk.sent(), [r#"{"no":"N1","rev":1}"#, r#"{"id":"id-N1"}"#]);
    assert_eq!(desk.state("1"), (State::Delivered, Some(Code::Sent)));
    assert_eq!(desk.state("2"), (State::Skipped, Some(Code::NeverSent)), "it was never told");
    desk.capture("1", document(2, "C")).await;
    desk.pass().await;
    assert_eq!(desk.sent().last().unwrap(), r#"{"no":"N1","rev":2}"#, "back again: created anew");
}

#[tokio::test]
async fn rule_23_without_an_operation_that_takes_it_a_deletion_is_skipped() {
    let desk = desk("call: save").await;
    desk.capture("1", document(1, "C")).await;
    desk.pass().await;
    desk.gone("1").await;
    desk.pass().await;
    assert_eq!((desk.state("1").0, desk.sent().len()), (State::Skipped, 1));
}

#[tokio::test]
async fn the_create_in_doubt_is_settled_before_the_cancel_goes() {
    // (what the target shows of the create, twice; what it was sent in all)
    let create = r#"{"no":"N1","rev":1}"#;
    let there = effective("N1");
    for (is_gone, found, expected) in [
        (false, vec![there.clone()], vec![create, r#"{"id":"id-N1"}"#]),
        (true, vec![there], vec![create, r#"{"id":"id-N1"}"#]),
        (true, vec![Finding::Absent, Finding::Absent], vec![create]),
    ] {
        let desk = desk(WITHDRAWN).await;
        desk.capture("1", document(1, "C")).await;
        desk.will_answer([vec![failed(FaultKind::Unknown)]]);
        desk.pass().await;
        match is_gone {
            true => desk.gone("1").await,
            false => desk.capture("1", document(2, "V")).await,
        }
        desk.pass().await;
        assert_eq!(desk.sent(), [create], "nothing goes while the create is in doubt");
        desk.target.findings.lock().unwrap().extend(found.into_iter().map(Ok));
        for _ in 0..3 {
            desk.later(SETTLE).await;
        }
        assert_eq!(desk.sent(), expected, "gone: {is_gone}");
        let settled = if expected.len() == 2 { State::Delivered } else { State::Skipped };
        assert_eq!(desk.state("1").0, settled, "gone: {is_gone}");
    }
}

#[tokio::test]
async fn rule_07_a_known_document_gone_from_the_source_is_looked_for_as_it_was_last_known() {
    let instant = Time::from_http_date("Mon, 01 Jun 2026 00:00:00 GMT").unwrap();
    let desk = desk_with(WITHDRAWN, TargetAnswer::Baseline { instant }).await;
    desk.capture("1", json!({ "rev": 1, "status": "C", "modified": null })).await;
    desk.pass().await;
    assert_eq!(desk.state("1"), (State::Skipped, Some(Code::Baseline)));
    desk.gone("1").await;
    desk.will_find([Finding::NotEffective { receipt: receipt("N1") }]);
    desk.pass().await;
    desk.pass().await;
    assert_eq!(desk.sent(), [r#"{"id":"id-N1"}"#]);
}

#[tokio::test]
async fn rule_25_a_document_in_quarantine_holds_back_its_older_pending_version() {
    let desk = desk("call: save").await;
    desk.capture("1", document(1, "C")).await;
    desk.capture("2", document(1, "C")).await;
    desk.quarantine("1").await;
    desk.pass().await;
    assert_eq!(desk.state("1"), (State::Rejected, Some(Code::Quarantined)));
    assert_eq!(desk.state("2").0, State::Delivered, "other documents go on");
    desk.capture("1", document(2, "C")).await;
    desk.pass().await;
    assert_eq!(desk.sent(), [r#"{"no":"N2","rev":1}"#, r#"{"no":"N1","rev":2}"#]);
}

#[tokio::test]
async fn rule_10_a_document_printed_as_of_the_go_live_second_is_sent() {
    let moment = |http: &str, millis: i64| Time(Time::from_http_date(http).unwrap().0 + millis);
    let go_live = moment("Mon, 01 Jun 2026 00:00:00 GMT", 700);
    for (modified, known) in [("2026-05-31 23:59:59", true), ("2026-06-01 00:00:00", false)] {
        let desk = desk_with("call: save", TargetAnswer::baseline(go_live)).await;
        desk.capture("1", json!({ "rev": 1, "modified": modified })).await;
        desk.pass().await;
        assert_eq!(desk.state("1").0 == State::Skipped, known, "{modified}");
    }
}

#[tokio::test]
async fn rule_10_documents_up_to_the_go_live_instant_or_without_time_are_known_later_ones_are_sent() {
    // (source time, known at go-live)
    let table = [
        (json!("2026-05-31 23:59:59"), true),
        (json!("2026-06-01 00:00:00"), true),
        (json!("2026-06-01 00:00:01"), false),
        (Value::Null, true),
    ];
    let instant = Time::from_http_date("Mon, 01 Jun 2026 00:00:00 GMT").unwrap();
    for (modified, known) in table {
        let desk = desk_with("call: save", TargetAnswer::Baseline { instant }).await;
        desk.capture("1", json!({ "rev": 1, "modified": modified })).await;
        desk.pass().await;
        let expected =
            if known { (State::Skipped, Some(Code::Baseline)) } else { (State::Delivered, Some(Code::Sent)) };
        assert_eq!(desk.state("1"), expected, "{modified}");
        if known {
            let base = desk.row("1").base.unwrap();
            assert_eq!((base.version, base.told), (1, true), "a baseline is a told base");
        }
    }
}
