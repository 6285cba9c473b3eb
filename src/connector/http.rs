//! HTTP for connectors, the only place that sees the client library: one request, one answer read whole, or a fault
//! that says whether anything of the request can have left this machine. No redirects, no retries, HTTP/1.1.

use std::error::Error as StdError;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Once, PoisonError, RwLock};
use std::time::Duration;

use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, DATE, HeaderMap, RETRY_AFTER, SET_COOKIE};
use url::{Host, Url};

use super::charset;
use super::pace::Pace;
use super::reply::{Purpose, Reply, retry_after};
use super::{Fault, FaultKind};
use crate::clock::{Clock, Time};
use crate::crash;
use crate::scheme::transport::{MinTls, Transport};
use crate::secret::Secret;

/// A request; GET or POST as it is given to [`Http::get`], [`Http::post`] or [`Http::post_with`].
#[derive(Debug)]
pub struct Request {
    /// What it is for.
    pub purpose: Purpose,
    /// The whole address; its query may hold secrets and is never shown.
    pub url: Url,
    /// Headers beside those of HTTP itself.
    pub headers: Vec<(&'static str, String)>,
    /// The body's bytes.
    pub body: Vec<u8>,
}

/// The client of one system.
pub struct Http {
    /// Keeps idle connections.
    reads: reqwest::Client,
    /// A fresh connection for every request: on one that was idle, the system's end of it may cross our request, and
    /// nobody could tell whether it was read.
    sends: reqwest::Client,
    pace: Arc<Pace>,
    clock: Arc<dyn Clock>,
    timeout: Duration,
    connect_timeout: Duration,
    max_body: u64,
    proxied: bool,
    /// How far the system's clock is ahead of the monotonic one, in milliseconds, so that a step of ours changes nothing
    /// in it; [`UNKNOWN_OFFSET`] before the first `Date`.
    offset: AtomicI64,
    secrets: RwLock<Vec<Secret>>,
}

/// So many secrets are masked; no system is configured with half as many.
const MOST_SECRETS: usize = 32;
const UNKNOWN_OFFSET: i64 = i64::MIN;
/// Longest words of a fault, in characters.
const LONGEST_WORDS: usize = 300;
/// An answer that comes slower than this, in bytes a second, is not waited for to its end.
const SLOWEST: f64 = 64.0;
/// How much of an answer that is too large is kept, to see what it begins with.
const BEGINNING: usize = 64 << 10;
/// Idle connections are closed before usual servers do it.
const IDLE: Duration = Duration::from_secs(15);

impl Http {
    /// A client for a system at `base`. `timeout` holds where the transport gives none; `secrets` are masked wherever
    /// the system's words repeat them. The error says which setting can't be used.
    pub fn new(
        transport: &Transport,
        timeout: Duration,
        base: &Url,
        pace: Arc<Pace>,
        clock: Arc<dyn Clock>,
        secrets: Vec<Secret>,
    ) -> Result<Self, String> {
        let timeout = transport.timeout.unwrap_or(timeout);
        // Always ends before the whole request's time does, so that "no connection" stays provable.
        let connect_timeout = transport.connect_timeout.min(timeout * 3 / 4);
        let builder = || {
            let builder = builder(transport, base)?;
            Ok::<_, String>(builder.connect_timeout(connect_timeout).timeout(timeout))
        };
        let build = |builder: reqwest::ClientBuilder| {
            builder.build().map_err(|error| format!("no HTTP client can be made: {}", innermost(&error)))
        };
        Ok(Self {
            reads: build(builder()?.pool_idle_timeout(IDLE))?,
            sends: build(builder()?.pool_max_idle_per_host(0))?,
            pace,
            clock,
            timeout,
            connect_timeout,
            max_body: transport.max_body,
            proxied: transport.proxy.is_some(),
            offset: AtomicI64::new(UNKNOWN_OFFSET),
            secrets: RwLock::new(secrets),
        })
    }

    /// Sends a request when the pace allows and reads its answer to the end.
    ///
    /// # Errors
    /// [`FaultKind::Unreachable`] only if provably no byte of the request left: no address, connection refused or
    /// timed out, TLS or proxy failed. [`FaultKind::Throttled`] for status 429. [`FaultKind::Unknown`] for whatever
    /// else leaves no whole answer: it may have run.
    pub async fn post(&self, request: Request) -> Result<Reply, Fault> {
        self.exchange(Method::POST, || Ok(request)).await
    }

    /// Like [`Http::post`], with a request that is made when its turn has come: the pace may let it wait for minutes,
    /// and a time stamp or signature made before that would be refused as too old.
    ///
    /// # Errors
    /// As [`Http::post`], and whatever `make` says: then nothing is sent.
    pub async fn post_with(&self, make: impl FnOnce() -> Result<Request, Fault>) -> Result<Reply, Fault> {
        self.exchange(Method::POST, make).await
    }

    /// Reads: like [`Http::post`], without a body.
    ///
    /// # Errors
    /// As [`Http::post`].
    pub async fn get(&self, url: Url, headers: Vec<(&'static str, String)>) -> Result<Reply, Fault> {
        let request = Request { purpose: Purpose::Read, url, headers, body: Vec::new() };
        self.exchange(Method::GET, || Ok(request)).await
    }

    async fn exchange(&self, method: Method, make: impl FnOnce() -> Result<Request, Fault>) -> Result<Reply, Fault> {
        let _slot = self.pace.slot().await;
        let Request { purpose, url, headers, body } = make()?;
        let host = place(&url);
        let client = match purpose {
            Purpose::Read => &self.reads,
            Purpose::Send => {
                crash::point("send.before_request");
                &self.sends
            }
        };
        let has_body = method != Method::GET;
        let request =
            headers.into_iter().fold(client.request(method, url), |request, (name, value)| request.header(name, value));
        let request = match (purpose, has_body) {
            (_, false) => request,
            (Purpose::Read, true) => request.body(body),
            (Purpose::Send, true) => request.body(kill::body(body)),
        };
        let sent = self.clock.monotonic();
        let answer = match purpose {
            Purpose::Read => request.send().await,
            Purpose::Send => kill::send(request, &*self.clock).await,
        };
        let answer = answer.map_err(|error| self.no_answer(&error, &host))?;
        let mut reply = self.head(answer.status().as_u16(), answer.headers(), sent);
        if purpose == Purpose::Send {
            crash::point("send.status_read");
        }
        let body = self.read(answer, &host).await?;
        reply.body =
            charset::to_utf8(&reply.content_type, body).map_err(|what| self.fault(FaultKind::Unknown, what))?;
        if purpose == Purpose::Send {
            crash::point("send.after_answer");
        }
        match reply.status {
            429 => Err(self.throttled(reply.described(), reply.retry_after)),
            407 if self.proxied => {
                Err(Fault::new(FaultKind::Unreachable, "the proxy wants a name and password: see `transport.proxy`"))
            }
            _ => Ok(reply),
        }
    }

    /// The fault of an answer that says "too often"; pauses everything that shares the account.
    pub fn throttled(&self, words: impl AsRef<str>, asked: Option<Duration>) -> Fault {
        let pause = self.pace.throttled(asked);
        Fault { retry_after: Some(pause), ..self.fault(FaultKind::Throttled, words) }
    }

    /// Tells the pace that an answer was none of "too often".
    pub fn answered(&self) {
        self.pace.answered();
    }

    /// Masks one more secret from now on: a token that was granted. The last few are remembered.
    pub fn mask(&self, secret: &Secret) {
        let mut secrets = self.secrets.write().unwrap_or_else(PoisonError::into_inner);
        if !secrets.contains(secret) {
            if secrets.len() >= MOST_SECRETS {
                // The configured ones stand first, and stay.
                secrets.remove(MOST_SECRETS / 2);
            }
            secrets.push(secret.clone());
        }
    }

    /// A fault in the system's words: secrets masked, in one line, cut.
    pub fn fault(&self, kind: FaultKind, words: impl AsRef<str>) -> Fault {
        Fault::new(kind, shown(words.as_ref(), &self.secrets.read().unwrap_or_else(PoisonError::into_inner)))
    }

    /// How far the system's clock is ahead of ours in milliseconds, by the last `Date`; 0 where the clocks agree as
    /// far as that can tell.
    pub fn clock_offset(&self) -> Option<i64> {
        let offset = Some(self.offset.load(Ordering::Relaxed)).filter(|offset| *offset != UNKNOWN_OFFSET)?;
        Some(offset.saturating_sub(self.ahead()))
    }

    /// How far our clock is ahead of the monotonic one.
    fn ahead(&self) -> i64 {
        let since = i64::try_from(self.clock.monotonic().as_millis()).unwrap_or(i64::MAX);
        self.clock.now().0.saturating_sub(since)
    }

    /// `sent`: when the request was, on the monotonic clock.
    fn head(&self, status: u16, headers: &HeaderMap, sent: Duration) -> Reply {
        let now = self.clock.now();
        let sent = now.minus(self.clock.monotonic().saturating_sub(sent));
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let date = Time::from_http_date(text(DATE));
        if let Some(date) = date {
            self.offset.store(least_offset(date, sent, now).saturating_add(self.ahead()), Ordering::Relaxed);
        }
        let cookies = headers.get_all(SET_COOKIE).iter().filter_map(|value| value.to_str().ok());
        Reply {
            status,
            date,
            retry_after: retry_after(text(RETRY_AFTER), date, now),
            content_type: text(CONTENT_TYPE).to_ascii_lowercase(),
            cookies: cookies.map(str::to_owned).collect(),
            body: Vec::new(),
        }
    }

    async fn read(&self, mut answer: reqwest::Response, host: &str) -> Result<Vec<u8>, Fault> {
        let mut body = Vec::new();
        let begun = self.clock.monotonic();
        loop {
            match answer.chunk().await {
                Ok(None) => return Ok(body),
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                Err(error) if error.is_timeout() => return Err(self.late(host)),
                Err(error) => {
                    let words = format!("the answer of `{host}` broke off: {}", innermost(&error));
                    return Err(self.fault(FaultKind::Unknown, words));
                }
            }
            if body.len() as u64 > self.max_body {
                let words =
                    format!("the answer of `{host}` is larger than {} bytes (`transport.max_body`)", self.max_body);
                body.truncate(BEGINNING);
                return Err(Fault { too_much: Some(body), ..Fault::new(FaultKind::Unknown, words) });
            }
            let waited = self.clock.monotonic().saturating_sub(begun);
            if self.trickles(body.len(), waited) {
                let waited = crate::clock::print_duration(waited);
                let words = format!("the answer of `{host}` trickles: {} bytes in {waited}", body.len());
                return Err(Fault::new(FaultKind::Unknown, words));
            }
        }
    }

    /// Whether an answer comes too slowly to be waited for; the first quarter of its time says nothing.
    fn trickles(&self, bytes: usize, waited: Duration) -> bool {
        waited > self.timeout / 4 && (bytes as f64) < waited.as_secs_f64() * SLOWEST
    }

    /// Why no answer began. Whatever happens while connecting happens before the request's first byte.
    fn no_answer(&self, error: &reqwest::Error, host: &str) -> Fault {
        let (kind, words) = if error.is_builder() {
            (FaultKind::Unreachable, format!("no request can be made: {}", innermost(error)))
        } else if error.is_connect() && error.is_timeout() {
            let waited = crate::clock::print_duration(self.connect_timeout);
            (FaultKind::Unreachable, format!("no connection to `{host}` within {waited}"))
        } else if error.is_connect() && error.is_dns() {
            (FaultKind::Unreachable, format!("no address found for `{host}`: {}", innermost(error)))
        } else if error.is_connect() {
            (FaultKind::Unreachable, format!("no connection to `{host}`: {}", innermost(error)))
        } else if error.is_timeout() {
            return self.late(host);
        } else {
            (FaultKind::Unknown, format!("the connection to `{host}` broke before an answer: {}", innermost(error)))
        };
        self.fault(kind, words)
    }

    fn late(&self, host: &str) -> Fault {
        let waited = crate::clock::print_duration(self.timeout);
        Fault::new(FaultKind::Unknown, format!("no whole answer of `{host}` within {waited}"))
    }
}

fn builder(transport: &Transport, base: &Url) -> Result<reqwest::ClientBuilder, String> {
    install_provider();
    let mut builder = reqwest::Client::builder()
        .user_agent(concat!("deltaferry/", env!("CARGO_PKG_VERSION")))
        .http1_only()
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .gzip(true)
        .tls_danger_accept_invalid_certs(transport.insecure_tls);
    if transport.min_tls == MinTls::V1_3 {
        builder = builder.tls_version_min(reqwest::tls::Version::TLS_1_3);
    }
    if base.scheme() == "http" {
        // Without TLS the machine's certificates are not needed; a small container may have none.
        builder = builder.tls_certs_only([]);
    } else if let Some(file) = &transport.ca_file {
        let pem = std::fs::read(file).map_err(|error| format!("`ca_file` `{}`: {error}", file.display()))?;
        let certificates = reqwest::Certificate::from_pem_bundle(&pem)
            .map_err(|_| format!("`ca_file` `{}` holds no certificate in PEM", file.display()))?;
        builder = builder.tls_certs_merge(certificates);
    }
    match &transport.proxy {
        Some(proxy) => {
            let proxy =
                reqwest::Proxy::all(proxy.reveal()).map_err(|_| "`proxy` is no address of a proxy".to_owned())?;
            Ok(builder.proxy(proxy))
        }
        None if is_loopback(base) => Ok(builder.no_proxy()),
        None => Ok(builder),
    }
}

/// The cryptography that TLS uses, chosen once for the process.
pub fn install_provider() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // Fails only if somebody chose before: then that one holds.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
}

/// Whether an address is this machine.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

/// The smallest offset that explains a `Date`: it is cut to the second, and was written some time between sending the
/// request and receiving the answer.
fn least_offset(date: Time, sent: Time, received: Time) -> i64 {
    let (least, most) = (date.0.saturating_sub(received.0), date.0.saturating_add(999).saturating_sub(sent.0));
    if least > 0 { least } else { most.min(0) }
}

/// Host and port, for words.
fn place(url: &Url) -> String {
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{}{port}", url.host_str().unwrap_or_default())
}

/// The innermost cause of an error: the outer ones repeat the address with its query.
fn innermost(error: &(dyn StdError + 'static)) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    if error.is::<reqwest::Error>() { "it can't be used".to_owned() } else { error.to_string() }
}

/// Words for people: in one line, without secrets, cut.
fn shown(words: &str, secrets: &[Secret]) -> String {
    let mut words = words.split_whitespace().collect::<Vec<_>>().join(" ");
    for secret in secrets.iter().filter(|secret| secret.reveal().len() >= 4) {
        words = words.replace(secret.reveal(), "***");
    }
    if words.chars().count() > LONGEST_WORDS {
        words = words.chars().take(LONGEST_WORDS).chain(['…']).collect();
    }
    words
}

mod kill;
#[cfg(test)]
mod tests;
