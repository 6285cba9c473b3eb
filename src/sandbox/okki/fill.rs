//! Writes what was sent into an order: head, references, fees, custom fields; rows and people have their own files.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::decimal::Decimal;

use super::directory::Directory;
use super::fields::{Custom, HEADS, Kind, custom_field};
use super::knobs::{BadCustom, Knobs};
use super::order::{Cost, Order};
use super::orders::Counter;
use super::reply::Problem;
use super::value::{self, date, decimal, member, number, text};
use super::{people, rows};

/// What filling an order needs.
pub struct Desk<'a> {
    /// Base data.
    pub directory: &'a Directory,
    /// Row ids.
    pub counter: &'a mut Counter,
    /// Switches.
    pub knobs: &'a Knobs,
    /// The order is being created.
    pub is_new: bool,
}

/// Writes what was sent into the order; the `unique_id`s of the rows it wrote. What is absent stays as it is.
pub fn fill(order: &mut Order, body: &Map<String, Value>, desk: &mut Desk<'_>) -> Result<Vec<u64>, Problem> {
    head(order, body)?;
    references(order, body, desk)?;
    people::fill(order, body, desk)?;
    if let Some(list) = list(body, "cost_list")? {
        order.costs = list.iter().filter_map(Value::as_object).map(cost).collect::<Result<_, _>>()?;
    }
    customs(&mut order.customs, body, false, desk.knobs)?;
    match list(body, "product_list")? {
        Some(list) => rows::apply(order, list, desk),
        None => Ok(Vec::new()),
    }
}

/// A list; `None` if it is absent or blank.
pub fn list<'a>(body: &'a Map<String, Value>, name: &str) -> Result<Option<&'a [Value]>, Problem> {
    match body.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Array(list)) => Ok(Some(list)),
        Some(Value::String(text)) if text.trim().is_empty() => Ok(None),
        Some(_) => Err(Problem::invalid(name, "array")),
    }
}

/// The plain head fields. A blank clears.
fn head(order: &mut Order, body: &Map<String, Value>) -> Result<(), Problem> {
    for (name, _, kind) in HEADS.iter().filter(|(name, ..)| *name != "approval_status") {
        let Some(value) = body.get(*name).filter(|value| !value.is_null()) else { continue };
        match plain(name, *kind, value)? {
            Some(text) => order.head.insert(name, text),
            None => order.head.remove(name),
        };
    }
    Ok(())
}

/// A head field's value as it is kept; `None` for a blank.
pub fn plain(name: &str, kind: Kind, value: &Value) -> Result<Option<String>, Problem> {
    if value.is_array() || value.is_object() {
        return Err(Problem::invalid(name, "string"));
    }
    let Some(trimmed) = text(value) else { return Ok(None) };
    let kept = match kind {
        Kind::Text => Some(value.as_str().map_or(trimmed, str::to_owned)),
        Kind::Date => Some(date(&trimmed).ok_or_else(|| Problem::invalid(name, "date"))?),
        Kind::Number | Kind::Whole => {
            let found = Decimal::parse(&trimmed);
            let found = found.filter(|one| kind == Kind::Number || one.is_whole());
            Some(number(&found.ok_or_else(|| Problem::invalid(name, "numeric"))?).to_string())
        }
    };
    Ok(kept)
}

/// Company and contact.
fn references(order: &mut Order, body: &Map<String, Value>, desk: &Desk<'_>) -> Result<(), Problem> {
    let lax = desk.knobs.store_bad_reference;
    if member(body, "company_id").is_some() {
        let id = value::id(body, "company_id").filter(|id| lax || desk.directory.companies.get(*id).is_some());
        order.company = Some(id.ok_or_else(Problem::not_found)?);
    }
    if member(body, "customer_id").is_some() {
        let id = value::id(body, "customer_id");
        let id = id.filter(|id| lax || desk.directory.has_contact(order.company, *id));
        order.customer = Some(id.ok_or_else(Problem::not_found)?);
    }
    Ok(())
}

fn cost(map: &Map<String, Value>) -> Result<Cost, Problem> {
    let given = |name: &str| member(map, name).ok_or_else(|| Problem::empty(name));
    let amount = |name: &str| {
        given(name)?;
        decimal(map, name).ok_or_else(|| Problem::invalid(name, "numeric"))
    };
    let percent_type = given("percent_type")?.parse().ok().filter(|code: &u8| *code <= 3);
    Ok(Cost {
        name: given("cost_name")?,
        percent_type: percent_type.ok_or_else(|| Problem::invalid("percent_type", "0, 1, 2 or 3"))?,
        percent_amount: amount("percent_amount")?,
        cost: amount("cost")?,
        remark: member(map, "cost_remark").unwrap_or_default(),
    })
}

/// The custom fields of an order or a row: the keys that are numbers.
pub fn customs(
    into: &mut BTreeMap<String, Value>,
    body: &Map<String, Value>,
    of_rows: bool,
    knobs: &Knobs,
) -> Result<(), Problem> {
    let is_custom = |key: &str| !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_digit());
    for (key, value) in body.iter().filter(|(key, value)| is_custom(key) && !value.is_null()) {
        if value.as_str().is_some_and(|text| text.trim().is_empty()) {
            into.remove(key);
            continue;
        }
        let kept = match custom_field(key, of_rows) {
            Some(field) => custom_value(field, value)?,
            None => None,
        };
        match (kept, knobs.bad_custom) {
            (Some(kept), _) => drop(into.insert(key.clone(), kept)),
            (None, BadCustom::Ignored) => {}
            (None, BadCustom::Stored) => drop(into.insert(key.clone(), value.clone())),
            (None, BadCustom::Refused) => return Err(Problem::operation(&format!("字段{key}的值不正确"))),
        }
    }
    Ok(())
}

/// The value as it is kept; `None` for an option that is none of the field's.
fn custom_value(field: &Custom, value: &Value) -> Result<Option<Value>, Problem> {
    let is_option = |value: &Value| value.as_str().is_some_and(|text| field.options.contains(&text));
    match field.field_type {
        3 => Ok(is_option(value).then(|| value.clone())),
        7 => Ok(value.as_array().is_some_and(|list| list.iter().all(is_option)).then(|| value.clone())),
        4 => plain(field.id, Kind::Date, value).map(|date| date.map(Value::String)),
        5 => {
            let found = text(value).and_then(|text| Decimal::parse(&text));
            found.map(|found| Some(number(&found))).ok_or_else(|| Problem::invalid(field.id, "numeric"))
        }
        _ => plain(field.id, Kind::Text, value).map(|text| text.map(Value::String)),
    }
}
