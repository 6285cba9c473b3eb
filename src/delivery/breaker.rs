//! A target's circuit breaker (rule 21): where several different documents in a row got no answer, nothing more is
//! sent until a test was answered. Pure: it is told what happened and when.

use std::collections::VecDeque;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::clock::Time;
use crate::delivery::backoff;
use crate::name::Key;
use crate::scheme::Retry;

/// Requests in a row without an answer that open it, each with a document that had not failed before: one document
/// that no answer comes to, however often, opens nothing.
pub const OPENS_AFTER: u32 = 3;
/// Documents remembered as failed; bounds memory.
const REMEMBERED: usize = 1_000;

/// When something happened.
#[derive(Debug, Clone, Copy)]
pub struct Instants {
    /// By our clock, for people.
    pub now: Time,
    /// By the monotonic clock, for waits.
    pub monotonic: Duration,
}

/// What may be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gate {
    /// Everything.
    Closed,
    /// Nothing for so long.
    Wait(Duration),
    /// One document, or a login, to test whether the target answers.
    Test,
}

/// An open breaker as shown to people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opened {
    /// Since when nothing but tests is sent.
    pub since: Time,
    /// When the next test goes, if anything is due then.
    pub next_test: Time,
    /// What the last failure said.
    pub why: String,
}

/// The breaker.
#[derive(Debug, Default)]
pub struct Breaker {
    /// Requests in a row without an answer.
    failures: u32,
    /// Those among them with a document that had not failed before.
    different: u32,
    /// Documents that failed since the last answer, the last one last.
    failed: VecDeque<Key>,
    /// Documents whose test failed since the last answer.
    tested: VecDeque<Key>,
    /// Waits in a row: times it opened, and tests that failed, since a send was answered.
    waits: u32,
    open: Option<Open>,
    /// Until when the target wants to be left alone, and how often in a row it said so.
    throttled: Option<Duration>,
    throttles: u32,
}

#[derive(Debug)]
struct Open {
    until: Duration,
    shown: Opened,
    testing: bool,
}

impl Breaker {
    /// What may be sent now.
    pub fn gate(&self, monotonic: Duration) -> Gate {
        let until = self.throttled.max(self.open.as_ref().map(|open| open.until));
        match until.and_then(|until| until.checked_sub(monotonic)).filter(|left| !left.is_zero()) {
            Some(left) => Gate::Wait(left),
            None if self.open.is_some() => Gate::Test,
            None => Gate::Closed,
        }
    }

    /// A request about these documents (none: a login) got no answer, or one that says no more than that it may pass.
    pub fn failed(&mut self, keys: &[Key], why: &str, retry: &Retry, at: Instants) {
        self.failures = self.failures.saturating_add(1);
        if keys.iter().any(|key| !self.failed.contains(key)) {
            self.different = self.different.saturating_add(1);
        }
        remember(&mut self.failed, keys);
        let is_test = self.is_testing();
        if is_test {
            remember(&mut self.tested, keys);
        }
        // What was sent before it opened changes nothing.
        if !is_test && (self.open.is_some() || self.different < OPENS_AFTER) {
            return;
        }
        self.waits = self.waits.saturating_add(1);
        let wait = backoff::wait(retry, self.waits);
        let since = self.open.as_ref().map_or(at.now, |open| open.shown.since);
        let shown = Opened { since, next_test: at.now.plus(wait), why: why.to_owned() };
        self.open = Some(Open { until: at.monotonic + wait, shown, testing: false });
    }

    /// The target answered a send: whatever it said, it works.
    pub fn answered(&mut self) {
        *self = Self { throttled: self.throttled, ..Self::default() };
    }

    /// The target answered a question or a login. Whether it also takes documents is not known: should it open again,
    /// the waits go on where they were.
    pub fn answered_a_question(&mut self) {
        let (waits, throttled, throttles) = (self.waits, self.throttled, self.throttles);
        *self = Self { waits, throttled, throttles, ..Self::default() };
    }

    /// The target is called too often: nothing is sent for as long as it asked, or for longer each time.
    pub fn throttled(&mut self, asked: Option<Duration>, retry: &Retry, at: Instants) {
        // Requests that were throttled side by side are one.
        if self.throttled.is_none_or(|until| until <= at.monotonic) {
            self.throttles = self.throttles.saturating_add(1);
        }
        let wait = asked.unwrap_or_else(|| backoff::wait(retry, self.throttles)).min(retry.to);
        self.throttled = self.throttled.max(Some(at.monotonic + wait));
    }

    /// A test begins; it ends with the next failure or answer, or by [`Breaker::end_test`].
    pub fn begin_test(&mut self) {
        if let Some(open) = &mut self.open {
            open.testing = true;
        }
    }

    /// The test is over, whether or not anything came of it.
    pub fn end_test(&mut self) {
        if let Some(open) = &mut self.open {
            open.testing = false;
        }
    }

    /// Whether what is sent now is a test.
    pub fn is_testing(&self) -> bool {
        self.open.as_ref().is_some_and(|open| open.testing)
    }

    /// Whether a document may be the test: one in doubt by a question, which changes nothing, any other by its send.
    /// Never one that failed since the last answer; its own failure may be all there is.
    pub fn may_test(&self, key: &Key, asks: bool) -> bool {
        if asks { !self.tested.contains(key) } else { !self.failed.contains(key) }
    }

    /// Requests in a row without an answer.
    pub fn failures(&self) -> u32 {
        self.failures
    }

    /// For people; none while it is closed.
    pub fn opened(&self) -> Option<&Opened> {
        self.open.as_ref().map(|open| &open.shown)
    }
}

/// Adds to documents remembered, the oldest forgotten.
fn remember(documents: &mut VecDeque<Key>, keys: &[Key]) {
    documents.retain(|known| !keys.contains(known));
    documents.extend(keys.iter().cloned());
    let excess = documents.len().saturating_sub(REMEMBERED);
    documents.drain(..excess);
}

#[cfg(test)]
mod tests {
    use super::*;

    const RETRY: Retry = Retry { attempts: 8, from: Duration::from_secs(10), to: Duration::from_secs(900) };

    fn at(seconds: u64) -> Instants {
        Instants { now: Time(1_800_000_000_000).plus(Duration::from_secs(seconds)), monotonic: secs(seconds) }
    }

    fn secs(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn keys(texts: &str) -> Vec<Key> {
        texts.split_whitespace().map(Key::from_text).collect()
    }

    fn after(requests: &[&str]) -> Breaker {
        let mut breaker = Breaker::default();
        for request in requests {
            breaker.failed(&keys(request), "reset", &RETRY, at(0));
        }
        breaker
    }

    #[test]
    fn rule_21_it_opens_only_on_several_different_documents() {
        for (requests, opens) in [
            (&["1"][..], false),
            (&["1", "1", "1", "1", "1", "1"], false),
            (&["1", "2", "1", "2", "1"], false),
            (&["1", "2", "3"], true),
            // A batch that failed whole may have failed for one of its documents.
            (&["1 2 3 4 5"], false),
            (&["1 2 3 4 5", "1", "2", "3"], false),
            (&["1 2", "3 4", "5 6"], true),
        ] {
            assert_eq!(after(requests).gate(secs(0)) != Gate::Closed, opens, "{requests:?}");
            let mut answered_between = after(&requests[..requests.len() - 1]);
            answered_between.answered();
            answered_between.failed(&keys("9"), "reset", &RETRY, at(0));
            assert_eq!(answered_between.gate(secs(0)), Gate::Closed, "{requests:?}");
        }
    }

    #[test]
    fn rule_21_its_test_is_never_one_that_failed_and_a_failed_test_waits_longer() {
        let mut breaker = after(&["1", "2", "3"]);
        assert!(matches!(breaker.gate(secs(0)), Gate::Wait(wait) if wait <= secs(10)));
        assert_eq!(breaker.gate(secs(10)), Gate::Test);
        for failed in ["1", "2", "3"] {
            assert!(!breaker.may_test(&Key::from_text(failed), false), "{failed}");
            assert!(breaker.may_test(&Key::from_text(failed), true), "a question about {failed} is none of its sends");
        }
        assert!(breaker.may_test(&Key::from_text("4"), false));
        // What was under way when it opened is no test.
        breaker.failed(&keys("7"), "reset", &RETRY, at(10));
        assert_eq!(breaker.gate(secs(10)), Gate::Test);
        breaker.begin_test();
        breaker.failed(&keys("4"), "still down", &RETRY, at(10));
        assert!(matches!(breaker.gate(secs(10)), Gate::Wait(wait) if wait >= secs(10) && wait <= secs(20)));
        assert!(!breaker.may_test(&Key::from_text("4"), true) && !breaker.may_test(&Key::from_text("4"), false));
        let opened = breaker.opened().cloned().unwrap_or_else(|| panic!("open"));
        assert_eq!((opened.since, opened.why.as_str()), (at(0).now, "still down"));
        assert!(opened.next_test > at(10).now);
    }

    #[test]
    fn an_answered_send_closes_it_and_after_an_answered_question_the_waits_go_on() {
        for (by_send, longest) in [(true, 10), (false, 40)] {
            let mut breaker = after(&["1", "2", "3"]);
            breaker.begin_test();
            breaker.failed(&keys("4"), "down", &RETRY, at(20));
            if by_send {
                breaker.answered()
            } else {
                breaker.answered_a_question()
            }
            assert_eq!((breaker.gate(secs(20)), breaker.opened()), (Gate::Closed, None));
            for request in ["1", "2", "3"] {
                breaker.failed(&keys(request), "down", &RETRY, at(60));
            }
            let Gate::Wait(wait) = breaker.gate(secs(60)) else { panic!("open") };
            assert!(wait <= secs(longest) && wait >= secs(longest) / 2, "{wait:?}");
        }
    }

    #[test]
    fn throttling_waits_as_asked_and_opens_nothing() {
        let mut breaker = Breaker::default();
        breaker.throttled(Some(secs(20)), &RETRY, at(0));
        breaker.throttled(Some(secs(5)), &RETRY, at(0));
        assert_eq!((breaker.gate(secs(0)), breaker.opened()), (Gate::Wait(secs(20)), None));
        assert_eq!(breaker.gate(secs(20)), Gate::Closed);
        breaker.throttled(Some(secs(86_400)), &RETRY, at(20));
        assert_eq!(breaker.gate(secs(20)), Gate::Wait(RETRY.to), "no longer than the longest wait");
    }

    #[test]
    fn what_it_remembers_is_bounded() {
        let mut breaker = Breaker::default();
        for n in 0..3_000 {
            breaker.failed(&keys(&n.to_string()), "down", &RETRY, at(0));
        }
        assert_eq!(breaker.failed.len(), REMEMBERED);
        assert!(!breaker.may_test(&Key::from_text("2999"), false), "the last one least of all");
    }
}
