//! What a write-back wrote is no difference (rule 22).

use serde_json::{Value, json};

use crate::decimal::Decimal;
use crate::diff::{DiffRules, Differ, Document, Echo, RulePath, Step};

fn same(sent: &Value, read: &Value) -> bool {
    let number = |value: &Value| Decimal::parse(value.as_str().map_or(value.to_string(), str::to_owned).trim());
    sent == read || number(sent).is_some_and(|sent| Some(sent) == number(read))
}

fn echo(path: &[&str], values: Value) -> Echo {
    let values = values.as_array().cloned().unwrap_or_default();
    Echo { path: path.iter().map(|name| (*name).to_owned()).collect(), values }
}

#[test]
fn rule_22_only_a_value_that_was_sent_is_no_difference_in_a_field_that_was_written() {
    let rules = DiffRules { ignore: vec![RulePath::new(vec![Step::Name("modified".into())])], ..DiffRules::default() };
    let differ = Differ::new(&rules);
    let stored = json!({ "no": "1", "okki": null, "remark": "a", "modified": 1, "in": { "x": 1 } });
    let sent = json!(["7", "8"]);
    for (name, read, path, values, is_echo) in [
        ("the value sent", json!({ "okki": "7" }), &["okki"][..], &sent, true),
        ("as a number", json!({ "okki": 7 }), &["okki"], &sent, true),
        ("an earlier value sent", json!({ "okki": "8" }), &["okki"], &sent, true),
        ("still the stored value", json!({ "modified": 2 }), &["okki"], &sent, true),
        ("with what is ignored", json!({ "okki": "7", "modified": 2 }), &["okki"], &sent, true),
        ("a person's value", json!({ "okki": "9" }), &["okki"], &sent, false),
        ("blank is another value", json!({ "okki": "" }), &["okki"], &sent, false),
        ("nothing was sent", json!({ "okki": "7" }), &["okki"], &json!([]), false),
        ("a person's edit beside it", json!({ "okki": "7", "remark": "b" }), &["okki"], &sent, false),
        ("the value in another field", json!({ "remark": "7" }), &["okki"], &sent, false),
        ("a field below", json!({ "in": { "x": 7 } }), &["in", "x"], &sent, true),
        ("beside a field below", json!({ "in": { "x": 7, "y": 1 } }), &["in", "x"], &sent, false),
        ("a field that was not there", json!({ "new": "7" }), &["new"], &sent, true),
    ] {
        let mut whole = stored.clone();
        whole.as_object_mut().unwrap().extend(read.as_object().unwrap().clone());
        let (before, after) = (Document::of_value(&stored).unwrap(), Document::of_value(&whole).unwrap());
        assert_eq!(differ.is_echo(&before, &after, &[echo(path, values.clone())], same), is_echo, "{name}");
    }
}

#[test]
fn rule_22_a_field_that_was_cleared_is_no_echo_of_what_was_sent() {
    let differ = Differ::new(&DiffRules::default());
    let stored = Document::of_value(&json!({ "okki": "7" })).unwrap();
    for (read, values, is_echo) in [
        (json!({}), json!(["7"]), false),
        (json!({ "okki": null }), json!(["7"]), false),
        (json!({}), json!([null]), true),
        (json!({ "okki": null }), json!([null]), true),
    ] {
        let read = Document::of_value(&read).unwrap();
        assert_eq!(differ.is_echo(&stored, &read, &[echo(&["okki"], values)], same), is_echo);
    }
}
