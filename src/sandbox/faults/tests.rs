#![allow(clippy::unwrap_used)]

use std::time::Duration;

use serde_json::{Value, json};

use super::{Fault, Kind, Struck};
use crate::clock::Time;
use crate::sandbox::Running;
use crate::sandbox::fault_kind::By;
use crate::sandbox::tamper::{without_field, without_receipt};
use crate::sandbox::testing::{Told, control, sandbox, send, shipments};
use crate::sandbox::wire::{Answer, Request};

const ALL: &str = r#"{"start_ts":1,"page_size":50}"#;

fn set(sandbox: &Running, text: &str) {
    sandbox.set_faults(vec![Fault::of_text(text).unwrap()]).unwrap();
}

/// The answer to a question for all shipments under a fault.
async fn told(sandbox: &Running, fault: &str) -> Told {
    set(sandbox, &format!("system=jushuitan,call=orders.out.simple.query,fault={fault}"));
    shipments(sandbox, ALL).await.unwrap()
}

#[test]
fn a_fault_is_written_as_pairs() {
    let text = "system=kingdee, call=Save,fault=reset_after,nth=3,times=2,document=007";
    let fault = Fault::of_text(text).unwrap();
    assert_eq!((fault.system.as_deref(), fault.call.as_deref()), (Some("kingdee"), Some("Save")));
    assert_eq!((fault.fault, fault.nth, fault.times, fault.document.as_deref()), (Kind::ResetAfter, 3, 2, Some("007")));
    let struck = |text: &str| Fault::of_text(text).unwrap().struck();
    assert_eq!(struck("fault=delay").wait(), Duration::from_secs(5));
    assert_eq!(struck("fault=delay,by=200ms").wait(), Duration::from_millis(200));
    assert_eq!(struck("fault=clock_skew,by=-8h").by, -8 * 3_600_000);
    let dropped = Struck { kind: Kind::IgnoreField, by: 0, field: "FNote".into() };
    assert_eq!(struck("fault=ignore_field,field=FNote"), dropped);
}

#[test]
fn what_is_no_fault_is_told_with_what_is_allowed() {
    for (text, sentence) in [
        ("", "missing field `fault`"),
        ("reset_after", "`reset_after` has no value; write it as `system=kingdee,fault=reset_after,nth=3`"),
        ("fault=meteor", "unknown variant `meteor`, expected one of `refuse`, `reset_before`"),
        ("fault=throttle,name=x", "unknown field `name`, expected one of `system`, `call`, `document`"),
        ("fault=throttle,fault=slow", "`fault` stands twice"),
        ("fault=throttle,nth=first", "invalid type: string \"first\", expected u64"),
        ("fault=throttle,times=0", "`nth` and `times` count from 1"),
        ("fault=throttle,by=3s", "`throttle` takes no `by`"),
        ("fault=throttle,field=x", "`throttle` takes no `field`"),
        ("fault=delay,by=soon", "`by` is a duration such as `10m` or `-8h`, or milliseconds, not `\"soon\"`"),
        ("fault=delay,by=-3s", "`by` of `delay` is a wait"),
        ("fault=clock_skew", "`clock_skew` needs `by`"),
        ("fault=ignore_field", "`ignore_field` needs `field`"),
    ] {
        let error = Fault::of_text(text).unwrap_err();
        assert!(error.contains(sentence), "{text}: {error}");
    }
}

#[tokio::test]
async fn a_fault_that_nobody_plays_is_told_with_who_would() {
    let sandbox = sandbox(1).await;
    for (text, sentence) in [
        ("system=sap,fault=refuse", "no system `sap`; there are `jushuitan`, `kingdee`, `okki`"),
        ("system=jushuitan,fault=edit_lock", "`jushuitan` can't play `edit_lock`; allowed: `kingdee`, `okki`"),
        ("system=kingdee,fault=shift_page", "`kingdee` can't play `shift_page`; allowed: `jushuitan`, `okki`"),
        ("system=jushuitan,call=batchSave,fault=refuse", "no call `batchSave`; allowed: `orders.out.simple.query`"),
        ("call=sav,fault=refuse", "no call `sav`; allowed: `orders.out.simple.query`"),
    ] {
        let error = sandbox.set_faults(vec![Fault::of_text(text).unwrap()]).unwrap_err();
        assert!(error.starts_with(sentence), "{text}: {error}");
    }
    let body = r#"[{"fault":"refuse"},{"system":"okki","fault":"partial_batch"}]"#;
    assert_eq!(control(&sandbox, "POST", "/faults", body).await.0, 400);
    assert_eq!(shipments(&sandbox, ALL).await.unwrap().json()["code"], 0, "none is set if one can't be");
}

#[tokio::test]
async fn answers_are_not_what_they_say() {
    let sandbox = sandbox(3).await;
    let page = told(&sandbox, "login_page").await;
    assert_eq!((page.status, page.body.starts_with(b"<html>")), (200, true));
    let wrong = told(&sandbox, "wrong_type").await;
    assert_eq!(
        (wrong.headers["content-type"].as_str(), &wrong.json()["code"]),
        ("text/html; charset=utf-8", &json!(0))
    );
    let cut = told(&sandbox, "cut_json").await;
    assert_eq!(cut.headers["content-length"], cut.body.len().to_string());
    assert!(serde_json::from_slice::<Value>(&cut.body).is_err());
    let chunks = told(&sandbox, "cut_chunks").await;
    assert_eq!(chunks.headers["transfer-encoding"], "chunked");
    assert!(!chunks.body.ends_with(b"0\r\n\r\n") && !chunks.body.is_empty());
}

#[tokio::test]
async fn too_often_is_said_in_three_ways() {
    let sandbox = sandbox(1).await;
    for (fault, seconds) in [("too_many", None), ("retry_after,by=7s", Some(7)), ("retry_after_date,by=90s", Some(90))]
    {
        let told = told(&sandbox, fault).await;
        let header = told.headers.get("retry-after");
        let date = |name: &str| Time::from_http_date(&told.headers[name]);
        let wait = header.map(|header| match header.parse::<i64>() {
            Ok(seconds) => seconds,
            Err(_) => date("retry-after").unwrap().seconds() - date("date").unwrap().seconds(),
        });
        assert_eq!((told.status, wait), (429, seconds), "{fault}");
        let is_date = header.is_some_and(|header| header.ends_with("GMT"));
        assert_eq!(is_date, fault.starts_with("retry_after_date"), "{fault}");
    }
}

#[tokio::test]
async fn sessions_and_tokens_end_before_or_behind_a_call() {
    for (fault, during, after) in [("session_kill", 0, 100), ("token_revoked", 100, 100), ("delay,by=1ms", 0, 0)] {
        let sandbox = sandbox(1).await;
        assert_eq!(told(&sandbox, fault).await.json()["code"], during, "{fault}");
        assert_eq!(shipments(&sandbox, ALL).await.unwrap().json()["code"], after, "{fault}");
    }
}

#[tokio::test]
async fn pages_show_a_document_twice_or_lack_one() {
    let sandbox = sandbox(4).await;
    let ids = |told: Told| -> Vec<String> {
        told.json()["data"]["datas"].as_array().unwrap().iter().map(|one| one["io_id"].to_string()).collect()
    };
    let all = ids(shipments(&sandbox, ALL).await.unwrap());
    let twice = [all.clone(), vec![all[3].clone()]].concat();
    assert_eq!(ids(told(&sandbox, "duplicate_page").await), twice);
    assert_eq!(ids(told(&sandbox, "shift_page").await), all[1..]);
}

#[tokio::test]
async fn a_late_answer_comes_in_pieces_or_whole_and_the_clock_jumps() {
    let sandbox = sandbox(1).await;
    let url = sandbox.url("jushuitan").unwrap();
    let begin = sandbox.shared().clock().monotonic();
    set(&sandbox, "fault=slow,by=1ms");
    let slow = send(&url, "POST", "/open/", "text/plain", "").await.unwrap();
    assert_eq!(slow.headers["content-length"], slow.body.len().to_string());
    assert!(sandbox.shared().clock().monotonic() - begin >= Duration::from_millis(slow.body.len() as u64));
    let begin = sandbox.shared().clock().monotonic();
    assert_eq!(told(&sandbox, "delay,by=150ms").await.status, 200);
    assert!(sandbox.shared().clock().monotonic() - begin >= Duration::from_millis(150));
    set(&sandbox, "system=jushuitan,fault=clock_skew,by=-1h");
    let early = send(&url, "POST", "/open/", "text/plain", "").await.unwrap();
    let behind =
        sandbox.shared().clock().now().seconds() - Time::from_http_date(&early.headers["date"]).unwrap().seconds();
    assert!((3_600..3_660).contains(&behind), "{behind}");
}

#[test]
fn a_field_is_dropped_wherever_it_stands() {
    let request = |body: &str| Request {
        method: "POST".into(),
        path: "/".into(),
        query: String::new(),
        headers: Vec::new(),
        body: body.into(),
    };
    for (body, expected) in [
        (
            r#"{"formid":"X","data":{"Model":[{"FNote":1,"FQty":1.50,"FEntity":[{"FNote":2}]}]}}"#,
            r#"{"formid":"X","data":{"Model":[{"FQty":1.50,"FEntity":[{}]}]}}"#,
        ),
        (r#"{"parameters":["X","{\"FNote\":1,\"a\":2}"]}"#, r#"{"parameters":["X","{\"a\":2}"]}"#),
        ("FNote=1", "FNote=1"),
    ] {
        let changed = without_field(&request(body), "FNote");
        assert_eq!(String::from_utf8(changed.body).unwrap(), expected);
    }
    let receipt = r#"{"Result":{"ResponseStatus":{"SuccessEntitys":[{"Id":1,"Number":"A","DIndex":0}]},"NeedReturnData":[{"FID":1}]}}"#;
    let bare = r#"{"Result":{"ResponseStatus":{"SuccessEntitys":[{"DIndex":0}]},"NeedReturnData":[]}}"#;
    assert_eq!(String::from_utf8(without_receipt(Answer::json(receipt)).body).unwrap(), bare);
}

#[test]
fn every_kind_has_a_name_and_a_system_that_plays_it() {
    // The names stand in the error of a kind that there is none.
    let error = Fault::of_text("fault=x").unwrap_err();
    let names: Vec<&str> = error.split('`').skip(3).step_by(2).collect();
    assert!(names.len() >= 27, "{names:?}");
    for name in names {
        let kind: Kind = serde_json::from_value(json!(name)).unwrap();
        assert_eq!(kind.name(), name);
        assert!(["jushuitan", "kingdee", "okki"].iter().any(|system| kind.is_played_by(system)), "{name}");
        assert!(!kind.is_the_systems() || kind.by() == By::None, "{name}");
    }
}
