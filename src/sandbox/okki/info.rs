//! Orders as the API tells them, with its mixture of texts and numbers (protocols/okki.md 6).

use serde_json::{Map, Value, json};

use crate::clock::{Time, Zone};

use super::call::Params;
use super::directory::Directory;
use super::fields::{CUSTOMS, HEADS, Kind, ROW_TEXTS, unset};
use super::knobs::Knobs;
use super::order::{Cost, Order, Row, Share};
use super::orders::Orders;
use super::paging::Page;
use super::reply::Problem;
use super::value::number;

const NO_DATE: &str = "1970-01-01 00:00:00";

/// The order that `order_id` or `order_no` names.
pub fn find<'a>(orders: &'a Orders, params: &Params) -> Result<&'a Order, Problem> {
    let found = match (params.get("order_id"), params.get("order_no")) {
        (Some(id), _) => id.parse().ok().and_then(|id| orders.live(id)),
        (None, Some(number)) => orders.live_by_number(number),
        (None, None) => return Err(Problem::invalid_query()),
    };
    found.ok_or_else(Problem::not_found)
}

/// `order/info`.
pub fn info(order: &Order, all: &Directory, zone: &Zone) -> Value {
    let mut out = head(order, zone);
    out.insert("users".to_owned(), shares(&order.users, "user_id", |id| nickname(all, id), "nickname"));
    let name = |id| all.department_name(id).to_owned();
    out.insert("departments".to_owned(), shares(&order.departments, "department_id", name, "name"));
    out.insert("handler".to_owned(), handlers(order, all));
    out.insert("product_list".to_owned(), order.rows.iter().map(|row| row_info(row, all)).collect());
    out.insert("cost_list".to_owned(), order.costs.iter().map(cost_info).collect());
    let company = order.company.and_then(|id| all.companies.any(id));
    // An object that is not there is told as an empty list.
    let company = company.map_or(
        json!([]),
        |one| json!({ "company_id": one.id.to_string(), "name": one.name, "serial_id": one.serial_id }),
    );
    out.insert("company".to_owned(), company);
    out.insert("quotation_info".to_owned(), json!([]));
    Value::Object(out)
}

/// `order/list`.
pub fn list(orders: &Orders, all: &Directory, params: &Params, knobs: &Knobs, zone: &Zone) -> Result<Value, Problem> {
    let page = Page::read(params, knobs, zone)?;
    let (removed_too, status) = (params.get("removed") == Some("1"), params.get("status"));
    let time = |order: &Order| match page.time_type {
        2 => Some(order.created),
        3 => zone.read(order.text("account_date")),
        4 => order.removed,
        _ => Some(order.updated),
    };
    let unbounded = page.from.is_none() && page.to.is_none();
    let wanted = |order: &&Order| {
        (order.removed.is_none() || removed_too || page.time_type == 4)
            && status.is_none_or(|status| status == order.status.to_string())
            && time(order).map_or(unbounded, |time: Time| page.holds(time))
    };
    let (rows, count) = page.cut(orders.all().filter(wanted).collect(), |order| (order.updated, order.id));
    let row = |order: &Order| {
        let mut out = head(order, zone);
        out.insert("users_info".to_owned(), shares(&order.users, "user_id", |id| nickname(all, id), "nickname"));
        out.insert("handler_info".to_owned(), handlers(order, all));
        let name = |id| all.department_name(id).to_owned();
        out.insert("departments_info".to_owned(), shares(&order.departments, "department_id", name, "name"));
        Value::Object(out)
    };
    Ok(json!({ "count": count, "list": rows.into_iter().map(row).collect::<Vec<_>>() }))
}

/// A row in the answer of a push.
pub fn pushed_row(row: &Row, all: &Directory) -> Value {
    let product = all.products.any(row.product);
    json!({
        "unique_id": row.unique_id,
        "product_name": product.map_or("", |one| &one.name), "product_no": product.map_or("", |one| &one.number),
        "product_model": product.map_or("", |one| &one.model), "product_id": row.product, "sku_id": row.sku,
        "count": number(&row.count), "unit_price": number(&row.unit_price),
    })
}

/// What info and list share: custom fields first, each with its default.
fn head(order: &Order, zone: &Zone) -> Map<String, Value> {
    let mut out = Map::new();
    for field in CUSTOMS.iter().filter(|field| !field.of_rows) {
        out.insert(field.id.to_owned(), order.customs.get(field.id).cloned().unwrap_or_else(|| unset(field)));
    }
    out.extend(order.customs.iter().map(|(id, value)| (id.clone(), value.clone())));
    out.insert("order_id".to_owned(), order.id.into());
    out.insert("order_no".to_owned(), order.number.clone().into());
    for (name, _, kind) in HEADS {
        out.insert(name.to_owned(), head_value(order.text(name), kind, name));
    }
    let totals = order.totals();
    for (name, total) in [
        ("amount", &totals.amount),
        ("amount_rmb", &totals.amount_rmb),
        ("amount_usd", &totals.amount_usd),
        ("product_total_amount", &totals.products),
        ("product_total_count", &totals.count),
        ("addition_cost_amount", &totals.costs),
    ] {
        out.insert(name.to_owned(), number(total));
    }
    let users: Vec<u64> = order.users.iter().map(|share| share.id).collect();
    out.insert("user_id".to_owned(), json!(users));
    out.insert("create_user".to_owned(), order.created_by.into());
    out.insert("status".to_owned(), order.status.into());
    out.insert("company_id".to_owned(), order.company.unwrap_or(0).into());
    out.insert("customer_id".to_owned(), order.customer.unwrap_or(0).into());
    out.insert("create_time".to_owned(), zone.print(order.created).into());
    out.insert("update_time".to_owned(), zone.print(order.updated).into());
    out.insert("archive_type".to_owned(), 4.into());
    out
}

fn head_value(text: &str, kind: Kind, name: &str) -> Value {
    match (kind, text) {
        (Kind::Date, "") => json!(NO_DATE),
        (Kind::Date, date) => format!("{date} 00:00:00").into(),
        (Kind::Number | Kind::Whole, "") => json!(if name == "approval_status" { -1 } else { 0 }),
        (Kind::Number | Kind::Whole, number) => number.parse().map_or(Value::Null, Value::Number),
        (Kind::Text, text) => text.into(),
    }
}

fn shares(shares: &[Share], key: &str, caption: impl Fn(u64) -> String, name: &str) -> Value {
    let one =
        |share: &Share| json!({ "rate": number(&share.rate), key: share.id.to_string(), name: caption(share.id) });
    shares.iter().map(one).collect()
}

fn handlers(order: &Order, all: &Directory) -> Value {
    let one = |id: &u64| json!({ "user_id": id.to_string(), "nickname": nickname(all, *id) });
    order.handlers.iter().map(one).collect()
}

fn nickname(all: &Directory, user: u64) -> String {
    all.users.get(user).map(|user| user.name.clone()).unwrap_or_default()
}

/// `product_id` is a text here, `sku_id` a number.
fn row_info(row: &Row, all: &Directory) -> Value {
    let mut out = Map::new();
    for field in CUSTOMS.iter().filter(|field| field.of_rows) {
        out.insert(field.id.to_owned(), row.customs.get(field.id).cloned().unwrap_or_else(|| unset(field)));
    }
    out.extend(row.customs.iter().map(|(id, value)| (id.clone(), value.clone())));
    let product = all.products.any(row.product);
    out.insert("product_id".to_owned(), row.product.to_string().into());
    out.insert("sku_id".to_owned(), row.sku.into());
    out.insert("unique_id".to_owned(), row.unique_id.into());
    out.insert("product_no".to_owned(), product.map_or("", |one| &one.number).into());
    for (name, value) in row.numbers() {
        out.insert(name.to_owned(), number(value));
    }
    for name in ROW_TEXTS {
        let of_product = product.map_or("", |one| match name {
            "product_name" => &one.name,
            "product_model" => &one.model,
            _ => &one.unit,
        });
        out.insert(name.to_owned(), row.texts.get(name).map_or(of_product, String::as_str).into());
    }
    Value::Object(out)
}

fn cost_info(cost: &Cost) -> Value {
    json!({
        "cost_name": cost.name, "percent_type": cost.percent_type.to_string(),
        "percent_amount": number(&cost.percent_amount).to_string(), "cost": number(&cost.cost),
        "cost_remark": cost.remark,
    })
}
