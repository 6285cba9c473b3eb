//! Fills the simulated company with orders.

use std::time::Duration;

use crate::clock::Time;

use super::super::bill::Bill;
use super::super::table::{Counter, Table};
use super::maker::{Maker, Written};
use super::masters;
use super::sheet::Sheet;

/// The oldest change lies this far back, so that a start seven days ago covers all.
const OLDEST: u64 = (7 * 86_400 - 3_600) * 1_000;
/// The newest save lies this far back.
const NEWEST: u64 = 120_000;

/// Fills with `count` orders saved within the last seven days before `now`.
pub fn fill(
    sheet: &mut Sheet<'_>,
    table: &mut Table,
    entry_ids: &mut Counter,
    maker: &mut Maker,
    count: u64,
    now: Time,
) {
    masters::register(sheet.base);
    for _ in 0..count {
        let modified = now.minus(Duration::from_millis(maker.rng.u64(NEWEST..OLDEST)));
        let bill = maker.make(sheet, entry_ids, table.next_id(), Written { modified, now }, None);
        table.put(bill);
    }
}

/// Makes `count` orders saved now, of `lines` lines if that is said; nothing is stored.
pub fn create(
    sheet: &mut Sheet<'_>,
    table: &mut Table,
    entry_ids: &mut Counter,
    maker: &mut Maker,
    count: u64,
    lines: Option<usize>,
    now: Time,
) -> Vec<Bill> {
    masters::register(sheet.base);
    let written = Written { modified: now, now };
    (0..count).map(|_| maker.make(sheet, entry_ids, table.next_id(), written, lines)).collect()
}
