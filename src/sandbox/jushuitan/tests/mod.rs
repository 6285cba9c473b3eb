#![allow(clippy::unwrap_used)]

mod data;
mod edits;
mod gate;
mod pages;
mod signatures;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::Server;
use super::credentials::{ACCESS_TOKEN, APP_KEY, APP_SECRET};
use super::sign;
use crate::clock::Time;
use crate::sandbox::faults::Kind;
use crate::sandbox::shared::Shared;
use crate::sandbox::stopped::StoppedClock;
use crate::sandbox::testing::{shipment_query, signed};
use crate::sandbox::wire::{Request, System};

/// 2024-03-08 12:00:00 in Shanghai.
const NOON: Time = Time(1_709_870_400_000);

/// A platform on a clock that stands still.
struct Bench {
    clock: Arc<StoppedClock>,
    shared: Arc<Shared>,
    server: Server,
}

impl Bench {
    fn new(documents: u64, switches: &[(&str, &str)]) -> Self {
        let clock = Arc::new(StoppedClock::new(NOON));
        let shared = Arc::new(Shared::new(Arc::<StoppedClock>::clone(&clock)));
        switches.iter().for_each(|(name, value)| shared.set_switch(name, value));
        let server = Server::new(Arc::clone(&shared));
        server.seed(1, documents);
        Self { clock, shared, server }
    }

    fn free(documents: u64) -> Self {
        Self::new(documents, &[("rate", "off")])
    }

    fn wait(&self, duration: Duration) {
        self.clock.forward(duration);
    }

    fn send(&self, path: &str, query: &str, body: &str) -> Value {
        let form = "application/x-www-form-urlencoded;charset=UTF-8".to_owned();
        let request = Request {
            method: "POST".to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            headers: vec![("content-type".to_owned(), form)],
            body: body.as_bytes().to_vec(),
        };
        let answer = self.server.answer(&request, None);
        assert_eq!(answer.status, 200);
        serde_json::from_slice(&answer.body).unwrap()
    }

    fn open(&self, biz: &str) -> Value {
        let (path, body) = shipment_query(biz, self.shared.now("jushuitan"));
        self.send(path, "", &body)
    }

    fn code(&self, biz: &str) -> String {
        self.open(biz)["code"].to_string()
    }

    fn keys(&self, biz: &str) -> Vec<String> {
        let told = self.open(biz);
        assert_eq!(told["code"].to_string(), "0", "{told}");
        told["data"]["datas"].as_array().unwrap().iter().map(|one| one["io_id"].to_string()).collect()
    }

    fn legacy(&self, method: &str, biz: &str) -> Value {
        let ts = self.shared.now("jushuitan").seconds().to_string();
        let sign = sign::legacy(method, APP_KEY, ACCESS_TOKEN, &ts, APP_SECRET);
        let query = format!("method={method}&partnerid={APP_KEY}&token={ACCESS_TOKEN}&ts={ts}&sign={sign}");
        self.send("/api/open/query.aspx", &query, biz)
    }

    fn grant(&self, call: &str, params: &[(&str, &str)]) -> Value {
        self.send(&format!("/openWeb/auth/{call}"), "", &signed(params, self.shared.now("jushuitan")))
    }

    fn documents(&self) -> Vec<Value> {
        serde_json::from_str(&self.server.documents()).unwrap()
    }

    fn edit(&self, body: Value) -> Vec<String> {
        self.server.edit(&body).unwrap()
    }
}

const WEEK: &str = r#"{"modified_begin":"2024-03-01 12:00:00","modified_end":"2024-03-08 12:00:00","page_size":50}"#;

fn week_page(index: usize) -> String {
    WEEK.replace("\"page_size\":50", &format!("\"page_size\":\"10\",\"page_index\":\"{index}\""))
}
