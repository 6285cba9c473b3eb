//! An HTTP answer, read whole, and what its status alone says.

use std::borrow::Cow;
use std::time::Duration;

use super::FaultKind;
use crate::clock::Time;

/// What a request is for: whether it matters that it may have run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// It reads, or logs in: it can be asked again.
    Read,
    /// It changes something at the system.
    Send,
}

/// An answer whose body was read to its end.
#[derive(Debug, Clone, Default)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// The system's clock, from `Date`.
    pub date: Option<Time>,
    /// From `Retry-After`, in either form.
    pub retry_after: Option<Duration>,
    /// `Content-Type`, in lower case.
    pub content_type: String,
    /// Every `Set-Cookie`.
    pub cookies: Vec<String>,
    /// The body, decompressed.
    pub body: Vec<u8>,
}

impl Reply {
    /// The content as text; what is no UTF-8 is shown as replacement characters: for recognising and for words,
    /// never for data.
    pub fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(self.content())
    }

    /// The body without byte order mark and blanks around it.
    pub fn content(&self) -> &[u8] {
        self.body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&self.body).trim_ascii()
    }

    /// Whether it is a page for people: an error page of a server or gateway, a login page. Some servers call JSON
    /// `text/html`.
    pub fn is_html(&self) -> bool {
        match self.content().first() {
            Some(b'<') => true,
            Some(b'{' | b'[') => false,
            _ => self.content_type.starts_with("text/html"),
        }
    }

    /// What it is, for the words of a fault whose answer no rule recognised.
    pub fn described(&self) -> String {
        // Words are cut anyway, and a body can be large.
        let begin = self.content().get(..4_096).unwrap_or(self.content());
        if begin.is_empty() {
            return format!("status {} with an empty body", self.status);
        }
        let text = String::from_utf8_lossy(begin);
        if self.is_html() {
            let title = text.split_once("<title>").and_then(|(_, rest)| rest.split_once("</title>"));
            let title = title.map(|(title, _)| format!(" titled `{}`", title.trim())).unwrap_or_default();
            return format!("status {} with an HTML page{title}", self.status);
        }
        format!("status {}: {text}", self.status)
    }
}

/// What an HTTP status alone says; `None` for success, where the body decides. 5xx and whatever else may come from a
/// gateway behind which the request ran is unknown for a send, and worth asking again for a read. 401 and 403 are
/// the session's and the account's.
pub fn of_status(status: u16, purpose: Purpose) -> Option<FaultKind> {
    let unclear = |read| match purpose {
        Purpose::Read => read,
        Purpose::Send => FaultKind::Unknown,
    };
    match status {
        200..=299 => None,
        401 => Some(FaultKind::Session),
        // No such address or method: raised by the web server before the application, alike for every document.
        403 | 404 | 405 | 410 => Some(FaultKind::Refused),
        413 | 414 | 415 | 431 => Some(FaultKind::Permanent),
        429 => Some(FaultKind::Throttled),
        408 | 425 => Some(unclear(FaultKind::Transient)),
        // Redirects are not followed: `base_url` is wrong, or it is a login page.
        300..=399 => Some(unclear(FaultKind::Refused)),
        400..=499 => Some(unclear(FaultKind::Permanent)),
        500..=599 => Some(unclear(FaultKind::Transient)),
        _ => Some(FaultKind::Unknown),
    }
}

/// Reads `Retry-After`: seconds, or an HTTP date against the answer's own `Date` (else our clock).
pub fn retry_after(text: &str, date: Option<Time>, now: Time) -> Option<Duration> {
    let text = text.trim();
    if let Ok(seconds) = text.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    Time::from_http_date(text).map(|until| until.since(date.unwrap_or(now)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_alone_is_success_or_a_kind_of_fault() {
        use FaultKind::{Permanent, Refused, Session, Throttled, Transient, Unknown};
        for (status, read, send) in [
            (200, None, None),
            (206, None, None),
            (302, Some(Refused), Some(Unknown)),
            (400, Some(Permanent), Some(Unknown)),
            (401, Some(Session), Some(Session)),
            (403, Some(Refused), Some(Refused)),
            (404, Some(Refused), Some(Refused)),
            (408, Some(Transient), Some(Unknown)),
            (413, Some(Permanent), Some(Permanent)),
            (429, Some(Throttled), Some(Throttled)),
            (500, Some(Transient), Some(Unknown)),
            (503, Some(Transient), Some(Unknown)),
            (519, Some(Transient), Some(Unknown)),
            (100, Some(Unknown), Some(Unknown)),
            (0, Some(Unknown), Some(Unknown)),
        ] {
            assert_eq!(of_status(status, Purpose::Read), read, "read {status}");
            assert_eq!(of_status(status, Purpose::Send), send, "send {status}");
        }
    }

    #[test]
    fn retry_after_is_seconds_or_a_date_against_the_answers_own_clock() {
        let date = Time::from_http_date("Fri, 01 Mar 2024 02:00:05 GMT");
        let ours = Time(0);
        for (text, seconds) in [
            ("7", Some(7)),
            (" 0 ", Some(0)),
            ("Fri, 01 Mar 2024 02:01:05 GMT", Some(60)),
            ("Fri, 01 Mar 2024 01:00:00 GMT", Some(0)),
            ("soon", None),
            ("-3", None),
            ("", None),
        ] {
            assert_eq!(retry_after(text, date, ours), seconds.map(Duration::from_secs), "{text}");
        }
    }

    #[test]
    fn an_answer_is_described_without_its_whole_page() {
        let reply = |content_type: &str, body: &str| Reply {
            status: 502,
            content_type: content_type.into(),
            body: body.into(),
            ..Reply::default()
        };
        for (content_type, body, words) in [
            (
                "text/html",
                "<html><title> 502 Bad Gateway </title>…",
                "status 502 with an HTML page titled `502 Bad Gateway`",
            ),
            ("", "\u{feff} <!DOCTYPE html>", "status 502 with an HTML page"),
            ("text/html", " ", "status 502 with an empty body"),
            ("text/html", "{}", "status 502: {}"),
            ("text/html", "down", "status 502 with an HTML page"),
            ("text/plain", "busy", "status 502: busy"),
        ] {
            assert_eq!(reply(content_type, body).described(), words);
        }
    }
}
