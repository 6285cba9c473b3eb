//! The trail of row versions held, and where reading goes on (rules.md 27). Pure.
//!
//! A slow transaction can publish a row with a lower version than one that was read before. Who begins to read at a
//! time sees every row whose version was given an overlap earlier. So after a scan that began at a time, reading goes
//! on from a version that was held an overlap before that time: however long the scan took, whether it was cut and
//! resumed, and however long nothing was read since.

use std::time::Duration;

use crate::clock::Time;
use crate::row_version::RowVersion;
use crate::watermark::{Held, Scan};

/// Entries within one overlap: where reading goes on is at most such a part of it further back than need be.
const GRAIN: u32 = 8;

/// The row version that reading goes on from after the last complete scan began at `complete_to`: the one held an
/// overlap earlier, else the oldest.
pub fn resume_point(trail: &[Held], complete_to: Option<Time>, overlap: Duration) -> Option<&RowVersion> {
    let settled = complete_to.and_then(|to| latest(trail, to.minus(overlap)));
    trail.get(settled.unwrap_or(0)).map(|held| &held.cursor)
}

/// Adds what a scan holds now, and tells whether that is a new entry: there is one a grain of time. Kept are the one to
/// go on from once this scan is complete, and from the one of an overlap ago on those that a later scan may go on from.
pub fn hold(trail: &mut Vec<Held>, cursor: &RowVersion, at: Time, scan: &Scan, overlap: Duration) -> bool {
    let grain = i64::try_from((overlap / GRAIN).as_millis()).unwrap_or(i64::MAX).max(1);
    let held = Held { cursor: cursor.clone(), at };
    // What reading would go on from after this scan is never replaced.
    let next = latest(trail, scan.to.minus(overlap)).unwrap_or(0);
    let is_next = next + 1 >= trail.len();
    match trail.last_mut() {
        Some(last) if held.cursor < last.cursor || at < last.at => return false,
        Some(last) if !is_next && at.0.div_euclid(grain) == last.at.0.div_euclid(grain) => {
            *last = held;
            return false;
        }
        _ => trail.push(held),
    }
    let later = latest(trail, at.minus(overlap)).unwrap_or(0).max(next);
    let mut place = 0..;
    trail.retain(|_| place.next().is_some_and(|place| place == next || place >= later));
    true
}

/// The place of the last entry that was held at a time or before.
fn latest(trail: &[Held], at: Time) -> Option<usize> {
    trail.iter().rposition(|held| held.at <= at)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const OVERLAP: Duration = Duration::from_secs(600);

    fn version(number: i64) -> RowVersion {
        RowVersion::read(&number.to_string()).unwrap()
    }

    fn at(seconds: i64) -> Time {
        Time(seconds * 1000)
    }

    fn scan(to: i64) -> Scan {
        Scan { to: at(to), begin: at(0), end: at(to), position: None, cursor: None }
    }

    fn resume(trail: &[Held], complete_to: i64) -> Option<i64> {
        resume_point(trail, Some(at(complete_to)), OVERLAP).map(|cursor| cursor.as_str().parse().unwrap())
    }

    #[test]
    fn rule_27_reading_goes_on_from_the_row_version_held_an_overlap_before_the_last_scan_began() {
        let mut trail = Vec::new();
        assert_eq!(resume(&trail, 0), None);
        // One more row a second, read every five minutes.
        for now in (0..3_600).step_by(300) {
            hold(&mut trail, &version(now), at(now), &scan(now), OVERLAP);
            assert_eq!(resume(&trail, now), Some((now - 600).max(0)), "{now}");
            assert!(trail.len() <= 3);
        }
        assert_eq!(resume_point(&trail, None, OVERLAP), Some(&trail[0].cursor));
    }

    #[test]
    fn rule_27_the_row_version_gone_back_to_stays_until_a_scan_began_an_overlap_later() {
        let mut trail = vec![Held { cursor: version(5), at: at(0) }];
        for now in 1..=20 {
            hold(&mut trail, &version(now * 10), at(now), &scan(now), OVERLAP);
            assert_eq!((resume(&trail, now), trail.len()), (Some(5), 2), "{now}");
        }
        assert_eq!(resume(&trail, 620), Some(200));
    }

    #[test]
    fn rule_27_a_long_scan_leaves_a_bounded_trail_and_is_followed_by_one_from_before_it_began() {
        let mut trail =
            vec![Held { cursor: version(-900), at: at(-900) }, Held { cursor: version(-300), at: at(-300) }];
        for now in 0..100_000 {
            hold(&mut trail, &version(now), at(now), &scan(0), OVERLAP);
            assert!(trail.len() <= 11);
        }
        assert_eq!(resume(&trail, 0), Some(-900), "what was published late while it read is met by the next");
        let later = resume(&trail, 100_000).unwrap();
        assert!((100_000 - 600 - 75..=100_000 - 600).contains(&later), "{later}");
        let before = trail.clone();
        hold(&mut trail, &version(50), at(200_000), &scan(0), OVERLAP);
        assert_eq!(trail, before, "a lower row version is not held anew");
        hold(&mut trail, &version(200_000), at(5), &scan(0), OVERLAP);
        assert_eq!(trail, before, "a clock set back holds nothing");
    }
}
