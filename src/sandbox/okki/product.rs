//! A product with its skus, as the CRM tells it (protocols/okki.md 7).

use serde_json::{Value, json};

use crate::clock::{Time, Zone};
use crate::decimal::Decimal;

use super::catalog::Entry;
use super::value::number;

/// `product_type`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// Without specifications: one sku.
    Plain,
    /// Several skus, told apart by `sku_code`.
    MultiSpec,
    /// Made of others: product, sku and count.
    Combo(Vec<(u64, u64, u32)>),
}

/// A product.
#[derive(Debug, Clone)]
pub struct Product {
    /// `product_id`.
    pub id: u64,
    /// `product_no`, the ERP's material code.
    pub number: String,
    /// Name.
    pub name: String,
    /// Model.
    pub model: String,
    /// Unit.
    pub unit: String,
    /// Price.
    pub price: Decimal,
    /// Type.
    pub kind: Kind,
    /// Ids and codes of its skus.
    pub skus: Vec<(u64, String)>,
    /// Removed.
    pub removed: bool,
    /// When it came.
    pub created: Time,
    /// When it was changed last.
    pub updated: Time,
}

impl Entry for Product {
    fn id(&self) -> u64 {
        self.id
    }

    fn number(&self) -> &str {
        &self.number
    }

    fn updated(&self) -> Time {
        self.updated
    }

    fn is_live(&self) -> bool {
        !self.removed
    }
}

impl Product {
    /// Whether it has this sku.
    pub fn has_sku(&self, sku: u64) -> bool {
        self.skus.iter().any(|(id, _)| *id == sku)
    }

    /// `product_type`.
    pub fn kind_code(&self) -> u8 {
        match self.kind {
            Kind::Plain => 1,
            Kind::MultiSpec => 2,
            Kind::Combo(_) => 3,
        }
    }

    /// A row of product/list: no skus.
    pub fn row(&self, zone: &Zone) -> Value {
        json!({
            "product_id": self.id, "group_id": 3_117_294_431_u64, "name": self.name, "model": self.model,
            "product_no": self.number, "category_ids": [], "unit": self.unit, "product_remark": "",
            "product_type": self.kind_code(), "source_type": 5, "external_field_data": [],
            "create_time": zone.print(self.created), "update_time": zone.print(self.updated), "pin_flag": 0,
            "enable_flag": u8::from(!self.removed), "disable_flag": 0,
            "cost_with_tax": { "cost_currency": "CNY", "cost": self.price.round(4).to_string() },
            "fob": [], "images": [],
        })
    }

    /// The answer of product/info.
    pub fn info(&self, zone: &Zone) -> Value {
        let sku = |(id, code): &(u64, String)| {
            json!({
                "sku_id": id, "sku_code": code, "fob_price": number(&self.price), "enable_flag": 1,
                "attributes_info": [],
            })
        };
        let parts: Vec<Value> = match &self.kind {
            Kind::Plain | Kind::MultiSpec => Vec::new(),
            Kind::Combo(parts) => parts
                .iter()
                .map(|(product, sku, count)| json!({ "sub_sku_id": sku, "sub_product_id": product, "count": count }))
                .collect(),
        };
        json!({
            "create_time": zone.print(self.created), "update_time": zone.print(self.updated), "source_type": 5,
            "product_id": self.id, "product_no": self.number, "name": self.name, "cn_name": "", "enable_flag": 1,
            "disable_flag": 0, "group_id": "3117294431", "product_type": self.kind_code(), "model": self.model,
            "unit": self.unit, "price_currency": "CNY", "price_min": number(&self.price),
            "price_max": number(&self.price), "product_remark": "", "external_field_data": [], "images": [],
            "sku_attributes": [], "sku_items": self.skus.iter().map(sku).collect::<Vec<_>>(),
            "sub_product_sku_items": parts,
        })
    }
}
