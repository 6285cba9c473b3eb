//! The connector against a scripted server.

#![allow(clippy::unwrap_used)]

mod hidden;
mod probes;
mod sends;
mod sessions;
mod sources;

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

fn sign() -> Login {
    Login::Sign(application())
}

fn application() -> Application {
    Application {
        username: Secret::new("webapi"),
        app_id: Secret::new("200123_QUJDREVGR0hJSktMTU5PUFFSU1RVVldY"),
        app_secret: Secret::new("0123456789abcdef0123456789abcdef"),
    }
}

fn connect(base: &str, login: Login, org: Option<&str>) -> Kingdee {
    connect_by(Arc::new(SystemClock::new()), base, login, org)
}

fn connect_by(clock: Arc<dyn Clock>, base: &str, login: Login, org: Option<&str>) -> Kingdee {
    let pace = Arc::new(Pace::new(Arc::clone(&clock), &[], 4));
    let settings = KingdeeSettings {
        base_url: Url::parse(base).unwrap().join("k3cloud/").unwrap(),
        acct_id: "5f0e9d6c7b8a91".into(),
        lcid: 2052,
        login,
        org: org.map(str::to_owned),
        sign_digest: SignDigest::Sha256,
        timestamp: TimeUnit::Seconds,
    };
    let secrets = settings.login.secrets();
    let (timeout, base) = (Duration::from_secs(5), settings.base_url.clone());
    let http = Http::new(&Transport::default(), timeout, &base, pace, Arc::clone(&clock), secrets).unwrap();
    let client = Client::new(settings, http, clock);
    Kingdee::new("kingdee 127.0.0.1 5f0e9d6c7b8a91".into(), client, Zone::named("Asia/Shanghai").unwrap())
}

/// A server that takes the login, then plays these steps.
async fn server(steps: impl IntoIterator<Item = Step>) -> (Scripted, Kingdee) {
    let server = Scripted::start(std::iter::once(welcome("one")).chain(steps)).await;
    let connector = connect(&server.base, sign(), None);
    (server, connector)
}

fn welcome(session: &str) -> Step {
    let body = json!({ "LoginResultType": 1, "KDSVCSessionId": session, "Context": { "UserName": "webapi" } });
    let cookie = format!("Set-Cookie: kdservice-sessionid={session}; path=/");
    answer("200 OK", &["Date: Fri, 01 Mar 2024 02:00:05 GMT", &cookie], &body.to_string())
}

fn lost() -> Value {
    let errors = json!([{ "FieldName": null, "Message": "会话信息已丢失，请重新登录", "DIndex": 0 }]);
    json!({ "Result": { "ResponseStatus": { "ErrorCode": 500, "IsSuccess": false, "Errors": errors,
        "SuccessEntitys": [], "SuccessMessages": [], "MsgCode": 1 } } })
}

fn refused(code: u64, message: &str) -> Step {
    let errors = json!([{ "FieldName": null, "Message": message, "DIndex": 0 }]);
    body(
        json!({ "Result": { "ResponseStatus": { "IsSuccess": false, "Errors": errors, "SuccessEntitys": [],
            "MsgCode": code } } })
        .to_string(),
    )
}

fn done(entities: Value, returned: Value) -> Step {
    body(
        json!({ "Result": { "ResponseStatus": { "IsSuccess": true, "Errors": [], "SuccessEntitys": entities,
            "MsgCode": 0 }, "NeedReturnData": returned } })
        .to_string(),
    )
}

fn rows(rows: Value) -> Step {
    body(rows.to_string())
}

fn spec(call: &str) -> CallSpec {
    CallSpec {
        call: call.into(),
        form: Some("SAL_OUTSTOCK".into()),
        options: Map::new(),
        number_field: Some("FBillNo".into()),
        compare: Vec::new(),
    }
}

fn item(payload: Value, keys: &[&str]) -> Outgoing {
    Outgoing {
        attempt: "a".into(),
        number: payload.get("FBillNo").and_then(Value::as_str).map(str::to_owned),
        target_id: None,
        lines: vec![("FEntity".into(), keys.iter().map(|key| (*key).to_owned()).collect())],
        payload: payload.to_string(),
    }
}

/// The method that a request called.
fn method(received: &Received) -> String {
    let path = received.head.split_whitespace().nth(1).unwrap_or_default();
    path.trim_end_matches(".common.kdsvc").rsplit('.').next().unwrap_or_default().to_owned()
}

fn methods(server: &Scripted) -> Vec<String> {
    server.received().iter().map(method).collect()
}

fn data(received: &Received) -> Value {
    serde_json::from_str::<Value>(&received.body).unwrap()["data"].take()
}
