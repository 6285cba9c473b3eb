//! A source whose rows change while they are read: it answers by windows of time (by page number, or by key), by row
//! version and by key, from what it has at that moment.

use crate::clock::{Time, Zone};
use crate::connector::{Page, Window};
use crate::document::RawDocument;
use crate::row_version::RowVersion;

/// Rows a page.
const SIZE: usize = 3;

/// One row.
#[derive(Debug, Clone)]
pub struct Row {
    pub id: u32,
    pub rev: u32,
    pub ts: u64,
    pub modified: Time,
    /// Not committed yet: nobody sees it.
    pub hidden: bool,
}

impl Row {
    /// As it is told.
    pub fn text(&self) -> String {
        let (Self { id, rev, ts, .. }, modified) = (self, Zone::utc().print(self.modified));
        format!(r#"{{"id":{id},"no":"N{id}","rev":{rev},"modified":"{modified}","ts":{ts}}}"#)
    }
}

/// The source.
#[derive(Debug, Clone)]
pub struct Living {
    pub rows: Vec<Row>,
    /// The last row version given.
    pub ts: u64,
    /// Windows come by key instead of by page number.
    pub keyset: bool,
    /// Pages told so far.
    pub told: u32,
    /// What happens after each page.
    pub after: fn(&mut Self),
}

impl Living {
    /// Rows 1 to `count`, one more each second from `begin`, their versions above what a 64 bit float can tell apart.
    pub fn new(count: u32, begin: Time) -> Self {
        let mut living = Self { rows: Vec::new(), ts: 9_007_199_254_740_992, keyset: false, told: 0, after: |_| {} };
        for id in 1..=count {
            living.write(id, Time(begin.0 + i64::from(id) * 1000));
        }
        living
    }

    /// A row is written: new, or with its next revision.
    pub fn write(&mut self, id: u32, modified: Time) {
        self.ts += 1;
        let rev = self.rows.iter().find(|row| row.id == id).map_or(1, |row| row.rev + 1);
        self.rows.retain(|row| row.id != id);
        self.rows.push(Row { id, rev, ts: self.ts, modified, hidden: false });
    }

    /// The row of an id.
    pub fn row(&mut self, id: u32) -> &mut Row {
        self.rows.iter_mut().find(|row| row.id == id).unwrap()
    }

    fn visible(&self, holds: impl Fn(&Row) -> bool) -> Vec<Row> {
        self.rows.iter().filter(|row| !row.hidden && holds(row)).cloned().collect()
    }

    fn tell(&mut self, rows: &[Row], next: Option<String>) -> Page {
        let documents = rows.iter().map(|row| RawDocument { bytes: row.text().into_bytes() }).collect();
        self.told += 1;
        (self.after)(self);
        Page { documents, next, ..Page::default() }
    }

    pub fn window(&mut self, window: Window, position: Option<&str>) -> Page {
        let at: usize = position.map_or(0, |position| position.parse().unwrap());
        let mut rows = self.visible(|row| window.begin <= row.modified && row.modified <= window.end);
        if self.keyset {
            rows.sort_by_key(|row| row.id);
            rows.retain(|row| row.id as usize > at);
            rows.truncate(SIZE);
            let next = rows.last().map(|row| row.id.to_string());
            return self.tell(&rows, next);
        }
        rows.sort_by_key(|row| (row.modified, row.id));
        let next = (rows.len() > at + SIZE).then(|| (at + SIZE).to_string());
        let rows: Vec<Row> = rows.into_iter().skip(at).take(SIZE).collect();
        self.tell(&rows, next)
    }

    pub fn rows_from(&mut self, from: &RowVersion) -> Page {
        let version = |row: &Row| RowVersion::read(&row.ts.to_string()).unwrap();
        let mut rows = self.visible(|row| version(row) >= *from);
        rows.sort_by_key(|row| row.ts);
        let next = (rows.len() > SIZE).then(|| "2".to_owned());
        rows.truncate(SIZE);
        self.tell(&rows, next)
    }

    pub fn by_keys(&self, keys: &[Vec<String>]) -> Page {
        let rows = self.visible(|row| keys.iter().any(|parts| parts[0] == row.id.to_string()));
        let documents = rows.iter().map(|row| RawDocument { bytes: row.text().into_bytes() }).collect();
        Page { documents, ..Page::default() }
    }
}
