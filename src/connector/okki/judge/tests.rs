#![allow(clippy::unwrap_used)]

use serde_json::{Value, json};

use super::*;
use crate::connector::judging::found::{name, receipt as receipt_of};
use crate::connector::okki::tests::{item, rows};

const FIRST: &str = "2024-03-01 10:00:00";

fn zone() -> Zone {
    Zone::named("Asia/Shanghai").unwrap()
}

fn payload(id: Option<u32>, remark: &str, lines: &[(u32, u32, u32)]) -> Value {
    let mut order = json!({ "order_no": "SO-1", "remark": remark, "product_list": rows(lines) });
    if let Some(id) = id {
        order["order_id"] = id.into();
    }
    order
}

fn shown(remark: &str, lines: &[(u32, u32, u32)]) -> Order {
    let mut order = payload(Some(500), remark, lines);
    order["create_time"] = "2024-03-01 10:00:01".into();
    Order::of(&order).unwrap()
}

fn probe(attempted: Option<Outgoing>, told: Option<Value>) -> Probe {
    let target_id = told.as_ref().map(|_| "500".to_owned());
    let first_attempt = zone().read(FIRST);
    Probe {
        number: Some("SO-1".into()),
        target_id,
        attempted,
        told: told.map(|told| told.to_string()),
        first_attempt,
        ..Probe::default()
    }
}

fn judge(zone: &Zone) -> Judge<'_> {
    Judge { compare: &[], offset: 0, zone }
}

fn find(probe: &Probe, order: Option<&Order>) -> Finding {
    let (by_id, by_number) = if probe.target_id.is_some() { (order, None) } else { (None, order) };
    judge(&zone()).finding(probe, by_id, by_number)
}

fn lines(finding: &Finding) -> Vec<String> {
    let Some(receipt) = receipt_of(finding) else { return Vec::new() };
    receipt.lines[ROWS].iter().map(|(key, id)| format!("{key}={id}")).collect()
}

#[test]
fn a_create_is_proved_by_existence_and_its_rows_get_their_keys_by_content() {
    let create = item(payload(None, "", &[(0, 1, 2), (0, 1, 3), (0, 1, 3)]), &["a", "b", "c"]);
    let found = find(&probe(Some(create.clone()), None), Some(&shown("", &[(11, 1, 3), (12, 1, 2), (13, 1, 3)])));
    assert_eq!((name(&found), lines(&found)), ("effective", vec!["a=12".into(), "b=11".into(), "c=13".into()]));
    let Finding::Effective { receipt, .. } = &found else { panic!() };
    assert_eq!(receipt.told[ROWS]["12"]["sku_id"], "10");
    assert_eq!(find(&probe(Some(create.clone()), None), None), Finding::Absent);
    let torn = find(&probe(Some(create.clone()), None), Some(&shown("", &[(11, 1, 3)])));
    assert_eq!(name(&torn), "mixed");
    // Changed since by a person: the row belongs to no line, and yet is ours.
    let changed = find(&probe(Some(create), None), Some(&shown("", &[(11, 1, 3), (12, 1, 9), (13, 1, 3)])));
    assert_eq!((name(&changed), lines(&changed)), ("effective", vec!["#12=12".into(), "b=11".into(), "c=13".into()]));
}

#[test]
fn rule_14_what_was_there_before_our_first_attempt_is_foreign() {
    let create = item(payload(None, "", &[]), &[]);
    for (created, offset, first, wanted) in [
        ("2024-03-01 10:00:01", 0, Some(FIRST), "effective"),
        ("2024-03-01 09:59:55", 0, Some(FIRST), "effective"),
        ("2024-03-01 09:59:54", 0, Some(FIRST), "foreign"),
        ("2024-03-01 09:59:54", -60_000, Some(FIRST), "effective"),
        ("2024-03-01 10:00:30", 60_000, Some(FIRST), "foreign"),
        ("", 0, Some(FIRST), "foreign"),
        ("2024-03-01 10:00:01", 0, None, "foreign"),
    ] {
        let mut order = shown("", &[]);
        order.head.insert("create_time".into(), created.into());
        let first_attempt = first.and_then(|first| zone().read(first));
        let probe = Probe { first_attempt, ..probe(Some(create.clone()), None) };
        let zone = zone();
        let found = Judge { offset, ..judge(&zone) }.finding(&probe, None, Some(&order));
        assert_eq!(name(&found), wanted, "{created} {offset}");
    }
}

#[test]
fn content_is_compared_of_ours_or_for_an_adoption_of_anyones() {
    let create = item(payload(None, "n", &[(0, 1, 2)]), &["a"]);
    let probe = |look, first| Probe { look, first_attempt: zone().read(first), ..probe(Some(create.clone()), None) };
    for (name_of, look, first, remark, lines, wanted) in [
        ("anyone's, the same", Look::Anyones, "", "n", [(11, 1, 2)], "effective"),
        ("anyone's, another head", Look::Anyones, "", "x", [(11, 1, 2)], "mixed"),
        ("anyone's, another row", Look::Anyones, "", "n", [(11, 1, 9)], "mixed"),
        ("ours, the same", Look::Content, FIRST, "n", [(11, 1, 2)], "effective"),
        ("ours, another head", Look::Content, FIRST, "x", [(11, 1, 2)], "mixed"),
        ("there before", Look::Content, "", "n", [(11, 1, 2)], "foreign"),
    ] {
        let finding = judge(&zone()).finding(&probe(look, first), None, Some(&shown(remark, &lines)));
        assert_eq!(name(&finding), wanted, "{name_of}: {finding:?}");
    }
}

#[test]
fn an_order_by_its_id_is_ours_unless_its_number_is_another() {
    let update = item(payload(Some(500), "new", &[]), &[]);
    let probe = probe(Some(update), Some(payload(None, "old", &[])));
    let mut renamed = shown("new", &[]);
    renamed.number = Some("SO-2".into());
    let Finding::Foreign { why, .. } = find(&probe, Some(&renamed)) else { panic!() };
    assert_eq!(why, "id 500 carries the number `SO-2` now");
    let other = Order { id: Some("501".into()), ..shown("new", &[]) };
    let Finding::Foreign { why, .. } = judge(&zone()).finding(&probe, None, Some(&other)) else { panic!() };
    assert_eq!(why, "id 500 is gone, the number is carried by id 501");
    assert_eq!(find(&probe, None), Finding::Absent);
}

#[test]
fn rule_14_an_update_is_judged_where_it_differs_from_what_was_told() {
    let told = payload(None, "old", &[(0, 1, 2), (0, 3, 4)]);
    let mut update = payload(Some(500), "new", &[(11, 1, 7), (0, 5, 6)]);
    let gone = json!({ "unique_id": 12, "remove": 1, "product_id": 3, "sku_id": 30 });
    update[ROWS].as_array_mut().unwrap().push(gone);
    let probe = probe(Some(item(update, &["a", "c"])), Some(told));
    for (order, wanted, ids) in [
        (shown("new", &[(11, 1, 7), (13, 5, 6)]), "effective", vec!["a=11", "c=13"]),
        (shown("old", &[(11, 1, 2), (12, 3, 4)]), "not effective", vec!["#12=12", "a=11"]),
        (shown("new", &[(11, 1, 2), (12, 3, 4)]), "mixed", vec!["#12=12", "a=11"]),
        (shown("old", &[(11, 1, 7), (13, 5, 6)]), "mixed", vec!["a=11", "c=13"]),
        (shown("else", &[(11, 1, 7), (13, 5, 6)]), "mixed", vec!["a=11", "c=13"]),
        // The row of a person is not ours.
        (shown("new", &[(11, 1, 7), (13, 5, 6), (99, 9, 9)]), "mixed", vec!["a=11", "c=13"]),
    ] {
        let found = find(&probe, Some(&order));
        assert_eq!((name(&found), lines(&found)), (wanted, ids.into_iter().map(str::to_owned).collect()), "{order:?}");
    }
}

#[test]
fn of_several_pushes_some_ran_and_the_rows_they_brought_are_known_from_then_on() {
    let told = payload(None, "old", &[(0, 1, 2)]);
    let update = payload(Some(500), "new", &[(11, 1, 2), (0, 1, 5), (0, 1, 6)]);
    let probe = probe(Some(item(update, &["a", "b", "c"])), Some(told));
    let found = find(&probe, Some(&shown("new", &[(11, 1, 2), (14, 1, 5)])));
    assert_eq!((name(&found), lines(&found)), ("not effective", vec!["a=11".into(), "b=14".into()]));
    let merged = find(&probe, Some(&shown("new", &[(11, 1, 5)])));
    assert_eq!(name(&merged), "mixed", "a row of ours was overwritten");
    let whole = find(&probe, Some(&shown("new", &[(11, 1, 2), (15, 1, 6), (14, 1, 5)])));
    assert_eq!((name(&whole), lines(&whole)), ("effective", vec!["a=11".into(), "b=14".into(), "c=15".into()]));
}

#[test]
fn without_an_attempt_every_row_is_there_to_be_taken_over() {
    let found = find(&probe(None, None), Some(&shown("", &[(11, 1, 2), (12, 3, 4)])));
    assert_eq!((name(&found), lines(&found)), ("not effective", vec!["#11=11".into(), "#12=12".into()]));
}
