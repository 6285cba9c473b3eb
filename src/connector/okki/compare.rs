//! What an order shows otherwise than it was sent: OKKI ignores much without a word (protocols/okki.md 5.3, 5.5-6).

use serde_json::Value;

use super::content::alike;
use super::order::{Order, ROWS, same, text};
use crate::connector::judging::Alike;

/// More differences than this are not listed.
const MOST_LISTED: usize = 20;

/// Members that are not shown as they are sent: who acts, what OKKI computes, files that it copies.
const NOT_COMPARED: &[&str] = &[
    "user_id",
    "create_user",
    "create_time",
    "amount",
    "amount_rmb",
    "amount_usd",
    "addition_cost_amount",
    "product_total_amount",
    "product_total_count",
    "file_list",
];

/// The documented members of an order's head that may not be shown under the name they are sent by
/// (protocols/okki.md 5.1).
const HEAD: &[&str] = &[
    "name",
    "account_date",
    "currency",
    "exchange_rate",
    "exchange_rate_usd",
    "company_id",
    "company_name",
    "company_phone",
    "company_fax",
    "company_address",
    "country",
    "customer_id",
    "customer_name",
    "customer_phone",
    "customer_email",
    "customer_address",
    "opportunity_id",
    "users",
    "departments",
    "handler",
    "cost_list",
    "status",
    "source_type",
    "tax_refund_type",
    "price_contract",
    "price_contract_remark",
    "receive_remittance_way",
    "receive_remittance_remark",
    "insurance_remark",
    "order_contract",
    "shipment_deadline",
    "shipment_deadline_remark",
    "shipment_port",
    "target_port",
    "transport_mode",
    "more_or_less",
    "package_remark",
    "marked",
    "remark",
    "capital_account_id",
];

/// The documented members of a row.
const ROW: &[&str] = &[
    "product_id",
    "sku_id",
    "count",
    "unit_price",
    "other_cost",
    "cost_amount",
    "product_name",
    "product_model",
    "unit",
];

/// An order as sent, without what is not compared. `compare` (payload fields, `product_list.count` for one of rows;
/// empty: all) leaves the others out.
pub fn compared(payload: &str, compare: &[String]) -> Order {
    let mut order = Order::read(payload).unwrap_or_default();
    order.head.retain(|name, _| {
        !NOT_COMPARED.contains(&name.as_str()) && (compare.is_empty() || compare.iter().any(|kept| kept == name))
    });
    let rows = compare.is_empty() || compare.iter().any(|kept| kept == ROWS);
    if !rows {
        let named = compare.iter().filter_map(|kept| kept.strip_prefix(ROWS)?.strip_prefix('.'));
        let kept: Vec<&str> = named.chain(["product_id", "sku_id"]).collect();
        for row in &mut order.rows {
            row.cells.retain(|name, _| kept.contains(&name.as_str()));
        }
    }
    order
}

/// Whether the rows are compared at all.
pub fn compares_rows(compare: &[String]) -> bool {
    compare.is_empty() || compare.iter().any(|kept| kept.split('.').next() == Some(ROWS))
}

/// What of an order as sent is not shown, in words.
pub fn differences(sent: &Order, shown: &Order, rows: bool) -> Vec<String> {
    let heads = sent.head.iter().filter_map(|(name, value)| match shown.head.get(name) {
        None => ignored(name, HEAD).then(|| format!("`{name}` is not shown: OKKI knows no such field of an order")),
        Some(there) if alike(value, there) == Alike::No => {
            Some(format!("`{name}`: {} was sent, {} is there", short(value), short(there)))
        }
        Some(_) => None,
    });
    let mut out: Vec<String> = heads.collect();
    if rows {
        out.extend(unknown_cells(sent, shown));
        out.extend(row_differences(sent, shown));
    }
    if out.len() > MOST_LISTED {
        let more = out.len() - MOST_LISTED;
        out.truncate(MOST_LISTED);
        out.push(format!("{more} more"));
    }
    out
}

/// Members that no row shows although OKKI would, did it know them.
fn unknown_cells(sent: &Order, shown: &Order) -> Vec<String> {
    let Some(first) = shown.rows.first() else { return Vec::new() };
    let mut names: Vec<&String> = sent.rows.iter().flat_map(|row| row.cells.keys()).collect();
    names.sort();
    names.dedup();
    let ignored = names.into_iter().filter(|name| ignored(name, ROW) && !first.cells.contains_key(*name));
    ignored.map(|name| format!("`{ROWS}.{name}` is not shown: OKKI knows no such field of a row")).collect()
}

/// Rows with their id are compared one by one, so that the words can say what differs.
fn row_differences(sent: &Order, shown: &Order) -> Vec<String> {
    let kept = sent.kept();
    if same(&kept, &shown.rows, Alike::Near) {
        return Vec::new();
    }
    let mut out = Vec::new();
    for line in &kept {
        let Some(row) = shown.rows.iter().find(|row| line.id.is_some() && row.id == line.id) else { continue };
        for (name, value) in &line.cells {
            if let Some(there) = row.cells.get(name).filter(|there| alike(value, there) == Alike::No) {
                let id = line.id.as_deref().unwrap_or_default();
                out.push(format!("`{ROWS}` row {id} `{name}`: {} was sent, {} is there", short(value), short(there)));
            }
        }
    }
    if out.is_empty() || kept.len() != shown.rows.len() {
        out.push(format!("`{ROWS}`: {} rows were sent, {} are there, and they differ", kept.len(), shown.rows.len()));
    }
    out
}

/// Whether a member that is not shown is one OKKI does not know: custom fields are always shown (protocols/okki.md 6).
fn ignored(name: &str, documented: &[&str]) -> bool {
    !documented.contains(&name)
}

/// A value for words, cut.
fn short(value: &Value) -> String {
    let text = match text(value) {
        Some(text) => text,
        None if value.is_array() || value.is_object() => value.to_string(),
        None => return "nothing".to_owned(),
    };
    if text.chars().count() <= 60 {
        format!("`{text}`")
    } else {
        format!("`{}…`", text.chars().take(60).collect::<String>())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;

    fn shown() -> Order {
        Order::of(&json!({ "order_id": 5, "order_no": "SO-1", "status": 1101043688, "account_date": "2024-01-29 00:00:00",
            "5094664372713": "", "amount": 300, "remark": "", "cost_list": [{ "cost_name": "物流费", "cost": 20 }],
            "product_list": [{ "unique_id": 7, "product_id": "1", "sku_id": 2, "count": 10, "cost_amount": 100, "unit": "" }] }))
        .unwrap()
    }

    fn told(payload: Value, compare: &[&str]) -> Vec<String> {
        let compare: Vec<String> = compare.iter().map(|path| (*path).to_owned()).collect();
        differences(&compared(&payload.to_string(), &compare), &shown(), compares_rows(&compare))
    }

    #[test]
    fn what_was_taken_over_is_no_difference() {
        let payload = json!({ "order_no": "SO-1", "order_id": "5", "status": "1101043688", "account_date": "2024-01-29",
            "amount": "1", "user_id": "9", "company_phone": "1", "remark": null, "5094664372713": "",
            "cost_list": [{ "cost": "20.00", "cost_name": "物流费", "percent_type": 0 }],
            "product_list": [{ "unique_id": 7, "product_id": 1, "sku_id": "2", "count": "10.0", "cost_amount": "100" }] });
        assert_eq!(told(payload, &[]), Vec::<String>::new());
    }

    #[test]
    fn silent_ignores_are_told() {
        let payload = json!({ "status": "7", "5094664372713": "已审核", "Q1返利": "5", "cost_list": [], "12345": "x",
            "product_list": [{ "unique_id": 7, "product_id": 1, "sku_id": 2, "count": "12", "物流费": 3 }] });
        assert_eq!(
            told(payload.clone(), &[]),
            [
                "`status`: `7` was sent, `1101043688` is there",
                "`5094664372713`: `已审核` was sent, nothing is there",
                "`Q1返利` is not shown: OKKI knows no such field of an order",
                "`cost_list`: `[]` was sent, `[{\"cost_name\":\"物流费\",\"cost\":20}]` is there",
                "`12345` is not shown: OKKI knows no such field of an order",
                "`product_list.物流费` is not shown: OKKI knows no such field of a row",
                "`product_list` row 7 `count`: `12` was sent, `10` is there",
            ]
        );
        assert_eq!(told(payload.clone(), &["status"]).len(), 1);
        assert_eq!(told(payload.clone(), &["product_list.count"]).len(), 1);
        assert_eq!(told(payload, &["product_list.product_id"]), Vec::<String>::new());
        let more = json!({ "product_list": [{ "product_id": 1, "sku_id": 2 }, { "product_id": 1, "sku_id": 2 }] });
        assert_eq!(told(more, &[]), ["`product_list`: 2 rows were sent, 1 are there, and they differ"]);
    }
}
