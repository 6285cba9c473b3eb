//! The token's life (protocols/okki.md 2.1): one for all requests of an account; asking again need not extend it. Pure;
//! times are of the monotonic clock.

use std::time::Duration;

use super::oauth::Granted;

/// How long before a token's end another one is asked for, once.
const EARLY: Duration = Duration::from_secs(300);

/// One refusal is an early revocation; this many in a row have another cause (a scope, a permission).
const MOST_REFUSED: u32 = 3;

/// What is known of the token. Held under one asynchronous lock, so that one request for a token runs and the others
/// wait for it.
#[derive(Debug, Default)]
pub struct Tokens {
    live: Option<Live>,
    /// How many there were.
    count: u64,
    /// A refresh token that was not used yet.
    refresh: Option<String>,
    /// Tokens that were refused since a call was last taken.
    refusals: u32,
}

/// A token that holds, as far as we know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Live {
    /// Which one: a refusal concerns the token its request was sent with.
    pub number: u64,
    /// The token.
    pub token: String,
    ends: Duration,
    /// Asking early gave none that holds longer: it is used to its end.
    to_its_end: bool,
}

/// What is to be done before a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Need {
    /// Nothing: use this token.
    None(Live),
    /// It ends soon: ask for a new one; if that fails, use this token.
    Early(Live),
    /// There is none: ask for one.
    Token,
}

/// What a refused token means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lost {
    /// A new one may be taken.
    Renewable,
    /// Those before it were refused as well, and no call was taken in between: another one will not help.
    Again,
}

impl Tokens {
    /// What is to be done before a request.
    pub fn need(&self, now: Duration) -> Need {
        match &self.live {
            Some(live) if now >= live.ends => Need::Token,
            Some(live) if now + EARLY >= live.ends && !live.to_its_end => Need::Early(live.clone()),
            Some(live) => Need::None(live.clone()),
            None => Need::Token,
        }
    }

    /// The refresh token, which is gone with this.
    pub fn take_refresh(&mut self) -> Option<String> {
        self.refresh.take()
    }

    /// A token was granted to a request begun at `asked`. While one holds that ends no earlier, that one stays.
    pub fn granted(&mut self, granted: Granted, asked: Duration) -> Live {
        self.refresh = granted.refresh.or(self.refresh.take());
        let ends = asked + granted.life;
        if let Some(live) = self.live.as_mut().filter(|live| asked < live.ends && ends <= live.ends + SAME) {
            live.to_its_end = true;
            return live.clone();
        }
        self.count += 1;
        let live = Live { number: self.count, token: granted.token, ends, to_its_end: false };
        self.live = Some(live.clone());
        live
    }

    /// Asking early failed: the token is used to its end.
    pub fn keep(&mut self) {
        if let Some(live) = &mut self.live {
            live.to_its_end = true;
        }
    }

    /// The system refused a token.
    pub fn lost(&mut self, number: u64) -> Lost {
        if self.live.as_ref().is_none_or(|live| live.number != number) {
            return Lost::Renewable;
        }
        self.live = None;
        self.refusals += 1;
        if self.refusals >= MOST_REFUSED { Lost::Again } else { Lost::Renewable }
    }

    /// The system took a token.
    pub fn taken(&mut self, number: u64) {
        if self.live.as_ref().is_some_and(|live| live.number == number) {
            self.refusals = 0;
        }
    }
}

/// Ends this near to each other are one: lives are told in whole seconds, and requests take their time.
const SAME: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn granted(token: &str, life: u64) -> Granted {
        Granted { token: token.into(), life: seconds(life), refresh: None }
    }

    #[test]
    fn a_token_is_used_until_shortly_before_its_end() {
        let mut tokens = Tokens::default();
        assert_eq!(tokens.need(seconds(0)), Need::Token);
        let live = tokens.granted(granted("a", 28_800), seconds(10));
        assert_eq!(tokens.need(seconds(28_000)), Need::None(live.clone()));
        assert_eq!(tokens.need(seconds(28_600)), Need::Early(live));
        assert_eq!(tokens.need(seconds(28_810)), Need::Token);
    }

    #[test]
    fn asking_again_that_does_not_extend_is_done_once() {
        let mut tokens = Tokens::default();
        tokens.granted(granted("a", 1_000), seconds(0));
        let kept = tokens.granted(granted("b", 200), seconds(800));
        assert_eq!(kept.token, "a");
        assert_eq!(tokens.need(seconds(801)), Need::None(kept));
        assert_eq!(tokens.need(seconds(1_000)), Need::Token);
        assert_eq!(tokens.granted(granted("c", 28_800), seconds(1_000)).token, "c");
    }

    #[test]
    fn asking_again_that_extends_takes_the_new_one() {
        let mut tokens = Tokens::default();
        tokens.granted(granted("a", 1_000), seconds(0));
        let live = tokens.granted(granted("b", 28_800), seconds(800));
        assert_eq!(tokens.need(seconds(900)), Need::None(live));
    }

    #[test]
    fn a_refresh_token_is_used_once() {
        let mut tokens = Tokens::default();
        tokens.granted(Granted { refresh: Some("r1".into()), ..granted("a", 100) }, seconds(0));
        assert_eq!(tokens.take_refresh().as_deref(), Some("r1"));
        assert_eq!(tokens.take_refresh(), None);
        tokens.granted(Granted { refresh: Some("r2".into()), ..granted("b", 500) }, seconds(50));
        assert_eq!(tokens.take_refresh().as_deref(), Some("r2"));
    }

    #[test]
    fn a_refused_token_is_renewed_unless_one_after_the_other_is_refused() {
        let mut tokens = Tokens::default();
        let mut refused = || {
            let live = tokens.granted(granted("a", 1_000), seconds(0));
            (live.number, tokens.lost(live.number))
        };
        assert_eq!([refused().1, refused().1], [Lost::Renewable; 2]);
        assert_eq!(refused().1, Lost::Again);
        let live = tokens.granted(granted("b", 1_000), seconds(1));
        tokens.taken(live.number);
        assert_eq!(tokens.lost(live.number), Lost::Renewable, "it was taken before");
    }

    #[test]
    fn a_late_refusal_does_not_end_the_token_that_followed() {
        let mut tokens = Tokens::default();
        let first = tokens.granted(granted("a", 1_000), seconds(0));
        tokens.lost(first.number);
        let second = tokens.granted(granted("b", 1_000), seconds(1));
        tokens.lost(first.number);
        assert_eq!(tokens.need(seconds(2)), Need::None(second));
    }
}
