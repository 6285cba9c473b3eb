//! Panics that are caught where they happen and become errors: whoever tells of panics must know that these are told
//! already.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

thread_local! {
    /// How many catches this thread is in.
    static DEPTH: Cell<u32> = const { Cell::new(0) };
}

/// A catch this thread is in, until it is dropped.
struct Within;

impl Within {
    fn begin() -> Self {
        DEPTH.set(DEPTH.get().saturating_add(1));
        Self
    }
}

impl Drop for Within {
    fn drop(&mut self) {
        DEPTH.set(DEPTH.get().saturating_sub(1));
    }
}

/// Does some work; none where it panicked. What the work changed is whatever it had come to: the caller must not use it
/// any more, or must be able to.
pub fn caught<R>(work: impl FnOnce() -> R) -> Option<R> {
    let within = Within::begin();
    let done = catch_unwind(AssertUnwindSafe(work)).ok();
    drop(within);
    done
}

/// Whether a panic of this thread is caught by [`caught`].
pub fn is_caught() -> bool {
    DEPTH.get() > 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_within_is_known_to_be_caught_and_one_after_it_is_not() {
        assert!(!is_caught());
        assert_eq!(caught(is_caught), Some(true));
        let inner = || {
            assert_eq!(caught(|| std::panic::resume_unwind(Box::new("inner"))), None::<()>);
            is_caught()
        };
        assert_eq!(caught(inner), Some(true), "the outer one goes on");
        assert!(!is_caught());
    }
}
