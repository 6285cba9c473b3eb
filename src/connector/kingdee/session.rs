//! The session: one for all requests of an account, renewed by whoever finds it gone first (protocols/kingdee.md 1.3).

use std::collections::BTreeMap;
use std::time::Duration;

use crate::clock::{Time, print_duration};
use crate::connector::Fault;

/// Name of the session's cookie and header.
const SESSION: &str = "kdservice-sessionid";
/// For so long a refused login is not tried again by itself: accounts are locked after some wrong passwords. Doubled
/// with each refusal in a row.
const REFUSED_FOR: Duration = Duration::from_secs(300);
/// The longest that it rests.
const LONGEST_REST: Duration = Duration::from_secs(86_400);

/// What is known of the session. Held under one asynchronous lock, so that one login runs and the others wait for it.
#[derive(Debug, Default)]
pub struct Session {
    live: Option<Live>,
    /// How many there were.
    count: u64,
    /// The last refusal of a login, and until when none is tried, on the monotonic clock.
    refused: Option<(Fault, Duration)>,
    /// Logins refused since the last that succeeded.
    refusals: u32,
}

/// A session that held when it was last used.
#[derive(Debug, Clone)]
pub struct Live {
    /// Which one: an answer concerns the session its request was sent with.
    pub number: u64,
    /// The user's name at the system, where a login told it.
    pub user: Option<String>,
    id: Option<String>,
    cookies: BTreeMap<String, String>,
}

impl Session {
    /// The present session.
    pub fn live(&self) -> Option<&Live> {
        self.live.as_ref()
    }

    /// A session as a login gave it. It is not the present one before [`Session::begin`].
    pub fn made(&mut self, id: Option<String>, user: Option<String>, cookies: &[String]) -> Live {
        self.count += 1;
        let mut live = Live { number: self.count, user, id, cookies: BTreeMap::new() };
        live.absorb(cookies);
        live
    }

    /// A login succeeded: its session is the present one.
    pub fn begin(&mut self, live: Live) {
        self.forgive();
        self.refusals = 0;
        self.live = Some(live);
    }

    /// Takes the cookies of an answer to a request of a session (0: of none). Where requests are signed, an answer
    /// begins a session by itself.
    pub fn absorb(&mut self, number: u64, cookies: &[String]) {
        match &mut self.live {
            Some(live) if live.number == number => live.absorb(cookies),
            None if number == 0 && cookies.iter().any(|cookie| cookie.starts_with(SESSION)) => {
                let live = self.made(None, None, cookies);
                self.begin(live);
            }
            Some(_) | None => {}
        }
    }

    /// The system said that a session is gone.
    pub fn lost(&mut self, number: u64) {
        if self.live.as_ref().is_some_and(|live| live.number == number) {
            self.live = None;
        }
    }

    /// The refusal of a login that is too young to be tried again.
    pub fn refusal(&self, now: Duration) -> Option<Fault> {
        let (fault, until) = self.refused.as_ref()?;
        (now < *until).then(|| fault.clone())
    }

    /// A login was refused, `now` on the monotonic clock and `at` on the wall's. The fault says when it is tried again.
    pub fn refuse(&mut self, fault: Fault, now: Duration, at: Time) -> Fault {
        let rest = REFUSED_FOR.saturating_mul(1 << self.refusals.min(16)).min(LONGEST_REST);
        self.refusals = self.refusals.saturating_add(1);
        let (long, until) = (print_duration(rest), at.plus(rest).whole_seconds());
        let words = format!("{}; the login is tried again after {long} (at {until}), or at a restart", fault.words);
        let fault = Fault { words, ..fault };
        self.refused = Some((fault.clone(), now + rest));
        fault
    }

    /// Lets a refused login be tried again: somebody asks for it.
    pub fn forgive(&mut self) {
        self.refused = None;
    }
}

impl Live {
    /// Its headers.
    pub fn headers(&self) -> Vec<(&'static str, String)> {
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut headers = Vec::new();
        if let Some(id) = self.id.as_ref().or_else(|| self.cookies.get(SESSION)) {
            headers.push((SESSION, id.clone()));
        }
        if !cookies.is_empty() {
            headers.push(("cookie", cookies.join("; ")));
        }
        headers
    }

    fn absorb(&mut self, cookies: &[String]) {
        for cookie in cookies {
            let pair = cookie.split(';').next().unwrap_or_default();
            if let Some((name, value)) = pair.split_once('=') {
                self.cookies.insert(name.trim().to_owned(), value.trim().to_owned());
            }
        }
        // A renewed cookie is the session from now on.
        if let Some(id) = self.cookies.get(SESSION) {
            self.id = Some(id.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connector::FaultKind;

    fn cookie(id: &str) -> Vec<String> {
        vec![format!("kdservice-sessionid={id}; path=/; HttpOnly"), "ASP.NET_SessionId=a; path=/".to_owned()]
    }

    fn begin(session: &mut Session, id: &str, cookies: &[String]) {
        let live = session.made(Some(id.into()), None, cookies);
        session.begin(live);
    }

    fn sent(session: &Session) -> Option<Vec<(&'static str, String)>> {
        session.live().map(Live::headers)
    }

    #[test]
    fn a_session_is_sent_as_header_and_cookies_and_follows_renewals() {
        let mut session = Session::default();
        begin(&mut session, "one", &cookie("one"));
        let headers = |id: &str| {
            Some(vec![
                ("kdservice-sessionid", id.to_owned()),
                ("cookie", format!("ASP.NET_SessionId=a; kdservice-sessionid={id}")),
            ])
        };
        assert_eq!(sent(&session), headers("one"));
        session.absorb(1, &cookie("two"));
        assert_eq!(sent(&session), headers("two"));
        session.absorb(0, &cookie("other"));
        assert_eq!(sent(&session), headers("two"), "the answer to a request of another session");
    }

    #[test]
    fn a_late_loss_does_not_end_the_session_that_followed() {
        let mut session = Session::default();
        begin(&mut session, "one", &[]);
        session.lost(1);
        assert!(session.live().is_none());
        begin(&mut session, "two", &[]);
        session.lost(1);
        assert_eq!(session.live().map(|live| live.number), Some(2));
    }

    #[test]
    fn a_signed_request_begins_a_session_by_its_answer() {
        let mut session = Session::default();
        session.absorb(0, &["Theme=standard".into()]);
        assert!(session.live().is_none());
        session.absorb(0, &cookie("one"));
        assert!(session.live().is_some());
    }

    #[test]
    fn a_session_that_was_made_is_not_used_before_it_begins() {
        let mut session = Session::default();
        let live = session.made(Some("one".into()), None, &[]);
        assert!(session.live().is_none());
        session.begin(live);
        assert_eq!(session.live().map(|live| live.number), Some(1));
    }

    #[test]
    fn a_refused_login_rests_ever_longer_up_to_a_day_until_one_succeeds() {
        let mut session = Session::default();
        let wrong = || Fault::new(FaultKind::Refused, "wrong password");
        let mut now = Duration::from_secs(10);
        let mut refuse_again = |session: &mut Session, minutes: u64| {
            let fault = session.refuse(wrong(), now, Time(1_709_251_200_000));
            let rest = Duration::from_secs(minutes * 60);
            assert!(fault.words.contains(&format!("after {} (at 2024-03-0", print_duration(rest))), "{fault}");
            assert_eq!(session.refusal(now + rest - Duration::from_secs(1)), Some(fault));
            now += rest;
            assert_eq!(session.refusal(now), None);
        };
        for minutes in [5, 10, 20, 40, 80, 160, 320, 640, 1_280, 1_440, 1_440] {
            refuse_again(&mut session, minutes);
        }
        begin(&mut session, "one", &[]);
        refuse_again(&mut session, 5);
        // Whoever asks for a login gets one, which counts like any other.
        let fault = session.refuse(wrong(), Duration::ZERO, Time(0));
        assert_eq!(session.refusal(Duration::ZERO), Some(fault));
        session.forgive();
        assert_eq!(session.refusal(Duration::ZERO), None);
        let fault = session.refuse(wrong(), Duration::ZERO, Time(0));
        assert!(fault.words.contains("after 20m"), "{fault}");
    }
}
