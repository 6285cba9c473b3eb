//! Scalars as text: the one form in which keys and look-ups compare them (rules.md 16 and 30).

use serde_json::Value;

use crate::decimal::Decimal;

/// Longer texts are looked up by their hash: an index is no place for them.
const LONGEST: usize = 200;

/// The text of a scalar: numbers as plain decimals, so that `7` and `"7"` are one. Null is blank. `None` for lists and
/// objects.
pub fn plain(value: &Value) -> Option<String> {
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

/// A text as an index holds it and as it is asked for: trimmed; none for a blank one, which never matches.
pub fn index_text(text: &str) -> Option<String> {
    let text = text.trim();
    if text.is_empty() {
        None
    } else if text.len() > LONGEST {
        Some(format!("blake3:{}", blake3::hash(text.as_bytes()).to_hex()))
    } else {
        Some(text.to_owned())
    }
}
