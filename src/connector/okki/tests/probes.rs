use super::*;
use crate::connector::{Connector, FaultKind, Finding, Probe};
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
