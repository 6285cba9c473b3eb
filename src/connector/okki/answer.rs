//! What the answer to a push tells (protocols/okki.md 5.4, 5.5-4): the order's id and its rows, one for each that was
//! sent, or it is no success (rules.md 12).

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::content::id;
use super::order::{ROWS, Row, matched};
use crate::connector::judging::Alike;

/// The answer to a push.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    /// `order_id`.
    pub id: String,
    /// The rows that were kept.
    pub rows: Vec<Row>,
}

#[derive(Deserialize)]
struct Data {
    order_id: Option<Value>,
    product_list: Option<Value>,
}

/// Reads an answer's `data`. The error says what is missing.
pub fn read(data: &RawValue) -> Result<Told, String> {
    let data: Data = serde_json::from_str(data.get()).map_err(|error| format!("its `data` can't be read: {error}"))?;
    let order = id(data.order_id.as_ref()).ok_or("it names no `order_id`")?;
    let rows = match data.product_list {
        Some(Value::Array(rows)) => rows,
        _ => Vec::new(),
    };
    let rows = rows.iter().map(|row| Row::of(row).filter(|row| row.id.is_some()));
    let rows = rows.collect::<Option<Vec<Row>>>().ok_or_else(|| format!("a row of its `{ROWS}` has no `unique_id`"))?;
    Ok(Told { id: order, rows })
}

/// The row that each sent row became, with the values that were sent as far as it tells them. The error says why the answer is no success.
pub fn rows<'t>(sent: &[&Row], told: &'t [Row]) -> Result<Vec<&'t Row>, String> {
    if sent.len() != told.len() {
        return Err(format!("`{ROWS}` has {} rows for {} that were sent", told.len(), sent.len()));
    }
    let found = sent.iter().zip(matched(sent, told)).enumerate();
    let row_of = |(at, (line, place)): (usize, (&&Row, Option<usize>))| match place.and_then(|place| told.get(place)) {
        None => Err(format!("no row of the answer's `{ROWS}` is the {}. that was sent", at + 1)),
        Some(row) if !line.fits(row, Alike::Near) => {
            let id = row.id.as_deref().unwrap_or_default();
            Err(format!("row {id} of the answer's `{ROWS}` has other values than were sent"))
        }
        Some(row) => Ok(row),
    };
    found.map(row_of).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;

    fn told(data: &Value) -> Result<Told, String> {
        read(&RawValue::from_string(data.to_string()).unwrap())
    }

    #[test]
    fn an_answer_names_the_order_and_every_row() {
        let row = json!({ "unique_id": 7, "product_id": 1 });
        for (data, wanted) in [
            (json!({ "order_id": 5223975283u64, "product_list": [row] }), Ok(1)),
            (json!({ "order_id": "5223975283" }), Ok(0)),
            (json!({ "order_id": 5, "product_list": {} }), Ok(0)),
            (json!({ "product_list": [row] }), Err("it names no `order_id`")),
            (json!({ "order_id": "" }), Err("it names no `order_id`")),
            (
                json!({ "order_id": 5, "product_list": [{ "count": 1 }] }),
                Err("a row of its `product_list` has no `unique_id`"),
            ),
        ] {
            let found = told(&data).map(|told| told.rows.len());
            assert_eq!(found, wanted.map_err(str::to_owned), "{data}");
        }
        assert!(told(&json!("success")).is_err());
    }

    #[test]
    fn rule_12_each_row_that_was_sent_has_one_of_its_own_or_it_is_no_success() {
        let sent = |row: Value| Row::of(&row).unwrap();
        let (old, new) = (
            sent(json!({ "unique_id": 7, "product_id": 1, "sku_id": 2, "count": 1 })),
            sent(json!({ "product_id": 1, "sku_id": 2, "count": "2.0", "unit_price": "3" })),
        );
        let row = |id: u32, count: u32| json!({ "unique_id": id, "product_id": 1, "sku_id": 2, "count": count, "unit_price": 3 });
        let ids = |rows: Value| {
            let told = told(&json!({ "order_id": 5, "product_list": rows })).unwrap();
            let found = rows_of(&[&old, &new], &told.rows)?;
            Ok::<_, String>(found)
        };
        assert_eq!(ids(json!([row(9, 2), row(7, 1)])), Ok(vec!["7".to_owned(), "9".to_owned()]));
        assert_eq!(ids(json!([row(7, 2)])), Err("`product_list` has 1 rows for 2 that were sent".to_owned()));
        let not = "no row of the answer's `product_list` is the 2. that was sent";
        assert_eq!(ids(json!([row(7, 1), row(9, 5)])), Err(not.to_owned()));
        let not = "no row of the answer's `product_list` is the 1. that was sent";
        assert_eq!(ids(json!([row(8, 1), row(9, 2)])), Err(not.to_owned()));
        let ignored = "row 7 of the answer's `product_list` has other values than were sent";
        assert_eq!(ids(json!([row(7, 4), row(9, 2)])), Err(ignored.to_owned()));
    }

    fn rows_of(sent: &[&Row], told: &[Row]) -> Result<Vec<String>, String> {
        Ok(rows(sent, told)?.into_iter().filter_map(|row| row.id.clone()).collect())
    }
}
