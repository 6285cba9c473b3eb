#![allow(clippy::unwrap_used)]

use serde_json::{Value, json};

use super::{Condition, Found, Outcome, Pipe, Query, Root, Scope, Step, Template};

/// A document as it arrives: read from text, so that numbers keep their digits.
fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn over(document: &Value) -> Scope<'_> {
    Scope { document, elements: &[], receipt: None }
}

fn holds(condition: &str, scope: &Scope<'_>) -> bool {
    match Condition::parse(condition) {
        Ok(parsed) => parsed.holds(scope).unwrap(),
        Err(slip) => panic!("{condition}: {} {}", slip.offset, slip.message),
    }
}

fn found(query: &str, scope: &Scope<'_>) -> Value {
    let query = Query::parse(query).unwrap_or_else(|slip| panic!("{query}: {} {}", slip.offset, slip.message));
    match query.find(scope) {
        Found::Nothing => json!("nothing"),
        Found::One(value) => value.clone(),
        Found::Many(values) => values.into_iter().cloned().collect(),
    }
}

#[test]
fn conditions_compare_exactly() {
    let document = parsed(
        r#"{"price": 1.10, "big": 100000000000000001, "tiny": 1e-17, "text": "7", "number": 7, "null": null,
            "huge": 12345678901234567890.123456789, "far": 1e400, "negative": -2.50, "list": [1, 2.0],
            "object": {"a": 1, "b": [1.0]}, "empty": "", "zero": 0, "minus_zero": -0.0, "truth": true}"#,
    );
    let scope = over(&document);
    for (condition, expected) in [
        ("$.price == 1.1", true),
        ("$.price == 1.100000000000000001", false),
        ("$.price == 11e-1", true),
        ("$.big == 100000000000000002", false),
        ("$.big == 100000000000000001", true),
        ("$.big < 100000000000000002", true),
        ("$.big != 100000000000000001.0", false),
        ("$.tiny != 0", true),
        ("$.tiny > 0", true),
        ("$.tiny == 0.00000000000000001", true),
        ("$.huge == 12345678901234567890.123456789", true),
        ("$.huge > 12345678901234567890.123456788", true),
        ("$.huge < 12345678901234567891", true),
        ("$.far > 9e399", true),
        ("$.far == 10e399", true),
        ("$.far < 1e999999999999999999999999999999999999999999", true),
        ("$.negative < -2.4", true),
        ("$.negative > -2.6", true),
        ("$.negative < 0 && $.zero == $.minus_zero", true),
        ("-1 < 0.5", true),
        ("$.text != 7", true),
        ("$.text == '7'", true),
        ("$.text < 8", false),
        ("$.text > 6", false),
        ("$.number == '7'", false),
        ("$.text == \"7\"", true),
        ("'B' < 'a'", true),
        ("'客户' > 'z'", true),
        ("'😀' > '\u{FFFF}'", true),
        ("$.list == $.list", true),
        ("$.object == $['object']", true),
        ("$.truth == true", true),
        ("$.truth >= true", true),
        ("$.truth > false", false),
        ("$.empty == ''", true),
        ("$.empty < 'a'", true),
    ] {
        assert_eq!(holds(condition, &scope), expected, "{condition}");
    }
}

#[test]
fn null_and_absent_values_are_told_apart_and_order_nothing() {
    let document = json!({ "kind": "created", "before": null, "after": { "status": "C", "qty": null } });
    let scope = over(&document);
    for (condition, expected) in [
        ("@.before != null", false),
        ("@.before == null", true),
        ("@.after != null", true),
        ("@.absent == null", false),
        ("@.absent != null", true),
        ("@.absent == @.missing", true),
        ("@.before.status == null", false),
        ("@.after.qty < 1", false),
        ("@.after.qty <= null", false),
        ("@.after.qty >= 0", false),
        ("@.absent <= @.missing", false),
        ("@.absent < 1 || @.absent >= 1", false),
        ("@.before != null && @.after.status == 'C'", false),
        ("$receipt.id == null", false),
        ("($receipt.id | default('')) == ''", true),
        ("(@.before | default('')) != '' || (@.absent | default('')) != ''", false),
        ("(@.after | default('')) != ''", true),
    ] {
        assert_eq!(holds(condition, &scope), expected, "{condition}");
    }
    let after = json!({ "before": { "status": "B" } });
    assert!(holds("@.before != null", &over(&after)));
}

#[test]
fn conditions_join_deny_and_call_functions() {
    let document = json!({
        "status": "Confirmed", "sku": "AB-12", "text": "客户二", "pattern": "A.*", "broken": "(",
        "items": [{ "qty": 2, "gift": true }, { "qty": 0 }, { "qty": 5 }],
        "changed": [{ "path": "$.items[*].qty", "op": "replace" }]
    });
    let scope = over(&document);
    for (condition, expected) in [
        ("@.status == 'Confirmed' || @.status == 'Archive'", true),
        ("@.status == 'Archive' || @.status == 'Wait' && @.sku == 'AB-12'", false),
        ("(@.status == 'Archive' || @.status == 'Confirmed') && @.sku == 'AB-12'", true),
        ("!(@.status == 'Confirmed')", false),
        ("match(@.sku, '[A-Z]+-[0-9]+')", true),
        ("match(@.sku, 'AB')", false),
        ("search(@.sku, 'B-')", true),
        ("match(@.sku, @.pattern)", true),
        ("match(@.sku, @.broken)", false),
        ("match(@.sku, 12)", false),
        ("length(@.text) == 3", true),
        ("length(@.items) >= 3", true),
        ("length(@.absent) == 0", false),
        ("count(@.items[?@.qty > 0]) == 2", true),
        ("count(@.items[*]) > 3", false),
        ("value(@.items[?@.gift].qty) == 2", true),
        ("@.items[?@.qty == 5]", true),
        ("@.items[?@.qty == 6]", false),
        ("@.changed[?@.path == '$.items[*].qty']", true),
        ("@.items[0].qty == @.items[-3].qty", true),
        ("@['status'] == 'Confirmed'", true),
        ("  @.status=='Confirmed'\n  && @.sku > ''  ", true),
    ] {
        assert_eq!(holds(condition, &scope), expected, "{condition}");
    }
}

#[test]
fn a_pipe_in_parentheses_stands_in_any_comparison() {
    let document = parsed(
        r#"{"fee": null, "code": " ab ", "items": [{"qty": "2", "max": 1}, {"max": 1}, {"qty": 0.5, "max": 3}]}"#,
    );
    let scope = over(&document);
    for (condition, expected) in [
        ("($.物流费 | default(0)) != 0", false),
        ("($.fee | default(0)) == 0", true),
        ("0 == ($.fee | default(0))", true),
        ("($.code | trim | upper) == 'AB' && ($.absent | default('x|y)')) == 'x|y)'", true),
        ("($.items[*].max | sum) == 5.0", true),
        ("($.absent | optional) == 1", false),
        ("count($.items[?(@.qty | default(0) | number) > 0]) == 2", true),
        ("$.items[?(@.qty | default(9) | number) < (@.max | mul(2))]", true),
        ("length(($.code | trim)) == 2", true),
        ("match(($.code | trim), 'a.')", true),
    ] {
        assert_eq!(holds(condition, &scope), expected, "{condition}");
    }
    let fault = Condition::parse("($.absent | number) > 0").unwrap().holds(&scope).unwrap_err();
    assert_eq!(fault.query, "$.absent");
    let fault = Condition::parse("$.items[?(@.qty | number) > 0]").unwrap().holds(&scope).unwrap_err();
    assert_eq!(fault.query, "@.qty");
    let query = Query::parse_with_pipes("$.items[?(@.qty | default(0) | number) > 0].max").unwrap();
    assert!(matches!(query.try_find(&scope), Ok(Found::Many(found)) if found.len() == 2));
}

#[test]
fn roots_reach_the_document_the_elements_and_the_receipt() {
    let document = json!({ "name": "document", "skus": ["a", "b"] });
    let outer = json!({ "name": "outer", "sku": "b" });
    let inner = json!({ "name": "inner", "sku": "b", "parts": [{ "name": "part", "sku": "a" }, { "sku": "b" }] });
    let receipt = json!({ "id": 7, "lines": { "FEntity": { "1": "100001" } } });
    let elements = [&outer, &inner];
    let scope = Scope { document: &document, elements: &elements, receipt: Some(&receipt) };
    for (query, expected) in [
        ("$.name", json!("document")),
        ("@.name", json!("inner")),
        ("@@.name", json!("outer")),
        ("@@@.name", json!("document")),
        ("$receipt.id", json!(7)),
        ("$receipt.lines['FEntity']['1']", json!("100001")),
        ("$receipt.absent", json!("nothing")),
        // Inside a filter `@` is its node, `@@` the element in whose scope the query stands.
        ("@.parts[?@.sku == @@.sku].sku", json!(["b"])),
        ("@.parts[?@.sku == @@@.sku].sku", json!(["b"])),
        ("@.parts[?@.sku == $.skus[0]].name", json!(["part"])),
        ("@.parts[?$receipt.id == 7].sku", json!(["a", "b"])),
        ("$.skus[?@ == @@.sku]", json!(["b"])),
    ] {
        assert_eq!(found(query, &scope), expected, "{query}");
    }
    assert!(holds("@.name == 'inner' && @@.name == 'outer' && $.name == 'document'", &scope));
    assert!(holds("@.parts[?@.sku == @@.sku]", &scope));
    assert!(holds("count(@.parts[?(@.sku | upper) == (@@.sku | upper)]) == 1", &scope));

    let outside = Scope { document: &document, elements: &[], receipt: None };
    assert_eq!(found("@.name", &outside), json!("document"));
    assert_eq!(found("@@.name", &outside), json!("nothing"));
    assert_eq!(found("$receipt.id", &outside), json!("nothing"));
    assert_eq!(found("$receipt.lines[*]", &outside), json!([]));
}

#[test]
fn a_query_tells_its_form() {
    let query = Query::parse("$.items[?@.qty > $.least && @.part['a b'].c != @@.x].sku").unwrap();
    assert_eq!(query.root(), Root::Document);
    assert!(!query.is_singular());
    assert_eq!(query.steps(), [Step::Name("items".into()), Step::Wildcard, Step::Name("sku".into())]);
    assert_eq!(query.names(), None);
    let reads: Vec<&str> = query.queries().into_iter().skip(1).map(Query::text).collect();
    assert_eq!(reads, ["$.items[*].qty", "$.least", "$.items[*].part['a b'].c", "@.x"]);

    let plain = Query::parse("@@.a['b c'].物流费").unwrap();
    assert_eq!(plain.names(), Some(vec!["a", "b c", "物流费"]));
    assert_eq!((plain.root(), plain.is_singular()), (Root::Element(2), true));
    assert_eq!(Query::parse("$").unwrap().names(), Some(vec![]));
    assert_eq!(Query::parse("$..a[0]").unwrap().steps(), [Step::Descendant, Step::Name("a".into()), Step::Index(0)]);

    let condition = Condition::parse("@.after.items[?(@.a | add(@@.b)) > 1] && ($.x | default(@.y)) == $receipt.id");
    let condition = condition.unwrap();
    let reads: Vec<&str> = condition.queries().into_iter().map(Query::text).collect();
    assert_eq!(reads, ["@.after.items[*].a", "@.b", "@.after.items[*]", "$.x", "@.y", "$receipt.id"]);

    for (text, picks) in [
        ("$.items[*].a", false),
        ("$.items[0].a", false),
        ("$['a']['b']", false),
        ("$..a", false),
        ("$.items[?@.a == 1].b", true),
        ("$.items[1:2]", true),
        ("$['a','b']", true),
        ("$..[?@.a]", true),
    ] {
        assert_eq!(Query::parse(text).unwrap().picks(), picks, "{text}");
    }
}

#[test]
fn a_condition_tells_the_texts_it_compares_with_paths_of_changes() {
    let condition = Condition::parse(
        "@.changed[?@.path == '$.a' && @.op == 'add'] || '$.b[*]' != $.changed[0].path || @.after.path == '$.c' \
         || count(@.changed[?(@.to | default(0)) == 1 && (@.path == '$.d' || !(@.path == '$.e'))]) > 1",
    );
    let condition = condition.unwrap();
    assert_eq!(condition.change_paths(), ["$.a", "$.b[*]", "$.d", "$.e"]);
    let read = condition.queries().len();
    let over_change = condition.over_change();
    let added = &over_change.queries()[read..];
    let texts: Vec<&str> = added.iter().map(|query| query.text()).collect();
    assert_eq!(texts, ["$.a", "$.b[*]", "$.d", "$.e"]);
    assert_eq!(added[1].steps(), [Step::Name("after".into()), Step::Name("b".into()), Step::Wildcard]);
    assert!(added.iter().all(|query| query.root() == Root::Element(1)));
}

#[test]
fn a_pipe_tells_what_it_gives_whole() {
    for (pipe, whole) in [
        ("$.a", vec!["$.a"]),
        ("$.a | default($.b) | optional", vec!["$.a", "$.b"]),
        ("$.a[*] | first | blank", vec!["$.a[*]"]),
        ("$.a | first | string", vec!["$.a"]),
        ("$.a | join(',')", vec!["$.a"]),
        ("$.a | count", vec![]),
        ("$..a | sum | abs | string", vec![]),
        ("$.a[*] | first | string", vec![]),
        ("$.a | default($.b) | count", vec![]),
        ("$.a | map({x: $.b}, $.c)", vec!["$.a", "$.b", "$.c"]),
        ("$.a[?@.b == $.c] | last", vec!["$.a[?@.b == $.c]"]),
        ("$.a | add($.b)", vec!["$.a"]),
    ] {
        let parsed = Pipe::parse(pipe).unwrap();
        let found: Vec<_> = parsed.reads().into_iter().filter(|(_, whole)| *whole).map(|(q, _)| q.text()).collect();
        assert_eq!(found, whole, "{pipe}");
    }
}

#[test]
fn templates_insert_text_or_keep_a_lone_type() {
    let document = parsed(r#"{"no": "X1", "n": 12345678901234567.89, "e": 1E3, "null": null, "t": true, "l": [1]}"#);
    let scope = over(&document);
    for (template, expected) in [
        ("{{ $.n }}", parsed("12345678901234567.89")),
        ("{{$.l}}", json!([1])),
        ("{{ $.no }} {{ $.n }}", json!("X1 12345678901234567.89")),
        (" {{ $.n }}", json!(" 12345678901234567.89")),
        ("{{ $.e }}/{{$.t}}/{{ $.null | string }}/{{ $.null }}!", json!("1000/true//!")),
        ("{{ $.no | map({X1: '}}', b: c}) }}", json!("}}")),
        ("{{ $.no|map({X1:a}) }}-", json!("a-")),
        ("no }} braces {", json!("no }} braces {")),
        ("", json!("")),
    ] {
        let value = Template::parse(template).unwrap().evaluate(&scope).unwrap();
        assert_eq!(value, Outcome::Value(expected), "{template}");
    }
    let omitted = Template::parse("a {{ $.absent | optional }}").unwrap();
    assert_eq!(omitted.evaluate(&scope), Ok(Outcome::Omit));
    assert_eq!(Template::parse("a{{ $.l }}").unwrap().evaluate(&scope).unwrap_err().query, "$.l");
    assert_eq!(Template::parse("a{{ $.absent }}").unwrap().evaluate(&scope).unwrap_err().query, "$.absent");
    let slip = Template::parse("客户 {{ $.a").unwrap_err();
    assert_eq!(slip.offset, 3);
    let slip = Template::parse("客户 {{ $.a | strin }}").unwrap_err();
    assert_eq!((slip.offset, slip.message.contains("`string`")), (12, true));
    assert!(Template::is_template("{{ $.a }}") && !Template::is_template("$.a"));
}

#[test]
fn nesting_and_descents_are_bounded() {
    let nested = |n: usize| format!("{}@.a == 1{}", "(".repeat(n), ")".repeat(n));
    assert!(Condition::parse(&nested(90)).is_ok());
    for text in [nested(200), nested(5_000), format!("length({}@.a", "length(".repeat(50))] {
        assert!(Condition::parse(&text).is_err());
    }
    // Pipes inside each other: each in the filter of the next, or in its argument.
    let piped = |n: usize| (1..n).fold("@.b".to_owned(), |inner, _| format!("@.b[?({inner} | count) > 0]"));
    let argued =
        |n: usize| (1..n).fold("@.b | count".to_owned(), |inner, _| format!("$.a | default($.b[?({inner}) == 1])"));
    for nested in [&piped as &dyn Fn(usize) -> String, &argued] {
        assert!(Condition::parse(&format!("({} | count) > 0", nested(8))).is_ok(), "{}", nested(8));
        for n in [9, 20, 400] {
            let slip = Condition::parse(&format!("({} | count) > 0", nested(n))).unwrap_err();
            assert!(slip.message.contains("more than 8 pipes"), "{n}: {}", slip.message);
        }
    }
    let filters = |n: usize| format!("$.a{}{}", "[?@.b".repeat(n), "]".repeat(n));
    assert!(Query::parse(&filters(90)).is_ok());
    assert!(Query::parse(&filters(10_000)).is_err());
    assert!(Query::parse("$..a..b..c").is_err());

    let deep = (0..120).fold(json!(1), |inner, n| json!([inner, n]));
    let Found::Many(all) = Query::parse("$..[*]..[*]").unwrap().find(&over(&deep)) else { panic!("several") };
    assert_eq!(all.len(), 14_280);
}
