//! A clock for the simulated systems' own tests: it stands until it is moved, and nobody waits on it.
#![allow(clippy::unwrap_used)]

use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;

use crate::clock::{Clock, Time};

/// The clock.
pub struct StoppedClock {
    start: Time,
    moved: Mutex<Duration>,
}

impl StoppedClock {
    /// Stands at this time.
    pub fn new(start: Time) -> Self {
        Self { start, moved: Mutex::default() }
    }

    /// Moves it on.
    pub fn forward(&self, by: Duration) {
        *self.moved.lock().unwrap() += by;
    }
}

#[async_trait]
impl Clock for StoppedClock {
    fn now(&self) -> Time {
        self.start.plus(self.monotonic())
    }

    fn monotonic(&self) -> Duration {
        *self.moved.lock().unwrap()
    }

    async fn sleep(&self, _: Duration) {}
}
