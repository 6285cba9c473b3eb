//! What happens with documents that were there before: `initial`, `decide`.

use deltaferry::sandbox::ledger::Effect;
use serde_json::json;

use crate::support::place::{Place, SCHEME, shipped};
use crate::support::systems::Systems;

#[test]
fn a_baseline_sends_nothing_that_was_known_and_everything_that_comes_later() {
    let systems = Systems::start(60);
    let place = Place::with_scheme(&systems, &shipped().replace("initial: send", "initial: baseline"));
    place.once();
    assert_eq!((systems.ledger().len(), place.count("skipped")), (0, 60));
    assert_eq!(place.state(&systems.keys("Confirmed")[0]), "skipped(baseline)");
    let created = systems.edit(json!({ "create": 10 }));
    place.once();
    let effects = systems.effects();
    assert!(!effects.is_empty());
    assert!(effects.iter().all(|e| created.contains(&e.document) && e.effect == Effect::Create), "{effects:?}");
}

#[test]
fn a_changed_document_of_the_baseline_that_the_target_lacks_is_created_only_on_request() {
    let systems = Systems::start(40);
    let place = Place::with_scheme(&systems, &shipped().replace("initial: send", "initial: baseline"));
    place.once();
    let keys = systems.keys("Confirmed");
    systems.set(&keys[0], json!({ "labels": "改" }));
    place.once();
    assert_eq!(systems.effects().len(), 0);
    assert!(place.state(&keys[0]).starts_with("skipped("), "{}", place.state(&keys[0]));
    place.change_scheme("    in_doubt: probe\n", "    in_doubt: probe\n    baseline_missing: create\n");
    systems.set(&keys[1], json!({ "labels": "改" }));
    place.once();
    let effects = systems.effects();
    assert_eq!(effects.iter().map(|e| e.document.as_str()).collect::<Vec<_>>(), [keys[1].as_str()]);
}

#[test]
fn without_initial_nothing_is_sent_until_a_person_decides() {
    let systems = Systems::start(60);
    let place = Place::with_scheme(&systems, &shipped().replace("initial: send\n", ""));
    let output = place.run(&["once", "--json"]).ended(3);
    assert_eq!(output.json()["left"], 60);
    assert_eq!((systems.ledger().len(), place.count("waiting")), (0, 60));
    let told = place.run(&["once"]).ended(3).out;
    assert!(told.contains("60 documents wait") && told.contains(&format!("decide {SCHEME} ")), "{told}");
    let listed = place.done(&["deliveries", "list", "--json"]).json();
    assert_eq!(listed["deliveries"].as_array().unwrap().len(), 60);
    assert!(place.explain(&systems.keys("Confirmed")[0], "en").contains("decide"));
    assert_eq!(place.done(&["decide", SCHEME, "send", "--json"]).json()["told"], 1);
    place.once();
    systems.assert_exact();
}

#[test]
fn decide_send_since_sends_later_ones_and_takes_older_ones_as_known() {
    let systems = Systems::start(100);
    let place = Place::with_scheme(&systems, &shipped().replace("initial: send\n", ""));
    place.run(&["once"]).ended(3);
    let mut times: Vec<String> =
        systems.documents("jushuitan").iter().map(|one| one["modified"].as_str().unwrap().to_owned()).collect();
    times.sort();
    let since = &times[50];
    place.done(&["decide", SCHEME, "send", "--since", since]);
    place.once();
    let sent: Vec<String> = systems.effects().into_iter().map(|entry| entry.document).collect();
    for shipment in systems.documents("jushuitan") {
        let later = shipment["modified"].as_str() >= Some(since);
        let shipped = ["Confirmed", "Archive"].contains(&shipment["status"].as_str().unwrap());
        assert_eq!(sent.contains(&shipment["io_id"].to_string()), later && shipped, "{shipment}");
    }
}

#[test]
fn decide_on_a_changed_filter_reaches_the_older_documents_that_match_only_now() {
    const CONFIRMED: &str = "\n  params:\n    status: Confirmed\n";
    for answer in ["send", "baseline"] {
        let systems = Systems::start(40);
        let place = Place::with_scheme(&systems, &shipped().replace("\n  params:\n", CONFIRMED));
        place.once();
        let (confirmed, all) = (systems.keys("Confirmed").len() as u64, systems.documents("jushuitan").len() as u64);
        let sent = systems.ledger().len();
        assert!(confirmed < all && sent > 0);
        place.change_scheme(CONFIRMED, "\n  params:\n");
        place.run(&["once"]).ended(1);
        place.done(&["decide", SCHEME, answer]);
        let status = place.once();
        assert_eq!(status["documents"], all, "{status}");
        match answer {
            "send" => systems.assert_exact(),
            _ => assert_eq!(systems.ledger().len(), sent, "what is older is taken as known"),
        }
    }
}

#[test]
fn a_changed_mapping_tries_rejected_documents_again_and_leaves_told_ones() {
    let systems = Systems::start(40);
    let place = Place::with_scheme(
        &systems,
        &shipped().replace("FNote: \"$.labels | default('')\"", "FNote: \"$.status | number\""),
    );
    place.run(&["once"]).ended(3);
    let rejected = place.count("rejected");
    assert!(rejected > 0 && systems.effects().is_empty());
    place.change_scheme("FNote: \"$.status | number\"", "FNote: \"$.labels | default('')\"");
    place.once();
    systems.assert_exact();
    systems.clear_ledger();
    place.change_scheme("FSaleOrgId: { FNumber: \"100\" }", "FSaleOrgId: { FNumber: \"200\" }");
    place.once();
    assert!(systems.ledger().is_empty());
    let key = &systems.keys("Confirmed")[0];
    place.done(&["replay", SCHEME, "--target", "outstock", "--key", key]);
    place.once();
    assert_eq!(systems.effects().iter().map(|e| &e.document).collect::<Vec<_>>(), [key]);
}
