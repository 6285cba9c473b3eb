//! The envelope, and refusals in the CRM's own words (protocols/okki.md 2.3 and 3).

use serde_json::{Map, Value, json};

use crate::sandbox::wire::Answer;

use super::knobs::Knobs;

/// A business failure: HTTP 200 with another code in the body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// `code`.
    pub code: u16,
    /// `message`.
    pub message: String,
}

impl Problem {
    fn new(code: u16, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    /// An id or number is unknown, or removed.
    pub fn not_found() -> Self {
        Self::new(404, "Not Found Resource")
    }

    /// The acting user lacks the right.
    pub fn may_not_edit() -> Self {
        Self::new(404, "Not Found Resource没有权限编辑销售订单")
    }

    /// No right.
    pub fn no_privilege() -> Self {
        Self::new(404, "No Privilege")
    }

    /// A field that the call or this enterprise requires is missing.
    pub fn empty(field: &str) -> Self {
        Self::new(404, format!("'{field}' cannot be empty"))
    }

    /// A value of another type than it has to be.
    pub fn invalid(field: &str, must: &str) -> Self {
        Self::new(404, format!("Input data validate error {field} must be {must}"))
    }

    /// A business rule.
    pub fn operation(why: &str) -> Self {
        Self::new(404, format!("Operation Failed. {why}"))
    }

    /// The query lacks what it needs.
    pub fn invalid_query() -> Self {
        Self::new(400, "Invalid query")
    }

    /// A push that is no JSON object.
    pub fn invalid_json() -> Self {
        Self::new(400, "Invalid data json")
    }

    /// A push without a body.
    pub fn empty_body() -> Self {
        Self::new(400, "Empty POST request body data")
    }

    /// The refusal that a fault asks for.
    pub fn refused() -> Self {
        Self::operation("序号为[1]可用库存数量不足")
    }

    /// Somebody else edits the order; the text is ours.
    pub fn locked() -> Self {
        Self::operation("单据正在被他人编辑，请稍候再试")
    }
}

/// The enveloped answer of a call.
pub fn envelope(result: Result<Value, Problem>, is_list: bool, knobs: &Knobs, now: &str) -> Answer {
    let body = match result {
        Ok(data) if is_list && knobs.list_code_zero => json!({ "code": 0, "msg": "success", "now": now, "data": data }),
        Ok(data) => json!({ "code": 200, "message": "success", "now": now, "data": data }),
        Err(problem) => json!({ "code": problem.code, "message": problem.message, "now": now, "data": [] }),
    };
    Answer::json(body.to_string())
}

/// A JSON answer of any status.
pub fn plain(status: u16, body: &Value) -> Answer {
    Answer { status, ..Answer::json(body.to_string()) }
}

/// An OAuth error, never enveloped.
pub fn oauth_error(status: u16, error: &str, description: &str, hint: Option<&str>) -> Answer {
    let mut body = Map::new();
    body.insert("error".to_owned(), error.into());
    body.insert("error_description".to_owned(), description.into());
    if let Some(hint) = hint {
        body.insert("hint".to_owned(), hint.into());
    }
    body.insert("message".to_owned(), description.into());
    plain(status, &Value::Object(body))
}

/// The token is bad, ended or revoked.
pub fn access_denied(knobs: &Knobs) -> Answer {
    let description = "The resource owner or authorization server denied the request.";
    oauth_error(knobs.denied_status, "access_denied", description, Some("Access token could not be verified"))
}

/// The token's scopes do not cover the call.
pub fn scope_denied(scope: &str, knobs: &Knobs, now: &str) -> Answer {
    let message = format!("no permission {scope} scopes");
    if knobs.scope_denied_in_body {
        return Answer::json(json!({ "code": 403, "message": message, "now": now, "data": [] }).to_string());
    }
    plain(401, &json!({ "error": "access_denied", "message": message }))
}

/// Called too often; no Retry-After is known.
pub fn throttled(knobs: &Knobs) -> Answer {
    if knobs.throttle_json {
        return plain(429, &json!({ "code": 429, "message": "Too Many Requests" }));
    }
    Answer::html(429, "429 Too Many Requests")
}
