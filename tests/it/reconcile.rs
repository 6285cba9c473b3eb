//! Counts and sums per day of source, store and target: equal after a run; what drifted is listed to the document and
//! healed by normal capture and delivery.

use serde_json::{Value, json};

use crate::support::orders::{self, ORDER, ORDERS};
use crate::support::place::{Place, SCHEME};
use crate::support::systems::Systems;

fn total(report: &Value, side: impl Fn(&Value) -> &Value) -> u64 {
    let days = report["days"].as_object().unwrap();
    days.values().map(|day| side(day)["documents"].as_u64().unwrap()).sum()
}

fn drift(report: &Value) -> Vec<(String, String)> {
    let text = |one: &Value, name: &str| one[name].as_str().unwrap().to_owned();
    report["drift"].as_array().unwrap().iter().map(|one| (text(one, "key"), text(one, "kind"))).collect()
}

#[test]
fn after_a_run_all_sides_agree_day_by_day_in_documents_and_amounts() {
    let systems = Systems::start(120);
    let place = Place::new(&systems);
    let status = place.once();
    let report = place.done(&["reconcile", SCHEME, "--json"]).json();
    assert_eq!(drift(&report), []);
    assert_eq!(total(&report, |day| &day["source"]), status["documents"].as_u64().unwrap());
    let expected = systems.verdict().expected;
    assert_eq!(total(&report, |day| &day["targets"]["outstock"]["found"]), expected);
    for (day, counts) in report["days"].as_object().unwrap() {
        assert_eq!(counts["source"], counts["store"], "{day}");
        assert_eq!(counts["targets"]["outstock"]["told"], counts["targets"]["outstock"]["found"], "{day}");
        assert!(counts["source"]["sums"]["金额"].as_str().is_some_and(|sum| sum != "0"), "{day}: {counts}");
    }
    let shown = place.done(&["reconcile", SCHEME]).out;
    assert!(shown.contains("no differences") && shown.contains("金额"), "{shown}");
}

#[test]
fn what_drifted_is_listed_to_the_document_and_healed_by_normal_delivery() {
    let systems = Systems::start(60);
    let place = Place::new(&systems);
    place.once();
    let keys = systems.keys("Confirmed");
    let [unseen, lost, touched] = [&keys[0], &keys[1], &keys[2]];
    // A change that moves no time stamp, a bill that somebody deleted, a bill that somebody edited.
    systems.edit(json!({ "key": unseen, "set": { "labels": "未登记的改动" }, "touch": false }));
    systems.order("/edit", &json!({ "system": "kingdee", "key": lost, "delete": true }));
    systems.edit_bill(touched, json!({ "FNote": "手工改过" }));
    let report = place.run(&["reconcile", SCHEME, "--json"]).ended(3).json();
    let mut expected = vec![
        (unseen.clone(), "captured_otherwise".to_owned()),
        (lost.clone(), "missing_at_target".to_owned()),
        (touched.clone(), "differs_at_target".to_owned()),
    ];
    expected.sort();
    let mut found = drift(&report);
    found.sort();
    assert_eq!(found, expected, "{report}");
    assert_eq!(systems.bills(lost).len(), 0, "looking changes nothing");

    let healed = place.done(&["reconcile", SCHEME, "--heal", "--json"]).json();
    assert!(healed["drift"].as_array().unwrap().iter().all(|one| one["healed"] == true), "{healed}");
    place.once();
    let verdict = systems.verdict();
    assert_eq!(verdict.exact, verdict.expected, "{verdict:#?}");
    assert_eq!(verdict.faults, [format!("`{lost}` was created twice")], "the one that a person had deleted between");
    assert_eq!(systems.bill(unseen)["FNote"], "未登记的改动");
    let report = place.done(&["reconcile", SCHEME, "--json"]).json();
    assert_eq!(drift(&report), []);
}

#[test]
fn orders_are_compared_with_what_okki_holds() {
    let systems = Systems::start(60);
    let place = orders::place(&systems);
    place.once();
    systems.edit_orders(json!({ "count": 10, "what": "add_line" }));
    systems.edit_orders(json!({ "count": 10, "what": "change" }));
    place.once();
    let report = place.done(&["reconcile", ORDERS, "--json"]).json();
    assert_eq!(drift(&report), [], "{report}");
    let verdict = systems.assert_orders_exact();
    assert_eq!(total(&report, |day| &day["targets"][ORDER]["found"]), verdict.exact);
}

#[test]
fn before_the_first_complete_run_it_says_that_there_is_nothing_to_compare() {
    let systems = Systems::start(5);
    let place = Place::new(&systems);
    let said = place.run(&["reconcile", SCHEME]).ended(1).err;
    assert!(said.contains("run `once` first"), "{said}");
    let said = place.run(&["reconcile", SCHEME, "--back", "soon"]).ended(2).err;
    assert!(said.contains("`--back` is `soon`"), "{said}");
    let said = place.run(&["reconcile", "nobody"]).ended(2).err;
    assert!(said.contains("there is no scheme `nobody`"), "{said}");
}
