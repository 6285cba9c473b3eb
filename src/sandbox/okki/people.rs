//! Users, departments and handlers of an order (protocols/okki.md 5.1).

use serde_json::{Map, Value};

use crate::decimal::Decimal;

use super::fill::{Desk, list};
use super::order::{Order, Share};
use super::reply::Problem;
use super::value::{decimal, id, member, text};

/// Writes them; each list replaces the whole.
pub fn fill(order: &mut Order, body: &Map<String, Value>, desk: &Desk<'_>) -> Result<(), Problem> {
    let lax = desk.knobs.store_bad_reference;
    let is_user = |user: u64| lax || desk.directory.users.get(user).is_some();
    let is_department = |id: u64| lax || desk.directory.departments.iter().any(|one| one.id == id);
    if let Some(list) = list(body, "users")? {
        order.users = shares(list, "user_id", is_user)?;
    }
    if let Some(list) = list(body, "departments")? {
        order.departments = shares(list, "department_id", is_department)?;
    }
    if let Some(list) = list(body, "handler")? {
        let user = |value: &Value| text(value)?.parse().ok().filter(|user| is_user(*user));
        order.handlers = list.iter().map(user).collect::<Option<_>>().ok_or_else(Problem::not_found)?;
    }
    Ok(())
}

/// Shares in per cent, together 100 at most.
fn shares(list: &[Value], key: &str, exists: impl Fn(u64) -> bool) -> Result<Vec<Share>, Problem> {
    let mut shares = Vec::new();
    let mut sum = Decimal::zero();
    for one in list {
        let map = one.as_object().ok_or_else(|| Problem::invalid(key, "object"))?;
        for name in [key, "rate"] {
            member(map, name).ok_or_else(|| Problem::empty(name))?;
        }
        let id = id(map, key).filter(|id| exists(*id)).ok_or_else(Problem::not_found)?;
        let rate = decimal(map, "rate").ok_or_else(|| Problem::invalid("rate", "numeric"))?;
        sum = sum.plus(&rate);
        shares.push(Share { id, rate });
    }
    if sum > Decimal::from_i64(100) {
        return Err(Problem::operation("比例之和不能大于100"));
    }
    Ok(shares)
}
