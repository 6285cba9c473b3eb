//! Sales orders of 金蝶 changed after their approval, overwritten in 小满 OKKI by the shipped scheme: what arrives, what
//! does not, and that lines are whole whatever happens between.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use deltaferry::name::Key;
use deltaferry::store::{DocumentFilter, RedbOptions, RedbStore, Store};
use serde_json::{Value, json};

use crate::support::orders::{ORDER, ORDERS, place, place_with, shipped};
use crate::support::place::Place;
use crate::support::service::Service;
use crate::support::systems::Systems;
use crate::support::wait::wait_until;

/// The custom field that shows how an order stands at 金蝶.
const MARK: &str = "5094664372713";
const PUSH: &str = "/v1/invoices/order/push";

/// An order at 金蝶.
#[track_caller]
fn order(systems: &Systems, number: &str) -> Value {
    let all = systems.orders();
    all.into_iter().find(|one| one["FBillNo"] == number).unwrap_or_else(|| panic!("no order `{number}`"))
}

/// An order in OKKI, if it stands there.
fn in_okki(systems: &Systems, number: &str) -> Option<Value> {
    systems.documents("okki").into_iter().find(|one| one["order_no"] == number && one["removed"] != true)
}

fn pushes_of(systems: &Systems, number: &str) -> usize {
    systems.pushes().iter().filter(|entry| entry.document == number).count()
}

#[test]
fn changes_lines_more_and_less_and_voids_arrive_exactly() {
    let systems = Systems::start(500);
    let place = place(&systems);
    place.once();
    let first = systems.assert_orders_exact();
    assert!(first.expected > 300 && first.creates == first.exact, "{first:?}");
    let mut voided = Vec::new();
    for _ in 0..2 {
        systems.edit_orders(json!({ "count": 100, "what": "change" }));
        systems.edit_orders(json!({ "count": 25, "what": "add_line" }));
        systems.edit_orders(json!({ "count": 50, "what": "change" }));
        systems.edit_orders(json!({ "count": 25, "what": "remove_line" }));
        voided.extend(systems.edit_orders(json!({ "count": 10, "what": "void" })));
        place.once();
        let verdict = systems.assert_orders_exact();
        assert_eq!(verdict.creates, first.creates, "a change never makes a second order");
    }
    for number in &voided {
        let order = in_okki(&systems, number).expect("what was told stays, and is marked");
        assert_eq!(order[MARK], "已作废", "{number}: {order}");
    }
    let pushes = systems.pushes().len();
    let late = self::place(&systems);
    late.change_named_scheme(ORDERS, "initial: send", "initial: baseline");
    late.once();
    assert_eq!(systems.pushes().len(), pushes, "a second place that takes everything as known tells nothing");
}

#[test]
fn everything_at_once_arrives_as_exactly_as_step_by_step() {
    let systems = Systems::start(120);
    for (count, what) in [(40, "change"), (15, "add_line"), (15, "remove_line"), (10, "approve"), (6, "void")] {
        systems.edit_orders(json!({ "count": count, "what": what }));
    }
    place(&systems).once();
    let verdict = systems.assert_orders_exact();
    assert_eq!(verdict.updates, 0, "each order is told once, in its newest version: {verdict:?}");
}

/// Orders that are not approved, and could be edited.
fn open_orders(systems: &Systems) -> Vec<String> {
    let is = |one: &&Value| {
        let status = one["FDocumentStatus"].as_str().unwrap();
        ["Z", "A"].contains(&status) && one["FCancelStatus"] == "A" && one["FCloseStatus"] == "A"
    };
    let orders = systems.orders();
    orders.iter().filter(is).map(|one| one["FBillNo"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn late_approvals_and_change_bills_arrive_and_edits_before_approval_do_not() {
    for moves in ["keeps", "moves"] {
        let systems = Systems::with(120, &["rate=off", &format!("kingdee.change_bill={moves}")]);
        let place = place(&systems);
        place.once();
        let open = open_orders(&systems);
        let late = open.last().expect("an order is not approved yet").clone();
        let edited = systems.edit_orders(json!({ "key": open[0], "what": "edit" })).remove(0);
        place.once();
        assert_eq!((pushes_of(&systems, &late), pushes_of(&systems, &edited)), (0, 0), "not approved: not told");
        let before = order(&systems, &late)["FModifyDate"].clone();
        systems.deed(&late, "approve");
        assert_eq!(order(&systems, &late)["FModifyDate"], before, "an approval leaves it alone");
        let changed = systems.edit_orders(json!({ "count": 1, "what": "change" })).remove(0);
        let known = pushes_of(&systems, &changed);
        place.once();
        assert_eq!(pushes_of(&systems, &late), 1);
        assert_eq!(pushes_of(&systems, &changed), known + 1);
        assert_eq!(pushes_of(&systems, &edited), 0);
        systems.assert_orders_exact();
    }
}

#[test]
fn a_write_back_brings_okkis_id_and_no_further_delivery_over_ten_runs() {
    for moves in ["moves", "keeps"] {
        let systems = Systems::with(50, &["rate=off", &format!("kingdee.narrow_save={moves}")]);
        let place = place(&systems);
        let first = place.once();
        let verdict = systems.assert_orders_exact();
        for order in systems.orders() {
            let number = order["FBillNo"].as_str().unwrap();
            let id = in_okki(&systems, number).map(|one| one["order_id"].to_string());
            let written = order["F_PAEZ_OKKIID"].as_str().map(str::trim).filter(|text| !text.is_empty());
            assert_eq!(written.map(str::to_owned), id, "{number}");
        }
        let effects = systems.ledger().len();
        for run in 0..10 {
            let status = place.once();
            assert_eq!(status["last_seq"], first["last_seq"], "run {run}: what was written back is no change");
        }
        assert_eq!(systems.ledger().len(), effects, "nothing was sent, neither there nor back");
        assert!(verdict.creates > 20, "{verdict:?}");
    }
}

#[test]
fn what_okki_does_not_know_waits_names_the_code_and_goes_on_by_itself() {
    let systems = Systems::with(60, &["rate=off", "okki.without=E300-CN,CUST0003"]);
    let place = place(&systems);
    let status = place.run(&["once", "--json"]).ended(3).json()["schemes"][0].take();
    let waiting = status["targets"][0]["counts"]["waiting"].as_u64().unwrap();
    assert!(waiting > 0, "{status}");
    let missing = place.run(&["deliveries", "list", "--missing"]).out;
    assert!(missing.contains("E300-CN") && missing.contains("CUST0003"), "{missing}");
    let stuck = place.done(&["deliveries", "list", "--json"]).json();
    let waits = |one: &&Value| one["state"] == "waiting";
    let key = stuck["deliveries"].as_array().unwrap().iter().find(waits).unwrap()["key"].as_str().unwrap().to_owned();
    let told = place.done(&["explain", ORDERS, &key]).out;
    assert!(told.contains("E300-CN") || told.contains("CUST0003"), "{told}");
    let base = json!({ "product": { "product_no": "E300-CN" }, "company": { "serial_id": "CUST0003" } });
    systems.order("/edit", &json!({ "system": "okki", "set": base }));
    place.once();
    systems.assert_orders_exact();
}

#[test]
fn who_was_removed_in_okki_is_found_no_more_and_is_named_as_deleted() {
    let systems = Systems::start(60);
    let place = place(&systems);
    place.once();
    let told = systems.pushes().len();
    let changed = systems.edit_orders(json!({ "count": 1, "what": "change" })).remove(0);
    let order = order(&systems, &changed);
    let (customer, salesman) = (&order["FCustId"]["FNumber"], &order["FSalerId"]["FNumber"]);
    let base = |company: bool, user: bool| {
        let company = json!({ "serial_id": customer, "removed": company });
        let user = json!({ "employee_no": salesman, "removed": user });
        systems.order("/edit", &json!({ "system": "okki", "set": { "company": company, "user": user } }));
    };
    let key = order["FID"].to_string();
    let is_named = |code: &Value| {
        let (code, explained) = (code.as_str().unwrap(), place.done(&["explain", ORDERS, &key]).out);
        assert!(explained.contains(code) && explained.contains("was deleted there"), "{explained}");
        assert!(place.run(&["deliveries", "list", "--missing"]).out.contains(code));
        assert_eq!(systems.pushes().len(), told, "nothing takes effect under an id that is gone");
    };
    base(true, false);
    place.run(&["once"]).ended(3);
    is_named(customer);
    // A company is asked for alone; a user can't be, and is gone when two reads missed it.
    base(false, true);
    place.run(&["once"]);
    place.run(&["once"]);
    place.done(&["deliveries", "retry", "--all"]);
    place.run(&["once"]).ended(3);
    is_named(salesman);
    base(false, false);
    place.run(&["once"]);
    place.done(&["deliveries", "retry", "--all"]);
    place.once();
    systems.assert_orders_exact();
}

#[test]
fn a_field_that_the_tenant_lacks_is_named_and_nothing_moves() {
    let systems = Systems::start(20);
    let place = place_with(&systems, &shipped(ORDERS).replace("F_PAEZ_CYBT", "F_PAEZ_NONE"));
    let online = place.run(&["check", "--online"]).ended(1);
    assert!(online.out.contains("F_PAEZ_NONE"), "{online:?}");
    let run = place.run(&["once"]).ended(1);
    assert!(run.err.contains("F_PAEZ_NONE"), "{run:?}");
    assert_eq!(systems.pushes().len(), 0);
}

/// How many lines every stored version of every order has.
fn stored_lines(place: &Place) -> BTreeMap<String, Vec<usize>> {
    let store = RedbStore::open_read_only(&place.path("data/deltaferry.redb"), &RedbOptions::default()).unwrap();
    let documents = store.documents(ORDERS, &DocumentFilter { limit: 1000, ..DocumentFilter::default() }).unwrap();
    let lines = |key: &Key, version: u64| {
        let body: Value = serde_json::from_slice(&store.body(ORDERS, key, version).unwrap().unwrap()).unwrap();
        body["FSaleOrderEntry"].as_array().unwrap().len()
    };
    let of = |key: &Key| store.versions(ORDERS, key).unwrap().into_iter().map(|version| lines(key, version)).collect();
    documents.into_iter().map(|(key, head)| (head.number.unwrap(), of(&key))).collect()
}

#[test]
fn long_orders_edited_between_pages_of_100_rows_are_never_stored_or_sent_in_part() {
    let systems = Systems::with(15, &["rate=off", "kingdee.limit=100"]);
    let mut long = systems.edit_orders(json!({ "create": 7, "lines": 250 }));
    long.retain(|number| {
        let order = order(&systems, number);
        order["FCancelStatus"] == "A" && order["FCloseStatus"] == "A"
    });
    assert!(long.len() >= 3, "{long:?}");
    for number in long.iter().filter(|number| order(&systems, number)["FDocumentStatus"] != "C") {
        systems.deed(number, "approve");
    }
    let place = place_with(&systems, &shipped(ORDERS).replace("every: 5m", "every: 1s"));
    // How many lines each order ever had.
    let count = |number: &str| order(&systems, number)["FSaleOrderEntry"].as_array().unwrap().len();
    let mut had: BTreeMap<&str, BTreeSet<usize>> =
        long.iter().map(|number| (number.as_str(), BTreeSet::from([count(number)]))).collect();
    let service = Service::start_of(&place, ORDERS);
    let mut random = fastrand::Rng::with_seed(3);
    for _ in 0..14 {
        let number = &long[random.usize(..long.len())];
        let what = ["add_line", "remove_line", "change"][random.usize(..3)];
        systems.deed(number, what);
        had.get_mut(number.as_str()).unwrap().insert(count(number));
        let pages = service.status()["last_run"]["pages"].as_u64();
        let id = service.status()["last_run"]["id"].clone();
        wait_until("a page was read meanwhile", Duration::from_secs(120), || {
            let run = &service.status()["last_run"];
            (run["pages"].as_u64() != pages || run["id"] != id).then_some(())
        });
    }
    let run = service.status()["last_run"]["id"].as_u64().unwrap();
    service.drained_after(run);
    assert!(service.stop().success());
    let stored = stored_lines(&place);
    for (number, counts) in &had {
        let versions = &stored[*number];
        assert!(versions.iter().all(|lines| counts.contains(lines)), "{number}: {versions:?}, had {counts:?}");
    }
    for push in systems.pushes() {
        let Some(counts) = had.get(push.document.as_str()) else { continue };
        let rows = push.payload["product_list"].as_array().unwrap();
        let live = rows.iter().filter(|row| row["remove"].to_string() != "1").count();
        assert!(counts.contains(&live), "{}: {live} lines sent, had {counts:?}", push.document);
    }
    place.once();
    systems.assert_orders_exact();
}

#[test]
fn killed_between_okkis_effect_and_its_answer_no_line_is_doubled_or_lost() {
    let systems = Systems::start(40);
    let place = place_with(&systems, &shipped(ORDERS).replace("every: 5m", "every: 1s"));
    place.once();
    for round in 0..20 {
        let what = ["add_line", "change", "remove_line", "add_line"][round % 4];
        systems.edit_orders(json!({ "count": 2, "what": what }));
        let before = systems.pushes().len();
        systems.order("/faults", &json!({ "system": "okki", "call": PUSH, "fault": "timeout_after", "times": 1 }));
        let service = Service::start_of(&place, ORDERS);
        wait_until("an order was pushed whose answer does not come", Duration::from_secs(120), || {
            (systems.pushes().len() > before).then_some(())
        });
        service.kill();
        systems.no_faults();
    }
    let service = Service::start_of(&place, ORDERS);
    service.drained();
    assert!(service.stop().success());
    place.once();
    let verdict = systems.assert_orders_exact();
    assert!(verdict.updates >= 20, "{verdict:?}");
    let status = place.status();
    assert_eq!(status["targets"][0]["target"], ORDER, "{status}");
}
