//! Everything the CRM remembers, behind one lock: calls run one after the other.

use std::collections::VecDeque;
use std::time::Duration;

use super::directory::Directory;
use super::orders::Orders;
use super::tokens::Tokens;

/// Calls remembered at most.
const REMEMBERED: usize = 10_000;

/// The CRM's memory.
#[derive(Debug)]
pub struct State {
    /// Tokens.
    pub tokens: Tokens,
    /// Base data.
    pub directory: Directory,
    /// Orders.
    pub orders: Orders,
    calls: VecDeque<Duration>,
}

impl State {
    /// A CRM without orders.
    pub fn new(directory: Directory) -> Self {
        Self { tokens: Tokens::default(), directory, orders: Orders::new(), calls: VecDeque::new() }
    }

    /// Counts a call; whether it is one too many within a second. 0: as many as one likes.
    pub fn is_throttled(&mut self, limit: usize, monotonic: Duration) -> bool {
        if limit == 0 {
            return false;
        }
        let old = |at: &Duration| monotonic.saturating_sub(*at) >= Duration::from_secs(1);
        while self.calls.len() >= REMEMBERED || self.calls.front().is_some_and(old) {
            self.calls.pop_front();
        }
        self.calls.push_back(monotonic);
        self.calls.len() > limit
    }
}
