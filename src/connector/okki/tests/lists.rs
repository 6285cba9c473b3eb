use super::*;
use crate::connector::{Connector, Fault, FaultKind, FetchRequest, Page, Window};
use crate::scheme::{Scheme, Source};

fn source(text: &str) -> Source {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("s.yaml");
    std::fs::write(&file, format!("source: {{ system: crm, {text} }}\n")).unwrap();
    Scheme::load(&file, &Zone::utc()).unwrap_or_else(|faults| panic!("{faults:?}")).source
}

async fn fetch(connector: &Okki, source: &Source, position: Option<&str>) -> Result<Page, Fault> {
    connector.fetch(&FetchRequest { source, window: None, position }).await
}

fn texts(page: &Page) -> Vec<&str> {
    page.documents.iter().map(|document| std::str::from_utf8(&document.bytes).unwrap()).collect()
}

#[tokio::test]
async fn a_list_is_read_page_by_page_to_its_total() {
    let steps = [
        data(json!({ "list": [{ "company_id": 1 }, { "company_id": 2 }], "totalItem": 3 })),
        data(json!({ "list": [{ "company_id": 3 }], "totalItem": 3 })),
    ];
    let (server, connector) = server(steps).await;
    let source = source("call: /v1/company/list, page_size: 2, key: $.company_id, params: { all: 1, removed: '' }");
    let first = fetch(&connector, &source, None).await.unwrap();
    assert_eq!((texts(&first), first.total), (vec![r#"{"company_id":1}"#, r#"{"company_id":2}"#], Some(3)));
    let last = fetch(&connector, &source, first.next.as_deref()).await.unwrap();
    assert_eq!((texts(&last), last.next.clone()), (vec![r#"{"company_id":3}"#], None));
    let path = "GET /v1/company/list?all=1&count=2&start_index";
    assert_eq!(lines(&server)[1..], [format!("{path}=1"), format!("{path}=2")]);
}

#[tokio::test]
async fn a_window_is_one_of_update_time_in_beijing() {
    let (server, connector) = server([body(r#"{"code":0,"msg":"success","data":{"count":0,"list":[]}}"#)]).await;
    let source = source("call: /v1/product/list, key: $.product_id");
    let instant = |text: &str| Zone::utc().read(text).unwrap();
    let window = Window { begin: instant("2024-03-01 02:00:00"), end: instant("2024-03-01 03:00:00") };
    let page = connector.fetch(&FetchRequest { source: &source, window: Some(window), position: None }).await.unwrap();
    assert_eq!((page.documents.len(), page.next), (0, None));
    let window = "start_time=2024-03-01+10%3A00%3A00&end_time=2024-03-01+11%3A00%3A00";
    assert_eq!(lines(&server)[1], format!("GET /v1/product/list?{window}&count=100&start_index=1"));
}

#[tokio::test]
async fn lists_of_one_page_are_read_at_once() {
    let steps = [data(json!([{ "user_id": "7" }])), data(json!({ "list": [{ "id": "0" }], "count": 1 }))];
    let (server, connector) = server(steps).await;
    for (call, text) in [("/v1/user/list", r#"{"user_id":"7"}"#), ("/v1/user/departmentList", r#"{"id":"0"}"#)] {
        let page = fetch(&connector, &source(&format!("call: {call}, key: $.id")), None).await.unwrap();
        assert_eq!((texts(&page), page.next.clone()), (vec![text], None));
    }
    assert_eq!(lines(&server)[1..], ["GET /v1/user/list", "GET /v1/user/departmentList"]);
}

#[tokio::test]
async fn an_answer_that_is_no_list_is_never_an_empty_page() {
    for (step, kind) in [
        (refused(404, "Not Found Resource"), FaultKind::Permanent),
        (refused(404, "No Privilege"), FaultKind::Permanent),
        (refused(500, "系统异常"), FaultKind::Transient),
        (data(json!({})), FaultKind::Unknown),
        (data(json!("success")), FaultKind::Unknown),
        (answer("502 Bad Gateway", &[], "<html>"), FaultKind::Transient),
        (answer("404 Not Found", &[], "<html>"), FaultKind::Refused),
        (answer("429 Too Many Requests", &[], ""), FaultKind::Throttled),
        (body(r#"{"code":200,"data":{"list":[{"compa"#), FaultKind::Unknown),
    ] {
        let (_server, connector) = server([step.clone()]).await;
        let source = source("call: /v1/company/list, key: $.company_id");
        let fault = fetch(&connector, &source, None).await.unwrap_err();
        assert_eq!(fault.kind, kind, "{step:?}: {}", fault.words);
    }
}

#[tokio::test]
async fn documents_are_shown_whole_by_id_or_number_or_are_not_there() {
    let whole = json!({ "company_id": 7, "customers": [{ "customer_id": 8 }] });
    let steps =
        [data(whole.clone()), refused(404, "Not Found Resource"), refused(404, "No Privilege"), data(whole.clone())];
    let (server, connector) = server(steps).await;
    let ask = |name: &str, value: &str| [(name.to_owned(), value.to_owned())];
    let found = connector.fetch_detail("/v1/company/info", &ask("serial_id", "C 1")).await.unwrap().unwrap();
    assert_eq!(found.bytes, whole.to_string().into_bytes());
    assert!(connector.fetch_detail("/v1/company/info", &ask("company_id", "9")).await.unwrap().is_none());
    let fault = connector.fetch_detail("/v1/product/info", &ask("product_no", "P")).await.unwrap_err();
    assert_eq!((fault.kind, fault.words.as_str()), (FaultKind::Permanent, "code 404: No Privilege"));
    let source = source("call: /v1/company/list, key: $.company_id, number: $.name");
    let page = connector.fetch_keys(&source, &[vec!["7".into()]], false).await.unwrap();
    assert_eq!(page.documents.len(), 1);
    assert_eq!(lines(&server)[1], "GET /v1/company/info?serial_id=C+1");
    assert_eq!(lines(&server)[4], "GET /v1/company/info?company_id=7");
    let words = "`/v1/company/list` can't be asked for documents by `$.name`";
    assert_eq!(connector.fetch_keys(&source, &[vec!["x".into()]], true).await.unwrap_err().words, words);
    assert!(connector.fetch_detail("/v1/company/info", &ask("company_id", " ")).await.is_err());
    assert!(connector.fetch_detail("/v1/order/info", &ask("order_id", "1")).await.is_err());
}

#[test]
fn every_call_is_described() {
    let connector = connect("http://127.0.0.1:1", Grant::ClientCredentials);
    let (sources, targets) = connector.calls();
    assert_eq!((sources.len(), targets.len()), (4, 2));
    for source in sources {
        let call = connector.source_call(source).unwrap();
        assert_eq!((call.windows, call.shifts, call.max_page), (call.by_key > 0, call.by_key > 0, 100));
    }
    for detail in ["/v1/company/info", "/v1/product/info"] {
        let call = connector.detail_call(detail).unwrap();
        assert!(call.numeric.iter().all(|path| call.fields.contains(path) || path == "user_id"), "{detail}");
    }
    let push = connector.target_call(PUSH).unwrap();
    assert!(push.mapped && push.updates && push.overwrites && push.probes && !push.deletes && !push.form);
    assert_eq!((push.number, push.max_batch, (push.settle)(1)), (Some("order_no"), 1, Duration::from_secs(60)));
    let remove = connector.target_call(REMOVE).unwrap();
    assert!(!remove.mapped && remove.deletes && remove.probes && !remove.overwrites);
}
