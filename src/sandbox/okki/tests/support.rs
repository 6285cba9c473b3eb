//! A CRM on a clock that the test moves, and calls as a client sends them.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use crate::clock::Time;
use crate::sandbox::faults::Kind as Fault;
use crate::sandbox::okki::Server;
use crate::sandbox::okki::credentials::{CLIENT_ID, CLIENT_SECRET};
use crate::sandbox::shared::Shared;
use crate::sandbox::stopped::StoppedClock;
use crate::sandbox::wire::{Answer, Request, System};

/// 2026-01-05 10:00:00 in Beijing.
const START: Time = Time(1_767_578_400_000);

/// A CRM and a token.
pub struct Bench {
    pub server: Server,
    pub shared: Arc<Shared>,
    clock: Arc<StoppedClock>,
    pub token: String,
}

impl Bench {
    pub fn new() -> Self {
        Self::with(&[])
    }

    pub fn with(switches: &[(&str, &str)]) -> Self {
        let clock = Arc::new(StoppedClock::new(START));
        let shared = Arc::new(Shared::new(Arc::<StoppedClock>::clone(&clock)));
        switches.iter().for_each(|(name, value)| shared.set_switch(&format!("okki.{name}"), value));
        let server = Server::new(Arc::clone(&shared));
        let mut bench = Self { server, shared, clock, token: String::new() };
        bench.token = bench.granted("invoices company product user")["access_token"].as_str().unwrap().to_owned();
        bench
    }

    pub fn switch(&self, name: &str, value: &str) {
        self.shared.set_switch(&format!("okki.{name}"), value);
    }

    pub fn forward(&self, seconds: u64) {
        self.clock.forward(Duration::from_secs(seconds));
    }

    /// A token by client_credentials.
    pub fn granted(&self, scope: &str) -> Value {
        let body = json!({ "grant_type": "client_credentials", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET,
            "scope": scope });
        value(&self.server.answer(&request("POST", "/v1/oauth2/access_token", &body.to_string(), ""), None))
    }

    /// Any call with the token.
    pub fn call(&self, method: &str, path: &str, body: &str, fault: Option<Fault>) -> Answer {
        self.server.answer(&request(method, path, body, &format!("Bearer {}", self.token)), fault)
    }

    /// The whole answer of a query.
    pub fn get(&self, path: &str) -> Value {
        value(&self.call("GET", path, "", None))
    }

    /// The data of a query that succeeds.
    #[track_caller]
    pub fn data(&self, path: &str) -> Value {
        let mut answer = self.get(path);
        assert_eq!((answer["code"].to_string(), answer["message"].as_str()), ("200".into(), Some("success")), "{path}");
        answer["data"].take()
    }

    /// `code message` of an answer.
    pub fn push(&self, body: &Value) -> String {
        let answer = value(&self.call("POST", "/v1/invoices/order/push", &body.to_string(), None));
        format!("{} {}", answer["code"], answer["message"].as_str().unwrap())
    }

    /// The data of a push that succeeds.
    #[track_caller]
    pub fn pushed(&self, body: &Value) -> Value {
        let mut answer = value(&self.call("POST", "/v1/invoices/order/push", &body.to_string(), None));
        assert_eq!(answer["code"].to_string(), "200", "{body}: {answer}");
        answer["data"].take()
    }

    #[track_caller]
    pub fn info(&self, number: &str) -> Value {
        self.data(&format!("/v1/invoices/order/info?order_no={number}"))
    }

    /// Product rows as `unique_id product_no count unit_price cost_amount`; ids counted from the order's.
    #[track_caller]
    pub fn rows(&self, number: &str) -> Vec<String> {
        let info = self.info(number);
        let id = info["order_id"].as_number().unwrap().as_u64().unwrap();
        let line = |row: &Value| {
            let unique = row["unique_id"].as_number().unwrap().as_u64().unwrap() - id;
            let number = row["product_no"].as_str().unwrap();
            format!("{unique} {number} {} {} {}", row["count"], row["unit_price"], row["cost_amount"])
        };
        info["product_list"].as_array().unwrap().iter().map(line).collect()
    }

    /// Effects as `call document effect`.
    pub fn ledger(&self) -> Vec<String> {
        let line = |entry: crate::sandbox::ledger::Entry| {
            let effect = serde_json::to_value(entry.effect).unwrap();
            format!("{} {} {}", entry.call.rsplit('/').next().unwrap(), entry.document, effect.as_str().unwrap())
        };
        self.shared.ledger.entries().into_iter().map(line).collect()
    }

    pub fn documents(&self) -> Vec<Value> {
        serde_json::from_str(&self.server.documents()).unwrap()
    }
}

/// A request; `authorization` is the header as it is.
pub fn request(method: &str, path: &str, body: &str, authorization: &str) -> Request {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    Request {
        method: method.to_owned(),
        path: path.to_owned(),
        query: query.to_owned(),
        headers: vec![("authorization".to_owned(), authorization.to_owned())],
        body: body.as_bytes().to_vec(),
    }
}

#[track_caller]
pub fn value(answer: &Answer) -> Value {
    serde_json::from_slice(&answer.body).unwrap_or_else(|error| {
        panic!("{error}: {} {}", answer.status, String::from_utf8_lossy(&answer.body));
    })
}

/// A row of the good at a place of `GOODS`, quantities and prices as texts.
pub fn row(good: u64, count: &str, price: &str, amount: &str) -> Value {
    let product = 5_495_743_811 + good * 10;
    json!({ "product_id": product.to_string(), "sku_id": product + 1, "count": count, "unit_price": price,
        "cost_amount": amount })
}

/// The same anchored to a row of the order.
pub fn anchored(unique_id: &Value, row: Value) -> Value {
    with(row, json!({ "unique_id": unique_id }))
}

/// An order of these rows.
pub fn order(number: &str, rows: Vec<Value>) -> Value {
    json!({ "order_no": number, "currency": "CNY", "product_list": rows })
}

/// An object with other values of some keys; `null` removes a key.
pub fn with(mut object: Value, changes: Value) -> Value {
    let fields = object.as_object_mut().unwrap();
    for (key, value) in changes.as_object().unwrap() {
        if value.is_null() {
            fields.shift_remove(key);
        } else {
            fields.insert(key.clone(), value.clone());
        }
    }
    object
}
