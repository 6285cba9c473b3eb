//! A small HTTP client that shares nothing with the program's own: one request a connection, whole bodies.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;

/// What a server answered.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    /// Head lines as received.
    pub head: String,
    pub body: String,
}

impl Answer {
    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// A header's value; its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().skip(1).filter_map(|line| line.split_once(':'));
        lines.filter(|(given, _)| given.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim()).next()
    }
}

/// Sends a request to `http://HOST:PORT`; none if nobody answers. `headers` are whole lines.
pub fn request(url: &str, method: &str, path: &str, headers: &[&str], body: &str) -> Option<Answer> {
    let place = url.trim_start_matches("http://").trim_end_matches('/');
    let mut stream = TcpStream::connect(place).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(60))).ok()?;
    let mut head = format!("{method} {path} HTTP/1.1\r\nconnection: close\r\ncontent-length: {}\r\n", body.len());
    if !headers.iter().any(|line| line.to_ascii_lowercase().starts_with("host:")) {
        head.push_str(&format!("host: {place}\r\n"));
    }
    if !headers.iter().any(|line| line.to_ascii_lowercase().starts_with("content-type:")) {
        head.push_str("content-type: application/json\r\n");
    }
    headers.iter().for_each(|line| head.push_str(&format!("{line}\r\n")));
    stream.write_all(format!("{head}\r\n{body}").as_bytes()).ok()?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let (head, body) = text.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    assert!(!head.to_ascii_lowercase().contains("transfer-encoding"), "this client reads whole bodies: {head}");
    Some(Answer { status, head: head.to_owned(), body: body.to_owned() })
}

/// Reads.
#[track_caller]
pub fn get(url: &str, path: &str) -> Answer {
    request(url, "GET", path, &[], "").unwrap_or_else(|| panic!("nobody answers at {url}{path}"))
}

/// Posts JSON.
#[track_caller]
pub fn post(url: &str, path: &str, body: &Value) -> Answer {
    request(url, "POST", path, &[], &body.to_string()).unwrap_or_else(|| panic!("nobody answers at {url}{path}"))
}
