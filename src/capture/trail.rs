//! The trail of row versions held, and where reading goes on (rules.md 27). Pure.
//!
//! A slow transaction can publish a row with a lower version than one that was read before. So reading never goes on
//! where it stopped, but from the version held `overlap` before it last read: what comes late, but within the overlap,
//! is met. How long nothing was read since then does not matter.

use std::time::Duration;

use crate::clock::Time;
use crate::row_version::RowVersion;
use crate::watermark::Held;

/// Entries within one overlap: where reading goes on is at most such a part of it further back than need be.
const GRAIN: u32 = 8;

/// The row version that reading goes on from: the one held an overlap before the last, else the oldest.
pub fn resume_point(trail: &[Held], overlap: Duration) -> Option<&RowVersion> {
    let settled = trail.last()?.at.minus(overlap);
    let held = trail.iter().rev().find(|held| held.at <= settled).or_else(|| trail.first());
    held.map(|held| &held.cursor)
}

/// Adds what is held now. What is no longer needed to go on from goes; entries lie a grain apart.
pub fn hold(trail: &mut Vec<Held>, cursor: &RowVersion, at: Time, overlap: Duration) {
    if let Some(last) = trail.last()
        && (*cursor < last.cursor || at < last.at.plus(overlap / GRAIN))
    {
        return;
    }
    trail.push(Held { cursor: cursor.clone(), at });
    let settled = at.minus(overlap);
    let needed = trail.iter().rposition(|held| held.at <= settled).unwrap_or(0);
    trail.drain(..needed);
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const OVERLAP: Duration = Duration::from_secs(600);

    fn version(number: u64) -> RowVersion {
        RowVersion::read(&number.to_string()).unwrap()
    }

    fn at(seconds: i64) -> Time {
        Time(seconds * 1000)
    }

    #[test]
    fn rule_27_reading_goes_on_from_the_row_version_held_an_overlap_before_the_last() {
        let mut trail = Vec::new();
        assert_eq!(resume_point(&trail, OVERLAP), None);
        // One more row a second, read every five minutes.
        for seconds in (0..3_600).step_by(300) {
            hold(&mut trail, &version(seconds), at(i64::try_from(seconds).unwrap()), OVERLAP);
            assert_eq!(resume_point(&trail, OVERLAP), Some(&version(seconds.saturating_sub(600))), "{seconds}");
            assert!(trail.len() <= 3);
        }
    }

    #[test]
    fn a_long_scan_leaves_a_bounded_trail_and_a_page_read_again_does_not_go_back() {
        let mut trail = Vec::new();
        for second in 0..100_000_u64 {
            hold(&mut trail, &version(second), at(i64::try_from(second).unwrap()), OVERLAP);
            assert!(trail.len() <= 10);
        }
        let resume = resume_point(&trail, OVERLAP).unwrap().clone();
        assert!(resume >= version(99_999 - 600 - 2 * 75) && resume <= version(99_999 - 600), "{resume}");
        let before = trail.clone();
        hold(&mut trail, &version(50), at(200_000), OVERLAP);
        assert_eq!(trail, before, "a lower row version is not held anew");
        hold(&mut trail, &version(200_000), at(5), OVERLAP);
        assert_eq!(trail, before, "a clock set back holds nothing");
    }

    #[test]
    fn a_row_version_that_stands_still_becomes_the_one_to_go_on_from() {
        let mut trail = vec![Held { cursor: version(1), at: at(0) }];
        hold(&mut trail, &version(9), at(300), OVERLAP);
        hold(&mut trail, &version(9), at(600), OVERLAP);
        assert_eq!(resume_point(&trail, OVERLAP), Some(&version(1)));
        hold(&mut trail, &version(9), at(900), OVERLAP);
        assert_eq!(resume_point(&trail, OVERLAP), Some(&version(9)));
    }
}
