//! Values of fields: as a bill keeps them ([`Cell`]), and as queries see and show them ([`Seen`]). Decimals stay
//! decimal text from the request to the answer.

use std::cmp::Ordering;

use serde_json::{Number, Value};

use crate::clock::{Civil, Zone};
use crate::decimal::Decimal;

use super::forms::Kind;

/// A value as a bill keeps it; an absent one is not kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell {
    /// Text or a choice's code.
    Text(Box<str>),
    /// Plain decimal text without superfluous zeros.
    Decimal(Box<str>),
    /// A whole number.
    Whole(i64),
    /// A check box.
    Flag(bool),
    /// A civil time.
    Time(Civil),
    /// Base data by internal id.
    Base(u32),
}

impl Cell {
    /// A decimal number.
    pub fn number(number: &Decimal) -> Self {
        Self::Decimal(plain(number).into())
    }

    /// Reads a value of any kind but base data. `Ok(None)` is "no value"; the error is the text that does not fit.
    pub fn read(kind: Kind, value: &Value, zone: &Zone) -> Result<Option<Self>, String> {
        let Some(text) = scalar(value) else { return Ok(None) };
        if text.trim().is_empty() {
            return Ok(None);
        }
        let trimmed = text.trim();
        let cell = match kind {
            Kind::Text | Kind::Choice(_) => Some(Self::Text(text.as_str().into())),
            Kind::Decimal => Decimal::parse(trimmed).map(|number| Self::number(&number)),
            Kind::Integer => trimmed.parse().ok().map(Self::Whole),
            Kind::Flag => flag(trimmed).map(Self::Flag),
            Kind::DateTime => civil(trimmed, zone).map(Self::Time),
            Kind::Date => civil(trimmed, zone).and_then(day).map(Self::Time),
            Kind::Base(_) | Kind::Property(_) | Kind::Opaque => return Ok(None),
        };
        cell.map(Some).ok_or(text)
    }
}

/// The text of a JSON scalar, digits kept; `None` for null, lists and objects.
pub fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// A check box or option as JSON and clients write it (protocols/kingdee.md 1.1).
pub fn flag(text: &str) -> Option<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    }
}

/// Plain notation without zeros behind the last digit.
fn plain(number: &Decimal) -> String {
    let text = number.to_string();
    let kept = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    if kept == "-0" { "0".to_owned() } else { kept.to_owned() }
}

fn civil(text: &str, zone: &Zone) -> Option<Civil> {
    zone.read(text).map(|time| zone.civil(time))
}

fn day(civil: Civil) -> Option<Civil> {
    Civil::read(&civil.print("yyyy-MM-dd"))
}

/// A value as a query sees it.
#[derive(Debug, Clone, Copy)]
pub enum Seen<'a> {
    /// SQL null.
    Null,
    /// Text.
    Text(&'a str),
    /// Plain decimal text.
    Decimal(&'a str),
    /// A whole number.
    Whole(i64),
    /// A check box.
    Flag(bool),
    /// A civil time.
    Time(Civil),
}

impl Seen<'_> {
    /// JSON as ExecuteBillQuery types it: decimals with `.0` when whole, times with `T` and a trimmed fraction.
    pub fn json(self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Text(text) => Value::String(text.to_owned()),
            Self::Decimal(text) => {
                let shown = if text.contains('.') { text.to_owned() } else { format!("{text}.0") };
                shown.parse::<Number>().map_or(Value::Null, Value::Number)
            }
            Self::Whole(number) => number.into(),
            Self::Flag(flag) => flag.into(),
            Self::Time(civil) => Value::String(stamp(civil)),
        }
    }

    /// SQL comparison: `None` where either side is null or they do not compare. Blanks at the end of texts do not
    /// count.
    pub fn compare(self, other: Seen<'_>) -> Option<Ordering> {
        match (self, other) {
            (Self::Text(a), Seen::Text(b)) => Some(a.trim_end_matches(' ').cmp(b.trim_end_matches(' '))),
            (Self::Whole(a), Seen::Whole(b)) => Some(a.cmp(&b)),
            (Self::Flag(a), Seen::Flag(b)) => Some(a.cmp(&b)),
            (Self::Time(a), Seen::Time(b)) => Some(a.cmp(&b)),
            _ => Some(self.number()?.cmp(&other.number()?)),
        }
    }

    /// Order for sorting: null first.
    pub fn order(self, other: Seen<'_>) -> Ordering {
        match (self, other) {
            (Self::Null, Seen::Null) => Ordering::Equal,
            (Self::Null, _) => Ordering::Less,
            (_, Seen::Null) => Ordering::Greater,
            _ => self.compare(other).unwrap_or(Ordering::Equal),
        }
    }

    fn number(self) -> Option<Decimal> {
        match self {
            Self::Decimal(text) => Decimal::parse(text),
            Self::Whole(number) => Some(Decimal::from_i64(number)),
            Self::Null | Self::Text(_) | Self::Flag(_) | Self::Time(_) => None,
        }
    }
}

/// `2026-01-09T12:00:45.053`, the fraction trimmed, without zone.
pub fn stamp(civil: Civil) -> String {
    let text = civil.print("yyyy-MM-ddTHH:mm:ss.SSS");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn values_come_back_as_the_real_server_prints_them() {
        let zone = Zone::named("Asia/Shanghai").unwrap();
        let shown = |kind, json: &str| {
            let cell = Cell::read(kind, &serde_json::from_str(json).unwrap(), &zone);
            match cell {
                Ok(None) => "-".to_owned(),
                Err(text) => format!("!{text}"),
                Ok(Some(Cell::Text(text))) => Seen::Text(&text).json().to_string(),
                Ok(Some(Cell::Decimal(text))) => Seen::Decimal(&text).json().to_string(),
                Ok(Some(Cell::Whole(number))) => Seen::Whole(number).json().to_string(),
                Ok(Some(Cell::Flag(flag))) => Seen::Flag(flag).json().to_string(),
                Ok(Some(Cell::Time(civil))) => Seen::Time(civil).json().to_string(),
                Ok(Some(Cell::Base(id))) => id.to_string(),
            }
        };
        for (kind, json, expected) in [
            (Kind::Decimal, "12345678901234567.89", "12345678901234567.89"),
            (Kind::Decimal, "9007199254740993", "9007199254740993.0"),
            (Kind::Decimal, "\"25.6200\"", "25.62"),
            (Kind::Decimal, "1.5e3", "1500.0"),
            (Kind::Decimal, "-0.00", "0.0"),
            (Kind::Decimal, "1000", "1000.0"),
            (Kind::Decimal, "\"abc\"", "!abc"),
            (Kind::Decimal, "\"\"", "-"),
            (Kind::Integer, "\"42\"", "42"),
            (Kind::Integer, "4.2", "!4.2"),
            (Kind::Flag, "\"True\"", "true"),
            (Kind::Flag, "0", "false"),
            (Kind::Date, "\"2016/2/23\"", "\"2016-02-23T00:00:00\""),
            (Kind::Date, "\"2026-01-05 10:11:12\"", "\"2026-01-05T00:00:00\""),
            (Kind::DateTime, "\"2026-01-05 10:11:12.450\"", "\"2026-01-05T10:11:12.45\""),
            (Kind::DateTime, "\"2026-01-05T02:11:12Z\"", "\"2026-01-05T10:11:12\""),
            (Kind::DateTime, "\"yesterday\"", "!yesterday"),
            (Kind::Text, "7", "\"7\""),
            (Kind::Text, "null", "-"),
            (Kind::Text, "[1]", "-"),
        ] {
            assert_eq!(shown(kind, json), expected, "{kind:?} {json}");
        }
    }
}
