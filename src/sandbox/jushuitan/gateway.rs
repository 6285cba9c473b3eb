//! The two gateways: how a call arrives, and how its answer is wrapped (protocols/jushuitan.md 1).

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use url::form_urlencoded;

use crate::sandbox::jushuitan::refusal::{Refusal, unreadable};
use crate::sandbox::wire::Request;

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gateway {
    /// `openapi.jushuitan.com`: everything in the form body, answers nested under `data`.
    Open,
    /// `open.erp321.com`: system parameters in the query string, flat answers.
    Legacy,
}

/// A call as it arrived.
#[derive(Debug)]
pub struct Call {
    /// By which gateway.
    pub gateway: Gateway,
    /// In the vendor's words: `orders.out.simple.query`, `getInitToken`, …
    pub method: String,
    /// System parameters: the decoded form, or the decoded query string.
    pub params: BTreeMap<String, String>,
    /// Text of the business parameters.
    pub biz: String,
}

impl Call {
    /// Recognises a call by its path; `None` if it leads nowhere.
    pub fn read(request: &Request) -> Option<Self> {
        if request.path == "/api/open/query.aspx" {
            let params = decoded(request.query.as_bytes());
            let method = params.get("method").cloned().unwrap_or_default();
            let biz = String::from_utf8_lossy(&request.body).into_owned();
            return Some(Self { gateway: Gateway::Legacy, method, params, biz });
        }
        let method = match request.path.strip_prefix("/openWeb/auth/") {
            Some(call) => call.to_owned(),
            None => request.path.strip_prefix("/open/")?.replace('/', "."),
        };
        // What is not a form is not seen, nor is the query string.
        let is_form = request.header("content-type").is_some_and(|kind| {
            kind.trim_start().to_ascii_lowercase().starts_with("application/x-www-form-urlencoded")
        });
        let params = if is_form { decoded(&request.body) } else { BTreeMap::new() };
        let biz = params.get("biz").cloned().unwrap_or_default();
        Some(Self { gateway: Gateway::Open, method, params, biz })
    }

    /// Whether it asks for a token.
    pub fn is_grant(&self) -> bool {
        matches!(self.method.as_str(), "getInitToken" | "accessToken" | "refreshToken")
    }

    /// A system parameter; blank if absent.
    pub fn param(&self, name: &str) -> &str {
        self.params.get(name).map(String::as_str).unwrap_or_default()
    }

    /// The business parameters.
    pub fn business(&self) -> Result<Map<String, Value>, Refusal> {
        if self.biz.trim().is_empty() {
            return Err(Refusal::new(130, "传输数据不能为空"));
        }
        serde_json::from_str(&self.biz).map_err(|_| unreadable("biz"))
    }

    /// Numbers of the documents it names.
    pub fn documents(&self) -> Vec<String> {
        let biz = self.business().unwrap_or_default();
        let lists = ["io_ids", "so_ids", "o_ids"].into_iter().filter_map(|name| biz.get(name)?.as_array().cloned());
        let text = |value: Value| match value {
            Value::String(text) => Some(text),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        };
        lists.flatten().filter_map(text).collect()
    }
}

fn decoded(form: &[u8]) -> BTreeMap<String, String> {
    form_urlencoded::parse(form).into_owned().collect()
}

/// How answers look where installations differ.
#[derive(Debug, Clone, Copy, Default)]
pub struct Style {
    /// `code` as text.
    pub code_text: bool,
    /// `has_next` as text.
    pub has_next_text: bool,
}

impl Style {
    /// An answer's flag as it is printed.
    pub fn flag(self, flag: bool) -> String {
        if self.has_next_text { format!("\"{flag}\"") } else { flag.to_string() }
    }

    fn code(self, code: u32) -> String {
        if self.code_text { format!("\"{code}\"") } else { code.to_string() }
    }
}

/// The whole answer. `members` is the JSON text of the answer's own members without the braces.
pub fn wrap(gateway: Gateway, style: Style, members: Result<String, Refusal>) -> String {
    match (gateway, members) {
        (Gateway::Open, Ok(members)) => {
            format!("{{\"code\":{},\"msg\":\"执行成功\",\"data\":{{{members}}}}}", style.code(0))
        }
        (Gateway::Legacy, Ok(members)) => {
            let comma = if members.is_empty() { "" } else { "," };
            format!("{{{members}{comma}\"code\":{},\"issuccess\":true,\"msg\":null}}", style.code(0))
        }
        (Gateway::Open, Err(refusal)) => {
            let message = Value::from(refusal.message);
            format!("{{\"code\":{},\"msg\":{message},\"data\":null}}", style.code(refusal.code))
        }
        (Gateway::Legacy, Err(refusal)) => {
            let message = Value::from(refusal.message);
            format!("{{\"code\":{},\"issuccess\":false,\"msg\":{message}}}", style.code(refusal.code))
        }
    }
}
