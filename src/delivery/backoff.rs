//! Waits between tries: doubled from `from` up to `to`, with jitter so that many documents do not come back at once.

use std::time::Duration;

use crate::scheme::Retry;

/// The wait before the try after `tries` failed ones (from 1), between half and the whole of the doubled wait.
pub fn wait(retry: &Retry, tries: u32) -> Duration {
    let doubled = retry.from.saturating_mul(1u32.checked_shl(tries.saturating_sub(1)).unwrap_or(u32::MAX));
    let full = doubled.min(retry.to);
    let half = full / 2;
    let jitter = u64::try_from(half.as_millis()).unwrap_or(u64::MAX).max(1);
    half + Duration::from_millis(fastrand::u64(0..=jitter))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest_and_never_overflow() {
        let retry = Retry { attempts: 8, from: Duration::from_secs(5), to: Duration::from_secs(900) };
        for (tries, most) in [(1, 5), (2, 10), (3, 20), (8, 640), (9, 900), (400, 900)] {
            let waited = wait(&retry, tries);
            assert!(
                waited <= Duration::from_secs(most) && waited >= Duration::from_secs(most) / 2,
                "{tries}: {waited:?}"
            );
        }
    }
}
