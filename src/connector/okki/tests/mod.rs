//! The connector against a scripted server.

#![allow(clippy::unwrap_used)]

mod lists;
mod probes;
mod pushes;
mod tokens;

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value, json};
use url::Url;

use super::*;
use crate::clock::{Clock, SystemClock, Zone};
use crate::connector::http::Http;
use crate::connector::pace::Pace;
use crate::connector::scripted::{Received, Scripted, Step, answer, json as body};
use crate::connector::{CallSpec, Outgoing};
use crate::scheme::transport::Transport;
use crate::secret::Secret;

const PUSH: &str = "/v1/invoices/order/push";
const REMOVE: &str = "/v1/invoices/order/remove";

fn connect(base: &str, grant: Grant) -> Okki {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let pace = Arc::new(Pace::new(Arc::clone(&clock), &[], 4));
    let (client_id, client_secret) = (Secret::new("simclient"), Secret::new("SIMSECRET"));
    let settings = OkkiSettings {
        base_url: Url::parse(base).unwrap(),
        credential: Credential { client_id, client_secret, grant },
        scope: "invoices company product user".into(),
    };
    let secrets = settings.credential.secrets();
    let (timeout, base) = (Duration::from_secs(5), settings.base_url.clone());
    let http = Http::new(&Transport::default(), timeout, &base, pace, Arc::clone(&clock), secrets).unwrap();
    let zone = Zone::named("Asia/Shanghai").unwrap();
    Okki::new("okki 127.0.0.1 sim".into(), Client::new(settings, http, zone.clone(), clock), zone)
}

/// A server that grants a token, then plays these steps.
async fn server(steps: impl IntoIterator<Item = Step>) -> (Scripted, Okki) {
    let server = Scripted::start(std::iter::once(token("T1")).chain(steps)).await;
    let connector = connect(&server.base, Grant::ClientCredentials);
    (server, connector)
}

fn token(token: &str) -> Step {
    body(json!({ "token_type": "Bearer", "expires_in": 28_800, "access_token": token }).to_string())
}

fn denied() -> Step {
    let body = json!({ "error": "access_denied", "hint": "Access token could not be verified", "message": "denied" });
    answer("401 Unauthorized", &[], &body.to_string())
}

fn data(data: Value) -> Step {
    body(json!({ "code": 200, "message": "success", "now": "2024-03-01 10:00:01", "data": data }).to_string())
}

fn refused(code: u32, message: &str) -> Step {
    body(json!({ "code": code, "message": message, "now": "2024-03-01 10:00:01", "data": {} }).to_string())
}

fn spec(call: &str) -> CallSpec {
    CallSpec {
        call: call.into(),
        form: None,
        options: Map::new(),
        number_field: Some("order_no".into()),
        compare: Vec::new(),
    }
}

/// Rows `(unique_id, product, count)`; 0: no id yet.
pub fn rows(rows: &[(u32, u32, u32)]) -> Vec<Value> {
    let row = |&(id, product, count): &(u32, u32, u32)| {
        let mut row = json!({ "product_id": product, "sku_id": product * 10, "count": count, "unit_price": 5 });
        if id > 0 {
            row["unique_id"] = id.into();
        }
        row
    };
    rows.iter().map(row).collect()
}

pub fn item(payload: Value, keys: &[&str]) -> Outgoing {
    Outgoing {
        attempt: "a".into(),
        number: Some("SO-1".into()),
        target_id: None,
        lines: vec![("product_list".into(), keys.iter().map(|key| (*key).to_owned()).collect())],
        payload: payload.to_string(),
    }
}

/// Method and path of a request.
fn line(received: &Received) -> String {
    received.head.split(" HTTP").next().unwrap_or_default().to_owned()
}

fn lines(server: &Scripted) -> Vec<String> {
    server.received().iter().map(line).collect()
}

fn bearer(received: &Received) -> Option<String> {
    let header = |line: &str| line.to_ascii_lowercase().starts_with("authorization:");
    received
        .head
        .lines()
        .find(|line| header(line))
        .and_then(|line| line.split_once(": "))
        .map(|(_, value)| value.into())
}
