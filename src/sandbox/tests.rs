#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use crate::clock::{SystemClock, Time};
use crate::sandbox::testing::{control, sandbox, send, shipments};
use crate::sandbox::{Options, Running, Sandbox};

const ALL: &str = r#"{"start_ts":1,"page_size":50}"#;

async fn fault(sandbox: &Running, fault: &str) {
    let body = json!({ "system": "jushuitan", "call": "orders.out.simple.query", "fault": fault }).to_string();
    assert_eq!(control(sandbox, "POST", "/faults", &body).await, (200, json!({})));
}

#[tokio::test]
async fn a_reset_gives_no_status_line_and_the_next_call_is_whole() {
    let sandbox = sandbox(3).await;
    for kind in ["reset_before", "reset_after"] {
        fault(&sandbox, kind).await;
        match shipments(&sandbox, ALL).await {
            Ok(told) => assert_eq!((told.status, told.body.len()), (0, 0), "{kind}"),
            Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset, "{kind}"),
        }
        assert_eq!(shipments(&sandbox, ALL).await.unwrap().json()["code"], json!(0));
    }
    sandbox.shutdown().await;
}

#[tokio::test]
async fn a_cut_answer_promises_more_than_it_sends() {
    let sandbox = sandbox(3).await;
    fault(&sandbox, "truncate").await;
    let told = shipments(&sandbox, ALL).await.unwrap();
    let whole: usize = told.headers["content-length"].parse().unwrap();
    assert_eq!((told.status, told.body.len()), (200, whole / 2));
    assert!(serde_json::from_slice::<Value>(&told.body).is_err());
}

#[tokio::test]
async fn an_answer_that_never_comes_waits_for_the_client() {
    let sandbox = sandbox(3).await;
    fault(&sandbox, "timeout_after").await;
    let asked = tokio::time::timeout(Duration::from_millis(300), shipments(&sandbox, ALL)).await;
    assert!(asked.is_err(), "answered although it should hang");
    // The client gave up: nothing keeps the sandbox from stopping.
    sandbox.shutdown().await;
}

#[tokio::test]
async fn a_gateway_error_is_html_and_the_systems_own_faults_are_json() {
    let sandbox = sandbox(3).await;
    fault(&sandbox, "html_502").await;
    let told = shipments(&sandbox, ALL).await.unwrap();
    assert_eq!(told.status, 502);
    assert!(told.headers["content-type"].starts_with("text/html"));
    for (kind, code) in [("throttle", 199), ("refuse", 150), ("session_loss", 100)] {
        fault(&sandbox, kind).await;
        let told = shipments(&sandbox, ALL).await.unwrap().json();
        assert_eq!((&told["code"], &told["data"]), (&json!(code), &Value::Null), "{kind}");
    }
}

#[tokio::test]
async fn a_fault_strikes_its_call_and_document_from_the_nth_hit_on() {
    let sandbox = sandbox(3).await;
    let key = sandbox.documents("jushuitan")[0]["io_id"].to_string();
    let body = format!(
        r#"[{{"system":"jushuitan","call":"orders.out.simple.query","document":"{key}","nth":2,"times":2,"fault":"throttle"}}]"#
    );
    assert_eq!(control(&sandbox, "POST", "/faults", &body).await.0, 200);
    let named = format!(r#"{{"io_ids":[{key}]}}"#);
    let mut codes = Vec::new();
    for biz in [ALL, &named, ALL, &named, &named, &named] {
        codes.push(shipments(&sandbox, biz).await.unwrap().json()["code"].to_string());
    }
    assert_eq!(codes, ["0", "0", "0", "199", "199", "0"]);
}

#[tokio::test]
async fn each_system_tells_the_time_by_its_own_clock() {
    let sandbox = sandbox(1).await;
    assert_eq!(control(&sandbox, "POST", "/clock", r#"{"system":"jushuitan","offset":"-8h"}"#).await.0, 200);
    let told = shipments(&sandbox, ALL).await.unwrap();
    let date = Time::from_http_date(&told.headers["date"]).unwrap();
    let behind = sandbox.shared().clock().now().since(date).as_secs();
    assert!((8 * 3600 - 5..8 * 3600 + 60).contains(&behind), "{behind}");
}

#[tokio::test]
async fn latency_may_be_narrowed_to_one_system() {
    let sandbox = sandbox(1).await;
    for (switches, least) in [(r#"{"latency":"300ms"}"#, 300), (r#"{"jushuitan.latency":"1ms"}"#, 1)] {
        assert_eq!(control(&sandbox, "POST", "/switches", switches).await.0, 200);
        let begin = sandbox.shared().clock().monotonic();
        shipments(&sandbox, ALL).await.unwrap();
        let took = (sandbox.shared().clock().monotonic() - begin).as_millis();
        assert!(took >= least, "{switches}: {took}");
    }
}

#[tokio::test]
async fn a_switch_set_last_wins_whether_narrowed_or_not() {
    let sandbox = sandbox(1).await;
    for (name, value) in [("jushuitan.page_size", "error"), ("page_size", "clamp")] {
        assert_eq!(control(&sandbox, "POST", "/switches", &json!({ name: value }).to_string()).await.0, 200);
        assert_eq!(sandbox.shared().switch_of("jushuitan", "page_size", ""), value);
    }
}

#[tokio::test]
async fn a_start_that_cannot_be_says_why() {
    let taken = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = taken.local_addr().unwrap().port();
    for (options, sentence) in [
        (Options { port, ..Options::default() }, format!("can't listen on 127.0.0.1:{port}")),
        (Options { switches: vec![("rat".into(), "off".into())], ..Options::default() }, "unknown switch `rat`".into()),
        (Options { documents: 1 << 40, ..Options::default() }, "`documents` is at most 1000000".into()),
    ] {
        let error = Sandbox::start(options, Arc::new(SystemClock::new())).await.err().unwrap().to_string();
        assert!(error.starts_with(&sentence), "{error}");
    }
}

#[tokio::test]
async fn bad_control_bodies_are_answered_with_a_sentence() {
    let sandbox = sandbox(2).await;
    for (path, body, sentence) in [
        ("/seed", "", "bad body"),
        ("/seed", r#"{"seed":1,"documents":9000000}"#, "`documents` is at most 1000000, not `9000000`"),
        ("/seed", r#"{"system":"sap","seed":1,"documents":1}"#, "no system `sap`; there are `jushuitan`"),
        ("/edit", r#"{"system":"jushuitan","key":1,"touch":true}"#, "no document `1`"),
        ("/edit", r#"{"system":"jushuitan","rate":2}"#, "`rate` is a share from 0 to 1"),
        ("/edit", r#"{"system":"jushuitan"}"#, "say one of `key`, `rate` or `create`"),
        ("/edit", r#"{"system":"jushuitan","key":1,"st":{}}"#, "unknown field `st`"),
        ("/edit", r#"{"key":1,"touch":true}"#, "say which `system`"),
        ("/clock", r#"{"offset":"soon"}"#, "`offset` is a duration"),
        ("/faults", r#"{"fault":"meteor"}"#, "unknown variant `meteor`"),
        ("/faults", r#"{"fault":"throttle","nth":0}"#, "`nth` and `times` count from 1"),
        ("/faults", r#"{"fault":"throttle","name":0}"#, "unknown field `name`"),
        ("/switches", r#"{"rat":"off"}"#, "unknown switch `rat`"),
        ("/switches", r#"{"rate":"maybe"}"#, "switch `rate` can't be `maybe`; allowed: `on|off`"),
        ("/switches", r#"{"sap.rate":"off"}"#, "no system `sap`"),
        ("/sessions/kill", r#"{"systems":"jushuitan"}"#, "unknown field `systems`"),
    ] {
        let (status, told) = control(&sandbox, "POST", path, body).await;
        assert_eq!(status, 400, "{path} {body}");
        let told = told["error"].as_str().unwrap();
        assert!(told.contains(sentence), "{path} {body}: {told}");
    }
    assert_eq!(control(&sandbox, "GET", "/documents?system=sap", "").await.0, 400);
}

#[tokio::test]
async fn control_seeds_edits_and_shows() {
    let sandbox = sandbox(2).await;
    assert_eq!(control(&sandbox, "POST", "/seed", r#"{"system":"jushuitan","seed":3,"documents":5}"#).await.0, 200);
    let (_, documents) = control(&sandbox, "GET", "/documents?system=jushuitan", "").await;
    assert_eq!(documents.as_array().unwrap().len(), 5);
    let key = documents[0]["io_id"].to_string();
    let body =
        format!(r#"{{"system":"jushuitan","key":{key},"set":{{"remark":"x","pay_amount":12345678901234567.89}}}}"#);
    assert_eq!(control(&sandbox, "POST", "/edit", &body).await, (200, json!({ "edited": [key] })));
    let (_, documents) = control(&sandbox, "GET", "/documents?system=jushuitan", "").await;
    assert_eq!(documents[0]["pay_amount"].to_string(), "12345678901234567.89");
    assert_eq!(control(&sandbox, "GET", "/ledger", "").await, (200, json!([])));
    for path in ["/ledger/clear", "/faults/clear", "/sessions/kill"] {
        assert_eq!(control(&sandbox, "POST", path, "").await.0, 200, "{path}");
    }
}

#[tokio::test]
async fn each_form_of_a_system_is_shown_to_the_judge() {
    let sandbox = sandbox(3).await;
    let show = async |more: &str| control(&sandbox, "GET", &format!("/documents?system=kingdee{more}"), "").await;
    assert_eq!(show("").await, (200, json!([])), "shipments are not orders");
    let (status, orders) = show("&form=SAL_SaleOrder").await;
    let orders = orders.as_array().unwrap();
    assert_eq!((status, orders.len()), (200, 3));
    for key in ["FormId", "FID", "FBillNo", "FDocumentStatus", "FCancelStatus", "FCloseStatus", "FSaleOrderEntry"] {
        assert!(orders.iter().all(|order| !order[key].is_null()), "{key}");
    }
    assert_eq!(sandbox.documents_of("kingdee", "SAL_SaleOrder"), *orders);
    let (status, told) = show("&form=X").await;
    assert_eq!((status, &told["error"]), (400, &json!("no form `X`; there are `SAL_OUTSTOCK`, `SAL_SaleOrder`")));
    assert_eq!(control(&sandbox, "GET", "/documents?system=jushuitan&form=X", "").await.0, 400);
    let (_, edited) = control(&sandbox, "POST", "/edit", r#"{"system":"kingdee","create":2,"lines":250}"#).await;
    assert_eq!(edited["edited"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn too_large_and_misled_requests_are_answered_without_panic() {
    let sandbox = sandbox(1).await;
    let url = sandbox.url("jushuitan").unwrap();
    for (method, path, status) in
        [("GET", "/", 405), ("POST", "/", 404), ("POST", "/open/", 200), ("POST", "/open/%E8%81%9A?x=%zz", 200)]
    {
        assert_eq!(send(&url, method, path, "text/plain", "\u{0}").await.unwrap().status, status, "{path}");
    }
}
