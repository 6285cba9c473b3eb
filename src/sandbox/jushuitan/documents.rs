//! All documents of the simulated merchant, found by time and by row version.

use std::collections::{BTreeMap, BTreeSet};

use crate::clock::Time;
use crate::sandbox::jushuitan::filter::Filter;
use crate::sandbox::jushuitan::record::Record;

/// The documents. What a page holds is decided when it is asked for: an edit between two pages shifts them.
#[derive(Debug, Default)]
pub struct Documents {
    records: BTreeMap<u64, Record>,
    by_modified: BTreeSet<(i64, u64)>,
    by_ts: BTreeSet<(u64, u64)>,
    late: Vec<(Time, Record)>,
    /// Grows with each change, so that a kept listing is known to be current.
    changes: u64,
    listing: Option<Listing>,
}

/// The keys a query selects, in order: kept for its next page, so that reading 2,000 pages sorts once.
#[derive(Debug)]
struct Listing {
    filter: Filter,
    changes: u64,
    keys: Vec<u64>,
}

/// One page of a query.
#[derive(Debug)]
pub struct Page<'a> {
    /// Texts of its documents.
    pub texts: Vec<&'a str>,
    /// How many documents the query selects; unknown in row version mode unless asked for.
    pub count: Option<usize>,
    /// Whether a later page holds more.
    pub has_next: bool,
}

impl Documents {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// All of them, by key.
    pub fn iter(&self) -> impl Iterator<Item = &Record> {
        self.records.values()
    }

    /// The newest version of one, also if not visible yet.
    pub fn newest(&self, io_id: u64) -> Option<&Record> {
        let late = self.late.iter().rev().find(|(_, record)| record.io_id == io_id);
        late.map(|(_, record)| record).or_else(|| self.records.get(&io_id))
    }

    /// Stores a version, visible at once.
    pub fn put(&mut self, record: Record) {
        self.remove(record.io_id);
        self.by_modified.insert((record.modified, record.io_id));
        self.by_ts.insert((record.ts, record.io_id));
        self.records.insert(record.io_id, record);
    }

    /// Stores a version that readers see only from a time on: its transaction commits late.
    pub fn put_late(&mut self, record: Record, visible_at: Time) {
        self.late.retain(|(_, older)| older.io_id != record.io_id);
        self.late.push((visible_at, record));
    }

    /// Makes visible what is due.
    pub fn publish(&mut self, now: Time) {
        let (due, waiting) = std::mem::take(&mut self.late).into_iter().partition(|(at, _)| *at <= now);
        self.late = waiting;
        let due: Vec<(Time, Record)> = due;
        for (_, record) in due {
            self.put(record);
        }
    }

    /// Removes a document physically, with any version not visible yet.
    pub fn remove(&mut self, io_id: u64) {
        self.changes += 1;
        self.late.retain(|(_, record)| record.io_id != io_id);
        if let Some(old) = self.records.remove(&io_id) {
            self.by_modified.remove(&(old.modified, io_id));
            self.by_ts.remove(&(old.ts, io_id));
        }
    }

    /// Keys in the order of their row versions.
    pub fn keys_by_ts(&self) -> Vec<u64> {
        self.by_ts.iter().map(|(_, io_id)| *io_id).collect()
    }

    /// `size` documents behind the first `skip`: by row version if the filter has one, else by time and key.
    pub fn page(&mut self, filter: &Filter, skip: usize, size: usize, total: bool) -> Page<'_> {
        if let Some(start) = filter.start_ts {
            return self.page_by_ts(filter, start, skip, size, total);
        }
        if self.listing.as_ref().is_none_or(|kept| kept.changes != self.changes || kept.filter != *filter) {
            let keys = self.select(filter);
            self.listing = Some(Listing { filter: filter.clone(), changes: self.changes, keys });
        }
        let keys = self.listing.as_ref().map(|kept| kept.keys.as_slice()).unwrap_or_default();
        let page = keys.iter().skip(skip).take(size);
        Page {
            texts: page.filter_map(|io_id| self.records.get(io_id)).map(|record| &*record.text).collect(),
            count: Some(keys.len()),
            has_next: keys.len() > skip.saturating_add(size),
        }
    }

    fn page_by_ts(&self, filter: &Filter, start: u64, skip: usize, size: usize, total: bool) -> Page<'_> {
        let selected = || {
            let rows = self.by_ts.range((start, 0)..).filter_map(|(_, io_id)| self.records.get(io_id));
            rows.filter(|record| filter.accepts(record))
        };
        let mut texts: Vec<&str> = selected().skip(skip).take(size + 1).map(|record| &*record.text).collect();
        let has_next = texts.len() > size;
        texts.truncate(size);
        Page { texts, count: total.then(|| selected().count()), has_next }
    }

    fn select(&self, filter: &Filter) -> Vec<u64> {
        let accepted = |io_id: &u64| self.records.get(io_id).is_some_and(|record| filter.accepts(record));
        if !filter.io_ids.is_empty() {
            let named: BTreeSet<u64> = filter.io_ids.iter().copied().filter(accepted).collect();
            return named.into_iter().collect();
        }
        match filter.span {
            Some(span) if span.shipped => {
                let mut rows: Vec<(Option<i64>, u64)> = self
                    .iter()
                    .filter(|record| filter.accepts(record))
                    .map(|record| (record.shipped, record.io_id))
                    .collect();
                rows.sort_unstable();
                rows.into_iter().map(|(_, io_id)| io_id).collect()
            }
            Some(span) if span.begin > span.end => Vec::new(),
            span => {
                let (begin, end) = span.map_or((i64::MIN, i64::MAX), |span| (span.begin, span.end));
                let rows = self.by_modified.range((begin, 0)..=(end, u64::MAX));
                rows.map(|(_, io_id)| *io_id).filter(accepted).collect()
            }
        }
    }
}
