//! Reading bills, against a scripted server: an answer of rows for each query, in order.

mod checks;
mod keys;
mod pages;
mod poison;
mod torn;

use super::*;
use crate::connector::{Connector, Fault, FaultKind, FetchRequest, Page, Window};
use crate::fault;
use crate::scheme::{Scheme, Source};

/// A source of orders with their lines and these lines of YAML more.
fn orders(more: &str) -> Source {
    source(&format!(
        "  fields: [FID, FBillNo, FModifyDate, FApproveDate, FCustId.FNumber]\n\
         \x20 entries: {{ name: FEntry, id: FEntry_FEntryID, fields: [FQty] }}\n\
         \x20 changed_fields: [FModifyDate, FApproveDate]\n{more}"
    ))
}

fn source(rest: &str) -> Source {
    loaded(&format!("  form: SAL_SaleOrder\n  key: $.FID\n  number: $.FBillNo\n{rest}"))
}

fn loaded(rest: &str) -> Source {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("s.yaml");
    let text = format!("source:\n  system: erp\n  call: executeBillQuery\n{rest}");
    std::fs::write(&file, &text).unwrap();
    let scheme = Scheme::load(&file, &Zone::utc());
    scheme.unwrap_or_else(|faults| panic!("{text}\n{faults:?}")).source
}

/// From 10:00:05.999 to 11:00:00.001 on 2024-03-01 at the server.
fn window() -> Window {
    let at = |text| Zone::named("Asia/Shanghai").unwrap().read(text).unwrap();
    Window { begin: at("2024-03-01 10:00:05.999"), end: at("2024-03-01 11:00:00.001") }
}

async fn fetch(connector: &Kingdee, source: &Source, position: Option<&str>) -> Result<Page, Fault> {
    connector.fetch(&FetchRequest { source, window: Some(window()), position }).await
}

/// The page that a server of these answers gives, the requests behind the login, and whether all were asked for.
async fn paged(source: &Source, answers: Vec<Step>) -> (Result<Page, Fault>, Vec<Value>) {
    let steps = answers.len();
    let (server, connector) = server(answers).await;
    let page = fetch(&connector, source, None).await;
    let asked: Vec<Value> = server.received().iter().skip(1).map(data).collect();
    assert_eq!(asked.len(), steps, "questions: {asked:#?}");
    (page, asked)
}

fn texts(page: &Page) -> Vec<String> {
    page.documents.iter().map(|document| String::from_utf8(document.bytes.clone()).unwrap()).collect()
}

const NONE: &str = "[]";

/// A complete reading: rows of heads, then the answers for each entity, of which the last is empty.
fn reading(heads: &str, entities: &[&str]) -> Vec<Step> {
    let mut steps = vec![body(heads)];
    for rows in entities {
        steps.extend([body(rows), body(NONE)]);
    }
    steps
}

fn refusal_in_rows(code: u64, message: &str) -> Step {
    let errors = json!([{ "FieldName": null, "Message": message, "DIndex": 0 }]);
    let status = json!({ "ErrorCode": 500, "IsSuccess": false, "Errors": errors, "MsgCode": code });
    body(json!([[{ "Result": { "ResponseStatus": status } }]]).to_string())
}
