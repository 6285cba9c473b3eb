//! The access token in use, and how another one is got in its place (protocols/jushuitan.md 3).
//!
//! At the new gateway a token lives for 30 days. The merchant's own app is given another one: for the refresh token
//! that came with the last, before that ends; or, as for the configured one of which no refresh token is known, for
//! nothing but the app's signature. The old one is dead then, so the new one is kept before it is used. At the legacy
//! gateway the token stays the same and its life is prolonged, in its last week only.

use std::sync::Arc;

use super::account::Account;
use super::envelope;
use super::gateway;
use super::settings::{App, Gateway};
use super::token::Granted;
use crate::clock::Time;
use crate::connector::kept::KeptToken;
use crate::connector::reply::{Purpose, Reply, of_status};
use crate::connector::{Fault, FaultKind};
use crate::crash;
use crate::secret::Secret;

/// So many new tokens in a row that were refused at once: it is not the token that is wrong.
const MOST_REFUSED: u32 = 3;
/// How long no other is asked for then.
const REST: std::time::Duration = std::time::Duration::from_secs(3_600);

/// What is known of the account's token. Held under one asynchronous lock, so that one renewal runs and the others
/// wait for it.
#[derive(Debug, Default)]
pub(super) struct Held {
    token: Option<KeptToken>,
    /// New tokens that were refused since a call was last taken.
    refused: u32,
    /// Until when no other is asked for, on the monotonic clock.
    rests_to: Option<std::time::Duration>,
}

impl Account {
    /// The token to call with, renewed first if that is due. A renewal that fails is told in the log and changes
    /// nothing: the token is used to its end.
    pub async fn token(self: &Arc<Self>) -> Secret {
        let token = {
            let mut held = self.held.lock().await;
            let token = held.token.clone().unwrap_or_else(|| self.stored());
            held.token.insert(token).clone()
        };
        if !self.is_due(&token) {
            return token.access;
        }
        let own = Arc::clone(self);
        to_its_end(async move { own.renewed_early().await }).await.unwrap_or(token.access)
    }

    /// Gets another token in the place of one that was refused with this fault; nothing, where somebody else has.
    pub async fn renew(self: &Arc<Self>, refused: &Secret, fault: Fault) -> Result<(), Fault> {
        let (own, refused) = (Arc::clone(self), refused.clone());
        let broke_off = || Fault::new(FaultKind::Unreachable, "the renewal of the access token broke off");
        to_its_end(async move { own.replace(&refused, fault).await }).await.unwrap_or_else(|| Err(broke_off()))
    }

    fn is_due(&self, token: &KeptToken) -> bool {
        token.is_due(self.settings.gateway, self.settings.app, self.clock.now())
    }

    /// The token to call with after a renewal that was due.
    async fn renewed_early(&self) -> Secret {
        let mut held = self.held.lock().await;
        // Another process may have renewed it: then there is a newer one, and the old one renews nothing.
        let stored = self.stored();
        let token = if self.is_due(&stored) { self.early(stored).await } else { stored };
        held.token.insert(token).access.clone()
    }

    /// A longer life for a token, or what stands in its place if there is none.
    async fn early(&self, token: KeptToken) -> KeptToken {
        let fault = match self.prolonged(&token).await {
            Ok(renewed) => {
                self.keep(&renewed);
                return renewed;
            }
            Err(fault) => fault,
        };
        let stands = self.stored();
        if stands.access != token.access {
            // That is why it failed: another process was faster.
            return stands;
        }
        if self.settings.gateway == Gateway::Legacy && fault.kind != FaultKind::Unreachable {
            tracing::debug!(account = self.name, words = %fault.words, "the token is not prolonged yet");
        } else {
            tracing::warn!(account = self.name, words = %fault.words, "the access token could not be renewed");
        }
        let asked = KeptToken { asked: Some(self.clock.now()), ..stands };
        self.keep(&asked);
        asked
    }

    async fn replace(&self, refused: &Secret, fault: Fault) -> Result<(), Fault> {
        let mut held = self.held.lock().await;
        let token = self.stored();
        if held.token.as_ref().is_some_and(|held| held.access != *refused) {
            return Ok(());
        }
        if token.access != *refused {
            held.token = Some(token);
            return Ok(());
        }
        if token.is_cached(self.settings.gateway, self.clock.now()) {
            let words = format!("the token's life was prolonged just now, which takes a moment: {}", fault.words);
            return Err(Fault { kind: FaultKind::Transient, words, ..fault });
        }
        if self.settings.app == App::Isv || self.settings.gateway == Gateway::Legacy {
            return Err(self.beyond_renewal(&fault.words));
        }
        if held.rests_to.is_some_and(|to| self.clock.monotonic() < to) {
            let words = "new tokens are refused like those before them, so for an hour none is asked for: does another \
                         program fetch tokens for this app, or is the app refused?";
            return Err(Fault::new(FaultKind::Refused, format!("{words} ({})", fault.words)));
        }
        let renewed = match self.prolonged(&token).await {
            Err(why) if is_refusal(&why) => self.initial(&token).await,
            told => told,
        };
        let renewed = renewed.map_err(|why| match is_refusal(&why) {
            true => self.beyond_renewal(&why.words),
            false => why,
        })?;
        tracing::warn!(
            account = self.name,
            "聚水潭 refused the access token and gave another one, which is kept beside the database. A program that \
             shares the app needs the new one"
        );
        self.keep(&renewed);
        held.token = Some(renewed);
        Ok(())
    }

    /// A new token was taken, or refused at once.
    pub async fn tried(&self, told: Result<(), Fault>) -> Result<(), Fault> {
        let mut held = self.held.lock().await;
        match told {
            Err(fault) if fault.kind == FaultKind::Session => {
                held.refused += 1;
                if held.refused >= MOST_REFUSED {
                    *held =
                        Held { token: held.token.take(), refused: 0, rests_to: Some(self.clock.monotonic() + REST) };
                }
                Err(self.beyond_renewal(&fault.words))
            }
            Ok(()) => {
                held.refused = 0;
                Ok(())
            }
            told => told,
        }
    }

    /// The token that the last process held, or the configured one.
    fn stored(&self) -> KeptToken {
        let configured = &self.settings.access_token;
        let token = self.kept.of(&self.name, configured).unwrap_or_else(|| KeptToken::configured(configured));
        self.mask(&token.access, token.refresh.as_ref());
        token
    }

    fn mask(&self, access: &Secret, refresh: Option<&Secret>) {
        std::iter::once(access).chain(refresh).for_each(|secret| self.http.mask(secret));
    }

    fn keep(&self, token: &KeptToken) {
        if let Err(error) = self.kept.keep(&self.name, &self.settings.access_token, token) {
            tracing::error!(account = self.name, %error, "the renewed access token could not be kept for the next start");
        }
    }

    /// A longer life for a token that still holds.
    async fn prolonged(&self, token: &KeptToken) -> Result<KeptToken, Fault> {
        if self.settings.gateway == Gateway::Legacy {
            let (method, biz, now) = ("refresh.token", "{}".to_owned(), || self.clock.now());
            let make = || Ok(gateway::request(&self.settings, &token.access, method, biz, now()));
            let reply = self.http.post_with(make).await?;
            self.succeeded(&reply)?;
            return Ok(KeptToken { asked: Some(now()), renewed: Some(now()), ..token.clone() });
        }
        let Some(refresh) = &token.refresh else {
            return Err(Fault::new(FaultKind::Refused, "no refresh token is known"));
        };
        let params = [("grant_type", "refresh_token"), ("refresh_token", refresh.reveal()), ("scope", "all")];
        let (granted, asked) = self.granted("refreshToken", &params).await?;
        Ok(token.followed_by(granted, asked))
    }

    /// A token for the app itself, as when it was made.
    async fn initial(&self, token: &KeptToken) -> Result<KeptToken, Fault> {
        // "Any random 6 characters."
        let code: String = std::iter::repeat_with(fastrand::alphanumeric).take(6).collect();
        let params = [("grant_type", "authorization_code"), ("code", &code)];
        let (granted, asked) = self.granted("getInitToken", &params).await?;
        Ok(token.followed_by(granted, asked))
    }

    /// What the new gateway gave, and when it was asked.
    async fn granted(&self, method: &str, params: &[(&str, &str)]) -> Result<(Granted, Time), Fault> {
        let mut asked = self.clock.now();
        let make = || {
            asked = self.clock.now();
            Ok(gateway::grant(&self.settings, method, params, asked))
        };
        let reply = self.http.post_with(make).await?;
        self.succeeded(&reply)?;
        let granted = envelope::granted(reply.content()).map_err(|no| self.no_listing(no, &reply))?;
        self.mask(&granted.access, granted.refresh.as_ref());
        crash::point("token.granted");
        Ok((granted, asked))
    }

    fn succeeded(&self, reply: &Reply) -> Result<(), Fault> {
        if let Some(kind) = of_status(reply.status, Purpose::Read) {
            return Err(self.http.fault(kind, reply.described()));
        }
        envelope::success(reply.content()).map_err(|no| self.no_listing(no, reply))?;
        self.http.answered();
        Ok(())
    }

    /// The fault of a token that only a person can renew.
    fn beyond_renewal(&self, why: &str) -> Fault {
        let what_to_do = match self.settings.app {
            App::Own => "get a new one in the open platform's console and set `access_token`",
            App::Isv => "the merchant must authorise the app again, then set `access_token`",
        };
        let words = format!("the access token has expired or is not valid: {what_to_do} ({why})");
        Fault::new(FaultKind::Refused, words)
    }
}

/// Runs to its end, even if whoever waits for it is gone before (a stop, a caller that gave up): what was asked for is
/// given by then, the old token may be dead, and nobody would know the new one. `None` if it broke off.
async fn to_its_end<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> Option<T> {
    tokio::spawn(work).await.ok()
}

/// Whether the platform has decided, so that asking again is no use.
fn is_refusal(fault: &Fault) -> bool {
    matches!(fault.kind, FaultKind::Refused | FaultKind::Permanent | FaultKind::Session)
}
