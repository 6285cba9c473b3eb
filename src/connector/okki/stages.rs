//! Into how many pushes an edit has to be cut: rows without `unique_id` that have product and sku in common are merged
//! into one, so that each push may bring only one of them (protocols/okki.md 5.3-2, 5.5-3). Each later push names the
//! rows that the earlier ones brought by the ids that were answered.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::order::{Order, ROWS, Row};

/// Per row of an order: with which push it goes, from 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stages {
    of: Vec<usize>,
}

impl Stages {
    /// Cuts an order.
    pub fn of(order: &Order) -> Self {
        // A create keeps several rows of one sku.
        let edits = order.id.is_some();
        let mut met: BTreeMap<Option<(String, String)>, usize> = BTreeMap::new();
        let of = order.rows.iter().map(|row| {
            if !edits || row.removed || row.id.is_some() {
                return 0;
            }
            let next = met.entry(row.pair()).or_default();
            *next += 1;
            *next - 1
        });
        Self { of: of.collect() }
    }

    /// How many pushes there are.
    pub fn count(&self) -> usize {
        self.of.iter().max().map_or(1, |last| last + 1)
    }

    /// Places of the rows that the order has after a push.
    pub fn places(&self, order: &Order, stage: usize) -> Vec<usize> {
        let rows = order.rows.iter().zip(&self.of).enumerate();
        rows.filter(|(_, (row, of))| !row.removed && **of <= stage).map(|(place, _)| place).collect()
    }

    /// The payload of a push: the order with the rows of this and all earlier pushes, `ids` by place. What is to be
    /// removed goes with the first.
    pub fn payload(&self, payload: &Map<String, Value>, ids: &[Option<String>], stage: usize) -> String {
        let mut payload = payload.clone();
        let Some(Value::Array(rows)) = payload.get_mut(ROWS) else { return Value::Object(payload).to_string() };
        let kept = std::mem::take(rows).into_iter().zip(&self.of).zip(ids).filter_map(|((mut row, of), id)| {
            let members = row.as_object_mut()?;
            if *of > stage || (stage > 0 && Row::of(&Value::Object(members.clone()))?.removed) {
                return None;
            }
            if let Some(id) = id.as_ref().filter(|_| !members.contains_key("unique_id")) {
                members.shift_insert(0, "unique_id".to_owned(), id.as_str().into());
            }
            Some(row)
        });
        *rows = kept.collect();
        Value::Object(payload).to_string()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;

    fn order(id: &str) -> Value {
        json!({ "order_id": id, "order_no": "SO-1", "product_list": [
            { "unique_id": 7, "product_id": 1, "sku_id": 2, "count": 1 },
            { "product_id": 1, "sku_id": 2, "count": 2 },
            { "product_id": "1", "sku_id": "2", "count": 3 },
            { "product_id": 3, "sku_id": 4, "count": 4 },
            { "unique_id": 8, "remove": 1, "product_id": 5, "sku_id": 6 },
        ] })
    }

    #[test]
    fn a_create_is_one_push_and_an_edit_brings_one_new_row_of_a_sku_at_a_time() {
        for (id, count) in [("", 1), ("5223975283", 2)] {
            let order = Order::of(&order(id)).unwrap();
            assert_eq!(Stages::of(&order).count(), count, "{id}");
        }
        assert_eq!(Stages::of(&Order::of(&json!({})).unwrap()).count(), 1);
    }

    #[test]
    fn a_later_push_names_what_the_earlier_ones_brought_and_removes_nothing() {
        let payload = order("5");
        let order = Order::of(&payload).unwrap();
        let stages = Stages::of(&order);
        assert_eq!((stages.places(&order, 0), stages.places(&order, 1)), (vec![0, 1, 3], vec![0, 1, 2, 3]));
        let push = |ids: [Option<&str>; 5], stage| {
            let ids = ids.map(|id| id.map(str::to_owned));
            serde_json::from_str::<Value>(&stages.payload(payload.as_object().unwrap(), &ids, stage)).unwrap()
        };
        let first = push([Some("7"), None, None, None, Some("8")], 0);
        assert_eq!(first["order_no"], "SO-1");
        let rows = first[ROWS].as_array().unwrap().clone();
        assert_eq!(rows.len(), 4);
        assert_eq!((&rows[1]["count"], &rows[2]["count"], &rows[3]["remove"]), (&json!(2), &json!(4), &json!(1)));
        let second = push([Some("7"), Some("11"), None, Some("12"), Some("8")], 1);
        let ids = second[ROWS].as_array().unwrap().iter().map(|row| row["unique_id"].to_string());
        assert_eq!(ids.collect::<Vec<_>>(), ["7", "\"11\"", "null", "\"12\""]);
    }
}
