//! Who may read and who may act. Without tokens the API listens on loopback only and answers only to names of
//! loopback, so that no web page can reach it by a name that resolves here (DNS rebinding).

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{Request, State as Extract};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::api::answer::Problem;
use crate::api::server::State;
use crate::secret::Secret;

/// The tokens.
pub struct Access {
    read: Option<Secret>,
    operate: Option<Secret>,
    /// Made anew at each start, for verbs of the same user on this machine; it may do everything.
    local: Option<Secret>,
    address: SocketAddr,
}

impl Access {
    /// From the configuration and the address listened on.
    pub fn new(read: Option<Secret>, operate: Option<Secret>, address: SocketAddr) -> Self {
        let mut bytes = [0; 32];
        // Without randomness there is no such token: verbs are then refused like anybody without one.
        let local = getrandom::fill(&mut bytes).is_ok().then(|| Secret::new(hex::encode(bytes)));
        Self { read, operate, local, address }
    }

    /// The token for verbs of the same user on this machine.
    pub fn local(&self) -> Option<&Secret> {
        self.local.as_ref()
    }

    /// Whether a request comes from a verb of the service's own user on this machine.
    pub fn is_local(&self, headers: &HeaderMap) -> bool {
        self.local.as_ref().is_some_and(|token| same(token.reveal(), bearer(headers)))
    }

    fn check(&self, method: &Method, headers: &HeaderMap) -> Result<(), Problem> {
        if self.read.is_none() && self.operate.is_none() {
            return self.check_host(headers);
        }
        let given = bearer(headers);
        let is = |token: &Option<Secret>| token.as_ref().is_some_and(|token| same(token.reveal(), given));
        let reads = method == Method::GET || method == Method::HEAD;
        if is(&self.operate) || is(&self.local) || (reads && is(&self.read)) {
            Ok(())
        } else if is(&self.read) {
            Err(Problem::new(StatusCode::FORBIDDEN, "this token may read; actions need the token `api.tokens.operate`"))
        } else {
            Err(Problem::new(
                StatusCode::UNAUTHORIZED,
                "send `Authorization: Bearer TOKEN` with a token of `api.tokens`",
            ))
        }
    }

    fn check_host(&self, headers: &HeaderMap) -> Result<(), Problem> {
        let host = headers.get(header::HOST).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
        let local = matches!(name, "localhost" | "127.0.0.1" | "[::1]") || name == self.address.ip().to_string();
        // A browser's page of another origin says so; this API has none of its own yet.
        let foreign = headers
            .get(header::ORIGIN)
            .and_then(|value| value.to_str().ok())
            .is_some_and(|origin| origin.split("://").nth(1).is_none_or(|rest| rest != host));
        if local && !foreign {
            return Ok(());
        }
        Err(Problem::new(StatusCode::FORBIDDEN, "without tokens the API answers only to programs on this machine"))
    }
}

/// The token of a request; blank if it has none.
fn bearer(headers: &HeaderMap) -> &str {
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    given.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default()
}

/// Compares in a time that does not depend on where the texts differ.
fn same(a: &str, b: &str) -> bool {
    blake3::hash(a.as_bytes()) == blake3::hash(b.as_bytes())
}

/// Lets a request pass or answers why not; `/healthz` is open.
pub async fn guard(Extract(state): Extract<Arc<State>>, request: Request, next: Next) -> Response {
    if request.uri().path() != "/healthz"
        && let Err(problem) = state.access().check(request.method(), request.headers())
    {
        return problem.into_response();
    }
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, header::HeaderValue::from_static("nosniff"));
    headers.insert(header::CACHE_CONTROL, header::HeaderValue::from_static("no-store"));
    headers.insert(header::CONTENT_SECURITY_POLICY, header::HeaderValue::from_static("default-src 'none'"));
    response
}
