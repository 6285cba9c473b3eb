//! When the access token is renewed (protocols/jushuitan.md 3). Pure.

use std::time::Duration;

use super::settings::{App, Gateway};
use crate::clock::Time;
use crate::connector::kept::KeptToken;
use crate::secret::Secret;

/// How long before its end a token of the new gateway is renewed: it lives for 30 days.
const EARLY: Duration = Duration::from_secs(86_400);
/// How long after an early renewal that failed another one is tried.
const AGAIN: Duration = Duration::from_secs(3_600);
/// How often the legacy gateway is asked: it gives a longer life in a token's last week only, and does not say when
/// that is.
const DAILY: Duration = Duration::from_secs(86_400);
/// How long after a longer life was given the legacy gateway may still refuse the token.
const CACHED: Duration = Duration::from_secs(600);

/// What a system answered that gives tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Granted {
    /// `access_token`.
    pub access: Secret,
    /// `refresh_token`; the older one stays good where none comes.
    pub refresh: Option<Secret>,
    /// `expires_in`.
    pub life: Option<Duration>,
}

impl KeptToken {
    /// The token of the configuration, of which nothing is known.
    pub(super) fn configured(access: &Secret) -> Self {
        Self { access: access.clone(), refresh: None, ends: None, asked: None, renewed: None }
    }

    /// Whether a longer life is asked for before the next call, though the token still holds.
    pub(super) fn is_due(&self, gateway: Gateway, app: App, now: Time) -> bool {
        let rested = |rest| self.asked.is_none_or(|asked| now >= asked.plus(rest) || now < asked);
        match (app, gateway) {
            // Only the merchant can authorise it again.
            (App::Isv, _) => false,
            (App::Own, Gateway::Legacy) => rested(DAILY),
            (App::Own, Gateway::Open) => {
                let ends_soon = self.ends.is_some_and(|ends| now.plus(EARLY) >= ends);
                self.refresh.is_some() && ends_soon && rested(AGAIN)
            }
        }
    }

    /// The one that the new gateway gave, asked at `now`.
    pub(super) fn followed_by(&self, granted: Granted, now: Time) -> Self {
        Self {
            access: granted.access,
            refresh: granted.refresh.or_else(|| self.refresh.clone()),
            ends: granted.life.map(|life| now.plus(life)),
            asked: Some(now),
            renewed: Some(now),
        }
    }

    /// Whether a refusal may come of the legacy gateway's cache: it has to be given a moment.
    pub(super) fn is_cached(&self, gateway: Gateway, now: Time) -> bool {
        gateway == Gateway::Legacy && self.renewed.is_some_and(|at| now >= at && now.since(at) < CACHED)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use App::{Isv, Own};
    use Gateway::{Legacy, Open};

    const NOW: Time = Time(1_800_000_000_000);
    const HOUR: Duration = Duration::from_secs(3_600);

    fn token(ends_in: Option<Duration>, asked_before: Option<Duration>) -> KeptToken {
        KeptToken {
            access: Secret::new("a"),
            refresh: Some(Secret::new("r")),
            ends: ends_in.map(|left| NOW.plus(left)),
            asked: asked_before.map(|ago| NOW.minus(ago)),
            renewed: None,
        }
    }

    #[test]
    fn a_token_is_renewed_in_good_time_and_no_oftener_than_it_helps() {
        for (ends_in, asked_before, gateway, app, due) in [
            (Some(HOUR * 25), None, Open, Own, false),
            (Some(HOUR * 24), None, Open, Own, true),
            (Some(HOUR * 20), Some(HOUR / 2), Open, Own, false),
            (Some(HOUR * 20), Some(HOUR), Open, Own, true),
            (Some(Duration::ZERO), None, Open, Own, true),
            (None, None, Open, Own, false),
            (Some(HOUR), None, Open, Isv, false),
            (None, None, Legacy, Own, true),
            (None, Some(HOUR * 23), Legacy, Own, false),
            (None, Some(HOUR * 24), Legacy, Own, true),
            (None, None, Legacy, Isv, false),
        ] {
            let told = token(ends_in, asked_before).is_due(gateway, app, NOW);
            assert_eq!(told, due, "{ends_in:?} {asked_before:?} {gateway:?} {app:?}");
        }
        let mut asked_ahead = token(None, None);
        asked_ahead.asked = Some(NOW.plus(HOUR * 1000));
        assert!(asked_ahead.is_due(Legacy, Own, NOW), "the clock was ahead and was set back");
        let mut never_given = token(Some(HOUR), None);
        never_given.refresh = None;
        assert!(!never_given.is_due(Open, Own, NOW));
    }

    #[test]
    fn an_answer_without_a_refresh_token_leaves_the_older_one_good() {
        let life = Some(HOUR * 720);
        let granted = Granted { access: Secret::new("b"), refresh: None, life };
        let next = token(None, None).followed_by(granted, NOW);
        assert_eq!(next.refresh, Some(Secret::new("r")));
        assert_eq!((next.access.reveal(), next.ends), ("b", Some(NOW.plus(HOUR * 720))));
    }
}
