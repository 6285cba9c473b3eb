//! The rate budget of one system account, shared by everything that talks to it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::clock::Clock;
use crate::scheme::transport::Limit;

/// Added to every window, because the system counts arrivals, which network delays push together.
const GUARD: Duration = Duration::from_millis(50);
/// The first pause after a refusal that does not say how long to wait; doubled with each refusal that follows.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The longest pause that we choose by ourselves.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// The longest pause that a system can ask for.
const LONGEST_ASKED: Duration = Duration::from_secs(600);

/// The budget: every request takes a slot before its first byte. Sliding windows hold whatever the burst; a pause
/// stops everybody. Waits are fair: first come, first served.
pub struct Pace {
    clock: Arc<dyn Clock>,
    places: Arc<Semaphore>,
    turn: tokio::sync::Mutex<()>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    limits: Vec<Limit>,
    /// When the latest slots were given, by the monotonic clock; as many as the largest limit counts.
    given: VecDeque<Duration>,
    paused_until: Duration,
    /// Refusals since the last answer that was none.
    refusals: u32,
}

/// The right to send one request; held until its answer was read.
#[derive(Debug)]
pub struct Slot {
    _place: Option<OwnedSemaphorePermit>,
}

impl Pace {
    /// A budget of sliding windows (none: as fast as it goes) and of requests at one time.
    pub fn new(clock: Arc<dyn Clock>, limits: &[Limit], concurrency: usize) -> Self {
        let state = State { limits: limits.to_vec(), ..State::default() };
        let places = Arc::new(Semaphore::new(concurrency.max(1)));
        Self { clock, places, turn: tokio::sync::Mutex::default(), state: Mutex::new(state) }
    }

    /// Waits for a slot.
    pub async fn slot(&self) -> Slot {
        // The semaphore is never closed, so that there always is a permit.
        let place = Arc::clone(&self.places).acquire_owned().await.ok();
        let _turn = self.turn.lock().await;
        loop {
            let wait = self.state().take(self.clock.monotonic());
            match wait {
                None => return Slot { _place: place },
                Some(wait) => self.clock.sleep(wait).await,
            }
        }
    }

    /// The system said "too often": nobody asks again for as long as it asked (at most ten minutes), or else for a
    /// pause that grows with each refusal in a row. Returns the pause.
    pub fn throttled(&self, asked: Option<Duration>) -> Duration {
        let now = self.clock.monotonic();
        let mut state = self.state();
        // Several requests on their way are refused by the same limit: that is one refusal.
        if now >= state.paused_until {
            state.refusals += 1;
        }
        let pause = asked.map_or_else(|| growing(state.refusals), |asked| asked.min(LONGEST_ASKED));
        state.paused_until = state.paused_until.max(now + pause);
        state.paused_until - now
    }

    /// The system answered something else than "too often".
    pub fn answered(&self) {
        self.state().refusals = 0;
    }

    fn add(&self, limits: &[Limit]) {
        let mut state = self.state();
        for limit in limits {
            if !state.limits.contains(limit) {
                state.limits.push(*limit);
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Takes a slot, or says how long to wait before asking again.
    fn take(&mut self, now: Duration) -> Option<Duration> {
        let free = self.limits.iter().map(|limit| self.free_at(*limit)).fold(self.paused_until, Duration::max);
        if free > now {
            return Some(free - now);
        }
        self.given.push_back(now);
        let kept = self.limits.iter().map(|limit| limit.count).max().unwrap_or(0);
        while self.given.len() > usize::try_from(kept).unwrap_or(usize::MAX) {
            self.given.pop_front();
        }
        None
    }

    /// When a window of this limit has room again.
    fn free_at(&self, limit: Limit) -> Duration {
        let count = usize::try_from(limit.count).unwrap_or(usize::MAX);
        let oldest = self.given.len().checked_sub(count).and_then(|at| self.given.get(at));
        oldest.map_or(Duration::ZERO, |given| *given + limit.per + GUARD)
    }
}

/// Doubled with each refusal, with up to a quarter more at random, so that several programs do not come back at one
/// instant.
fn growing(refusals: u32) -> Duration {
    let doubled = FIRST_PAUSE.saturating_mul(1 << refusals.saturating_sub(1).min(16)).min(LONGEST_PAUSE);
    doubled + doubled.mul_f64(fastrand::f64() / 4.0)
}

/// The budgets of all accounts: one for each, however many systems of the configuration name it.
#[derive(Default)]
pub struct Paces {
    accounts: Mutex<BTreeMap<String, Arc<Pace>>>,
}

impl Paces {
    /// The budget of an account. Where two systems share one, the windows of both hold.
    pub fn of(&self, account: &str, clock: &Arc<dyn Clock>, limits: &[Limit], concurrency: usize) -> Arc<Pace> {
        let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || Arc::new(Pace::new(Arc::clone(clock), limits, concurrency));
        let pace = Arc::clone(accounts.entry(account.to_owned()).or_insert_with(new));
        pace.add(limits);
        pace
    }
}

#[cfg(test)]
mod tests;
