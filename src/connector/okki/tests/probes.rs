use super::*;
use crate::connector::{Connector, FaultKind, Finding, Outcome, Probe};
use crate::receipt::Receipt;

fn shown(number: &str) -> Step {
    let order = json!({ "order_id": 500, "order_no": number, "remark": "", "create_time": "2024-03-01 10:00:01",
        "product_list": rows(&[(11, 1, 2)]) });
    data(order)
}

fn missing() -> Step {
    refused(404, "Not Found Resource")
}

fn probe(target_id: Option<&str>) -> Probe {
    let attempted = item(json!({ "order_no": "SO-1", "remark": "", "product_list": rows(&[(0, 1, 2)]) }), &["a"]);
    Probe {
        number: Some("SO-1".into()),
        target_id: target_id.map(str::to_owned),
        attempted: Some(attempted),
        told: None,
        first_attempt: Some(crate::clock::Time(0)),
        ..Probe::default()
    }
}

async fn asked(call: &str, probe: Probe, steps: Vec<Step>) -> (Scripted, Result<Finding, FaultKind>) {
    let (server, connector) = server(steps).await;
    let found = connector.probe(&spec(call), &[probe]).await;
    (server, found.map(|mut found| found.remove(0)).map_err(|fault| fault.kind))
}

const BY_ID: &str = "GET /v1/invoices/order/info?order_id=500";
const BY_NUMBER: &str = "GET /v1/invoices/order/info?order_no=SO-1";

#[tokio::test]
async fn an_order_is_asked_for_by_id_then_by_number() {
    let (server, found) = asked(PUSH, probe(None), vec![shown("SO-1")]).await;
    assert!(
        matches!(&found, Ok(Finding::Effective { receipt, .. }) if receipt.lines["product_list"]["a"] == "11"),
        "{found:?}"
    );
    assert_eq!(lines(&server)[1..], [BY_NUMBER]);
    let (server, found) = asked(PUSH, probe(Some("500")), vec![shown("SO-1")]).await;
    assert!(matches!(found, Ok(Finding::Effective { .. })), "{found:?}");
    assert_eq!(lines(&server)[1..], [BY_ID]);
    let (server, found) = asked(PUSH, probe(Some("500")), vec![missing(), missing()]).await;
    assert_eq!(found, Ok(Finding::Absent));
    assert_eq!(lines(&server)[1..], [BY_ID, BY_NUMBER]);
}

#[tokio::test]
async fn rule_04_only_one_answer_proves_absence() {
    for (step, wanted) in [
        (missing(), Ok(Finding::Absent)),
        (answer("404 Not Found", &[], r#"{"code":404,"message":"Not Found Resource"}"#), Ok(Finding::Absent)),
        (refused(404, "No Privilege"), Err(FaultKind::Permanent)),
        (refused(404, "Not Found Resource没有权限编辑销售订单"), Err(FaultKind::Permanent)),
        (answer("404 Not Found", &[], "<html>"), Err(FaultKind::Refused)),
        (data(json!({})), Err(FaultKind::Unknown)),
        (data(json!([])), Err(FaultKind::Unknown)),
        (shown("SO-2"), Err(FaultKind::Unknown)),
        (answer("502 Bad Gateway", &[], "<html>"), Err(FaultKind::Transient)),
        (denied(), Err(FaultKind::Session)),
    ] {
        let (_server, found) = asked(PUSH, probe(None), vec![step.clone()]).await;
        assert_eq!(found, wanted, "{step:?}");
    }
}

#[tokio::test]
async fn a_removal_took_effect_if_the_order_is_gone() {
    let removal = Outgoing { payload: r#"{"order_id":"500"}"#.into(), ..item(json!({}), &[]) };
    let probe = Probe { attempted: Some(removal), ..probe(None) };
    let (server, found) = asked(REMOVE, probe.clone(), vec![missing()]).await;
    let receipt = Receipt { id: Some("500".into()), number: Some("SO-1".into()), ..Receipt::default() };
    assert_eq!(found, Ok(Finding::Effective { receipt, warnings: Vec::new() }));
    assert_eq!(lines(&server)[1..], [BY_ID]);
    let (_server, found) = asked(REMOVE, probe, vec![shown("SO-1")]).await;
    assert!(matches!(found, Ok(Finding::NotEffective { .. })), "{found:?}");
}

#[tokio::test]
async fn rule_12_an_edit_that_was_cut_off_between_its_pushes_goes_on_with_the_rows_that_are_there() {
    let told = json!({ "order_no": "SO-1", "remark": "old", "cost_list": [], "product_list": priced(&[(0, 1, 2)]) });
    let new = json!({ "order_no": "SO-1", "remark": "new", "cost_list": [],
        "product_list": priced(&[(0, 1, 2), (0, 1, 3), (0, 1, 4)]) });
    let keys = [("product_list".to_owned(), ["a", "b", "c"].map(str::to_owned).to_vec())];
    let ids = |rows: Vec<Value>| json!({ "order_id": 500, "product_list": rows });
    let after = |lines: &[(u32, u32, u32)]| {
        data(
            json!({ "order_id": 500, "order_no": "SO-1", "remark": "new", "cost_list": [], "product_list": priced(lines) }),
        )
    };
    let there = [(11, 1, 2), (12, 1, 3)];
    let whole = [(11, 1, 2), (12, 1, 3), (13, 1, 4)];
    let steps = [data(ids(rows(&there))), Step::Reset, after(&there), data(ids(rows(&whole))), after(&whole)];
    let (server, connector) = server(steps).await;
    let receipt = Receipt {
        id: Some("500".into()),
        lines: [("product_list".to_owned(), [("a".to_owned(), "11".to_owned())].into())].into(),
        ..Receipt::default()
    };
    let prepare = |receipt: &Receipt| connector.prepare(&spec(PUSH), &new, &keys, Some(receipt)).unwrap();
    let outgoing = |payload: String| Outgoing { payload, ..item(json!({}), &["a", "b", "c"]) };
    let first = outgoing(prepare(&receipt));
    let outcome = connector.send(&spec(PUSH), std::slice::from_ref(&first)).await.remove(0);
    assert!(matches!(&outcome, Outcome::Failed(fault) if fault.kind == FaultKind::Unknown), "{outcome:?}");
    let probe = Probe { attempted: Some(first), told: Some(told.to_string()), ..probe(Some("500")) };
    let found = connector.probe(&spec(PUSH), &[probe]).await.unwrap().remove(0);
    let Finding::NotEffective { receipt } = found else { panic!("{found:?}") };
    let second = outgoing(prepare(&receipt));
    let outcome = connector.send(&spec(PUSH), &[second]).await.remove(0);
    let Outcome::Accepted { receipt, warnings, .. } = outcome else { panic!("{outcome:?}") };
    let kept = receipt.lines["product_list"].iter().map(|(key, id)| format!("{key}={id}")).collect::<Vec<_>>();
    assert_eq!((kept.join(" ").as_str(), warnings), ("a=11 b=12 c=13", Vec::new()));
    let last: Value = serde_json::from_str(&server.received()[4].body).unwrap();
    let named = last["product_list"].as_array().unwrap().iter().map(|row| row["unique_id"].to_string());
    assert_eq!(named.collect::<Vec<_>>(), ["11", "12", "null"]);
}

fn priced(lines: &[(u32, u32, u32)]) -> Vec<Value> {
    let mut rows = rows(lines);
    for row in &mut rows {
        row["cost_amount"] = json!(10);
        row["other_cost"] = json!(0);
    }
    rows
}
