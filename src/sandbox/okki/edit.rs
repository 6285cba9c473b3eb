//! Control `/edit`: what a person does to orders in the CRM, beside the API.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::clock::{Time, Zone};

use super::edit_base;
use super::enums::status_name;
use super::fields::Kind;
use super::fill::{self, Desk};
use super::knobs::Knobs;
use super::order::Order;
use super::reply::Problem;
use super::state::State;
use super::value::{id, member};

/// Who creates and edits.
const PERSON: u64 = super::directory::OWNER + 1;

/// `key` (an `order_no` or `order_id`) with `set` (fields as in a push; a person's edits keep what they do not name),
/// `touch` (with `set`: whether update_time moves; alone: a workflow moves it) or `delete`; `create` with the fields
/// of a new order; `rate` of the orders whose update_time a workflow moves; or `set` without a key: base data,
/// [`edit_base`].
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Edit {
    key: Option<Value>,
    set: Option<Map<String, Value>>,
    touch: Option<bool>,
    #[serde(default)]
    delete: bool,
    create: Option<Map<String, Value>>,
    rate: Option<f64>,
}

/// Carries it out; the numbers edited.
pub fn edit(state: &mut State, body: &Value, knobs: &Knobs, now: Time, zone: &Zone) -> Result<Vec<String>, String> {
    let edit = Edit::deserialize(body).map_err(|error| error.to_string())?;
    match edit {
        Edit { key: Some(key), .. } => {
            let order = named(state, &key)?;
            edit_one(state, order, &edit.set.unwrap_or_default(), edit.touch, edit.delete, knobs, now)
        }
        Edit { create: Some(fields), .. } => create(state, &fields, knobs, now, zone),
        Edit { rate: Some(rate), .. } => bump(state, rate, now),
        Edit { set: Some(set), .. } => edit_base::edit(&mut state.directory, &set, now),
        _ => Err("say one of `key`, `create`, `rate` or `set`".to_owned()),
    }
}

/// The newest order of a number or id that was not removed.
fn named(state: &State, key: &Value) -> Result<Order, String> {
    let text = super::value::text(key).unwrap_or_default();
    let by_id = || state.orders.live(text.parse().ok()?);
    let found = state.orders.live_by_number(&text).or_else(by_id);
    found.cloned().ok_or_else(|| format!("no order `{text}`"))
}

fn edit_one(
    state: &mut State,
    mut order: Order,
    set: &Map<String, Value>,
    touch: Option<bool>,
    delete: bool,
    knobs: &Knobs,
    now: Time,
) -> Result<Vec<String>, String> {
    if delete {
        order.removed = Some(now);
    } else {
        write(state, &mut order, set, knobs, false).map_err(|problem| problem.message)?;
    }
    if touch.unwrap_or(true) {
        order.updated = now;
    }
    let number = order.number.clone();
    state.orders.put(order);
    Ok(vec![number])
}

fn create(
    state: &mut State,
    fields: &Map<String, Value>,
    knobs: &Knobs,
    now: Time,
    zone: &Zone,
) -> Result<Vec<String>, String> {
    let id = state.orders.counter.take();
    let mut order = Order::new(id, format!("SO-{}-{id}", zone.civil(now).print("yyyyMMdd")), PERSON, now);
    write(state, &mut order, fields, knobs, true).map_err(|problem| problem.message)?;
    let number = order.number.clone();
    state.orders.put(order);
    Ok(vec![number])
}

/// What a person can write beyond a push: the number, the approval, and rows beside equal ones.
fn write(
    state: &mut State,
    order: &mut Order,
    set: &Map<String, Value>,
    knobs: &Knobs,
    is_new: bool,
) -> Result<(), Problem> {
    let knobs = Knobs { replace_rows: false, append_unanchored: true, ..knobs.clone() };
    let mut desk = Desk { directory: &state.directory, counter: &mut state.orders.counter, knobs: &knobs, is_new };
    fill::fill(order, set, &mut desk)?;
    if let Some(number) = member(set, "order_no") {
        order.number = number;
    }
    if member(set, "status").is_some() {
        let status = id(set, "status").filter(|code| status_name(*code).is_some());
        order.status = status.ok_or_else(|| Problem::invalid("status", "a code of order_status_list"))?;
    }
    if let Some(value) = set.get("approval_status")
        && let Some(text) = fill::plain("approval_status", Kind::Whole, value)?
    {
        order.head.insert("approval_status", text);
    }
    Ok(())
}

/// A workflow moves the update_time of a share of the orders, spread evenly, and changes nothing.
fn bump(state: &mut State, rate: f64, now: Time) -> Result<Vec<String>, String> {
    if !(0.0..=1.0).contains(&rate) {
        return Err("`rate` is a share from 0 to 1".to_owned());
    }
    let mut due = 0.0;
    let chosen = state.orders.all().filter(|order| order.removed.is_none()).filter(|_| {
        due += rate;
        let is_due = due >= 1.0;
        due -= f64::from(u8::from(is_due));
        is_due
    });
    let chosen: Vec<Order> = chosen.map(|order| Order { updated: now, ..order.clone() }).collect();
    let numbers = chosen.iter().map(|order| order.number.clone()).collect();
    chosen.into_iter().for_each(|order| state.orders.put(order));
    Ok(numbers)
}
