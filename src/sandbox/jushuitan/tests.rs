#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Value, json};

use super::Server;
use super::credentials::{ACCESS_TOKEN, APP_KEY, APP_SECRET};
use super::sign;
use crate::clock::{Clock, Time};
use crate::sandbox::faults::Kind;
use crate::sandbox::shared::Shared;
use crate::sandbox::testing::{shipment_query, signed};
use crate::sandbox::wire::{Request, System};

/// 2024-03-08 12:00:00 in Shanghai.
const NOON: Time = Time(1_709_870_400_000);

/// A clock that stands still until moved.
struct Still(Mutex<Duration>);

#[async_trait]
impl Clock for Still {
    fn now(&self) -> Time {
        NOON.plus(self.monotonic())
    }

    fn monotonic(&self) -> Duration {
        *self.0.lock().unwrap()
    }

    async fn sleep(&self, _: Duration) {}
}

struct Bench {
    clock: Arc<Still>,
    shared: Arc<Shared>,
    server: Server,
}

impl Bench {
    fn new(documents: u64, switches: &[(&str, &str)]) -> Self {
        let clock = Arc::new(Still(Mutex::default()));
        let shared = Arc::new(Shared::new(Arc::<Still>::clone(&clock)));
        switches.iter().for_each(|(name, value)| shared.set_switch(name, value));
        let server = Server::new(Arc::clone(&shared));
        server.seed(1, documents);
        Self { clock, shared, server }
    }

    fn free(documents: u64) -> Self {
        Self::new(documents, &[("rate", "off")])
    }

    fn wait(&self, duration: Duration) {
        *self.clock.0.lock().unwrap() += duration;
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

#[test]
fn a_seed_gives_the_same_documents_again() {
    let text = |seed, at: Time| {
        let bench = Bench::free(0);
        bench.shared.set_offset("jushuitan", at.0 - NOON.0);
        bench.server.seed(seed, 200);
        bench.server.documents()
    };
    assert_eq!(text(1, NOON), text(1, NOON));
    assert_ne!(text(1, NOON), text(2, NOON));
}

#[test]
fn seeded_documents_are_of_the_last_week_and_have_the_traps_of_real_ones() {
    let bench = Bench::new(600, &[("rate", "off"), ("zero_items", "on")]);
    let documents = bench.documents();
    let bytes = bench.server.documents().len() / documents.len();
    assert!((2_000..3_500).contains(&bytes), "{bytes} bytes each");
    let zone = bench.shared.zone();
    for one in &documents {
        let modified = zone.read(one["modified"].as_str().unwrap()).unwrap();
        assert!(modified < NOON && NOON.since(modified) < Duration::from_secs(7 * 86_400));
        assert!(one["ts"].as_u64().unwrap() > 1 << 32);
        assert_eq!(one["ClusterInfos"], json!([]));
        let shipped = matches!(one["status"].as_str().unwrap(), "Confirmed" | "Archive" | "Cancelled");
        assert_eq!(one["io_date"].is_string(), shipped);
    }
    let has = |what: &str, test: &dyn Fn(&Value) -> bool| assert!(documents.iter().any(test), "none has {what}");
    let items = |one: &Value| one["items"].as_array().cloned().unwrap();
    for status in ["Confirmed", "Archive", "WaitConfirm", "Cancelled", "Delete", "OuterConfirming"] {
        has(status, &|one| one["status"] == status);
    }
    has("trailing zeros", &|one| one["pay_amount"].to_string().ends_with(".00"));
    has("labels", &|one| one["labels"] == "多标签1,多标签2");
    has("no labels", &|one| one["labels"].is_null());
    has("no batchs", &|one| one.get("batchs").is_none());
    has("batchs", &|one| one.get("batchs").is_some());
    has("sns", &|one| one.get("sns").is_some());
    has("no line", &|one| items(one).is_empty());
    has("a fraction", &|one| items(one).iter().any(|item| item["qty"].to_string().contains('.')));
    has("a gift", &|one| {
        items(one).iter().any(|item| item["is_gift"] == true && item["sale_price"].to_string() == "0.00")
    });
    has("one sku twice", &|one| {
        let skus: BTreeSet<String> = items(one).iter().map(|item| item["sku_id"].to_string()).collect();
        skus.len() < items(one).len()
    });
    let distinct = |name: &str| documents.iter().map(|one| one[name].to_string()).collect::<BTreeSet<_>>().len();
    assert_eq!((distinct("io_id"), distinct("ts")), (600, 600));
    assert!((550..600).contains(&distinct("so_id")), "some orders are split");
}

#[test]
fn refusals_come_in_the_platforms_order() {
    let bench = Bench::new(3, &[]);
    let query = |more: &[(&str, &str)], now| {
        let body = signed(more, now);
        bench.send("/open/orders/out/simple/query", "", &body)["code"].to_string()
    };
    let late = NOON.plus(Duration::from_secs(901));
    let good = [("access_token", ACCESS_TOKEN), ("biz", WEEK)];
    let path = "/open/orders/out/simple/query";
    let (_, body) = shipment_query(WEEK, NOON);
    assert_eq!(bench.send(path, "", &body.replace("sign=", "sign=0"))["code"], json!(10), "before all else");
    assert_eq!(bench.send(path, &body, "")["code"], json!(130), "parameters in the query string are not seen");
    assert_eq!(query(&[("access_token", "other"), ("biz", WEEK)], late), "100", "token before time stamp");
    assert_eq!(query(&good, late), "140");
    assert_eq!(query(&good, NOON.minus(Duration::from_secs(900))), "0");
    bench.shared.set_switch("permission", "denied");
    assert_eq!(query(&good, NOON), "190");
    bench.shared.set_switch("ip_list", "deny");
    assert_eq!(query(&good, NOON), "110");
    bench.shared.set_switch("permission", "granted");
    bench.shared.set_switch("ip_list", "allow");
    assert_eq!(bench.send("/open/purchase/query", "", &signed(&good, NOON))["code"], json!(190));
    let empty = bench.send(path, "", &signed(&[("access_token", ACCESS_TOKEN)], NOON));
    assert_eq!(empty, json!({ "code": 130, "msg": "传输数据不能为空", "data": null }));
}

#[test]
fn the_legacy_gateway_answers_flat_and_refuses_in_its_own_codes() {
    let bench = Bench::free(3);
    let told = bench.legacy("orders.out.simple.query", WEEK);
    assert_eq!((&told["code"], &told["issuccess"], &told["msg"]), (&json!(0), &json!(true), &Value::Null));
    assert_eq!((&told["data_count"], told["datas"].as_array().unwrap().len()), (&json!(3), 3));
    assert_eq!(told["datas"], bench.open(WEEK)["data"]["datas"], "one data set");
    assert_eq!(bench.legacy("no.such", "{}")["msg"], json!("接口不存在"));
    assert_eq!(bench.legacy("shops.query", "{}")["datas"].as_array().unwrap().len(), 8);
    let sign = sign::legacy("shops.query", APP_KEY, ACCESS_TOKEN, "1709251200", APP_SECRET);
    let query =
        |sign: &str| format!("method=shops.query&partnerid={APP_KEY}&token={ACCESS_TOKEN}&ts=1709251200&sign={sign}");
    let refused = bench.send("/api/open/query.aspx", &query("0"), "{}");
    assert_eq!(refused, json!({ "code": 120, "issuccess": false, "msg": "验证失败！无效签名" }));
    assert_eq!(bench.send("/api/open/query.aspx", &query(&sign), "{}")["code"], json!(180));
}

#[test]
fn windows_are_pairs_of_at_most_seven_days() {
    let bench = Bench::free(3);
    for (biz, code) in [
        ("{}", "140"),
        ("[]", "130"),
        (r#"{"modified_begin":"2024-03-01 00:00:00"}"#, "140"),
        (r#"{"modified_end":"2024-03-01 00:00:00","io_ids":[1]}"#, "140"),
        (r#"{"modified_begin":"2024-03-01 00:00:00","modified_end":"2024-03-08 00:00:00"}"#, "0"),
        (r#"{"modified_begin":"2024-03-01 00:00:00","modified_end":"2024-03-08 00:00:01"}"#, "140"),
        (r#"{"modified_begin":"2024-03-02 00:00:00","modified_end":"2024-03-01 00:00:00"}"#, "140"),
        (r#"{"modified_begin":"2024-03-01 00:00:00","modified_end":"2024-03-03 00:00:00","drp_co_id":1}"#, "140"),
        (r#"{"modified_begin":"yesterday","modified_end":"2024-03-03 00:00:00"}"#, "130"),
        (r#"{"io_ids":["7",8],"page_index":"1","unknown":{}}"#, "0"),
        (r#"{"io_ids":"7,8"}"#, "130"),
        (r#"{"so_ids":["7"],"InoutFlds":"a,b"}"#, "130"),
        (r#"{"start_ts":0}"#, "0"),
        (r#"{"start_ts":-1}"#, "130"),
    ] {
        assert_eq!(bench.code(biz), code, "{biz}");
    }
    let many = json!({ "so_ids": (0..51).collect::<Vec<_>>() }).to_string();
    assert_eq!(bench.code(&many), "140");
}

#[test]
fn both_ends_of_a_window_belong_to_it() {
    let bench = Bench::free(50);
    let documents = bench.documents();
    let one = &documents[17];
    let at = one["modified"].as_str().unwrap();
    let biz = json!({ "modified_begin": at, "modified_end": at }).to_string();
    assert!(bench.keys(&biz).contains(&one["io_id"].to_string()));
}

#[test]
fn pages_are_of_fifty_at_most_and_told_truly() {
    let bench = Bench::free(120);
    let told = &bench.open(&WEEK.replace("50}", "500}"))["data"];
    assert_eq!((&told["page_size"], &told["data_count"], &told["page_count"]), (&json!(50), &json!(120), &json!(3)));
    assert_eq!((told["datas"].as_array().unwrap().len(), &told["has_next"]), (50, &json!(true)));
    let mut seen = Vec::new();
    for index in 1..=12 {
        seen.extend(bench.keys(&week_page(index)));
    }
    assert_eq!(bench.open(&week_page(12))["data"]["has_next"], json!(false));
    assert!(bench.keys(&week_page(13)).is_empty());
    assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), 120);
    bench.shared.set_switch("page_size", "error");
    assert_eq!(bench.code(&WEEK.replace("50}", "51}")), "140");
}

#[test]
fn an_edit_between_two_pages_shifts_them_so_that_a_document_is_missed() {
    let bench = Bench::free(30);
    let first = bench.keys(&week_page(1));
    let edited = bench.edit(json!({ "key": first[0], "set": { "remark": "改" } }));
    assert_eq!(edited, [first[0].clone()]);
    let (second, third) = (bench.keys(&week_page(2)), bench.keys(&week_page(3)));
    let seen: BTreeSet<&String> = first.iter().chain(&second).chain(&third).collect();
    assert_eq!(seen.len(), 29, "the document that slid onto the first page is missed");
    assert_eq!(third.last(), Some(&first[0]), "the edited one comes again, last");
}

#[test]
fn row_versions_go_up_and_miss_nothing() {
    let bench = Bench::free(30);
    let page = |start: u64| {
        let told = bench.open(&format!(r#"{{"start_ts":{start},"is_get_total":false,"page_size":10}}"#));
        let rows = told["data"]["datas"].as_array().unwrap().clone();
        (rows, told["data"]["has_next"] == json!(true), told["data"]["data_count"].to_string())
    };
    let (mut start, mut seen) = (1, BTreeSet::new());
    loop {
        let (rows, has_next, count) = page(start);
        assert_eq!(count, "0");
        assert!(rows.windows(2).all(|two| two[0]["ts"].as_u64() < two[1]["ts"].as_u64()));
        if seen.is_empty() {
            let first = rows[0]["io_id"].to_string();
            bench.edit(json!({ "key": first, "set": { "remark": "改" } }));
        }
        start = rows.last().unwrap()["ts"].as_u64().unwrap();
        assert!(page(start).0[0]["ts"].as_u64() == Some(start), "the boundary row comes again");
        seen.extend(rows.iter().map(|row| row["io_id"].to_string()));
        if !has_next {
            break;
        }
    }
    assert_eq!(seen.len(), 30);
    bench.shared.set_switch("counts", "absent");
    assert!(bench.open(r#"{"start_ts":1,"is_get_total":false}"#)["data"].get("data_count").is_none());
}

#[test]
fn filters_select_by_what_documents_hold() {
    let bench = Bench::free(200);
    let documents = bench.documents();
    let one = documents.iter().find(|one| one["l_id"].is_string()).unwrap();
    let count = |more: Value, holds: &dyn Fn(&Value) -> bool| {
        let mut biz: Value = serde_json::from_str(WEEK).unwrap();
        biz.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let told = bench.open(&biz.to_string())["data"]["data_count"].as_u64();
        assert_eq!(told, Some(documents.iter().filter(|one| holds(one)).count() as u64), "{biz}");
    };
    count(json!({ "status": "Confirmed" }), &|one| one["status"] == "Confirmed");
    count(json!({ "shop_id": one["shop_id"].to_string() }), &|other| other["shop_id"] == one["shop_id"]);
    count(json!({ "shop_id": 0, "is_offline_shop": true }), &|one| one["shop_name"] == "南京新街口门店");
    count(json!({ "wms_co_id": 10007 }), &|one| one["wms_co_id"] == json!(10007));
    count(json!({ "date_type": 2 }), &|one| one["io_date"].is_string());
    for (name, field) in [("so_ids", "so_id"), ("o_ids", "o_id"), ("io_ids", "io_id"), ("l_ids", "l_id")] {
        let wanted = documents.iter().filter(|other| other[field] == one[field]);
        let wanted: Vec<String> = wanted.map(|other| other["io_id"].to_string()).collect();
        let mut told = bench.keys(&json!({ name: [one[field]] }).to_string());
        told.sort();
        assert_eq!(told, wanted, "{name}");
    }
}

#[test]
fn calls_are_limited_to_five_a_second_and_a_hundred_a_minute() {
    let bench = Bench::new(1, &[]);
    let codes: Vec<String> = (0..6).map(|_| bench.code(WEEK)).collect();
    assert_eq!(codes, ["0", "0", "0", "0", "0", "199"]);
    bench.wait(Duration::from_secs(1));
    for _ in 0..94 {
        assert_eq!(bench.code(WEEK), "0");
        bench.wait(Duration::from_millis(250));
    }
    let refused = bench.open(WEEK);
    assert_eq!((&refused["code"], &refused["data"]), (&json!(200), &Value::Null), "a hundred and first");
    bench.wait(Duration::from_secs(60));
    assert_eq!(bench.code(WEEK), "0");
}

#[test]
fn unchanged_documents_are_told_byte_for_byte_and_a_touch_moves_only_times() {
    let bench = Bench::free(5);
    assert_eq!(bench.server.documents(), bench.server.documents());
    let before = bench.documents();
    let key = before[2]["io_id"].to_string();
    bench.edit(json!({ "key": key, "touch": true }));
    let after = bench.documents();
    for (name, value) in before[2].as_object().unwrap() {
        let same = after[2][name] == *value;
        assert_eq!(same, !matches!(name.as_str(), "modified" | "ts"), "{name}");
    }
    assert_eq!((&before[1], &before[3]), (&after[1], &after[3]));
}

#[test]
fn edits_set_delete_create_and_change_a_share() {
    let bench = Bench::free(100);
    let before = bench.documents();
    let edited = bench.edit(json!({ "rate": 0.05 }));
    assert_eq!(edited.len(), 5);
    let after = bench.documents();
    for (old, new) in before.iter().zip(&after) {
        let changed = edited.contains(&old["io_id"].to_string());
        assert_eq!(changed, old != new);
        if changed {
            assert!(old["items"] != new["items"], "the quantity changes");
            assert!(matches!(new["status"].as_str().unwrap(), "Confirmed" | "Archive"));
        }
    }
    let key = before[9]["io_id"].to_string();
    bench.edit(json!({ "key": key, "set": { "modified": "2024-03-05 00:00:00", "buyer_nick": "新" }, "touch": false }));
    let set = &bench.documents()[9];
    assert_eq!((&set["modified"], &set["buyer_nick"]), (&json!("2024-03-05 00:00:00"), &json!("新")));
    assert_eq!(bench.edit(json!({ "key": key, "delete": true })), [key.clone()]);
    assert!(bench.server.edit(&json!({ "key": key, "touch": true })).is_err());
    let created = bench.edit(json!({ "create": 2, "set": { "status": "Confirmed" } }));
    assert_eq!((created.len(), bench.documents().len()), (2, 101));
    for bad in [
        json!({ "key": before[0]["io_id"], "set": { "io_id": 1 } }),
        json!({ "key": before[0]["io_id"], "set": { "modified": "soon" } }),
        json!({ "key": before[0]["io_id"], "set": { "status": null } }),
    ] {
        assert!(bench.server.edit(&bad).is_err(), "{bad}");
    }
    let whole = r#"{"key":"K","set":{"pay_amount":12345678901234567.89,"o_id":9007199254740993}}"#;
    let whole: Value = serde_json::from_str(&whole.replace('K', &before[0]["io_id"].to_string())).unwrap();
    bench.edit(whole);
    assert!(bench.server.documents().contains(r#""pay_amount":12345678901234567.89"#));
    assert!(bench.server.documents().contains(r#""o_id":9007199254740993"#));
}

#[test]
fn late_commits_publish_a_smaller_row_version_after_a_larger_one() {
    let bench = Bench::new(5, &[("rate", "off"), ("late_commits", "5s")]);
    let keys: Vec<String> = bench.documents().iter().map(|one| one["io_id"].to_string()).collect();
    bench.edit(json!({ "key": keys[0], "set": { "remark": "late" } }));
    bench.shared.set_switch("late_commits", "0s");
    bench.edit(json!({ "key": keys[1], "set": { "remark": "prompt" } }));
    let seen = bench.documents();
    assert_eq!((&seen[1]["remark"], seen[0]["remark"] == "late"), (&json!("prompt"), false));
    bench.wait(Duration::from_secs(5));
    let seen = bench.documents();
    assert_eq!(seen[0]["remark"], json!("late"));
    assert!(seen[0]["ts"].as_u64() < seen[1]["ts"].as_u64());
}

#[test]
fn a_tenant_that_moves_restarts_its_row_versions() {
    let bench = Bench::free(5);
    let before = bench.keys(r#"{"start_ts":1}"#);
    bench.shared.set_switch("ts_restart", "1");
    assert!(bench.keys(r#"{"start_ts":5873112994}"#).is_empty());
    assert_eq!(bench.keys(r#"{"start_ts":1}"#), before, "the order stays");
}

#[test]
fn switches_change_types_but_not_digits() {
    let bench = Bench::free(20);
    let plain = bench.open(WEEK)["data"]["datas"][0]["pay_amount"].to_string();
    for (name, value) in [("amounts", "string"), ("code", "string"), ("has_next", "string"), ("ts", "kept")] {
        bench.shared.set_switch(name, value);
    }
    let told = bench.open(WEEK);
    assert_eq!((&told["code"], &told["data"]["has_next"]), (&json!("0"), &json!("false")));
    assert_eq!(told["data"]["datas"][0]["pay_amount"], json!(plain));
    assert!(told["data"]["datas"][0]["items"][0]["qty"].is_string());
    bench.shared.set_switch("modified", "kept");
    let (before, key) = (bench.documents(), told["data"]["datas"][3]["io_id"].to_string());
    bench.edit(json!({ "key": key, "set": { "remark": "silent" } }));
    let changed: Vec<(Value, Value)> =
        before.into_iter().zip(bench.documents()).filter(|(old, new)| old != new).collect();
    assert_eq!((&changed[0].0["modified"], &changed[0].0["ts"]), (&changed[0].1["modified"], &changed[0].1["ts"]));
}

#[test]
fn tokens_end_and_are_renewed_once() {
    let bench = Bench::free(1);
    bench.wait(Duration::from_secs(29 * 86_400));
    assert_eq!(bench.code(r#"{"start_ts":1}"#), "0");
    let refresh = |token: &str| {
        let params = [("grant_type", "refresh_token"), ("refresh_token", token), ("scope", "all")];
        bench.grant("refreshToken", &params)
    };
    let told = refresh("simrefreshtoken");
    assert_eq!((&told["code"], &told["data"]["expires_in"]), (&json!(0), &json!(2_592_000)));
    assert_eq!(bench.code(r#"{"start_ts":1}"#), "100", "the old token is dead at once");
    assert_eq!(refresh("simrefreshtoken")["code"], json!(100));
    let token = told["data"]["access_token"].as_str().unwrap();
    let body = signed(&[("access_token", token), ("biz", r#"{"start_ts":1}"#)], bench.shared.now("jushuitan"));
    assert_eq!(bench.send("/open/orders/out/simple/query", "", &body)["code"], json!(0));
    let code = [("grant_type", "authorization_code"), ("code", "a1b2c3")];
    assert_eq!(bench.grant("getInitToken", &code)["code"], json!(0));
    bench.shared.set_switch("app", "isv");
    assert_eq!(bench.grant("getInitToken", &code)["code"], json!(190));
    assert_eq!(bench.grant("accessToken", &code)["code"], json!(0));
    assert_eq!(refresh("whatever")["code"], json!(150));
}

#[test]
fn the_legacy_token_keeps_its_value_and_is_prolonged_in_its_last_week() {
    let bench = Bench::new(1, &[("rate", "off"), ("refresh_delay", "3s")]);
    assert_eq!(bench.legacy("refresh.token", "{}")["code"], json!(140));
    bench.wait(Duration::from_secs(24 * 86_400));
    assert_eq!(bench.legacy("refresh.token", "{}"), json!({ "code": 0, "issuccess": true, "msg": null }));
    assert_eq!(bench.legacy("shops.query", "{}")["code"], json!(100), "needs a moment");
    bench.wait(Duration::from_secs(3));
    assert_eq!(bench.legacy("shops.query", "{}")["code"], json!(0));
    bench.wait(Duration::from_secs(31 * 86_400));
    assert_eq!(bench.legacy("refresh.token", "{}")["code"], json!(100));
    bench.server.kill_sessions();
}

#[test]
fn deep_pages_are_slow_only_when_asked_for() {
    let bench = Bench::free(1);
    let (path, body) = shipment_query(&week_page(7), NOON);
    let headers = vec![("content-type".to_owned(), "application/x-www-form-urlencoded".to_owned())];
    let request =
        Request { method: "POST".to_owned(), path: path.to_owned(), query: String::new(), headers, body: body.into() };
    assert_eq!(bench.server.delay(&request), Duration::ZERO);
    bench.shared.set_switch("slow_pages", "10ms");
    assert_eq!(bench.server.delay(&request), Duration::from_millis(70));
    assert_eq!(bench.server.aim(&request).call, "orders.out.simple.query");
    let answer = bench.server.answer(&request, Some(Kind::EditLock));
    assert_eq!(answer.status, 200, "faults of other systems do nothing");
}
