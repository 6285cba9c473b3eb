//! Texts, times and truth values.

use std::borrow::Cow;

use serde_json::Value;

use super::shown;
use crate::clock::Civil;
use crate::decimal::Decimal;

/// A text, number or truth value as text; numbers with the digits they have, without exponent.
pub(in crate::query) fn text_of(value: &Value) -> Result<Cow<'_, str>, String> {
    match value {
        Value::String(text) => Ok(Cow::Borrowed(text)),
        Value::Bool(truth) => Ok(Cow::Borrowed(if *truth { "true" } else { "false" })),
        Value::Number(number) if !number.as_str().contains(['e', 'E']) => Ok(Cow::Borrowed(number.as_str())),
        Value::Number(number) => Decimal::parse(number.as_str())
            .map(|decimal| Cow::Owned(decimal.to_string()))
            .ok_or_else(|| format!("`{number}` has more than 1,000 digits")),
        other => Err(format!("a text, number or truth value is needed, found {}", shown(other))),
    }
}

/// The elements of a list as one text; null ones are left out.
pub(super) fn joined(list: &[Value], separator: &str) -> Result<String, String> {
    let texts: Vec<Cow<'_, str>> =
        list.iter().filter(|element| !element.is_null()).map(text_of).collect::<Result<_, _>>()?;
    Ok(texts.join(separator))
}

/// A truth value, however systems write it.
pub(super) fn read_bool(value: &Value) -> Result<Value, String> {
    let text = text_of(value)?;
    match text.trim().to_lowercase().as_str() {
        "true" | "1" | "yes" | "y" | "是" => Ok(Value::Bool(true)),
        "false" | "0" | "no" | "n" | "否" => Ok(Value::Bool(false)),
        _ => Err(format!("`bool` takes true, 1, yes, y, 是 or false, 0, no, n, 否, found {}", shown(value))),
    }
}

/// A civil time. One with a zone is refused: its date depends on the zone it is printed in.
pub(super) fn read_time(value: &Value) -> Result<Civil, String> {
    let Value::String(text) = value else {
        return Err(format!("a time as text is needed, found {}", shown(value)));
    };
    let clock = text.trim().split_once(['T', ' ']).map_or("", |(_, clock)| clock);
    if clock.contains(['Z', 'z', '+', '-', '[']) {
        return Err(format!("{} has a zone; `truncate(19)` before it takes the time as written", shown(value)));
    }
    Civil::read(text).ok_or_else(|| {
        format!("a time such as `2024-03-01 10:00:05` or `2024-03-01` is needed, found {}", shown(value))
    })
}
