//! The normal form of values where a system has none of its own (rules.md 14).

use serde_json::Value;

use crate::decimal::Decimal;

/// Whether a value sent and a value read are one: blank is null, ids are text, numbers count by value.
pub fn is_same(sent: &Value, read: &Value) -> bool {
    match (text(sent), text(read)) {
        (Some(sent_text), Some(read_text)) if sent.is_number() || read.is_number() => {
            match (Decimal::parse(&sent_text), Decimal::parse(&read_text)) {
                (Some(sent), Some(read)) => sent == read,
                _ => sent_text == read_text,
            }
        }
        (Some(sent), Some(read)) => sent == read,
        (None, None) => is_blank(sent) == is_blank(read) && (is_blank(sent) || sent == read),
        _ => false,
    }
}

/// A scalar's text without blanks around it; none for a blank one.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn is_blank(value: &Value) -> bool {
    value.is_null() || value.is_string()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn blank_is_null_ids_are_text_and_numbers_count_by_value() {
        for (sent, read, same) in [
            (json!("7"), json!(7), true),
            (json!(7), json!("7.0"), true),
            (json!("7"), json!(" 7 "), true),
            (json!("007"), json!("7"), false),
            (json!("A"), json!(7), false),
            (json!(null), json!(" "), true),
            (json!(""), json!(null), true),
            (json!(null), json!(0), false),
            (json!("7"), json!(null), false),
            (json!(true), json!("true"), true),
            (json!([1]), json!([1]), true),
            (json!([1]), json!(null), false),
        ] {
            assert_eq!(is_same(&sent, &read), same, "{sent} {read}");
        }
    }
}
