//! A clock for simulations: tokio's paused time, which jumps ahead whenever everything waits.

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
