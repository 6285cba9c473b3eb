//! The bills of one form by FID and by FBillNo.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::clock::Time;

use super::bill::Bill;

/// Ids that rise with gaps, as a busy system's do. They never begin anew, so that an id of a wiped bill is not
/// given to another.
#[derive(Debug)]
pub struct Counter(u64);

impl Counter {
    /// A counter that begins behind a number.
    pub fn behind(number: u64) -> Self {
        Self(number)
    }

    /// The next id.
    pub fn next(&mut self) -> u64 {
        self.0 += 1 + self.0 % 3;
        self.0
    }
}

/// The bills of one form.
#[derive(Debug)]
pub struct Table {
    bills: BTreeMap<u64, Bill>,
    numbers: HashMap<Arc<str>, Vec<u64>>,
    ids: Counter,
    rule: u64,
    /// In the order of their writing.
    held: Vec<Held>,
}

/// A write that is not committed.
#[derive(Debug)]
struct Held {
    id: u64,
    bill: Option<Bill>,
    due: Time,
}

impl Table {
    /// An empty table.
    pub fn new() -> Self {
        Self {
            bills: BTreeMap::new(),
            numbers: HashMap::new(),
            ids: Counter::behind(140_669),
            rule: 0,
            held: Vec::new(),
        }
    }

    /// The next FID.
    pub fn next_id(&mut self) -> u64 {
        self.ids.next()
    }

    /// The next number of the coding rule that is not taken.
    pub fn next_number(&mut self, prefix: &str) -> Arc<str> {
        loop {
            self.rule += 1;
            let number = format!("{prefix}{:06}", self.rule);
            if !self.numbers.contains_key(number.as_str()) {
                return number.into();
            }
        }
    }

    /// The bill of an FID.
    pub fn get(&self, id: u64) -> Option<&Bill> {
        self.bills.get(&id)
    }

    /// The bill of an FID, to be changed without its number.
    pub fn get_mut(&mut self, id: u64) -> Option<&mut Bill> {
        self.bills.get_mut(&id)
    }

    /// FIDs of a number; more than one only where uniqueness is switched off.
    pub fn by_number(&self, number: &str) -> &[u64] {
        self.numbers.get(number).map_or(&[], Vec::as_slice)
    }

    /// Puts a bill in the place of the one with its FID, and returns that.
    pub fn put(&mut self, bill: Bill) -> Option<Bill> {
        let before = self.remove(bill.id);
        self.numbers.entry(Arc::clone(&bill.number)).or_default().push(bill.id);
        self.bills.insert(bill.id, bill);
        before
    }

    /// Removes a bill without a trace.
    pub fn remove(&mut self, id: u64) -> Option<Bill> {
        let bill = self.bills.remove(&id)?;
        if let Some(ids) = self.numbers.get_mut(&bill.number) {
            ids.retain(|other| *other != id);
            if ids.is_empty() {
                self.numbers.remove(&bill.number);
            }
        }
        Some(bill)
    }

    /// Undoes a [`Table::put`].
    pub fn restore(&mut self, id: u64, before: Option<Bill>) {
        match before {
            Some(bill) => drop(self.put(bill)),
            None => drop(self.remove(id)),
        }
    }

    /// All bills by FID.
    pub fn bills(&self) -> impl Iterator<Item = &Bill> {
        self.bills.values()
    }

    /// The bills from an FID on, by FID.
    pub fn bills_from(&self, id: u64) -> impl Iterator<Item = &Bill> {
        self.bills.range(id..).map(|(_, bill)| bill)
    }

    /// Keeps a write back until it is committed: nobody sees it before. `None` deletes the bill.
    pub fn hold(&mut self, id: u64, bill: Option<Bill>, due: Time) {
        self.held.push(Held { id, bill, due });
    }

    /// Commits the held writes that are due.
    pub fn commit_due(&mut self, now: Time) {
        self.commit(|held| held.due <= now);
    }

    /// Commits the held writes of a bill, as the next write to it would wait for.
    pub fn commit_of(&mut self, id: u64) {
        self.commit(|held| held.id == id);
    }

    /// Commits every held write; the numbers of their bills.
    pub fn commit_all(&mut self) -> Vec<Arc<str>> {
        self.commit(|_| true)
    }

    fn commit(&mut self, is_wanted: impl Fn(&Held) -> bool) -> Vec<Arc<str>> {
        if self.held.is_empty() {
            return Vec::new();
        }
        let (wanted, rest): (Vec<_>, Vec<_>) = std::mem::take(&mut self.held).into_iter().partition(is_wanted);
        self.held = rest;
        let mut numbers = Vec::new();
        for held in wanted {
            numbers.extend(held.bill.as_ref().or(self.get(held.id)).map(|bill| Arc::clone(&bill.number)));
            self.restore(held.id, held.bill);
        }
        numbers
    }

    /// Removes every bill; ids and numbers go on rising.
    pub fn clear(&mut self) {
        self.bills.clear();
        self.numbers.clear();
        self.held.clear();
    }
}
