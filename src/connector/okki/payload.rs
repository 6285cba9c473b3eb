//! The exact payload of one order: what the mapping gave, made safe to overwrite with (protocols/okki.md 5.3, 5.5;
//! rules.md 12, 13).

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::calls::Target;
use super::content::id;
use super::order::{ROWS, text};
use crate::decimal::Decimal;
use crate::receipt::Receipt;

/// A row's product and sku.
type Pair = (String, String);

/// Makes the payload. The error says what can't be sent and why.
pub fn prepare(
    (name, target): (&str, Target),
    payload: &Value,
    lines: &[(String, Vec<String>)],
    receipt: Option<&Receipt>,
) -> Result<String, String> {
    let receipt_id = receipt.and_then(|receipt| receipt.id.as_deref()).map(str::trim).filter(|id| !id.is_empty());
    if target == Target::Remove {
        let id = receipt_id.ok_or_else(|| format!("`{name}` needs the order's id, and no receipt has one"))?;
        return Ok(Value::Object(Map::from_iter([("order_id".to_owned(), id.into())])).to_string());
    }
    let mut order = payload.as_object().cloned().ok_or("the payload is no object")?;
    if order.get("order_no").and_then(text).is_none() {
        return Err("the payload has no `order_no`: a repeat would make a second order".to_owned());
    }
    if let Some(receipt_id) = receipt_id.filter(|_| id(order.get("order_id")).is_none()) {
        order.shift_remove("order_id");
        order.shift_insert(0, "order_id".to_owned(), receipt_id.into());
    }
    explicit_head(&mut order)?;
    for list in ["users", "departments"] {
        check_rates(&order, list)?;
    }
    let mut rows = match order.get(ROWS) {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(rows)) => rows.clone(),
        Some(_) => return Err(format!("`{ROWS}` is no list")),
    };
    let keys = lines.iter().find(|(list, _)| list == ROWS).map(|(_, keys)| keys.as_slice());
    if let Some(keys) = keys.filter(|keys| keys.len() != rows.len()) {
        return Err(format!("`{ROWS}` has {} lines and {} keys", rows.len(), keys.len()));
    }
    for (place, row) in rows.iter_mut().enumerate() {
        let named = keys.and_then(|keys| keys.get(place)).map_or_else(|| (place + 1).to_string(), String::clone);
        explicit_row(row).map_err(|why| format!("line `{named}` of `{ROWS}`: {why}"))?;
    }
    if id(order.get("order_id")).is_some() {
        anchor(&mut rows, keys, receipt)?;
    }
    check_ids(&rows)?;
    if order.contains_key(ROWS) || !rows.is_empty() {
        order.insert(ROWS.to_owned(), Value::Array(rows));
    }
    Ok(Value::Object(order).to_string())
}

/// What an edit leaves out is kept or cleared, nobody knows which: it has to be said, be it that there is nothing.
fn explicit_head(order: &mut Map<String, Value>) -> Result<(), String> {
    for (name, empty) in [("cost_list", Value::Array(Vec::new())), ("remark", Value::from(""))] {
        match order.get_mut(name) {
            None => {
                return Err(format!(
                    "the payload has no `{name}`: whether OKKI keeps or clears what an overwrite leaves out is not \
                     known; map it, be it as `{empty}`"
                ));
            }
            Some(value) if value.is_null() => *value = empty,
            Some(_) => {}
        }
    }
    Ok(())
}

/// Σ rate ≤ 100 (protocols/okki.md 5.1).
fn check_rates(order: &Map<String, Value>, list: &str) -> Result<(), String> {
    let elements = order.get(list).and_then(Value::as_array).into_iter().flatten();
    let rates = elements.filter_map(|element| Decimal::parse(&text(element.get("rate")?)?));
    let sum = rates.fold(Decimal::zero(), |sum, rate| sum.plus(&rate));
    if sum > Decimal::from_i64(100) {
        return Err(format!("the rates of `{list}` add up to {sum}, more than 100"));
    }
    Ok(())
}

/// A row without product and sku is dropped without a word, one without `cost_amount` counts nothing (5.3-1, 5.3-3).
fn explicit_row(row: &mut Value) -> Result<(), String> {
    let row = row.as_object_mut().ok_or("it is no object")?;
    if id(row.get("unique_id")).is_none() {
        row.shift_remove("unique_id");
    }
    for name in ["product_id", "sku_id"] {
        if id(row.get(name)).is_none() {
            return Err(format!("it has no `{name}`, and OKKI would drop it without a word"));
        }
    }
    if id(row.get("remove")).is_some() {
        return Ok(());
    }
    for name in ["count", "unit_price", "cost_amount"] {
        if row.get(name).and_then(text).is_none() {
            return Err(format!("it has no `{name}`, and OKKI would save 0"));
        }
    }
    if row.get("other_cost").and_then(text).is_none() {
        row.insert("other_cost".to_owned(), 0.into());
    }
    Ok(())
}

/// Gives each line the `unique_id` of its row. A row whose line vanished is taken over by a new line of the same
/// product and sku, because OKKI would merge the two; else it is removed.
fn anchor(rows: &mut Vec<Value>, keys: Option<&[String]>, receipt: Option<&Receipt>) -> Result<(), String> {
    let named = |row: &Value| id(row.get("unique_id"));
    if keys.is_none() && rows.iter().any(|row| named(row).is_none()) {
        return Err(format!("`{ROWS}` has no `$key`: its rows could not be told apart when they are overwritten"));
    }
    let none = BTreeMap::new();
    let known = receipt.and_then(|receipt| receipt.lines.get(ROWS)).unwrap_or(&none);
    for (row, key) in rows.iter_mut().zip(keys.unwrap_or_default()) {
        if let Some(id) = known.get(key).filter(|_| named(row).is_none()) {
            set_id(row, id);
        }
    }
    let used: Vec<String> = rows.iter().filter_map(named).collect();
    let mut vanished: Vec<&str> =
        known.values().map(String::as_str).filter(|id| !used.iter().any(|u| u == id)).collect();
    for row in rows.iter_mut().filter(|row| named(row).is_none()) {
        let pair = Some((id(row.get("product_id")).unwrap_or_default(), id(row.get("sku_id")).unwrap_or_default()));
        if let Some(place) = vanished.iter().position(|gone| told_pair(receipt, gone) == pair) {
            set_id(row, vanished.remove(place));
        }
    }
    remove(rows, vanished, receipt)
}

fn remove(rows: &mut Vec<Value>, vanished: Vec<&str>, receipt: Option<&Receipt>) -> Result<(), String> {
    for gone in vanished {
        let (product, sku) = told_pair(receipt, gone).ok_or_else(|| {
            format!("row {gone} of `{ROWS}` has to be removed, and of which product it is was never told: look at the order in OKKI")
        })?;
        let members = [
            ("unique_id", as_id(gone)),
            ("remove", 1.into()),
            ("product_id", as_id(&product)),
            ("sku_id", as_id(&sku)),
        ];
        rows.push(Value::Object(members.map(|(name, value)| (name.to_owned(), value)).into_iter().collect()));
    }
    Ok(())
}

/// Product and sku of a row, as the order told them.
fn told_pair(receipt: Option<&Receipt>, row: &str) -> Option<Pair> {
    let told = receipt?.told.get(ROWS)?.get(row)?;
    Some((told.get("product_id")?.clone(), told.get("sku_id")?.clone()))
}

fn set_id(row: &mut Value, id: &str) {
    if let Some(row) = row.as_object_mut() {
        row.shift_insert(0, "unique_id".to_owned(), as_id(id));
    }
}

/// Rows with one id overwrite each other.
fn check_ids(rows: &[Value]) -> Result<(), String> {
    let ids: Vec<String> = rows.iter().filter_map(|row| id(row.get("unique_id"))).collect();
    match ids.iter().enumerate().find(|(place, id)| ids.iter().take(*place).any(|other| other == *id)) {
        Some((_, id)) => Err(format!("two rows of `{ROWS}` have the `unique_id` {id}")),
        None => Ok(()),
    }
}

/// Ids are numbers of up to 15 digits.
fn as_id(id: &str) -> Value {
    id.parse::<u64>().ok().filter(|_| !id.starts_with('0')).map_or_else(|| id.into(), Value::from)
}

#[cfg(test)]
mod tests;
