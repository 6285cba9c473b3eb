//! Whether a value that was sent and a value that a query shows are the same, in Kingdee's normal form (rules.md 14;
//! value typing: protocols/kingdee.md 2.1).

use serde_json::Value;

use crate::clock::Civil;
use crate::connector::judging::Alike;
use crate::decimal::Decimal;

/// Compares a value as sent with one as shown. Dates by their civil time, decimals by value, blank as null, ids as
/// text.
pub fn alike(sent: &Value, shown: &Value) -> Alike {
    if let Some(alike) = Alike::of_blanks(sent, shown, is_blank, is_zero) {
        return alike;
    }
    let (Some(sent_text), Some(shown_text)) = (scalar(sent), scalar(shown)) else { return Alike::No };
    match shown {
        Value::Bool(shown) => {
            if flag(&sent_text) == Some(*shown) {
                Alike::Same
            } else {
                Alike::No
            }
        }
        Value::Number(_) => numbers(&sent_text, &shown_text),
        _ if sent_text.trim() == shown_text.trim() => Alike::Same,
        _ => match sent {
            Value::Number(_) => numbers(&sent_text, &shown_text),
            Value::Bool(sent) if flag(&shown_text) == Some(*sent) => Alike::Same,
            _ => times(&sent_text, &shown_text),
        },
    }
}

fn numbers(sent: &str, shown: &str) -> Alike {
    match (Decimal::parse(sent), Decimal::parse(shown)) {
        (Some(sent), Some(value)) => Alike::of_numbers(&sent, &value, shown),
        _ => Alike::No,
    }
}

fn times(sent: &str, shown: &str) -> Alike {
    // What a query shows as a time is `2026-01-02T00:00:00`, so that no code of base data is taken for one.
    let is_time = shown.len() >= 19 && shown.as_bytes().get(10) == Some(&b'T');
    let (Some(sent), Some(shown)) = (Civil::read(sent), Civil::read(shown).filter(|_| is_time)) else {
        return Alike::No;
    };
    if sent == shown {
        Alike::Same
    } else if shown.print("HHmmssSSS") == "000000000" && sent.print("yyyyMMdd") == shown.print("yyyyMMdd") {
        Alike::Near
    } else {
        Alike::No
    }
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Empty text is very often a single blank.
fn is_blank(value: &Value) -> bool {
    value.is_null() || value.as_str().is_some_and(|text| text.trim().is_empty())
}

/// What blank may be kept as.
fn is_zero(value: &Value) -> bool {
    *value == Value::Bool(false) || scalar(value).and_then(|text| Decimal::parse(&text)).is_some_and(|n| n.is_zero())
}

fn flag(text: &str) -> Option<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use Alike::{Near, No, Same};

    #[test]
    fn rule_14_values_compare_in_one_normal_form() {
        for (sent, shown, wanted) in [
            ("12.50", "12.5", Same),
            ("\"12.50\"", "12.5", Same),
            ("\"2\"", "2.0", Same),
            ("12345678901234567.89", "12345678901234567.89", Same),
            ("12345678901234567.89", "12345678901234567.88", No),
            ("9007199254740993", "9007199254740992", No),
            ("12.346", "12.35", Near),
            ("12.344", "12.35", No),
            ("2.004", "2.0", Near),
            ("9.99", "10.0", No),
            ("5.4", "5", Near),
            ("\"A-1\"", "\"A-1 \"", Same),
            ("\"A-1\"", "\"A-2\"", No),
            ("\"007\"", "\"7\"", No),
            ("7", "\"7\"", Same),
            ("7", "\"7.0\"", Same),
            ("7", "\"007\"", Same),
            ("\"2026-01-05\"", "\"2026-01-05T00:00:00\"", Same),
            ("\"2026/1/5\"", "\"2026-01-05T00:00:00\"", Same),
            ("\"2026-01-05 10:11:12\"", "\"2026-01-05T00:00:00\"", Near),
            ("\"2026-01-05 10:11:12\"", "\"2026-01-05T10:11:12\"", Same),
            ("\"2026-01-05 10:11:12\"", "\"2026-01-05T10:11:12.5\"", No),
            ("\"2026-01-05\"", "\"2026-01-06T00:00:00\"", No),
            ("\"2026-01-05\"", "\"2026-01-05 00:00:00\"", No),
            ("null", "\" \"", Same),
            ("\"\"", "null", Same),
            ("null", "0.0", Near),
            ("\"\"", "false", Near),
            ("0", "null", Near),
            ("\"x\"", "null", No),
            ("null", "\"x\"", No),
            ("true", "true", Same),
            ("\"1\"", "true", Same),
            ("false", "\"0\"", Same),
            ("true", "false", No),
            ("[1]", "1", No),
            ("{}", "\"x\"", No),
        ] {
            let parse = |text: &str| serde_json::from_str::<Value>(text).unwrap();
            assert_eq!(alike(&parse(sent), &parse(shown)), wanted, "{sent} {shown}");
        }
    }
}
