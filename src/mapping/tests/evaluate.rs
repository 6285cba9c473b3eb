use serde_json::json;

use super::{compiled, json, map};
use crate::mapping::{LineList, MapFaultKind, Tables};

const SHIPMENT: &str = r#"{
    "io_id": 1009007199254740993, "so_id": "SO-1", "io_date": "2026-11-02 10:11:12", "shop_id": 10101,
    "labels": "加急,礼品", "free_amount": 0.00, "none": null, "blank": " ",
    "items": [
        {"ioi_id": 7001, "sku_id": "A-1", "qty": 2, "sale_price": 12.50, "sale_amount": 25.00, "gift": false,
         "serials": [{"sn": "x1"}, {"sn": "x2"}]},
        {"ioi_id": 7002, "sku_id": "A-1", "qty": 1, "sale_price": 12345678901234567.89, "sale_amount": 1.10, "gift": true,
         "serials": []},
        {"ioi_id": 7003, "sku_id": "B-2", "qty": 9007199254740993, "sale_price": 0, "sale_amount": 0.0, "gift": false,
         "serials": [{"sn": "y1"}]}
    ],
    "tags": ["a", "b"], "empty": []
}"#;

#[test]
fn a_mapping_gives_the_shape_it_has() {
    for (yaml, expected) in [
        // Literals are read from their source text.
        ("a: 1.10", r#"{"a":1.10}"#),
        ("a: '100'", r#"{"a":"100"}"#),
        ("a: 100", r#"{"a":100}"#),
        ("a: 12345678901234567890.123456789012345678900", r#"{"a":12345678901234567890.123456789012345678900}"#),
        ("a: -0.0", r#"{"a":-0.0}"#),
        ("a: 0755", r#"{"a":"0755"}"#),
        ("a: +5", r#"{"a":"+5"}"#),
        ("a: 1_000", r#"{"a":"1_000"}"#),
        ("a: .5", r#"{"a":".5"}"#),
        ("a: 5.", r#"{"a":"5."}"#),
        ("a: .inf", r#"{"a":".inf"}"#),
        (
            "{a: true, b: false, c: null, d: ~, e: 'true', f: True, g: yes, h: ''}",
            r#"{"a":true,"b":false,"c":null,"d":null,"e":"true","f":"True","g":"yes","h":""}"#,
        ),
        ("FBillTypeID: { FNumber: XSCKD01_SYS }", r#"{"FBillTypeID":{"FNumber":"XSCKD01_SYS"}}"#),
        ("\"5094664372713\": 已审核", r#"{"5094664372713":"已审核"}"#),
        // Key order is the mapping's.
        ("{z: 1, a: 2, m: 3}", r#"{"z":1,"a":2,"m":3}"#),
        // Queries, pipes, templates.
        ("a: $.so_id", r#"{"a":"SO-1"}"#),
        ("a: $.io_id", r#"{"a":1009007199254740993}"#),
        ("a: $.io_id | string", r#"{"a":"1009007199254740993"}"#),
        ("a: \"$.items[1].sale_price\"", r#"{"a":12345678901234567.89}"#),
        ("a: \"$.items[*].qty\"", r#"{"a":[2,1,9007199254740993]}"#),
        ("a: \"@.so_id\"", r#"{"a":"SO-1"}"#),
        ("a: \"{{ $.so_id }}-{{ $.shop_id }}\"", r#"{"a":"SO-1-10101"}"#),
        ("a: \"{{ $.free_amount }}\"", r#"{"a":0.00}"#),
        ("a: $.none", r#"{"a":null}"#),
        ("{a: $.nothing | optional, b: 1}", r#"{"b":1}"#),
        // Lists.
        ("a: [1, $.so_id, [x], { b: $.shop_id }]", r#"{"a":[1,"SO-1",["x"],{"b":10101}]}"#),
        ("a: [$.nothing | optional, 1]", r#"{"a":[1]}"#),
        ("a: []", r#"{"a":[]}"#),
        ("a: {}", r#"{"a":{}}"#),
        ("a: [{ $when: $.shop_id == 1, b: 1 }, { $when: $.shop_id == 10101, b: 2 }]", r#"{"a":[{"b":2}]}"#),
        // $when in its parent.
        ("{a: { $when: $.shop_id == 1, b: 1 }, c: 1}", r#"{"c":1}"#),
        ("{a: { $when: $.shop_id == 10101, b: 1 }, c: 1}", r#"{"a":{"b":1},"c":1}"#),
        ("a: { $when: $.shop_id == 10101, $const: $5 }", r#"{"a":"$5"}"#),
        // $if.
        ("a: { $if: $.shop_id > 1, then: $.so_id, else: 0 }", r#"{"a":"SO-1"}"#),
        ("a: { $if: $.shop_id < 1, then: $.so_id, else: { b: [1] } }", r#"{"a":{"b":[1]}}"#),
        ("{a: { $if: $.shop_id < 1, then: 1 }, b: 2}", r#"{"b":2}"#),
        ("a: [{ $if: $.shop_id < 1, then: 1 }, 2]", r#"{"a":[2]}"#),
        // $const.
        ("a: { $const: $5 }", r#"{"a":"$5"}"#),
        ("a: { $const: '{{ x }}' }", r#"{"a":"{{ x }}"}"#),
        ("a: { $const: 1.10 }", r#"{"a":1.10}"#),
        ("a: { $const: [$.a, { $each: 1 }, null] }", r#"{"a":["$.a",{"$each":1},null]}"#),
        // The whole payload.
        ("{ $if: $.shop_id > 1, then: { a: 1 }, else: { b: 2 } }", r#"{"a":1}"#),
        ("{ $each: \"$.tags[*]\", a: \"@\" }", r#"[{"a":"a"},{"a":"b"}]"#),
    ] {
        assert_eq!(map(yaml, SHIPMENT).unwrap().payload.to_string(), expected, "{yaml}");
    }
}

#[test]
fn each_gives_one_object_per_element() {
    for (yaml, expected) in [
        (
            "a: { $each: \"$.items[*]\", s: \"@.sku_id\", q: \"@.qty\" }",
            r#"{"a":[{"s":"A-1","q":2},{"s":"A-1","q":1},{"s":"B-2","q":9007199254740993}]}"#,
        ),
        // A list itself is as good as its elements.
        ("a: { $each: $.items, q: \"@.qty\" }", r#"{"a":[{"q":2},{"q":1},{"q":9007199254740993}]}"#),
        ("a: { $each: \"$.items[?@.gift == true]\", q: \"@.qty\" }", r#"{"a":[{"q":1}]}"#),
        ("a: { $each: \"$.items[?(@.nothing | default(1)) == @.qty]\", q: \"@.qty\" }", r#"{"a":[{"q":1}]}"#),
        // None gives [], or leaves the key out.
        ("{a: { $each: \"$.empty[*]\", b: 1 }, c: 2}", r#"{"a":[],"c":2}"#),
        ("{a: { $each: \"$.empty[*] | optional\", b: 1 }, c: 2}", r#"{"c":2}"#),
        ("{a: { $each: \"$.nothing[*]\", b: 1 }, c: 2}", r#"{"a":[],"c":2}"#),
        ("{a: { $each: \"$.nothing[*]|optional\", b: 1 }, c: 2}", r#"{"c":2}"#),
        ("{a: { $each: $.nothing | optional, b: 1 }, c: 2}", r#"{"c":2}"#),
        ("{a: { $each: $.none, b: 1 }, c: 2}", r#"{"a":[],"c":2}"#),
        ("{a: { $each: $.none | optional, b: 1 }, c: 2}", r#"{"c":2}"#),
        // $when per element.
        (
            "a: { $each: \"$.items[*]\", $when: \"@.gift == false\", q: \"@.qty\" }",
            r#"{"a":[{"q":2},{"q":9007199254740993}]}"#,
        ),
        // Nesting: @, @@, $.
        (
            "a: { $each: \"$.items[*]\", n: { $each: \"@.serials[*]\", sn: \"@.sn\", sku: \"@@.sku_id\", so: $.so_id } }",
            r#"{"a":[{"n":[{"sn":"x1","sku":"A-1","so":"SO-1"},{"sn":"x2","sku":"A-1","so":"SO-1"}]},{"n":[]},{"n":[{"sn":"y1","sku":"B-2","so":"SO-1"}]}]}"#,
        ),
        (
            "a: { $each: \"$.items[*]\", n: { $each: \"$.tags[*]\", m: { $each: \"@@.serials[*]\", x: \"{{@@@.qty}}{{@@}}{{@.sn}}\" } } }",
            r#"{"a":[{"n":[{"m":[{"x":"2ax1"},{"x":"2ax2"}]},{"m":[{"x":"2bx1"},{"x":"2bx2"}]}]},{"n":[{"m":[]},{"m":[]}]},{"n":[{"m":[{"x":"9007199254740993ay1"}]},{"m":[{"x":"9007199254740993by1"}]}]}]}"#,
        ),
        // An $each in an element of a list.
        ("a: [{ l: { $each: \"$.tags[*]\", t: \"@\" } }, 1]", r#"{"a":[{"l":[{"t":"a"},{"t":"b"}]},1]}"#),
    ] {
        assert_eq!(map(yaml, SHIPMENT).unwrap().payload.to_string(), expected, "{yaml}");
    }
}

#[test]
fn faults_name_the_place_in_the_mapping_and_what_is_wrong() {
    for (yaml, path, words) in [
        ("a: $.nothing", "a", "`$.nothing`"),
        (
            "FEntity: { $each: \"$.items[*]\", FMaterialID: { FNumber: \"@.skuid\" } }",
            "FEntity[0].FMaterialID.FNumber",
            "`@.skuid`",
        ),
        ("a: [1, { b: [$.nothing] }]", "a[1].b[0]", "`$.nothing`"),
        ("a: { $each: $.nothing, b: 1 }", "a", "`$each` `$.nothing` finds nothing in the document"),
        ("a: { $each: $.so_id, b: 1 }", "a", "`$each` `$.so_id` finds a text, it needs a list"),
        // The index is the source's, also behind elements that are left out.
        ("a: { $each: \"$.items[*]\", $when: \"@.ioi_id > 7001\", b: \"@.skuid\" }", "a[1].b", "`@.skuid`"),
        ("a: \"$.labels | integer\"", "a", "`$.labels"),
        ("{ $if: $.shop_id < 1, then: { a: 1 } }", "", "the mapping gives nothing for this document"),
    ] {
        let fault = map(yaml, SHIPMENT).unwrap_err();
        assert_eq!((fault.path.as_str(), &fault.kind), (path, &MapFaultKind::Document), "{yaml}");
        assert!(fault.message.contains(words), "{yaml}\n{}", fault.message);
    }
}

#[test]
fn rule_12_a_null_blank_or_duplicate_key_is_a_fault_of_the_document() {
    let document = r#"{"items":[{"a":1,"b":"1","c":" ","d":null,"e":[1]},{"a":"1","b":2,"c":"x","d":1,"e":[2]}]}"#;
    for (key, path, message) in [
        ("@.a", "L[1]", "`$key` `@.a`: `1` names two elements of the list"),
        ("@.c", "L[0]", "`$key` `@.c` is null or blank"),
        ("@.d", "L[0]", "`$key` `@.d` is null or blank"),
        ("@.e", "L[0]", "`$key` `@.e` gives a list, it needs a text or a number"),
        ("@.f | optional", "L[0]", "`$key` `@.f | optional` is null or blank"),
    ] {
        let yaml = format!("L: {{ $each: \"$.items[*]\", $key: \"{key}\", x: 1 }}");
        let fault = map(&yaml, document).unwrap_err();
        assert_eq!((fault.path.as_str(), fault.message.as_str()), (path, message));
        assert_eq!(fault.kind, MapFaultKind::Document);
    }
    let lines = map("L: { $each: \"$.items[*]\", $key: \"@.b\", x: 1 }", document).unwrap().lines;
    assert_eq!(lines, [LineList { path: vec!["L".into()], pointer: "/L".into(), keys: vec!["1".into(), "2".into()] }]);
    // A line that is left out has no key to keep.
    map("L: { $each: \"$.items[*]\", $when: \"@.d == 1\", $key: \"@.c\", x: 1 }", document).unwrap();
}

#[test]
fn the_lines_of_each_list_are_named_by_their_keys() {
    let yaml = concat!(
        "FEntity:\n  $each: $.items[*]\n  $key: \"@.ioi_id\"\n  $when: \"@.gift == false\"\n  FQty: \"@.qty\"\n",
        "  F/Sub:\n    $each: \"@.serials[*]\"\n    $key: \"@.sn\"\n    FSerialNo: \"@.sn\"\n",
        "Plain: { $each: \"$.items[*]\", Sub: { $each: \"@.serials[*]\", $key: \"@.sn\", s: \"@.sn\" } }\n",
        "None: { $each: \"$.empty[*]\", $key: \"@\", b: 1 }\n",
        "Out: { $each: \"$.empty[*] | optional\", $key: \"@\", b: 1 }\n",
    );
    let mapped = map(yaml, SHIPMENT).unwrap();
    let lists: Vec<_> = mapped
        .lines
        .iter()
        .map(|list| format!("{} {} {}", list.path.join("."), list.pointer, list.keys.join(",")))
        .collect();
    assert_eq!(
        lists,
        [
            "FEntity /FEntity 7001,7003",
            "FEntity.7001.F/Sub /FEntity/0/F~1Sub x1,x2",
            "FEntity.7003.F/Sub /FEntity/1/F~1Sub y1",
            "Plain.0.Sub /Plain/0/Sub x1,x2",
            "Plain.1.Sub /Plain/1/Sub ",
            "Plain.2.Sub /Plain/2/Sub y1",
            "None /None ",
        ]
    );
    for list in &mapped.lines {
        let there = mapped.payload.pointer(&list.pointer).unwrap().as_array().unwrap();
        assert_eq!(there.len(), list.keys.len(), "{}", list.pointer);
    }
}

#[test]
fn the_receipt_is_read_where_there_is_one() {
    let mapping = compiled("{ FID: $.io_id, F_PAEZ_OKKIID: $receipt.id | string }");
    let document = json(SHIPMENT);
    let mapped = mapping.evaluate(&document, Some(&json!({"id": "42"})), &Tables::default()).unwrap();
    assert_eq!(mapped.payload.to_string(), r#"{"FID":1009007199254740993,"F_PAEZ_OKKIID":"42"}"#);
    let fault = mapping.evaluate(&document, None, &Tables::default()).unwrap_err();
    assert_eq!(fault.path, "F_PAEZ_OKKIID");
}

/// interface.md section 4, the first scheme; two lines with one sku keep their own keys.
#[test]
fn the_shipment_of_the_interface_is_mapped() {
    let yaml = r#"
FBillTypeID: { FNumber: XSCKD01_SYS }
FBillNo: $.io_id | string
FDate: $.io_date | date
FSaleOrgId: { FNumber: "100" }
FCustomerID: { FNumber: "$.shop_id | string" }
FStockOrgId: { FNumber: "100" }
FNote: $.labels
SubHeadEntity:
  FSettleOrgID: { FNumber: "100" }
  FSettleCurrID: { FNumber: PRE001 }
  FAllDisCount: $.free_amount
FEntity:
  $each: $.items[*]
  $key: "@.ioi_id"
  FMaterialID: { FNumber: "@.sku_id" }
  FRealQty: "@.qty"
  FTaxPrice: "@.sale_price"
  FAllAmount: "@.sale_amount"
  FStockID: { FNumber: "1" }
"#;
    let mapped = map(yaml, SHIPMENT).unwrap();
    let line = |sku: &str, qty: &str, price: &str, amount: &str| {
        format!(
            r#"{{"FMaterialID":{{"FNumber":"{sku}"}},"FRealQty":{qty},"FTaxPrice":{price},"FAllAmount":{amount},"FStockID":{{"FNumber":"1"}}}}"#
        )
    };
    let lines = [
        line("A-1", "2", "12.50", "25.00"),
        line("A-1", "1", "12345678901234567.89", "1.10"),
        line("B-2", "9007199254740993", "0", "0.0"),
    ];
    let expected = format!(
        r#"{{"FBillTypeID":{{"FNumber":"XSCKD01_SYS"}},"FBillNo":"1009007199254740993","FDate":"2026-11-02","FSaleOrgId":{{"FNumber":"100"}},"FCustomerID":{{"FNumber":"10101"}},"FStockOrgId":{{"FNumber":"100"}},"FNote":"加急,礼品","SubHeadEntity":{{"FSettleOrgID":{{"FNumber":"100"}},"FSettleCurrID":{{"FNumber":"PRE001"}},"FAllDisCount":0.00}},"FEntity":[{}]}}"#,
        lines.join(",")
    );
    assert_eq!(mapped.payload.to_string(), expected);
    assert_eq!(mapped.lines[0].keys, ["7001", "7002", "7003"]);
}
