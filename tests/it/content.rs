//! What arrives: digits, lines, gifts, nulls, status moves, line ids.

use deltaferry::sandbox::ledger::Effect;
use serde_json::{Value, json};

use crate::support::place::{Place, SCHEME};
use crate::support::systems::Systems;

/// A number with exactly these digits.
fn digits(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// A shipped document with at least this many lines.
fn shipped_with_lines(systems: &Systems, lines: usize) -> (String, Value) {
    let all = systems.documents("jushuitan");
    let found = all
        .into_iter()
        .find(|one| one["status"] == "Confirmed" && one["items"].as_array().is_some_and(|items| items.len() >= lines));
    let found = found.unwrap();
    (found["io_id"].to_string(), found)
}

/// `FEntryID` by material of a bill's lines.
fn line_ids(bill: &Value) -> Vec<(String, String)> {
    let lines = bill["FEntity"].as_array().unwrap();
    lines.iter().map(|line| (line["FRealQty"].to_string(), line["FEntryID"].to_string())).collect()
}

#[test]
fn fault_25_numbers_arrive_digit_for_digit() {
    let systems = Systems::start(20);
    let (key, shipment) = shipped_with_lines(&systems, 1);
    let mut items = shipment["items"].clone();
    items[0]["qty"] = digits("9007199254740993");
    items[0]["sale_amount"] = digits("12345678901234567.89");
    items[0]["ioi_id"] = digits("9007199254740993");
    systems.set(&key, json!({ "items": items, "free_amount": digits("0.10000000000000000001") }));
    let place = Place::new(&systems);
    place.once();
    let ledger = systems.effects();
    let sent = ledger.iter().find(|entry| entry.document == key).unwrap();
    let line = &sent.payload["FEntity"][0];
    assert_eq!(line["FAllAmount"].to_string(), "12345678901234567.89");
    assert_eq!(line["FRealQty"].to_string(), "9007199254740993");
    assert_eq!(sent.payload["SubHeadEntity"]["FAllDisCount"].to_string(), "0.10000000000000000001");
    systems.assert_exact();
    let shown = place.done(&["docs", "show", SCHEME, &key]);
    for text in ["12345678901234567.89", "9007199254740993", "0.10000000000000000001"] {
        assert!(shown.out.contains(text), "{text} in {}", shown.out);
    }
}

#[test]
fn one_sku_on_two_lines_gifts_and_nulls_arrive_as_they_are() {
    let systems = Systems::start(30);
    let (key, shipment) = shipped_with_lines(&systems, 1);
    let line = |ioi_id: u64, qty: &str, price: &str, amount: &str| {
        let mut line = shipment["items"][0].clone();
        line["ioi_id"] = ioi_id.into();
        line["qty"] = digits(qty);
        line["sale_price"] = digits(price);
        line["sale_amount"] = digits(amount);
        line["pic"] = Value::Null;
        line
    };
    let items = [line(1, "2", "9.50", "19.00"), line(2, "3", "9.50", "28.50"), line(3, "1", "0.00", "0.00")];
    systems.set(&key, json!({ "items": items, "labels": null, "remark": null, "free_amount": digits("0.0") }));
    let place = Place::new(&systems);
    place.once();
    systems.assert_exact();
    let bill = systems.bill(&key);
    let lines = bill["FEntity"].as_array().unwrap();
    let free: Vec<bool> = lines.iter().map(|line| line["FIsFree"] == true).collect();
    assert_eq!(free, [false, false, true], "{bill}");
}

#[test]
fn amounts_printed_as_texts_are_numbers_all_the_same() {
    let systems = Systems::with(40, &["rate=off", "amounts=string", "code=string", "has_next=string", "counts=absent"]);
    let place = Place::new(&systems);
    place.once();
    systems.assert_exact();
}

#[test]
fn what_leaves_the_warehouse_later_is_sent_then_and_what_is_withdrawn_is_taken_back() {
    let systems = Systems::start(200);
    let place = Place::new(&systems);
    place.once();
    systems.clear_ledger();
    let (waiting, shipped) = (systems.keys("WaitConfirm"), systems.keys("Confirmed"));
    let later = json!({ "status": "Confirmed", "io_date": "2026-01-05 10:00:00" });
    systems.set(&waiting[0], later);
    systems.set(&waiting[1], json!({ "status": "Delete" }));
    systems.set(&shipped[0], json!({ "status": "Cancelled" }));
    systems.set(&shipped[1], json!({ "status": "Archive" }));
    place.once();
    let effects = systems.effects();
    let of = |key: &String| effects.iter().filter(|e| e.document == *key).map(|e| e.effect).collect::<Vec<_>>();
    assert_eq!(of(&waiting[0]), [Effect::Create]);
    assert_eq!(of(&waiting[1]), [], "never sent");
    assert_eq!(of(&shipped[0]), [Effect::Delete]);
    assert_eq!(of(&shipped[1]), [], "archived only: the same payload");
    assert_eq!(place.state(&waiting[1]), "skipped(never_sent)");
    assert_eq!(place.state(&shipped[0]), "delivered(sent)");
    systems.assert_exact();
}

#[test]
fn a_withdrawn_document_that_comes_back_is_created_anew() {
    let systems = Systems::start(40);
    let place = Place::new(&systems);
    place.once();
    let key = &systems.keys("Confirmed")[0];
    systems.set(key, json!({ "status": "Cancelled" }));
    place.once();
    assert_eq!(systems.bills(key).len(), 0);
    systems.set(key, json!({ "status": "Confirmed" }));
    place.once();
    systems.assert_exact();
    let effects = systems.effects();
    let of: Vec<Effect> = effects.iter().filter(|e| e.document == *key).map(|e| e.effect).collect();
    assert_eq!(of, [Effect::Create, Effect::Delete, Effect::Create]);
}

#[test]
fn a_bill_in_audit_is_cancelled_instead_and_a_refusal_keeps_the_targets_words() {
    let systems = Systems::start(40);
    let place = Place::new(&systems);
    place.once();
    let keys = systems.keys("Confirmed");
    for key in &keys[..2] {
        systems.edit_bill(key, json!({ "FDocumentStatus": "B" }));
    }
    systems.set(&keys[0], json!({ "status": "Cancelled" }));
    place.once();
    assert!(systems.effects().iter().any(|e| e.document == keys[0] && e.effect == Effect::Cancel));
    systems.assert_exact();
    systems.switch("cancel", "refused");
    systems.set(&keys[1], json!({ "status": "Cancelled" }));
    place.run(&["once"]).ended(3);
    assert_eq!(place.state(&keys[1]), "rejected(target)");
    assert!(place.explain(&keys[1], "en").contains("当前状态的数据不允许作废"), "{}", place.explain(&keys[1], "en"));
    systems.switch("cancel", "allowed");
    place.done(&["deliveries", "retry", &keys[1]]);
    place.once();
    systems.assert_exact();
}

#[test]
fn updates_keep_line_ids_and_lines_come_and_go() {
    let systems = Systems::start(80);
    let (key, shipment) = shipped_with_lines(&systems, 3);
    let mut items: Vec<Value> = shipment["items"].as_array().unwrap().clone();
    for (at, item) in items.iter_mut().enumerate() {
        item["qty"] = (at + 1).into();
    }
    systems.set(&key, json!({ "items": items }));
    let place = Place::new(&systems);
    place.once();
    let before = line_ids(&systems.bill(&key));
    systems.clear_ledger();

    items[0]["qty"] = 11.into();
    let mut new = items.remove(1);
    new["ioi_id"] = 77.into();
    new["qty"] = 5.into();
    items.push(new);
    systems.set(&key, json!({ "items": items }));
    place.once();
    systems.assert_exact();

    let sent = systems.effects().into_iter().find(|entry| entry.document == key).unwrap();
    assert_eq!(sent.effect, Effect::Update);
    assert_eq!(sent.payload.as_object().unwrap().keys().next().unwrap(), "FID", "{}", sent.payload);
    let lines = sent.payload["FEntity"].as_array().unwrap();
    let id_of = |qty: &str| {
        let line = lines.iter().find(|line| line["FRealQty"] == digits(qty)).unwrap();
        line.get("FEntryID").map(ToString::to_string)
    };
    assert_eq!(id_of("11").as_ref(), Some(&before[0].1), "the changed line keeps its id");
    assert_eq!(id_of("3").as_ref(), Some(&before[2].1), "the untouched one too");
    assert_eq!(id_of("5"), None, "the new one has none yet");
    let after = line_ids(&systems.bill(&key));
    assert!(!after.iter().any(|(_, id)| *id == before[1].1), "the line that went is gone: {after:?}");
    assert_eq!(after.len(), items.len());
}

#[test]
fn line_ids_are_asked_for_where_the_answer_names_none() {
    for switches in [["rate=off", "return_data=empty"], ["rate=off", "success_order=reversed"]] {
        let systems = Systems::with(40, &switches);
        let place = Place::new(&systems);
        place.once();
        systems.edit(json!({ "rate": 0.3 }));
        place.once();
        systems.assert_exact();
        let verdict = systems.verdict();
        assert_eq!(verdict.updates, 12, "{switches:?}");
    }
}
