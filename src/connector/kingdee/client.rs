//! One call to a service: session or signature, request, answer recognised as far as it concerns the whole call.

use std::sync::Arc;

use serde_json::{Value, json};
use tokio::sync::Mutex;
use url::Url;

use super::faults;
use super::login;
use super::session::Session;
use super::settings::{Application, KingdeeSettings, Login, TimeUnit};
use super::sign::{self, Signed};
use super::status::Status;
use crate::clock::Clock;
use crate::connector::http::{Http, Request, is_loopback};
use crate::connector::reply::{Purpose, Reply};
use crate::connector::{Fault, FaultKind};
use crate::crash;

const LOGINS: &str = "AuthService";
const FORMS: &str = "DynamicFormService";

/// The client of one account.
pub struct Client {
    settings: KingdeeSettings,
    http: Http,
    clock: Arc<dyn Clock>,
    session: Mutex<Session>,
}

impl Client {
    /// A client; it logs in with its first call.
    pub fn new(settings: KingdeeSettings, http: Http, clock: Arc<dyn Clock>) -> Self {
        Self { settings, http, clock, session: Mutex::default() }
    }

    /// Calls a method of the form service.
    ///
    /// # Errors
    /// A fault of the whole call: raised before anything ran, or the answer was not recognised ([`FaultKind::Unknown`]
    /// for a send). What concerns single bills is in the answer.
    pub async fn call(&self, method: &str, body: Vec<u8>, purpose: Purpose) -> Result<Value, Fault> {
        let url = self.url(FORMS, method);
        let (number, mut headers) = self.credentials().await?;
        let make = || {
            if let Login::Headers(app) = &self.settings.login {
                headers.extend(self.signed(app, &url)?);
            }
            headers.push(content_type());
            Ok(Request { purpose, url, headers, body })
        };
        let reply = self.http.post_with(make).await?;
        self.session.lock().await.absorb(number, &reply.cookies);
        let answer = self.recognised(&reply, purpose);
        if matches!(&answer, Err(fault) if fault.kind == FaultKind::Session) {
            self.session.lock().await.lost(number);
        }
        answer
    }

    fn recognised(&self, reply: &Reply, purpose: Purpose) -> Result<Value, Fault> {
        let answer = faults::read(reply, purpose).map_err(|kind| {
            let too_much = faults::holds_something_unreadable(reply).then(Vec::new);
            Fault { too_much, ..self.http.fault(kind, reply.described()) }
        })?;
        if let Some(status) = Status::read(&answer)
            && let Some(kind) = faults::before_anything_ran(&status)
        {
            return Err(match kind {
                FaultKind::Throttled => self.http.throttled(status.messages(), None),
                kind => self.http.fault(kind, status.messages()),
            });
        }
        self.http.answered();
        Ok(answer)
    }

    /// A fault in the system's words.
    pub fn fault(&self, kind: FaultKind, words: impl AsRef<str>) -> Fault {
        self.http.fault(kind, words)
    }

    /// Logs in, unless somebody else just did. Where requests are signed, a small query shows whether they are taken.
    pub async fn login(&self) -> Result<(), Fault> {
        if let Login::Headers(_) = self.settings.login {
            return self.signed_query().await;
        }
        let mut session = self.session.lock().await;
        session.forgive();
        if session.live().is_some() {
            return Ok(());
        }
        self.begin(&mut session).await
    }

    /// Whose documents are ours: the user we log in as, by every name it is known by.
    pub async fn users(&self) -> Vec<String> {
        let told = self.session.lock().await.live().and_then(|live| live.user.clone());
        std::iter::once(self.settings.login.username().to_owned()).chain(told).collect()
    }

    /// Whether the system is on this machine.
    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.settings.base_url)
    }

    /// How far the system's clock is ahead of ours in milliseconds.
    pub fn clock_offset(&self) -> Option<i64> {
        self.http.clock_offset()
    }

    /// Number and headers of the session, after a login if there is none and requests are not signed.
    async fn credentials(&self) -> Result<(u64, Vec<(&'static str, String)>), Fault> {
        let mut session = self.session.lock().await;
        if session.live().is_none() && !matches!(self.settings.login, Login::Headers(_)) {
            if let Some(fault) = session.refusal(self.clock.monotonic()) {
                return Err(fault);
            }
            self.begin(&mut session).await?;
        }
        Ok(session.live().map_or((0, Vec::new()), |live| (live.number, live.headers())))
    }

    fn signed(&self, app: &Application, url: &Url) -> Result<Vec<(&'static str, String)>, Fault> {
        let now = self.clock.now();
        let timestamp = match self.settings.timestamp {
            TimeUnit::Seconds => now.seconds(),
            TimeUnit::Millis => now.0,
        };
        let signed = Signed {
            path: url.path(),
            acct_id: &self.settings.acct_id,
            lcid: self.settings.lcid,
            org: self.settings.org.as_deref().unwrap_or("0"),
            timestamp: &timestamp.to_string(),
            nonce: &fastrand::u64(..).to_string(),
        };
        sign::headers(app, &signed).ok_or_else(|| {
            Fault::new(FaultKind::Refused, "`app_id` is not of the form `<client id>_<32 characters>`: it can't sign")
        })
    }

    /// Logs in. The account is refused, or else nothing of what was to be called has left.
    async fn begin(&self, session: &mut Session) -> Result<(), Fault> {
        self.log_in(session).await.map_err(|fault| match fault.kind {
            FaultKind::Refused | FaultKind::Permanent => {
                let fault = Fault { kind: FaultKind::Refused, ..fault };
                session.refuse(fault, self.clock.monotonic(), self.clock.now())
            }
            FaultKind::Throttled | FaultKind::Unreachable => fault,
            _ => Fault { kind: FaultKind::Unreachable, ..fault },
        })
    }

    /// Logs in and enters the organisation. This may be given up in its middle: a session counts from its last step
    /// on, so that none is ever used in the wrong organisation.
    async fn log_in(&self, session: &mut Session) -> Result<(), Fault> {
        let make = || {
            let signed = || Fault::new(FaultKind::Refused, "requests are signed one by one, there is no login");
            let (method, body) = login::request(&self.settings, self.clock.now()).ok_or_else(signed)?;
            Ok(self.question(LOGINS, method, &body, Vec::new()))
        };
        let reply = self.http.post_with(make).await?;
        let answer = self.recognised(&reply, Purpose::Read)?;
        let login = login::read(&answer).map_err(|words| self.http.fault(FaultKind::Refused, words))?;
        crash::point("token.granted");
        let live = session.made(login.session, login.user, &reply.cookies);
        if let Some(org) = &self.settings.org {
            self.enter(org, live.headers()).await?;
        }
        session.begin(live);
        Ok(())
    }

    /// Moves the session of these headers to an organisation.
    async fn enter(&self, org: &str, headers: Vec<(&'static str, String)>) -> Result<(), Fault> {
        let reply = self.http.post(self.question(FORMS, "SwitchOrg", &login::switch_org(org), headers)).await?;
        let status = Status::read(&self.recognised(&reply, Purpose::Read)?).unwrap_or_default();
        if status.is_clean() {
            return Ok(());
        }
        let words = format!("organisation `{org}` is refused: {}", status.messages());
        Err(self.http.fault(FaultKind::Refused, words))
    }

    fn question(&self, service: &str, method: &str, body: &Value, mut headers: Vec<(&'static str, String)>) -> Request {
        headers.push(content_type());
        let (url, body) = (self.url(service, method), body.to_string().into_bytes());
        Request { purpose: Purpose::Read, url, headers, body }
    }

    /// Asks for one currency: whatever the system says of it, a session stands behind the answer.
    async fn signed_query(&self) -> Result<(), Fault> {
        let data = json!({ "FormId": "BD_Currency", "FieldKeys": "FNumber", "Limit": 1 });
        let body = json!({ "data": data }).to_string().into_bytes();
        match self.call("ExecuteBillQuery", body, Purpose::Read).await {
            Err(fault) if fault.kind == FaultKind::Session => {
                let words = format!("the signature is refused (user, app id, secret or language): {}", fault.words);
                Err(Fault::new(FaultKind::Refused, words))
            }
            Err(fault) if fault.kind == FaultKind::Permanent => Ok(()),
            Err(fault) => Err(fault),
            Ok(_) => Ok(()),
        }
    }

    fn url(&self, service: &str, method: &str) -> Url {
        let mut url = self.settings.base_url.clone();
        let base = url.path().trim_end_matches('/').to_owned();
        let base = if base.is_empty() { "/k3cloud" } else { &base };
        url.set_path(&format!("{base}/Kingdee.BOS.WebApi.ServicesStub.{service}.{method}.common.kdsvc"));
        url
    }
}

fn content_type() -> (&'static str, String) {
    ("content-type", "application/json; charset=utf-8".to_owned())
}

/// A fault of a question that comes before the call itself: nothing of the call has left this machine.
pub fn unsent(fault: Fault) -> Fault {
    match fault.kind {
        FaultKind::Unknown => Fault { kind: FaultKind::Unreachable, ..fault },
        _ => fault,
    }
}
