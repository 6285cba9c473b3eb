use super::*;
use crate::clock::Time;
use crate::connector::{Connector, Fault, FaultKind, Finding, Probe};

fn probe(payload: Value) -> Probe {
    let attempted = item(payload, &["7001"]);
    let number = attempted.number.clone();
    // Long before the bills were created.
    Probe { number, attempted: Some(attempted), first_attempt: Some(Time(0)), ..Probe::default() }
}

fn payload(number: &str) -> Value {
    json!({ "FBillNo": number, "FNote": "n", "FEntity": [{ "FMaterialID": { "FNumber": "A" } }] })
}

const HEAD: &str = "FID,FBillNo,FEntity_FEntryID,FDocumentStatus,FCancelStatus,FCreateDate,FCreatorId.FName";

fn row(id: u64, number: &str, entry: u64, note: Option<&str>) -> Value {
    let mut row = json!([id, number, entry, "A", "A", "2024-03-01T10:00:05", "webapi"]);
    let cells = row.as_array_mut().unwrap();
    cells.extend(note.map(Value::from));
    cells.push("A".into());
    row
}

async fn asked(steps: Vec<Step>, probes: &[Probe]) -> (Scripted, Result<Vec<Finding>, Fault>) {
    let (server, connector) = server(steps).await;
    let findings = connector.probe(&spec("batchSave"), probes).await;
    (server, findings)
}

#[tokio::test]
async fn a_probe_reads_state_owner_and_sent_fields_to_the_last_page() {
    // The server gives fewer rows than were asked for: only an empty page is the end.
    let first = rows(json!([row(7, "CK-1", 10, Some("n"))]));
    let second = rows(json!([row(8, "O'K", 12, Some("n"))]));
    let probes = [probe(payload("CK-1")), probe(payload("O'K")), probe(payload("CK-3"))];
    let (server, findings) = asked(vec![first, second, rows(json!([]))], &probes).await;
    let findings = findings.unwrap();
    for (finding, id, entry) in [(&findings[0], "7", "10"), (&findings[1], "8", "12")] {
        let Finding::Effective { receipt, warnings } = finding else { panic!("{finding:?}") };
        assert_eq!((receipt.id.as_deref(), &warnings[..]), (Some(id), &[][..]));
        assert_eq!(receipt.lines["FEntity"]["7001"], entry);
    }
    assert_eq!(findings[2], Finding::Absent);
    let data = data(&server.received()[1]);
    assert_eq!(data["FieldKeys"], format!("{HEAD},FNote,FMaterialID.FNumber"));
    assert_eq!(data["FilterString"], "FBillNo in ('CK-1','O''K','CK-3')");
    assert_eq!(methods(&server).len(), 4);
}

#[tokio::test]
async fn a_field_that_the_form_does_not_have_is_left_out_and_named() {
    let missing = body(
        json!([[{ "Result": { "ResponseStatus": { "IsSuccess": false, "MsgCode": 9, "SuccessEntitys": [],
            "Errors": [{ "Message": "元数据中标识为FNote的字段不存在", "DIndex": 0 }] } } }]])
        .to_string(),
    );
    let page = rows(json!([row(7, "CK-1", 10, None)]));
    let (server, findings) = asked(vec![missing, page, rows(json!([]))], &[probe(payload("CK-1"))]).await;
    let Finding::Effective { warnings, .. } = &findings.unwrap()[0] else { panic!() };
    assert_eq!(warnings, &["`FNote` is no field of the form: not compared"]);
    assert_eq!(data(&server.received()[2])["FieldKeys"], format!("{HEAD},FMaterialID.FNumber"));
}

#[tokio::test]
async fn an_answer_that_is_no_list_of_rows_is_never_absence() {
    for (step, wanted) in [
        (rows(json!({})), FaultKind::Unknown),
        (rows(json!([[1, 2]])), FaultKind::Unknown),
        (rows(json!([{ "FID": 7 }])), FaultKind::Unknown),
        (refused(4, "GetRealExpress error"), FaultKind::Permanent),
        (refused(9, "元数据中标识为FBillNo的字段不存在"), FaultKind::Permanent),
        (refused(2, "您没有“销售出库单”的“查看”权限"), FaultKind::Permanent),
        (refused(6, "deadlock"), FaultKind::Transient),
        (refused(0, "死锁牺牲品"), FaultKind::Transient),
        (refused(0, "FilterString 不正确"), FaultKind::Permanent),
        (body(format!("[[{}]]", lost())), FaultKind::Session),
        (body("<html><title>登录</title>"), FaultKind::Session),
        (body(""), FaultKind::Unknown),
        (answer("503 Service Unavailable", &[], "Service Unavailable"), FaultKind::Transient),
    ] {
        let (_server, findings) = asked(vec![step.clone()], &[probe(payload("CK-1"))]).await;
        assert_eq!(findings.unwrap_err().kind, wanted, "{step:?}");
    }
    // The same row twice is a loop.
    let page = rows(json!([row(7, "CK-1", 10, Some("n"))]));
    let (_server, findings) = asked(vec![page.clone(), page], &[probe(payload("CK-1"))]).await;
    assert_eq!(findings.unwrap_err().kind, FaultKind::Unknown);
}

#[tokio::test]
async fn several_entities_are_asked_for_one_by_one() {
    let mut payload = payload("CK-1");
    payload["FPlan"] = json!([{ "FPlanQty": 1 }]);
    let head = rows(json!([row(7, "CK-1", 10, Some("n"))]));
    let plan = rows(json!([[7, "CK-1", 31, 1.0]]));
    let steps = vec![head, rows(json!([])), plan, rows(json!([]))];
    let (server, findings) = asked(steps, &[probe(payload)]).await;
    assert!(matches!(&findings.unwrap()[0], Finding::Effective { warnings, .. } if warnings.is_empty()));
    assert_eq!(data(&server.received()[3])["FieldKeys"], "FID,FBillNo,FPlan_FEntryID,FPlanQty");
}

#[tokio::test]
async fn operations_are_probed_by_id() {
    let (server, connector) = server([rows(json!([]))]).await;
    let attempted = Outgoing { payload: r#"{"Ids":"7"}"#.into(), ..item(json!({}), &[]) };
    let probe = Probe { number: Some("CK-1".into()), attempted: Some(attempted), ..probe(payload("CK-1")) };
    let findings = connector.probe(&spec("delete"), &[probe]).await.unwrap();
    assert!(matches!(&findings[0], Finding::Effective { .. }));
    let data = data(&server.received()[1]);
    assert_eq!(data["FieldKeys"], "FID,FBillNo,FDocumentStatus,FCancelStatus");
    assert_eq!(data["FilterString"], "FID in (7)");
}

#[tokio::test]
async fn what_has_no_id_is_never_asked_about_by_a_step() {
    let probe = Probe { number: Some("CK-1".into()), ..Probe::default() };
    for call in ["submit", "audit", "delete"] {
        let (server, connector) = server([]).await;
        let fault = connector.probe(&spec(call), std::slice::from_ref(&probe)).await.unwrap_err();
        assert!(fault.kind == FaultKind::Permanent && fault.words.contains("without id"), "{call}: {fault}");
        assert!(server.received().is_empty(), "{call}");
    }
}
