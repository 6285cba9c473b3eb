use super::*;
use crate::connector::{Connector, FaultKind, Outcome};
use crate::receipt::Receipt;

fn two_lines() -> Outgoing {
    let lines = json!([{ "FMaterialID": { "FNumber": "A" }, "FRealQty": 2 }, { "FMaterialID": { "FNumber": "B" } }]);
    item(json!({ "FBillNo": "CK-1", "FEntity": lines }), &["7001", "7002"])
}

fn saved(returned: Value) -> Step {
    done(json!([{ "Id": 7, "Number": "CK-1", "DIndex": 0 }]), returned)
}

fn receipt(lines: &[(&str, &str)]) -> Receipt {
    let ids = lines.iter().map(|(key, id)| ((*key).to_owned(), (*id).to_owned())).collect();
    Receipt {
        id: Some("7".into()),
        number: Some("CK-1".into()),
        lines: [("FEntity".to_owned(), ids)].into(),
        ..Receipt::default()
    }
}

async fn send(steps: Vec<Step>) -> (Scripted, Outcome) {
    let (server, connector) = server(steps).await;
    let outcome = connector.send(&spec("batchSave"), &[two_lines()]).await.remove(0);
    (server, outcome)
}

#[tokio::test]
async fn line_ids_come_from_the_answer_that_names_the_bill() {
    let told = json!([{ "FEntryID": 11, "FMaterialID.FNumber": "B", "FRealQty": 1.0 },
                      { "FEntryID": 10, "FMaterialID.FNumber": "A", "FRealQty": 2.0 }]);
    let (server, outcome) = send(vec![saved(json!([{ "FBillNo": "CK-1", "FEntity": told }]))]).await;
    let receipt = receipt(&[("7001", "10"), ("7002", "11")]);
    assert_eq!(outcome, Outcome::Accepted { receipt, complete: true, warnings: Vec::new() });
    assert_eq!(methods(&server), ["LoginBySign", "BatchSave"]);
}

#[tokio::test]
async fn else_they_are_asked_for_by_one_query() {
    let page = json!([[7, "CK-1", 11, "B", 1.0], [7, "CK-1", 10, "A", 2.0]]);
    let (server, outcome) = send(vec![saved(json!([{}])), rows(page), rows(json!([]))]).await;
    let receipt = receipt(&[("7001", "10"), ("7002", "11")]);
    assert_eq!(outcome, Outcome::Accepted { receipt, complete: true, warnings: Vec::new() });
    assert_eq!(methods(&server), ["LoginBySign", "BatchSave", "ExecuteBillQuery", "ExecuteBillQuery"]);
    let asked = data(&server.received()[2]);
    assert_eq!(asked["FieldKeys"], "FID,FBillNo,FEntity_FEntryID,FMaterialID.FNumber,FRealQty");
    assert_eq!((&asked["FilterString"], &asked["StartRow"]), (&json!("FID in (7)"), &json!(0)));
    assert_eq!(asked["OrderString"], "FID ASC,FEntity_FEntryID ASC");
    let behind = "(FID in (7)) and (FID > 7 or (FID = 7 and FEntity_FEntryID > 10))";
    assert_eq!(data(&server.received()[3])["FilterString"], behind);
}

#[tokio::test]
async fn a_saved_bill_stays_accepted_where_its_lines_cannot_be_told() {
    let none = Receipt { lines: [].into(), ..receipt(&[]) };
    for steps in [vec![Step::Reset], vec![refused(6, "database")], vec![rows(json!([]))]] {
        let steps = std::iter::once(saved(json!([{}]))).chain(steps).collect();
        let (_server, outcome) = send(steps).await;
        assert_eq!(outcome, Outcome::Accepted { receipt: none.clone(), complete: false, warnings: Vec::new() });
    }
    let alike = json!([[7, "CK-1", 10, "A", null], [7, "CK-1", 11, "A", null]]);
    let (_server, outcome) = send(vec![saved(json!([{}])), rows(alike), rows(json!([]))]).await;
    assert!(matches!(outcome, Outcome::Accepted { complete: false, .. }), "{outcome:?}");
}

#[tokio::test]
async fn rule_12_a_bill_that_lost_rows_is_no_success() {
    let told = json!([{ "FEntryID": 10, "FMaterialID.FNumber": "A", "FRealQty": 2.0 }]);
    let page = rows(json!([[7, "CK-1", 10, "A", 2.0]]));
    let steps = vec![saved(json!([{ "FBillNo": "CK-1", "FEntity": told }])), page, rows(json!([]))];
    let (_server, outcome) = send(steps).await;
    let Outcome::Failed(fault) = outcome else { panic!("{outcome:?}") };
    let words = "saved, but `FEntity` has 1 rows for 2 lines";
    assert_eq!((fault.kind, fault.words.as_str()), (FaultKind::Unknown, words));
}

#[tokio::test]
async fn a_batch_gives_one_outcome_per_item_in_order() {
    let status = json!({ "IsSuccess": false, "MsgCode": 11,
        "Errors": [{ "FieldName": "FCustomerID", "Message": "字段“客户”是必填项", "DIndex": 1 }],
        "SuccessEntitys": [{ "Id": 9, "Number": "CK-3", "DIndex": 2 }, { "Id": 8, "Number": "CK-1", "DIndex": 0 }] });
    let step = body(json!({ "Result": { "ResponseStatus": status, "NeedReturnData": [{}, {}] } }).to_string());
    let (_server, connector) = server([step]).await;
    let items = ["CK-1", "CK-2", "CK-3", "CK-4"].map(|number| item(json!({ "FBillNo": number }), &[]));
    let outcomes = connector.send(&spec("batchSave"), &items).await;
    let told = outcomes.iter().map(|outcome| match outcome {
        Outcome::Accepted { receipt, complete, .. } => format!("{:?} {complete}", receipt.id),
        Outcome::Failed(fault) => format!("{:?}", fault.kind),
    });
    assert_eq!(told.collect::<Vec<_>>(), ["Some(\"8\") true", "Permanent", "Some(\"9\") true", "Unknown"]);
}

fn operation() -> Outgoing {
    Outgoing { payload: r#"{"Ids":"7"}"#.into(), number: Some("CK-1".into()), ..item(json!({}), &[]) }
}

#[tokio::test]
async fn delete_or_cancel_asks_the_status_first() {
    for (status, cancelled, called) in
        [("A", "A", Some("Delete")), ("D", "A", Some("Delete")), ("C", "A", Some("ExecuteOperation")), ("C", "B", None)]
    {
        let state = json!([[7, "CK-1", status, cancelled]]);
        let done = done(json!([{ "Id": 7, "Number": "CK-1" }]), json!([]));
        let (server, connector) = server([rows(state), rows(json!([])), done]).await;
        let outcome = connector.send(&spec("delete_or_cancel"), &[operation()]).await.remove(0);
        assert!(matches!(&outcome, Outcome::Accepted { receipt, .. } if receipt.id.as_deref() == Some("7")));
        let asked = ["LoginBySign", "ExecuteBillQuery", "ExecuteBillQuery"];
        assert_eq!(methods(&server), asked.into_iter().chain(called).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn a_status_that_cannot_be_asked_leaves_the_bill_untouched() {
    for (step, wanted) in [(Step::Reset, FaultKind::Unreachable), (body(format!("[[{}]]", lost())), FaultKind::Session)]
    {
        let (server, connector) = server([step]).await;
        let outcome = connector.send(&spec("delete_or_cancel"), &[operation()]).await.remove(0);
        assert!(matches!(&outcome, Outcome::Failed(fault) if fault.kind == wanted), "{outcome:?}");
        assert!(!methods(&server).iter().any(|method| method == "Delete" || method == "ExecuteOperation"));
    }
}

/// A data rule hides bills from questions without a word (protocols/kingdee.md 2.4): a bill that is not seen is deleted
/// all the same, and only where that finds none either is it gone.
#[tokio::test]
async fn a_bill_that_the_status_does_not_show_is_deleted_by_its_id() {
    let entity = json!([{ "Id": 7, "Number": "CK-1" }]);
    let hidden = "a data rule hides it";
    for (answered, wanted, words) in [
        (done(entity, json!([])), None, ""),
        (refused(9, "内码值[\"7\"]不存在"), Some(FaultKind::Exists), "内码值"),
        (refused(11, "单据状态为暂存、创建或重新审核的数据才允许删除"), Some(FaultKind::Permanent), hidden),
        (refused(2, "您没有“销售出库单”的“删除”权限"), Some(FaultKind::Permanent), "权限"),
        (refused(13, "冲突，请稍候再使用"), Some(FaultKind::Transient), hidden),
        (Step::Reset, Some(FaultKind::Unknown), ""),
    ] {
        let (server, connector) = server([rows(json!([])), answered]).await;
        let outcome = connector.send(&spec("delete_or_cancel"), &[operation()]).await.remove(0);
        match (&outcome, wanted) {
            (Outcome::Accepted { receipt, .. }, None) => assert_eq!(receipt.id.as_deref(), Some("7")),
            (Outcome::Failed(fault), Some(kind)) => {
                assert!(fault.kind == kind && fault.words.contains(words), "{fault:?}");
                assert!(kind != FaultKind::Exists || !fault.words.contains(hidden), "{fault}");
            }
            _ => panic!("{outcome:?}"),
        }
        assert_eq!(methods(&server), ["LoginBySign", "ExecuteBillQuery", "Delete"]);
        assert_eq!(data(&server.received()[2])["Ids"], "7");
    }
}

#[tokio::test]
async fn an_unknown_call_or_a_missing_form_sends_nothing() {
    let (server, connector) = server([]).await;
    let formless = CallSpec { form: None, ..spec("batchSave") };
    for spec in [spec("push"), formless] {
        let outcome = connector.send(&spec, &[two_lines()]).await.remove(0);
        assert!(matches!(&outcome, Outcome::Failed(fault) if fault.kind == FaultKind::Permanent), "{outcome:?}");
    }
    assert_eq!(server.received().len(), 0);
}

#[tokio::test]
async fn a_write_back_names_the_bill_by_its_id_and_leaves_its_rows_alone() {
    let saved = done(json!([{ "Id": 100030, "Number": "XSDD1", "DIndex": 0 }]), json!([{}]));
    let (server, connector) = server([saved]).await;
    let given = json!({ "ValidateFlag": false, "NeedUpDateFields": ["F_PAEZ_OKKIID"] });
    let options = connector.partial_options("save", given.as_object().unwrap().clone());
    let spec = CallSpec { form: Some("SAL_SaleOrder".into()), options, number_field: None, ..spec("save") };
    let own = Receipt { id: Some("100030".into()), ..Receipt::default() };
    // The id by the mapping, or by the source key alone.
    let mapped = json!({ "FID": 100030, "F_PAEZ_OKKIID": "9001" });
    for payload in [mapped.clone(), json!({ "F_PAEZ_OKKIID": "9001" })] {
        let prepared = connector.prepare(&spec, &payload, &[], Some(&own)).unwrap();
        assert_eq!(prepared, mapped.to_string());
    }
    let item =
        Outgoing { number: None, target_id: Some("100030".into()), lines: Vec::new(), ..item(mapped.clone(), &[]) };
    let outcome = connector.send(&spec, &[item]).await.remove(0);
    let receipt = Receipt { id: Some("100030".into()), number: Some("XSDD1".into()), ..Receipt::default() };
    assert_eq!(outcome, Outcome::Accepted { receipt, complete: true, warnings: Vec::new() });
    assert_eq!(methods(&server), ["LoginBySign", "Save"]);
    let body = data(&server.received()[1]);
    assert_eq!((&body["Model"], &body["IsDeleteEntry"]), (&mapped, &json!(false)));
    assert_eq!(
        (&body["NeedUpDateFields"], &body["NeedReturnFields"]),
        (&json!(["F_PAEZ_OKKIID"]), &json!(["FBillNo"]))
    );
}

#[tokio::test]
async fn rule_12_a_write_back_whose_answer_names_another_bill_is_no_success() {
    for entities in [json!([{ "Id": 100031, "Number": "XSDD2" }]), json!([])] {
        let (_server, connector) = server([done(entities, json!([{}]))]).await;
        let spec = CallSpec { number_field: None, ..spec("save") };
        let item = Outgoing { number: None, lines: Vec::new(), ..item(json!({ "FID": 100030 }), &[]) };
        let outcome = connector.send(&spec, &[item]).await.remove(0);
        assert!(matches!(outcome, Outcome::Failed(_)), "{outcome:?}");
    }
}

#[tokio::test]
async fn only_a_save_is_told_to_leave_rows_alone_and_what_the_scheme_says_stands() {
    let (_server, connector) = server([]).await;
    let own = Map::from_iter([("IsDeleteEntry".to_owned(), json!(true))]);
    assert_eq!(connector.partial_options("save", own.clone()), own);
    assert_eq!(connector.partial_options("batchSave", Map::new())["IsDeleteEntry"], json!(false));
    assert_eq!(connector.partial_options("audit", Map::new()), Map::new());
}
