//! The calls a scheme can read or send, and the parameters of a page.

use std::time::Duration;

use serde_json::{Map, Value};

use super::fields;
use crate::connector::params::Moments;
use crate::connector::{DetailCall, SourceCall, TargetCall, Window};

/// A list.
#[derive(Debug)]
pub struct Source {
    /// Its path.
    pub name: &'static str,
    params: &'static [&'static str],
    fields: &'static [&'static str],
    numeric: &'static [&'static str],
    /// Whether it comes in pages, and takes a window of update time.
    pub paged: bool,
    /// The call that shows one of its documents whole, with the key fields that are its parameters.
    pub detail: Option<(&'static str, &'static [&'static str])>,
}

/// A call that shows one document whole.
#[derive(Debug)]
pub struct Detail {
    /// Its path.
    pub name: &'static str,
    params: &'static [&'static str],
    fields: &'static [&'static str],
    numeric: &'static [&'static str],
}

/// Every list.
pub const SOURCES: &[Source] = &[
    Source {
        name: "/v1/company/list",
        params: &["all", "removed", "group_id", "time_type", "start_time", "end_time", "count", "start_index"],
        fields: fields::COMPANY_ROW,
        numeric: fields::COMPANY_NUMERIC,
        paged: true,
        detail: Some(("/v1/company/info", &["company_id", "serial_id"])),
    },
    Source {
        name: "/v1/product/list",
        params: &["product_type", "time_type", "start_time", "end_time", "count", "start_index"],
        fields: fields::PRODUCT_ROW,
        numeric: fields::PRODUCT_NUMERIC,
        paged: true,
        detail: Some(("/v1/product/info", &["product_id", "product_no"])),
    },
    Source {
        name: "/v1/user/list",
        params: &["enable_flag"],
        fields: fields::USER,
        numeric: fields::USER_NUMERIC,
        paged: false,
        detail: None,
    },
    Source {
        name: "/v1/user/departmentList",
        params: &[],
        fields: fields::DEPARTMENT,
        numeric: fields::DEPARTMENT_NUMERIC,
        paged: false,
        detail: None,
    },
];

/// Every detail.
pub const DETAILS: &[Detail] = &[
    Detail {
        name: "/v1/company/info",
        params: &["company_id", "serial_id", "format"],
        fields: fields::COMPANY,
        numeric: fields::COMPANY_NUMERIC,
    },
    Detail {
        name: "/v1/product/info",
        params: &["product_id", "product_no"],
        fields: fields::PRODUCT,
        numeric: fields::PRODUCT_NUMERIC,
    },
];

/// What a call does to an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// `/v1/invoices/order/push`: creates, or overwrites by id or number.
    Push,
    /// `/v1/invoices/order/remove`.
    Remove,
}

/// Every target.
pub const TARGETS: &[(&str, Target)] =
    &[("/v1/invoices/order/push", Target::Push), ("/v1/invoices/order/remove", Target::Remove)];

/// Where an order is shown.
pub const ORDER_INFO: &str = "/v1/invoices/order/info";

/// Largest page that is known to work everywhere (protocols/okki.md 9).
pub const MAX_PAGE: u32 = 100;

/// The documented time-out: the system may go on that long after we gave up (protocols/okki.md 1, rules.md 6).
const SETTLE: Duration = Duration::from_secs(60);

impl Source {
    /// The list of a name.
    pub fn named(name: &str) -> Option<&'static Self> {
        SOURCES.iter().find(|call| call.name == name)
    }

    /// Its description for the engine.
    pub fn described(&self) -> SourceCall {
        SourceCall {
            fields: owned(self.fields),
            params: self.params.to_vec(),
            max_page: MAX_PAGE,
            max_window: None,
            windows: self.paged,
            resumable: false,
            shifts: self.paged,
            by_key: usize::from(self.detail.is_some()),
            numeric: owned(self.numeric),
            grain: Duration::from_secs(1),
        }
    }

    /// Parameters of one page: the scheme's own, the window unless they name it, page and size.
    pub fn page(&self, params: Map<String, Value>, moments: &Moments<'_>) -> Vec<(String, String)> {
        let mut params: Vec<(String, String)> =
            params.into_iter().filter_map(|(name, value)| Some((name, text(&value)?))).collect();
        if !self.paged {
            return params;
        }
        params.retain(|(name, _)| name != "count" && name != "start_index");
        if let Some(Window { begin, end }) = moments.window
            && !params.iter().any(|(name, _)| name == "start_time" || name == "end_time")
        {
            for (name, time) in [("start_time", begin), ("end_time", end)] {
                params.push((name.to_owned(), moments.zone.print(time)));
            }
        }
        params.push(("count".to_owned(), moments.page_size.to_string()));
        params.push(("start_index".to_owned(), moments.page.to_string()));
        params
    }
}

impl Detail {
    /// The detail of a name.
    pub fn named(name: &str) -> Option<&'static Self> {
        DETAILS.iter().find(|call| call.name == name)
    }

    /// Its description for the engine.
    pub fn described(&self) -> DetailCall {
        DetailCall { fields: owned(self.fields), params: self.params.to_vec(), numeric: owned(self.numeric) }
    }
}

impl Target {
    /// The target of a name.
    pub fn named(name: &str) -> Option<(&'static str, Self)> {
        TARGETS.iter().find(|(call, _)| *call == name).copied()
    }

    /// Its description for the engine.
    pub fn described(self) -> TargetCall {
        let pushes = self == Self::Push;
        TargetCall {
            mapped: pushes,
            form: false,
            updates: pushes,
            // A number that is known edits its order (protocols/okki.md 5.2).
            overwrites: pushes,
            refuses_known_number: false,
            probes: true,
            asks_many: false,
            deletes: !pushes,
            number: pushes.then_some("order_no"),
            max_batch: 1,
            settle: |_| SETTLE,
            options: &[],
        }
    }
}

/// A parameter's text; empty ones are left out.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::Null | Value::Array(_) | Value::Object(_) => None,
        Value::String(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
    }
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}
