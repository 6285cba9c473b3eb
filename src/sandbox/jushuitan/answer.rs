//! The members of answers: a page of shipments, a page of shops.

use serde_json::{Map, Value, json};

use crate::sandbox::goods::SHOPS;
use crate::sandbox::jushuitan::documents::Page;
use crate::sandbox::jushuitan::gateway::Style;
use crate::sandbox::jushuitan::maker::CO_ID;
use crate::sandbox::jushuitan::query::{Query, paging};
use crate::sandbox::jushuitan::refusal::Refusal;

/// Fields that some methods print as texts (protocols/jushuitan.md 4.4).
const AMOUNTS: [&str; 10] = [
    "pay_amount",
    "paid_amount",
    "free_amount",
    "freight",
    "weight",
    "f_weight",
    "qty",
    "sale_price",
    "sale_amount",
    "sale_base_price",
];

/// How a page of shipments is told.
#[derive(Debug, Clone, Copy)]
pub struct PageStyle {
    /// Of the envelope.
    pub style: Style,
    /// Amounts as texts.
    pub amounts_text: bool,
    /// No counts at all when they were not asked for, instead of zeros.
    pub counts_absent: bool,
}

/// A page of shipments.
pub fn shipments(query: &Query, page: &Page<'_>, told: PageStyle) -> String {
    let length: usize = page.texts.iter().map(|text| text.len() + 1).sum();
    let mut out = String::with_capacity(length + 200);
    out.push_str(&format!("\"page_index\":{},\"page_size\":{}", query.page_index, query.page_size));
    match page.count.filter(|_| query.total) {
        Some(count) => {
            let pages = count.div_ceil(query.page_size.max(1));
            out.push_str(&format!(",\"data_count\":{count},\"page_count\":{pages}"));
        }
        None if told.counts_absent => {}
        None => out.push_str(",\"data_count\":0,\"page_count\":0"),
    }
    out.push_str(&format!(",\"has_next\":{},\"datas\":[", told.style.flag(page.has_next)));
    for (at, text) in page.texts.iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        if told.amounts_text { out.push_str(&amounts_as_texts(text)) } else { out.push_str(text) }
    }
    out.push(']');
    out
}

/// A page of shops, of at most 100.
pub fn shops(biz: &Map<String, Value>, style: Style) -> Result<String, Refusal> {
    let (index, size) = paging(biz, Some(100))?;
    let skip = index.saturating_sub(1).saturating_mul(size);
    let shop = |shop: &crate::sandbox::goods::Shop| {
        json!({
            "shop_id": shop.id, "shop_name": shop.name, "co_id": CO_ID, "shop_site": shop.site, "shop_url": "",
            "created": "2023-01-05 10:00:00", "nick": shop.name, "session_expired": null, "session_uid": "",
            "short_name": "", "group_id": 0, "group_name": null,
        })
    };
    let datas: Vec<Value> = SHOPS.iter().skip(skip).take(size).map(shop).collect();
    let has_next = style.flag(SHOPS.len() > skip.saturating_add(size));
    let datas = Value::Array(datas);
    Ok(format!("\"datas\":{datas},\"page_index\":{index},\"has_next\":{has_next},\"page_size\":{size}"))
}

fn amounts_as_texts(text: &str) -> String {
    match serde_json::from_str(text) {
        Ok(mut document) => {
            quote_amounts(&mut document);
            document.to_string()
        }
        Err(_) => text.to_owned(),
    }
}

fn quote_amounts(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match member {
                    Value::Number(number) if AMOUNTS.contains(&name.as_str()) => {
                        *member = Value::String(number.to_string());
                    }
                    other => quote_amounts(other),
                }
            }
        }
        Value::Array(list) => list.iter_mut().for_each(quote_amounts),
        _ => {}
    }
}
