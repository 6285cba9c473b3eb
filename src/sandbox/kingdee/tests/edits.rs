//! Control: edits beside the API, seeds, the judge's view.

use serde_json::{Value, json};

use super::support::{Bench, bill, row};
use crate::sandbox::wire::System;

#[test]
fn a_persons_edit_changes_a_bill_in_place() {
    let bench = Bench::new();
    bench.saved(vec![bill("CK-1"), bill("CK-2")]);
    bench.forward(60);
    let edit = |body: Value| bench.server.edit(&body);
    let look =
        || bench.query("FNote,FCustomerID.FNumber,FDocumentStatus,FModifyDate,FModifierId.FName", "FBillNo='CK-1'", "");
    assert_eq!(edit(json!({ "key": "CK-1", "set": { "FNote": "a" }, "touch": false })), Ok(vec!["CK-1".into()]));
    assert_eq!(look(), "[[\"a\",\"C1\",\"A\",\"2026-01-05T10:00:00.12\",\"webapi\"]]");
    edit(json!({ "key": "CK-1", "set": { "FCustomerID": "C2", "FDocumentStatus": "C" } })).unwrap();
    assert_eq!(look(), "[[\"a\",\"C2\",\"C\",\"2026-01-05T10:01:00.12\",\"demo\"]]");
    edit(json!({ "key": "CK-1", "set": { "FModifyDate": "2026-01-01 00:00:00", "FEntity": [row("N", json!(9))] } }))
        .unwrap();
    assert_eq!(look(), "[[\"a\",\"C2\",\"C\",\"2026-01-01T00:00:00\",\"demo\"]]");
    assert_eq!(bench.query("FMaterialID.FNumber", "FBillNo='CK-1'", "FEntity_FSeq"), "[[\"M-1\"],[\"N\"]]");
    edit(json!({ "key": "CK-1", "set": { "FBillNo": "CK-9" } })).unwrap();
    assert_eq!(bench.query("FBillNo", "FBillNo in ('CK-1','CK-9')", ""), "[[\"CK-9\"]]");
    edit(json!({ "key": "CK-9", "delete": true })).unwrap();
    assert_eq!(bench.query("FBillNo", "", ""), "[[\"CK-2\"]]");
    for (body, error) in [
        (json!([]), "an object is expected"),
        (json!({ "key": "CK-9" }), "no bill `CK-9`"),
        (json!({ "key": "CK-2", "set": { "FXYZ": 1 } }), "元数据中标识为FXYZ的字段不存在"),
        (json!({ "key": "CK-2", "set": { "FDocumentStatus": "Q" } }), "`FDocumentStatus` cannot be set to `\"Q\"`"),
        (json!({ "rate": 2 }), "`rate` is 0 to 1"),
        (json!({}), "say one of `key`, `rate`, `count` or `create`, or `set` with base data"),
    ] {
        assert_eq!(edit(body.clone()), Err(error.to_owned()), "{body}");
    }
    assert_eq!(bench.ledger().len(), 2, "edits are not the engine's effects");
}

#[test]
fn a_share_of_all_bills_is_edited() {
    let bench = Bench::new();
    bench.saved((0..200).map(|i| bill(&format!("CK-{i}"))).collect());
    bench.forward(60);
    let edited = bench.server.edit(&json!({ "rate": 0.01 })).unwrap();
    assert_eq!(edited.len(), 2);
    let rows: Value = serde_json::from_str(&bench.query("FBillNo", "FModifyDate>'2026-01-05 10:00:30'", "")).unwrap();
    assert_eq!(rows, json!(edited.iter().map(|number| [number]).collect::<Vec<_>>()));
}

#[test]
fn the_judge_sees_whole_bills() {
    let bench = Bench::new();
    let id = bench.saved(vec![bill("CK-1")])[0];
    let entry: Value = serde_json::from_str(&bench.query("FEntity_FEntryID", "", "")).unwrap();
    let org = json!({ "FNumber": "100" });
    let user = json!(bench.query_with(json!({ "FieldKeys": "FCreatorId" }))[0][0]);
    let expected = json!({
        "FormId": "SAL_OUTSTOCK", "FID": id, "FBillNo": "CK-1", "FDocumentStatus": "A", "FCancelStatus": "A",
        "FCreatorId": user, "FCreateDate": "2026-01-05T10:00:00.12",
        "FModifierId": user, "FModifyDate": "2026-01-05T10:00:00.12", "FApproverId": 0, "FCancellerId": 0,
        "FBillTypeID": { "FNumber": "XSCKD01_SYS" }, "FDate": "2026-01-05T00:00:00", "FSaleOrgId": org,
        "FCustomerID": { "FNumber": "C1" }, "FStockOrgId": org,
        "SubHeadEntity": { "FSettleCurrID": { "FNumber": "PRE001" }, "FExchangeRate": 1.0 },
        "FEntity": [{
            "FEntryID": entry[0][0], "FSeq": 1, "FMaterialID": { "FNumber": "M-1" }, "FRealQty": 2.0,
            "FTaxPrice": 25.62, "FStockID": { "FNumber": "CK001" },
        }],
    });
    assert_eq!(bench.server.bills(0)[0].to_string(), expected.to_string());
}

#[test]
fn a_seed_clears_bills_and_sessions_but_no_id_comes_back() {
    let mut bench = Bench::new();
    let before = bench.saved(vec![bill("CK-1")])[0];
    bench.server.seed(1, 0);
    assert!(bench.server.bills(0).is_empty());
    assert_eq!(bench.save(vec![bill("CK-1")])["MsgCode"], 1);
    bench.login();
    assert!(bench.saved(vec![bill("CK-1")])[0] > before);
}
