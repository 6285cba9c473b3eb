use super::*;

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
fn a_first_token_may_be_given_only_where_the_last_has_ended() {
    let bench = Bench::new(1, &[("rate", "off"), ("init_token", "ended")]);
    let code = [("grant_type", "authorization_code"), ("code", "a1b2c3")];
    assert_eq!(bench.grant("getInitToken", &code)["code"], json!(140));
    assert_eq!(bench.code(r#"{"start_ts":1}"#), "0", "the old one lives");
    bench.wait(Duration::from_secs(30 * 86_400));
    assert_eq!(bench.grant("getInitToken", &code)["code"], json!(0));
    assert_eq!(bench.grant("getInitToken", &code)["code"], json!(140));
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
