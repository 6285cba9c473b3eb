//! Sales orders: what people and clients do with them.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::support::{Bench, errors};
use crate::sandbox::wire::System;

const STATE: &str = "FDocumentStatus,FCancelStatus,FCloseStatus,FVersionNo";
const TIMES: [&str; 5] = ["FModifyDate", "FApproveDate", "FChangeDate", "FCloseDate", "FCancelDate"];

/// A server with `count` orders of three lines, in the state of their making.
fn bench(count: u64) -> (Bench, Vec<String>) {
    let bench = Bench::new();
    let keys = edit(&bench, json!({ "create": count, "lines": 3 }));
    (bench, keys)
}

fn edit(bench: &Bench, body: Value) -> Vec<String> {
    bench.server.edit(&body).unwrap()
}

fn one(bench: &Bench, keys: &str, number: &str) -> Value {
    let rows = bench.orders(keys, &format!("FBillNo='{}'", number.replace('\'', "''")), "");
    assert_eq!(rows.len(), 1, "{number} {rows:?}");
    rows[0].clone()
}

fn order(bench: &Bench, number: &str) -> Value {
    bench.server.bills(1).into_iter().find(|order| order["FBillNo"] == number).unwrap()
}

/// An order in a state.
fn in_status(bench: &Bench, keys: &[String], status: &str) -> String {
    let found = keys.iter().find(|key| one(bench, STATE, key) == json!([status, "A", "A", "000"]));
    found.unwrap().clone()
}

/// Which times moved to the present.
fn moved(bench: &Bench, number: &str) -> Vec<&'static str> {
    let now = "2026-01-05T10:01:00.12";
    let row = one(bench, &TIMES.join(","), number);
    TIMES.into_iter().enumerate().filter(|(at, _)| row[at] == now).map(|(_, key)| key).collect()
}

#[test]
fn each_deed_moves_its_own_times_and_states() {
    let (bench, mut keys) = bench(120);
    bench.forward(60);
    for (from, what, state, times, lines) in [
        ("C", "change", ["C", "A", "A", "001"], vec!["FChangeDate"], 3),
        ("C", "add_line", ["C", "A", "A", "001"], vec!["FChangeDate"], 4),
        ("C", "remove_line", ["C", "A", "A", "001"], vec!["FChangeDate"], 2),
        ("C", "unaudit", ["D", "A", "A", "000"], vec![], 3),
        ("C", "void", ["C", "B", "A", "000"], vec!["FCancelDate"], 3),
        ("C", "close", ["C", "A", "B", "000"], vec!["FCloseDate"], 3),
        ("C", "ship", ["C", "A", "A", "000"], vec![], 3),
        ("A", "edit", ["A", "A", "A", "000"], vec!["FModifyDate"], 3),
        ("A", "add_line", ["A", "A", "A", "000"], vec!["FModifyDate"], 4),
        ("A", "submit", ["B", "A", "A", "000"], vec![], 3),
        ("A", "approve", ["C", "A", "A", "000"], vec!["FApproveDate"], 3),
        ("B", "approve", ["C", "A", "A", "000"], vec!["FApproveDate"], 3),
        ("D", "approve", ["C", "A", "A", "000"], vec!["FApproveDate"], 3),
        ("Z", "edit", ["Z", "A", "A", "000"], vec!["FModifyDate"], 3),
    ] {
        let key = in_status(&bench, &keys, from);
        keys.retain(|other| *other != key);
        let before = order(&bench, &key);
        assert_eq!(edit(&bench, json!({ "key": key, "what": what })), [key.as_str()], "{what}");
        assert_eq!(one(&bench, STATE, &key), json!(state), "{what}");
        assert_eq!(moved(&bench, &key), times, "{what}");
        let after = order(&bench, &key);
        assert_eq!(after["FSaleOrderEntry"].as_array().unwrap().len(), lines, "{what}");
        assert_eq!(after["FModifyDate"] == before["FModifyDate"], !times.contains(&"FModifyDate"), "{what}");
        let content = |order: &Value| order["FSaleOrderFinance"]["FBillAllAmount"].clone();
        let alters = ["change", "add_line", "remove_line", "edit"].contains(&what);
        assert_eq!(content(&after) != content(&before), alters, "{what}");
    }
}

#[test]
fn switches_decide_what_is_uncertain_about_change_bills_and_unaudit() {
    let (bench, keys) = bench(60);
    let key = in_status(&bench, &keys, "C");
    bench.forward(60);
    bench.switch("change_bill", "moves");
    edit(&bench, json!({ "key": key, "what": "change" }));
    assert_eq!(moved(&bench, &key), ["FModifyDate", "FChangeDate"]);
    assert_eq!(one(&bench, "FChangerId.FName,FChangeReason", &key), json!(["demo", "客户要求变更"]));
    bench.switch("unaudit", "keeps");
    edit(&bench, json!({ "key": key, "what": "unaudit" }));
    assert_eq!(one(&bench, "FApproveDate", &key), json!(["2026-01-05T10:00:00.12"]));
    bench.switch("unaudit", "clears");
    edit(&bench, json!({ "key": key, "what": "approve" }));
    edit(&bench, json!({ "key": key, "what": "unaudit" }));
    assert_eq!(one(&bench, "FApproveDate,FApproverId", &key), json!([null, 0]));
}

#[test]
fn a_change_bill_may_say_what_changes() {
    let (bench, keys) = bench(60);
    let key = in_status(&bench, &keys, "C");
    let line = order(&bench, &key)["FSaleOrderEntry"][1]["FEntryID"].clone();
    bench.forward(60);
    let set = json!({ "FNote": "改地址", "FSaleOrderEntry": [{ "FEntryID": line, "FQty": 7.5 }] });
    edit(&bench, json!({ "key": key, "what": "change", "set": set }));
    let changed = order(&bench, &key);
    assert_eq!(
        (&changed["FNote"], changed["FSaleOrderEntry"][1]["FQty"].to_string()),
        (&json!("改地址"), "7.5".into())
    );
    assert_eq!((changed["FSaleOrderEntry"].as_array().unwrap().len(), &changed["FVersionNo"]), (3, &json!("001")));
    assert_eq!(moved(&bench, &key), ["FChangeDate"]);
}

#[test]
fn many_edits_are_ordered_with_one_call() {
    let mut bench = Bench::new();
    bench.server.seed(7, 500);
    bench.login();
    let lines = |bench: &Bench| bench.orders("FSaleOrderEntry_FEntryID", "", "").len();
    bench.switch("limit", "10000");
    let before = lines(&bench);
    for (body, count) in [
        (json!({ "count": 300, "what": "change" }), 300),
        (json!({ "count": 50, "what": "add_line" }), 50),
        (json!({ "count": 80, "what": "remove_line" }), 80),
        (json!({ "count": 20, "what": "void" }), 20),
        (json!({ "count": 3, "delete": true, "form": "sal_saleorder" }), 3),
        (json!({ "create": 4 }), 4),
    ] {
        let keys = edit(&bench, body.clone());
        assert_eq!(keys.iter().collect::<BTreeSet<_>>().len(), count, "{body}");
        if body["what"] == "remove_line" {
            assert_eq!(lines(&bench), before + 50 - 80);
        }
    }
    assert_eq!(bench.server.bills(1).len(), 501);
    let share = edit(&bench, json!({ "rate": 0.1 }));
    assert!((30..=40).contains(&share.len()), "of the approved ones: {}", share.len());
    for key in &share {
        let row = one(&bench, STATE, key);
        assert!(row[0] == "C" && row[1] == "A" && row[3].as_str() > Some("000"), "{key} {row}");
    }
    assert_eq!(edit(&bench, json!({ "rate": 0 })), Vec::<String>::new());
    assert!(bench.ledger().is_empty(), "edits are not the engine's effects");
}

#[test]
fn a_held_edit_is_seen_late_with_the_time_of_its_writing() {
    let (bench, keys) = bench(60);
    let (first, second) = (in_status(&bench, &keys, "C"), in_status(&bench, &keys, "A"));
    let held = json!({ "key": first, "what": "change", "held": "30s" });
    edit(&bench, held.clone());
    let made = edit(&bench, json!({ "create": 1, "held": "30s" })).remove(0);
    bench.forward(20);
    edit(&bench, json!({ "key": second, "what": "edit" }));
    assert_eq!(one(&bench, STATE, &first)[3], "000");
    assert!(bench.orders("FID", &format!("FBillNo='{made}'"), "").is_empty());
    bench.forward(10);
    assert_eq!(one(&bench, "FVersionNo,FChangeDate", &first), json!(["001", "2026-01-05T10:00:00.12"]));
    assert_eq!(one(&bench, "FModifyDate", &second), json!(["2026-01-05T10:00:20.12"]));
    assert_eq!(one(&bench, "FCreateDate", &made), json!(["2026-01-05T10:00:00.12"]));
    // A second write waits for the first one's commit.
    edit(&bench, held.clone());
    edit(&bench, json!({ "key": first, "what": "change" }));
    assert_eq!(one(&bench, STATE, &first)[3], "003");
    edit(&bench, json!({ "key": first, "delete": true, "held": "10m" }));
    assert_eq!(one(&bench, STATE, &first)[3], "003");
    assert_eq!(edit(&bench, json!({ "commit": true })), [first.as_str()]);
    assert!(bench.orders("FID", &format!("FBillNo='{first}'"), "").is_empty());
}

#[test]
fn an_approved_order_takes_a_write_back_only_without_validation() {
    let (bench, keys) = bench(60);
    let key = in_status(&bench, &keys, "C");
    let before = order(&bench, &key);
    let save = |validate: bool, value: &str| {
        let model = json!({ "FID": before["FID"], "F_PAEZ_OKKIID": value, "FNote": "nobody's", "FVersionNo": "777" });
        let data = json!({ "ValidateFlag": validate, "NeedUpDateFields": ["F_PAEZ_OKKIID"], "Model": model });
        let body = json!({ "formid": "SAL_SaleOrder", "data": data });
        bench.send("Save", &body, None)["Result"]["ResponseStatus"].clone()
    };
    bench.forward(60);
    let refused = save(true, "1");
    assert!(errors(&refused)[0].ends_with("单据已审核，不允许修改！"), "{refused}");
    assert_eq!(save(false, "81100001")["IsSuccess"], true);
    let mut expected = before.clone();
    expected["F_PAEZ_OKKIID"] = "81100001".into();
    let mut after = order(&bench, &key);
    assert_eq!(moved(&bench, &key), ["FModifyDate"]);
    for stamp in ["FModifyDate", "FModifierId"] {
        after[stamp] = expected[stamp].clone();
    }
    let sorted =
        |order: &Value| order.as_object().unwrap().iter().map(|(k, v)| format!("{k} {v}")).collect::<BTreeSet<_>>();
    assert_eq!(sorted(&after), sorted(&expected), "nothing else has changed");
    bench.forward(60);
    bench.switch("narrow_save", "keeps");
    assert_eq!(save(false, "81100002")["IsSuccess"], true);
    assert_eq!(moved(&bench, &key), ["FModifyDate"], "it stays where it was");
    assert_eq!(one(&bench, "F_PAEZ_OKKIID", &key), json!(["81100002"]));
    assert_eq!(
        bench.ledger(),
        [format!("save {key} none"), format!("save {key} update"), format!("save {key} update")]
    );
}

#[test]
fn clients_lead_an_order_through_its_states_and_the_ledger_tells() {
    let bench = Bench::new();
    let number = |text: &str| json!({ "FNumber": text });
    let line = json!({ "FMaterialId": number("A001-RED-M"), "FQty": 2, "FTaxPrice": 99.5,
        "FOrderEntryPlan": [{ "FPlanDate": "2026-01-09", "FPlanQty": 1 }, { "FPlanDate": "2026-01-10", "FPlanQty": 1 }] });
    let model = json!({ "FBillNo": "XSDD-1", "FBillTypeID": number("XSDD01_SYS"), "FDate": "2026-01-05",
        "FSaleOrgId": number("100"), "FCustId": number("CUST0001"),
        "FSaleOrderFinance": { "FSettleCurrId": number("PRE001"), "FExchangeRate": 1 }, "FSaleOrderEntry": [line] });
    let send = |method: &str, data: Value| {
        let body = json!({ "formid": "SAL_SaleOrder", "opNumber": method, "data": data });
        let method = if method == "Cancel" { "ExecuteOperation" } else { method };
        let status = bench.send(method, &body, None)["Result"]["ResponseStatus"].clone();
        assert_eq!(status["IsSuccess"], true, "{status}");
    };
    send("Save", json!({ "Model": model }));
    let plans = order(&bench, "XSDD-1")["FSaleOrderEntry"][0]["FOrderEntryPlan"].as_array().unwrap().len();
    assert_eq!(plans, 2);
    let mut states = Vec::new();
    for method in ["Submit", "Audit", "UnAudit", "Submit", "Audit", "Cancel"] {
        send(method, json!({ "Numbers": ["XSDD-1"] }));
        let row = one(&bench, STATE, "XSDD-1");
        states.push(format!("{}{}", row[0].as_str().unwrap(), row[1].as_str().unwrap()));
    }
    assert_eq!(states, ["BA", "CA", "DA", "BA", "CA", "CB"]);
    let told = ["save XSDD-1 create", "submit XSDD-1 submit", "audit XSDD-1 audit", "unAudit XSDD-1 unaudit"];
    let ledger = bench.ledger();
    assert_eq!((&ledger[..4], ledger.last().unwrap().as_str()), (&told.map(String::from)[..], "cancel XSDD-1 cancel"));
}

#[test]
fn wrong_edits_of_orders_are_answered_with_a_sentence() {
    let (bench, keys) = bench(30);
    let (created, approved) = (in_status(&bench, &keys, "A"), in_status(&bench, &keys, "C"));
    edit(&bench, json!({ "key": approved, "what": "void" }));
    for (body, error) in [
        (json!({ "key": created, "what": "change" }), "`what` needs an approved order (C); `".to_owned()),
        (json!({ "key": approved, "what": "edit" }), "`what` needs an order that is neither voided nor closed".into()),
        (json!({ "key": approved, "what": "void" }), "`what` needs an order that is not voided".into()),
        (json!({ "key": "X", "what": "void" }), "no bill `X`".into()),
        (json!({ "count": 31, "what": "change" }), "`count` is 31, and ".into()),
        (json!({ "count": 1, "what": "explode" }), "unknown variant `explode`, expected one of `change`".into()),
        (json!({ "count": 1, "rate": 1 }), "say one of `key`, `rate`, `count` or `create`".into()),
        (json!({ "rate": 1, "what": "void", "form": "SAL_OUTSTOCK" }), "`what` is done with sales orders".into()),
        (json!({ "count": 1, "form": "X" }), "no form `X`".into()),
        (json!({ "count": 1, "held": "soon" }), "`held` is a duration, not `soon`".into()),
        (json!({ "create": 1, "lines": 0 }), "`create` is at most 100000, `lines` 1 to 1000".into()),
        (json!({ "key": created, "set": { "FCustomerID": "C" } }), "元数据中标识为FCustomerID的字段不存在".into()),
    ] {
        let told = bench.server.edit(&body).unwrap_err();
        assert!(told.starts_with(&error), "{body}: {told}");
    }
}
