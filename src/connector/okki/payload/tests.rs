#![allow(clippy::unwrap_used)]

use serde_json::json;

use super::*;

const PUSH: (&str, Target) = ("/v1/invoices/order/push", Target::Push);
const REMOVE: (&str, Target) = ("/v1/invoices/order/remove", Target::Remove);

/// An order of these rows, each `[product, sku]`.
fn order(rows: &[[u32; 2]]) -> Value {
    let rows: Vec<Value> = rows
        .iter()
        .map(|[product, sku]| json!({ "product_id": product, "sku_id": sku, "count": "1", "unit_price": "2.50", "cost_amount": "2.50" }))
        .collect();
    json!({ "order_no": "SO-1", "product_list": rows, "cost_list": [], "remark": "" })
}

fn keys(keys: &[&str]) -> Vec<(String, Vec<String>)> {
    vec![(ROWS.to_owned(), keys.iter().map(|key| (*key).to_owned()).collect())]
}

/// The receipt of order 500 with rows (key, unique_id, product, sku).
fn receipt(rows: &[(&str, &str, &str, &str)]) -> Receipt {
    let lines = rows.iter().map(|(key, id, _, _)| ((*key).to_owned(), (*id).to_owned())).collect();
    let told = rows.iter().map(|(_, id, product, sku)| {
        let cells = [("product_id", product), ("sku_id", sku)].map(|(name, id)| (name.to_owned(), (**id).to_owned()));
        ((*id).to_owned(), cells.into())
    });
    Receipt {
        id: Some("500".into()),
        number: Some("SO-1".into()),
        lines: [(ROWS.to_owned(), lines)].into(),
        told: [(ROWS.to_owned(), told.collect())].into(),
    }
}

fn made(payload: &Value, lines: &[&str], receipt: Option<&Receipt>) -> Result<Value, String> {
    prepare(PUSH, payload, &keys(lines), receipt).map(|text| serde_json::from_str(&text).unwrap())
}

/// Per row of what was made: `unique_id`, `remove`, `product_id`.
fn rows(made: &Value) -> Vec<String> {
    let rows = made[ROWS].as_array().unwrap().iter();
    rows.map(|row| format!("{} {} {}", row["unique_id"], row["remove"], row["product_id"])).collect()
}

#[test]
fn a_create_is_what_the_mapping_gave_with_other_cost_said() {
    let text = concat!(
        r#"{"order_no":"SO-1","rate":12345678901234567.890,"product_list":[{"unique_id":"","product_id":"1","sku_id":2,"#,
        r#""count":0,"unit_price":"0","cost_amount":0}],"cost_list":null,"remark":null}"#
    );
    let wanted = concat!(
        r#"{"order_no":"SO-1","rate":12345678901234567.890,"product_list":[{"product_id":"1","sku_id":2,"#,
        r#""count":0,"unit_price":"0","cost_amount":0,"other_cost":0}],"cost_list":[],"remark":""}"#
    );
    let payload: Value = serde_json::from_str(text).unwrap();
    assert_eq!(prepare(PUSH, &payload, &keys(&["7"]), None).unwrap(), wanted);
    let numberless = Receipt { id: None, ..receipt(&[("7", "11", "1", "2")]) };
    assert_eq!(prepare(PUSH, &payload, &keys(&["7"]), Some(&numberless)).unwrap(), wanted, "no id, no update");
}

#[test]
fn rule_12_an_update_names_the_order_and_each_known_row_and_removes_what_vanished() {
    let told = receipt(&[("7", "11", "1", "2"), ("8", "12", "3", "4"), ("9", "13", "5", "6")]);
    let made = made(&order(&[[3, 4], [1, 2], [8, 8]]), &["8", "7", "10"], Some(&told)).unwrap();
    assert_eq!((&made["order_id"], &made["order_no"]), (&json!("500"), &json!("SO-1")));
    assert_eq!(rows(&made), ["12 null 3", "11 null 1", "null null 8", "13 1 5"]);
    assert_eq!(made[ROWS][3], json!({ "unique_id": 13, "remove": 1, "product_id": 5, "sku_id": 6 }));
}

#[test]
fn a_new_line_takes_over_the_row_of_a_vanished_line_of_the_same_sku() {
    let told = receipt(&[("7", "11", "1", "2"), ("8", "12", "1", "2"), ("9", "13", "1", "9")]);
    let made = made(&order(&[[1, 2], [1, 2]]), &["20", "8"], Some(&told)).unwrap();
    assert_eq!(rows(&made), ["11 null 1", "12 null 1", "13 1 1"]);
}

#[test]
fn an_order_without_lines_removes_all_rows() {
    let told = receipt(&[("7", "11", "1", "2")]);
    let empty = made(&order(&[]), &[], Some(&told)).unwrap();
    assert_eq!(rows(&empty), ["11 1 1"]);
    let mut none = order(&[]);
    none.as_object_mut().unwrap().shift_remove(ROWS);
    assert_eq!(rows(&serde_json::from_str(&prepare(PUSH, &none, &[], Some(&told)).unwrap()).unwrap()), ["11 1 1"]);
    assert_eq!(prepare(PUSH, &none, &[], None).unwrap(), none.to_string());
}

#[test]
fn a_removal_is_the_receipts_id_and_nothing_else() {
    assert_eq!(prepare(REMOVE, &Value::Null, &[], Some(&receipt(&[]))).unwrap(), r#"{"order_id":"500"}"#);
    let none = prepare(REMOVE, &Value::Null, &[], None).unwrap_err();
    assert_eq!(none, "`/v1/invoices/order/remove` needs the order's id, and no receipt has one");
}

#[test]
fn what_would_be_lost_or_doubled_is_not_sent() {
    let with = |change: &dyn Fn(&mut Value)| {
        let mut order = order(&[[1, 2], [1, 2]]);
        change(&mut order);
        made(&order, &["7", "8"], Some(&receipt(&[("7", "11", "1", "2")]))).unwrap_err()
    };
    let without = |name: &str| with(&|order| drop(order.as_object_mut().unwrap().shift_remove(name)));
    let cell = |name: &str, value: Value| with(&|order| order[ROWS][1][name] = value.clone());
    assert!(without("order_no").starts_with("the payload has no `order_no`"));
    assert!(without("cost_list").contains("map it, be it as `[]`"));
    assert!(without("remark").contains("map it, be it as `\"\"`"));
    let line = "line `8` of `product_list`: it has no";
    for (name, value, why) in [
        ("product_id", json!(""), "OKKI would drop it without a word"),
        ("sku_id", Value::Null, "OKKI would drop it without a word"),
        ("cost_amount", Value::Null, "OKKI would save 0"),
        ("count", json!(""), "OKKI would save 0"),
    ] {
        assert_eq!(cell(name, value), format!("{line} `{name}`, and {why}"));
    }
    assert_eq!(cell("unique_id", json!("11")), "two rows of `product_list` have the `unique_id` 11");
    let rates = json!([{ "user_id": 1, "rate": "60" }, { "user_id": 2, "rate": 40.5 }]);
    assert_eq!(with(&|order| order["users"] = rates.clone()), "the rates of `users` add up to 100.5, more than 100");
    assert!(with(&|order| order["departments"] = rates.clone()).contains("`departments`"));
    assert_eq!(made(&json!([]), &[], None).unwrap_err(), "the payload is no object");
    assert_eq!(made(&order(&[[1, 2]]), &["7", "8"], None).unwrap_err(), "`product_list` has 1 lines and 2 keys");
    let keyless = prepare(PUSH, &order(&[[1, 2]]), &[], Some(&receipt(&[]))).unwrap_err();
    assert!(keyless.starts_with("`product_list` has no `$key`"), "{keyless}");
    let untold = Receipt { told: BTreeMap::new(), ..receipt(&[("9", "13", "1", "2")]) };
    let why = made(&order(&[[3, 4]]), &["7"], Some(&untold)).unwrap_err();
    assert!(why.starts_with("row 13 of `product_list` has to be removed"), "{why}");
}
