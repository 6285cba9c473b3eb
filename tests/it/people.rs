//! What people do and ask: pull, deliveries, tables, explain.

use std::fs;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::place::{Place, SCHEME, shipped};
use crate::support::service::Service;
use crate::support::systems::Systems;
use crate::support::wait::wait_until;

/// The shipped scheme with customers out of a table.
fn with_table() -> String {
    let text = shipped();
    let from = "FCustomerID: { FNumber: \"$.shop_id | string\" }";
    let to =
        "FCustomerID: { FNumber: { $lookup: table.shops, by: { shop_id: $.shop_id }, take: customer, miss: reject } }";
    assert!(text.contains(from));
    text.replace(from, to)
}

/// A place whose table has these bytes.
fn place_with_table(systems: &Systems, bytes: &[u8]) -> Place {
    let place = Place::with_scheme(systems, &with_table());
    fs::create_dir(place.path("tables")).unwrap();
    fs::write(place.path("tables/shops.csv"), bytes).unwrap();
    place.reconfigure("systems:\n", "tables: { shops: ./tables/shops.csv }\nsystems:\n");
    place
}

/// The table's text for the shops of these shipments.
fn table(shops: &[String]) -> String {
    let rows: Vec<String> = shops.iter().map(|shop| format!("{shop},客户-{shop},\"{shop} 的店, 旗舰\"\n")).collect();
    format!("shop_id,customer,备注\n{}", rows.concat())
}

fn shops(systems: &Systems) -> Vec<String> {
    let mut shops: Vec<String> = systems.documents("jushuitan").iter().map(|one| one["shop_id"].to_string()).collect();
    shops.sort();
    shops.dedup();
    shops
}

fn is_shipped(shipment: &Value) -> bool {
    ["Confirmed", "Archive"].contains(&shipment["status"].as_str().unwrap())
}

fn assert_customers(systems: &Systems) {
    for shipment in systems.documents("jushuitan").iter().filter(|one| is_shipped(one)) {
        let bill = systems.bill(&shipment["io_id"].to_string());
        assert_eq!(bill["FCustomerID"]["FNumber"], format!("客户-{}", shipment["shop_id"]));
    }
}

#[test]
fn pull_reads_documents_past_filter_and_window_by_key_and_by_number() {
    let systems = Systems::start(40);
    let keys = systems.keys("Confirmed");
    for key in &keys[..3] {
        systems.set(key, json!({ "modified": "2020-01-01 00:00:00" }));
    }
    let place = Place::new(&systems);
    place.once();
    assert_eq!(systems.verdict().faults.len(), 3);
    let number = systems.shipment(&keys[1])["so_id"].as_str().unwrap().to_owned();
    assert!(place.explain(&keys[0], "en").contains("pull"));
    let pulled = place.done(&["pull", SCHEME, &keys[0], &number, "--json"]).json();
    let found: Vec<&str> = pulled["found"].as_array().unwrap().iter().map(|key| key.as_str().unwrap()).collect();
    assert!(found.contains(&keys[0].as_str()) && found.contains(&keys[1].as_str()), "{pulled}");
    place.once();
    assert_eq!(systems.verdict().faults, [format!("`{}` was lost", keys[2])]);
    let unknown = place.run(&["pull", SCHEME, "1", "--json"]).ended(1);
    assert_eq!(unknown.json()["missing"], json!(["1"]));
}

#[test]
fn pull_that_leaves_a_document_rejected_ends_with_3() {
    let systems = Systems::start(20);
    let key = systems.keys("Confirmed").remove(0);
    let place = Place::new(&systems);
    place.once();
    systems.set(&key, json!({ "items": [{}] }));
    let pulled = place.run(&["pull", SCHEME, &key, "--json"]).ended(3);
    assert_eq!(pulled.json()["left"], 1);
    assert!(place.run(&["pull", SCHEME, &key]).ended(3).out.contains("deliveries list"));
}

#[test]
fn what_a_person_paused_is_no_error_of_once_and_says_how_to_resume() {
    let systems = Systems::start(20);
    let place = Place::new(&systems);
    let paused = place.done(&["pause", SCHEME, "--target", "outstock", "--json"]).json();
    assert_eq!((&paused["target"], &paused["paused"]), (&json!("outstock"), &json!(true)));
    let told = place.run(&["once", "--wait", "0s"]).ended(3).out;
    assert!(told.contains("by a person") && told.contains(&format!("resume {SCHEME} --target outstock")), "{told}");
    place.done(&["resume", SCHEME, "--target", "outstock"]);
    place.once();
    place.done(&["pause", SCHEME]);
    systems.edit(json!({ "create": 3 }));
    let once = place.done(&["once"]);
    assert!(once.err.contains("by a person") && once.err.contains(&format!("resume {SCHEME}`")), "{once:?}");
    assert!(!once.err.contains("error"), "{once:?}");
    assert_eq!(place.status()["documents"], 20);
    assert_eq!(place.done(&["resume", SCHEME, "--json"]).json()["paused"], false);
}

#[test]
fn codes_missing_in_a_table_are_listed_as_csv_and_added_in_utf8_or_gbk() {
    let systems = Systems::start(60);
    let shops = shops(&systems);
    let place = place_with_table(&systems, table(&shops[..2]).as_bytes());
    place.run(&["once"]).ended(3);
    let missing = place.done(&["deliveries", "list", "--missing"]).out;
    let mut lines: Vec<&str> = missing.lines().collect();
    assert_eq!(lines.remove(0), "lookup,shop_id");
    let shipped: Vec<String> = systems
        .documents("jushuitan")
        .iter()
        .filter(|one| is_shipped(one))
        .map(|one| one["shop_id"].to_string())
        .collect();
    let expected: Vec<String> =
        shops[2..].iter().filter(|shop| shipped.contains(shop)).map(|shop| format!("table.shops,{shop}")).collect();
    assert_eq!(lines, expected);
    // As Chinese office programs save it.
    let text = table(&shops);
    let (gbk, _, lossy) = encoding_rs::GBK.encode(&text);
    assert!(!lossy);
    fs::write(place.path("tables/shops.csv"), gbk).unwrap();
    place.done(&["deliveries", "retry", "--all"]);
    place.once();
    assert_customers(&systems);
    assert_eq!(place.done(&["deliveries", "list", "--missing"]).out.trim(), "");
}

#[test]
fn a_table_is_read_again_while_the_service_runs() {
    let systems = Systems::start(40);
    let shops = shops(&systems);
    let place = place_with_table(&systems, table(&[]).as_bytes());
    let service = Service::start(&place);
    let drained = service.drained();
    assert!(drained["targets"][0]["counts"]["rejected"].as_u64() > Some(0), "{drained}");
    fs::write(place.path("tables/shops.csv"), table(&shops)).unwrap();
    wait_until("rejected documents are delivered by the new table", Duration::from_secs(120), || {
        let status = service.status();
        (status["targets"][0]["counts"]["rejected"] == 0 && status["targets"][0]["counts"]["pending"] == 0)
            .then_some(())
    });
    service.drained();
    assert_customers(&systems);
}

#[test]
fn rejected_documents_are_discarded_with_a_reason_and_tried_again_with_their_next_version() {
    let systems = Systems::start(40);
    let key = systems.keys("Confirmed").remove(0);
    let items = systems.shipment(&key)["items"].clone();
    systems.set(&key, json!({ "items": [{}] }));
    let place = Place::new(&systems);
    place.run(&["once"]).ended(3);
    place.run(&["deliveries", "discard", &key]).ended(2);
    let discarded = place.done(&["deliveries", "discard", &key, "--reason", "测试单据", "--json"]).json();
    assert_eq!(discarded["done"].as_array().unwrap().len(), 1, "{discarded}");
    place.once();
    assert!(place.state(&key).starts_with("discarded("), "{}", place.state(&key));
    assert!(place.explain(&key, "zh").contains("测试单据"));
    systems.set(&key, json!({ "items": items }));
    place.once();
    systems.assert_exact();
}

#[test]
fn actions_on_unknown_documents_say_so() {
    let systems = Systems::start(20);
    let place = Place::new(&systems);
    place.once();
    let acted = place.run(&["deliveries", "retry", "no-such-key", "--json"]).ended(1).json();
    assert_eq!(acted["unknown"], json!(["no-such-key"]));
    place.run(&["deliveries", "retry"]).ended(2);
    place.run(&["deliveries", "list", "--state", "lost"]).ended(2);
    let unknown = place.run(&["docs", "list", "no-such-scheme"]).ended(2);
    assert!(unknown.err.contains(SCHEME), "known ones are named: {}", unknown.err);
    place.run(&["docs", "show", SCHEME, "no-such-key"]).ended(1);
    let none = "no-such-scheme";
    for args in [
        &["pull", none, "1"][..],
        &["sweep", none],
        &["decide", none, "send"],
        &["pause", none],
        &["reconcile", none],
        &["deliveries", "retry", "--all", "--scheme", none],
    ] {
        let unknown = place.run(args).ended(2);
        assert!(unknown.err.contains(SCHEME), "{args:?}: {}", unknown.err);
    }
    for args in [
        &["replay", SCHEME, "--target", "no-such-target", "--all"][..],
        &["deliveries", "retry", "--all", "--target", "no-such-target"],
        &["deliveries", "list", "--target", "no-such-target"],
        &["deliveries", "list", "--stale", "--target", "no-such-target"],
        &["decide", SCHEME, "send", "--target", "no-such-target"],
        &["pause", SCHEME, "--target", "no-such-target"],
    ] {
        let unknown = place.run(args).ended(2);
        let said = unknown.err.contains("there is no target `no-such-target`; known: outstock");
        assert!(said, "{args:?}: {}", unknown.err);
    }
}

#[test]
fn several_documents_of_one_number_are_listed() {
    let systems = Systems::start(20);
    let place = Place::with_scheme(&systems, &shipped().replace("number: $.so_id", "number: $.status"));
    place.once();
    let keys = systems.keys("Confirmed");
    let shown = place.done(&["docs", "show", SCHEME, "Confirmed"]).json();
    assert_eq!(shown.as_array().unwrap().len(), keys.len());
    let refused = place.run(&["deliveries", "discard", "Confirmed", "--reason", "x"]).ended(1);
    assert!(keys.iter().all(|key| refused.err.contains(&format!("{SCHEME}/{key}"))), "{}", refused.err);
}

#[test]
fn explain_tells_the_whole_chain_in_both_languages() {
    let systems = Systems::start(60);
    let place = Place::new(&systems);
    place.once();
    let (sent, waiting) = (&systems.keys("Confirmed")[0], &systems.keys("WaitConfirm")[0]);
    let english = place.explain(sent, "en");
    for part in ["version 1 was captured", "delivered", "the target accepted version 1", "batchSave"] {
        assert!(english.contains(part), "`{part}` in {english}");
    }
    let chinese = place.explain(sent, "zh");
    for part in ["版本 1 采集于", "目标系统已接受版本 1"] {
        assert!(chinese.contains(part), "`{part}` in {chinese}");
    }
    assert!(chinese.contains("已接受") && !chinese.contains("accepted"), "{chinese}");
    let french = place.run(&["explain", SCHEME, sent, "--lang", "fr"]).ended(2).err;
    assert!(french.contains("`en`") && french.contains("`zh`"), "{french}");
    assert!(place.explain(waiting, "en").contains("@.after.status == 'Confirmed'"));
    let by_number = systems.shipment(sent)["so_id"].as_str().unwrap().to_owned();
    assert!(place.explain(&by_number, "en").contains(sent), "a number serves as a key");
    let json = place.done(&["explain", SCHEME, sent, "--json"]).json();
    assert!(json[0]["sentences"].as_array().unwrap().len() >= 4, "{json}");
}

#[test]
fn documents_are_listed_by_prefix_state_and_page() {
    let systems = Systems::start(60);
    let place = Place::new(&systems);
    place.once();
    let mut found = Vec::new();
    let mut after = String::new();
    loop {
        let mut args = vec!["docs", "list", SCHEME, "--limit", "25", "--json"];
        if !after.is_empty() {
            args.extend(["--after", &after]);
        }
        let page = place.done(&args).json();
        found.extend(page["documents"].as_array().unwrap().iter().map(|one| one["key"].as_str().unwrap().to_owned()));
        match page["next"].as_str() {
            Some(next) => after = next.to_owned(),
            None => break,
        }
    }
    let mut all: Vec<String> = systems.documents("jushuitan").iter().map(|one| one["io_id"].to_string()).collect();
    all.sort();
    assert_eq!(found, all);
    let skipped = place.done(&["docs", "list", SCHEME, "--state", "skipped", "--json"]).json();
    assert_eq!(skipped["documents"].as_array().unwrap().len() as u64, place.count("skipped"));
    let one = place.done(&["docs", "list", SCHEME, "--prefix", &all[0], "--json"]).json();
    assert_eq!(one["documents"].as_array().unwrap().len(), 1);
}
