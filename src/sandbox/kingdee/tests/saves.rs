//! Save and BatchSave.

use serde_json::{Value, json};

use super::support::{Bench, bill, bill_with, errors, number, row, successes, with};
use crate::sandbox::ledger::Effect;

#[test]
fn a_bill_is_created_once_under_its_number() {
    let bench = Bench::new();
    let answer = bench.call("Save", json!({ "Model": bill("CK-1") }));
    let id = answer["Result"]["Id"].clone();
    assert_eq!(
        answer,
        json!({ "Result": {
            "ResponseStatus": {
                "IsSuccess": true, "Errors": [],
                "SuccessEntitys": [{ "Id": id, "Number": "CK-1", "DIndex": 0 }], "SuccessMessages": [], "MsgCode": 0,
            },
            "Id": id, "Number": "CK-1", "NeedReturnData": [{}],
        } })
    );
    assert_eq!(
        bench.call("Save", json!({ "Model": bill("CK-1") })),
        json!({ "Result": {
            "ResponseStatus": {
                "ErrorCode": 500, "IsSuccess": false,
                "Errors": [{ "FieldName": "FBillNo",
                    "Message": "违反字段唯一性要求：编码唯一。[CK-1]在当前系统中已经被使用。", "DIndex": 0 }],
                "SuccessEntitys": [], "SuccessMessages": [], "MsgCode": 11,
            },
            "Id": "", "NeedReturnData": [{}],
        } })
    );
    assert_eq!(bench.ledger(), ["save CK-1 create", "save CK-1 none"]);
}

#[test]
fn without_a_number_every_save_makes_another_bill() {
    let bench = Bench::new();
    let unnamed = with(bill(""), json!({ "FBillNo": null }));
    bench.saved(vec![unnamed.clone(), unnamed]);
    assert_eq!(bench.query("FBillNo", "", "FID"), "[[\"XSCKD000001\"],[\"XSCKD000002\"]]");
    bench.switch("number", "replaced");
    bench.saved(vec![bill("CK-1")]);
    assert_eq!(bench.query("FBillNo", "FBillNo like 'CK%'", ""), "[]");
}

#[test]
fn some_bills_of_a_batch_may_succeed_while_others_fail() {
    let bench = Bench::new();
    bench.saved(vec![bill("CK-2")]);
    let models = vec![
        bill("CK-1"),
        bill("CK-2"),
        with(bill("CK-3"), json!({ "FCustomerID": null, "FDate": "someday" })),
        bill("CK-4"),
        bill("CK-4"),
    ];
    let status = bench.save(models.clone());
    assert_eq!(successes(&status), ["0 CK-1", "3 CK-4"]);
    assert_eq!(
        errors(&status),
        [
            "1 FBillNo 违反字段唯一性要求：编码唯一。[CK-2]在当前系统中已经被使用。",
            "2 FDate 字段“日期”的值“someday”格式不正确",
            "2 FDate 字段“日期”是必填项",
            "2 FCustomerID 字段“客户”是必填项",
            "4 FBillNo 违反字段唯一性要求：编码唯一。[CK-4]在当前系统中已经被使用。",
        ]
    );
    assert_eq!(
        (&status["IsSuccess"], &status["MsgCode"], &status["ErrorCode"]),
        (&json!(false), &json!(11), &json!(500))
    );
    assert_eq!(bench.ledger().len(), 6);
    assert_eq!(bench.count(Effect::None), 3);

    bench.switch("mixed_success", "true");
    bench.switch("success_order", "reversed");
    let status = bench.save(vec![bill("CK-5"), bill("CK-2"), bill("CK-6")]);
    assert_eq!(status["IsSuccess"], true);
    assert_eq!(successes(&status), ["2 CK-6", "0 CK-5"]);
    assert_eq!(errors(&status).len(), 1);
    assert_eq!(bench.save(vec![bill("CK-2")])["IsSuccess"], false, "nothing succeeded");
}

#[test]
fn an_aborted_batch_leaves_nothing() {
    let bench = Bench::new();
    let id = bench.saved(vec![bill("CK-1")])[0];
    bench.switch("batch", "abort");
    let update = with(bill("CK-1"), json!({ "FID": id, "FNote": "new" }));
    let status = bench.save(vec![update, bill("CK-2"), bill("CK-1")]);
    assert_eq!((successes(&status).len(), errors(&status).len()), (0, 1));
    assert_eq!(bench.query("FBillNo,FNote", "", ""), "[[\"CK-1\",\" \"]]");
    assert_eq!(bench.ledger()[1..], ["batchSave CK-1 none", "batchSave CK-2 none", "batchSave CK-1 none"]);
}

#[test]
fn indexes_count_within_sub_batches() {
    let bench = Bench::new();
    let models: Vec<_> = (0..5).map(|i| bill(&format!("CK-{i}"))).collect();
    let answer = bench.call("BatchSave", json!({ "Model": models, "BatchCount": 2 }));
    assert_eq!(successes(&answer["Result"]["ResponseStatus"]), ["0 CK-0", "1 CK-1", "0 CK-2", "1 CK-3", "0 CK-4"]);
}

#[test]
fn an_fid_overwrites_its_bill_whatever_the_number() {
    let bench = Bench::new();
    let id = bench.saved(vec![bill("CK-1")])[0];
    bench.saved(vec![bill("CK-2")]);
    bench.forward(60);
    bench.saved(vec![json!({ "FID": id.to_string(), "FNote": "n", "FDocumentStatus": "C" })]);
    assert_eq!(
        bench.query("FBillNo,FNote,FDocumentStatus,FCreateDate,FModifyDate", "FID<1000000", "FID desc"),
        "[[\"CK-2\",\" \",\"A\",\"2026-01-05T10:00:00.12\",\"2026-01-05T10:00:00.12\"],\
         [\"CK-1\",\"n\",\"A\",\"2026-01-05T10:00:00.12\",\"2026-01-05T10:01:00.12\"]]"
    );
    let status = bench.save(vec![json!({ "FID": id, "FBillNo": "CK-2" }), json!({ "FID": 5, "FBillNo": "CK-9" })]);
    assert_eq!(
        errors(&status),
        [
            "0 FBillNo 违反字段唯一性要求：编码唯一。[CK-2]在当前系统中已经被使用。",
            "1 - 内码为“5”的销售出库单不存在或已被删除",
        ]
    );
    bench.saved(vec![json!({ "FID": id, "FBillNo": "CK-3" })]);
    assert_eq!(bench.query("FBillNo", "FBillNo in ('CK-1','CK-3')", ""), "[[\"CK-3\"]]");
    assert_eq!(bench.ledger()[2], "batchSave CK-1 update");
}

#[test]
fn entry_rows_are_updated_added_and_deleted() {
    let rows = |bench: &Bench| bench.query("FMaterialID.FNumber,FRealQty", "FBillNo='CK-1'", "FEntity_FSeq");
    let cases = [
        ("absent", "true", json!(null), "[[\"A\",1.0],[\"B\",2.0]]"),
        ("listed", "true", json!([{ "FEntryID": "second", "FRealQty": 5 }]), "[[\"B\",5.0]]"),
        ("listed", "false", json!([{ "FEntryID": "second", "FRealQty": 5 }]), "[[\"A\",1.0],[\"B\",5.0]]"),
        ("added", "true", json!([row("C", json!(3))]), "[[\"C\",3.0]]"),
        ("added", "false", json!([row("C", json!(3))]), "[[\"A\",1.0],[\"B\",2.0],[\"C\",3.0]]"),
        (
            "turned",
            "true",
            json!([row("C", json!(3)), { "FEntryID": "second" }, { "FEntryID": "first" }]),
            "[[\"A\",1.0],[\"B\",2.0],[\"C\",3.0]]",
        ),
        ("wiped", "true", json!([{}]), "[[null,null]]"),
        ("wiped", "true", json!({}), "[[null,null]]"),
        ("kept", "false", json!([{}]), "[[\"A\",1.0],[\"B\",2.0]]"),
    ];
    for (name, delete, sent, expected) in cases {
        let bench = Bench::new();
        let fid = bench.saved(vec![bill_with("CK-1", vec![row("A", json!(1)), row("B", json!(2))])])[0];
        let ids: Value = serde_json::from_str(&bench.query("FEntity_FEntryID", "", "FEntity_FSeq")).unwrap();
        let sent = sent.to_string().replace("\"first\"", &ids[0][0].to_string());
        let sent: Value = serde_json::from_str(&sent.replace("\"second\"", &ids[1][0].to_string())).unwrap();
        let model = with(json!({ "FID": fid }), json!({ "FEntity": sent }));
        let data = json!({ "IsDeleteEntry": delete, "ValidateFlag": "false", "Model": [model] });
        let answer = bench.call("BatchSave", data);
        assert_eq!(answer["Result"]["ResponseStatus"]["IsSuccess"], true, "{name}");
        assert_eq!(rows(&bench), expected, "{name} {delete}");
    }
}

#[test]
fn rows_of_other_bills_and_bills_without_rows_are_refused() {
    let bench = Bench::new();
    let fid = bench.saved(vec![bill("CK-1")])[0];
    for (model, expected) in [
        (json!({ "FID": fid, "FEntity": [{ "FEntryID": 5, "FRealQty": 1 }] }), "0 - 分录内码值[\"5\"]不存在"),
        (json!({ "FID": fid, "FEntity": [{}] }), "0 FEntity 分录实体“明细信息”是必填项"),
        (bill_with("CK-2", vec![]), "0 FEntity 分录实体“明细信息”是必填项"),
        (with(bill("CK-2"), json!({ "FEntity": null })), "0 FEntity 分录实体“明细信息”是必填项"),
        (
            bill_with("CK-2", vec![row("A", json!(1)), with(row("B", json!(1)), json!({ "FStockID": null }))]),
            "0 FStockID 单据体实体【明细信息】第【2】行分录，【仓库】字段必录",
        ),
    ] {
        assert_eq!(errors(&bench.save(vec![model.clone()])).first().map(String::as_str), Some(expected), "{model}");
    }
    assert_eq!(bench.query("FBillNo,FRealQty", "", ""), "[[\"CK-1\",2.0]]");
}

#[test]
fn named_fields_alone_are_updated() {
    let bench = Bench::new();
    let fid = bench.saved(vec![bill("CK-1")])[0];
    let rows: Value = serde_json::from_str(&bench.query("FEntity_FEntryID", "", "")).unwrap();
    let model = json!({
        "FID": fid, "FNote": "x", "FCarriageNO": "SF1",
        "FEntity": [{ "FEntryID": rows[0][0], "FRealQty": 9, "FTaxPrice": 9 }],
    });
    bench.call("Save", json!({ "NeedUpDateFields": ["fnote", "FEntity", "FRealQty"], "Model": model }));
    assert_eq!(bench.query("FNote,FCarriageNO,FRealQty,FTaxPrice", "", ""), "[[\"x\",\" \",9.0,25.62]]");
}

#[test]
fn unknown_base_data_is_blanked_dropped_or_refused() {
    let unknown = |key: &str| json!({ key: { "FNumber": "NONE-1" } });
    let verify = |bench: &Bench, verify: bool, model: Value| {
        bench.call("BatchSave", json!({ "IsVerifyBaseDataField": verify, "Model": [model] }))["Result"]["ResponseStatus"].take()
    };
    let two = |extra: Value| bill_with("CK-1", vec![row("A", json!(1)), with(row("B", json!(1)), extra)]);

    let bench = Bench::new();
    assert_eq!(
        errors(&verify(&bench, false, with(bill("CK-1"), unknown("FCustomerID")))),
        ["0 FCustomerID 字段“客户”是必填项"]
    );
    let status = verify(&bench, true, with(bill("CK-1"), unknown("FCustomerID")));
    assert_eq!(errors(&status)[0], "0 FCustomerID 字段“客户”的值“NONE-1”在基础资料中不存在");
    assert_eq!(
        errors(&verify(&bench, true, two(unknown("FMaterialID"))))[0],
        "0 FMaterialID 字段“物料编码”的值“NONE-1”在基础资料中不存在"
    );
    assert_eq!(verify(&bench, false, two(unknown("FMaterialID")))["IsSuccess"], true);
    assert_eq!(bench.query("FMaterialID.FNumber", "", ""), "[[\"A\"]]", "the row is dropped without a word");
    let optional = with(bill("CK-2"), unknown("FCarrierID"));
    assert_eq!(verify(&bench, false, optional)["IsSuccess"], true);

    let bench = Bench::new();
    bench.switch("base_data", "strict");
    let known = json!({
        "set": {
            "BOS_BillType": ["XSCKD01_SYS"], "ORG_Organizations": ["100"], "BD_Customer": { "C1": "客户一" },
            "BD_MATERIAL": ["M-1"], "BD_STOCK": ["CK001"], "BD_Currency": ["PRE001"],
        }
    });
    crate::sandbox::wire::System::edit(&bench.server, &known).unwrap();
    assert_eq!(verify(&bench, true, bill("CK-1"))["IsSuccess"], true);
    assert_eq!(bench.query("FCustomerID.FName", "", ""), "[[\"客户一\"]]");
    let other = bill_with("CK-2", vec![row("M-2", json!(1))]);
    assert_eq!(errors(&verify(&bench, true, other))[0], "0 FMaterialID 字段“物料编码”的值“M-2”在基础资料中不存在");
}

#[test]
fn base_data_is_named_by_any_of_its_unique_keys() {
    let bench = Bench::new();
    let model = with(
        bill("CK-1"),
        json!({
            "FCustomerID": { "FNUMBER": "C9" }, "FSalesManID": { "FStaffNumber": "S1" }, "FStockerID": { "FUserID": "U1" },
            "FSaleDeptID": { "FName": "D1" }, "FSettleID": { "FNumber": "" }, "FPayerID": "bare", "fcarrierid": { "FNumber": "X" },
        }),
    );
    bench.saved(vec![model]);
    let keys = "FCustomerID.FNumber,FSalesManID.FNumber,FStockerID.FNumber,FSaleDeptID.FNumber,FSettleID.FNumber,\
                FPayerID.FNumber,FCarrierID.FNumber";
    assert_eq!(bench.query(keys, "", ""), "[[\"C9\",\"S1\",\"U1\",\"D1\",null,null,\"X\"]]");
}

#[test]
fn unknown_keys_are_ignored_or_refused() {
    let bench = Bench::new();
    let odd = |number: &str| {
        with(bill(number), json!({ "FXYZ": 1, "FEntity": [with(row("A", json!(1)), json!({ "SubHeadEntity": {} }))] }))
    };
    bench.saved(vec![odd("CK-1")]);
    bench.switch("unknown_key", "error");
    let expected = ["0 - 元数据中标识为SubHeadEntity的字段不存在", "0 - 元数据中标识为FXYZ的字段不存在"];
    assert_eq!(errors(&bench.save(vec![odd("CK-2")])), expected);
}

#[test]
fn prices_are_checked_where_the_server_does() {
    let bench = Bench::new();
    let free = with(row("B", json!(1)), json!({ "FTaxPrice": 0, "FIsFree": "true" }));
    let zero = with(row("A", json!(1)), json!({ "FTaxPrice": 0 }));
    bench.saved(vec![bill_with("CK-1", vec![zero.clone()])]);
    bench.switch("price_check", "on");
    let status = bench.save(vec![bill_with("CK-2", vec![free.clone(), zero]), bill_with("CK-3", vec![free])]);
    assert_eq!(errors(&status), ["0 - 第2行分录，未免费的物料，含税单价不能小于等于0"]);
    assert_eq!(successes(&status), ["1 CK-3"]);

    bench.switch("key_order", "on");
    let late = with(with(bill("CK-4"), json!({ "SubHeadEntity": null })), json!({ "SubHeadEntity": {} }));
    assert_eq!(errors(&bench.save(vec![late.clone()])), ["0 - 第1行分录，未免费的物料，含税单价不能小于等于0"]);
    let adjusted = bench.call("Save", json!({ "IsAutoAdjustField": "true", "Model": late }));
    assert_eq!(adjusted["Result"]["Number"], "CK-4");
    bench.saved(vec![bill("CK-5")]);
}

#[test]
fn an_audited_bill_is_saved_only_without_validation() {
    let bench = Bench::new();
    let answer = bench.call("Save", json!({ "IsAutoSubmitAndAudit": "true", "Model": bill("CK-1") }));
    let id = &answer["Result"]["Id"];
    assert_eq!(bench.state("CK-1"), "[[\"C\",\"A\"]]");
    assert_eq!(bench.ledger(), ["save CK-1 create", "save CK-1 submit", "save CK-1 audit"]);
    let model = json!({ "FID": id, "FNote": "x" });
    let status = bench.save(vec![model.clone()]);
    assert_eq!(errors(&status), ["0 - 单据编号为“CK-1”的销售出库单，单据已审核，不允许修改！"]);
    bench.call("Save", json!({ "ValidateFlag": false, "Model": model }));
    assert_eq!(bench.query("FNote,FDocumentStatus", "", ""), "[[\"x\",\"C\"]]");
}

#[test]
fn save_and_audit_is_one_transaction() {
    let bench = Bench::new();
    bench.switch("audit", "refused");
    let answer = bench.call("BatchSave", json!({ "IsAutoSubmitAndAudit": true, "Model": [bill("CK-1")] }));
    assert_eq!(
        errors(&answer["Result"]["ResponseStatus"]),
        ["0 - 单据编号为“CK-1”的销售出库单，即时库存不足，审核失败！"]
    );
    assert_eq!(bench.query("FID", "", ""), "[]");
}

#[test]
fn a_packet_may_be_refused_when_it_is_repeated() {
    let bench = Bench::new();
    let data = json!({ "ValidateRepeatJson": "true", "Model": [with(bill(""), json!({ "FBillNo": null }))] });
    assert_eq!(bench.call("BatchSave", data.clone())["Result"]["ResponseStatus"]["IsSuccess"], true);
    assert_eq!(bench.call("BatchSave", data)["Result"]["ResponseStatus"]["MsgCode"], 11);
    assert_eq!((bench.count(Effect::Create), bench.count(Effect::None)), (1, 1));
}

#[test]
fn fields_asked_back_come_in_the_shape_of_the_bill() {
    let bench = Bench::new();
    let fields = json!([
        "FBillNo",
        "FEntity.FEntryID",
        "FEntity.FSeq",
        "FEntity.FRealQty",
        "FEntity.FMaterialID.FNumber",
        "FXYZ"
    ]);
    let models =
        json!([bill_with("CK-1", vec![row("A", json!(1)), row("B", number("0.10"))]), bill("CK-1"), bill("CK-2")]);
    let data = json!({ "NeedReturnFields": fields, "Model": models });
    let returned = bench.call("BatchSave", data.clone())["Result"]["NeedReturnData"].take();
    let rows: Value = serde_json::from_str(&bench.query("FEntity_FEntryID", "", "FID,FEntity_FSeq")).unwrap();
    let expected = format!(
        "[{{\"FBillNo\":\"CK-1\",\"FEntity\":[\
         {{\"FEntryID\":{},\"FSeq\":1,\"FRealQty\":1.0,\"FMaterialID.FNumber\":\"A\"}},\
         {{\"FEntryID\":{},\"FSeq\":2,\"FRealQty\":0.1,\"FMaterialID.FNumber\":\"B\"}}]}},\
         {{\"FBillNo\":\"CK-2\",\"FEntity\":[{{\"FEntryID\":{},\"FSeq\":1,\"FRealQty\":2.0,\"FMaterialID.FNumber\":\"M-1\"}}]}}]",
        rows[0][0], rows[1][0], rows[2][0]
    );
    assert_eq!(returned.to_string(), expected);
    bench.switch("return_data", "empty");
    let again = json!({ "NeedReturnFields": ["FBillNo"], "Model": [bill("CK-3")] });
    assert_eq!(bench.call("BatchSave", again)["Result"]["NeedReturnData"], json!([{}]));
}

#[test]
fn digits_survive_into_bill_ledger_and_view() {
    let bench = Bench::new();
    let rows = vec![row("A", number("12345678901234567.89")), row("B", json!("9007199254740993"))];
    bench.saved(vec![bill_with("CK-1", rows)]);
    assert_eq!(bench.query("FRealQty", "", "FEntity_FSeq"), "[[12345678901234567.89],[9007199254740993.0]]");
    let view = bench.server.bills(0)[0]["FEntity"].to_string();
    assert!(view.contains("12345678901234567.89") && view.contains("9007199254740993.0"), "{view}");
    let payload = bench.shared.ledger.entries()[0].payload.to_string();
    assert!(payload.contains("\"FRealQty\":12345678901234567.89") && payload.contains("\"9007199254740993\""));
}

#[test]
fn a_packet_without_bills_is_refused() {
    let bench = Bench::new();
    for data in [json!({}), json!({ "Model": [] }), json!({ "Model": [1] }), json!({ "Model": "x" })] {
        assert_eq!(bench.call("BatchSave", data.clone())["Result"]["ResponseStatus"]["MsgCode"], 8, "{data}");
    }
    assert_eq!(
        bench.send("BatchSave", &json!({ "formid": "SAL_OUTSTOCK", "data": "{" }), None)["Result"]["ResponseStatus"]["MsgCode"],
        8
    );
}

#[test]
fn two_bills_take_one_number_where_nothing_makes_it_unique() {
    let bench = Bench::new();
    bench.switch("unique", "off");
    bench.saved(vec![bill("CK-1"), bill("CK-1")]);
    assert_eq!(bench.query("FBillNo", "FBillNo='CK-1'", ""), "[[\"CK-1\"],[\"CK-1\"]]");
}
