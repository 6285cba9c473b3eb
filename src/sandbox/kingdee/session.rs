//! Sessions: made by a login or by signed headers, kept alive by use, lost after twenty idle minutes.

use std::collections::HashMap;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use sha2::{Digest, Sha256};

use crate::clock::Time;
use crate::sandbox::wire::Request;

use super::login::{ACCOUNT, APP_ID, APP_SECRET, LANGUAGES, USER};
use super::signature::{api_signature, app_signature};

const IDLE: Duration = Duration::from_secs(20 * 60);

/// What a request's session headers are worth.
#[derive(Debug, PartialEq, Eq)]
pub enum Access {
    /// A living session.
    Live,
    /// Signed headers were good and made this session.
    Made(String),
    /// No session, or a lost one.
    Lost,
    /// Signed headers of another data centre.
    WrongAccount,
}

/// Living sessions and when they were last used.
#[derive(Debug, Default)]
pub struct Sessions {
    used: HashMap<String, Time>,
    made: u64,
}

impl Sessions {
    /// A new session's id, shaped as a GUID.
    pub fn open(&mut self, now: Time) -> String {
        self.used.retain(|_, last| now.since(*last) <= IDLE);
        self.made += 1;
        let digest = hex::encode(Sha256::digest(format!("{} {}", self.made, now.0)));
        let part = |from: usize, to: usize| digest.get(from..to).unwrap_or_default();
        let id = format!("{}-{}-{}-{}-{}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32));
        self.used.insert(id.clone(), now);
        id
    }

    /// Judges a request's session: a living id is enough, whatever else is signed; without one the signature decides
    /// and makes a session (protocols/kingdee.md 1.4).
    pub fn admit(&mut self, request: &Request, now: Time) -> Access {
        for id in ids(request) {
            if let Some(last) = self.used.get_mut(&id) {
                if now.since(*last) <= IDLE {
                    *last = now;
                    return Access::Live;
                }
                self.used.remove(&id);
            }
        }
        match signed(request) {
            Access::Live => Access::Made(self.open(now)),
            other => other,
        }
    }

    /// Ends the sessions a request names; whether there was one.
    pub fn close(&mut self, request: &Request) -> bool {
        ids(request).into_iter().filter(|id| self.used.remove(id).is_some()).count() > 0
    }

    /// Ends all sessions.
    pub fn clear(&mut self) {
        self.used.clear();
    }
}

/// Session ids of the cookie `kdservice-sessionid` and the headers `kdservice-sessionid` and `SID`.
fn ids(request: &Request) -> Vec<String> {
    let mut ids = Vec::new();
    for (name, value) in &request.headers {
        match name.as_str() {
            "kdservice-sessionid" | "sid" => ids.push(value.trim().to_owned()),
            "cookie" => ids.extend(
                value
                    .split(';')
                    .filter_map(|pair| pair.trim().split_once('='))
                    .filter(|(key, _)| key.eq_ignore_ascii_case("kdservice-sessionid"))
                    .map(|(_, id)| id.to_owned()),
            ),
            _ => {}
        }
    }
    ids
}

/// Whether the signed headers are good: `Live` if so.
fn signed(request: &Request) -> Access {
    let header = |name: &str| request.header(name).unwrap_or_default();
    let (signature, app_data) = (header("x-api-signature"), header("x-kd-appdata"));
    if signature.is_empty() || app_data.is_empty() {
        return Access::Lost;
    }
    let app_data = BASE64.decode(app_data).ok().and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default();
    let mut parts = app_data.split(',');
    let (account, user, language) = (parts.next(), parts.next(), parts.next());
    if account != Some(ACCOUNT) {
        return Access::WrongAccount;
    }
    // The organisation's number is not checked.
    let client = APP_ID.split('_').next();
    let good = user == Some(USER)
        && language.is_some_and(|language| LANGUAGES.contains(&language))
        && header("x-kd-appkey") == APP_ID
        && Some(header("x-api-clientid")) == client
        && header("x-kd-signature") == app_signature(APP_SECRET, APP_ID, &app_data)
        && Some(signature)
            == api_signature(APP_ID, &request.path, header("x-api-nonce"), header("x-api-timestamp")).as_deref();
    if good { Access::Live } else { Access::Lost }
}
