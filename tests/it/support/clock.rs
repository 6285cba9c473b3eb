//! A clock for simulations: tokio's paused time, which jumps ahead whenever everything waits.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use deltaferry::clock::{Clock, Time};

/// 2026-01-05T00:00:00Z.
pub const BEGIN: Time = Time(1_767_571_200_000);

pub struct SimClock {
    origin: tokio::time::Instant,
}

impl SimClock {
    #[allow(clippy::disallowed_methods, reason = "simulated time")]
    pub fn new() -> Self {
        Self { origin: tokio::time::Instant::now() }
    }
}

#[async_trait]
impl Clock for SimClock {
    fn now(&self) -> Time {
        BEGIN.plus(self.monotonic())
    }

    #[allow(clippy::disallowed_methods, reason = "simulated time")]
    fn monotonic(&self) -> Duration {
        tokio::time::Instant::now() - self.origin
    }

    #[allow(clippy::disallowed_methods, reason = "simulated time")]
    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

/// The simulation's clock, whose hands somebody moves.
pub struct Handled {
    inner: SimClock,
    moved: AtomicI64,
}

impl Handled {
    pub fn new() -> Self {
        Self { inner: SimClock::new(), moved: AtomicI64::new(0) }
    }

    /// Somebody moves them by so many milliseconds.
    pub fn moves(&self, by: i64) {
        self.moved.fetch_add(by, Ordering::Relaxed);
    }
}

#[async_trait]
impl Clock for Handled {
    fn now(&self) -> Time {
        Time(self.inner.now().0 + self.moved.load(Ordering::Relaxed))
    }

    fn monotonic(&self) -> Duration {
        self.inner.monotonic()
    }

    async fn sleep(&self, duration: Duration) {
        self.inner.sleep(duration).await;
    }
}
