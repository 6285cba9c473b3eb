//! `order/push` but for its rows: which order it means, heads, references, sums (protocols/okki.md 5).

use serde_json::{Value, json};

use super::support::{Bench, order, row, value, with};
use crate::sandbox::wire::System;

const COMPANY: u64 = 56_657_420_945_678;
const SALESMAN: u64 = 55_011_858_712;

#[test]
fn the_example_of_the_protocol_is_created_and_told_back() {
    let bench = Bench::new();
    let body = json!({
        "order_no": "XSDD000123", "name": "XSDD000123 南京某某", "account_date": "2024-03-01",
        "company_id": COMPANY.to_string(), "customer_id": COMPANY + 1, "customer_name": "李四",
        "currency": "CNY", "exchange_rate": 100, "exchange_rate_usd": 14.08,
        "users": [{ "user_id": SALESMAN.to_string(), "rate": 100 }], "departments": [{ "department_id": 0, "rate": 100 }],
        "handler": [SALESMAN.to_string()],
        "product_list": [row(0, "10", "10.00", "100.00"), row(0, "2", "0", "0")],
        "cost_list": [
            { "cost_name": "物流费", "percent_type": 0, "percent_amount": "20.00", "cost": "20.00" },
            { "cost_name": "Q1返利", "percent_type": 2, "percent_amount": "5.00", "cost": "5.00" },
        ],
        "remark": "", "5094664372713": "已审核", "bank_info": "ignored",
    });
    let data = bench.pushed(&body);
    assert_eq!(data["order_id"].to_string(), "5223975283");
    assert_eq!(data.get("order_no"), None, "the number is not told");
    let ids: Vec<String> =
        data["product_list"].as_array().unwrap().iter().map(|r| r["unique_id"].to_string()).collect();
    assert_eq!(ids, ["5223975284", "5223975285"]);
    let info = bench.info("XSDD000123");
    for (field, told) in [
        ("account_date", json!("2024-03-01 00:00:00")),
        ("shipment_deadline", json!("1970-01-01 00:00:00")),
        ("company_id", json!(COMPANY)),
        ("amount", json!(115)),
        ("amount_rmb", json!(115)),
        ("amount_usd", "16.192".parse().map(Value::Number).unwrap()),
        ("addition_cost_amount", json!(15)),
        ("product_total_count", json!(12)),
        ("approval_status", json!(-1)),
        ("status", json!(1_101_043_688)),
        ("archive_type", json!(4)),
        ("users", json!([{ "rate": 100, "user_id": SALESMAN.to_string(), "nickname": "周杰" }])),
        ("departments", json!([{ "rate": 100, "department_id": "0", "name": "我的企业" }])),
        ("5094664372713", json!("已审核")),
        ("5094664372722", json!(0)),
        ("5094664372723", json!("")),
        ("quotation_info", json!([])),
        ("create_time", json!("2026-01-05 10:00:00")),
    ] {
        assert_eq!(info[field].to_string(), told.to_string(), "{field}");
    }
    assert_eq!(info["company"]["company_id"], COMPANY.to_string());
    let line = &info["product_list"][0];
    assert!(
        line["product_id"].is_string() && line["sku_id"].is_number() && line["5094664372732"].is_number(),
        "{line}"
    );
    assert_eq!(info["cost_list"][0]["percent_type"], "0");
    assert_eq!(bench.ledger(), ["push XSDD000123 create"]);
}

#[test]
fn numbers_and_ids_say_which_order_is_meant() {
    let bench = Bench::new();
    let base = |more: Value| with(json!({ "currency": "CNY", "order_id": "", "order_no": "" }), more);
    let generated = bench.pushed(&base(json!({})))["order_id"].clone();
    assert_ne!(bench.pushed(&base(json!({})))["order_id"], generated, "each makes one");
    let number = bench.data(&format!("/v1/invoices/order/info?order_id={generated}"))["order_no"].clone();
    assert!(number.as_str().unwrap().starts_with("SO-20260105-"), "{number}");
    let named = bench.pushed(&base(json!({ "order_no": "A" })))["order_id"].clone();
    assert_eq!(bench.pushed(&base(json!({ "order_no": "A" })))["order_id"], named, "an upsert");
    assert_eq!(bench.pushed(&base(json!({ "order_id": named.to_string() })))["order_id"], named);
    assert_eq!(bench.pushed(&base(json!({ "order_id": named, "order_no": "B" })))["order_id"], named, "renumbered");
    assert_eq!(bench.get("/v1/invoices/order/info?order_no=A")["message"], "Not Found Resource");
    let taken = base(json!({ "order_id": named, "order_no": number }));
    assert_eq!(bench.push(&taken), "404 Operation Failed. 订单编号已存在");
    assert_eq!(bench.push(&base(json!({ "order_id": 7, "order_no": "B" }))), "404 Not Found Resource");
    assert_eq!(
        bench.ledger()[2..],
        [
            "push A create",
            "push A update",
            "push A update",
            "push B update",
            &format!("push {} none", number.as_str().unwrap()),
            "push B none"
        ]
    );
}

#[test]
fn a_removed_order_gives_its_number_free() {
    let bench = Bench::new();
    let first = bench.pushed(&order("A", vec![]))["order_id"].clone();
    let remove = |query: &str| value(&bench.call("POST", &format!("/v1/invoices/order/remove?{query}"), "", None));
    assert_eq!(remove("order_no=A")["data"], "success");
    assert_eq!(remove("order_no=A")["message"], "Not Found Resource");
    assert_eq!(bench.push(&json!({ "currency": "CNY", "order_id": first })), "404 Not Found Resource");
    bench.switch("removed_number", "404");
    assert_eq!(bench.push(&order("A", vec![])), "404 Not Found Resource");
    bench.switch("removed_number", "create");
    assert_ne!(bench.pushed(&order("A", vec![]))["order_id"], first);
    let flags: Vec<Value> = bench.documents().iter().map(|one| one["removed"].clone()).collect();
    assert_eq!(flags, [json!(true), json!(false)]);
    assert_eq!(bench.ledger()[..3], ["push A create", "remove A delete", "remove A none"]);
}

#[test]
fn two_creates_of_one_number_may_race() {
    let bench = Bench::with(&[("race", "2s")]);
    let first = bench.pushed(&order("A", vec![]))["order_id"].clone();
    let second = bench.pushed(&order("A", vec![]))["order_id"].clone();
    assert_ne!(first, second);
    bench.forward(2);
    assert_eq!(bench.pushed(&order("A", vec![]))["order_id"], second);
}

#[test]
fn refusals_are_told_in_a_success_and_have_no_effect() {
    let bench = Bench::new();
    bench.pushed(&order("A", vec![row(0, "1", "2", "2")]));
    let share =
        |rates: &[u64]| -> Value { rates.iter().map(|rate| json!({ "user_id": SALESMAN, "rate": rate })).collect() };
    for (change, told) in [
        (json!({ "currency": "" }), "404 'currency' cannot be empty"),
        (json!({ "currency": "XXX" }), "404 Input data validate error currency must be a code of currency_list"),
        (json!({ "user_id": SALESMAN }), "404 Not Found Resource没有权限编辑销售订单"),
        (json!({ "company_id": 5 }), "404 Not Found Resource"),
        (json!({ "company_id": COMPANY, "customer_id": COMPANY + 11 }), "404 Not Found Resource"),
        (json!({ "handler": ["1"] }), "404 Not Found Resource"),
        (json!({ "users": share(&[60, 50]) }), "404 Operation Failed. 比例之和不能大于100"),
        (json!({ "users": [{ "user_id": SALESMAN }] }), "404 'rate' cannot be empty"),
        (json!({ "departments": [{ "department_id": 3, "rate": 1 }] }), "404 Not Found Resource"),
        (json!({ "product_list": "x" }), "404 Input data validate error product_list must be array"),
        (json!({ "cost_list": [{ "cost_name": "x" }] }), "404 'percent_type' cannot be empty"),
        (json!({ "account_date": "soon" }), "404 Input data validate error account_date must be date"),
        (json!({ "name": ["x"] }), "404 Input data validate error name must be string"),
        (
            json!({ "product_list": [with(row(0, "1", "1", "1"), json!({ "count": null }))] }),
            "404 'count' cannot be empty",
        ),
        (json!({ "product_list": [row(0, "x", "1", "1")] }), "404 Input data validate error count must be numeric"),
    ] {
        let body = with(order("A", vec![]), with(json!({ "remark": "changed" }), change));
        assert_eq!(bench.push(&body), told, "{body}");
    }
    assert_eq!(bench.info("A")["remark"], "");
    let raw = |body: &str| value(&bench.call("POST", "/v1/invoices/order/push", body, None))["message"].clone();
    assert_eq!((raw(""), raw("a=1")), (json!("Empty POST request body data"), json!("Invalid data json")));
    assert_eq!(bench.ledger().len(), 16, "what can't be read names no order");
    bench.switch("bad_reference", "stored");
    bench.pushed(&with(order("A", vec![]), json!({ "company_id": 5, "handler": [1] })));
    assert_eq!(bench.info("A")["company_id"].to_string(), "5");
}

#[test]
fn the_enterprise_requires_what_its_switch_says() {
    let bench = Bench::with(&[("required", "departments,5094664372721")]);
    let bare = order("A", vec![]);
    assert_eq!(bench.push(&bare), "404 'departments' cannot be empty");
    let more = with(bare.clone(), json!({ "departments": [{ "department_id": "148", "rate": 100 }] }));
    assert_eq!(bench.push(&more), "404 '5094664372721' cannot be empty");
    bench.pushed(&with(more, json!({ "5094664372721": "XSDD" })));
    bench.pushed(&bare);
    let fields = bench.data("/v1/invoices/order/fields");
    let required = fields.as_array().unwrap().iter().filter(|field| field["require"] == json!(1));
    let ids: Vec<&str> = required.map(|field| field["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["departments", "currency", "5094664372721"]);
}

#[test]
fn rates_are_filled_only_where_the_key_is_absent() {
    let bench = Bench::new();
    let rates = |change: Value| {
        bench.pushed(&with(json!({ "order_no": "A", "currency": "USD" }), change));
        let info = bench.info("A");
        format!("{} {} {}", info["exchange_rate"], info["exchange_rate_usd"], info["amount_rmb"])
    };
    let rows = json!({ "product_list": [row(0, "1", "100", "100")] });
    assert_eq!(rates(rows), "710 100 710");
    assert_eq!(rates(json!({ "exchange_rate": "725", "exchange_rate_usd": "100" })), "725 100 725");
    assert_eq!(rates(json!({ "exchange_rate": 7.1 })), "7.1 100 7.1", "nothing multiplies for the sender");
    assert_eq!(rates(json!({ "exchange_rate": "" })), "0 100 0");
    assert_eq!(rates(json!({})), "710 100 710");
}

#[test]
fn what_an_edit_does_not_name_stays_and_blanks_clear() {
    let bench = Bench::new();
    let fee = json!({ "cost_name": "x", "percent_type": "3", "percent_amount": 5, "cost": -5 });
    let full = json!({ "order_no": "A", "currency": "CNY", "remark": "r", "marked": "m", "cost_list": [fee] });
    bench.pushed(&full);
    assert_eq!(bench.info("A")["amount"].to_string(), "-5");
    bench.pushed(&json!({ "order_no": "A", "currency": "CNY", "remark": "" }));
    let info = bench.info("A");
    assert_eq!((&info["remark"], &info["marked"]), (&json!(""), &json!("m")));
    assert_eq!(info["cost_list"].as_array().unwrap().len(), 1);
    bench.pushed(&json!({ "order_no": "A", "currency": "CNY", "cost_list": [] }));
    assert_eq!(bench.info("A")["cost_list"], json!([]));
    bench.switch("omitted_head", "cleared");
    bench.pushed(&json!({ "order_no": "A", "currency": "CNY" }));
    assert_eq!(bench.info("A")["marked"], "");
}

#[test]
fn unknown_states_fields_and_options_vanish_silently() {
    let bench = Bench::new();
    let base = |more: Value| with(order("A", vec![]), more);
    bench.pushed(&base(json!({ "5094664372713": "已审核", "status": "1101043689", "remark": "1" })));
    let look = || {
        let info = bench.info("A");
        format!("{} {} {}", info["status"], info["5094664372713"], info["remark"])
    };
    bench.pushed(&base(json!({ "5094664372713": "已删除", "status": "已确认", "99999": "x", "remark": "2" })));
    assert_eq!(look(), "1101043689 \"已审核\" \"2\"");
    bench.switch("bad_status", "whole_edit");
    bench.pushed(&base(json!({ "status": 5, "remark": "3" })));
    assert_eq!(look(), "1101043689 \"已审核\" \"2\"");
    assert_eq!(bench.ledger().last().unwrap(), "push A none");
    bench.switch("bad_custom", "404");
    assert_eq!(bench.push(&base(json!({ "99999": "x" }))), "404 Operation Failed. 字段99999的值不正确");
    bench.switch("bad_custom", "stored");
    bench.pushed(&base(json!({ "5094664372713": "已删除", "99999": "x" })));
    assert_eq!((look(), bench.info("A")["99999"].clone()), ("1101043689 \"已删除\" \"2\"".to_owned(), json!("x")));
    let typed = json!({ "5094664372722": "30.50", "5094664372723": ["安装", "验货"], "5094664372724": "2026/1/9" });
    bench.pushed(&base(typed));
    let info = bench.info("A");
    assert_eq!(info["5094664372722"].to_string(), "30.5");
    assert_eq!((&info["5094664372723"], &info["5094664372724"]), (&json!(["安装", "验货"]), &json!("2026-01-09")));
}

#[test]
fn orders_in_approval_can_be_locked() {
    let bench = Bench::new();
    bench.pushed(&order("A", vec![]));
    bench.server.edit(&json!({ "key": "A", "set": { "approval_status": 1 } })).unwrap();
    bench.pushed(&order("A", vec![]));
    let removed = value(&bench.call("POST", "/v1/invoices/order/remove?order_no=A", "", None));
    assert_eq!(removed["message"], "Operation Failed. 订单审批中，不能删除");
    bench.switch("in_approval", "locked");
    assert_eq!(bench.push(&order("A", vec![])), "404 No Privilege");
}
