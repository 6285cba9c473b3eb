//! Orders told back: list, fields, codes, and the judge's view (protocols/okki.md 6).

use serde_json::{Value, json};

use super::support::{Bench, order, row, with};
use crate::sandbox::wire::System;

fn numbers(bench: &Bench, query: &str) -> Vec<String> {
    let data = bench.data(&format!("/v1/invoices/order/list?{query}"));
    data["list"].as_array().unwrap().iter().map(|one| one["order_no"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn orders_are_listed_by_their_times() {
    let bench = Bench::with(&[("token_life", "30d")]);
    for (number, date) in [("A", "2026-01-01"), ("B", "2026-01-02"), ("C", "2026-01-03")] {
        bench.pushed(&with(order(number, vec![]), json!({ "account_date": date })));
        bench.forward(86_400);
    }
    assert_eq!(numbers(&bench, ""), ["C", "B", "A"]);
    assert_eq!(numbers(&bench, "count=2&start_index=2"), ["A"]);
    assert_eq!(numbers(&bench, "start_time=2026-01-06&end_time=2026-01-06"), ["B"]);
    assert_eq!(numbers(&bench, "time_type=3&start_time=2026-01-02"), ["C", "B"]);
    bench.server.edit(&json!({ "key": "A", "touch": true })).unwrap();
    bench.server.edit(&json!({ "key": "B", "set": { "remark": "x" }, "touch": false })).unwrap();
    assert_eq!(numbers(&bench, ""), ["A", "C", "B"], "a workflow moves the time, a system's action does not");
    bench.server.edit(&json!({ "key": "C", "delete": true })).unwrap();
    assert_eq!(numbers(&bench, ""), ["A", "B"]);
    assert_eq!(numbers(&bench, "removed=1"), ["C", "A", "B"]);
    assert_eq!(numbers(&bench, "time_type=4&start_time=2026-01-01"), ["C"]);
    assert_eq!(numbers(&bench, "status=1101043690"), [""; 0]);
    let row = &bench.data("/v1/invoices/order/list")["list"][0];
    assert!(row["users_info"].is_array() && row["departments_info"].is_array() && row.get("product_list").is_none());
}

#[test]
fn fields_and_codes_are_told() {
    let bench = Bench::new();
    let fields = bench.data("/v1/invoices/order/fields");
    let mark = fields.as_array().unwrap().iter().find(|field| field["id"] == "5094664372713").unwrap();
    let told =
        ["field_type", "base", "is_list", "require", "disable_flag"].map(|name| mark[name].to_string()).join(" ");
    assert_eq!((told.as_str(), &mark["ext_info"]), ("3 0 0 0 0", &json!(["已审核", "已变更", "已作废"])));
    let enums = bench.data("/v1/invoices/order/orderEnums");
    assert_eq!(enums["order_status_list"][0], json!({ "code": "1101043688", "name": "待确认" }));
    assert_eq!(enums["currency_list"][0]["code"], "CNY");
}

#[test]
fn the_judge_sees_plain_orders() {
    let bench = Bench::new();
    let company = 56_657_420_945_678_u64;
    let body = json!({ "order_no": "A", "currency": "CNY", "company_id": company, "product_list": [row(0, "2", "1.50", "3.00")],
        "5094664372713": "已审核", "departments": [{ "department_id": "0", "rate": "100" }] });
    bench.pushed(&body);
    let expected = json!({
        "order_no": "A", "order_id": 5_223_975_283_u64, "removed": false, "currency": "CNY", "exchange_rate": "100",
        "exchange_rate_usd": "14.08", "status": 1_101_043_688, "company_id": company, "serial_id": "CUST0001",
        "customer_id": null, "users": [], "departments": [{ "id": 0, "rate": 100 }],
        "handler": [55_011_858_711_u64], "create_user": 55_011_858_711_u64, "amount": 3,
        "product_list": [{ "unique_id": 5_223_975_284_u64, "product_no": "A001-RED-M", "product_id": 5_495_743_811_u64,
            "sku_id": 5_495_743_812_u64, "count": 2, "unit_price": 1.5, "cost_amount": 3, "other_cost": 0 }],
        "cost_list": [], "5094664372713": "已审核",
    });
    assert_eq!(Value::Array(bench.documents()).to_string(), json!([expected]).to_string());
}
