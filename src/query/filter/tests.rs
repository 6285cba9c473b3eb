#![allow(clippy::unwrap_used)]

use serde_json::Value;

use crate::query::{Outcome, Pipe, Scope};

/// The document of every table here.
const DOCUMENT: &str = r#"{
    "n": 12345678901234567.89, "id": 9007199254740993, "e": 1e3, "half": 2.345, "whole": 12.00, "minus": -2.50,
    "text": "12.50", "padded": " 007 ", "plus": "+7", "words": " Ab c ", "cn": "客户二号", "blank": "  ", "empty": "",
    "null": null, "t": true, "f": false, "yes": "是", "zero": 0, "list": [1.10, "2.2", null, 3], "none": [],
    "names": ["a", null, "b", 3], "object": {"a": 1}, "time": "2024-03-01 10:00:05.25", "day": "2024/3/1",
    "iso": "2024-03-01T10:00:05", "zoned": "2024-03-01T10:00:05+08:00", "utc": "2024-03-01T10:00:05Z",
    "currency": "PRE007", "freight": 0.11, "items": [{"q": 1}, {"q": 2}], "huge": 1e2000, "csv": "a,b,,c"
}"#;

/// What a pipe gives: JSON text, `omit`, or `fault:` and its message.
fn outcome(pipe: &str) -> String {
    let document: Value = serde_json::from_str(DOCUMENT).unwrap();
    let scope = Scope { document: &document, elements: &[], receipt: None };
    let pipe = Pipe::parse(pipe).unwrap_or_else(|slip| panic!("{pipe}: {} {}", slip.offset, slip.message));
    match pipe.evaluate(&scope) {
        Ok(Outcome::Value(value)) => value.to_string(),
        Ok(Outcome::Omit) => "omit".to_owned(),
        Err(fault) => format!("fault: {fault}"),
    }
}

fn check(table: &[(&str, &str)]) {
    for (pipe, expected) in table {
        assert_eq!(outcome(pipe), *expected, "{pipe}");
    }
}

/// Each pipe faults, and says so with a part of its message.
fn check_faults(table: &[(&str, &str)]) {
    for (pipe, part) in table {
        let outcome = outcome(pipe);
        assert!(outcome.starts_with("fault: ") && outcome.contains(part), "{pipe}: {outcome}");
    }
}

#[test]
fn numbers_keep_their_digits() {
    check(&[
        ("$.n", "12345678901234567.89"),
        ("$.n | string", r#""12345678901234567.89""#),
        ("$.id | string", r#""9007199254740993""#),
        ("$.id | number", "9007199254740993"),
        ("$.id | integer", "9007199254740993"),
        ("$.e | string", r#""1000""#),
        ("$.whole | string", r#""12.00""#),
        ("$.whole | integer", "12"),
        ("$.text | number", "12.50"),
        ("$.padded | number", "7"),
        ("$.plus | number", "7"),
        ("$.text | decimal(1)", "12.5"),
        ("$.text | decimal(4)", "12.5000"),
        ("$.half | decimal(2)", "2.35"),
        ("$.half | decimal(3, exact)", "2.345"),
        ("$.text | decimal(1, exact)", "12.5"),
        ("$.half | round(2)", "2.35"),
        ("$.minus | round", "-3"),
        ("$.minus | round(0)", "-3"),
        ("$.n | round(1)", "12345678901234567.9"),
        ("$.minus | abs", "2.50"),
    ]);
    check_faults(&[
        ("$.half | integer", "`2.345`"),
        ("$.half | decimal(2, exact)", "more than 2 digits"),
        ("$.words | number", "the text ` Ab c `"),
        ("$.blank | number", "a blank text"),
        ("$.t | number", "`true`"),
        ("$.list | number", "a list"),
        ("$.huge | number | add(1)", "a number is needed"),
    ]);
}

#[test]
fn arithmetic_is_exact() {
    check(&[
        ("$.n | add($.freight)", "12345678901234568.00"),
        ("$.n | sub(0.89)", "12345678901234567.00"),
        ("$.text | add(1)", "13.50"),
        ("$.half | mul(100)", "234.5"),
        ("$.n | mul(100)", "1234567890123456789"),
        ("$.whole | div(8)", "1.5"),
        ("$.whole | div(7)", "1.7142857143"),
        ("$.whole | div(7, 2)", "1.71"),
        ("$.whole | div(8, 3)", "1.500"),
        ("$.whole | div($.minus)", "-4.8"),
        ("$.list | sum", "6.30"),
        ("$.none | sum", "0"),
        ("$.items[*].q | sum | mul(-1) | abs", "3"),
        ("$.null | add(1)", "null"),
    ]);
    check_faults(&[
        ("$.n | div($.zero)", "`div` by zero"),
        ("$.n | add($.null)", "`$.null`, the argument of `add`, is null"),
        ("$.n | add($.absent)", "`$.absent | default(0) | add(…)`"),
        ("$.n | add($.words)", "a number is needed"),
        ("$.names | sum", "the text `a`"),
        ("$.n | sum", "`sum` takes a list"),
    ]);
}

#[test]
fn texts_are_changed_character_by_character() {
    check(&[
        ("$.words | trim", r#""Ab c""#),
        ("$.words | upper", r#"" AB C ""#),
        ("$.words | trim | lower", r#""ab c""#),
        ("$.cn | truncate(2)", r#""客户""#),
        ("$.cn | truncate(9)", r#""客户二号""#),
        ("$.id | truncate(4)", r#""9007""#),
        ("$.cn | replace(二, '2')", r#""客户2号""#),
        ("$.words | replace(' ', '')", r#""Abc""#),
        ("$.csv | split(',')", r#"["a","b","","c"]"#),
        ("$.csv | split(',') | count", "4"),
        ("$.csv | split(\",\") | join(-)", r#""a-b--c""#),
        ("$.names | join(', ')", r#""a, b, 3""#),
        ("$.none | join('')", r#""""#),
        ("$.cn | concat('-', $.id, $.null)", r#""客户二号-9007199254740993""#),
        ("$.t | string", r#""true""#),
        ("$.cn | concat('it\\'s', \"\\u002b\")", r#""客户二号it's+""#),
        ("$.text | string", r#""12.50""#),
    ]);
    check_faults(&[
        ("$.object | string", "an object"),
        ("$.list | trim", "a list"),
        ("$.cn | join(-)", "`join` takes a list"),
        ("$.cn | concat($.absent)", "finds nothing"),
        ("$.cn | replace($.empty, x)", "is empty"),
        ("$.huge | string", "1,000 digits"),
    ]);
}

#[test]
fn times_and_truth_values_are_read_as_systems_write_them() {
    check(&[
        ("$.time | date", r#""2024-03-01""#),
        ("$.day | date", r#""2024-03-01""#),
        ("$.iso | datetime", r#""2024-03-01 10:00:05""#),
        ("$.time | datetime('yyyyMMdd HHmmss.SSS')", r#""20240301 100005.250""#),
        ("$.day | datetime(yyyy-MM-ddTHH:mm:ss)", r#""2024-03-01T00:00:00""#),
        ("$.zoned | truncate(19) | datetime", r#""2024-03-01 10:00:05""#),
        ("$.t | bool", "true"),
        ("$.zero | bool", "false"),
        ("$.yes | bool", "true"),
        ("$.f | bool", "false"),
        ("$.blank | blank | date", "null"),
    ]);
    check_faults(&[
        ("$.zoned | date", "`truncate(19)`"),
        ("$.utc | datetime", "has a zone"),
        ("$.id | date", "a time as text"),
        ("$.cn | date", "2024-03-01"),
        ("$.blank | date", "a blank text"),
        ("$.cn | bool", "是"),
    ]);
}

#[test]
fn null_stays_null_and_nothing_is_a_fault_unless_caught() {
    for filter in [
        "string",
        "number",
        "integer",
        "decimal(2)",
        "bool",
        "date",
        "datetime",
        "trim",
        "upper",
        "lower",
        "replace(a, b)",
        "split(a)",
        "join(a)",
        "truncate(1)",
        "blank",
        "first",
        "last",
        "count",
        "sum",
        "map({a: b})",
        "map({a: b}, c)",
        "round",
        "abs",
        "add(1)",
        "sub(1)",
        "mul(1)",
        "div(1)",
        "concat(a)",
    ] {
        assert_eq!(outcome(&format!("$.null | {filter}")), "null", "{filter}");
        let absent = outcome(&format!("$.absent | {filter}"));
        assert!(absent.starts_with("fault: `$.absent`: finds nothing"), "{filter}: {absent}");
        assert_eq!(outcome(&format!("$.absent | {filter} | default('x')")), r#""x""#, "{filter}");
        assert_eq!(outcome(&format!("$.null | {filter} | optional")), "omit", "{filter}");
    }
    check(&[
        ("$.null", "null"),
        ("$.null | default(0)", "0"),
        ("$.absent | default(1.50)", "1.50"),
        ("$.absent | default($.n)", "12345678901234567.89"),
        ("$.absent | default($.items[*].q)", "[1,2]"),
        ("$.absent | default(null)", "null"),
        ("$.absent | default(true)", "true"),
        ("$.absent | default('true')", r#""true""#),
        ("$.absent | default(未知)", r#""未知""#),
        ("$.absent | default($.absent) | default(2)", "2"),
        ("$.n | default(0)", "12345678901234567.89"),
        ("$.empty | default(x)", r#""""#),
        ("$.empty | blank | default(x)", r#""x""#),
        ("$.blank | blank", "null"),
        ("$.cn | blank", r#""客户二号""#),
        ("$.zero | blank", "0"),
        ("$.blank | blank | optional", "omit"),
        ("$.null | optional", "omit"),
        ("$.absent | optional | string", "omit"),
        ("$.n | optional", "12345678901234567.89"),
    ]);
    check_faults(&[("$.absent", "`$.absent`: finds nothing"), ("$.object.a.b | string", "`$.object.a.b`")]);
}

#[test]
fn lists_are_taken_counted_and_mapped() {
    check(&[
        ("$.items[*].q", "[1,2]"),
        ("$.items[?@.q > 5]", "[]"),
        ("$.names | first", r#""a""#),
        ("$.names | last", "3"),
        ("$.none | first | default(x)", r#""x""#),
        ("$.none | last | optional", "omit"),
        ("$.items[*] | count", "2"),
        ("$.items[?@.q == 2] | first", r#"{"q":2}"#),
        ("$.currency | map({PRE001: CNY, PRE007: USD})", r#""USD""#),
        ("$.currency | map({PRE001: CNY}, '其他')", r#""其他""#),
        ("$.currency | map({'PRE007': 7, x: null})", "7"),
        ("$.currency | map({PRE007: $.id})", "9007199254740993"),
        ("$.zero | map({0: none, 1: \"some, more\"})", r#""none""#),
        ("$.t | map({true: 1, false: 0})", "1"),
        ("$.names | map({})", "fault: `$.names | map({})`: a text, number or truth value is needed, found a list"),
    ]);
    check_faults(&[
        ("$.none | first", "finds nothing"),
        ("$.currency | map({PRE001: CNY, PRE002: HKD})", "`PRE001`, `PRE002`"),
        ("$.object | count", "`count` takes a list"),
        ("$.currency | map({PRE007: $.absent})", "finds nothing"),
    ]);
}
