//! Scalars of one kind each, read from their text.

use std::net::SocketAddr;
use std::time::Duration;

use crate::clock::{Zone, read_duration};
use crate::scheme::Start;

/// `true` or `false`.
pub(super) fn boolean(text: &str) -> Option<bool> {
    match text {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

/// A whole number in plain digits.
pub(super) fn integer(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

/// `5%` or `0.5%` in tenths of a percent.
pub(super) fn share(text: &str) -> Option<u32> {
    let number = text.strip_suffix('%')?.trim_end();
    let (whole, tenth) = number.split_once('.').unwrap_or((number, "0"));
    let tenths = integer(whole)?.checked_mul(10)?.checked_add(integer(tenth).filter(|_| tenth.len() == 1)?)?;
    u32::try_from(tenths).ok().filter(|share| *share <= 1000)
}

/// `65536`, `64KB`, `64MB`, `2GB` in bytes; a KB has 1024.
pub(super) fn size(text: &str) -> Option<u64> {
    let split = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let factor: u64 = match unit.trim() {
        "" | "B" => 1,
        "KB" => 1 << 10,
        "MB" => 1 << 20,
        "GB" => 1 << 30,
        _ => return None,
    };
    integer(number)?.checked_mul(factor).filter(|bytes| *bytes > 0)
}

/// `5/s`, `100/min`, `1000/h`: so many within so long.
pub(super) fn rate(text: &str) -> Option<(u32, Duration)> {
    let (count, per) = text.split_once('/')?;
    let per = match per.trim() {
        "s" => 1,
        "min" | "m" => 60,
        "h" => 3600,
        _ => return None,
    };
    let count = u32::try_from(integer(count.trim())?).ok().filter(|count| *count > 0)?;
    Some((count, Duration::from_secs(per)))
}

/// A duration, else a time.
pub(super) fn start(text: &str, zone: &Zone) -> Option<Start> {
    read_duration(text).map(Start::Back).or_else(|| zone.read(text).map(Start::At))
}

/// `127.0.0.1:7878`, `[::1]:7878` or `localhost:7878`.
pub(super) fn address(text: &str) -> Option<SocketAddr> {
    match text.strip_prefix("localhost:") {
        Some(port) => format!("127.0.0.1:{port}").parse().ok(),
        None => text.parse().ok(),
    }
}

/// Whether a text is an `http` or `https` address.
pub(super) fn is_url(text: &str) -> bool {
    url::Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}
