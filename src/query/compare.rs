//! Exact comparison of JSON values: numbers by value, digit for digit, texts as texts.

use std::borrow::Cow;
use std::cmp::Ordering;

use serde_json::{Number, Value};

use super::expression::Comparison;
use crate::decimal;

impl Comparison {
    /// Compares, by RFC 9535 2.3.5.2.2 (`None` is an absent value: equal only to another), except that an order
    /// comparison with null or an absent value is false (interface.md section 4).
    pub fn holds(self, left: Option<&Value>, right: Option<&Value>) -> bool {
        match self {
            Self::Equal => both_equal(left, right),
            Self::NotEqual => !both_equal(left, right),
            Self::Less | Self::LessOrEqual => self.orders(left, right),
            Self::Greater | Self::GreaterOrEqual => self.orders(right, left),
        }
    }

    /// Whether `small` lies before `large` or, where the operator allows it, equals it.
    fn orders(self, small: Option<&Value>, large: Option<&Value>) -> bool {
        let (Some(small), Some(large)) = (small, large) else { return false };
        let or_equal = matches!(self, Self::LessOrEqual | Self::GreaterOrEqual);
        match (small, large) {
            (Value::Null, _) | (_, Value::Null) => false,
            (Value::Number(a), Value::Number(b)) => match order(a, b) {
                Ordering::Less => true,
                Ordering::Equal => or_equal,
                Ordering::Greater => false,
            },
            (Value::String(a), Value::String(b)) => a < b || (or_equal && a == b),
            _ => or_equal && equal(small, large),
        }
    }
}

fn both_equal(left: Option<&Value>, right: Option<&Value>) -> bool {
    match (left, right) {
        (Some(left), Some(right)) => equal(left, right),
        (None, None) => true,
        _ => false,
    }
}

/// Whether two values are the same; numbers by value, whatever their notation; members in any order.
pub(super) fn equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => order(a, b) == Ordering::Equal,
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(name, a)| b.get(name).is_some_and(|b| equal(a, b)))
        }
        (Value::Null, Value::Null) => true,
        (Value::Bool(a), Value::Bool(b)) => a == b,
        (Value::String(a), Value::String(b)) => a == b,
        _ => false,
    }
}

/// Order of two numbers by value, of any length and exponent.
fn order(a: &Number, b: &Number) -> Ordering {
    if let (Some(a), Some(b)) = (a.as_i64(), b.as_i64()) {
        return a.cmp(&b);
    }
    let (a, b) = (decimal::canonical(a.as_str()), decimal::canonical(b.as_str()));
    let (a, b) = (Parts::of(&a), Parts::of(&b));
    match (a.negative, b.negative) {
        (true, true) => b.size().cmp(&a.size()),
        (false, false) => a.size().cmp(&b.size()),
        (a, b) => b.cmp(&a),
    }
}

/// A canonical number, taken apart.
struct Parts<'t> {
    negative: bool,
    /// Significant digits, without zeros at either end; empty for zero.
    digits: Cow<'t, str>,
    /// Power of ten above the first digit.
    power: i128,
}

impl<'t> Parts<'t> {
    fn of(canonical: &'t str) -> Self {
        let (negative, digits) = match canonical.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, canonical),
        };
        let (digits, exponent) = digits.split_once('e').unwrap_or((digits, "0"));
        let digits = if digits == "0" { "" } else { digits };
        let power = exponent.parse::<i128>().unwrap_or(i128::MAX).saturating_add(digits.len() as i128);
        Self { negative, digits: Cow::Borrowed(digits), power }
    }

    fn size(&self) -> (bool, i128, &str) {
        (!self.digits.is_empty(), self.power, &self.digits)
    }
}
