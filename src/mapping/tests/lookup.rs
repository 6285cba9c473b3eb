use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use super::{compiled, json};
use crate::mapping::{Hit, Hits, Lookups, MapFault, MapFaultKind, Mapped, Source, Table, Tables, Why, gives_the_same};

const SHOPS: &str = "shop_id,customer,org\n10101,CUST0001,100\n20202,CUST0002,100\n20202,CUST0003,200\n30303,,100\n";

fn tables() -> Tables {
    let mut tables = Tables::default();
    let gbk = encoding_rs::GBK.encode(SHOPS).0.into_owned();
    tables.insert("shops", Table::read(Path::new("shops.csv"), &gbk).unwrap());
    let skus = encoding_rs::GBK.encode("商品编码,物料\nA-1,M001\n红-1,M002\n").0.into_owned();
    tables.insert("skus", Table::read(Path::new("skus.csv"), &skus).unwrap());
    tables
}

fn map(yaml: &str, document: &str) -> Result<Mapped, MapFault> {
    compiled(yaml).evaluate(&json(document), None, &tables())
}

#[test]
fn a_table_translates_codes() {
    let document = r#"{"shop":10101,"text":" 10101 ","two":20202,"org":"200","sku":"红-1"}"#;
    for (yaml, expected) in [
        ("a: { $lookup: table.shops, by: { shop_id: $.shop }, take: customer }", r#"{"a":"CUST0001"}"#),
        ("a: { $lookup: table.shops, by: { $.shop_id: $.text }, take: $.customer }", r#"{"a":"CUST0001"}"#),
        ("a: { $lookup: table.shops, by: { shop_id: 10101 }, take: org }", r#"{"a":"100"}"#),
        ("a: { $lookup: table.shops, by: { shop_id: $.two, org: $.org }, take: customer }", r#"{"a":"CUST0003"}"#),
        ("a: { $lookup: table.shops, by: { shop_id: $.two }, take: customer, many: first }", r#"{"a":"CUST0002"}"#),
        ("a: { $lookup: table.skus, by: { 商品编码: $.sku }, take: 物料 }", r#"{"a":"M002"}"#),
        ("a: { $lookup: table.shops, by: { shop_id: '{{ $.shop }}' }, take: customer }", r#"{"a":"CUST0001"}"#),
        // Misses that are allowed: no such code, a blank key, a blank cell.
        ("a: { $lookup: table.shops, by: { shop_id: 9 }, take: customer, miss: null }", r#"{"a":null}"#),
        ("a: { $lookup: table.shops, by: { shop_id: '' }, take: customer, miss: null }", r#"{"a":null}"#),
        ("a: { $lookup: table.shops, by: { shop_id: 30303 }, take: customer, miss: null }", r#"{"a":null}"#),
        ("{a: { $lookup: table.shops, by: { shop_id: 9 }, take: customer, $when: $.shop == 1 }, b: 1}", r#"{"b":1}"#),
    ] {
        assert_eq!(map(yaml, document).unwrap().payload.to_string(), expected, "{yaml}");
    }
}

#[test]
fn what_was_looked_up_is_kept_once_per_question() {
    let yaml = concat!(
        "a: { $each: \"$.l[*]\", b: { $lookup: table.skus, by: { 商品编码: \"@\" }, take: 物料 } }\n",
        "c: { $lookup: table.shops, by: { shop_id: 9 }, take: $.customer, miss: null }\n",
    );
    let mapped = map(yaml, r#"{"l":["A-1","红-1","A-1"]}"#).unwrap();
    let kept: Vec<_> = mapped.looked_up.iter().map(|kept| serde_json::to_value(kept).unwrap()).collect();
    let one = |lookup: &str, field: &str, code: &str, take: &str, value: Value| json!({"question": {"lookup": lookup, "by": [[field, code]], "take": take}, "value": value});
    assert_eq!(
        kept,
        [
            one("table.shops", "shop_id", "9", "$.customer", Value::Null),
            one("table.skus", "商品编码", "A-1", "物料", json!("M001")),
            one("table.skus", "商品编码", "红-1", "物料", json!("M002")),
        ]
    );
}

#[test]
fn all_codes_a_document_misses_are_told_at_once() {
    let yaml = concat!(
        "c: { n: { $lookup: table.shops, by: { shop_id: $.shop, org: $.org }, take: customer } }\n",
        "l: { $each: \"$.l[*]\", m: { $lookup: table.skus, by: { 商品编码: \"@\" }, take: 物料 } }\n",
    );
    let fault = map(yaml, r#"{"shop":9,"org":"100","l":["A-1","X","红-1",null]}"#).unwrap_err();
    assert_eq!(fault.to_string(), "c.n: `table.shops` has nothing with `shop_id` = `9` and `org` = `100` (and 2 more)");
    let MapFaultKind::Missing(misses) = &fault.kind else { panic!("{fault:?}") };
    let told: Vec<_> = misses.iter().map(|miss| format!("{} {miss}", miss.path)).collect();
    assert_eq!(
        told,
        [
            "c.n `table.shops` has nothing with `shop_id` = `9` and `org` = `100`",
            "l[1].m `table.skus` has nothing with `商品编码` = `X`",
            "l[3].m `table.skus` is asked for `商品编码` = ``: a blank text never matches",
        ]
    );
    assert_eq!(misses[0].codes, [("shop_id".into(), "9".into()), ("org".into(), "100".into())]);
    assert_eq!(misses[2].why, Why::BlankKey);
}

#[test]
fn rule_16_several_hits_and_blank_cells_are_no_match_with_the_reason() {
    let by = |code: &str| format!("a: {{ $lookup: table.shops, by: {{ shop_id: {code} }}, take: customer }}");
    let fault = map(&by("20202"), "{}").unwrap_err();
    let words = "a: `table.shops` has 2 with `shop_id` = `20202`: only `many: first` takes the first";
    assert_eq!(fault.to_string(), words);
    assert!(matches!(&fault.kind, MapFaultKind::Missing(misses) if misses[0].why == Why::Several { count: 2 }));
    let fault = map(&by("30303"), "{}").unwrap_err();
    assert_eq!(
        fault.to_string(),
        "a: `table.shops` has `shop_id` = `30303` (shops.csv:5), but `customer` is blank there"
    );
    assert!(matches!(fault.kind, MapFaultKind::Missing(_)));
}

#[test]
fn what_can_not_be_asked_is_a_fault_of_the_document() {
    for (yaml, words) in [
        ("a: { $lookup: table.shop, by: { x: 1 }, take: y }", "unknown table `shop`: did you mean `shops`?"),
        ("a: { $lookup: table.shops, by: { x: 1 }, take: y }", "table `shops` has no column `x`"),
        ("a: { $lookup: table.shops, by: { shop_id: 10101 }, take: y }", "`table.shops` has no column `y`"),
        ("a: { $lookup: table.shops, by: { shop_id: [1] }, take: customer }", "`by` `shop_id` is asked for a list"),
        ("a: { $lookup: other, by: { $.x: 1 }, take: $.y }", "`other` is no table"),
    ] {
        let fault = map(yaml, "{}").unwrap_err();
        assert!(fault.message.contains(words), "{yaml}\n{}", fault.message);
        assert_eq!(fault.kind, MapFaultKind::Document);
    }
}

/// Snapshots of other schemes, as the store will answer them.
struct Mirrors;

impl Lookups for Mirrors {
    fn find(&self, source: &Source, by: &[(String, String)]) -> Result<Hits, String> {
        let (Source::Scheme(scheme), [(field, code)]) = (source, by) else { return Err("unexpected".into()) };
        let hit = |document: Value| Hits::One(Hit { origin: code.clone(), document });
        Ok(match (scheme.as_str(), field.as_str(), code.as_str()) {
            ("okki-products", "$.product_no", "M1") => {
                hit(json!({"product_id": json(super::BIG), "sku_items": [{"sku_id": 5}], "name": null, "unit": " "}))
            }
            ("okki-companies", "$.serial_id", "C1") => hit(json!({"company_id": 77})),
            ("okki-users", "$.employee_no", "E1") => hit(json!({"user_id": 88})),
            ("unread", ..) => Hits::NotReady,
            _ => Hits::Nothing,
        })
    }
}

fn mirror(yaml: &str, document: &str) -> Result<Mapped, MapFault> {
    compiled(yaml).evaluate(&json(document), None, &Mirrors)
}

#[test]
fn snapshots_of_other_schemes_are_read_by_path() {
    let by = "by: { $.product_no: $.m }";
    for (yaml, expected) in [
        (format!("a: {{ $lookup: okki-products, {by}, take: $.product_id }}"), format!(r#"{{"a":{}}}"#, super::BIG)),
        (format!("a: {{ $lookup: okki-products, {by}, take: \"$.sku_items[0].sku_id\" }}"), r#"{"a":5}"#.to_owned()),
        // What is there but null or blank is a miss, unless `take` says what stands for it.
        (format!("a: {{ $lookup: okki-products, {by}, take: $.name, miss: null }}"), r#"{"a":null}"#.to_owned()),
        (format!("a: {{ $lookup: okki-products, {by}, take: $.unit, miss: null }}"), r#"{"a":null}"#.to_owned()),
        (format!("a: {{ $lookup: okki-products, {by}, take: $.name | default('') }}"), r#"{"a":""}"#.to_owned()),
        (format!("{{a: {{ $lookup: okki-products, {by}, take: $.name | optional }}, b: 1}}"), r#"{"b":1}"#.to_owned()),
        (format!("{{a: {{ $lookup: okki-products, {by}, take: $.none | optional }}, b: 1}}"), r#"{"b":1}"#.to_owned()),
        // A look-up by what another found.
        (
            format!(
                "a: {{ $lookup: okki-companies, by: {{ $.serial_id: {{ $lookup: okki-products, {by}, take: $.c | default(C1) }} }}, take: $.company_id }}"
            ),
            r#"{"a":77}"#.to_owned(),
        ),
    ] {
        assert_eq!(mirror(&yaml, r#"{"m":"M1"}"#).unwrap().payload.to_string(), expected, "{yaml}");
    }
    let fault = mirror(&format!("a: {{ $lookup: okki-products, {by}, take: $.none }}"), r#"{"m":"M1"}"#).unwrap_err();
    assert_eq!((fault.path.as_str(), fault.kind), ("a", MapFaultKind::Document));
}

#[test]
fn rule_16_blank_or_null_in_a_snapshot_is_a_miss_as_in_a_table() {
    let taken = |take: &str, miss: &str| {
        let yaml = format!("a: {{ $lookup: okki-products, by: {{ $.product_no: $.m }}, take: {take}, miss: {miss} }}");
        mirror(&yaml, r#"{"m":"M1"}"#).unwrap_err()
    };
    let yaml = "a: { $lookup: okki-products, by: { $.product_no: $.m }, take: $.unit, miss: null }";
    let kept = mirror(yaml, r#"{"m":"M1"}"#).unwrap().looked_up;
    assert!(gives_the_same(&kept[0], &Mirrors), "what is blank there is kept as null, and not stale");
    for take in ["$.name", "$.unit", "$.unit | blank", "$.unit | trim"] {
        let fault = taken(take, "reject");
        let words = format!("a: `okki-products` has `$.product_no` = `M1` (M1), but `{take}` is blank there");
        assert_eq!(fault.to_string(), words);
        assert!(matches!(fault.kind, MapFaultKind::Missing(_)), "{fault:?}");
        assert!(matches!(taken(take, "wait").kind, MapFaultKind::Waiting { .. }));
    }
}

#[test]
fn rule_16_a_miss_waits_where_it_may_and_while_the_mirror_is_not_read() {
    let wait = |scheme: &str, rest: &str| format!("{{ $lookup: {scheme}, by: {{ $.k: $.m }}, take: $.x, {rest} }}");
    let kind = |values: &[String]| {
        let yaml: Vec<_> = values.iter().enumerate().map(|(n, value)| format!("v{n}: {value}\n")).collect();
        mirror(&yaml.concat(), r#"{"m":"M9"}"#).unwrap_err().kind
    };
    let plain = wait("read", "miss: wait");
    let day = wait("read", "miss: wait, for: 24h");
    let hour = wait("read", "miss: wait, for: 1h");
    let unread = wait("unread", "miss: null");
    let reject = wait("read", "miss: reject");
    for (values, expected) in [
        (vec![plain.clone()], "waiting 1 None"),
        (vec![plain.clone(), day, hour], "waiting 3 Some(3600s)"),
        (vec![unread.clone()], "not ready 1"),
        (vec![unread.clone(), plain.clone()], "waiting 1 None"),
        (vec![unread, plain, reject], "missing 1"),
    ] {
        let told = match kind(&values) {
            MapFaultKind::Waiting { misses, at_most } => format!("waiting {} {at_most:?}", misses.len()),
            MapFaultKind::NotReady(misses) => format!("not ready {}", misses.len()),
            MapFaultKind::Missing(misses) => format!("missing {}", misses.len()),
            MapFaultKind::Document => "document".to_owned(),
        };
        assert_eq!(told, expected, "{values:?}");
    }
    assert_eq!(Duration::from_secs(3600), crate::clock::read_duration("1h").unwrap());
}

#[test]
fn a_miss_within_by_is_told_alone() {
    let yaml = "a: { $lookup: okki-companies, by: { $.serial_id: { $lookup: okki-products, by: { $.product_no: X }, take: $.y } }, take: $.z }";
    let fault = mirror(yaml, "{}").unwrap_err();
    assert_eq!(fault.to_string(), "a: `okki-products` has nothing with `$.product_no` = `X`");
}

/// interface.md section 4, the second scheme.
#[test]
fn the_order_of_the_interface_is_mapped() {
    let yaml = r#"
order_no: $.FBillNo
name: "{{ $.FBillNo }} {{ $.FCustId_FName }}"
account_date: $.FDate | date
currency: "$.FSettleCurrId_FNumber | map({PRE001: CNY, PRE007: USD})"
exchange_rate: $.FExchangeRate | mul(100) | string
company_id: { $lookup: okki-companies, by: { $.serial_id: $.FCustId_FNumber }, take: $.company_id, miss: wait }
users:
  - { user_id: { $lookup: okki-users, by: { $.employee_no: $.FSalerId_FNumber }, take: $.user_id, miss: reject }, rate: 100 }
product_list:
  $each: $.FSaleOrderEntry[*]
  $key: "@.FSaleOrderEntry_FEntryID"
  product_id: { $lookup: okki-products, by: { $.product_no: "@.FMaterialId_FNumber" }, take: $.product_id, miss: wait }
  sku_id: { $lookup: okki-products, by: { $.product_no: "@.FMaterialId_FNumber" }, take: "$.sku_items[0].sku_id", miss: wait }
  count: "@.FQty | string"
  unit_price: "@.FTaxPrice | string"
  cost_amount: "@.FAllAmount | string"
cost_list:
  - { $when: "($.物流费 | default(0)) != 0", cost_name: 物流费, percent_type: "0", percent_amount: "$.物流费 | string", cost: "$.物流费 | string" }
remark: ""
"5094664372713": 已审核
"#;
    let document = |freight: &str| {
        format!(
            r#"{{"FBillNo":"XSDD1","FCustId_FName":"客户甲","FDate":"2026-11-02T00:00:00","FSettleCurrId_FNumber":"PRE007",
            "FExchangeRate":7.1234,"FCustId_FNumber":"C1","FSalerId_FNumber":"E1","物流费":{freight},"FSaleOrderEntry":[
            {{"FSaleOrderEntry_FEntryID":11,"FMaterialId_FNumber":"M1","FQty":2.0,"FTaxPrice":9.90,"FAllAmount":19.80}},
            {{"FSaleOrderEntry_FEntryID":12,"FMaterialId_FNumber":"M1","FQty":1,"FTaxPrice":9.90,"FAllAmount":9.90}}]}}"#
        )
    };
    let expected = |costs: &str| {
        let line = |count: &str, amount: &str| {
            format!(
                r#"{{"product_id":{},"sku_id":5,"count":"{count}","unit_price":"9.90","cost_amount":"{amount}"}}"#,
                super::BIG
            )
        };
        format!(
            r#"{{"order_no":"XSDD1","name":"XSDD1 客户甲","account_date":"2026-11-02","currency":"USD","exchange_rate":"712.34","company_id":77,"users":[{{"user_id":88,"rate":100}}],"product_list":[{},{}],"cost_list":[{costs}],"remark":"","5094664372713":"已审核"}}"#,
            line("2.0", "19.80"),
            line("1", "9.90")
        )
    };
    let cost = r#"{"cost_name":"物流费","percent_type":"0","percent_amount":"8.50","cost":"8.50"}"#;
    for (freight, costs) in [("8.50", cost), ("0.00", ""), ("null", "")] {
        let mapped = mirror(yaml, &document(freight)).unwrap();
        assert_eq!(mapped.payload.to_string(), expected(costs));
        assert_eq!(mapped.lines[0].keys, ["11", "12"]);
    }
}
