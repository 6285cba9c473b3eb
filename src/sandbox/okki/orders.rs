//! All orders, and the counter that order ids and row ids come from (protocols/okki.md, item 5).

use std::collections::{BTreeMap, HashMap};

use super::order::Order;

/// The first id: above 2^32, so that a 32 bit integer breaks.
const FIRST_ID: u64 = 5_223_975_283;

/// One rising counter for `order_id` and `unique_id`.
#[derive(Debug)]
pub struct Counter(u64);

impl Counter {
    /// The next id.
    pub fn take(&mut self) -> u64 {
        let id = self.0;
        self.0 += 1;
        id
    }
}

/// All orders, also those removed.
#[derive(Debug)]
pub struct Orders {
    orders: BTreeMap<u64, Order>,
    /// Live and removed ones by number, in order of their coming; one only, unless two creates raced.
    by_number: HashMap<String, Vec<u64>>,
    /// Ids.
    pub counter: Counter,
}

impl Orders {
    /// None yet.
    pub fn new() -> Self {
        Self { orders: BTreeMap::new(), by_number: HashMap::new(), counter: Counter(FIRST_ID) }
    }

    /// Forgets all orders; ids go on rising.
    pub fn clear(&mut self) {
        self.orders.clear();
        self.by_number.clear();
    }

    /// An order that was not removed.
    pub fn live(&self, id: u64) -> Option<&Order> {
        self.orders.get(&id).filter(|order| order.removed.is_none())
    }

    /// The newest order of a number that was not removed.
    pub fn live_by_number(&self, number: &str) -> Option<&Order> {
        self.by_number.get(number)?.iter().rev().find_map(|id| self.live(*id))
    }

    /// Whether an order ever bore this number.
    pub fn knows_number(&self, number: &str) -> bool {
        self.by_number.get(number).is_some_and(|ids| !ids.is_empty())
    }

    /// Puts a new order, or a new state of an order.
    pub fn put(&mut self, order: Order) {
        let renumbered = self.orders.get(&order.id).filter(|old| old.number != order.number);
        if let Some(ids) = renumbered.and_then(|old| self.by_number.get_mut(&old.number)) {
            ids.retain(|id| *id != order.id);
        }
        let ids = self.by_number.entry(order.number.clone()).or_default();
        if !ids.contains(&order.id) {
            ids.push(order.id);
        }
        self.orders.insert(order.id, order);
    }

    /// All, by id.
    pub fn all(&self) -> impl Iterator<Item = &Order> {
        self.orders.values()
    }
}
