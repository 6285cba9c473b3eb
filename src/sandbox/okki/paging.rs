//! Paging by page number, and the time filters that the lists share (protocols/okki.md 6, 7).

use crate::clock::{Time, Zone};

use super::call::Params;
use super::knobs::Knobs;
use super::reply::Problem;

/// Which page of a list is asked for.
#[derive(Debug)]
pub struct Page {
    /// From 1.
    pub index: usize,
    /// Rows.
    pub size: usize,
    /// Times from here on.
    pub from: Option<Time>,
    /// Times before this; a bare date includes its day.
    pub to: Option<Time>,
    /// Which time is meant: 1 update, 2 create, 3 and 4 the list's own.
    pub time_type: u8,
}

impl Page {
    /// Reads the parameters.
    pub fn read(params: &Params, knobs: &Knobs, zone: &Zone) -> Result<Self, Problem> {
        let whole = |name: &str, default: usize| match params.get(name) {
            None => Ok(default),
            Some(text) => text.parse::<usize>().ok().filter(|n| *n > 0).ok_or_else(Problem::invalid_query),
        };
        let time = |name: &str, ends: bool| match params.get(name) {
            None => Ok(None),
            Some(text) => {
                let text = if ends && text.len() == 10 { format!("{text} 23:59:59") } else { text.to_owned() };
                zone.read(&text).map(Some).ok_or_else(Problem::invalid_query)
            }
        };
        Ok(Self {
            index: whole("start_index", 1)?,
            size: whole("count", 10)?.min(knobs.page_limit.max(1)),
            from: time("start_time", false)?,
            to: time("end_time", true)?,
            time_type: u8::try_from(whole("time_type", 1)?).map_err(|_| Problem::invalid_query())?,
        })
    }

    /// Whether a time is within.
    pub fn holds(&self, time: Time) -> bool {
        self.from.is_none_or(|from| time >= from.whole_seconds()) && self.to.is_none_or(|to| time.whole_seconds() <= to)
    }

    /// The page of a list sorted anew for this request: newest update first, then the highest id. Answers it with
    /// the count of all.
    pub fn cut<T>(&self, mut all: Vec<T>, key: impl Fn(&T) -> (Time, u64)) -> (Vec<T>, usize) {
        all.sort_by_cached_key(|one| std::cmp::Reverse(key(one)));
        let count = all.len();
        let skipped = (self.index - 1).saturating_mul(self.size);
        (all.into_iter().skip(skipped).take(self.size).collect(), count)
    }
}
