use super::{assert_begins, node, told};
use crate::mapping::{Mapping, OnMiss, Source, Take};

fn faults(yaml: &str) -> String {
    let mut faults = Vec::new();
    let mapping = Mapping::compile(&node(yaml), &mut faults);
    assert_eq!(mapping.is_none(), !faults.is_empty(), "{yaml}");
    told(&faults)
}

/// Each case lists the beginnings of the faults, one a line.
#[test]
fn every_fault_is_told_at_its_position() {
    let operators = "allowed are `$each`, `$key`, `$when`, `$if`, `$lookup`, `$const`";
    assert_begins(
        faults,
        [
            ("a: 1\n$foo: 2\n", format!("2:1: `$foo` is not a key of a mapping that begins with `$`: {operators}")),
            (
                "a:\n  $ech: $.b\n",
                format!(
                    "2:3: `$ech` is not a key of a mapping that begins with `$`: did you mean `$each`? {operators}"
                ),
            ),
            ("- a\n", "1:1: a mapping has the shape of the target document: keys and values, not a list".into()),
            ("$.a", "1:1: a mapping has the shape of the target document: keys and values, not a text".into()),
            ("$when: $.a == 1\na: 1\n", "1:1: `$when` has nothing here to be left out of".into()),
            ("a: { $if: $.b == 1 }\n", "1:4: `$if` needs `then`".into()),
            (
                "a: { $if: $.b == 1, then: 1, els: 2 }\n",
                "1:30: `els` is not a key beside `$if`: did you mean `else`? allowed are `then`, `else`, `$when`"
                    .into(),
            ),
            ("a: { $const: 1, b: 2 }\n", "1:17: `b` is not a key beside `$const`: allowed are `$when`".into()),
            (
                "a: { $each: \"$.b[*]\", $if: $.c == 1, then: 1 }\n",
                "1:23: `$each` and `$if` can't stand in one object".into(),
            ),
            ("a: { $key: $.b, c: 1 }\n", "1:6: `$key` stands beside `$each` and nowhere else".into()),
            (
                "a: { $if: $.b == 1, then: 1, $key: $.c }\n",
                "1:30: `$key` stands beside `$each` and nowhere else".into(),
            ),
            ("a: { $each: \"$.b[*]\" }\n", "1:4: `$each` needs sibling keys".into()),
            (
                "a:\n  - $each: $.b[*]\n    c: \"@.d\"\n",
                "2:5: `$each` gives a list itself: write it without `-`".into(),
            ),
            (
                "a: [1, { $if: $.b == 1, then: 2, else: { $each: \"$.b[*]\", c: 1 } }]\n",
                "1:8: `$each` gives a list itself".into(),
            ),
            ("a: [{ b: { $each: \"$.b[*]\", c: 1 } }]\n", String::new()),
            ("a: { $each: [1], b: 1 }\n", "1:13: a list stands where a query is expected".into()),
            (
                "a: { $each: \"$.b | first\", b: 1 }\n",
                "1:14: `$each` takes a query and at most `| optional` behind it".into(),
            ),
            ("a: { $when: { b: 1 } }\n", "1:13: a mapping stands where a condition is expected".into()),
            // Several at once, in the order written.
            (
                "a: { $foo: 1 }\nb:\n  - { $if: $.c == 1 }\n  - { $key: $.d }\n",
                "1:6: `$foo` is not\n3:5: `$if` needs `then`\n4:7: `$key` stands".into(),
            ),
        ],
    );
}

#[test]
fn every_fault_of_a_look_up_is_told_at_its_position() {
    assert_begins(
        faults,
        [
            ("a: { $lookup: table.b }\n", "1:4: `$lookup` needs `by`\n1:4: `$lookup` needs `take`"),
            ("a: { $lookup: table., by: { b: 1 }, take: c }\n", "1:15: `$lookup` names a table"),
            (
                "a: { $lookup: [b], by: { b: { $foo: 1 } }, take: c }\n",
                "1:15: `$lookup` names a table\n1:31: `$foo` is not",
            ),
            (
                "a: { $lookup: table.b, by: { c: 1 }, take: d, miss: skip, many: last, for: 3 }\n",
                "1:65: `many` allows `first`\n1:76: `for` is a duration\n1:53: `miss` allows",
            ),
            ("a: { $lookup: table.b, by: { c: 1 }, take: d, miss: skip }\n", "1:53: `miss` allows `reject`"),
            ("a: { $lookup: table.b, by: { c: 1 }, take: d, for: 24h }\n", "1:52: `for` stands beside `miss: wait`"),
            ("a: { $lookup: table.b, by: {}, take: d, miss: null }\n", "1:28: `by` names what must be equal"),
            (
                "a: { $lookup: table.b, by: { $.c.d: 1 }, take: $.e.f }\n",
                "1:30: `$.c.d` is no column of a table\n1:48: `$.e.f` is no column",
            ),
            ("a: { $lookup: b, by: { c: 1 }, take: $.d }\n", "1:24: `c` in `by`: "),
            (
                "a: { $lookup: b, by: { \"$.c[*]\": 1 }, take: $.d }\n",
                "1:24: `$.c[*]` in `by`: it is no path to one value",
            ),
            ("a: { $lookup: b, by: { $.c: 1 }, take: \"@.d\" }\n", "1:41: `take` reads the looked-up document"),
            (
                "a: { $lookup: b, by: { $.c: 1 }, take: $.d, tke: 1 }\n",
                "1:45: `tke` is not a key beside `$lookup`: did you mean `take`?",
            ),
        ],
    );
}

/// The slip's own words belong to the query; the position in the file is ours.
#[test]
fn slips_of_expressions_point_into_the_scalar() {
    for (yaml, position) in [
        ("a: $.b | nosuch\n", "1:10"),
        ("a: \"$.b | nosuch\"\n", "1:11"),
        ("a:\n  - b: '$.b | nosuch'\n", "2:15"),
        ("a: \"x {{ $.b | nosuch }}\"\n", "1:16"),
        ("a: { $each: \"$.b[*]\", $key: \"@.c | nosuch\", d: 1 }\n", "1:36"),
    ] {
        let told = faults(yaml);
        assert!(told.starts_with(&format!("{position}: ")), "{yaml}{told}");
    }
}

#[test]
fn a_text_that_only_looks_like_a_query_is_told_how_a_literal_is_written() {
    for yaml in ["a: $5\n", "a: \"$$\"\n", "a: \"@home\"\n"] {
        let told = faults(yaml);
        assert!(told.contains("{ $const: '"), "{yaml}{told}");
    }
    assert!(!faults("a: $.b | nosuch\n").contains("$const"));
}

#[test]
fn a_secret_is_never_mapped() {
    use crate::scheme::tree::{Name, Node, Value};
    let mut root = node("a: 1\nb: { $const: 1 }\n");
    let secret = || Value::Secret(crate::secret::Secret::new("hidden"));
    let Value::Map(entries) = &mut root.value else { panic!("a mapping") };
    entries[0].1.value = secret();
    let at = entries[1].1.at.clone();
    entries[1].1.value = Value::Map(vec![(
        Name { at: at.clone(), text: "$const".into() },
        Node { at, value: Value::List(vec![Node { at: entries[0].0.at.clone(), value: secret() }]) },
    )]);
    let mut faults = Vec::new();
    assert!(Mapping::compile(&root, &mut faults).is_none());
    let words = "a secret can't be mapped: payloads are stored and shown";
    assert_eq!(told(&faults), format!("1:4: {words}\n1:1: {words}"));
}

/// The reader of files is bounded too; this bound holds whatever made the tree.
#[test]
fn nesting_is_bounded() {
    use crate::scheme::tree::Value;
    let nested = |key: &str, depth: usize| {
        let mut root = node(&format!("{key}: 1\n"));
        let Value::Map(entries) = &mut root.value else { panic!("a mapping") };
        for _ in 0..depth {
            let inner = entries[0].1.clone();
            entries[0].1.value = Value::List(vec![inner]);
        }
        let mut faults = Vec::new();
        Mapping::compile(&root, &mut faults);
        told(&faults)
    };
    for (key, at) in [("a", "1:4"), ("$const", "1:9")] {
        assert_eq!(nested(key, 63), "", "{key}");
        assert_eq!(nested(key, 64), format!("{at}: a mapping nests at most 64 deep"), "{key}");
        assert_eq!(nested(key, 300), format!("{at}: a mapping nests at most 64 deep"), "{key}");
    }
}

#[test]
fn look_ups_compile_with_all_they_say() {
    let mapping = super::compiled(concat!(
        "a: { $lookup: table.shops, by: { $.shop_id: $.s, kind: '1' }, take: $.customer, many: first }\n",
        "b: { $lookup: okki-products, by: { $.product_no: $.p }, take: '$.skus[0].id | string', miss: wait, for: 24h }\n",
        "c: { $lookup: okki-products, by: { $.product_no: $.p }, take: $.id, miss: null }\n",
    ));
    let lookups = mapping.lookups();
    let [table, scheme, nullable] = lookups.as_slice() else { panic!("three look-ups") };
    assert_eq!(table.source, Source::Table("shops".into()));
    assert_eq!(table.by.iter().map(|by| by.field.as_str()).collect::<Vec<_>>(), ["shop_id", "kind"]);
    assert!(matches!(&table.take, Take::Column(column) if column == "customer"));
    assert_eq!((table.first, table.miss), (true, OnMiss::Reject));
    assert_eq!(scheme.source, Source::Scheme("okki-products".into()));
    assert_eq!(scheme.by[0].path.as_ref().unwrap().text(), "$.product_no");
    assert!(matches!(&scheme.take, Take::Path(_)));
    assert_eq!((scheme.first, scheme.miss), (false, OnMiss::Wait(Some(std::time::Duration::from_secs(86_400)))));
    assert_eq!(nullable.miss, OnMiss::Null);
}
