//! Exact decimals: from source text to target text without binary floating point.

use std::cmp::Ordering;
use std::fmt;

use bigdecimal::num_bigint::BigInt;
use bigdecimal::{BigDecimal, RoundingMode, Zero};

/// Digits and exponents beyond this are refused: `1e1000000000` would fill the memory when printed.
const MAX_SCALE: i64 = 1_000;

/// An exact decimal number.
#[derive(Debug, Clone)]
pub struct Decimal(BigDecimal);

impl Decimal {
    /// Reads a number as JSON and people write it (`-12.50`, `1e3`, `+7`). `None` if it is no number or its
    /// digits or exponent go beyond 1,000.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let text = text.strip_prefix('+').filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit())).unwrap_or(text);
        let shape = |c: char| c.is_ascii_digit() || matches!(c, '.' | '-' | '+' | 'e' | 'E');
        if text.is_empty()
            || text.len() > 1_100
            || !text.chars().all(shape)
            || !text.contains(|c: char| c.is_ascii_digit())
        {
            return None;
        }
        let number: BigDecimal = text.parse().ok()?;
        let (_, scale) = number.as_bigint_and_exponent();
        (scale.abs() <= MAX_SCALE).then_some(Self(number))
    }

    /// Zero.
    pub fn zero() -> Self {
        Self(BigDecimal::zero())
    }

    /// A whole number.
    pub fn from_i64(number: i64) -> Self {
        Self(BigDecimal::from(number))
    }

    /// Whether there is no fraction.
    pub fn is_whole(&self) -> bool {
        self.0.is_integer()
    }

    /// Whether it is zero.
    pub fn is_zero(&self) -> bool {
        self.0.is_zero()
    }

    /// Digits after the point, trailing zeros not counted.
    pub fn fraction_digits(&self) -> i64 {
        let (_, scale) = self.0.normalized().as_bigint_and_exponent();
        scale.max(0)
    }

    /// Rounded half up (away from zero at the half) to `digits` after the point, printed with exactly these.
    pub fn round(&self, digits: u32) -> Self {
        Self(self.0.with_scale_round(i64::from(digits), RoundingMode::HalfUp))
    }

    /// Sum.
    pub fn plus(&self, other: &Self) -> Self {
        Self(&self.0 + &other.0)
    }

    /// Difference.
    pub fn minus(&self, other: &Self) -> Self {
        Self(&self.0 - &other.0)
    }

    /// Product.
    pub fn times(&self, other: &Self) -> Self {
        Self(&self.0 * &other.0)
    }

    /// Quotient rounded half up to `digits` after the point; `None` by zero.
    pub fn divided_by(&self, other: &Self, digits: u32) -> Option<Self> {
        if other.is_zero() {
            return None;
        }
        // Exact: both as whole numbers of the same scale, one digit rounded by the remainder.
        let scale = self.0.fractional_digit_count().max(other.0.fractional_digit_count()).max(0);
        let whole = |n: &BigDecimal| n.with_scale(scale).into_bigint_and_exponent().0;
        let numerator = whole(&self.0) * BigInt::from(10).pow(digits);
        let denominator = whole(&other.0);
        let doubled: BigInt = &numerator * 2
            + if (numerator.sign() == denominator.sign()) || numerator.is_zero() {
                abs(&denominator) * sign_of(&denominator)
            } else {
                -(abs(&denominator) * sign_of(&denominator))
            };
        let quotient = doubled / (denominator * 2);
        Some(Self(BigDecimal::new(quotient, i64::from(digits))))
    }

    /// Without its sign.
    pub fn abs(&self) -> Self {
        Self(self.0.abs())
    }
}

fn abs(number: &BigInt) -> BigInt {
    BigInt::from(number.magnitude().clone())
}

fn sign_of(number: &BigInt) -> BigInt {
    if number.sign() == bigdecimal::num_bigint::Sign::Minus { BigInt::from(-1) } else { BigInt::from(1) }
}

/// Plain notation, all digits it holds (`1.10` stays `1.10`), never an exponent.
impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.to_plain_string())
    }
}

impl PartialEq for Decimal {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Decimal {}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// By value: 1.10 equals 1.1.
impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.cmp(&other.0)
    }
}

/// The one text of a JSON number's value, whatever its notation: `12.50`, `12.5` and `1.25e1` give `125e-1`; zero
/// is `0`. Works for any exponent and length. Text that is no number is returned as it is.
pub fn canonical(number: &str) -> String {
    let mut out = Vec::with_capacity(number.len() + 4);
    write_canonical(number, &mut out);
    String::from_utf8(out).unwrap_or_else(|_| number.to_owned())
}

/// Appends the text of [`canonical`] to `out`. Allocates nothing else, large exponents apart.
pub fn write_canonical(number: &str, out: &mut Vec<u8>) {
    let number = number.as_bytes();
    let (sign, digits) = number.split_at(usize::from(number.first() == Some(&b'-')));
    let end = digits.iter().position(|byte| matches!(byte, b'e' | b'E')).unwrap_or(digits.len());
    let (mantissa, exponent) = digits.split_at(end);
    let point = mantissa.iter().position(|byte| *byte == b'.').unwrap_or(mantissa.len());
    let (whole, fraction) = (&mantissa[..point], mantissa.get(point + 1..).unwrap_or_default());
    let (whole, fraction) = (without_leading_zeros(whole), without_trailing_zeros(fraction));
    let (kept, shift) = if fraction.is_empty() {
        let kept = without_trailing_zeros(whole);
        ([kept, fraction], (whole.len() - kept.len()) as i128)
    } else {
        let kept = if whole.is_empty() { without_leading_zeros(fraction) } else { fraction };
        ([whole, kept], -(fraction.len() as i128))
    };
    if kept == [b"", b""] {
        out.push(b'0');
        return;
    }
    // An exponent too large to count with can equal no other number's text: it stands as it is.
    let Some(shift) = read_exponent(exponent).and_then(|exponent| exponent.checked_add(shift)) else {
        out.extend_from_slice(number);
        return;
    };
    for part in [sign, kept[0], kept[1]] {
        out.extend_from_slice(part);
    }
    match shift {
        0 => {}
        -9..0 => out.extend([b'e', b'-', b'0' + shift.unsigned_abs() as u8]),
        _ => out.extend_from_slice(format!("e{shift}").as_bytes()),
    }
}

/// The exponent of a number, from its `e` on; none is zero.
fn read_exponent(text: &[u8]) -> Option<i128> {
    let Some((_, digits)) = text.split_first() else { return Some(0) };
    std::str::from_utf8(digits).ok()?.parse().ok()
}

fn without_leading_zeros(digits: &[u8]) -> &[u8] {
    &digits[digits.iter().position(|byte| *byte != b'0').unwrap_or(digits.len())..]
}

fn without_trailing_zeros(digits: &[u8]) -> &[u8] {
    &digits[..digits.iter().rposition(|byte| *byte != b'0').map_or(0, |at| at + 1)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_value_has_one_canonical_text() {
        for (texts, canon) in [
            (&["12.50", "12.5", "1.25e1", "1250E-2"][..], "125e-1"),
            (&["0", "-0", "0.000", "0e99"], "0"),
            (&["1e400", "10E399"], "1e400"),
            (&["100000000000000001"], "100000000000000001"),
            (&["-7", "-7.0"], "-7"),
            (&["0.0120", "0.012", "12e-3", "00012E-03"], "12e-3"),
            (&["100.50", "100.5", "1005e-1"], "1005e-1"),
            (&["1e-170141183460469231731687303715884105728"], "1e-170141183460469231731687303715884105728"),
            (&["0.1e-170141183460469231731687303715884105728"], "0.1e-170141183460469231731687303715884105728"),
        ] {
            for text in texts {
                assert_eq!(canonical(text), canon, "{text}");
            }
        }
        assert_ne!(canonical("100000000000000001"), canonical("100000000000000002"));
    }

    #[test]
    fn arithmetic_is_exact_and_rounds_half_up() {
        let d = |t: &str| Decimal::parse(t).expect("number");
        assert_eq!(d("12345678901234567.89").plus(&d("0.01")).to_string(), "12345678901234567.90");
        assert_eq!(d("9007199254740993").times(&d("1")).to_string(), "9007199254740993");
        for (a, b, digits, result) in [
            ("1", "3", 4, "0.3333"),
            ("2", "3", 2, "0.67"),
            ("-2", "3", 2, "-0.67"),
            ("2", "-3", 2, "-0.67"),
            ("-2", "-3", 2, "0.67"),
            ("0.125", "1", 2, "0.13"),
            ("-0.125", "1", 2, "-0.13"),
            ("7", "0.5", 0, "14"),
        ] {
            assert_eq!(d(a).divided_by(&d(b), digits).expect("no zero").to_string(), result, "{a}/{b}");
        }
        assert!(d("1").divided_by(&d("0.0"), 2).is_none());
        assert_eq!(d("2.345").round(2).to_string(), "2.35");
        assert_eq!(d("1.1").round(3).to_string(), "1.100");
        assert_eq!(d("1.10"), d("1.1"));
        for bad in ["", "abc", "1e1000000000", "--1", ".", "NaN", "١"] {
            assert!(Decimal::parse(bad).is_none(), "{bad}");
        }
    }
}
