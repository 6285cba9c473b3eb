//! Base data of one kind, found by id and by number.

use std::collections::{BTreeMap, HashMap};

use crate::clock::Time;

/// One company, product or user.
pub trait Entry {
    /// Its id.
    fn id(&self) -> u64;
    /// The number that people know it by; blank if it has none.
    fn number(&self) -> &str;
    /// When it was changed last.
    fn updated(&self) -> Time;
    /// Whether it was not removed.
    fn is_live(&self) -> bool;
}

/// All of one kind. Removed ones stay, as in the CRM's recycle bin.
#[derive(Debug)]
pub struct Catalog<T> {
    items: BTreeMap<u64, T>,
    by_number: HashMap<String, u64>,
}

impl<T> Default for Catalog<T> {
    fn default() -> Self {
        Self { items: BTreeMap::new(), by_number: HashMap::new() }
    }
}

impl<T: Entry> Catalog<T> {
    /// Adds one, or replaces the one of the same id.
    pub fn put(&mut self, item: T) {
        if !item.number().is_empty() {
            self.by_number.insert(item.number().to_owned(), item.id());
        }
        self.items.insert(item.id(), item);
    }

    /// A live one by id.
    pub fn get(&self, id: u64) -> Option<&T> {
        self.items.get(&id).filter(|item| item.is_live())
    }

    /// One by id, also if removed.
    pub fn any(&self, id: u64) -> Option<&T> {
        self.items.get(&id)
    }

    /// A live one by number.
    pub fn by_number(&self, number: &str) -> Option<&T> {
        self.get(*self.by_number.get(number)?)
    }

    /// One by number, also if removed.
    pub fn any_by_number(&self, number: &str) -> Option<&T> {
        self.items.get(self.by_number.get(number)?)
    }

    /// All, also those removed, by id.
    pub fn all(&self) -> impl Iterator<Item = &T> {
        self.items.values()
    }

    /// The highest id.
    pub fn last_id(&self) -> Option<u64> {
        self.items.keys().next_back().copied()
    }
}
