//! Answers and problems.

use axum::Json;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::engine::operate::OperateError;
use crate::reason::Language;
use crate::store::StoreError;

/// An error as RFC 9457 has it.
#[derive(Debug)]
pub struct Problem {
    status: StatusCode,
    detail: String,
}

#[derive(Serialize)]
struct Body<'a> {
    r#type: &'static str,
    title: &'a str,
    status: u16,
    detail: &'a str,
}

impl Problem {
    /// A problem with a sentence for the caller.
    pub fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self { status, detail: detail.into() }
    }

    /// There is no such thing.
    pub fn missing(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, detail)
    }

    /// The request is wrong.
    pub fn wrong(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let title = self.status.canonical_reason().unwrap_or("error");
        let body = Body { r#type: "about:blank", title, status: self.status.as_u16(), detail: &self.detail };
        let kind = [(header::CONTENT_TYPE, "application/problem+json")];
        (self.status, kind, serde_json::to_string(&body).unwrap_or_default()).into_response()
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "the store refused a request of the API");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
    }
}

impl From<OperateError> for Problem {
    fn from(error: OperateError) -> Self {
        match error {
            OperateError::Unknown { .. } => Self::missing(error.to_string()),
            OperateError::Refused(_) => Self::wrong(error.to_string()),
            OperateError::NotNow(_) => Self::new(StatusCode::CONFLICT, error.to_string()),
            OperateError::Capture(_) => Self::new(StatusCode::BAD_GATEWAY, error.to_string()),
            OperateError::Store(error) => error.into(),
        }
    }
}

/// A JSON answer or a problem.
pub type Answer<T> = Result<Json<T>, Problem>;

/// Where nothing is.
pub async fn not_found() -> Problem {
    Problem::missing("there is nothing at this path")
}

/// The language asked for.
pub fn language(headers: &HeaderMap) -> Language {
    let asked = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    asked.map_or(Language::English, Language::accepted)
}
