//! The connector against a scripted gateway.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use url::Url;

use super::*;
use crate::clock::{SystemClock, Time, Zone};
use crate::connector::http::Http;
use crate::connector::pace::Pace;
use crate::connector::registry::Environment;
use crate::connector::scripted::{Received, Scripted, Step, answer, json as page};
use crate::connector::{Connector, Fault, FaultKind, FetchRequest, Page, Window};
use crate::fault::Position;
use crate::query::Query;
use crate::scheme::transport::Transport;
use crate::scheme::tree::{Name, Node, Value};
use crate::scheme::{Mode, Source, Start};
use crate::secret::Secret;

mod oversized;
mod tokens;

const ORDERS: &str = "orders.out.simple.query";

fn at() -> Position {
    Position { file: "s.yaml".into(), line: 1, column: 1 }
}

fn source(call: &str, params: &[(&str, &str)]) -> Source {
    let param = |(name, text): &(&str, &str)| {
        (Name { at: at(), text: (*name).into() }, Node { at: at(), value: Value::Plain((*text).into()) })
    };
    Source {
        at: at(),
        system: "jst".into(),
        system_at: at(),
        call: call.into(),
        call_at: at(),
        form: None,
        params: params.iter().map(param).collect(),
        page_size: None,
        key: vec![Query::parse("$.io_id").unwrap()],
        number: Some(Query::parse("$.so_id").unwrap()),
        time: None,
        cursor: None,
        mode: Mode::Window,
        start: Start::Back(Duration::ZERO),
        detail: None,
        overlap: Duration::ZERO,
        window: Duration::from_secs(86_400),
        sweep: None,
        fields: Vec::new(),
        entries: Vec::new(),
        changed_fields: Vec::new(),
        filter: None,
    }
}

async fn gateway(steps: impl IntoIterator<Item = Step>) -> (Scripted, Jushuitan) {
    let server = Scripted::start(steps).await;
    let connector = connect(&server.base, App::Own);
    (server, connector)
}

fn connect(base: &str, app: App) -> Jushuitan {
    connect_over(base, app, &Transport::default())
}

fn connect_over(base: &str, app: App, transport: &Transport) -> Jushuitan {
    connect_as(base, (Gateway::Open, app), transport, &environment())
}

fn environment() -> Environment {
    let (clock, zone) = (Arc::new(SystemClock::new()), Zone::named("Asia/Shanghai").unwrap());
    Environment { clock, zone, paces: Arc::default(), tokens: Arc::default() }
}

fn connect_as(
    base: &str,
    (gateway, app): (Gateway, App),
    transport: &Transport,
    environment: &Environment,
) -> Jushuitan {
    let clock = Arc::clone(&environment.clock);
    let pace = Arc::new(Pace::new(Arc::clone(&clock), &[], 4));
    let settings = JushuitanSettings {
        gateway,
        base_url: Url::parse(base).unwrap(),
        app_key: Secret::new("simappkey"),
        app_secret: Secret::new("SIMSECRET"),
        access_token: Secret::new("simaccesstoken"),
        app,
    };
    let http = Http::new(transport, Duration::from_secs(5), &settings.base_url, pace, clock, vec![]);
    Jushuitan::new(settings, "jushuitan".into(), http.unwrap(), environment)
}

#[test]
fn with_a_distributor_a_window_is_shorter_than_a_day() {
    let day = Duration::from_secs(86_400);
    for (mode, window, params, told) in [
        (Mode::Window, day, &[("drp_co_id", "20077")][..], true),
        (Mode::Window, day, &[("status", "Confirmed"), ("drp_co_id", "{{ env.X }}")], true),
        (Mode::Cursor, day * 3, &[("drp_co_id", "20077")], true),
        (Mode::Window, day - Duration::from_secs(1), &[("drp_co_id", "20077")], false),
        (Mode::Full, day, &[("drp_co_id", "20077")], false),
        (Mode::Window, day, &[("drp_co_id", "0")], false),
        (Mode::Window, day, &[("drp_co_id", " ")], false),
        (Mode::Window, day * 7, &[("shop_id", "7")], false),
    ] {
        let source = Source { mode, window, ..source(ORDERS, params) };
        let faults = connect("http://127.0.0.1:1", App::Own).check_source(&source);
        assert_eq!(faults.len(), usize::from(told), "{mode:?} {window:?} {params:?}: {faults:?}");
        assert!(faults.iter().all(|fault| fault.to_string().contains("write `window: 23h`")), "{faults:?}");
    }
}

const WINDOW: Window = Window { begin: Time(1_709_222_400_999), end: Time(1_709_308_799_001) };

async fn fetch(connector: &Jushuitan, source: &Source, position: Option<&str>) -> Result<Page, Fault> {
    connector.fetch(&FetchRequest { source, window: Some(WINDOW), position }).await
}

fn biz(received: &Received) -> String {
    let form: BTreeMap<String, String> = url::form_urlencoded::parse(received.body.as_bytes()).into_owned().collect();
    form["biz"].clone()
}

fn listing(page_index: u64, has_next: bool, documents: &str) -> Step {
    page(format!(
        r#"{{"code":0,"msg":"","data":{{"page_index":{page_index},"has_next":{has_next},"datas":[{documents}]}}}}"#
    ))
}

#[tokio::test]
async fn pages_follow_has_next_and_carry_the_window() {
    let documents = r#"{"io_id":1, "pay_amount":1.10},{"io_id":2}"#;
    let (server, connector) = gateway([listing(1, true, documents), listing(2, false, "")]).await;
    let source = source(ORDERS, &[("status", ""), ("shop_id", "12"), ("page_index", "{{PAGE}}")]);
    let first = fetch(&connector, &source, None).await.unwrap();
    let texts: Vec<String> = first.documents.iter().map(|d| String::from_utf8(d.bytes.clone()).unwrap()).collect();
    assert_eq!(texts, [r#"{"io_id":1, "pay_amount":1.10}"#, r#"{"io_id":2}"#]);
    assert_eq!(first.next.as_deref(), Some("2"));
    let last = fetch(&connector, &source, first.next.as_deref()).await.unwrap();
    assert_eq!((last.documents.len(), last.next), (0, None));
    let window = r#""modified_begin":"2024-03-01 00:00:00","modified_end":"2024-03-01 23:59:59","page_size":50}"#;
    let sent: Vec<String> = server.received().iter().map(biz).collect();
    assert_eq!(sent, [1, 2].map(|page| format!(r#"{{"shop_id":12,"page_index":{page},{window}"#)));
}

#[tokio::test]
async fn the_schemes_own_names_for_the_window_stand() {
    let (server, connector) = gateway([listing(1, false, "")]).await;
    let begin = ("modified_begin", "{{LAST_SYNC_TIME datetime}}");
    let mut source = source(ORDERS, &[("modified_end", "{{CURRENT_TIME|datetime}}"), begin, ("date_type", "2")]);
    source.page_size = Some(500);
    fetch(&connector, &source, None).await.unwrap();
    let wanted = json!({ "modified_end": "2024-03-01 23:59:59", "modified_begin": "2024-03-01 00:00:00",
        "date_type": 2, "page_index": 1, "page_size": 50 });
    assert_eq!(biz(&server.received()[0]), wanted.to_string());
}

#[tokio::test]
async fn an_answer_that_is_no_page_is_a_fault_of_its_kind() {
    for (step, kind) in [
        (page(r#"{"code":200,"msg":"一分钟不超过100次","data":null}"#), FaultKind::Throttled),
        (page(r#"{"code":"199","msg":"一秒不超过5次"}"#), FaultKind::Throttled),
        (page(r#"{"code":100,"msg":"access_token已过期"}"#), FaultKind::Session),
        (page(r#"{"code":10,"msg":"验证失败！无效签名"}"#), FaultKind::Refused),
        (page(r#"{"code":130,"msg":"参数无法转换"}"#), FaultKind::Permanent),
        (page(r#"{"code":160,"msg":"内部保存失败"}"#), FaultKind::Transient),
        (page(r#"{"code":0,"data":{"datas":[{"io_id":1}"#), FaultKind::Unknown),
        (page("<html><title>login</title></html>"), FaultKind::Unknown),
        (page(""), FaultKind::Unknown),
        (listing(7, false, ""), FaultKind::Unknown),
        (listing(1, true, ""), FaultKind::Unknown),
        (answer("502 Bad Gateway", &["Content-Type: text/html"], "<html></html>"), FaultKind::Transient),
        (answer("429 Too Many Requests", &[], ""), FaultKind::Throttled),
    ] {
        let (_server, connector) = gateway([step.clone()]).await;
        let fault = fetch(&connector, &source(ORDERS, &[]), None).await.unwrap_err();
        assert_eq!(fault.kind, kind, "{step:?}: {fault}");
        assert_eq!(fault.retry_after.is_some(), kind == FaultKind::Throttled);
    }
}

#[tokio::test]
async fn what_would_be_refused_is_not_sent() {
    let (server, connector) = gateway([]).await;
    let asked = |source: Source, window, position| {
        let connector = &connector;
        async move { connector.fetch(&FetchRequest { source: &source, window, position }).await.unwrap_err() }
    };
    for (fault, words) in [
        (asked(source(ORDERS, &[]), None, None).await, "needs a window of time or a list of ids"),
        (asked(source(ORDERS, &[]), Some(WINDOW), Some("two")).await, "no position"),
        (asked(source(ORDERS, &[("shop_id", "{{SHOP}}")]), Some(WINDOW), None).await, "unknown placeholder"),
        (asked(source("no.such", &[]), Some(WINDOW), None).await, "`no.such`"),
    ] {
        assert_eq!(fault.kind, FaultKind::Permanent);
        assert!(fault.words.contains(words), "{fault}");
    }
    assert_eq!(server.received().len(), 0);
}

#[tokio::test]
async fn documents_are_asked_for_by_key_and_by_number_in_the_schemes_shape() {
    let (server, connector) = gateway([
        listing(1, false, r#"{"io_id":7}"#),
        listing(1, true, r#"{"io_id":8},{"io_id":9}"#),
        listing(2, false, r#"{"io_id":10}"#),
    ])
    .await;
    let window = ("modified_begin", "{{LAST_SYNC_TIME|datetime}}");
    let source = source(ORDERS, &[("status", "Confirmed"), window, ("is_get_cbfinance", "true")]);
    let keys = |texts: &[&str]| texts.iter().map(|text| vec![(*text).to_owned()]).collect::<Vec<_>>();
    let found = connector.fetch_keys(&source, &keys(&["7", "no number", "9007199254740993"]), false).await.unwrap();
    assert_eq!(found.documents.len(), 1);
    let found = connector.fetch_keys(&source, &keys(&["线上-1"]), true).await.unwrap();
    assert_eq!(found.documents.len(), 3);
    let sent: Vec<String> = server.received().iter().map(biz).collect();
    let shape = r#"{"is_get_cbfinance":true"#;
    assert_eq!(
        sent,
        [
            format!(r#"{shape},"io_ids":[7,9007199254740993],"page_index":1,"page_size":50}}"#),
            format!(r#"{shape},"so_ids":["线上-1"],"page_index":1,"page_size":50}}"#),
            format!(r#"{shape},"so_ids":["线上-1"],"page_index":2,"page_size":50}}"#),
        ]
    );
    // Fifty ids at most in one request.
    let (server, connector) = gateway([listing(1, false, ""), listing(1, false, "")]).await;
    let many: Vec<Vec<String>> = (0..51).map(|n| vec![n.to_string()]).collect();
    connector.fetch_keys(&source, &many, false).await.unwrap();
    assert_eq!(server.received().len(), 2);
}

#[tokio::test]
async fn a_key_the_call_cannot_be_asked_by_is_said() {
    let (_server, connector) = gateway([]).await;
    let mut source = source(ORDERS, &[]);
    source.key = vec![Query::parse("$.shop_id").unwrap(), Query::parse("$.io_id").unwrap()];
    let fault = connector.fetch_keys(&source, &[vec!["1".into(), "2".into()]], false).await.unwrap_err();
    assert_eq!((fault.kind, fault.words.contains("by `such a key`")), (FaultKind::Permanent, true));
    source.number = Some(Query::parse("$.shop_name").unwrap());
    let fault = connector.fetch_keys(&source, &[vec!["x".into()]], true).await.unwrap_err();
    assert!(fault.words.contains("by `$.shop_name`"), "{fault}");
}

#[tokio::test]
async fn a_time_stamp_that_is_refused_comes_with_a_hint_about_the_clocks() {
    let refusal = r#"{"code":140,"msg":"无效的timestamp，最大误差15分钟","data":null}"#;
    let (_server, connector) = gateway([answer("200 OK", &["Date: Fri, 01 Mar 2024 02:00:05 GMT"], refusal)]).await;
    let fault = fetch(&connector, &source(ORDERS, &[]), None).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Refused);
    assert!(fault.words.contains("the clock of this machine is ") && fault.words.ends_with(" ahead of the system's"));
}

#[test]
fn the_description_holds_every_field_of_the_seed_at_its_real_place() {
    let connector = connect("http://127.0.0.1:1", App::Own);
    let call = connector.source_call(ORDERS).unwrap();
    for (list, fields) in [
        (
            "",
            "co_id shop_id io_id o_id so_id created modified status order_type invoice_title shop_buyer_id receiver_country \
             receiver_state receiver_city receiver_district receiver_town receiver_address receiver_name receiver_phone \
             receiver_mobile buyer_message remark is_cod pay_amount l_id io_date lc_id stock_enabled drp_co_id_from labels \
             paid_amount free_amount freight weight f_weight merge_so_id wms_co_id business_staff currency pay_date",
        ),
        ("items[].", "ioi_id pic sku_id qty name properties_value sale_price sale_amount i_id sale_base_price"),
        ("batchs[].", "batch_no product_date supplier_id supplier_name expiration_date"),
        ("sns[].", "sn"),
    ] {
        for field in fields.split_whitespace().map(|field| format!("{list}{field}")) {
            assert!(call.fields.contains(&field), "{field}");
        }
    }
    assert!(call.numeric.iter().all(|name| call.fields.contains(name)), "presets name known fields");
    assert_eq!((call.max_page, call.by_key, call.resumable, call.shifts), (50, 50, false, true));
    assert_eq!(call.max_window, Some(Duration::from_secs(6 * 86_400 + 86_399)));
    assert!(call.params.contains(&"shop_id") && !call.params.contains(&"hop_id"));
}
