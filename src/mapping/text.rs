//! Scalars: literals read from the source text of a mapping, and the text by which values are compared.

use serde_json::{Number, Value};

pub(super) use crate::scalar::plain;

/// A literal, read from the source text of a plain scalar: a JSON number stays digit for digit a number, `true`,
/// `false` and `null` are themselves, everything else is text.
pub(super) fn literal(text: &str) -> Value {
    match text {
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        "null" => Value::Null,
        _ => number(text).map_or_else(|| Value::String(text.to_owned()), Value::Number),
    }
}

/// A JSON number and nothing else: no blanks, no leading zeros, no plus.
fn number(text: &str) -> Option<Number> {
    let begins = text.starts_with(|c: char| c.is_ascii_digit() || c == '-');
    let ends = text.ends_with(|c: char| c.is_ascii_digit());
    if begins && ends { serde_json::from_str(text).ok() } else { None }
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
