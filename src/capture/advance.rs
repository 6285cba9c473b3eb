//! How far a scan has come, and when it may be done: for people who wait while months are caught up.

use std::fmt;
use std::time::Duration;

use crate::clock::{Time, print_duration};
use crate::store::Run;
use crate::watermark::Progress;

/// A scan under way. All times are source times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Advance {
    /// The window being read, from 1 within the run.
    pub window: u64,
    /// Up to where it was read.
    pub reached: Time,
    /// Its end.
    pub to: Time,
    /// The share done, in thousandths.
    pub share: u16,
    /// About how long it will take at this run's speed; none before there is any.
    pub left: Option<Duration>,
}

impl Advance {
    /// Of a run and the progress stored with it; none where no scan is under way.
    pub fn of(run: &Run, progress: &Progress) -> Option<Self> {
        let scan = progress.scan.as_ref()?;
        let from = run.from.unwrap_or(scan.begin);
        let read = match &scan.cursor {
            // Rows come about in the order of their times.
            Some(_) => progress.seen.unwrap_or(scan.begin),
            None => scan.begin,
        };
        let reached = read.clamp(from.min(scan.to), scan.to);
        let [whole, done, open] =
            [scan.to.since(from), reached.since(from), scan.to.since(reached)].map(|span| span.as_millis());
        let share = (done * 1000).checked_div(whole).and_then(|share| u16::try_from(share).ok()).unwrap_or(0);
        let spent = run.at.zip(run.started).map_or(0, |(at, started)| at.since(started).as_millis());
        let left = (spent * open).checked_div(done).and_then(|left| u64::try_from(left).ok());
        let left = left.filter(|_| spent > 0).map(Duration::from_millis);
        Some(Self { window: run.windows + 1, reached, to: scan.to, share, left })
    }
}

impl fmt::Display for Advance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { window, reached, to, share, left } = self;
        write!(f, "window {window}, read to {reached} of {to}, {} % done", share / 10)?;
        match left {
            Some(left) if left.as_secs() >= 1 => {
                write!(f, ", about {} left", print_duration(Duration::from_secs(left.as_secs())))
            }
            Some(_) => f.write_str(", about 1s left"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::watermark::Scan;

    fn progress(begin: i64, to: i64) -> Progress {
        let scan = Scan { to: Time(to), begin: Time(begin), end: Time(to), position: None, cursor: None };
        Progress {
            first_start: Time(0),
            start: Time(0),
            watermark: None,
            walked_to: None,
            complete_to: None,
            scan: Some(scan),
            seen: None,
            fingerprint: String::new(),
            trail: Vec::new(),
        }
    }

    #[test]
    fn the_share_is_of_source_time_and_the_rest_is_estimated_at_the_runs_speed() {
        let day: i64 = 86_400_000;
        let run = |windows: u64, spent: i64| Run {
            windows,
            from: Some(Time(0)),
            started: Some(Time(5)),
            at: Some(Time(5 + spent)),
            ..Run::default()
        };
        // (windows done, milliseconds spent, begin of the next window, what is shown)
        for (windows, spent, begin, shown) in [
            (0, 0, 0, "window 1, read to 1970-01-01T00:00:00Z of 1970-04-11T00:00:00Z, 0 % done"),
            (
                25,
                60_000,
                25,
                "window 26, read to 1970-01-26T00:00:00Z of 1970-04-11T00:00:00Z, 25 % done, about 3m left",
            ),
            (
                99,
                9_900,
                99,
                "window 100, read to 1970-04-10T00:00:00Z of 1970-04-11T00:00:00Z, 99 % done, about 1s left",
            ),
        ] {
            let advance = Advance::of(&run(windows, spent), &progress(begin * day, 100 * day));
            assert_eq!(advance.map(|advance| advance.to_string()).as_deref(), Some(shown));
        }
        let idle = Progress { scan: None, ..progress(0, 1) };
        assert_eq!(Advance::of(&run(1, 1), &idle), None);
    }
}
