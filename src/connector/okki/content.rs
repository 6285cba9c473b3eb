//! Whether a value that was sent and a value that an order shows are the same, in OKKI's normal form (rules.md 14;
//! value typing: protocols/okki.md 4).

use serde_json::Value;

use super::pairing::pairs;
use crate::clock::Civil;
use crate::connector::judging::Alike;
use crate::decimal::Decimal;

/// Compares a value as sent with one as shown: ids as text, whether number or text, decimals by value, dates with
/// their time or without, blank as null, lists as multisets.
pub fn alike(sent: &Value, shown: &Value) -> Alike {
    if let Some(alike) = Alike::of_blanks(sent, shown, is_blank, is_zero) {
        return alike;
    }
    match (sent, shown) {
        (Value::Array(sent), Value::Array(shown)) => lists(sent, shown),
        (Value::Object(sent), Value::Object(shown)) => {
            let compared = sent.iter().filter_map(|(name, value)| Some(alike(value, shown.get(name)?)));
            compared.min().unwrap_or(Alike::No)
        }
        // `handler` is sent as ids and shown as users.
        (sent, Value::Object(shown)) => shown.get("user_id").map_or(Alike::No, |shown| alike(sent, shown)),
        (sent, shown) => match (scalar(sent), scalar(shown)) {
            (Some(one), Some(other)) => texts(&one, &other, sent.is_string() && shown.is_string()),
            _ => Alike::No,
        },
    }
}

/// Lists are multisets; each element has its own partner.
fn lists(sent: &[Value], shown: &[Value]) -> Alike {
    if sent.len() != shown.len() {
        return Alike::No;
    }
    let whole = |least| {
        let fits = |one: usize, other: usize| match (sent.get(one), shown.get(other)) {
            (Some(one), Some(other)) => alike(one, other) >= least,
            _ => false,
        };
        pairs(sent.len(), shown.len(), fits).iter().all(Option::is_some)
    };
    match (whole(Alike::Same), whole(Alike::Near)) {
        (true, _) => Alike::Same,
        (false, true) => Alike::Near,
        (false, false) => Alike::No,
    }
}

fn texts(sent: &str, shown: &str, both_texts: bool) -> Alike {
    let (sent, shown) = (sent.trim(), shown.trim());
    if sent == shown {
        return Alike::Same;
    }
    if let (Some(one), Some(other)) = (Decimal::parse(sent), Decimal::parse(shown)) {
        if one == other {
            // Of two texts nobody knows whether they are numbers or codes.
            return if both_texts { Alike::Near } else { Alike::Same };
        }
        return Alike::of_numbers(&one, &other, shown);
    }
    match (time(sent), time(shown)) {
        (Some(sent), Some(shown)) if sent == shown => Alike::Same,
        (Some(sent), Some(shown))
            if shown.print("HHmmss") == "000000" && sent.print("yyyyMMdd") == shown.print("yyyyMMdd") =>
        {
            Alike::Near
        }
        _ => Alike::No,
    }
}

/// A text of the form `2024-01-29` or `2024-01-29 10:11:12`; anything else is no time.
fn time(text: &str) -> Option<Civil> {
    let bytes = text.as_bytes();
    let is_date = bytes.len() >= 10 && bytes.get(4) == Some(&b'-') && bytes.get(7) == Some(&b'-');
    if is_date { Civil::read(text) } else { None }
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(u8::from(*flag).to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Nothing: also the date that stands for none, and the empty list that stands for an empty object.
fn is_blank(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty() || text.trim() == "1970-01-01 00:00:00",
        Value::Array(elements) => elements.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// What an unset custom field of numbers shows.
fn is_zero(value: &Value) -> bool {
    scalar(value).and_then(|text| Decimal::parse(&text)).is_some_and(|number| number.is_zero())
}

/// An id of an order, row, product or sku as text: numbers and texts of one id are equal, blank and zero are none.
pub fn id(value: Option<&Value>) -> Option<String> {
    let text = scalar(value?)?;
    let text = text.trim();
    (!text.is_empty() && text != "0").then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use Alike::{Near, No, Same};

    #[test]
    fn rule_14_values_compare_in_one_normal_form() {
        for (sent, shown, wanted) in [
            (r#""3495743811""#, "3495743811", Same),
            ("3495743811", r#""3495743811""#, Same),
            ("9007199254740993", "9007199254740992", No),
            (r#""10.00""#, "10", Same),
            (r#""10.00""#, r#""10.0000000000""#, Near),
            (r#""007""#, r#""7""#, Near),
            ("12.346", "12.35", Near),
            ("12.344", "12.35", No),
            ("5.4", "5", Near),
            (r#""2024-01-29""#, r#""2024-01-29 00:00:00""#, Same),
            (r#""2024-01-29 10:11:12""#, r#""2024-01-29 00:00:00""#, Near),
            (r#""2024-01-29""#, r#""2024-01-30 00:00:00""#, No),
            ("null", r#""1970-01-01 00:00:00""#, Same),
            (r#""""#, "null", Same),
            (r#""""#, "0", Near),
            ("0", r#""""#, Near),
            ("[]", r#""""#, Same),
            ("{}", "[]", Same),
            (r#""x""#, r#""""#, No),
            ("true", "1", Same),
            (r#""已审核""#, r#""已审核 ""#, Same),
            (r#"["11858712"]"#, r#"[{"user_id":11858712,"nickname":"u"}]"#, Same),
            (r#"["1","2"]"#, r#"["2","1"]"#, Same),
            (r#"["1","1"]"#, r#"["1","2"]"#, No),
            (r#"["1"]"#, r#"["1","2"]"#, No),
            (
                r#"[{"user_id":"1","rate":50},{"user_id":"2","rate":"50"}]"#,
                r#"[{"rate":50,"user_id":"2","nickname":"b"},{"rate":50,"user_id":"1","nickname":"a"}]"#,
                Same,
            ),
            (r#"[{"department_id":0,"rate":100}]"#, r#"[{"department_id":"0","rate":100,"name":"x"}]"#, Same),
            (r#"[{"cost_name":"物流费","cost":"20.00"}]"#, r#"[{"cost_name":"物流费","cost":21}]"#, No),
            (r#"[{"cost_name":"物流费"}]"#, "[]", No),
            (r#"{"a":1}"#, r#"{"b":1}"#, No),
        ] {
            let parse = |text: &str| serde_json::from_str::<Value>(text).unwrap();
            assert_eq!(alike(&parse(sent), &parse(shown)), wanted, "{sent} {shown}");
        }
    }
}
