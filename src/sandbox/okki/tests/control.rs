//! Control `/edit` of orders, and seeds.

use serde_json::{Value, json};

use super::support::{Bench, order, row};
use crate::sandbox::wire::System;

#[test]
fn a_persons_edit_keeps_what_it_does_not_name() {
    let bench = Bench::new();
    let id = bench.pushed(&order("A", vec![row(0, "1", "1", "1")]))["order_id"].clone();
    let edit = |body: Value| bench.server.edit(&body);
    bench.forward(60);
    assert_eq!(edit(json!({ "key": "A", "set": { "remark": "r", "status": 1_101_043_689 } })), Ok(vec!["A".into()]));
    edit(json!({ "key": id, "set": { "product_list": [row(0, "5", "1", "5")] } })).unwrap();
    let info = bench.info("A");
    assert_eq!((&info["remark"], info["status"].to_string()), (&json!("r"), "1101043689".to_owned()));
    assert_eq!(info["exchange_rate"].to_string(), "100");
    assert_eq!(bench.rows("A"), ["1 A001-RED-M 1 1 1", "2 A001-RED-M 5 1 5"], "a person's row stands beside its like");
    assert_eq!(info["update_time"], "2026-01-05 10:01:00");
    edit(json!({ "key": "A", "set": { "order_no": "B" } })).unwrap();
    assert_eq!(bench.info("B")["order_id"], id);
    assert_eq!(edit(json!({ "create": { "order_no": "P", "currency": "USD" } })), Ok(vec!["P".into()]));
    assert_eq!(bench.info("P")["create_user"].to_string(), "55011858712");
    edit(json!({ "key": "P", "delete": true })).unwrap();
    assert_eq!(bench.get("/v1/invoices/order/info?order_no=P")["code"].to_string(), "404");
    assert_eq!(bench.ledger(), ["push A create"], "edits are not the engine's effects");
    for (body, error) in [
        (json!([]), "invalid length 0"),
        (json!({}), "say one of `key`, `create`, `rate` or `set`"),
        (json!({ "key": "A" }), "no order `A`"),
        (json!({ "key": "B", "st": {} }), "unknown field `st`"),
        (json!({ "key": "B", "set": { "status": 5 } }), "Input data validate error status"),
        (json!({ "rate": 2 }), "`rate` is a share from 0 to 1"),
    ] {
        let told = edit(body.clone()).unwrap_err();
        assert!(told.starts_with(error), "{body}: {told}");
    }
}

#[test]
fn a_workflow_moves_the_time_of_a_share() {
    let bench = Bench::new();
    (0..10).for_each(|at| drop(bench.pushed(&order(&format!("N{at}"), vec![]))));
    bench.forward(60);
    let moved = bench.server.edit(&json!({ "rate": 0.2 })).unwrap();
    assert_eq!(moved.len(), 2);
    let newest = bench.data("/v1/invoices/order/list?count=3")["list"].clone();
    assert_eq!(newest[2]["update_time"], "2026-01-05 10:00:00");
    assert_eq!(newest[1]["update_time"], "2026-01-05 10:01:00");
}

#[test]
fn a_seed_forgets_orders_but_no_id_comes_back() {
    let bench = Bench::new();
    let id = || bench.pushed(&order("A", vec![]))["order_id"].as_number().unwrap().as_u64();
    let before = id();
    bench.server.edit(&json!({ "set": { "product": { "product_no": "A001-RED-M", "removed": true } } })).unwrap();
    bench.server.seed(1, 0);
    assert!(bench.documents().is_empty());
    assert_eq!(bench.get("/v1/product/info?product_no=A001-RED-M")["code"].to_string(), "200");
    assert!(id() > before);
}
