//! Going live beside a system that holds documents already: `adopt`, and a target that is another account now.

use std::collections::BTreeSet;

use deltaferry::sandbox::ledger::Effect;
use serde_json::{Value, json};

use crate::support::place::{Place, SCHEME, TARGET, shipped};
use crate::support::systems::Systems;

/// Keys of the shipments that have to stand at the target, in key order.
fn shipped_keys(systems: &Systems) -> Vec<String> {
    let mut keys = systems.keys("Confirmed");
    keys.extend(systems.keys("Archive"));
    keys.sort();
    keys
}

/// Keys listed as adopted with another content.
fn different(place: &Place) -> BTreeSet<String> {
    let listed = place.done(&["deliveries", "list", "--different", "--limit", "500", "--json"]).json();
    let of = |one: &Value| one["key"].as_str().unwrap().to_owned();
    listed["deliveries"].as_array().unwrap().iter().map(of).collect()
}

/// Has the target hold the bills of the first shipments, delivered by another database.
fn seed(systems: &Systems, keys: &[String]) {
    let last = keys.last().unwrap();
    let when = "when: \"@.after.status == 'Confirmed' || @.after.status == 'Archive'\"";
    let first =
        format!("when: \"@.after.io_id <= {last} && (@.after.status == 'Confirmed' || @.after.status == 'Archive')\"");
    let scheme = shipped().replace(when, &first);
    assert_ne!(scheme, shipped(), "the condition is not where this test replaces it");
    Place::with_scheme(systems, &scheme).once();
}

#[test]
fn adopt_takes_a_thousand_bills_as_delivered_sends_the_others_and_lists_those_that_differ() {
    let systems = Systems::start(1800);
    let keys = shipped_keys(&systems);
    assert!(keys.len() >= 1500, "{}", keys.len());
    seed(&systems, &keys[..1000]);
    let edited: BTreeSet<String> = keys[..1000].iter().step_by(34).cloned().collect();
    assert_eq!(edited.len(), 30);
    for key in &edited {
        systems.edit_bill(key, json!({ "FNote": "改于金蝶" }));
    }
    assert_eq!(systems.documents("kingdee").len(), 1000);
    systems.clear_ledger();

    let place = Place::with_scheme(&systems, &shipped().replace("initial: send", "initial: adopt"));
    place.once();
    let effects = systems.effects();
    assert!(effects.iter().all(|entry| entry.effect == Effect::Create), "nothing that was there is touched");
    let created: Vec<&str> = effects.iter().map(|entry| entry.document.as_str()).collect();
    let missing: BTreeSet<&str> = keys[1000..].iter().map(String::as_str).collect();
    assert_eq!((created.len(), created.into_iter().collect::<BTreeSet<_>>()), (missing.len(), missing), "0 duplicates");
    assert_eq!(systems.documents("kingdee").len(), keys.len());
    assert_eq!(place.count("delivered"), keys.len() as u64);
    assert_eq!(different(&place), edited, "30 listed");
    let one = edited.first().unwrap();
    assert_eq!(place.state(one), "delivered(adopted)");
    let english = place.explain(one, "en");
    assert!(english.contains("replay") && english.contains("改于金蝶"), "{english}");
    assert!(place.explain(one, "zh").contains("内容不同"));
    assert_eq!(place.state(&keys[1]), "delivered(adopted)");

    // What differs is sent only when that is said, as updates of the bills that are there.
    systems.clear_ledger();
    place.once();
    assert!(systems.ledger().is_empty());
    place.done(&["replay", SCHEME, "--target", TARGET, "--different"]);
    place.once();
    assert_eq!((systems.effects().len(), different(&place).len()), (30, 0));
    assert!(systems.effects().iter().all(|entry| entry.effect == Effect::Update));
    systems.assert_exact();
}

#[test]
fn rule_03_a_renamed_server_waits_to_be_told_and_adopts_what_it_holds_without_a_send() {
    let systems = Systems::start(60);
    let place = Place::new(&systems);
    place.once();
    systems.clear_ledger();
    let kingdee = systems.url("kingdee").to_owned();
    let port = kingdee.rsplit(':').next().unwrap();
    place.reconfigure(&kingdee, &format!("http://localhost:{port}"));
    let keys = shipped_keys(&systems);
    systems.set(&keys[0], json!({ "labels": "改" }));
    place.run(&["once"]);
    assert!(systems.ledger().is_empty(), "nothing is sent to a server nobody spoke of");
    let status = place.status();
    let target = &status["targets"][0];
    assert_eq!((&target["answer"], &target["undecided"]), (&Value::Null, &json!(60)), "{target}");
    assert!(target["moved_from"].as_str().unwrap().contains("127.0.0.1"), "{target}");
    assert!(place.done(&["status"]).out.contains("60 documents"));
    let told = place.explain(&keys[1], "en");
    assert!(told.contains("127.0.0.1") && told.contains("localhost") && told.contains("60 documents"), "{told}");
    assert!(place.explain(&keys[1], "zh").contains("涉及 60 个单据"));

    let decided = place.done(&["decide", SCHEME, "adopt", "--json"]).json();
    assert_eq!(decided, json!({ "told": 1, "documents": 60 }));
    place.once();
    assert!(systems.effects().is_empty());
    assert_eq!(different(&place), BTreeSet::from([keys[0].clone()]));
    systems.set(&keys[1], json!({ "labels": "改" }));
    place.once();
    place.done(&["replay", SCHEME, "--target", TARGET, "--key", &keys[0]]);
    place.once();
    assert_eq!(systems.effects().len(), 2, "its ids are known again: {:?}", systems.effects());
    systems.assert_exact();
}
