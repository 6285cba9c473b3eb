//! `order/push`: creates or edits one order (protocols/okki.md 5).

use serde_json::{Map, Value, json};

use crate::clock::{Time, Zone};
use crate::sandbox::ledger::Effect;

use super::directory::OWNER;
use super::enums;
use super::fill::{self, Desk};
use super::info;
use super::knobs::Knobs;
use super::order::Order;
use super::orders::Orders;
use super::reply::Problem;
use super::state::State;
use super::value;

/// What a push did.
#[derive(Debug)]
pub struct Pushed {
    /// `order_no`.
    pub number: String,
    /// Create, update, or nothing.
    pub effect: Effect,
    /// The answer's `data`.
    pub answer: Value,
}

/// The body as an object.
pub fn read(body: &[u8]) -> Result<Map<String, Value>, Problem> {
    if body.trim_ascii().is_empty() {
        return Err(Problem::empty_body());
    }
    serde_json::from_slice(body).map_err(|_| Problem::invalid_json())
}

/// The number of the order that a push names, by number or id; blank if none.
pub fn document(body: &Map<String, Value>, orders: &Orders) -> String {
    let by_id = || orders.live(value::id(body, "order_id")?).map(|order| order.number.clone());
    value::member(body, "order_no").or_else(by_id).unwrap_or_default()
}

/// Carries a push out, whole or not at all.
pub fn run(
    state: &mut State,
    body: &Map<String, Value>,
    knobs: &Knobs,
    now: Time,
    zone: &Zone,
) -> Result<Pushed, Problem> {
    let currency = value::member(body, "currency").ok_or_else(|| Problem::empty("currency"))?;
    let (rate, usd_rate) =
        enums::rates(&currency).ok_or_else(|| Problem::invalid("currency", "a code of currency_list"))?;
    if value::member(body, "user_id").is_some_and(|user| user != OWNER.to_string()) {
        return Err(Problem::may_not_edit());
    }
    let (mut order, effect) = match existing(&state.orders, body, knobs, now)? {
        Some(order) => (order, Effect::Update),
        None => (fresh(state, body, now, zone), Effect::Create),
    };
    let is_new = effect == Effect::Create;
    if !is_new && knobs.lock_in_approval && !order.is_free() {
        return Err(Problem::no_privilege());
    }
    let status = value::member(body, "status").map(|text| text.parse().ok().filter(|code| known(*code)));
    if status == Some(None) && knobs.bad_status_stops_edit && !is_new {
        let answer = answer(&order, state, knobs, None);
        return Ok(Pushed { number: order.number, effect: Effect::None, answer });
    }
    if knobs.clear_omitted && !is_new {
        let blank = Order::new(order.id, order.number, order.created_by, order.created);
        order = Order { rows: order.rows, status: order.status, ..blank };
    }
    let mut desk = Desk { directory: &state.directory, counter: &mut state.orders.counter, knobs, is_new };
    let touched = fill::fill(&mut order, body, &mut desk)?;
    // Only an absent key: a blank one disables the automatic rates.
    if !body.contains_key("exchange_rate") {
        order.head.insert("exchange_rate", rate.to_owned());
        order.head.insert("exchange_rate_usd", usd_rate.to_owned());
    }
    order.status = status.flatten().unwrap_or(order.status);
    if is_new {
        let creator = value::id(body, "create_user").filter(|user| state.directory.users.get(*user).is_some());
        order.created_by = creator.unwrap_or(OWNER);
    }
    required(&order, knobs)?;
    order.updated = now;
    let answer = answer(&order, state, knobs, Some(&touched));
    let number = order.number.clone();
    state.orders.put(order);
    Ok(Pushed { number, effect, answer })
}

fn known(status: u64) -> bool {
    enums::status_name(status).is_some()
}

/// The order that the push means, if it is an edit (5.2).
fn existing(orders: &Orders, body: &Map<String, Value>, knobs: &Knobs, now: Time) -> Result<Option<Order>, Problem> {
    let (id, number) = (value::member(body, "order_id"), value::member(body, "order_no"));
    if let Some(id) = id {
        let found = id.parse().ok().and_then(|id| orders.live(id)).ok_or_else(Problem::not_found)?;
        let mut order = found.clone();
        if let Some(number) = number.filter(|number| *number != order.number) {
            if orders.live_by_number(&number).is_some() {
                return Err(Problem::operation("订单编号已存在"));
            }
            order.number = number;
        }
        return Ok(Some(order));
    }
    let Some(number) = number else { return Ok(None) };
    match orders.live_by_number(&number) {
        Some(order) => Ok(Some(order).filter(|order| now.since(order.created) >= knobs.race).cloned()),
        None if knobs.refuse_removed_number && orders.knows_number(&number) => Err(Problem::not_found()),
        None => Ok(None),
    }
}

/// A new order, with a number of its own where none was sent.
fn fresh(state: &mut State, body: &Map<String, Value>, now: Time, zone: &Zone) -> Order {
    let id = state.orders.counter.take();
    let generated = || format!("SO-{}-{id}", zone.civil(now).print("yyyyMMdd"));
    Order::new(id, value::member(body, "order_no").unwrap_or_else(generated), OWNER, now)
}

/// What this enterprise requires.
fn required(order: &Order, knobs: &Knobs) -> Result<(), Problem> {
    for field in &knobs.required {
        let is_set = match field.as_str() {
            "company_id" => order.company.is_some(),
            "customer_id" => order.customer.is_some(),
            "users" => !order.users.is_empty(),
            "departments" => !order.departments.is_empty(),
            "handler" => !order.handlers.is_empty(),
            "product_list" => !order.rows.is_empty(),
            "cost_list" => !order.costs.is_empty(),
            "order_no" | "status" => true,
            name => !order.text(name).is_empty() || order.customs.contains_key(name),
        };
        if !is_set {
            return Err(Problem::empty(field));
        }
    }
    Ok(())
}

/// `data`: the id and the rows, without the number. `touched`: rows the push wrote.
fn answer(order: &Order, state: &State, knobs: &Knobs, touched: Option<&[u64]>) -> Value {
    let told = |id: &u64| touched.is_none_or(|touched| !knobs.answer_sent_rows || touched.contains(id));
    let rows = order.rows.iter().filter(|row| told(&row.unique_id));
    let mut rows: Vec<Value> = rows.map(|row| info::pushed_row(row, &state.directory)).collect();
    if knobs.reverse_answer {
        rows.reverse();
    }
    json!({ "order_id": order.id, "product_list": rows })
}
