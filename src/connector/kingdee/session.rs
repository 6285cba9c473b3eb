//! The session: one for all requests of an account, renewed by whoever finds it gone first (protocols/kingdee.md 1.3).

use std::collections::BTreeMap;
use std::time::Duration;

use crate::connector::Fault;

/// Name of the session's cookie and header.
const SESSION: &str = "kdservice-sessionid";
/// For so long a refused login is not tried again by itself: accounts are locked after some wrong passwords.
const REFUSED_FOR: Duration = Duration::from_secs(300);

/// What is known of the session. Held under one asynchronous lock, so that one login runs and the others wait for it.
#[derive(Debug, Default)]
pub struct Session {
    live: Option<Live>,
    /// How many there were.
    count: u64,
    refused: Option<(Fault, Duration)>,
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

    /// A login succeeded.
    pub fn begin(&mut self, id: Option<String>, user: Option<String>, cookies: &[String]) {
        self.count += 1;
        self.refused = None;
        let mut live = Live { number: self.count, user, id, cookies: BTreeMap::new() };
        live.absorb(cookies);
        self.live = Some(live);
    }

    /// Takes the cookies of an answer to a request of a session (0: of none). Where requests are signed, an answer
    /// begins a session by itself.
    pub fn absorb(&mut self, number: u64, cookies: &[String]) {
        match &mut self.live {
            Some(live) if live.number == number => live.absorb(cookies),
            None if number == 0 && cookies.iter().any(|cookie| cookie.starts_with(SESSION)) => {
                self.begin(None, None, cookies);
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
        let (fault, at) = self.refused.as_ref()?;
        (now < *at + REFUSED_FOR).then(|| fault.clone())
    }

    /// A login was refused.
    pub fn refuse(&mut self, fault: Fault, now: Duration) {
        self.refused = Some((fault, now));
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

    fn sent(session: &Session) -> Option<Vec<(&'static str, String)>> {
        session.live().map(Live::headers)
    }

    #[test]
    fn a_session_is_sent_as_header_and_cookies_and_follows_renewals() {
        let mut session = Session::default();
        session.begin(Some("one".into()), None, &cookie("one"));
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
        session.begin(Some("one".into()), None, &[]);
        session.lost(1);
        assert!(session.live().is_none());
        session.begin(Some("two".into()), None, &[]);
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
    fn a_refused_login_is_not_repeated_for_five_minutes_unless_asked_for() {
        let mut session = Session::default();
        let (now, fault) = (Duration::from_secs(10), Fault::new(FaultKind::Refused, "wrong password"));
        session.refuse(fault.clone(), now);
        assert_eq!(session.refusal(now + Duration::from_secs(299)), Some(fault));
        assert_eq!(session.refusal(now + Duration::from_secs(301)), None);
        session.forgive();
        assert_eq!(session.refusal(now), None);
    }
}
