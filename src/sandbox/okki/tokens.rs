//! Access and refresh tokens: who gets which life (protocols/okki.md 2).

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::clock::Time;

use super::credentials::CLIENT_ID;
use super::directory::OWNER;

/// What an access token is good for.
#[derive(Debug, Clone)]
pub struct Token {
    /// What it was issued for.
    pub scopes: Vec<String>,
    issued: Time,
    ends: Time,
}

/// A token as it is told.
#[derive(Debug)]
pub struct Told {
    /// The token.
    pub access_token: String,
    /// Seconds left.
    pub expires_in: u64,
}

/// Every token that is good.
#[derive(Debug, Default)]
pub struct Tokens {
    live: HashMap<String, Token>,
    /// End of the life that runs: tokens asked for within it end with it.
    life_ends: Option<Time>,
    refresh: HashSet<String>,
    issued: u64,
}

impl Tokens {
    /// A token; within a running life it ends with that, unless `full`.
    pub fn issue(&mut self, now: Time, life: Duration, full: bool, scopes: Vec<String>) -> Told {
        self.live.retain(|_, token| token.ends > now);
        let running = self.life_ends.filter(|ends| *ends > now && !full);
        let ends = running.unwrap_or_else(|| now.plus(life));
        self.life_ends = Some(ends);
        self.issued += 1;
        let access_token = jwt(self.issued, now, ends, &scopes);
        self.live.insert(access_token.clone(), Token { scopes, issued: now, ends });
        Told { access_token, expires_in: ends.since(now).as_secs() }
    }

    /// A refresh token, good once.
    pub fn issue_refresh(&mut self) -> String {
        let token = format!("def50200{}", hex(&format!("refresh {}", self.issued)));
        self.refresh.insert(token.clone());
        token
    }

    /// Whether the refresh token was good; it no longer is.
    pub fn use_refresh(&mut self, token: &str) -> bool {
        self.refresh.remove(token)
    }

    /// The access token, if it is good now.
    pub fn check(&self, token: &str, now: Time, revoke_after: Option<Duration>) -> Option<&Token> {
        let revoked = |token: &Token| revoke_after.is_some_and(|after| now >= token.issued.plus(after));
        self.live.get(token).filter(|token| token.ends > now && !revoked(token))
    }

    /// Kills the access tokens, not the life they had.
    pub fn kill_access(&mut self) {
        self.live.clear();
    }

    /// Revokes everything: the next token begins a new life.
    pub fn revoke(&mut self) {
        self.live.clear();
        self.refresh.clear();
        self.life_ends = None;
    }
}

fn hex(text: &str) -> String {
    let digest = |part: u8| hex::encode(Sha256::digest(format!("{text} {part}")));
    (0..4).map(digest).collect()
}

/// Looks like the RS256 JWT of the official pages, and as long; its signature is none.
fn jwt(serial: u64, now: Time, ends: Time, scopes: &[String]) -> String {
    let seconds = |time: Time| time.0.div_euclid(1000);
    let claims = json!({
        "aud": CLIENT_ID, "jti": hex(&format!("jti {serial}")).get(..80), "iat": seconds(now), "nbf": seconds(now),
        "exp": seconds(ends), "sub": OWNER.to_string(), "scopes": scopes,
    });
    let part = |text: &str| BASE64.encode(text);
    let signature = hex(&format!("signature {serial}"));
    format!("{}.{}.{}", part(r#"{"typ":"JWT","alg":"RS256"}"#), part(&claims.to_string()), part(&signature))
}
