//! A bare HTTP client for the sandbox's own tests, so that resets and cut bodies are seen as they are.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use url::form_urlencoded;

use crate::clock::{SystemClock, Time};
use crate::sandbox::jushuitan::credentials::{ACCESS_TOKEN, APP_KEY, APP_SECRET};
use crate::sandbox::jushuitan::sign;
use crate::sandbox::{Options, Running, Sandbox};

/// What came back until the server closed: maybe less than a whole answer.
#[derive(Debug)]
pub struct Told {
    /// 0 if there was no status line.
    pub status: u16,
    /// Names in lower case.
    pub headers: BTreeMap<String, String>,
    /// As much of it as came.
    pub body: Vec<u8>,
}

impl Told {
    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| {
            panic!("{error}: {}", String::from_utf8_lossy(&self.body));
        })
    }
}

/// A sandbox on free ports, without limits of calls.
pub async fn sandbox(documents: u64) -> Running {
    let switches = vec![("rate".to_owned(), "off".to_owned())];
    let options = Options { seed: 7, documents, port: 0, switches };
    Sandbox::start(options, Arc::new(SystemClock::new())).await.unwrap()
}

/// Sends a request to `http://ADDRESS` and reads until the server closes.
pub async fn send(url: &str, method: &str, path: &str, kind: &str, body: &str) -> io::Result<Told> {
    send_with(url, method, path, &[("content-type", kind)], body).await
}

/// The same with headers of one's own.
pub async fn send_with(url: &str, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> io::Result<Told> {
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let mut stream = TcpStream::connect(url.trim_start_matches("http://")).await?;
    let length = body.len();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: sandbox\r\nconnection: close\r\n{headers}content-length: {length}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body.as_bytes()).await?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await?;
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").unwrap_or(bytes.len());
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok()).unwrap_or(0);
    let headers = lines.filter_map(|line| line.split_once(": ")).map(|(n, v)| (n.to_lowercase(), v.to_owned()));
    Ok(Told { status, headers: headers.collect(), body: bytes.get(end + 4..).unwrap_or_default().to_vec() })
}

/// The control API's answer: status and body.
pub async fn control(sandbox: &Running, method: &str, path: &str, body: &str) -> (u16, Value) {
    let told = send(&sandbox.control_url(), method, path, "application/json", body).await.unwrap();
    (told.status, told.json())
}

/// The body of a signed call of the open gateway.
pub fn signed(more: &[(&str, &str)], now: Time) -> String {
    let timestamp = now.seconds().to_string();
    let common = [("app_key", APP_KEY), ("timestamp", timestamp.as_str()), ("charset", "utf-8")];
    let mut params: BTreeMap<String, String> =
        common.iter().chain(more).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let sign = sign::open(APP_SECRET, &params);
    params.insert("sign".to_owned(), sign);
    form_urlencoded::Serializer::new(String::new()).extend_pairs(params).finish()
}

/// Path and body of a shipment query on the open gateway.
pub fn shipment_query(biz: &str, now: Time) -> (&'static str, String) {
    let more = [("access_token", ACCESS_TOKEN), ("version", "2"), ("biz", biz)];
    ("/open/orders/out/simple/query", signed(&more, now))
}

/// Asks for shipments by the open gateway.
pub async fn shipments(sandbox: &Running, biz: &str) -> io::Result<Told> {
    let (path, body) = shipment_query(biz, sandbox.shared().now("jushuitan"));
    let url = sandbox.url("jushuitan").unwrap();
    send(&url, "POST", path, "application/x-www-form-urlencoded;charset=UTF-8", &body).await
}
