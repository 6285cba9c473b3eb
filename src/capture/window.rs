//! Window arithmetic (rules.md 2 and 15). Pure.

use std::time::Duration;

use crate::clock::Time;
use crate::watermark::{Progress, Scan};

/// Lengths that decide where windows lie.
#[derive(Debug, Clone, Copy)]
pub struct Lengths {
    /// How far a window reaches back.
    pub overlap: Duration,
    /// Longest window of one request.
    pub window: Duration,
}

/// Where the next window begins: max(watermark, walked end) − overlap, but never before the scheme's start.
pub fn next_begin(progress: &Progress, lengths: Lengths) -> Time {
    match progress.watermark.max(progress.walked_to) {
        Some(reached) => reached.minus(lengths.overlap).max(progress.start),
        None => progress.start,
    }
}

/// A read of everything, begun at `to`: no window, and nothing before it counts.
pub fn begin_full(progress: &Progress, to: Time) -> Scan {
    Scan { to, begin: progress.start.min(to), end: to, position: None, cursor: None }
}

/// The progress after everything was read: there is no watermark, only that and when it was.
pub fn complete_full(progress: &Progress) -> Progress {
    let complete_to = progress.scan.as_ref().map(|scan| scan.to).or(progress.complete_to);
    Progress { complete_to, scan: None, seen: None, ..progress.clone() }
}

/// The progress after somebody decided what a changed key, filter, identity or mode means: nothing of what is read now
/// is known to have been read, so it begins at the scheme's start.
pub fn begin_anew(progress: &Progress, fingerprint: &str) -> Progress {
    unread(progress.first_start, progress.start, fingerprint)
}

/// The progress of a scheme first started then, of which nothing was read yet.
pub fn unread(first_start: Time, start: Time, fingerprint: &str) -> Progress {
    Progress {
        first_start,
        start,
        watermark: None,
        walked_to: None,
        complete_to: None,
        scan: None,
        seen: None,
        fingerprint: fingerprint.to_owned(),
        trail: Vec::new(),
    }
}

/// A scan whose window is longer than windows are now, shortened; none where it is not, or was read in part.
pub fn shorten(scan: &Scan, lengths: Lengths) -> Option<Scan> {
    let end = window_end(scan.begin, scan.to, lengths);
    (scan.position.is_none() && end < scan.end).then(|| Scan { end, ..scan.clone() })
}

/// The end of a window that begins at `begin` in a scan up to `to`.
pub fn window_end(begin: Time, to: Time, lengths: Lengths) -> Time {
    begin.plus(lengths.window).min(to)
}

/// Begins a scan with its end frozen; `None` if it would be empty (the clock stands before what was read).
pub fn begin_scan(progress: &Progress, to: Time, lengths: Lengths) -> Option<Scan> {
    let begin = next_begin(progress, lengths);
    (begin < to).then(|| Scan { to, begin, end: window_end(begin, to, lengths), position: None, cursor: None })
}

/// The progress after the scan's window is complete: watermark and walked end move (never backwards), and the scan
/// goes to its next window or ends. `seen` is the greatest source time of the window's documents; what lies past
/// the window's end moves nothing (a bill's time may be the latest of several fields, of which an earlier one lay
/// in the window).
pub fn complete_window(progress: &Progress, seen: Option<Time>, lengths: Lengths) -> Progress {
    let mut next = progress.clone();
    let Some(scan) = &progress.scan else { return next };
    let seen = seen.filter(|time| *time <= scan.end).or(progress.watermark);
    next.watermark = next.watermark.max(seen);
    let walked = scan.end.whole_seconds().min(scan.to.minus(lengths.overlap));
    next.walked_to = next.walked_to.max(Some(walked));
    next.seen = None;
    if scan.end >= scan.to {
        next.complete_to = Some(scan.to);
        next.scan = None;
    } else {
        // Windows of one scan share their border or overlap. One that was split may be shorter than the overlap: then
        // the next shares its later half, so that each begins well after the one before; lengths grow back by doubling.
        let length = scan.end.since(scan.begin);
        let begin = next_begin(&next, lengths).max(scan.end.minus(length / 2)).min(scan.end);
        let lengths = Lengths { window: lengths.window.min(length * 2), ..lengths };
        next.scan =
            Some(Scan { to: scan.to, begin, end: window_end(begin, scan.to, lengths), position: None, cursor: None });
    }
    next
}

/// Splits the scan's window in half; `None` when it is too short for its grain.
pub fn split(scan: &Scan, grain: Duration) -> Option<Scan> {
    let half = Time(scan.begin.0 + (scan.end.0 - scan.begin.0) / 2).whole_seconds();
    (half >= scan.begin.plus(grain) && half < scan.end).then(|| Scan { end: half, position: None, ..scan.clone() })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const MINUTE: u64 = 60;
    const LENGTHS: Lengths =
        Lengths { overlap: Duration::from_secs(10 * MINUTE), window: Duration::from_secs(24 * 60 * MINUTE) };

    fn at(minutes: i64) -> Time {
        Time(minutes * 60_000)
    }

    fn progress(start: i64) -> Progress {
        Progress {
            first_start: at(start),
            start: at(start),
            watermark: None,
            walked_to: None,
            complete_to: None,
            scan: None,
            seen: None,
            fingerprint: String::new(),
            trail: Vec::new(),
        }
    }

    #[test]
    fn rule_15_months_of_downtime_are_walked_window_by_window_without_gap() {
        let mut now = progress(0);
        let to = at(90 * 24 * 60);
        now.scan = begin_scan(&now, to, LENGTHS);
        let mut covered = now.start;
        let mut windows = 0;
        while let Some(scan) = now.scan.clone() {
            assert!(scan.begin <= covered, "gap before {:?}", scan.begin);
            assert!(scan.end.since(scan.begin) <= LENGTHS.window);
            covered = scan.end;
            now = complete_window(&now, None, LENGTHS);
            windows += 1;
            assert!(windows < 200, "does not end");
        }
        assert_eq!(covered, to);
        assert_eq!(now.complete_to, Some(to));
        assert_eq!(now.walked_to, Some(to.minus(LENGTHS.overlap)));
        assert_eq!(now.watermark, None, "no document was seen");
    }

    #[test]
    fn rule_02_a_document_of_the_future_does_not_move_the_watermark() {
        let mut now = progress(0);
        now.scan = begin_scan(&now, at(60), LENGTHS);
        let next = complete_window(&now, Some(at(500_000)), LENGTHS);
        assert_eq!(next.watermark, None);
        let next = complete_window(&now, Some(at(59)), LENGTHS);
        assert_eq!(next.watermark, Some(at(59)));
    }

    #[test]
    fn rule_15_progress_never_goes_back_and_an_empty_scan_is_none() {
        let mut now = progress(0);
        now.watermark = Some(at(100));
        now.walked_to = Some(at(90));
        assert_eq!(begin_scan(&now, at(80), LENGTHS), None, "our clock stands before the watermark");
        now.scan = begin_scan(&now, at(101), LENGTHS);
        let next = complete_window(&now, Some(at(95)), LENGTHS);
        assert_eq!((next.watermark, next.walked_to), (Some(at(100)), Some(at(91))));
    }

    #[test]
    fn rule_15_a_scan_whose_windows_were_halved_ends_without_gap_however_long_the_overlap_is() {
        let day = Duration::from_secs(24 * 60 * MINUTE);
        let lengths = Lengths { overlap: 8 * day, window: 9 * day };
        // What is longer than this never stays the same while it is read.
        let longest = 3 * day;
        for seed in 0..50 {
            let mut random = fastrand::Rng::with_seed(seed);
            let mut now = progress(0);
            let to = at(30 * 24 * 60);
            now.scan = begin_scan(&now, to, lengths);
            let (mut covered, mut steps) = (now.start, 0);
            while let Some(scan) = now.scan.clone() {
                steps += 1;
                assert!(steps < 5_000, "seed {seed}: no end at {:?}", scan.begin);
                let too_long = scan.end.since(scan.begin) > longest;
                if (too_long || random.u32(0..10) < 2)
                    && let Some(half) = split(&scan, Duration::from_secs(MINUTE))
                {
                    now.scan = Some(half);
                    continue;
                }
                assert!(scan.begin <= covered, "seed {seed}: gap before {:?}", scan.begin);
                covered = scan.end;
                let seen = at(random.i64(0..30 * 24 * 60)).min(scan.end);
                now = complete_window(&now, Some(seen), lengths);
            }
            assert_eq!((covered, now.complete_to), (to, Some(to)), "seed {seed}");
        }
    }

    #[test]
    fn rule_15_a_stored_window_is_shortened_as_windows_are_unless_it_was_read_in_part() {
        let scan = Scan { to: at(2000), begin: at(0), end: at(1000), position: None, cursor: None };
        let of = |minutes: u64| Lengths { window: Duration::from_secs(minutes * MINUTE), ..LENGTHS };
        for (minutes, position, end) in [
            (60, None, Some(60)),
            (999, None, Some(999)),
            (1000, None, None),
            (5000, None, None),
            (60, Some("7"), None),
        ] {
            let scan = Scan { position: position.map(str::to_owned), ..scan.clone() };
            assert_eq!(shorten(&scan, of(minutes)).map(|scan| scan.end), end.map(at), "{minutes} {position:?}");
        }
    }

    #[test]
    fn a_decision_on_what_is_read_begins_at_the_start_again() {
        let mut now = progress(7);
        now.scan = begin_scan(&now, at(60), LENGTHS);
        now = complete_window(&now, Some(at(59)), LENGTHS);
        now.trail =
            vec![crate::watermark::Held { cursor: crate::row_version::RowVersion::read("5").unwrap(), at: at(60) }];
        now.seen = Some(at(50));
        let anew = begin_anew(&now, "new");
        assert_eq!(anew, Progress { fingerprint: "new".into(), ..progress(7) });
        assert_eq!(next_begin(&anew, LENGTHS), at(7));
    }

    #[test]
    fn a_window_splits_down_to_its_grain() {
        let second = Duration::from_secs(1);
        let scan = Scan { to: at(60), begin: at(0), end: at(60), position: None, cursor: None };
        let mut half = split(&scan, second).expect("an hour splits");
        assert_eq!(half.end, at(30));
        let mut times = 0;
        while let Some(next) = split(&half, second) {
            half = next;
            times += 1;
            assert!(times < 40);
        }
        assert!(half.end.since(half.begin) <= Duration::from_secs(2));
    }
}
