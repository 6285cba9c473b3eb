//! Scalars: literals read from the source text of a mapping, and the texts by which values are compared.

use serde_json::{Number, Value};

use crate::decimal::Decimal;
use crate::fault::Fault;
use crate::scheme::tree::{self, Node};

/// A literal, read from its source text: a plain JSON number stays digit for digit a number, plain `true` and
/// `false` and null are themselves, everything else is text. `None` for secrets, lists and mappings.
pub(super) fn literal(node: &Node) -> Option<Value> {
    match &node.value {
        tree::Value::Null => Some(Value::Null),
        tree::Value::Quoted(text) => Some(Value::String(text.clone())),
        tree::Value::Plain(text) => Some(match text.as_str() {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            "null" => Value::Null,
            _ => number(text).map_or_else(|| Value::String(text.clone()), Value::Number),
        }),
        tree::Value::Secret(_) | tree::Value::List(_) | tree::Value::Map(_) => None,
    }
}

/// A JSON number and nothing else: no blanks, no leading zeros, no plus.
fn number(text: &str) -> Option<Number> {
    let begins = text.starts_with(|c: char| c.is_ascii_digit() || c == '-');
    let ends = text.ends_with(|c: char| c.is_ascii_digit());
    if begins && ends { serde_json::from_str(text).ok() } else { None }
}

/// A literal of any depth, for `$const`.
pub(super) fn constant(node: &Node, faults: &mut Vec<Fault>) -> Option<Value> {
    match &node.value {
        tree::Value::List(elements) => {
            let values: Vec<_> = elements.iter().map(|element| constant(element, faults)).collect();
            values.into_iter().collect::<Option<_>>().map(Value::Array)
        }
        tree::Value::Map(entries) => {
            let values: Vec<_> =
                entries.iter().map(|(name, value)| Some((name.text.clone(), constant(value, faults)?))).collect();
            values.into_iter().collect::<Option<_>>().map(Value::Object)
        }
        _ => literal(node).or_else(|| {
            faults.push(secret(node));
            None
        }),
    }
}

/// The fault of a secret in a mapping.
pub(super) fn secret(node: &Node) -> Fault {
    Fault::new(node.at.clone(), "a secret can't be mapped: payloads are stored and shown")
}

/// The text of a scalar as keys and look-ups compare it: numbers as plain decimals (rules.md 30), so that `7` and
/// `"7"` are one. Null is blank. `None` for lists and objects.
pub(super) fn plain(value: &Value) -> Option<String> {
    match value {
        Value::Null => Some(String::new()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Number(number) => {
            let digits = number.to_string();
            Some(Decimal::parse(&digits).map_or(digits, |decimal| decimal.to_string()))
        }
        Value::String(text) => Some(text.clone()),
        Value::Array(_) | Value::Object(_) => None,
    }
}

/// What a value is, for faults.
pub(super) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
