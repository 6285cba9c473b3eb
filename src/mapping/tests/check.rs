use std::collections::BTreeMap;

use super::{assert_begins, compiled, told};
use crate::fault::Fault;
use crate::mapping::{Fields, Mapping, condition_reads};
use crate::query::{Condition, Query};

/// What a fault at the document's root lists.
const ROOT: &str = "known are `header`, `io_id`, `items`, `modified`, `pics`, `raw`, `so_id`";

fn known() -> Fields {
    Fields::from_names([
        "io_id",
        "so_id",
        "modified",
        "items[].ioi_id",
        "items[].sku_id",
        "items[].qty",
        "items[].serials[].sn",
        "header.note",
        "pics[]",
        "raw.*",
    ])
}

/// The faults that a check finds in a compiled mapping.
fn found(yaml: &str, check: impl Fn(&Mapping, &mut Vec<Fault>)) -> String {
    let mut faults = Vec::new();
    check(&compiled(yaml), &mut faults);
    told(&faults)
}

fn unknown(yaml: &str) -> String {
    found(yaml, |mapping, faults| mapping.check_fields(&known(), faults))
}

#[test]
fn paths_to_fields_not_read_are_faults_with_the_nearest_name() {
    assert_begins(
        unknown,
        [
            ("a: $.io_id | string", String::new()),
            ("a: $.raw.any[0].thing", String::new()),
            ("a: { $each: \"$.pics[*]\", b: \"@\" }", String::new()),
            ("a: \"$.pics[0]\"", String::new()),
            ("a: \"$..sn\"", String::new()),
            ("a: \"$.items[*].*\"", String::new()),
            ("a: \"$.items[1:2].qty\"", String::new()),
            ("a: $", String::new()),
            ("a: \"@.io_id\"", String::new()),
            ("{ a: $receipt.id, b: \"$receipt.lines['FEntity']\" }", String::new()),
            (
                "a: $receipt.idd",
                "1:13: unknown field `idd`: did you mean `id`? known are `id`, `lines`, `number`".into(),
            ),
            ("a: $.ioid", format!("1:6: unknown field `ioid`: did you mean `io_id`? {ROOT}")),
            ("a: \"$.ioid\"", format!("1:7: unknown field `ioid`: did you mean `io_id`? {ROOT}")),
            ("a: \"{{ $.ioid }} {{ $.so_id }}\"", format!("1:10: unknown field `ioid`: did you mean `io_id`? {ROOT}")),
            ("a: $.warehouse", format!("1:6: unknown field `warehouse`: {ROOT}")),
            ("a: $.header.nothing", "1:13: unknown field `nothing`: known are `note`".into()),
            ("a: $.io_id.x", "1:12: unknown field `x`: there are no fields here, in `$.io_id.x`".into()),
            (
                "a: $.items.qty",
                "1:12: `qty` is a field of a list's elements: write `[*]` before it in `$.items.qty`".into(),
            ),
            ("a: \"$..snn\"", String::new()), // It may stand in `raw`.
            ("a: \"$.items..snn\"", "1:14: unknown field `snn`: did you mean `sn`?".into()),
            ("a: $.so_id | default($.ioid)", format!("1:24: unknown field `ioid`: did you mean `io_id`? {ROOT}")),
        ],
    );
}

#[test]
fn paths_in_lists_are_checked_against_the_elements() {
    assert_begins(
        unknown,
        [
            (
                "a: { $each: \"$.items[*]\", b: \"@.skuid\" }",
                "1:33: unknown field `skuid`: did you mean `sku_id`? known are `ioi_id`, `qty`, `serials`, `sku_id`"
                    .into(),
            ),
            (
                "a: { $each: $.items, b: \"@.sku_id\", c: \"@.skuid\" }",
                "1:43: unknown field `skuid`: did you mean `sku_id`?".into(),
            ),
            (
                "a: { $each: \"$.items[*]\", b: { $each: \"@.serials[*]\", c: \"@.sn\", d: \"@@.qty\", e: $.io_id } }",
                String::new(),
            ),
            (
                "a: { $each: \"$.items[*]\", b: { $each: \"@.serials[*]\", c: \"@@.sn\" } }",
                "1:62: unknown field `sn`: known are `ioi_id`, `qty`, `serials`, `sku_id`".into(),
            ),
            (
                "a: { $each: \"$.items[*]\", b: \"@@.qty\" }",
                "1:31: `@@` stands in 1 `$each`, not in 2: the document is `$`".into(),
            ),
            ("a: \"@@.qty\"", "1:5: `@@` stands in no `$each`: the document is `$`".into()),
            // A slip in $each is told once, not for all below.
            (
                "a: { $each: \"$.itmes[*]\", b: \"@.x\", c: \"@.y\" }",
                format!("1:16: unknown field `itmes`: did you mean `items`? {ROOT}"),
            ),
            // Everywhere an expression stands.
            (
                "a: { $each: \"$.items[*]\", $key: \"@.k\", $when: \"@.w == 1\", b: 1 }",
                "1:50: unknown field `w`\n1:36: unknown field `k`".into(),
            ),
            (
                "a: { $if: $.i == 1, then: $.j, else: [$.k] }",
                "1:13: unknown field `i`\n1:29: unknown field `j`\n1:41: unknown field `k`".into(),
            ),
            ("a: { $lookup: table.x, by: { y: $.z }, take: v }", "1:35: unknown field `z`".into()),
            ("a: \"$.items[?@.qtty > 1].sku_id\"", "1:16: unknown field `qtty`: did you mean `qty`?".into()),
        ],
    );
}

#[test]
fn keys_numbers_and_conditions_are_checked_alike() {
    let query = |text: &str| Query::parse(text).unwrap();
    assert_eq!(known().check_query(&query("$.io_id"), &[]), Ok(()));
    let slip = known().check_query(&query("$.ioid"), &[]).unwrap_err();
    assert_eq!(slip.offset, 2);
    let input = known().of_condition();
    for (condition, expected) in [
        ("@.after.so_id == 'x' || @.before.io_id == 1", None),
        ("@.kind == 'created' && @.receipt.id != null && @.changed[?@.path == '$.so_id' && @.to == 'x']", None),
        ("@.before == null", None),
        ("@.changed[?@.path == '$.items[*]' || @.path == '$.items[*].qty']", None),
        ("@.changed[?@.path == '$.items.qty']", Some("write `[*]` before it in `$.items.qty`")),
        ("@.changed[?@.path == '$.so_idd']", Some("did you mean `so_id`?")),
        ("@.after.soid == 'x'", Some("did you mean `so_id`?")),
        ("@.so_id == 'x'", Some("known are `after`, `before`, `changed`, `kind`, `receipt`")),
    ] {
        let condition = Condition::parse(condition).unwrap().over_change();
        let slips = condition.queries().into_iter().filter_map(|query| input.check_query(query, &[]).err());
        let slips: Vec<_> = slips.map(|slip| slip.message).collect();
        match expected {
            None => assert!(slips.is_empty(), "{slips:?}"),
            Some(words) => assert!(slips.iter().any(|slip| slip.contains(words)), "{slips:?}"),
        }
    }
}

#[test]
fn rule_09_a_mapping_that_reads_an_ignored_path_is_a_fault() {
    let ignore: Vec<_> =
        ["$.modified", "$.items[*].qty", "$.header"].iter().map(|path| Query::parse(path).unwrap()).collect();
    let ignored = |yaml: &str| found(yaml, |mapping, faults| mapping.check_ignored(&ignore, faults));
    assert_begins(
        ignored,
        [
            ("a: $.so_id", ""),
            ("a: \"$.items[*] | count\"", ""),
            ("a: { $each: \"$.items[*]\", b: \"@.sku_id\" }", ""),
            (
                "a: $.modified | date",
                "1:4: `$.modified` reads `$.modified`, which `diff.ignore` leaves out of every change",
            ),
            ("a: \"x {{ $.modified }}\"", "1:10: `$.modified` reads `$.modified`"),
            ("a: \"$.items[0].qty\"", "1:5: `$.items[0].qty` reads `$.items[*].qty`"),
            ("a: { $each: \"$.items[*]\", b: \"@.qty\" }", "1:31: `@.qty` reads `$.items[*].qty`"),
            ("a: { $each: $.items, b: \"@.qty\" }", "1:26: `@.qty` reads `$.items[*].qty`"),
            (
                "a: { $each: \"$.items[*]\", b: { $each: \"@.serials[*]\", c: \"@@.qty\" } }",
                "1:59: `@@.qty` reads `$.items[*].qty`",
            ),
            ("a: $.header.note", "1:4: `$.header.note` reads `$.header`"),
            ("a: \"$..qty\"", "1:5: `$..qty` reads `$.items[*].qty`"),
            ("a: \"$.items[*].*\"", "1:5: `$.items[*].*` reads `$.items[*].qty`"),
            // A copy of what holds an ignored path, through what keeps it or takes it up.
            ("a: \"{{ $.items }}\"", "1:8: `$.items` reads `$.items[*].qty`"),
            ("a: $.items | default('')", "1:4: `$.items` reads `$.items[*].qty`"),
            ("a: $.so_id | default($.items)", "1:22: `$.items` reads `$.items[*].qty`"),
            ("a: \"$.so_id | map({x: $.items}, none)\"", "1:23: `$.items` reads `$.items[*].qty`"),
            ("a: $.items | first", "1:4: `$.items` reads `$.items[*].qty`"),
            ("a: \"$.items[*] | last | optional\"", "1:5: `$.items[*]` reads `$.items[*].qty`"),
            ("a: \"{{ $.items | blank }}\"", "1:8: `$.items` reads `$.items[*].qty`"),
            ("a: { $each: \"$.items[*]\", b: \"{{ @ }}\" }", "1:34: `@` reads `$.items[*].qty`"),
            ("a: \"{{ $.items | count }} lines\"", ""),
            ("a: { $if: \"count($.items[*]) > 1\", then: 1 }", ""),
            ("a: $.items", "1:4: `$.items` reads `$.items[*].qty`"),
            ("a: { $each: \"$.items[*]\", b: \"@\" }", "1:31: `@` reads `$.items[*].qty`"),
            ("a: { $lookup: table.x, by: { y: $.modified }, take: v }", "1:33: `$.modified` reads"),
        ],
    );
    let ignore_ts = [Query::parse("$..ts").unwrap()];
    let ignored =
        found("{ a: $.so_id, b: \"$.items[*].ts\", c: $.ts.x }", |m, faults| m.check_ignored(&ignore_ts, faults));
    assert_eq!(ignored.lines().count(), 2, "{ignored}");
    let reads = |path: &str| condition_reads(&Query::parse(path).unwrap(), &ignore[0]);
    assert!(reads("@.after.modified") && reads("$.before.modified") && reads("@.after..modified"));
    let named = Condition::parse("@.changed[?@.path == '$.modified']").unwrap().over_change();
    let named: Vec<_> = named.queries().into_iter().filter(|query| condition_reads(query, &ignore[0])).collect();
    assert_eq!(named.iter().map(|query| query.text()).collect::<Vec<_>>(), ["$.modified"]);
    assert!(!reads("@.after.so_id") && !reads("@.changed") && !reads("@.after"));
}

#[test]
fn lists_without_keys_are_faults_where_the_target_can_update() {
    let yaml =
        "a: { $each: \"$.x[*]\", $key: \"@.i\", b: { $each: \"@.y[*]\", c: 1 } }\nd: { $each: \"$.z[*]\", e: 1 }\n";
    let words = "`$each` needs `$key` beside it, naming the source line: an update changes lines by it";
    let keyless = found(yaml, Mapping::check_keys);
    assert_eq!(keyless, format!("1:48: {words}\n2:13: {words}"));
}

#[test]
fn look_ups_are_checked_against_tables_and_fields() {
    let mut known = BTreeMap::new();
    known.insert("table.shops".to_owned(), Some(Fields::of_columns(["shop_id", "customer.no"])));
    known.insert("okki-products".to_owned(), Some(Fields::from_names(["product_no", "skus[].sku_id"])));
    known.insert("anything".to_owned(), None);
    let looked_up = |yaml: &str| found(yaml, |mapping, faults| mapping.check_lookups(&known, faults));
    assert_begins(
        looked_up,
        [
            ("a: { $lookup: table.shops, by: { shop_id: 1 }, take: customer.no }", ""),
            ("a: { $lookup: okki-products, by: { $.product_no: 1 }, take: \"$.skus[0].sku_id\" }", ""),
            ("a: { $lookup: anything, by: { $.x: 1 }, take: $.y }", ""),
            (
                "a: { $lookup: table.shop, by: { shop_id: 1 }, take: x }",
                "1:15: unknown table `table.shop`: did you mean `table.shops`? known are `anything`, `okki-products`, `table.shops`",
            ),
            (
                "a: { $lookup: okki-product, by: { $.x: 1 }, take: $.x }",
                "1:15: unknown scheme `okki-product`: did you mean `okki-products`?",
            ),
            (
                "a: { $lookup: table.shops, by: { shopid: 1 }, take: customer }",
                "1:34: `table.shops` has no column `shopid`: did you mean `shop_id`? known are `customer.no`, `shop_id`\n1:53: `table.shops` has no column `customer`",
            ),
            (
                "a: { $lookup: okki-products, by: { $.productno: 1 }, take: \"$.skus[0].id\" }",
                "1:36: in `okki-products`: unknown field `productno`: did you mean `product_no`?\n1:60: in `okki-products`: unknown field `id`",
            ),
        ],
    );
}
