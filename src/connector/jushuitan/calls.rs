//! The calls a scheme can read, and their business parameters.

use std::time::Duration;

use serde_json::{Map, Value};

use super::fields;
use crate::connector::params::Moments;
use crate::connector::{SourceCall, Window};

/// A call.
#[derive(Debug)]
pub struct Call {
    /// As the vendor names it.
    pub name: &'static str,
    /// Parameters it takes.
    pub params: &'static [&'static str],
    fields: &'static [&'static str],
    numeric: &'static [&'static str],
    /// Largest page.
    pub max_page: u32,
    /// Whether it takes a window of `modified`, and must.
    pub windows: bool,
    /// The parameter that takes a row version (protocols/jushuitan.md 4.6).
    pub cursor: Option<&'static str>,
    /// Key fields it can be asked by, each with its parameter and how many at a time.
    pub keyed: &'static [(&'static str, &'static str, usize)],
}

/// Every call.
pub const CALLS: &[Call] = &[
    Call {
        name: "orders.out.simple.query",
        params: &[
            "shop_id",
            "is_offline_shop",
            "status",
            "modified_begin",
            "modified_end",
            "date_type",
            "so_ids",
            "o_ids",
            "io_ids",
            "l_ids",
            "wave_ids",
            "wms_co_id",
            "owner_co_id",
            "drp_co_id",
            "page_index",
            "page_size",
            "start_ts",
            "is_get_total",
            "is_get_cbfinance",
            "is_get_cblogistic",
            "InoutFlds",
            "InoutItemFlds",
        ],
        fields: fields::SHIPMENT,
        numeric: fields::SHIPMENT_NUMERIC,
        max_page: 50,
        windows: true,
        cursor: Some("start_ts"),
        keyed: &[("io_id", "io_ids", 50), ("so_id", "so_ids", 50), ("o_id", "o_ids", 50), ("l_id", "l_ids", 20)],
    },
    Call {
        name: "shops.query",
        params: &["page_index", "page_size"],
        fields: fields::SHOP,
        numeric: fields::SHOP_NUMERIC,
        max_page: 100,
        windows: false,
        cursor: None,
        keyed: &[],
    },
];

/// Seven days are allowed; whether exactly seven are is not known (protocols/jushuitan.md 6).
const MAX_WINDOW: Duration = Duration::from_secs(7 * 86_400 - 1);

/// Parameters that change what a document holds, not which documents are found: a document asked for by key must look
/// like one that a window found.
pub const SHAPING: &[&str] = &["is_get_cbfinance", "is_get_cblogistic", "InoutFlds", "InoutItemFlds"];

impl Call {
    /// The call of a name.
    pub fn named(name: &str) -> Option<&'static Self> {
        CALLS.iter().find(|call| call.name == name)
    }

    /// Its description for the engine.
    pub fn described(&self) -> SourceCall {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        SourceCall {
            fields: owned(self.fields),
            params: self.params.to_vec(),
            max_page: self.max_page,
            max_window: self.windows.then_some(MAX_WINDOW),
            windows: self.windows,
            resumable: false,
            shifts: true,
            by_key: self.keyed.iter().map(|(_, _, most)| *most).max().unwrap_or(0),
            numeric: owned(self.numeric),
            grain: Duration::from_secs(1),
        }
    }

    /// Business parameters of one page: the scheme's own (empty ones left out), the window or the row version unless
    /// they name it, page and size. The error says why the call would be refused.
    pub fn page(&self, mut params: Map<String, Value>, moments: &Moments<'_>) -> Result<Map<String, Value>, String> {
        params.retain(|_, value| !is_empty(value));
        if let Some((name, cursor)) = self.cursor.zip(moments.cursor) {
            let digits = || cursor.as_str().parse::<u64>().map_err(|_| format!("`{name}` takes no `{cursor}`"));
            if !params.contains_key(name) {
                params.insert(name.to_owned(), digits()?.into());
            }
            // With a row version rows are not counted: that would be the whole rest, for each page.
            if !params.contains_key("is_get_total") {
                params.insert("is_get_total".to_owned(), false.into());
            }
        }
        if self.windows {
            if let Some(Window { begin, end }) = moments.window {
                for (name, time) in [("modified_begin", begin), ("modified_end", end)] {
                    if !params.contains_key(name) {
                        params.insert(name.to_owned(), moments.zone.print(time).into());
                    }
                }
            }
            let bounded = ["modified_begin", "start_ts", "so_ids", "o_ids", "io_ids", "l_ids", "wave_ids"];
            if !bounded.iter().any(|name| params.contains_key(*name)) {
                return Err(format!("`{}` needs a window of time or a list of ids", self.name));
            }
        }
        params.insert("page_index".to_owned(), moments.page.into());
        params.insert("page_size".to_owned(), moments.page_size.into());
        Ok(params)
    }
}

/// Empty parameters are never sent: clients differ in whether they are signed (protocols/jushuitan.md 2.1).
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(elements) => elements.is_empty(),
        Value::Bool(_) | Value::Number(_) | Value::Object(_) => false,
    }
}
