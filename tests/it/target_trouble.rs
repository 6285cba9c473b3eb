//! A target that breaks off, throttles, forgets sessions, refuses: every effect happens once.

use deltaferry::sandbox::ledger::Effect;
use serde_json::{Value, json};

use crate::support::place::{Place, SCHEME, TARGET};
use crate::support::systems::Systems;

fn on_saves(fault: &str, nth: u64, times: u64) -> Value {
    json!({ "system": "kingdee", "call": "batchSave", "fault": fault, "nth": nth, "times": times })
}

/// Creates and updates under a fault; the ledger is exact. Returns the explanation of a document that was hit.
fn exact_under(fault: &str, settled_by: &str) {
    let systems = Systems::start(80);
    let place = Place::new(&systems);
    place.reconfigure("timeout: 30s", "timeout: 2s");
    systems.fault(on_saves(fault, 2, 1));
    place.once();
    systems.assert_exact();
    systems.edit(json!({ "rate": 0.3 }));
    systems.fault(on_saves(fault, 1, 1));
    place.once();
    systems.assert_exact();
    let verdict = systems.verdict();
    assert_eq!(verdict.creates, verdict.expected, "{verdict:?}");
    if !settled_by.is_empty() {
        let told: Vec<String> = systems.keys("Confirmed").iter().map(|key| place.explain(key, "en")).collect();
        assert!(told.iter().any(|text| text.contains(settled_by)), "`{settled_by}` in none of {told:#?}");
    }
}

#[test]
fn a_reset_before_the_effect_is_settled_by_asking_and_sent_again() {
    exact_under("reset_before", "absent");
}

#[test]
fn fault_16_a_reset_after_the_effect_is_settled_by_asking_and_never_doubled() {
    exact_under("reset_after", "found at the target as sent");
}

#[test]
fn with_every_answer_of_100_sends_dropped_after_their_effect_each_document_arrives_once() {
    let systems = Systems::start(130);
    let place = Place::new(&systems);
    place.change_scheme("batch: 20", "batch: 1");
    systems.fault(on_saves("reset_after", 1, 100));
    place.once();
    systems.assert_exact();
    let verdict = systems.verdict();
    assert_eq!(verdict.creates, verdict.expected, "{verdict:?}");
    let sends = systems.ledger().iter().filter(|entry| entry.call == "batchSave").count();
    assert!(sends >= 100, "{sends}, one document each");
    systems.no_faults();
    systems.edit(json!({ "rate": 0.3 }));
    place.once();
    systems.assert_exact();
}

#[test]
fn fault_16_an_answer_that_never_comes_is_settled_by_asking() {
    exact_under("timeout_after", "found at the target as sent");
}

#[test]
fn fault_02_a_cut_answer_is_settled_by_asking() {
    exact_under("truncate", "found at the target as sent");
}

#[test]
fn a_gateways_error_page_is_settled_by_asking() {
    exact_under("html_502", "found at the target as sent");
}

#[test]
fn fault_13_throttling_waits_and_counts_no_try() {
    exact_under("throttle", "");
}

#[test]
fn fault_12_a_lost_session_is_renewed_in_mid_run() {
    exact_under("session_loss", "");
}

#[test]
fn an_edit_lock_is_tried_again() {
    exact_under("edit_lock", "");
}

#[test]
fn fault_15_the_refused_half_of_a_batch_is_tried_again_and_the_other_half_stays() {
    exact_under("partial_batch", "");
}

#[test]
fn a_session_lost_while_asking_is_renewed_too() {
    let systems = Systems::start(60);
    let place = Place::new(&systems);
    systems.fault(on_saves("reset_after", 1, 1));
    systems.fault(json!({ "system": "kingdee", "call": "executeBillQuery", "fault": "session_loss" }));
    place.once();
    systems.assert_exact();
    systems.kill_sessions();
    systems.edit(json!({ "rate": 0.2 }));
    place.once();
    systems.assert_exact();
}

#[test]
fn many_faults_in_a_row_still_give_every_effect_once() {
    let systems = Systems::start(60);
    let place = Place::new(&systems);
    place.reconfigure("timeout: 30s", "timeout: 1s");
    let faults = ["reset_after", "html_502", "throttle", "truncate", "session_loss", "reset_before", "timeout_after"];
    for (at, fault) in faults.iter().enumerate() {
        systems.fault(on_saves(fault, at as u64 + 1, 1));
        systems.fault(json!({ "system": "kingdee", "call": "executeBillQuery", "fault": fault, "nth": at + 2 }));
    }
    place.once();
    systems.assert_exact();
}

#[test]
fn what_is_refused_for_good_is_rejected_in_the_targets_words_and_the_rest_arrives() {
    let systems = Systems::with(60, &["rate=off", "partial=permanent"]);
    let place = Place::new(&systems);
    // The first save is one bill alone, by which the target shows what it accepted.
    systems.fault(on_saves("partial_batch", 2, 1));
    place.run(&["once"]).ended(3);
    let listed = place.done(&["deliveries", "list", "--json"]).json();
    let rejected = listed["deliveries"].as_array().unwrap();
    assert!(!rejected.is_empty());
    for one in rejected {
        assert_eq!((one["state"].as_str(), one["reason"].as_str()), (Some("rejected"), Some("target")), "{one}");
        assert!(!one["words"].as_str().unwrap().is_empty(), "{one}");
    }
    let verdict = systems.verdict();
    assert_eq!(verdict.exact + rejected.len() as u64, verdict.expected, "{verdict:?}");
    place.done(&["deliveries", "retry", "--all"]);
    place.once();
    systems.assert_exact();
}

#[test]
fn a_document_that_cannot_be_mapped_is_rejected_and_everything_else_goes_on() {
    let systems = Systems::start(60);
    let key = systems.keys("Confirmed").remove(0);
    let items = systems.shipment(&key)["items"].clone();
    let mut broken = items.clone();
    broken[0].as_object_mut().unwrap().shift_remove("sku_id");
    systems.set(&key, json!({ "items": broken }));
    let place = Place::new(&systems);
    let output = place.run(&["once", "--json"]).ended(3);
    assert_eq!(output.json()["left"], 1);
    assert_eq!(place.state(&key), "rejected(mapping)");
    assert_eq!(systems.verdict().faults, [format!("`{key}` was lost")]);
    let listed = place.done(&["deliveries", "list"]).out;
    for part in [SCHEME, TARGET, key.as_str(), "FMaterialID", "sku_id"] {
        assert!(listed.contains(part), "`{part}` in {listed}");
    }
    systems.set(&key, json!({ "items": items }));
    place.once();
    systems.assert_exact();
}

#[test]
fn base_data_that_the_target_does_not_know_is_refused_with_its_words() {
    let systems = Systems::start(40);
    let key = systems.keys("Confirmed").remove(0);
    let mut items = systems.shipment(&key)["items"].clone();
    items[0]["sku_id"] = "NONE-1".into();
    systems.set(&key, json!({ "items": items }));
    let place = Place::new(&systems);
    place.run(&["once"]).ended(3);
    assert_eq!(place.state(&key), "rejected(target)");
    assert!(place.explain(&key, "zh").contains("物料"), "{}", place.explain(&key, "zh"));
    assert_eq!(systems.verdict().faults, [format!("`{key}` was lost")]);
}

#[test]
fn a_foreign_bill_under_our_number_is_a_conflict_and_never_overwritten() {
    let systems = Systems::start(40);
    let key = systems.keys("Confirmed").remove(0);
    let number = |number: &str| json!({ "FNumber": number });
    systems.save_bill(json!({
        "FBillNo": key, "FBillTypeID": number("XSCKD01_SYS"), "FDate": "2025-01-01",
        "FSaleOrgId": number("100"), "FStockOrgId": number("100"), "FCustomerID": number("SOMEBODY"),
        "FEntity": [{ "FMaterialID": number("X"), "FRealQty": 1, "FTaxPrice": 1, "FStockID": number("1") }],
    }));
    systems.edit_bill(&key, json!({ "FCreateDate": "2025-01-01T08:00:00" }));
    let before = systems.bill(&key);
    systems.clear_ledger();
    let place = Place::new(&systems);
    place.run(&["once"]).ended(3);
    assert_eq!(place.state(&key), "in_doubt(conflict)");
    assert_eq!(systems.bill(&key), before);
    assert!(systems.effects().iter().all(|entry| entry.document != key));
    assert!(systems.effects().iter().all(|entry| entry.effect == Effect::Create));
    let id = before["FID"].to_string();
    // A person says that it is ours after all: from now on it is updated.
    place.done(&["deliveries", "resolve", &key, "--as", "delivered", "--id", &id]);
    systems.set(&key, json!({ "labels": "改" }));
    place.once();
    systems.assert_exact();
}
