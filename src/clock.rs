//! Time: instants, zones, civil times as business systems print them, schedules, and the clock itself.
//! The only place that asks the machine for the time or sleeps, so that tests can drive it.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{Timestamp, ToSpan, Zoned};
use serde::{Deserialize, Serialize};

/// An instant: milliseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Time(pub i64);

impl Time {
    /// This instant moved later by a duration.
    pub fn plus(self, by: Duration) -> Self {
        Self(self.0.saturating_add(millis(by)))
    }

    /// This instant moved earlier by a duration.
    pub fn minus(self, by: Duration) -> Self {
        Self(self.0.saturating_sub(millis(by)))
    }

    /// How long after `earlier` this is; zero if it is not.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// Cut to whole seconds, the grain of most business systems' times.
    pub fn whole_seconds(self) -> Self {
        Self(self.0.div_euclid(1000) * 1000)
    }

    /// Seconds since the epoch, for signatures.
    pub fn seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// Reads an HTTP `Date` header (RFC 9110) or any RFC 2822 date.
    pub fn from_http_date(text: &str) -> Option<Self> {
        let zoned = jiff::fmt::rfc2822::parse(text).ok()?;
        Some(Self(zoned.timestamp().as_millisecond()))
    }

    /// Prints an HTTP `Date` header.
    pub fn to_http_date(self) -> String {
        self.timestamp().strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
    }

    fn timestamp(self) -> Timestamp {
        Timestamp::from_millisecond(self.0).unwrap_or(if self.0 < 0 { Timestamp::MIN } else { Timestamp::MAX })
    }
}

/// RFC 3339 in UTC, with milliseconds where there are any.
impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.timestamp())
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// A time zone by its IANA name. Zones are bundled, so that Windows has them too.
#[derive(Debug, Clone, PartialEq)]
pub struct Zone(TimeZone);

impl Zone {
    /// The zone of a name such as `Asia/Shanghai`; `None` if there is none.
    pub fn named(name: &str) -> Option<Self> {
        TimeZone::get(name).ok().map(Self)
    }

    /// UTC.
    pub fn utc() -> Self {
        Self(TimeZone::UTC)
    }

    /// Reads a time as business systems print it: `yyyy-MM-dd HH:mm:ss[.fff]`, with `T`, `/` or only a date; a
    /// zone or offset in the text wins over this zone. In the hour that a daylight-saving change repeats the
    /// earlier instant is taken, so that a window begins too early rather than too late.
    pub fn read(&self, text: &str) -> Option<Time> {
        let text = text.trim();
        if let Ok(timestamp) = text.parse::<Timestamp>() {
            return Some(Time(timestamp.as_millisecond()));
        }
        let civil = Civil::read(text)?;
        let zoned = civil.0.to_zoned(self.0.clone()).ok()?;
        Some(Time(zoned.timestamp().as_millisecond()))
    }

    /// This instant or, where a daylight-saving change shows its civil time twice, one before the repeated span: from
    /// there on printed times leave out none that is shown at or after the instant.
    pub fn before_repeat(&self, time: Time) -> Time {
        match self.0.to_ambiguous_timestamp(self.zoned(time).datetime()).offset() {
            AmbiguousOffset::Fold { before, after } => {
                let repeated = i64::from(before.seconds()).saturating_sub(i64::from(after.seconds()));
                let repeated = Duration::from_secs(u64::try_from(repeated).unwrap_or(0));
                // The second showing of a time is one span later than the first.
                time.minus(repeated * 2)
            }
            AmbiguousOffset::Unambiguous { .. } | AmbiguousOffset::Gap { .. } => time,
        }
    }

    /// The civil time of an instant here.
    pub fn civil(&self, time: Time) -> Civil {
        Civil(self.zoned(time).datetime())
    }

    /// Prints `yyyy-MM-dd HH:mm:ss`, cut to the second.
    pub fn print(&self, time: Time) -> String {
        self.zoned(time).strftime("%Y-%m-%d %H:%M:%S").to_string()
    }

    /// The instant that is so many minutes after midnight on the wall, so many days after the day of a time; in an hour
    /// that does not exist the one as much later, in one that comes twice the earlier.
    pub fn on_day(&self, time: Time, days: i32, minutes: u32) -> Time {
        let midnight = self.zoned(time).date().saturating_add(days.days()).to_datetime(jiff::civil::Time::midnight());
        let civil = midnight.saturating_add(i64::from(minutes).minutes());
        civil.to_zoned(self.0.clone()).map_or(time, |zoned| Time(zoned.timestamp().as_millisecond()))
    }

    fn zoned(&self, time: Time) -> Zoned {
        time.timestamp().to_zoned(self.0.clone())
    }
}

/// A civil time: what a calendar and a clock on the wall show, without zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Civil(DateTime);

impl Civil {
    /// Reads `yyyy-MM-dd[( |T)HH:mm[:ss[.fraction]]]`, also with `/`. A zone or offset in the text is refused:
    /// use [`Zone::read`].
    pub fn read(text: &str) -> Option<Self> {
        let text = text.trim().replacen('/', "-", 2);
        let (date, clock) = match text.split_once(['T', ' ']) {
            Some((date, clock)) => (date, clock.trim()),
            None => (text.as_str(), "00:00:00"),
        };
        let mut parts = date.splitn(3, '-');
        let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
        if year.len() != 4 {
            return None;
        }
        let clock = if clock.matches(':').count() == 1 { format!("{clock}:00") } else { clock.to_owned() };
        format!("{year}-{month:0>2}-{day:0>2}T{clock}").parse::<DateTime>().ok().map(Self)
    }

    /// What is wrong with a pattern that users write: letters that are no field would be printed as they stand, but for
    /// the `T` between date and time, and minutes taken for the month, or the month for minutes, as numbers.
    ///
    /// # Errors
    /// The fault in words, with the corrected pattern where there is one.
    pub fn check_pattern(pattern: &str) -> Result<(), String> {
        let Some(wrong) = wrong_part(pattern) else { return Ok(()) };
        let corrected = corrected(pattern);
        let hint = match wrong_part(&corrected) {
            None => format!("write `{corrected}`"),
            Some(_) => "other letters stand before or behind it, by `concat`".to_owned(),
        };
        Err(format!("{wrong}; a pattern is made of `yyyy MM dd HH mm ss SSS` (and `T`): {hint}"))
    }

    /// Prints by a pattern of `yyyy MM dd HH mm ss SSS`; every other character stands for itself.
    pub fn print(&self, pattern: &str) -> String {
        let fields = [
            ("yyyy", format!("{:04}", self.0.year())),
            ("MM", format!("{:02}", self.0.month())),
            ("dd", format!("{:02}", self.0.day())),
            ("HH", format!("{:02}", self.0.hour())),
            ("mm", format!("{:02}", self.0.minute())),
            ("SSS", format!("{:03}", self.0.millisecond())),
            ("ss", format!("{:02}", self.0.second())),
        ];
        let mut out = String::with_capacity(pattern.len());
        let mut rest = pattern;
        'next: while let Some(first) = rest.chars().next() {
            for (name, value) in &fields {
                if let Some(after) = rest.strip_prefix(name) {
                    out.push_str(value);
                    rest = after;
                    continue 'next;
                }
            }
            out.push(first);
            rest = &rest[first.len_utf8()..];
        }
        out
    }
}

/// Fields of a pattern.
const FIELDS: [&str; 7] = ["yyyy", "MM", "dd", "HH", "mm", "SSS", "ss"];

/// What of a pattern is no field and can't stand for itself, in words.
fn wrong_part(pattern: &str) -> Option<String> {
    let mut rest = pattern;
    let mut hour = false;
    let mut last = '\0';
    while let Some(first) = rest.chars().next() {
        if let Some(field) = FIELDS.iter().find(|field| rest.starts_with(**field)) {
            match *field {
                "HH" => hour = true,
                "mm" if !pattern.contains("HH") => {
                    return Some("`mm` are minutes, without an hour `HH`; the month is `MM`".to_owned());
                }
                "MM" if hour && !pattern.contains("mm") => {
                    return Some("behind `HH` stands `MM`, the month; minutes are `mm`".to_owned());
                }
                _ => {}
            }
            rest = rest.get(field.len()..).unwrap_or("");
            last = '\0';
            continue;
        }
        if (first.is_ascii_alphabetic() && (first != 'T' || last == 'T')) || first == '\'' {
            let same = rest.chars().take_while(|c| *c == first).count();
            return Some(format!("`{}` is no field of a time", rest.get(..same).unwrap_or("")));
        }
        last = first;
        rest = rest.get(first.len_utf8()..).unwrap_or("");
    }
    None
}

/// A pattern with its usual slips put right: letters in the wrong case or number, quotes around `T`.
fn corrected(pattern: &str) -> String {
    let mut out = String::new();
    let mut rest = pattern;
    let mut minutes = false; // An hour was the field before: what follows are minutes, not the month.
    while let Some(first) = rest.chars().next() {
        let same = rest.chars().take_while(|c| *c == first).map(char::len_utf8).sum();
        let run = rest.get(..same).unwrap_or("");
        match first {
            'y' | 'Y' => out.push_str("yyyy"),
            'd' | 'D' => out.push_str("dd"),
            'h' | 'H' => out.push_str("HH"),
            'm' | 'M' => out.push_str(if minutes { "mm" } else { "MM" }),
            'S' if run.len() == 3 => out.push_str("SSS"),
            's' | 'S' => out.push_str("ss"),
            'f' => out.push_str("SSS"),
            '\'' => {}
            _ => out.push_str(run),
        }
        if first.is_ascii_alphabetic() {
            minutes = matches!(first, 'h' | 'H');
        }
        rest = rest.get(same..).unwrap_or("");
    }
    out
}

/// When a scheme runs: at a fixed interval, or by a cron expression in a zone.
#[derive(Debug, Clone)]
pub enum Schedule {
    /// From the end of one run to the begin of the next.
    Every(Duration),
    /// By the calendar.
    Cron(Box<croner::Cron>, Zone),
}

impl Schedule {
    /// Reads a cron expression of five fields (six with seconds). The error says what is wrong with it.
    pub fn cron(expression: &str, zone: &Zone) -> Result<Self, String> {
        let cron = croner::parser::CronParser::builder()
            .seconds(croner::parser::Seconds::Optional)
            .build()
            .parse(expression)
            .map_err(|e| e.to_string())?;
        // An expression that names no real day (`0 0 31 2 *`) would wait for ever: refused here.
        let now = Zoned::new(Timestamp::from_second(1_767_225_600).unwrap_or(Timestamp::UNIX_EPOCH), zone.0.clone());
        cron.find_next_occurrence(&now, false).map_err(|e| e.to_string())?;
        Ok(Self::Cron(Box::new(cron), zone.clone()))
    }

    /// The first time after `now` at which to run.
    pub fn next(&self, now: Time) -> Time {
        match self {
            Self::Every(interval) => now.plus(*interval),
            Self::Cron(cron, zone) => cron
                .find_next_occurrence(&zone.zoned(now), false)
                .map_or(Time(i64::MAX), |next: Zoned| Time(next.timestamp().as_millisecond())),
        }
    }
}

/// The clock everything runs by.
#[async_trait]
pub trait Clock: Send + Sync + 'static {
    /// The wall clock. May step; never used for intervals.
    fn now(&self) -> Time;

    /// Time since the process began; never steps back.
    fn monotonic(&self) -> Duration;

    /// Waits.
    async fn sleep(&self, duration: Duration);
}

/// The machine's clock.
#[derive(Debug)]
pub struct SystemClock {
    origin: std::time::Instant,
}

impl SystemClock {
    /// A clock whose monotonic time begins now.
    #[allow(clippy::disallowed_methods, reason = "the one place that may ask the machine")]
    pub fn new() -> Self {
        Self { origin: std::time::Instant::now() }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl Clock for SystemClock {
    fn now(&self) -> Time {
        Time(Timestamp::now().as_millisecond())
    }

    fn monotonic(&self) -> Duration {
        self.origin.elapsed()
    }

    #[allow(clippy::disallowed_methods, reason = "the one place that may sleep")]
    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

/// Reads a duration as users write it: a whole number and `ms`, `s`, `m`, `h` or `d`.
pub fn read_duration(text: &str) -> Option<Duration> {
    let text = text.trim();
    let split = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(split);
    let number: u64 = number.parse().ok()?;
    let factor = match unit {
        "ms" => 1,
        "s" => 1000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    number.checked_mul(factor).map(Duration::from_millis)
}

/// Prints a duration for people, in its largest two units (`1d2h`, `5m`, `200ms`).
pub fn print_duration(duration: Duration) -> String {
    let total = duration.as_millis();
    if total == 0 {
        return "0s".to_owned();
    }
    let units = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)];
    let mut rest = total;
    let mut out = String::new();
    let mut shown = 0;
    for (name, size) in units {
        let count = rest / size;
        rest %= size;
        if count > 0 && shown < 2 {
            out.push_str(&format!("{count}{name}"));
            shown += 1;
        } else if shown == 1 {
            break;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn civil_times_are_read_as_systems_print_them() {
        let zone = Zone::named("Asia/Shanghai").expect("bundled");
        for (text, millis) in [
            ("2024-03-01 10:00:05", 1_709_258_405_000),
            ("2024-03-01T10:00:05.5", 1_709_258_405_500),
            ("2024-3-1", 1_709_222_400_000),
            ("2024/03/01 10:00", 1_709_258_400_000),
            ("2024-03-01T02:00:05Z", 1_709_258_405_000),
        ] {
            assert_eq!(zone.read(text), Some(Time(millis)), "{text}");
        }
        for text in ["", "yesterday", "2024-13-01", "20240301"] {
            assert_eq!(zone.read(text), None, "{text}");
        }
        assert_eq!(zone.print(Time(1_709_258_405_999)), "2024-03-01 10:00:05");
        let civil = Civil::read("2024-03-01 10:00:05.04").expect("civil");
        assert_eq!(civil.print("yyyy/MM/dd HH-mm-ss.SSS"), "2024/03/01 10-00-05.040");
    }

    #[test]
    fn patterns_that_would_print_something_else_are_told_with_the_right_one() {
        for pattern in
            ["yyyy-MM-dd HH:mm:ss", "yyyy-MM-ddTHH:mm:ss.SSS", "HH-mm", "yyyy年MM月dd日", "HH:mm dd.MM.yyyy", "ss"]
        {
            assert_eq!(Civil::check_pattern(pattern), Ok(()), "{pattern}");
        }
        for (pattern, wrong, corrected) in [
            ("yyyy-mm-dd", "`mm` are minutes", "`yyyy-MM-dd`"),
            ("YYYY-MM-DD", "`YYYY` is no field", "`yyyy-MM-dd`"),
            ("yyyy-MM-dd hh:mm:ss", "`hh` is no field", "`yyyy-MM-dd HH:mm:ss`"),
            ("yyyy-MM-dd HH:MM:ss", "behind `HH` stands `MM`", "`yyyy-MM-dd HH:mm:ss`"),
            ("HHMM", "behind `HH` stands `MM`", "`HHmm`"),
            ("dd/mm/yy", "`mm` are minutes", "`dd/MM/yyyy`"),
            ("yyyyMMddHHmmssfff", "`fff` is no field", "`yyyyMMddHHmmssSSS`"),
            ("yyyy-MM-dd'T'HH:mm:SS", "`'` is no field", "`yyyy-MM-ddTHH:mm:ss`"),
            ("yyyy-M-d", "`M` is no field", "`yyyy-MM-dd`"),
            ("yyyy-MM-ddTTHH:mm", "`T` is no field", "by `concat`"),
            ("yyyy-MM-ddTHH:mm:ssZ", "`Z` is no field", "by `concat`"),
            ("week of MM", "`w` is no field", "by `concat`"),
        ] {
            let told = Civil::check_pattern(pattern).expect_err("wrong");
            assert!(told.starts_with(wrong) && told.contains(corrected), "{pattern}: {told}");
        }
    }

    #[test]
    fn http_dates_go_there_and_back() {
        let time = Time::from_http_date("Fri, 01 Mar 2024 02:00:05 GMT").expect("date");
        assert_eq!(time, Time(1_709_258_405_000));
        assert_eq!(time.to_http_date(), "Fri, 01 Mar 2024 02:00:05 GMT");
    }

    #[test]
    fn schedules_follow_the_zone_and_refuse_days_that_never_come() {
        let zone = Zone::named("Asia/Shanghai").expect("bundled");
        let schedule = Schedule::cron("0 3 * * *", &zone).expect("valid");
        let next = schedule.next(Time(1_709_258_405_000));
        assert_eq!(zone.print(next), "2024-03-02 03:00:00");
        assert!(Schedule::cron("0 0 31 2 *", &zone).is_err());
        assert!(Schedule::cron("every day", &zone).is_err());
    }

    #[test]
    fn fault_11_schedules_run_once_a_day_over_daylight_saving_changes() {
        let zone = Zone::named("Europe/Berlin").expect("bundled");
        let schedule = Schedule::cron("30 2 * * *", &zone).expect("valid");
        // In spring 02:00 to 03:00 does not exist, in autumn it comes twice.
        for (from, days) in [("2026-03-27 12:00:00", ["28", "29", "30"]), ("2026-10-23 12:00:00", ["24", "25", "26"])] {
            let mut now = zone.read(from).expect("time");
            for day in days {
                now = schedule.next(now);
                let printed = zone.print(now);
                assert_eq!(printed.get(8..10), Some(day), "{printed}");
                assert!(["02:30:00", "03:00:00", "03:30:00"].contains(&&printed[11..]), "{printed}");
            }
        }
        let hourly = Schedule::cron("0 * * * *", &zone).expect("valid");
        let mut now = zone.read("2026-10-25 00:30:00").expect("time");
        for _ in 0..5 {
            let next = hourly.next(now);
            assert!(next > now && next.since(now) <= Duration::from_secs(7200), "{}", zone.print(next));
            now = next;
        }
        let every = Schedule::Every(Duration::from_secs(300));
        assert_eq!(every.next(now), now.plus(Duration::from_secs(300)));
    }

    #[test]
    fn fault_11_times_of_the_repeated_hour_begin_before_it() {
        let zone = Zone::named("Europe/Berlin").expect("bundled");
        // 2026-10-25 01:00 UTC: 03:00 summer time becomes 02:00.
        let change = Time::from_http_date("Sun, 25 Oct 2026 01:00:00 GMT").expect("date");
        let hour = Duration::from_secs(3600);
        let at = |minutes: i64| Time(change.0 + minutes * 60_000);
        for minutes in [-180, -61, 60, 61, 500] {
            assert_eq!(zone.before_repeat(at(minutes)), at(minutes), "{minutes}");
        }
        for minutes in [-60, -1, 0, 30, 59] {
            let begin = zone.before_repeat(at(minutes));
            assert!(begin < change.minus(hour) && at(minutes).since(begin) == hour * 2, "{minutes}");
        }
        let shanghai = Zone::named("Asia/Shanghai").expect("bundled");
        assert_eq!(shanghai.before_repeat(change), change);
    }

    #[test]
    fn durations_read_and_print() {
        assert_eq!(read_duration("200ms"), Some(Duration::from_millis(200)));
        assert_eq!(read_duration("30d"), Some(Duration::from_secs(30 * 86_400)));
        for bad in ["", "5", "m", "5 weeks", "-1s", "1.5h"] {
            assert_eq!(read_duration(bad), None, "{bad}");
        }
        assert_eq!(print_duration(Duration::from_millis(93_784_005)), "1d2h");
        assert_eq!(print_duration(Duration::from_secs(300)), "5m");
        assert_eq!(print_duration(Duration::from_millis(200)), "200ms");
    }
}
