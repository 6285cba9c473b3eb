//! The call limits: 5 in a second, 100 in a minute, sliding; refused calls count as well.

use std::collections::VecDeque;
use std::time::Duration;

use crate::sandbox::jushuitan::refusal::{self, Refusal};

const PER_SECOND: usize = 5;
const PER_MINUTE: usize = 100;
/// Calls remembered at most: more than both limits need.
const REMEMBERED: usize = 1_000;

/// The calls of the last minute.
#[derive(Debug, Default)]
pub struct Calls(VecDeque<Duration>);

impl Calls {
    /// Counts a call at a monotonic time.
    pub fn count(&mut self, now: Duration) -> Result<(), Refusal> {
        let within = |span: Duration| move |at: &&Duration| now.saturating_sub(**at) < span;
        while self.0.len() >= REMEMBERED || self.0.front().is_some_and(|at| !within(Duration::from_secs(60))(&at)) {
            self.0.pop_front();
        }
        self.0.push_back(now);
        if self.0.iter().rev().take_while(within(Duration::from_secs(1))).count() > PER_SECOND {
            return Err(refusal::second_limit());
        }
        if self.0.len() > PER_MINUTE { Err(refusal::minute_limit()) } else { Ok(()) }
    }
}
