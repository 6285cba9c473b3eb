//! Access tokens: when they are valid, how they are renewed (protocols/jushuitan.md 3).

use std::time::Duration;

use crate::clock::Time;
use crate::sandbox::jushuitan::credentials::{ACCESS_TOKEN, REFRESH_TOKEN};
use crate::sandbox::jushuitan::refusal::{self, Refusal};
use crate::sandbox::jushuitan::sign::md5_hex;

/// In the last week of its life a token of the legacy gateway may be prolonged.
const LAST_WEEK: Duration = Duration::from_secs(7 * 86_400);

/// The one pair of tokens that is valid.
#[derive(Debug)]
pub struct Tokens {
    access: String,
    refresh: String,
    ends: Time,
    refresh_ends: Time,
    /// After a prolongation the legacy gateway needs a moment.
    usable_from: Time,
    issued: u64,
}

impl Tokens {
    /// The published tokens, valid for `life`.
    pub fn new(now: Time, life: Duration) -> Self {
        Self {
            access: ACCESS_TOKEN.to_owned(),
            refresh: REFRESH_TOKEN.to_owned(),
            ends: now.plus(life),
            refresh_ends: now.plus(life),
            usable_from: now,
            issued: 0,
        }
    }

    /// Whether calls may be made with this token now.
    pub fn check(&self, token: &str, now: Time) -> Result<(), Refusal> {
        if token == self.access && now < self.ends && now >= self.usable_from {
            return Ok(());
        }
        Err(refusal::token())
    }

    /// Whether a token can be used now.
    pub fn lives(&self, now: Time) -> bool {
        now < self.ends
    }

    /// A new pair, as members of an answer; the old one is dead at once.
    pub fn issue(&mut self, now: Time, life: Duration) -> String {
        self.issued += 1;
        self.access = md5_hex(&format!("access {}", self.issued));
        self.refresh = md5_hex(&format!("refresh {}", self.issued));
        self.prolong(now, life)
    }

    /// The same pair, living longer, as members of an answer.
    pub fn prolong(&mut self, now: Time, life: Duration) -> String {
        (self.ends, self.refresh_ends, self.usable_from) = (now.plus(life), now.plus(life), now);
        let left = self.ends.since(now).as_secs();
        let (access, refresh) = (&self.access, &self.refresh);
        format!(r#""access_token":"{access}","expires_in":{left},"refresh_token":"{refresh}","scope":"all""#)
    }

    /// Whether this refresh token is good.
    pub fn check_refresh(&self, refresh: &str, now: Time) -> Result<(), Refusal> {
        if refresh == self.refresh && now < self.refresh_ends {
            return Ok(());
        }
        Err(Refusal::new(100, "无效的refresh_token或refresh_token已过期"))
    }

    /// `refresh.token` of the legacy gateway: the value stays, its life is prolonged, in its last week only.
    pub fn prolong_legacy(&mut self, now: Time, life: Duration, delay: Duration) -> Result<(), Refusal> {
        if self.ends.since(now) > LAST_WEEK {
            return Err(Refusal::new(140, "token未到可刷新时间"));
        }
        self.prolong(now, life);
        self.usable_from = now.plus(delay);
        Ok(())
    }

    /// The access token ends before its time.
    pub fn expire(&mut self, now: Time) {
        self.ends = now;
    }
}
