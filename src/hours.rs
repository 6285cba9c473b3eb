//! The hours of a day in which something may happen, on the clock on the wall of a zone.

use std::fmt;

use crate::clock::{Time, Zone};

/// `06:00-23:00`, or over midnight `22:00-06:00`: from the first minute until the second, which is outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hours {
    /// Minutes from midnight.
    from: u32,
    /// Minutes from midnight, at most 1440.
    to: u32,
}

impl Hours {
    /// Reads `HH:mm-HH:mm`, the end up to `24:00`; `None` for anything else and where both are the same.
    pub fn read(text: &str) -> Option<Self> {
        let (from, to) = text.split_once('-')?;
        let hours = Self { from: minute(from.trim())?, to: minute(to.trim())? };
        (hours.from != hours.to && hours.from < DAY).then_some(hours)
    }

    /// When they next begin; `None` inside. Days begin and end by the zone's calendar: a span that a change to or from
    /// daylight-saving time falls into is an hour longer or shorter, and an hour that comes twice does not split it.
    pub fn next_opening(self, now: Time, zone: &Zone) -> Option<Time> {
        let over_midnight = i32::from(self.to < self.from);
        let spans =
            (-1..=2).map(|day| (zone.on_day(now, day, self.from), zone.on_day(now, day + over_midnight, self.to)));
        let mut next = None;
        for (begin, end) in spans {
            if begin <= now && now < end {
                return None;
            }
            if begin > now {
                next = next.or(Some(begin));
            }
        }
        next
    }
}

impl fmt::Display for Hours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { from, to } = self;
        write!(f, "{:02}:{:02}-{:02}:{:02}", from / 60, from % 60, to / 60, to % 60)
    }
}

/// Minutes of a day.
const DAY: u32 = 24 * 60;

fn minute(text: &str) -> Option<u32> {
    let (hour, minute) = text.split_once(':')?;
    let two =
        |text: &str| (text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok());
    let (hour, minute): (u32, u32) = (two(hour)??, two(minute)??);
    (minute < 60 && hour * 60 + minute <= DAY).then_some(hour * 60 + minute)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_span_of_hours_is_read_and_printed() {
        for text in ["06:00-23:00", "22:00-06:00", "00:00-24:00", "23:59-00:00"] {
            assert_eq!(Hours::read(text).map(|hours| hours.to_string()).as_deref(), Some(text));
        }
        for text in
            ["", "06:00", "6:00-23:00", "06:00-25:00", "06:60-07:00", "24:00-06:00", "06:00-06:00", "06:00–23:00"]
        {
            assert_eq!(Hours::read(text), None, "{text}");
        }
    }

    /// (zone, hours, now, when they next begin) on the wall of the zone, or with an offset where that is two-fold.
    const OPENINGS: [(&str, &str, &str, &str); 15] = [
        ("Asia/Shanghai", "06:00-23:00", "2026-06-01 05:59:59", "2026-06-01 06:00:00"),
        ("Asia/Shanghai", "06:00-23:00", "2026-06-01 06:00:00", ""),
        ("Asia/Shanghai", "06:00-23:00", "2026-06-01 22:59:59", ""),
        ("Asia/Shanghai", "06:00-23:00", "2026-06-01 23:00:00", "2026-06-02 06:00:00"),
        ("Asia/Shanghai", "22:00-06:00", "2026-06-01 00:30:00", ""),
        ("Asia/Shanghai", "22:00-06:00", "2026-06-01 06:00:00", "2026-06-01 22:00:00"),
        ("Asia/Shanghai", "22:00-06:00", "2026-06-01 23:30:00", ""),
        ("Asia/Shanghai", "08:00-24:00", "2026-06-01 23:59:59", ""),
        ("Asia/Shanghai", "08:00-24:00", "2026-06-02 00:00:00", "2026-06-02 08:00:00"),
        // The hour from 2:00 does not exist on 2026-03-08, the one from 1:00 comes twice on 2026-11-01.
        ("America/New_York", "02:30-04:00", "2026-03-08 01:59:59", "2026-03-08 03:30:00"),
        ("America/New_York", "22:00-03:00", "2026-03-08 01:59:59", ""),
        ("America/New_York", "01:30-23:00", "2026-11-01T01:00:00-04:00", "2026-11-01T01:30:00-04:00"),
        ("America/New_York", "01:30-23:00", "2026-11-01T01:00:00-05:00", ""),
        ("America/New_York", "22:00-01:30", "2026-11-01T01:15:00-05:00", "2026-11-01 22:00:00"),
        ("America/New_York", "06:00-08:00", "2026-10-31 08:00:00", "2026-11-01 06:00:00"),
    ];

    #[test]
    fn hours_begin_and_end_by_the_clock_on_the_wall_also_when_it_is_changed() {
        for (zone, hours, now, next) in OPENINGS {
            let zone = Zone::named(zone).unwrap();
            let found = Hours::read(hours).unwrap().next_opening(zone.read(now).unwrap(), &zone);
            assert_eq!(found, zone.read(next), "{hours} at {now}: {:?}", found.map(|time| zone.print(time)));
        }
    }
}
