//! Exact numbers.

use serde_json::{Number, Value};

use super::shown;
use crate::decimal::Decimal;

/// A number, or a text that is one.
pub(super) fn decimal_of(value: &Value) -> Result<Decimal, String> {
    let read = match value {
        Value::Number(number) => Decimal::parse(number.as_str()),
        Value::String(text) => Decimal::parse(text),
        _ => None,
    };
    read.ok_or_else(|| format!("a number is needed, found {}", shown(value)))
}

/// A decimal as a JSON number, digit for digit.
pub(super) fn number(decimal: &Decimal) -> Result<Value, String> {
    digits(&decimal.to_string()).ok_or_else(|| format!("`{decimal}` is no number of JSON"))
}

fn digits(text: &str) -> Option<Value> {
    serde_json::from_str::<Number>(text).ok().map(Value::Number)
}

/// A number as it is; a text read as one, with the digits it has.
pub(super) fn read(value: &Value) -> Result<Value, String> {
    match value {
        Value::Number(_) => Ok(value.clone()),
        other => {
            let decimal = decimal_of(other)?;
            match other.as_str().map(str::trim).and_then(digits) {
                Some(number) => Ok(number),
                None => number(&decimal),
            }
        }
    }
}

/// Without zeros at the end of its fraction, where these tell nothing.
pub(super) fn trimmed(decimal: &Decimal) -> Decimal {
    decimal.round(u32::try_from(decimal.fraction_digits()).unwrap_or(0))
}

/// The sum of a list; null counts as nothing.
pub(super) fn sum(list: &[Value]) -> Result<Value, String> {
    let mut total = Decimal::zero();
    for element in list.iter().filter(|element| !element.is_null()) {
        total = total.plus(&decimal_of(element)?);
    }
    number(&total)
}
