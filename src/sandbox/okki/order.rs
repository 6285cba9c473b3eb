//! A sales order as the CRM keeps it, and what it computes from it (protocols/okki.md 5.1, 5.3).

use std::collections::BTreeMap;

use serde_json::Value;

use crate::clock::Time;
use crate::decimal::Decimal;

/// A product row. Its real key is `unique_id`.
#[derive(Debug, Clone)]
pub struct Row {
    /// Given by the CRM.
    pub unique_id: u64,
    /// `product_id`.
    pub product: u64,
    /// `sku_id`.
    pub sku: u64,
    /// `count`.
    pub count: Decimal,
    /// `unit_price`.
    pub unit_price: Decimal,
    /// `cost_amount`: never computed.
    pub cost_amount: Decimal,
    /// `other_cost`: never computed.
    pub other_cost: Decimal,
    /// The row's other texts.
    pub texts: BTreeMap<&'static str, String>,
    /// The row's custom fields.
    pub customs: BTreeMap<String, Value>,
}

impl Row {
    /// Its numbers under their names, in the order they are shown.
    pub fn numbers(&self) -> [(&'static str, &Decimal); 4] {
        [
            ("count", &self.count),
            ("unit_price", &self.unit_price),
            ("cost_amount", &self.cost_amount),
            ("other_cost", &self.other_cost),
        ]
    }
}

/// A row of `cost_list`.
#[derive(Debug, Clone)]
pub struct Cost {
    /// `cost_name`.
    pub name: String,
    /// 0 + amount, 1 + per cent, 2 − amount, 3 − per cent.
    pub percent_type: u8,
    /// `percent_amount`.
    pub percent_amount: Decimal,
    /// `cost`, taken as given; its sign comes from `percent_type`.
    pub cost: Decimal,
    /// `cost_remark`.
    pub remark: String,
}

/// A user's or department's share in per cent.
#[derive(Debug, Clone)]
pub struct Share {
    /// Whose.
    pub id: u64,
    /// Per cent.
    pub rate: Decimal,
}

/// A sales order.
#[derive(Debug, Clone)]
pub struct Order {
    /// `order_id`.
    pub id: u64,
    /// `order_no`.
    pub number: String,
    /// Plain head fields that have a value.
    pub head: BTreeMap<&'static str, String>,
    /// `status`.
    pub status: u64,
    /// `company_id`.
    pub company: Option<u64>,
    /// `customer_id`.
    pub customer: Option<u64>,
    /// 业绩归属人.
    pub users: Vec<Share>,
    /// 业绩归属部门.
    pub departments: Vec<Share>,
    /// 处理人.
    pub handlers: Vec<u64>,
    /// Live rows.
    pub rows: Vec<Row>,
    /// Fees.
    pub costs: Vec<Cost>,
    /// Custom fields that have a value.
    pub customs: BTreeMap<String, Value>,
    /// `create_user`.
    pub created_by: u64,
    /// `create_time`.
    pub created: Time,
    /// `update_time`.
    pub updated: Time,
    /// When it was removed.
    pub removed: Option<Time>,
}

/// What the CRM computes from rows and fees.
#[derive(Debug)]
pub struct Totals {
    /// Σ count.
    pub count: Decimal,
    /// Σ cost_amount.
    pub products: Decimal,
    /// Σ fees, with their signs.
    pub costs: Decimal,
    /// Both.
    pub amount: Decimal,
    /// `amount` × `exchange_rate` / 100.
    pub amount_rmb: Decimal,
    /// `amount` × `exchange_rate_usd` / 100.
    pub amount_usd: Decimal,
}

impl Order {
    /// An order of nothing.
    pub fn new(id: u64, number: String, created_by: u64, now: Time) -> Self {
        Self {
            id,
            number,
            head: BTreeMap::new(),
            status: super::enums::FIRST_STATUS,
            company: None,
            customer: None,
            users: Vec::new(),
            departments: Vec::new(),
            handlers: vec![created_by],
            rows: Vec::new(),
            costs: Vec::new(),
            customs: BTreeMap::new(),
            created_by,
            created: now,
            updated: now,
            removed: None,
        }
    }

    /// A plain head field; blank if it has no value.
    pub fn text(&self, name: &str) -> &str {
        self.head.get(name).map(String::as_str).unwrap_or_default()
    }

    /// Whether it is not in an approval.
    pub fn is_free(&self) -> bool {
        matches!(self.text("approval_status"), "" | "-1")
    }

    /// The sums.
    pub fn totals(&self) -> Totals {
        let sum = |all: &mut dyn Iterator<Item = Decimal>| all.fold(Decimal::zero(), |sum, one| sum.plus(&one));
        let products = sum(&mut self.rows.iter().map(|row| row.cost_amount.clone()));
        let costs = sum(&mut self.costs.iter().map(Cost::signed));
        let amount = products.plus(&costs);
        let by_rate = |name: &str| {
            let rate = Decimal::parse(self.text(name)).unwrap_or_else(Decimal::zero);
            amount.times(&rate).divided_by(&Decimal::from_i64(100), 10).unwrap_or_else(Decimal::zero)
        };
        Totals {
            count: sum(&mut self.rows.iter().map(|row| row.count.clone())),
            amount_rmb: by_rate("exchange_rate"),
            amount_usd: by_rate("exchange_rate_usd"),
            products,
            costs,
            amount,
        }
    }
}

impl Cost {
    /// The fee with its sign.
    fn signed(&self) -> Decimal {
        let size = self.cost.abs();
        if self.percent_type >= 2 { Decimal::zero().minus(&size) } else { size }
    }
}
