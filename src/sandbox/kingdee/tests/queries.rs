//! ExecuteBillQuery.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::support::{Bench, bill, bill_with, number, row, with};

#[test]
fn rows_are_positional_flattened_and_typed() {
    let bench = Bench::new();
    assert_eq!(bench.query("FID,FBillNo", "", ""), "[]");
    let rows =
        vec![row("M-1", number("12345678901234567.89")), with(row("M-2", json!(10)), json!({ "FIsFree": true }))];
    let ids = bench.saved(vec![with(bill_with("CK-1", rows), json!({ "FNote": "赠“品”" })), bill("CK-2")]);
    let keys = "FBillNo,FEntity_FSeq,FDate,FCustomerID.FNumber,FCustomerID.FName,FMaterialId.fnumber,FRealQty,FTaxPrice,\
                FIsFree,FNote,FModifyDate,FApproveDate,FDocumentStatus,FDocumentStatus.FCaption,FCancelStatus,\
                FSettleCurrID.FNumber,FExchangeRate,FCarrierID.FNumber,FEntrynote,FCreatorId.FName";
    assert_eq!(
        bench.query(keys, "FBillNo='CK-1'", "FEntity_FSeq"),
        "[[\"CK-1\",1,\"2026-01-05T00:00:00\",\"C1\",\"C1\",\"M-1\",12345678901234567.89,25.62,false,\"赠“品”\",\
         \"2026-01-05T10:00:00.12\",null,\"A\",\"创建\",\"A\",\"PRE001\",1.0,null,\" \",\"webapi\"],\
         [\"CK-1\",2,\"2026-01-05T00:00:00\",\"C1\",\"C1\",\"M-2\",10.0,25.62,true,\"赠“品”\",\
         \"2026-01-05T10:00:00.12\",null,\"A\",\"创建\",\"A\",\"PRE001\",1.0,null,\" \",\"webapi\"]]"
    );
    assert_eq!(bench.query("FID", "", ""), json!([[ids[0]], [ids[1]]]).to_string());
    assert_eq!(bench.query("FBillNo", "FRealQty=10", ""), "[[\"CK-1\"]]");
    assert_eq!(bench.query("FBillNo,FMaterialID.FNumber", "FIsFree='1'", ""), "[[\"CK-1\",\"M-2\"]]");
    let bare: Value = serde_json::from_str(&bench.query("FCustomerID,FCarrierID", "FBillNo='CK-2'", "")).unwrap();
    assert!(bare[0][0].as_u64().unwrap() > 100_000 && bare[0][1] == 0);
}

#[test]
fn a_bill_without_rows_shows_nulls() {
    let bench = Bench::new();
    bench.call("Draft", json!({ "Model": { "FBillNo": "CK-1" } }));
    assert_eq!(bench.query("FBillNo,FEntity_FEntryID,FRealQty,FIsFree", "", ""), "[[\"CK-1\",null,null,null]]");
}

#[test]
fn errors_are_wrapped_as_rows_unless_the_server_is_of_another_kind() {
    let bench = Bench::new();
    for (data, code, message) in [
        (json!({ "FieldKeys": "FID", "FormId": "" }), 5, "业务对象标识不能为空"),
        (json!({ "FieldKeys": "FID", "FormId": "X" }), 4, "标识为“X”的业务对象不存在，或者被删除"),
        (json!({ "FieldKeys": " , " }), 8, "data数据包中的参数FieldKeys的值不能为空。"),
        (json!({ "FieldKeys": "FID,FXYZ" }), 9, "元数据中标识为FXYZ的字段不存在"),
        (json!({ "FieldKeys": "FEntryID" }), 9, "元数据中标识为FEntryID的字段不存在"),
        (json!({ "FieldKeys": "FID", "OrderString": "FXYZ desc" }), 9, "元数据中标识为FXYZ的字段不存在"),
        (json!({ "FieldKeys": "FID", "FilterString": "FID=" }), 4, "GetRealExpress error：表达式不完整"),
    ] {
        let mut body = json!({ "FormId": "SAL_OUTSTOCK" });
        body.as_object_mut().unwrap().extend(data.as_object().unwrap().clone());
        let answer = bench.send("ExecuteBillQuery", &json!({ "data": body }), None);
        let status = &answer[0][0]["Result"]["ResponseStatus"];
        assert_eq!((&status["MsgCode"], &status["Errors"][0]["Message"]), (&json!(code), &json!(message)), "{data}");
        assert_eq!((&status["ErrorCode"], &status["IsSuccess"]), (&json!(500), &json!(false)));
    }
    bench.switch("query_error", "bare");
    assert_eq!(bench.query_with(json!({ "FieldKeys": "" }))["Result"]["ResponseStatus"]["MsgCode"], 8);
    bench.switch("forbid", "SAL_OUTSTOCK");
    let answer = bench.query_with(json!({ "FieldKeys": "FID" }));
    assert_eq!(
        answer["Result"]["ResponseStatus"]["Errors"][0]["Message"],
        "您没有“销售出库单”的“查看”权限，请联系系统管理员"
    );
    assert_eq!(bench.save(vec![bill("CK-1")])["MsgCode"], 2);
    assert_eq!(bench.ledger(), ["batchSave CK-1 none"]);
}

#[test]
fn pages_count_flattened_rows_under_a_silent_limit() {
    let bench = Bench::new();
    let rows = |n: usize| (0..n).map(|i| row(&format!("M-{i}"), json!(1))).collect();
    bench.saved(vec![bill_with("CK-1", rows(3)), bill_with("CK-2", rows(3)), bill_with("CK-3", rows(3))]);
    let page = |start: usize, limit: Value, top: usize| {
        let answer = bench.query_with(json!({
            "FieldKeys": "FBillNo,FEntity_FSeq", "OrderString": "FID ASC,FEntity_FEntryID asc",
            "StartRow": start, "Limit": limit, "TopRowCount": top,
        }));
        let rows = answer.as_array().unwrap();
        let cell = |row: &Value| format!("{}.{}", row[0].as_str().unwrap(), row[1]);
        (rows.len(), rows.first().map(cell), rows.last().map(cell))
    };
    let found = |n, first: &str, last: &str| (n, Some(first.to_owned()), Some(last.to_owned()));
    assert_eq!(page(0, json!(0), 0), found(9, "CK-1.1", "CK-3.3"));
    assert_eq!(page(2, json!("4"), 0), found(4, "CK-1.3", "CK-2.3"));
    assert_eq!(page(8, json!(4), 0), found(1, "CK-3.3", "CK-3.3"));
    assert_eq!(page(9, json!(4), 0).0, 0);
    assert_eq!(page(4, json!(4), 4).0, 0, "TopRowCount is an absolute end");
    assert_eq!(page(4, json!(4), 6).0, 2);
    bench.switch("limit", "5");
    assert_eq!(page(0, json!(100), 0).0, 5);
    assert_eq!(page(5, json!(0), 0), found(4, "CK-2.3", "CK-3.3"));
}

#[test]
fn rows_the_order_leaves_equal_come_in_any_order() {
    let bench = Bench::new();
    let rows = (0..8).map(|i| row(&format!("M-{i}"), json!(1))).collect();
    bench.saved(vec![bill_with("CK-1", rows)]);
    let orders: HashSet<String> = (0..8).map(|_| bench.query("FEntity_FSeq", "", "")).collect();
    assert!(orders.len() > 1);
    let total: HashSet<String> = (0..8).map(|_| bench.query("FEntity_FSeq", "", "FEntity_FEntryID desc")).collect();
    assert_eq!(total.into_iter().collect::<Vec<_>>(), ["[[8],[7],[6],[5],[4],[3],[2],[1]]"]);
}

#[test]
fn a_data_rule_hides_bills_without_a_word() {
    let bench = Bench::new();
    bench.saved(vec![bill("CK-1"), with(bill("CK-2"), json!({ "FSaleOrgId": { "FNumber": "200" } }))]);
    bench.switch("row_rule", "FSaleOrgId.FNumber='100'");
    assert_eq!(bench.query("FBillNo", "FBillNo in ('CK-1','CK-2')", ""), "[[\"CK-1\"]]");
}
