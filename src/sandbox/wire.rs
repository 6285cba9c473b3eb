//! What a simulated system sees of HTTP: a whole request in, a whole answer out. The server around it (sockets,
//! resets, delays, truncation) is `server.rs`.

use std::time::Duration;

use crate::sandbox::faults::Kind;
use crate::sandbox::switches::Switch;

/// A request as received.
#[derive(Debug, Clone)]
pub struct Request {
    /// `GET`, `POST`, …
    pub method: String,
    /// Path, percent-encoded as received, without query.
    pub path: String,
    /// Query string without `?`; empty if none.
    pub query: String,
    /// Header names in lower case.
    pub headers: Vec<(String, String)>,
    /// Body bytes.
    pub body: Vec<u8>,
}

impl Request {
    /// The first header of a name given in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }
}

/// An answer to send.
#[derive(Debug, Clone)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Headers beside `Date`, `Content-Length` (set by the server).
    pub headers: Vec<(String, String)>,
    /// Body bytes.
    pub body: Vec<u8>,
}

impl Answer {
    /// A 200 with a JSON body.
    pub fn json(body: impl Into<Vec<u8>>) -> Self {
        Self {
            status: 200,
            headers: vec![("content-type".into(), "application/json; charset=utf-8".into())],
            body: body.into(),
        }
    }

    /// A page of HTML, as proxies and load balancers answer.
    pub fn html(status: u16, title: &str) -> Self {
        let body = format!("<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>\r\n");
        Self {
            status,
            headers: vec![("content-type".into(), "text/html; charset=utf-8".into())],
            body: body.into_bytes(),
        }
    }
}

/// What a request is about, found without any effect, so that faults can be aimed.
#[derive(Debug, Clone, Default)]
pub struct Aim {
    /// The call in the vendor's words: `orders.out.simple.query`, `batchSave`, `executeBillQuery`, `login`, …
    pub call: String,
    /// Numbers or ids of the documents it names (FBillNo of the bills to save, io_ids asked for), if any.
    pub documents: Vec<String>,
}

/// One simulated system.
pub trait System: Send + Sync + 'static {
    /// `jushuitan`, `kingdee`, `okki`.
    fn name(&self) -> &'static str;

    /// Its calls as faults and ledger name them.
    fn calls(&self) -> Vec<&'static str>;

    /// What the request is about. No effect.
    fn aim(&self, request: &Request) -> Aim;

    /// Carries the request out and answers as the real system would. The system itself plays `refuse`,
    /// `throttle`, `session_loss`, `partial_batch`, `edit_lock` and `no_receipt` in its own words; the other faults concern the
    /// connection and are the server's.
    fn answer(&self, request: &Request, fault: Option<Kind>) -> Answer;

    /// Fills the system with documents made from a number; replaces what was there.
    fn seed(&self, seed: u64, documents: u64);

    /// Control `/edit`: `{ key, set, touch, delete }` or `{ rate }`, and what else the system's own edit documents;
    /// the answer lists the keys edited.
    fn edit(&self, body: &serde_json::Value) -> Result<Vec<String>, String>;

    /// Forgets all sessions (an application pool was recycled).
    fn kill_sessions(&self);

    /// The judge's view: a JSON list of the current documents.
    fn documents(&self) -> String {
        "[]".to_owned()
    }

    /// The same of one kind of documents (a form), where a system has several; the error lists them.
    fn documents_of(&self, kind: &str) -> Result<String, String> {
        Err(format!("`{}` has one kind of documents, not `{kind}`", self.name()))
    }

    /// The switches it knows, beside the common ones.
    fn switches(&self) -> &'static [Switch] {
        &[]
    }

    /// How long the answer to this request takes beyond the common latency (deep pages are slow).
    fn delay(&self, _request: &Request) -> Duration {
        Duration::ZERO
    }
}
