//! Conditions over transitions of a sales order at Kingdee, by a table: what each condition tells in each story, with
//! versions superseded, skipped, rejected and in doubt in between (rule 1).

use serde_json::{Value, json};

use super::double::{SETTLE, effective, failed, receipt};
use super::support::{Desk, desk};
use crate::connector::{FaultKind, Finding};
use crate::reason::State::{self, Delivered, InDoubt, Pending, Rejected, Skipped};

/// The shipped condition: every approved state that is not void; a void order is marked where it was told.
const APPROVED: &str = "call: save\n\
    when: \"@.after.FDocumentStatus == 'C' && @.after.FCancelStatus == 'A'\"\n\
    operations:\n\
    - { when: \"@.after.FCancelStatus == 'B' && @.receipt != null\", call: save, mapping: { no: $.no, void: $.rev } }";

/// Changed after approval, never the first approval (审核后变更): the strict variant of interface.md.
const STRICT: &str = "call: save\ncompare: \"@.FDocumentStatus == 'C'\"\n\
    when: \"@.before != null && @.after.FDocumentStatus == 'C'\"";

/// Was approved and still is, and something that matters changed.
const MATTERS: &str = "call: save\ncompare: \"@.FDocumentStatus == 'C'\"\n\
    when: \"@.before.FDocumentStatus == 'C' && @.after.FDocumentStatus == 'C' \
    && @.changed[?@.path != '$.FNote' && @.path != '$.rev']\"";

/// Became approved.
const BECAME: &str = "call: save\nwhen: \"@.before.FDocumentStatus != 'C' && @.after.FDocumentStatus == 'C'\"";

/// Only when quantity, price or lines changed, beside the first time.
const LINES: &str = "call: save\n\
    when: \"@.after.FDocumentStatus == 'C' && (@.kind == 'created' || @.changed[?@.path == '$.FSaleOrderEntry[*]' \
    || @.path == '$.FSaleOrderEntry[*].FQty' || @.path == '$.FSaleOrderEntry[*].FTaxPrice'])\"";

/// Was voided.
const VOIDED: &str = "call: save\nwhen: \"@.before.FCancelStatus == 'A' && @.after.FCancelStatus == 'B'\"";

/// A story: condition, steps, the reads whose state is sent (v: marked as void), the state at its end.
///
/// A step is what happens to the send that follows a read, if any follows (`refused`, `doubt`, `down` for a target that
/// is paused), then what is read: the status (`x` behind it: void), lines as `id=quantity@price`, `n=` a note. A step
/// alone is `up` (no longer paused), `ran` or `lost` (the doubt is settled).
struct Story(&'static str, &'static str, &'static [&'static str], &'static str, State);

const STORIES: &[Story] = &[
    // The shipped condition.
    Story("before approval nothing goes", APPROVED, &["A 1=5@10", "A 1=6@10", "B 1=6@10"], "", Skipped),
    Story("approved", APPROVED, &["A 1=5@10", "C 1=5@10"], "2", Delivered),
    Story("approved when first seen", APPROVED, &["C 1=5@10"], "1", Delivered),
    Story("changed by a change bill", APPROVED, &["C 1=5@10", "C 1=6@10"], "1 2", Delivered),
    Story("un-audited", APPROVED, &["C 1=5@10", "D 1=5@10"], "1", Skipped),
    Story("un-audit, edit, audit in one read", APPROVED, &["C 1=5@10", "C 1=7@10"], "1 2", Delivered),
    Story("in two reads", APPROVED, &["C 1=5@10", "D 1=7@10", "C 1=7@10"], "1 3", Delivered),
    Story("in three reads", APPROVED, &["C 1=5@10", "D 1=5@10", "D 1=7@10", "C 1=7@10"], "1 4", Delivered),
    Story("void", APPROVED, &["C 1=5@10", "Cx 1=5@10"], "1 v2", Delivered),
    Story("void before it was told", APPROVED, &["A 1=5@10", "Ax 1=5@10"], "", Skipped),
    Story("void while it waited to be told", APPROVED, &["down C 1=5@10", "Cx 1=5@10", "up"], "", Skipped),
    Story(
        "void while the first send is in doubt, which ran",
        APPROVED,
        &["doubt C 1=5@10", "Cx 1=5@10", "ran"],
        "1 v2",
        Delivered,
    ),
    Story(
        "void while the first send is in doubt, which was lost",
        APPROVED,
        &["doubt C 1=5@10", "Cx 1=5@10", "lost"],
        "1",
        Skipped,
    ),
    Story("no longer void", APPROVED, &["C 1=5@10", "Cx 1=5@10", "C 1=5@10"], "1 v2 3", Delivered),
    Story(
        "void, refused, and void no longer",
        APPROVED,
        &["C 1=5@10", "refused Cx 1=5@10", "C 1=5@11"],
        "1 v2 3",
        Delivered,
    ),
    // Changed after approval, never the first approval.
    Story("the first approval", STRICT, &["A 1=5@10", "C 1=5@10"], "", Skipped),
    Story("a change after it", STRICT, &["A 1=5@10", "C 1=5@10", "C 1=6@10"], "3", Delivered),
    Story("approved when first seen, then changed", STRICT, &["C 1=5@10", "C 1=6@10"], "2", Delivered),
    Story("approval and change in one read", STRICT, &["A 1=5@10", "C 1=6@10"], "", Skipped),
    Story("edited before approval", STRICT, &["A 1=5@10", "A 1=6@10", "C 1=6@10"], "", Skipped),
    Story("in one read", STRICT, &["C 1=5@10", "C 1=7@10"], "2", Delivered),
    Story("in two reads", STRICT, &["C 1=5@10", "D 1=7@10", "C 1=7@10"], "3", Delivered),
    Story("in three reads", STRICT, &["C 1=5@10", "D 1=5@10", "D 1=7@10", "C 1=7@10"], "4", Delivered),
    Story("a refused change, and the next", STRICT, &["C 1=5@10", "refused C 1=6@10", "C 1=7@10"], "2 3", Delivered),
    Story("a superseded change", STRICT, &["C 1=5@10", "down C 1=6@10", "C 1=7@10", "up"], "3", Delivered),
    Story("a superseded change, un-audited", STRICT, &["C 1=5@10", "down C 1=6@10", "D 1=6@10", "up"], "", Skipped),
    // Was approved and still is, and something that matters changed.
    Story("the first approval", MATTERS, &["A 1=5@10", "C 1=5@10"], "", Skipped),
    Story("a quantity", MATTERS, &["C 1=5@10", "C 1=6@10"], "2", Delivered),
    Story("a note does not matter", MATTERS, &["C 1=5@10", "C 1=5@10 n=x"], "", Skipped),
    Story("a note, then a quantity", MATTERS, &["C 1=5@10", "C 1=5@10 n=x", "C 1=6@10 n=x"], "3", Delivered),
    Story(
        "a waiting quantity, then a note",
        MATTERS,
        &["C 1=5@10", "down C 1=6@10", "C 1=6@10 n=x", "up"],
        "3",
        Delivered,
    ),
    Story(
        "a refused quantity, then a note",
        MATTERS,
        &["C 1=5@10", "refused C 1=6@10", "C 1=6@10 n=x"],
        "2 3",
        Delivered,
    ),
    Story(
        "a quantity in doubt that ran, then a note",
        MATTERS,
        &["C 1=5@10", "doubt C 1=6@10", "C 1=6@10 n=x", "ran"],
        "2",
        Skipped,
    ),
    Story(
        "a quantity in doubt that was lost, then a note",
        MATTERS,
        &["C 1=5@10", "doubt C 1=6@10", "C 1=6@10 n=x", "lost"],
        "2 3",
        Delivered,
    ),
    Story("a quantity in doubt, then a note", MATTERS, &["C 1=5@10", "doubt C 1=6@10", "C 1=6@10 n=x"], "2", InDoubt),
    Story("in one read", MATTERS, &["C 1=5@10", "C 1=7@10"], "2", Delivered),
    Story("in two reads", MATTERS, &["C 1=5@10", "D 1=7@10", "C 1=7@10"], "3", Delivered),
    Story("in three reads", MATTERS, &["C 1=5@10", "D 1=5@10", "D 1=7@10", "C 1=7@10"], "4", Delivered),
    Story("un-audited and approved as it was", MATTERS, &["C 1=5@10", "D 1=5@10", "C 1=5@10"], "", Skipped),
    Story("there and back while it waits", MATTERS, &["C 1=5@10", "down C 1=6@10", "C 1=5@10", "up"], "", Skipped),
    // Became approved.
    Story("approved", BECAME, &["A 1=5@10", "C 1=5@10"], "2", Delivered),
    Story("approved when first seen", BECAME, &["C 1=5@10"], "1", Delivered),
    Story("changed after it", BECAME, &["A 1=5@10", "C 1=5@10", "C 1=6@10"], "2", Skipped),
    Story("changed while it waits", BECAME, &["A 1=5@10", "down C 1=5@10", "C 1=6@10", "up"], "3", Delivered),
    Story("changed while the target is down", BECAME, &["A 1=5@10", "down C 1=5@10", "C 1=5@10 n=x"], "", Pending),
    Story("refused, then changed", BECAME, &["A 1=5@10", "refused C 1=5@10", "C 1=6@10"], "2 3", Delivered),
    Story(
        "refused, then un-audited and approved",
        BECAME,
        &["A 1=5@10", "refused C 1=5@10", "D 1=5@10", "C 1=6@10"],
        "2 4",
        Delivered,
    ),
    Story("in doubt and ran, then changed", BECAME, &["A 1=5@10", "doubt C 1=5@10", "C 1=6@10", "ran"], "2", Skipped),
    Story(
        "in doubt and lost, then changed",
        BECAME,
        &["A 1=5@10", "doubt C 1=5@10", "C 1=6@10", "lost"],
        "2 3",
        Delivered,
    ),
    Story("told once, un-audited and approved", BECAME, &["C 1=5@10", "D 1=5@10", "C 1=6@10"], "1", Skipped),
    Story("rejected", BECAME, &["A 1=5@10", "refused C 1=5@10"], "2", Rejected),
    // Only when quantity, price or lines changed.
    Story("the first time", LINES, &["A 1=5@10", "C 1=5@10"], "2", Delivered),
    Story("a quantity", LINES, &["C 1=5@10", "C 1=6@10"], "1 2", Delivered),
    Story("a price", LINES, &["C 1=5@10", "C 1=5@9.5"], "1 2", Delivered),
    Story("the same price, printed otherwise", LINES, &["C 1=5@10", "C 1=5.0@10.00 n=x"], "1", Skipped),
    Story("a line more", LINES, &["C 1=5@10", "C 1=5@10 2=1@3"], "1 2", Delivered),
    Story("a line less", LINES, &["C 1=5@10 2=1@3", "C 1=5@10"], "1 2", Delivered),
    Story("lines in another order", LINES, &["C 1=5@10 2=1@3", "C 2=1@3 1=5@10"], "1", Skipped),
    Story("a note", LINES, &["C 1=5@10", "C 1=5@10 n=x"], "1", Skipped),
    Story("notes, then a quantity", LINES, &["C 1=5@10", "C 1=5@10 n=x", "D 1=5@10", "C 1=6@10 n=y"], "1 4", Delivered),
    Story("the first time refused, then a note", LINES, &["refused C 1=5@10", "C 1=5@10 n=x"], "1 2", Delivered),
    Story("in one read", LINES, &["C 1=5@10", "C 1=7@10"], "1 2", Delivered),
    Story("in two reads", LINES, &["C 1=5@10", "D 1=7@10", "C 1=7@10"], "1 3", Delivered),
    Story("in three reads", LINES, &["C 1=5@10", "D 1=5@10", "D 1=7@10", "C 1=7@10"], "1 4", Delivered),
    // Was voided.
    Story("voided", VOIDED, &["A 1=5@10", "Ax 1=5@10"], "2", Delivered),
    Story("void when first seen", VOIDED, &["Ax 1=5@10"], "", Skipped),
    Story("voided after changes", VOIDED, &["A 1=5@10", "C 1=6@10", "Cx 1=6@10"], "3", Delivered),
    Story(
        "voided, and changed while it waits",
        VOIDED,
        &["C 1=5@10", "down Cx 1=5@10", "Cx 1=5@10 n=x", "up"],
        "3",
        Delivered,
    ),
    Story(
        "voided, and no longer while it waits",
        VOIDED,
        &["C 1=5@10", "down Cx 1=5@10", "C 1=5@10", "up"],
        "",
        Skipped,
    ),
    Story(
        "voided and refused, then a note",
        VOIDED,
        &["C 1=5@10", "refused Cx 1=5@10", "Cx 1=5@10 n=x"],
        "2 3",
        Delivered,
    ),
    Story(
        "voided in doubt and ran, then a note",
        VOIDED,
        &["C 1=5@10", "doubt Cx 1=5@10", "Cx 1=5@10 n=x", "ran"],
        "2",
        Skipped,
    ),
];

fn order(rev: usize, read: &str) -> Value {
    let mut order = json!({ "rev": rev, "FCancelStatus": "A", "FNote": null, "FSaleOrderEntry": [] });
    for (index, part) in read.split(' ').enumerate() {
        if index == 0 {
            order["FDocumentStatus"] = part.trim_end_matches('x').into();
            if part.ends_with('x') {
                order["FCancelStatus"] = "B".into();
            }
        } else if let Some(note) = part.strip_prefix("n=") {
            order["FNote"] = note.into();
        } else {
            let (id, line) = part.split_once('=').unwrap();
            let (quantity, price) = line.split_once('@').unwrap();
            let number = |text: &str| serde_json::from_str::<Value>(text).unwrap();
            let line = json!({ "FEntryID": number(id), "FQty": number(quantity), "FTaxPrice": number(price) });
            order["FSaleOrderEntry"].as_array_mut().unwrap().push(line);
        }
    }
    order
}

/// Settles the open doubt: the target holds what was sent, or what was there before.
async fn settle(desk: &Desk, ran: bool) {
    if ran {
        desk.will_find([effective("N1")]);
    } else if desk.row("1").receipt.is_some() {
        desk.will_find([
            Finding::NotEffective { receipt: receipt("N1") },
            Finding::NotEffective { receipt: receipt("N1") },
        ]);
    }
    for _ in 0..2 {
        desk.later(SETTLE).await;
    }
}

/// Plays a story; what was sent, and the state at its end.
async fn play(condition: &str, steps: &[&str]) -> (String, State) {
    let desk = desk(condition).await;
    let mut reads = 0;
    for step in steps {
        let (fate, read) = match step.split_once(' ') {
            Some((fate @ ("refused" | "doubt" | "down"), read)) => (fate, Some(read)),
            _ if matches!(*step, "up" | "ran" | "lost") => (*step, None),
            _ => ("", Some(*step)),
        };
        match fate {
            "refused" => desk.will_answer([vec![failed(FaultKind::Permanent)]]),
            "doubt" => desk.will_answer([vec![failed(FaultKind::Unknown)]]),
            "down" => desk.pause(Some("down")).await,
            "up" => desk.pause(None).await,
            "ran" | "lost" => settle(&desk, fate == "ran").await,
            _ => {}
        }
        if let Some(read) = read {
            reads += 1;
            desk.capture("1", order(reads, read)).await;
        }
        desk.pass().await;
        assert!(desk.target.outcomes.lock().unwrap().is_empty(), "{condition}\n{steps:?}\nnothing was sent at {step}");
    }
    let told = desk.sent().into_iter().map(|payload| {
        let payload: Value = serde_json::from_str(&payload).unwrap();
        payload.get("void").map_or_else(|| payload["rev"].to_string(), |rev| format!("v{rev}"))
    });
    (told.collect::<Vec<_>>().join(" "), desk.state("1").0)
}

#[tokio::test]
async fn rule_01_every_condition_tells_in_every_story_what_the_table_says() {
    let mut wrong = Vec::new();
    for Story(name, condition, steps, sent, state) in STORIES {
        let (told, end) = play(condition, steps).await;
        if (told.as_str(), end) != (*sent, *state) {
            wrong.push(format!("{name}: {steps:?}: sent `{told}`, {end:?}; the table says `{sent}`, {state:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn a_replay_tells_again_what_was_told_where_an_operation_makes_the_same_call() {
    // Neither condition accepts a state by itself, nor as a step from the same state.
    let steps = "call: save\nwhen: \"@.before != null && @.before.rev != @.after.rev && @.after.FCancelStatus == 'A'\"\n\
                 operations:\n- { when: \"@.before.FCancelStatus == 'A' && @.after.FCancelStatus == 'B'\", call: save, \
                 mapping: { no: $.no, void: $.rev } }";
    for (last, told) in [("C", r#"{"no":"N1","rev":3,"id":"id-N1"}"#), ("Cx", r#"{"no":"N1","void":3,"id":"id-N1"}"#)] {
        let desk = desk(steps).await;
        for (index, read) in ["A", "C", last].into_iter().enumerate() {
            desk.capture("1", order(index + 1, read)).await;
            desk.pass().await;
        }
        desk.person_replays("1").await;
        desk.pass().await;
        assert_eq!(desk.sent(), [r#"{"no":"N1","rev":2}"#, told, told]);
    }
}
