//! All orders as the judge of a test sees them: beside the API, nothing hidden, ids and decimals as plain numbers.

use serde_json::{Map, Value, json};

use super::directory::Directory;
use super::fields::HEADS;
use super::order::{Order, Row, Share};
use super::value::number;

/// An order: head fields that have a value (as texts), people, company, rows, fees, `removed`.
pub fn order(order: &Order, all: &Directory) -> Value {
    let mut out = Map::new();
    out.insert("order_no".to_owned(), order.number.clone().into());
    out.insert("order_id".to_owned(), order.id.into());
    out.insert("removed".to_owned(), order.removed.is_some().into());
    let heads = HEADS.iter().filter_map(|(name, ..)| order.head.get_key_value(name));
    out.extend(heads.map(|(name, text)| ((*name).to_owned(), text.clone().into())));
    out.insert("status".to_owned(), order.status.into());
    let company = order.company.and_then(|id| all.companies.any(id));
    out.insert("company_id".to_owned(), order.company.into());
    out.insert("serial_id".to_owned(), company.map(|one| one.serial_id.clone()).into());
    out.insert("customer_id".to_owned(), order.customer.into());
    let shares = |shares: &[Share]| -> Value {
        shares.iter().map(|share| json!({ "id": share.id, "rate": number(&share.rate) })).collect()
    };
    out.insert("users".to_owned(), shares(&order.users));
    out.insert("departments".to_owned(), shares(&order.departments));
    out.insert("handler".to_owned(), json!(order.handlers));
    out.insert("create_user".to_owned(), order.created_by.into());
    out.insert("amount".to_owned(), number(&order.totals().amount));
    out.insert("product_list".to_owned(), order.rows.iter().map(|one| row(one, all)).collect());
    let costs = order.costs.iter().map(|cost| {
        json!({
            "cost_name": cost.name, "percent_type": cost.percent_type,
            "percent_amount": number(&cost.percent_amount), "cost": number(&cost.cost),
        })
    });
    out.insert("cost_list".to_owned(), costs.collect());
    out.extend(order.customs.iter().map(|(id, value)| (id.clone(), value.clone())));
    Value::Object(out)
}

fn row(row: &Row, all: &Directory) -> Value {
    let mut out = Map::new();
    out.insert("unique_id".to_owned(), row.unique_id.into());
    out.insert("product_no".to_owned(), all.products.any(row.product).map(|one| one.number.clone()).into());
    out.insert("product_id".to_owned(), row.product.into());
    out.insert("sku_id".to_owned(), row.sku.into());
    for (name, value) in row.numbers() {
        out.insert(name.to_owned(), number(value));
    }
    out.extend(row.texts.iter().map(|(name, text)| ((*name).to_owned(), text.clone().into())));
    out.extend(row.customs.iter().map(|(id, value)| (id.clone(), value.clone())));
    Value::Object(out)
}
