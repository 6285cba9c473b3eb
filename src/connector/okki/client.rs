//! One call: token, request, answer recognised as far as it concerns the whole call.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use serde_json::value::RawValue;
use tokio::sync::Mutex;
use url::Url;

use super::envelope::{self, Said};
use super::faults;
use super::oauth::{self, Granted};
use super::settings::OkkiSettings;
use super::token::{Live, Lost, Need, Tokens};
use crate::clock::{Clock, Zone};
use crate::connector::http::{Http, Request, is_loopback};
use crate::connector::reply::{Purpose, Reply, of_status};
use crate::connector::{Fault, FaultKind};
use crate::crash;
use crate::secret::Secret;

/// Parameters of a query string.
pub type Params = [(String, String)];

/// The client of one account.
pub struct Client {
    settings: OkkiSettings,
    http: Http,
    zone: Zone,
    clock: Arc<dyn Clock>,
    tokens: Mutex<Tokens>,
    /// How far `now` was ahead of our clock, in milliseconds; [`UNKNOWN_OFFSET`] before the first.
    offset: AtomicI64,
}

const UNKNOWN_OFFSET: i64 = i64::MIN;

impl Client {
    /// A client; it gets a token with its first call.
    pub fn new(settings: OkkiSettings, http: Http, zone: Zone, clock: Arc<dyn Clock>) -> Self {
        let offset = AtomicI64::new(UNKNOWN_OFFSET);
        Self { settings, http, zone, clock, tokens: Mutex::default(), offset }
    }

    /// Reads one document; `None` if the system says that there is none.
    ///
    /// # Errors
    /// Anything else that is no success.
    pub async fn find(&self, path: &str, params: &Params) -> Result<Option<Box<RawValue>>, Fault> {
        let reply = self.exchange(path, params, None).await?;
        self.recognised(&reply, Purpose::Read)
    }

    /// Reads.
    ///
    /// # Errors
    /// Whatever is no success.
    pub async fn get(&self, path: &str, params: &Params) -> Result<Box<RawValue>, Fault> {
        self.find(path, params).await?.ok_or_else(gone)
    }

    /// Sends; `None` if the system says that there is no document to do it to.
    ///
    /// # Errors
    /// [`FaultKind::Unknown`] unless the answer is known to say that nothing ran.
    pub async fn send(&self, path: &str, params: &Params, json: &str) -> Result<Option<Box<RawValue>>, Fault> {
        let reply = self.exchange(path, params, Some(json)).await?;
        self.recognised(&reply, Purpose::Send)
    }

    /// Makes a request with the token, a POST if it has a body, and learns what its answer says of the token.
    async fn exchange(&self, path: &str, params: &Params, body: Option<&str>) -> Result<Reply, Fault> {
        let live = self.token().await?;
        let url = self.url(path, params);
        let mut headers = vec![("authorization", format!("Bearer {}", live.token))];
        let reply = match body {
            None => self.http.get(url, headers).await?,
            Some(json) => {
                headers.push(("content-type", "application/json; charset=utf-8".to_owned()));
                let request = Request { purpose: Purpose::Send, url, headers, body: json.as_bytes().to_vec() };
                self.http.post(request).await?
            }
        };
        let refused = match envelope::read(&reply).said {
            Said::Refused { code, error, message } => {
                let kind = faults::classify(code, error.as_deref(), &message, Purpose::Read);
                (kind == FaultKind::Session).then_some(message)
            }
            Said::Unrecognised(_) if reply.status == 401 => Some(reply.described()),
            Said::Unrecognised(_) | Said::Data(_) => None,
        };
        let mut tokens = self.tokens.lock().await;
        match refused {
            None => {
                tokens.taken(live.number);
                Ok(reply)
            }
            Some(message) => Err(match tokens.lost(live.number) {
                Lost::Renewable => self.http.fault(FaultKind::Session, format!("the token is refused: {message}")),
                Lost::Again => {
                    let words =
                        format!("new tokens are refused like those before them, see `grant` and `scope`: {message}");
                    self.http.fault(FaultKind::Refused, words)
                }
            }),
        }
    }

    /// The `data` of an answer; none where it says that there is no such document.
    fn recognised(&self, reply: &Reply, purpose: Purpose) -> Result<Option<Box<RawValue>>, Fault> {
        let answer = envelope::read(reply);
        if let Some(now) = answer.now.as_deref().and_then(|now| self.zone.read(now)) {
            self.offset.store(now.0.saturating_sub(self.clock.now().whole_seconds().0), Ordering::Relaxed);
        }
        match answer.said {
            Said::Data(data) => {
                self.http.answered();
                Ok(Some(data.to_owned()))
            }
            Said::Refused { code, error, message } if faults::is_absence(code, error.as_deref(), &message) => {
                self.http.answered();
                Ok(None)
            }
            Said::Refused { code, error, message } => {
                Err(self.refusal(reply.status, (code, error.as_deref(), message.as_str()), purpose))
            }
            Said::Unrecognised(what) => {
                let kind = of_status(reply.status, purpose).unwrap_or(FaultKind::Unknown);
                Err(self.http.fault(kind, format!("the answer is not recognised: {what}; {}", reply.described())))
            }
        }
    }

    fn refusal(&self, status: u16, said: (Option<i64>, Option<&str>, &str), purpose: Purpose) -> Fault {
        let (code, error, message) = said;
        // A 5xx may come from a gateway behind which the request ran, whatever its body says.
        let kind = match of_status(status, purpose) {
            Some(kind) if status >= 500 => kind,
            _ => faults::classify(code, error, message, purpose),
        };
        let name = error.map(str::to_owned).or(code.map(|code| format!("code {code}"))).unwrap_or_default();
        match kind {
            FaultKind::Throttled => self.http.throttled(format!("{name}: {message}"), None),
            FaultKind::Refused if faults::lacks_scope(message) => {
                let words = format!(
                    "the token lacks a module: add it to `scope` (now `{}`), and to the application's permissions: {message}",
                    self.settings.scope
                );
                self.http.fault(kind, words)
            }
            kind => self.http.fault(kind, format!("{name}: {message}")),
        }
    }

    /// Gets a token unless there is one.
    pub async fn login(&self) -> Result<(), Fault> {
        self.token().await.map(|_| ())
    }

    /// The token to use now. Whoever finds none asks for it, and the others wait.
    async fn token(&self) -> Result<Live, Fault> {
        let mut tokens = self.tokens.lock().await;
        match tokens.need(self.clock.monotonic()) {
            Need::None(live) => Ok(live),
            Need::Early(live) => Ok(self.renew(&mut tokens).await.unwrap_or_else(|_| {
                tokens.keep();
                live
            })),
            Need::Token => self.renew(&mut tokens).await,
        }
    }

    /// Asks for a token: by the refresh token, which is good for one use, else by the grant.
    async fn renew(&self, tokens: &mut Tokens) -> Result<Live, Fault> {
        if let Some(refresh) = tokens.take_refresh() {
            let asked = self.clock.monotonic();
            if let Ok(granted) = self.ask(oauth::REFRESH, oauth::refresh(&self.settings, &refresh)).await {
                return Ok(self.masked(tokens.granted(granted, asked)));
            }
        }
        let asked = self.clock.monotonic();
        let granted = self.ask(oauth::GRANT, oauth::grant(&self.settings)).await?;
        crash::point("token.granted");
        Ok(self.masked(tokens.granted(granted, asked)))
    }

    fn masked(&self, live: Live) -> Live {
        self.http.mask(&Secret::new(&live.token));
        live
    }

    /// The credential is refused, or else nothing of what was to be called has left.
    async fn ask(&self, path: &str, form: Vec<u8>) -> Result<Granted, Fault> {
        let headers = vec![("content-type", "application/x-www-form-urlencoded".to_owned())];
        let request = Request { purpose: Purpose::Read, url: self.url(path, &[]), headers, body: form };
        let reply = self.http.post(request).await.map_err(unsent)?;
        // A token must never get into words, whatever answer it came in.
        oauth::read(&reply).map_err(|(kind, words)| unsent(self.http.fault(kind, words)))
    }

    /// A fault in the system's words.
    pub fn fault(&self, kind: FaultKind, words: impl AsRef<str>) -> Fault {
        self.http.fault(kind, words)
    }

    /// Whether the system is on this machine.
    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.settings.base_url)
    }

    /// How far the system's clock is ahead of ours in milliseconds, by `Date`, else by `now`.
    pub fn clock_offset(&self) -> Option<i64> {
        let told = Some(self.offset.load(Ordering::Relaxed)).filter(|offset| *offset != UNKNOWN_OFFSET);
        self.http.clock_offset().or(told)
    }

    fn url(&self, path: &str, params: &Params) -> Url {
        let mut url = self.settings.base_url.clone();
        let base = url.path().trim_end_matches('/').to_owned();
        url.set_path(&format!("{base}{path}"));
        if !params.is_empty() {
            url.query_pairs_mut().extend_pairs(params);
        }
        url
    }
}

/// The fault of a call that has nothing to do it to.
pub fn gone() -> Fault {
    Fault::new(FaultKind::Permanent, "code 404: Not Found Resource")
}

/// The fault of a step before the one that matters: nothing of that one has left.
fn unsent(fault: Fault) -> Fault {
    match fault.kind {
        FaultKind::Refused | FaultKind::Throttled | FaultKind::Unreachable => fault,
        FaultKind::Permanent | FaultKind::Session => Fault { kind: FaultKind::Refused, ..fault },
        _ => Fault { kind: FaultKind::Unreachable, ..fault },
    }
}
