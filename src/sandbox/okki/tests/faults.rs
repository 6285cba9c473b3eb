//! Faults: those that the CRM plays itself, what requests are about, and broken connections over real sockets.

use serde_json::{Value, json};

use super::support::{Bench, order, request, row, value};
use crate::sandbox::Running;
use crate::sandbox::faults::Kind as Fault;
use crate::sandbox::okki::credentials::{CLIENT_ID, CLIENT_SECRET};
use crate::sandbox::testing::{Told, control, sandbox, send, send_with};
use crate::sandbox::wire::System;

const PUSH: &str = "/v1/invoices/order/push";

#[test]
fn the_crm_plays_faults_in_its_own_words() {
    let bench = Bench::new();
    let body = order("A", vec![row(0, "1", "1", "1")]).to_string();
    let push = |fault| bench.call("POST", PUSH, &body, Some(fault));
    assert_eq!(value(&push(Fault::Refuse))["message"], "Operation Failed. 序号为[1]可用库存数量不足");
    assert_eq!(value(&push(Fault::EditLock))["code"].to_string(), "404");
    assert_eq!(push(Fault::Throttle).status, 429);
    assert_eq!(bench.get("/v1/invoices/order/info?order_no=A")["message"], "Not Found Resource");
    let told = value(&push(Fault::NoReceipt));
    assert_eq!((told["code"].to_string(), told["data"].get("order_id")), ("200".to_owned(), None));
    assert_eq!(bench.rows("A").len(), 1);
    assert_eq!(bench.ledger(), ["push A none", "push A none", "push A create"]);
    let info = bench.call("GET", "/v1/invoices/order/info?order_no=A", "", Some(Fault::Refuse));
    assert_eq!(value(&info)["code"].to_string(), "404");
    assert_eq!(push(Fault::SessionLoss).status, 401);
    assert_eq!(bench.call("GET", "/v1/user/list", "", None).status, 401, "the token is gone for good");
    let grant = request("POST", "/v1/oauth2/access_token", r#"{"grant_type":"client_credentials"}"#, "");
    assert_eq!(bench.server.answer(&grant, Some(Fault::Throttle)).status, 429);
}

#[test]
fn faults_are_aimed_by_call_and_document() {
    let bench = Bench::new();
    let id = bench.pushed(&order("A", vec![]))["order_id"].clone();
    for (method, path, body, documents) in [
        ("POST", PUSH, r#"{"order_no":"A"}"#.to_owned(), vec!["A"]),
        ("POST", PUSH, format!(r#"{{"order_id":{id}}}"#), vec!["A"]),
        ("POST", PUSH, "x".to_owned(), vec![]),
        ("GET", &format!("/v1/invoices/order/info?order_id={id}"), String::new(), vec!["A"]),
        ("GET", "/v1/invoices/order/info?order_no=B", String::new(), vec!["B"]),
        ("GET", "/v1/company/info?serial_id=CUST0001", String::new(), vec!["CUST0001"]),
        ("GET", "/v1/product/list?count=5", String::new(), vec![]),
    ] {
        let aim = bench.server.aim(&request(method, path, &body, ""));
        assert_eq!(aim.call, path.split('?').next().unwrap());
        assert_eq!(aim.documents, documents, "{path} {body}");
    }
    assert_eq!(bench.server.aim(&request("GET", "/nowhere", "", "")).call, "");
}

/// A call over a socket.
async fn ask(sandbox: &Running, token: &str, method: &str, path: &str, body: &str) -> std::io::Result<Told> {
    let authorization = format!("Bearer {token}");
    let headers = [("content-type", "application/json"), ("authorization", authorization.as_str())];
    send_with(&sandbox.url("okki").unwrap(), method, path, &headers, body).await
}

#[tokio::test]
async fn a_lost_answer_leaves_its_effect() {
    let sandbox = sandbox(1).await;
    let form = format!(
        "grant_type=client_credentials&client_id={CLIENT_ID}&client_secret={CLIENT_SECRET}&scope=invoices+user"
    );
    let kind = "application/x-www-form-urlencoded";
    let told = send(&sandbox.url("okki").unwrap(), "POST", "/v1/oauth2/access_token", kind, &form).await.unwrap();
    let token = told.json()["access_token"].as_str().unwrap().to_owned();
    for (number, fault, effect) in [
        ("A", "reset_before", false),
        ("B", "reset_after", true),
        ("C", "truncate", true),
        ("D", "html_502", true),
        ("E", "no_receipt", true),
        ("F", "throttle", false),
    ] {
        let set = json!({ "system": "okki", "call": PUSH, "document": number, "fault": fault }).to_string();
        assert_eq!(control(&sandbox, "POST", "/faults", &set).await.0, 200);
        let body = order(number, vec![row(0, "1", "1", "1")]).to_string();
        let told = ask(&sandbox, &token, "POST", PUSH, &body).await;
        let is_success = told.is_ok_and(|told| {
            let json: Value = serde_json::from_slice(&told.body).unwrap_or_default();
            json["data"]["order_id"].is_number()
        });
        assert!(!is_success, "{fault}");
        let (_, documents) = control(&sandbox, "GET", "/documents?system=okki", "").await;
        let stands = documents.as_array().unwrap().iter().any(|one| one["order_no"] == number);
        assert_eq!(stands, effect, "{fault}");
    }
    let path = "/v1/invoices/order/info?order_no=B";
    let told = ask(&sandbox, &token, "GET", path, "").await.unwrap().json();
    assert_eq!(told["data"]["order_no"], "B");
    let edit = r#"{"system":"okki","key":"B","set":{"remark":"x"}}"#;
    assert_eq!(control(&sandbox, "POST", "/edit", edit).await, (200, json!({ "edited": ["B"] })));
    assert_eq!(control(&sandbox, "POST", "/sessions/kill", r#"{"system":"okki"}"#).await.0, 200);
    assert_eq!(ask(&sandbox, &token, "GET", path, "").await.unwrap().status, 401);
    sandbox.shutdown().await;
}
