use super::{hash, path, rules};
use crate::diff::{DiffRules, Differ, Document, Numbers, RulePath};

fn shipments() -> DiffRules {
    rules(&["modified", "items.*.ts"], &[("items", "ioi_id"), ("tags", "")], &["no", "items.*.qty"], Numbers::Value)
}

#[test]
fn documents_that_count_as_equal_hash_equal() {
    let rules = shipments();
    for (a, b) in [
        (r#"{"a":1,"b":[null]}"#, r#"{ "b" : [ null ], "a" : 1 }"#),
        (r#"{"a":12.50}"#, r#"{"a":1.25e1}"#),
        (r#"{"a":-0.0}"#, r#"{"a":0}"#),
        (r#"{"a":"\u00e9\/"}"#, r#"{"a":"é/"}"#),
        (r#"{"modified":1,"a":2}"#, r#"{"a":2}"#),
        (r#"{"items":[{"ioi_id":1,"ts":5},{"ioi_id":2}]}"#, r#"{"items":[{"ioi_id":2},{"ts":6,"ioi_id":1}]}"#),
        (r#"{"items":[{"q":1},{"q":2},{"q":1}]}"#, r#"{"items":[{"q":1},{"q":1},{"q":2}]}"#),
        (r#"{"tags":["a",7]}"#, r#"{"tags":[7,"a"]}"#),
        (r#"{"no":"12"}"#, r#"{"no":12.0}"#),
        (r#"{"items":[{"ioi_id":1,"qty":"1.50"}]}"#, r#"{"items":[{"ioi_id":1,"qty":1.5}]}"#),
    ] {
        assert_eq!(hash(&rules, a), hash(&rules, b), "{a} {b}");
    }
}

#[test]
fn documents_that_differ_hash_apart() {
    let rules = shipments();
    for (a, b) in [
        (r#"{"a":12}"#, r#"{"a":"12"}"#),
        (r#"{"a":null}"#, r#"{}"#),
        (r#"{"a":null}"#, r#"{"a":"null"}"#),
        (r#"{"a":[]}"#, r#"{"a":{}}"#),
        (r#"{"a":[[],[]]}"#, r#"{"a":[[[]]]}"#),
        (r#"{"a":[1,2]}"#, r#"{"a":[2,1]}"#),
        (r#"{"a":100000000000000001}"#, r#"{"a":100000000000000002}"#),
        (r#"{"a":1e400}"#, r#"{"a":1e401}"#),
        (r#"{"a":"é"}"#, r#"{"a":"e\u0301"}"#),
        (r#"{"a":"x "}"#, r#"{"a":"x"}"#),
        (r#"{"items":[{"q":1},{"q":1}]}"#, r#"{"items":[{"q":1}]}"#),
        (r#"{"items":[{"ioi_id":1,"q":1},{"ioi_id":1,"q":2}]}"#, r#"{"items":[{"ioi_id":1,"q":1}]}"#),
        (r#"{"items":[{"ioi_id":1}]}"#, r#"{"items":[{"ioi_id":"1"}]}"#),
        (r#"{"no":"012"}"#, r#"{"no":12}"#),
        (r#"{"no":"12 "}"#, r#"{"no":12}"#),
        (r#"{"x":{"modified":1}}"#, r#"{"x":{"modified":2}}"#),
        (r#"{"modified":1,"a":{}}"#, r#"{"modified":1}"#),
    ] {
        assert_ne!(hash(&rules, a), hash(&rules, b), "{a} {b}");
    }
}

#[test]
fn numbers_as_text_keep_their_digits_apart() {
    let text = rules(&[], &[], &["no"], Numbers::Text);
    assert_ne!(hash(&text, r#"{"a":12.50}"#), hash(&text, r#"{"a":12.5}"#));
    assert_eq!(hash(&text, r#"{"a":1E5}"#), hash(&text, r#"{"a":1e+5}"#));
    assert_eq!(hash(&text, r#"{"no":"12.5"}"#), hash(&text, r#"{"no":12.5}"#));
    assert_ne!(hash(&text, r#"{"no":"12.5"}"#), hash(&text, r#"{"no":12.50}"#));
}

#[test]
fn the_canonical_form_is_frozen() {
    // If this fails the form has changed: raise `CANONICAL_FORM`, then this hash.
    let json = r#"{"items":[{"ioi_id":2,"qty":"1.50"},{"q":true},{"ioi_id":"x","ts":1}],"a":[null,-1.20e3],"物":"\n"}"#;
    assert_eq!(
        hex::encode(hash(&shipments(), json)),
        "4f27342de772590928ebe23a4256630ec9a831b25e9cd6afd13c911daa25d129"
    );
}

#[test]
fn rules_as_text_tell_rules_apart() {
    let text = |ignore: &[&str]| rules(ignore, &[], &[], Numbers::Value).text();
    assert_eq!(text(&["a", "b"]), text(&["b", "a", "a"]));
    assert_ne!(
        text(&["a.b"]),
        DiffRules { ignore: vec![RulePath::new(vec![crate::diff::Step::Name("a.b".into())])], ..Default::default() }
            .text()
    );
    assert_ne!(text(&["a"]), rules(&["a"], &[], &[], Numbers::Text).text());
    assert_eq!(path("items.*.物").to_string(), "$.items[*].物");
}

/// The delta as lines of text: op, path, key, from, to.
fn told(rules: &DiffRules, before: &str, after: &str) -> Vec<String> {
    let [before, after] = [before, after].map(|json| Document::parse(json.as_bytes()).unwrap());
    let changes = Differ::new(rules).delta(&before, &after);
    let shown = changes.iter().map(|change| serde_json::to_value(change).unwrap());
    shown
        .map(|change| change.as_object().unwrap().values().map(ToString::to_string).collect::<Vec<_>>().join(" "))
        .collect()
}

#[test]
fn differences_are_told_by_field() {
    let rules = shipments();
    for (before, after, changes) in [
        (r#"{"a":1,"b":2}"#, r#"{"b":2.0,"a":1}"#, &[][..]),
        (r#"{"a":1.10}"#, r#"{"a":1.2}"#, &[r#""$.a" "replace" 1.10 1.2"#]),
        (r#"{"a":null}"#, r#"{"b c":0}"#, &[r#""$.a" "remove" null"#, r#""$['b c']" "add" 0"#]),
        (r#"{"a":{"b":{"c":1}}}"#, r#"{"a":{"b":{"c":2}}}"#, &[r#""$.a.b.c" "replace" 1 2"#]),
        (r#"{"a":{"b":1}}"#, r#"{"a":[1]}"#, &[r#""$.a" "replace" {"b":1} [1]"#]),
        (r#"{"a":[1,2]}"#, r#"{"a":[1,3,4]}"#, &[r#""$.a[*]" "replace" 2 3"#, r#""$.a[*]" "add" 4"#]),
        (r#"{"modified":1}"#, r#"{"modified":2}"#, &[]),
        ("[]", "7", &[r#""$" "replace" [] 7"#]),
    ] {
        assert_eq!(told(&rules, before, after), changes, "{before} {after}");
    }
}

#[test]
fn rule_20_keyed_lines_are_matched_by_key() {
    let before = r#"{"items":[{"ioi_id":1,"qty":1,"ts":1},{"ioi_id":2,"qty":5},{"ioi_id":3}]}"#;
    let after = r#"{"items":[{"ioi_id":4,"ts":8},{"ioi_id":3},{"ioi_id":1,"qty":"2","ts":9}]}"#;
    assert_eq!(
        told(&shipments(), before, after),
        [
            r#""$.items[*].qty" "replace" 1 "2" "1""#,
            r#""$.items[*]" "remove" {"ioi_id":2,"qty":5} "2""#,
            r#""$.items[*]" "add" {"ioi_id":4} "4""#,
        ]
    );
    assert_eq!(
        told(&shipments(), r#"{"tags":["a","b"]}"#, r#"{"tags":["b","c"]}"#),
        [r#""$.tags[*]" "remove" "a" "a""#, r#""$.tags[*]" "add" "c" "c""#,]
    );
}

#[test]
fn rule_20_lines_without_a_key_of_their_own_are_paired_by_content_and_it_is_said() {
    for (before, after, changes) in [
        (
            r#"{"items":[{"q":1},{"q":2},{"ioi_id":1,"q":1}]}"#,
            r#"{"items":[{"q":3},{"ioi_id":1,"q":2},{"q":1}]}"#,
            &[r#""$.items[*].q" "replace" 2 3 true"#, r#""$.items[*].q" "replace" 1 2 "1""#][..],
        ),
        (
            r#"{"items":[{"ioi_id":1,"q":1},{"ioi_id":1,"q":2}]}"#,
            r#"{"items":[{"ioi_id":1,"q":2}]}"#,
            &[r#""$.items[*]" "remove" {"ioi_id":1,"q":1} "1" true"#],
        ),
        (r#"{"items":[{"ioi_id":null}]}"#, r#"{"items":[]}"#, &[r#""$.items[*]" "remove" {"ioi_id":null} true"#]),
        (r#"{"items":[{"ioi_id":" "}]}"#, r#"{"items":[]}"#, &[r#""$.items[*]" "remove" {"ioi_id":" "} true"#]),
    ] {
        assert_eq!(told(&shipments(), before, after), changes, "{before} {after}");
    }
}

#[test]
fn long_lists_compare_in_linear_time() {
    let lines = |from: usize| {
        let lines: Vec<String> = (from..from + 100_000).map(|n| format!(r#"{{"ioi_id":{n},"q":1}}"#)).collect();
        format!(r#"{{"items":[{}]}}"#, lines.join(","))
    };
    assert_eq!(told(&shipments(), &lines(0), &lines(50_000)).len(), 100_000);
    let same = |count: usize| format!(r#"{{"items":[{}]}}"#, vec!["{}"; count].join(","));
    assert_eq!(told(&shipments(), &same(50_000), &same(60_000)).len(), 10_000);
}

#[test]
fn the_deepest_documents_are_compared_on_a_small_stack() {
    let nested = |leaf: &str| r#"{"a":["#.repeat(50) + leaf + &"]}".repeat(50);
    let walk = move || told(&shipments(), &nested("1"), &nested("2"));
    let changes = std::thread::Builder::new().stack_size(512 * 1024).spawn(walk).unwrap().join().unwrap();
    assert_eq!(changes, [format!(r#""${}" "replace" 1 2"#, ".a[*]".repeat(50))]);
}
