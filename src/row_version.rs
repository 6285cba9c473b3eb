//! Row versions: the numbers that a source gives its rows in the order in which they were written (rules 5 and 27).
//! They are compared as exact numbers, never as binary floating point: one of 聚水潭 is an SQL Server row version of
//! 8 bytes (protocols/jushuitan.md 4.4).

use std::cmp::Ordering;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::decimal::Decimal;

/// A row version, as plain decimal.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RowVersion(String);

impl RowVersion {
    /// Reads a row version; `None` if it is no number.
    pub fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            let plain = Decimal::parse(text)?.to_string();
            let Some((whole, fraction)) = plain.split_once('.') else { return Some(Self(plain)) };
            let fraction = fraction.trim_end_matches('0');
            return Some(Self(if fraction.is_empty() { whole.to_owned() } else { format!("{whole}.{fraction}") }));
        }
        let digits = text.trim_start_matches('0');
        Some(Self(if digits.is_empty() { "0" } else { digits }.to_owned()))
    }

    /// Its digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RowVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl PartialOrd for RowVersion {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// By value.
impl Ord for RowVersion {
    fn cmp(&self, other: &Self) -> Ordering {
        let is_plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if is_plain(&self.0) && is_plain(&other.0) {
            return self.0.len().cmp(&other.0.len()).then_with(|| self.0.cmp(&other.0));
        }
        let by_value = Decimal::parse(&self.0).cmp(&Decimal::parse(&other.0));
        by_value.then_with(|| self.0.cmp(&other.0))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn rule_27_row_versions_are_compared_as_exact_numbers() {
        let read = |text: &str| RowVersion::read(text).unwrap();
        // Ascending; the first two are one binary floating point number.
        let ascending =
            ["-3", "0", "2", "10", "10.5", "9007199254740992", "9007199254740993", "18446744073709551616", "1e21"];
        assert!(ascending.windows(2).all(|two| read(two[0]) < read(two[1])));
        for (text, same) in [("007", "7"), ("7.00", "7"), ("7e0", "7"), ("000", "0"), ("12.50", "12.5")] {
            assert_eq!(read(text), read(same), "{text}");
        }
        for text in ["", " ", "0x1f", "2026-06-01 12:00:00", "null"] {
            assert_eq!(RowVersion::read(text), None, "{text}");
        }
    }
}
