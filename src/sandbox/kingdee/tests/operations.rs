//! Submit, Audit, UnAudit, Delete, CancelAssign, Cancel, UnCancel.

use serde_json::{Value, json};

use super::support::{Bench, bill, errors, successes};

fn operate(bench: &Bench, operation: &str, numbers: Value) -> Value {
    let data = json!({ "Numbers": numbers, "Ids": "" });
    let answer = match operation {
        "Cancel" | "UnCancel" => {
            let body = json!({ "formid": "SAL_OUTSTOCK", "opNumber": operation, "data": data });
            bench.send("ExecuteOperation", &body, None)
        }
        _ => bench.call(operation, data),
    };
    answer["Result"]["ResponseStatus"].clone()
}

#[test]
fn a_bill_goes_through_its_states() {
    let bench = Bench::new();
    bench.saved(vec![bill("CK-1")]);
    let text = |end: &str| format!("0 - 单据编号为“CK-1”的销售出库单，{end}");
    let audited = text("单据已经审核！");
    let unsubmitted = text("只有暂存、创建和重新审核的数据才允许提交！");
    for (operation, error, state) in [
        ("Audit", Some(text("只有审核中的数据才允许审核！")), "A"),
        ("UnAudit", Some(text("只有已审核的数据才允许反审核！")), "A"),
        ("CancelAssign", Some(text("只有审核中的数据才允许撤销！")), "A"),
        ("Submit", None, "B"),
        ("Submit", Some(unsubmitted.clone()), "B"),
        ("Delete", Some(text("单据状态为暂存、创建或重新审核的数据才允许删除")), "B"),
        ("CancelAssign", None, "A"),
        ("Submit", None, "B"),
        ("Audit", None, "C"),
        ("Audit", Some(audited), "C"),
        ("Submit", Some(unsubmitted), "C"),
        ("Delete", Some(text("单据状态为暂存、创建或重新审核的数据才允许删除")), "C"),
        ("UnAudit", None, "D"),
        ("Submit", None, "B"),
        ("CancelAssign", None, "D"),
    ] {
        let status = operate(&bench, operation, json!(["CK-1"]));
        assert_eq!(errors(&status).first(), error.as_ref(), "{operation}");
        assert_eq!(status["MsgCode"], if error.is_some() { 11 } else { 0 });
        assert_eq!(bench.query("FDocumentStatus", "", ""), format!("[[\"{state}\"]]"), "{operation}");
    }
    assert_eq!(operate(&bench, "Delete", json!(["CK-1"]))["IsSuccess"], true);
    assert_eq!(bench.query("FID", "", ""), "[]");
    let effects: Vec<_> = bench.ledger().into_iter().filter(|line| !line.ends_with("none")).collect();
    assert_eq!(
        effects,
        [
            "batchSave CK-1 create",
            "submit CK-1 submit",
            "cancelAssign CK-1 update",
            "submit CK-1 submit",
            "audit CK-1 audit",
            "unAudit CK-1 unaudit",
            "submit CK-1 submit",
            "cancelAssign CK-1 update",
            "delete CK-1 delete",
        ]
    );
}

#[test]
fn audit_leaves_the_time_of_the_last_save_alone() {
    let bench = Bench::new();
    bench.saved(vec![bill("CK-1")]);
    bench.forward(60);
    operate(&bench, "Submit", json!(["CK-1"]));
    let status = operate(&bench, "Audit", json!(["CK-1"]));
    assert_eq!(status["SuccessMessages"][0]["Message"], "单据编号为“CK-1”的销售出库单，审核成功！");
    let keys = "FModifyDate,FApproveDate,FApproverId.FName";
    assert_eq!(bench.query(keys, "", ""), "[[\"2026-01-05T10:00:00.12\",\"2026-01-05T10:01:00.12\",\"webapi\"]]");
    bench.switch("unaudit", "keeps");
    operate(&bench, "UnAudit", json!(["CK-1"]));
    assert!(bench.query(keys, "", "").contains("10:01"));
    operate(&bench, "Submit", json!(["CK-1"]));
    operate(&bench, "Audit", json!(["CK-1"]));
    bench.switch("unaudit", "clears");
    operate(&bench, "UnAudit", json!(["CK-1"]));
    assert_eq!(bench.query(keys, "", ""), "[[\"2026-01-05T10:00:00.12\",null,null]]");
}

#[test]
fn cancelling_marks_a_bill_where_it_is_allowed() {
    let bench = Bench::new();
    bench.saved(vec![bill("CK-1")]);
    operate(&bench, "Submit", json!(["CK-1"]));
    bench.switch("cancel", "refused");
    assert_eq!(operate(&bench, "Cancel", json!(["CK-1"]))["MsgCode"], 11);
    bench.switch("cancel", "allowed");
    assert_eq!(operate(&bench, "Cancel", json!(["CK-1"]))["IsSuccess"], true);
    assert_eq!(bench.state("CK-1"), "[[\"B\",\"B\"]]");
    assert_eq!(
        errors(&operate(&bench, "Cancel", json!(["CK-1"]))),
        ["0 - 单据编号为“CK-1”的销售出库单，单据已经作废！"]
    );
    assert_eq!(operate(&bench, "UnCancel", json!(["CK-1"]))["IsSuccess"], true);
    assert_eq!(bench.state("CK-1"), "[[\"B\",\"A\"]]");
    let tail = bench.ledger()[2..].to_vec();
    assert_eq!(tail, ["cancel CK-1 none", "cancel CK-1 cancel", "cancel CK-1 none", "unCancel CK-1 update"]);
}

#[test]
fn bills_that_are_missing_do_not_count_unless_all_are() {
    let bench = Bench::new();
    let ids = bench.saved(vec![bill("CK-1"), bill("CK-2"), bill("CK-3")]);
    let status = operate(&bench, "Submit", json!(["X", "CK-1", "Y", "CK-2"]));
    assert_eq!((successes(&status), &status["IsSuccess"]), (vec!["0 CK-1".into(), "1 CK-2".into()], &json!(true)));
    let status = operate(&bench, "Submit", json!(["X", "Y"]));
    assert_eq!((errors(&status)[0].as_str(), &status["MsgCode"]), ("0 - 编码值[\"X\",\"Y\"]不存在", &json!(9)));
    let status = operate(&bench, "Submit", json!([]));
    assert_eq!(errors(&status), ["0 - 编码值或内码值必须传其一"]);
    let status = &bench.call("Submit", json!({ "Ids": format!("5,{}", ids[2]) }))["Result"]["ResponseStatus"];
    assert_eq!(successes(status), ["0 CK-3"]);
    let status = operate(&bench, "Delete", json!(["CK-1"]));
    assert_eq!((successes(&status).len(), errors(&status).len()), (0, 1));
}

#[test]
fn audit_may_be_refused_or_spare_the_submission() {
    let bench = Bench::new();
    bench.saved(vec![bill("CK-1"), bill("CK-2")]);
    bench.switch("audit_from", "created");
    assert_eq!(operate(&bench, "Audit", json!(["CK-1"]))["IsSuccess"], true);
    bench.switch("audit", "refused");
    assert_eq!(operate(&bench, "Audit", json!(["CK-2"]))["MsgCode"], 12);
    assert_eq!((bench.state("CK-1"), bench.state("CK-2")), ("[[\"C\",\"A\"]]".into(), "[[\"A\",\"A\"]]".into()));
}

#[test]
fn an_operation_nobody_knows_is_refused() {
    let bench = Bench::new();
    bench.saved(vec![bill("CK-1")]);
    let body = json!({ "formid": "SAL_OUTSTOCK", "opNumber": "Explode", "data": { "Numbers": ["CK-1"] } });
    assert_eq!(bench.send("ExecuteOperation", &body, None)["Result"]["ResponseStatus"]["MsgCode"], 8);
    assert_eq!(bench.ledger()[1], "executeOperation CK-1 none");
}
