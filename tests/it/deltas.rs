//! Runs one after another on one database: everything once, then only what differs.

use std::collections::BTreeSet;

use deltaferry::sandbox::ledger::Effect;
use deltaferry::store::{RedbOptions, RedbStore, Store};
use serde_json::json;

use crate::support::place::{Place, count};
use crate::support::systems::Systems;

#[test]
fn the_first_run_delivers_every_document_exactly_once() {
    let systems = Systems::start(150);
    let place = Place::new(&systems);
    let status = place.once();
    systems.assert_exact();
    assert_eq!((status["documents"].as_u64(), status["last_run"]["new"].as_u64()), (Some(150), Some(150)));
    let verdict = systems.verdict();
    assert_eq!((verdict.creates, verdict.updates, verdict.withdrawn), (verdict.expected, 0, 0));
    assert_eq!(count(&status, "delivered"), verdict.expected);
    assert_eq!(count(&status, "skipped"), 150 - verdict.expected, "withdrawn and unshipped ones are never sent");
}

#[test]
fn a_second_run_over_unchanged_documents_sends_nothing_and_makes_no_change() {
    let systems = Systems::start(120);
    let place = Place::new(&systems);
    let first = place.once();
    let effects = systems.ledger().len();
    let second = place.once();
    assert_eq!(systems.ledger().len(), effects, "nothing was sent, not even in vain");
    assert_eq!(second["last_seq"], first["last_seq"]);
    let run = &second["last_run"];
    assert_eq!((run["new"].as_u64(), run["changed"].as_u64()), (Some(0), Some(0)));
    systems.assert_exact();
}

/// The whole database as text, but for what every run writes: how far it came, and that it ran.
fn stored(place: &Place) -> Vec<String> {
    let store = RedbStore::open_read_only(&place.path("data/deltaferry.redb"), &RedbOptions::default()).unwrap();
    let text = store.dump().unwrap();
    text.lines()
        .filter(|line| !line.starts_with("watermarks ") && !line.starts_with("runs "))
        .map(str::to_owned)
        .collect()
}

#[test]
fn a_second_run_writes_nothing_but_progress() {
    let systems = Systems::start(80);
    let place = Place::new(&systems);
    place.once();
    let before = stored(&place);
    assert!(before.len() > 80 * 3, "{} rows", before.len());
    systems.edit(json!({ "rate": 0.1, "touch": true }));
    place.once();
    let (before, after) = (BTreeSet::from_iter(before), BTreeSet::from_iter(stored(&place)));
    let written: Vec<&String> = after.difference(&before).collect();
    // A touched document's raw hash and time are progress too: else it would be parsed again for ever.
    assert!(written.iter().all(|line| line.starts_with("heads ")) && written.len() == 8, "{written:#?}");
    place.once();
    assert_eq!(BTreeSet::from_iter(stored(&place)), after);
}

#[test]
fn after_one_percent_was_changed_exactly_those_are_sent() {
    let systems = Systems::start(300);
    let place = Place::new(&systems);
    place.once();
    systems.clear_ledger();
    let edited = systems.edit(json!({ "rate": 0.01 }));
    assert_eq!(edited.len(), 3);
    let status = place.once();
    let effects = systems.effects();
    assert!(effects.iter().all(|entry| entry.effect == Effect::Update), "{effects:?}");
    let sent: Vec<&str> = effects.iter().map(|entry| entry.document.as_str()).collect();
    assert_eq!(sent.len(), 3, "each once: {sent:?}");
    assert_eq!(BTreeSet::from_iter(sent), edited.iter().map(String::as_str).collect());
    assert_eq!(status["last_run"]["changed"], 3);
    systems.assert_exact();
}

#[test]
fn a_touched_time_stamp_with_equal_content_sends_nothing() {
    let systems = Systems::start(100);
    let place = Place::new(&systems);
    let first = place.once();
    let requests = systems.ledger().len();
    let touched = systems.edit(json!({ "rate": 0.2, "touch": true }));
    assert_eq!(touched.len(), 20);
    let second = place.once();
    assert!(second["last_run"]["documents"].as_u64() >= Some(20), "they were met again: {second}");
    assert_eq!(second["last_seq"], first["last_seq"], "and made no change");
    assert_eq!(systems.ledger().len(), requests);
    systems.assert_exact();
}

#[test]
fn a_change_taken_back_before_the_next_read_is_no_change() {
    let systems = Systems::start(40);
    let place = Place::new(&systems);
    let first = place.once();
    let requests = systems.ledger().len();
    let key = &systems.keys("Confirmed")[0];
    let labels = systems.shipment(key)["labels"].clone();
    systems.set(key, json!({ "labels": "加急,改" }));
    systems.set(key, json!({ "labels": labels }));
    assert_eq!(place.once()["last_seq"], first["last_seq"]);
    assert_eq!(systems.ledger().len(), requests);
}

#[test]
fn a_field_that_no_mapping_reads_makes_a_version_but_no_second_payload() {
    let systems = Systems::start(40);
    let place = Place::new(&systems);
    place.once();
    let requests = systems.ledger().len();
    let key = &systems.keys("Confirmed")[0];
    systems.set(key, json!({ "buyer_message": "请尽快" }));
    let status = place.once();
    assert_eq!(status["last_run"]["changed"], 1);
    assert_eq!(systems.ledger().len(), requests, "the same payload is not told again (rule 28)");
    assert_eq!(place.state(key), "skipped(same_payload)");
}
