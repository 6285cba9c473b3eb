//! The enterprise's own codes: `order/orderEnums` (protocols/okki.md 6). Codes are texts here, numbers in orders.

use serde_json::{Value, json};

/// Currencies with `exchange_rate` and `exchange_rate_usd`, both times 100.
const CURRENCIES: [(&str, &str, &str, &str); 4] = [
    ("CNY", "人民币", "100", "14.08"),
    ("USD", "美元", "710", "100"),
    ("EUR", "欧元", "780", "109.86"),
    ("GBP", "英镑", "905", "127.46"),
];

/// Order states; the first is a new order's.
const STATUSES: [(u64, &str); 3] = [(1_101_043_688, "待确认"), (1_101_043_689, "已确认"), (1_101_043_690, "已完成")];

/// The state of a new order.
pub const FIRST_STATUS: u64 = STATUSES[0].0;

/// Both rates of a currency; `None` if the enterprise does not know it.
pub fn rates(currency: &str) -> Option<(&'static str, &'static str)> {
    CURRENCIES.iter().find(|(code, ..)| *code == currency).map(|(_, _, rate, usd)| (*rate, *usd))
}

/// The name of a state; `None` if the enterprise does not know it.
pub fn status_name(code: u64) -> Option<&'static str> {
    STATUSES.iter().find(|(known, _)| *known == code).map(|(_, name)| *name)
}

/// The answer of orderEnums.
pub fn answer() -> Value {
    let list = |pairs: &[(&str, &str)]| -> Value {
        pairs.iter().map(|(code, name)| json!({ "code": code, "name": name })).collect()
    };
    let currencies: Vec<_> = CURRENCIES.iter().map(|(code, name, ..)| (*code, *name)).collect();
    let statuses: Vec<Value> =
        STATUSES.iter().map(|(code, name)| json!({ "code": code.to_string(), "name": name })).collect();
    json!({
        "currency_list": list(&currencies),
        "pay_list": list(&[("T/T", "T/T"), ("L/C", "L/C")]),
        "country_area_list": list(&[("CN", "中国"), ("US", "美国"), ("DE", "德国"), ("PE", "秘鲁")]),
        "source_type_list": list(&[("1", "CRM"), ("2", "信保"), ("3", "e收汇")]),
        "order_status_list": statuses,
        "archive_type_list": list(&[("1", "手动新建"), ("4", "ERP同步")]),
    })
}
