//! Values as integrators send them and the CRM prints them: numbers and numeric texts are one, blank is not given
//! (protocols/okki.md 4).

use serde_json::{Map, Number, Value};

use crate::clock::Civil;
use crate::decimal::Decimal;

/// A text or number as trimmed text; `None` for null, blanks, lists and objects.
pub fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(u8::from(*flag).to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// A member's text.
pub fn member(map: &Map<String, Value>, name: &str) -> Option<String> {
    text(map.get(name)?)
}

/// A member's id.
pub fn id(map: &Map<String, Value>, name: &str) -> Option<u64> {
    member(map, name)?.parse().ok()
}

/// A member's decimal.
pub fn decimal(map: &Map<String, Value>, name: &str) -> Option<Decimal> {
    Decimal::parse(&member(map, name)?)
}

/// A decimal as JSON number, without trailing zeros.
pub fn number(decimal: &Decimal) -> Value {
    let digits = u32::try_from(decimal.fraction_digits()).unwrap_or(0);
    let text = decimal.round(digits).to_string();
    text.parse::<Number>().map_or(Value::Null, Value::Number)
}

/// `yyyy-MM-dd` of a date with or without a time.
pub fn date(text: &str) -> Option<String> {
    Civil::read(text).map(|civil| civil.print("yyyy-MM-dd"))
}
