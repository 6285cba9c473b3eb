//! Paths, logins, sessions, signed headers.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};

use super::support::{Bench, auth, bill, form_path, post, text, value};
use crate::sandbox::kingdee::signature::{api_signature, app_signature, login_sha1, login_sha256};
use crate::sandbox::kingdee::{ACCOUNT, APP_ID, APP_SECRET, PASSPORT, PASSWORD, USER};
use crate::sandbox::wire::{Request, System};

#[test]
fn only_posts_to_known_paths_are_served() {
    let bench = Bench::new();
    let mut get = post(&form_path("Save"), &json!({}));
    get.method = "GET".into();
    assert_eq!(bench.server.answer(&get, None).status, 405);
    for path in ["/", "/k3cloud/", &form_path("Explode"), "/k3cloud/X.Save.common.kdsvc"] {
        assert_eq!(bench.server.answer(&post(path, &json!({})), None).status, 404, "{path}");
    }
    let array = post(&form_path("Save"), &json!([1]));
    let answer = bench.server.answer(&array, None);
    assert_eq!(answer.status, 500);
    assert!(text(&answer).contains("Additional text found in JSON string"));
    let mut lower =
        bench.request("ExecuteBillQuery", &json!({ "data": { "FormId": "sal_outstock", "FieldKeys": "FID" } }));
    lower.path = lower.path.to_lowercase();
    assert_eq!(value(&bench.server.answer(&lower, None)), json!([]));
}

#[test]
fn logins_are_checked() {
    let bench = Bench::new();
    let (at, wrong) = ("1767578400", "nope");
    let sign = login_sha256(&[ACCOUNT, USER, APP_ID, APP_SECRET, at]);
    let sha1 = login_sha1(&[ACCOUNT, USER, APP_ID, APP_SECRET, at]);
    for (method, parameters, expected) in [
        ("ValidateUser", json!([ACCOUNT, USER, PASSWORD, 2052]), 1),
        ("ValidateUser2", json!([ACCOUNT, USER, PASSWORD, 2052, false]), 1),
        ("ValidateUser", json!([ACCOUNT, USER, wrong, 2052]), 0),
        ("ValidateUser", json!([ACCOUNT, wrong, PASSWORD, 2052]), 0),
        ("ValidateUser", json!([wrong, USER, PASSWORD, 2052]), -1),
        ("LoginByAppSecret", json!([ACCOUNT, USER, APP_ID, APP_SECRET, 2052]), 1),
        ("LoginByAppSecret", json!([ACCOUNT, USER, APP_ID, wrong, 2052]), 0),
        ("LoginByAppSecret", json!([ACCOUNT, USER, wrong, APP_SECRET, 2052]), -1),
        ("LoginBySign", json!([ACCOUNT, USER, APP_ID, at, sign, 2052]), 1),
        ("LoginBySign", json!([ACCOUNT, USER, APP_ID, 1_767_578_400, sign, 2052]), 1),
        ("LoginBySign", json!([ACCOUNT, USER, APP_ID, "1767578401", sign, 2052]), 0),
        ("LoginBySign", json!([ACCOUNT, USER, APP_ID, at, sha1, 2052]), 0),
        ("LoginBySimplePassport", json!([PASSPORT, 2052]), 1),
        ("LoginBySimplePassport", json!(["eA==", 2052]), -1),
    ] {
        let answer = value(&bench.server.answer(&auth(method, &json!({ "parameters": parameters })), None));
        assert_eq!(answer["LoginResultType"], expected, "{method} {parameters}");
        assert_eq!(answer["KDSVCSessionId"].is_string(), expected == 1);
        assert_eq!(answer["Context"].is_object(), expected == 1);
        assert_eq!(answer["Message"].is_string(), expected != 1);
    }
    for (switch, good) in [("sha1", [false, true]), ("both", [true, true])] {
        bench.switch("sign", switch);
        let type_of = |sign: &str| {
            let body = json!({ "AcctID": ACCOUNT, "UserName": USER, "AppId": APP_ID, "timestamp": at, "sign": sign, "lcid": 2052 });
            value(&bench.server.answer(&auth("LoginBySign", &body), None))["LoginResultType"].clone()
        };
        assert_eq!([type_of(&sign) == 1, type_of(&sha1) == 1], good, "{switch}");
    }
}

/// A query with this header only.
fn query(header: (&str, &str)) -> Request {
    let mut request =
        post(&form_path("ExecuteBillQuery"), &json!({ "data": { "FormId": "SAL_OUTSTOCK", "FieldKeys": "FID" } }));
    request.headers.push((header.0.into(), header.1.into()));
    request
}

fn lost() -> Value {
    json!({ "Result": { "ResponseStatus": {
        "ErrorCode": 500, "IsSuccess": false,
        "Errors": [{ "FieldName": null, "Message": "会话信息已丢失，请重新登录", "DIndex": 0 }],
        "SuccessEntitys": [], "SuccessMessages": [], "MsgCode": 1,
    } } })
}

#[test]
fn a_session_lives_twenty_idle_minutes_by_cookie_or_header() {
    let bench = Bench::new();
    let id = bench.session.clone();
    let ask = |name: &str, value_of: &str| value(&bench.server.answer(&query((name, value_of)), None));
    for (name, header) in
        [("kdservice-sessionid", id.clone()), ("sid", id.clone()), ("cookie", format!("a=b;kdservice-sessionid={id}"))]
    {
        assert_eq!(ask(name, &header), json!([]), "{name}");
    }
    bench.forward(19 * 60);
    assert_eq!(ask("sid", &id), json!([]));
    bench.forward(20 * 60);
    assert_eq!(ask("sid", &id), json!([]));
    bench.forward(20 * 60 + 1);
    assert_eq!(ask("sid", &id), json!([[lost()]]));
    assert_eq!(ask("x", ""), json!([[lost()]]));
    assert_eq!(bench.call("BatchSave", json!({ "Model": [bill("CK-1")] })), lost());
    assert_eq!(bench.ledger(), Vec::<String>::new());
}

#[test]
fn sessions_end_by_logout_and_when_they_are_killed() {
    let mut bench = Bench::new();
    let empty = json!([]);
    assert_eq!(bench.query_with(json!({ "FieldKeys": "FID" })), empty);
    let mut logout = auth("Logout", &json!({}));
    logout.headers.push(("kdservice-sessionid".into(), bench.session.clone()));
    assert_eq!(value(&bench.server.answer(&logout, None)), json!(true));
    assert_eq!(bench.query_with(json!({ "FieldKeys": "FID" })), json!([[lost()]]));
    bench.login();
    assert_eq!(bench.query_with(json!({ "FieldKeys": "FID" })), empty);
    bench.server.kill_sessions();
    assert_eq!(bench.query_with(json!({ "FieldKeys": "FID" })), json!([[lost()]]));
}

/// The headers of the official SDK.
fn signed(account: &str, user: &str, organisation: &str, secret: &str, stamp: &str) -> Request {
    let mut request = query(("x-api-auth-version", "2.0"));
    let app_data = format!("{account},{user},2052,{organisation}");
    for (name, value) in [
        ("x-api-clientid", "200123".to_owned()),
        ("x-api-timestamp", stamp.to_owned()),
        ("x-api-nonce", stamp.to_owned()),
        ("x-api-signature", api_signature(APP_ID, &request.path, stamp, stamp).unwrap()),
        ("x-kd-appkey", APP_ID.to_owned()),
        ("x-kd-signature", app_signature(secret, APP_ID, &app_data)),
        ("x-kd-appdata", BASE64.encode(&app_data)),
    ] {
        request.headers.push((name.into(), value));
    }
    request
}

#[test]
fn signed_headers_make_a_session_without_a_login() {
    let bench = Bench::new();
    for (request, good) in [
        (signed(ACCOUNT, USER, "0", APP_SECRET, "1700000000"), true),
        (signed(ACCOUNT, USER, "999", APP_SECRET, "1700000000123"), true),
        (signed(ACCOUNT, "demo", "0", APP_SECRET, "1700000000"), false),
        (signed(ACCOUNT, USER, "0", "other", "1700000000"), false),
    ] {
        let answer = bench.server.answer(&request, None);
        assert_eq!(value(&answer), if good { json!([]) } else { json!([[lost()]]) });
        let cookie = answer.headers.iter().find(|(name, value)| name == "set-cookie" && value.starts_with("kdservice"));
        assert_eq!(cookie.is_some(), good);
        if let Some((_, cookie)) = cookie {
            // A living session is enough: a wrong signature beside it is not looked at.
            let mut next = signed(ACCOUNT, USER, "0", "other", "1");
            next.headers.push(("cookie".into(), cookie.clone()));
            let answer = bench.server.answer(&next, None);
            assert_eq!(value(&answer), json!([]));
            assert!(answer.headers.iter().all(|(name, _)| name != "set-cookie"));
        }
    }
    let answer = bench.server.answer(&signed("other", USER, "0", APP_SECRET, "1"), None);
    assert_eq!((answer.status, text(&answer).as_str()), (500, "Fail to verify thirty passport"));
}
