//! The fields of an order: the system's, and the custom ones of this enterprise (protocols/okki.md 5.1, 6).

use serde_json::{Value, json};

use super::knobs::Knobs;

/// What a head field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Any text; blank clears it.
    Text,
    /// `YYYY-MM-DD`, told with ` 00:00:00`.
    Date,
    /// A decimal.
    Number,
    /// A whole number or an id.
    Whole,
}

/// The plain head fields: those that no rule of their own concerns.
pub const HEADS: [(&str, &str, Kind); 34] = [
    ("name", "订单名称", Kind::Text),
    ("account_date", "订单日期", Kind::Date),
    ("currency", "币种", Kind::Text),
    ("exchange_rate", "汇率", Kind::Number),
    ("exchange_rate_usd", "对美元汇率", Kind::Number),
    ("company_name", "客户名称", Kind::Text),
    ("company_phone", "客户电话", Kind::Text),
    ("company_fax", "客户传真", Kind::Text),
    ("company_address", "客户地址", Kind::Text),
    ("country", "国家地区", Kind::Text),
    ("customer_name", "联系人", Kind::Text),
    ("customer_phone", "联系人电话", Kind::Text),
    ("customer_email", "联系人邮箱", Kind::Text),
    ("customer_address", "联系人地址", Kind::Text),
    ("opportunity_id", "商机", Kind::Whole),
    ("source_type", "订单来源", Kind::Whole),
    ("tax_refund_type", "是否退税", Kind::Whole),
    ("price_contract", "价格条款", Kind::Text),
    ("price_contract_remark", "价格条款说明", Kind::Text),
    ("receive_remittance_way", "收汇方式", Kind::Text),
    ("receive_remittance_remark", "收汇说明", Kind::Text),
    ("insurance_remark", "保险说明", Kind::Text),
    ("order_contract", "合同条款", Kind::Text),
    ("shipment_deadline", "装运期限", Kind::Date),
    ("shipment_deadline_remark", "装运期限说明", Kind::Text),
    ("shipment_port", "装运港", Kind::Text),
    ("target_port", "目的港", Kind::Text),
    ("transport_mode", "运输方式", Kind::Text),
    ("more_or_less", "溢短装", Kind::Text),
    ("package_remark", "包装说明", Kind::Text),
    ("marked", "唛头", Kind::Text),
    ("remark", "备注", Kind::Text),
    ("capital_account_id", "资金账户", Kind::Whole),
    ("approval_status", "审批状态", Kind::Whole),
];

/// Texts of a row beside its numbers.
pub const ROW_TEXTS: [&str; 3] = ["product_name", "product_model", "unit"];

/// A custom field.
#[derive(Debug, Clone, Copy)]
pub struct Custom {
    /// Its key.
    pub id: &'static str,
    /// Its caption.
    pub name: &'static str,
    /// `field_type`: 1 text, 3 single choice, 4 date, 5 number, 7 multi choice.
    pub field_type: u8,
    /// The options of a choice.
    pub options: &'static [&'static str],
    /// A row's field.
    pub of_rows: bool,
}

const fn custom(id: &'static str, name: &'static str, field_type: u8, options: &'static [&'static str]) -> Custom {
    Custom { id, name, field_type, options, of_rows: false }
}

/// Every custom field.
pub const CUSTOMS: [Custom; 7] = [
    custom("5094664372713", "金蝶标识状态", 3, &["已审核", "已变更", "已作废"]),
    custom("5094664372721", "金蝶单据编号", 1, &[]),
    custom("5094664372722", "信用天数", 5, &[]),
    custom("5094664372723", "附加服务", 7, &["安装", "培训", "验货"]),
    custom("5094664372724", "要货日期", 4, &[]),
    Custom { of_rows: true, ..custom("5094664372731", "行备注", 1, &[]) },
    Custom { of_rows: true, ..custom("5094664372732", "折扣额", 5, &[]) },
];

/// A custom field by key.
pub fn custom_field(id: &str, of_rows: bool) -> Option<&'static Custom> {
    CUSTOMS.iter().find(|field| field.id == id && field.of_rows == of_rows)
}

/// What an order or row without a value tells: 0 for numbers, else a blank.
pub fn unset(field: &Custom) -> Value {
    if field.field_type == 5 { json!(0) } else { json!("") }
}

/// Lists and references of an order, with rules of their own.
const OTHERS: [(&str, &str, u8); 9] = [
    ("order_no", "订单编号", 1),
    ("company_id", "客户", 9),
    ("customer_id", "联系人", 9),
    ("users", "业绩归属人", 29),
    ("departments", "业绩归属部门", 30),
    ("handler", "处理人", 29),
    ("status", "订单状态", 17),
    ("product_list", "产品明细", 9),
    ("cost_list", "费用明细", 9),
];

const ROWS: [(&str, &str, u8); 5] = [
    ("product_id", "产品", 9),
    ("count", "数量", 5),
    ("unit_price", "单价", 5),
    ("cost_amount", "小计", 5),
    ("other_cost", "其他费用", 5),
];

/// The answer of `order/fields`.
pub fn answer(knobs: &Knobs) -> Value {
    let field = |id: &str, name: &str, base: u8, field_type: u8, options: &[&str], of_rows: bool| {
        let require = id == "currency" || knobs.required.iter().any(|one| one == id);
        json!({
            "id": id, "name": name, "base": base, "field_type": field_type,
            "ext_info": if options.is_empty() { Value::Null } else { json!(options) },
            "require": u8::from(require), "default": "", "disable_flag": 0, "is_list": u8::from(of_rows), "group_id": 1,
        })
    };
    let heads = HEADS.iter().map(|(id, name, kind)| {
        let field_type = match kind {
            Kind::Text => 1,
            Kind::Date => 4,
            Kind::Number | Kind::Whole => 5,
        };
        field(id, name, 1, field_type, &[], false)
    });
    let others = OTHERS.iter().map(|(id, name, kind)| field(id, name, 1, *kind, &[], false));
    let rows = ROWS.iter().map(|(id, name, kind)| field(id, name, 1, *kind, &[], true));
    let customs = CUSTOMS.iter().map(|one| field(one.id, one.name, 0, one.field_type, one.options, one.of_rows));
    others.chain(heads).chain(rows).chain(customs).collect()
}
