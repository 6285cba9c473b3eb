//! A database that was restored or lost, end to end: what targets were told meanwhile is recognised and not told
//! twice, and what changed since is told once (rule 8, row 40 of the fault table).

use serde_json::{Value, json};

use crate::support::flow::{Bench, Flow};
use crate::support::place::{Place, SCHEME, TARGET};
use crate::support::service::Service;
use crate::support::systems::Systems;

const RESTORED: &str = "THE DATABASE WAS RESTORED";

fn database(place: &Place) -> Value {
    place.done(&["status", "--json"]).json()["database"].take()
}

/// Makes a copy, has `meanwhile` happen, and puts the copy back; the epoch before.
fn restored(place: &Place, meanwhile: impl FnOnce()) -> u64 {
    place.done(&["db", "backup", "copy.redb"]);
    meanwhile();
    let epoch = database(place)["epoch"].as_u64().unwrap();
    place.done(&["db", "restore", "copy.redb"]);
    epoch
}

/// While the source does not answer nothing is sent, and who looks is told why; then it answers.
#[track_caller]
fn nothing_goes_before_capture(bench: &Bench, source: &str) {
    let Bench { systems, place, .. } = bench;
    let told = systems.ledger().len();
    systems.fault(json!({ "system": source, "fault": "html_502", "times": 10_000 }));
    let blind = place.run(&["once", "--wait", "0s"]).ended(1);
    assert!(blind.err.contains(RESTORED), "{blind:?}");
    assert_eq!(systems.ledger().len(), told, "nothing is sent before capture has caught up");
    let status = place.done(&["status", "--json"]).json();
    assert_eq!(status["database"]["restored"], true, "{status}");
    let shown = place.done(&["status"]).out;
    assert!(shown.contains(RESTORED) && shown.contains("waits until the source was read once more"), "{shown}");
    systems.no_faults();
}

/// Everything is exact, nothing speaks of the restore any more, and a quiet source sends nothing.
#[track_caller]
fn nothing_is_left_of_it(bench: &Bench, epoch: u64) {
    let Bench { systems, place, .. } = bench;
    assert_eq!(bench.faults(), Vec::<String>::new());
    let now = database(place);
    assert_eq!((&now["restored"], &now["origin"]), (&json!(false), &json!("restored")), "{now}");
    assert!(now["epoch"].as_u64().unwrap() > epoch, "older cursors of the feed are refused: {now}");
    let shown = place.done(&["status"]).out;
    assert!(!shown.contains("RESTORED") && !shown.contains("restored"), "{shown}");
    let told = systems.ledger().len();
    let again = place.done(&["once"]);
    assert!(!again.err.contains(RESTORED), "{again:?}");
    assert_eq!(systems.ledger().len(), told, "a quiet source sends nothing");
    bench.assert_invariants("a restore");
}

fn cancel(systems: &Systems, key: &str) {
    systems.set(key, json!({ "status": "Cancelled" }));
}

#[test]
fn rule_08_after_a_restore_each_shipment_ends_once_in_its_newest_version() {
    let bench = Bench::new(Flow::Shipments, 80);
    let Bench { systems, place, .. } = &bench;
    place.once();
    let keys = systems.keys("Confirmed");
    let [edited, edited_twice, withdrawn, later] = [&keys[0], &keys[1], &keys[2], &keys[3]];
    let mut new = Vec::new();
    let epoch = restored(place, || {
        for key in [edited, edited_twice] {
            systems.set(key, json!({ "labels": "其间" }));
        }
        cancel(systems, withdrawn);
        new = systems.edit(json!({ "create": 12 }));
        place.once();
        systems.assert_exact();
    });
    let before = systems.verdict();
    new.retain(|key| systems.shipment(key)["status"] == "Confirmed");
    let [kept, new_edited, new_withdrawn, ..] = new.as_slice() else { panic!("too few: {new:?}") };
    nothing_goes_before_capture(&bench, "jushuitan");

    for key in [edited_twice, later, new_edited] {
        systems.set(key, json!({ "labels": "其后" }));
    }
    cancel(systems, new_withdrawn);
    let last = systems.edit(json!({ "create": 6 }));
    let sent = systems.effects().len();
    place.done(&["once"]);
    nothing_is_left_of_it(&bench, epoch);

    // Told meanwhile: recognised by content. Only what changed since is told.
    let effects = systems.effects().split_off(sent);
    let mut told: Vec<&str> = effects.iter().map(|entry| entry.document.as_str()).collect();
    told.sort_unstable();
    let shipped = |key: &&String| ["Confirmed", "Archive"].contains(&systems.shipment(key)["status"].as_str().unwrap());
    let created: Vec<&str> = last.iter().filter(shipped).map(String::as_str).collect();
    let mut expected: Vec<&str> = [edited_twice, later, new_edited, new_withdrawn].map(String::as_str).to_vec();
    expected.extend(&created);
    expected.sort_unstable();
    assert_eq!(told, expected, "{effects:#?}");
    let after = systems.verdict();
    assert_eq!(after.creates - before.creates, created.len() as u64, "no create twice");
    assert_eq!(after.updates - before.updates, 3);
    assert_eq!(after.withdrawn - before.withdrawn, 1);
    for key in [edited, kept] {
        assert_eq!(place.state(key), "delivered(adopted)");
    }
    assert_eq!(systems.bills(withdrawn), Vec::<Value>::new());
}

#[test]
fn rule_08_after_a_restore_each_order_ends_once_with_its_lines_and_its_id() {
    let bench = Bench::new(Flow::Orders, 60);
    let Bench { systems, place, .. } = &bench;
    place.done(&["once"]);
    assert_eq!(bench.faults(), Vec::<String>::new());
    let mut edited = Vec::new();
    let epoch = restored(place, || {
        edited.extend(systems.edit_orders(json!({ "count": 4, "what": "change" })));
        edited.extend(systems.edit_orders(json!({ "count": 2, "what": "add_line" })));
        systems.edit_orders(json!({ "count": 1, "what": "void" }));
        let new = systems.edit_orders(json!({ "create": 10 }));
        for order in systems.orders() {
            let number = order["FBillNo"].as_str().unwrap();
            if new.iter().any(|one| one == number) && order["FDocumentStatus"] != "C" {
                systems.deed(number, "approve");
            }
        }
        place.done(&["once"]);
        assert_eq!(bench.faults(), Vec::<String>::new());
    });
    let before = systems.orders_verdict();
    nothing_goes_before_capture(&bench, "kingdee");

    // What was told meanwhile is told no more, neither there nor back.
    let told = systems.ledger().len();
    place.done(&["once"]);
    let effects = systems.ledger().split_off(told);
    assert!(effects.is_empty(), "{effects:#?}");
    edited.sort();
    edited.dedup();
    let again = systems.edit_orders(json!({ "key": edited[0], "what": "add_line" })).remove(0);
    systems.edit_orders(json!({ "count": 2, "what": "change" }));
    place.done(&["once"]);
    nothing_is_left_of_it(&bench, epoch);
    let after = systems.orders_verdict();
    assert_eq!(after.creates, before.creates, "no order twice");
    assert!(systems.pushes().iter().filter(|entry| entry.document == again).count() >= 3);
}

#[test]
fn rule_08_where_the_database_is_lost_nothing_is_sent_until_decide_and_adopt_doubles_nothing() {
    let bench = Bench::new(Flow::Shipments, 40);
    let Bench { systems, place, .. } = &bench;
    place.once();
    let keys = systems.keys("Confirmed");
    systems.set(&keys[0], json!({ "labels": "其间" }));
    let told = systems.ledger().len();
    std::fs::remove_file(place.path("data/deltaferry.redb")).unwrap();
    let service = Service::start(place);
    assert!(service.log().contains("THE DATABASE IS LOST"), "{}", service.log());
    crate::support::wait::wait_until("it is captured anew", std::time::Duration::from_secs(60), || {
        (service.status()["targets"][0]["undecided"] == 40).then_some(())
    });
    let shown = place.done(&["status"]).out;
    assert!(shown.contains("was lost") && shown.contains("waits for `decide` (40 documents)"), "{shown}");
    assert!(service.stop().success());
    place.run(&["once", "--wait", "0s"]).ended(3);
    assert_eq!(systems.ledger().len(), told, "nothing is sent");

    place.done(&["decide", SCHEME, "adopt"]);
    place.once();
    assert_eq!(systems.ledger().len(), told, "what is there is taken as delivered");
    assert_eq!(place.state(&keys[1]), "delivered(adopted)");
    systems.set(&keys[1], json!({ "labels": "其后" }));
    place.done(&["replay", SCHEME, "--target", TARGET, "--different"]);
    place.once();
    systems.assert_exact();
    assert_eq!(systems.ledger().len(), told + 2, "what differed, once that was said, and what changed since");
}
