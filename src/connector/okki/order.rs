//! An order taken apart: as it is sent, or as OKKI shows it (protocols/okki.md 5.1, 6).

use serde_json::{Map, Value};

use super::content::{alike, id};
use super::pairing::pairs;
use crate::connector::judging::Alike;

/// The list of an order's rows.
pub const ROWS: &str = "product_list";

/// An order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Order {
    /// `order_id`.
    pub id: Option<String>,
    /// `order_no`.
    pub number: Option<String>,
    /// Every other member of the head.
    pub head: Map<String, Value>,
    /// Its rows, in their order.
    pub rows: Vec<Row>,
}

/// A row.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Row {
    /// `unique_id`: what OKKI knows the row by.
    pub id: Option<String>,
    /// Whether it is sent to be removed.
    pub removed: bool,
    /// Its members, without the two.
    pub cells: Map<String, Value>,
}

impl Order {
    /// Reads an order; `None` if it is none.
    pub fn read(text: &str) -> Option<Self> {
        Self::of(&serde_json::from_str(text).ok()?)
    }

    /// Takes an order apart; `None` if it is none.
    pub fn of(order: &Value) -> Option<Self> {
        let mut head = order.as_object()?.clone();
        let rows = match head.shift_remove(ROWS) {
            Some(Value::Array(rows)) => rows.iter().map(Row::of).collect::<Option<Vec<Row>>>()?,
            // An empty object may come as an empty text or not at all.
            _ => Vec::new(),
        };
        let number = head.shift_remove("order_no").as_ref().and_then(text);
        Some(Self { id: id(head.shift_remove("order_id").as_ref()), number, head, rows })
    }

    /// The rows that the order is to have: those that are not sent to be removed.
    pub fn kept(&self) -> Vec<&Row> {
        self.rows.iter().filter(|row| !row.removed).collect()
    }
}

impl Row {
    /// Takes a row apart; `None` if it is none.
    pub fn of(row: &Value) -> Option<Self> {
        let mut cells = row.as_object()?.clone();
        let unique = id(cells.shift_remove("unique_id").as_ref());
        let removed = id(cells.shift_remove("remove").as_ref()).is_some();
        Some(Self { id: unique, removed, cells })
    }

    /// `product_id` and `sku_id`: what OKKI merges rows by that carry no `unique_id`.
    pub fn pair(&self) -> Option<(String, String)> {
        Some((id(self.cells.get("product_id"))?, id(self.cells.get("sku_id"))?))
    }

    /// Whether a row that is shown can be this one: no field that is told of it differs.
    pub fn fits(&self, shown: &Self, least: Alike) -> bool {
        let told = self.cells.iter().filter_map(|(name, sent)| Some((sent, shown.cells.get(name)?)));
        let mut alikes = told.map(|(sent, shown)| alike(sent, shown));
        alikes.all(|alike| alike >= least)
    }
}

/// Which row each line is: by `unique_id` where one was sent, else by content, never by place (rules.md 12). Which of
/// several rows that fit a line is taken does not matter: each push writes all rows of the order whole, so that a row
/// holds whatever its line says from then on.
pub fn matched(lines: &[&Row], rows: &[Row]) -> Vec<Option<usize>> {
    let named = |line: &Row| line.id.is_some();
    let known: Vec<&String> = lines.iter().filter_map(|line| line.id.as_ref()).collect();
    let open: Vec<usize> = positions(lines, |line| !named(line));
    let free: Vec<usize> = rows
        .iter()
        .enumerate()
        .filter(|(_, row)| !row.id.as_ref().is_some_and(|id| known.contains(&id)))
        .map(at)
        .collect();
    let fits = |one: usize, other: usize| match (open.get(one), free.get(other)) {
        (Some(one), Some(other)) => match (lines.get(*one), rows.get(*other)) {
            (Some(line), Some(row)) => line.fits(row, Alike::Near),
            _ => false,
        },
        _ => false,
    };
    let mut by_content = pairs(open.len(), free.len(), fits).into_iter();
    lines
        .iter()
        .map(|line| match &line.id {
            Some(id) => rows.iter().position(|row| row.id.as_ref() == Some(id)),
            None => by_content.next().flatten().and_then(|place| free.get(place).copied()),
        })
        .collect()
}

/// Whether the rows are exactly these lines: those with a `unique_id` each its own row, the others any.
pub fn same(lines: &[&Row], rows: &[Row], least: Alike) -> bool {
    let fits = |line: usize, row: usize| match (lines.get(line), rows.get(row)) {
        (Some(line), Some(row)) => (line.id.is_none() || line.id == row.id) && line.fits(row, least),
        _ => false,
    };
    lines.len() == rows.len() && pairs(lines.len(), rows.len(), fits).iter().all(Option::is_some)
}

fn positions(lines: &[&Row], wanted: impl Fn(&Row) -> bool) -> Vec<usize> {
    lines.iter().enumerate().filter(|(_, line)| wanted(line)).map(at).collect()
}

fn at<T>((at, _): (usize, T)) -> usize {
    at
}

/// A text or number as text, if it is not blank.
pub fn text(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;

    fn rows(rows: Value) -> Vec<Row> {
        rows.as_array().unwrap().iter().map(|row| Row::of(row).unwrap()).collect()
    }

    fn places(lines: Value, shown: Value) -> Vec<Option<usize>> {
        let lines = rows(lines);
        matched(&lines.iter().collect::<Vec<_>>(), &rows(shown))
    }

    #[test]
    fn an_order_is_taken_apart() {
        let order = Order::of(&json!({ "order_id": 5223975283u64, "order_no": " SO-1 ", "remark": "",
            "product_list": [{ "unique_id": "7", "product_id": "1", "sku_id": 2, "remove": 1 }, { "count": 1, "unique_id": "" }] }))
        .unwrap();
        assert_eq!((order.id.as_deref(), order.number.as_deref()), (Some("5223975283"), Some("SO-1")));
        assert_eq!(order.head.keys().collect::<Vec<_>>(), ["remark"]);
        let [gone, kept] = order.rows.as_slice() else { panic!("{order:?}") };
        assert_eq!((gone.id.as_deref(), gone.removed, gone.pair()), (Some("7"), true, Some(("1".into(), "2".into()))));
        assert_eq!((kept.id.as_deref(), kept.removed, kept.pair()), (None, false, None));
        assert_eq!(Order::of(&json!({ "order_id": "", "order_no": 7 })).unwrap().number.as_deref(), Some("7"));
        assert!(Order::read("[]").is_none() && Order::read(r#"{"product_list":[1]}"#).is_none());
    }

    #[test]
    fn rule_12_lines_are_matched_by_unique_id_then_by_content_whatever_the_order_of_rows() {
        let shown = json!([
            { "unique_id": 10, "product_id": 1, "sku_id": 2, "count": 3, "unit_price": 5 },
            { "unique_id": 11, "product_id": 1, "sku_id": 2, "count": 2, "unit_price": 5 },
            { "unique_id": 12, "product_id": 9, "sku_id": 8, "count": 1, "unit_price": 5 },
        ]);
        let lines = json!([
            { "product_id": "1", "sku_id": "2", "count": "2.0", "unit_price": "5.00", "cost_amount": "10" },
            { "unique_id": "12", "product_id": "9", "sku_id": "8", "count": 77 },
            { "product_id": "1", "sku_id": "2", "count": "3" },
            { "product_id": "1", "sku_id": "2", "count": "4" },
        ]);
        assert_eq!(places(lines, shown.clone()), [Some(1), Some(2), Some(0), None]);
        assert_eq!(places(json!([{ "unique_id": 99, "product_id": 1, "count": 3 }]), shown), [None], "its row is gone");
    }

    #[test]
    fn equal_lines_are_interchangeable_and_each_has_its_own_row() {
        let line = json!({ "product_id": 1, "sku_id": 2, "count": 1 });
        let row = |id: u32| json!({ "unique_id": id, "product_id": 1, "sku_id": 2, "count": 1 });
        assert_eq!(places(json!([line, line]), json!([row(10), row(11)])), [Some(0), Some(1)]);
        assert_eq!(places(json!([line, line]), json!([row(10)])), [Some(0), None]);
    }

    #[test]
    fn rows_are_the_same_as_multisets() {
        let lines = rows(json!([{ "unique_id": 10, "count": 1 }, { "count": "2.004" }]));
        let lines: Vec<&Row> = lines.iter().collect();
        let shown = |first: u32, second: &str| {
            rows(json!([{ "unique_id": 11, "count": second }, { "unique_id": 10, "count": first }]))
        };
        assert!(same(&lines, &shown(1, "2.00"), Alike::Near) && !same(&lines, &shown(1, "2.00"), Alike::Same));
        assert!(!same(&lines, &shown(2, "1"), Alike::Near), "the row of the first has the second's count");
        assert!(!same(&lines, &shown(1, "2.00")[..1], Alike::Near));
        assert!(same(&[], &[], Alike::Same));
    }
}
