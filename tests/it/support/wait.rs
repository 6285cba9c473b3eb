//! Waiting for conditions. The only place of the tests that sleeps.

use std::time::{Duration, Instant};

/// How often a condition is looked at.
const GRAIN: Duration = Duration::from_millis(15);

/// Waits until there is something, or fails naming what was waited for.
#[track_caller]
#[allow(clippy::disallowed_methods, reason = "tests of whole processes live in real time")]
pub fn wait_until<T>(what: &str, deadline: Duration, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begun.elapsed() < deadline, "waited {deadline:?} in vain: {what}");
        std::thread::sleep(GRAIN);
    }
}
