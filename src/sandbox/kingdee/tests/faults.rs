//! The faults that the server plays itself, and what requests are about.

use serde_json::{Value, json};

use super::support::{Bench, auth, bill, errors, successes, text, value};
use crate::sandbox::faults::Kind as Fault;
use crate::sandbox::kingdee::{ACCOUNT, PASSWORD, USER};
use crate::sandbox::wire::System;

fn three() -> Value {
    json!({ "Model": [bill("CK-1"), bill("CK-2"), bill("CK-3"), bill("CK-4")] })
}

#[test]
fn a_refusal_has_no_effect_and_says_so_per_bill() {
    let bench = Bench::new();
    let status = bench.faulty("BatchSave", three(), Fault::Refuse)["Result"]["ResponseStatus"].take();
    assert_eq!((errors(&status).len(), &status["MsgCode"]), (4, &json!(11)));
    assert_eq!(errors(&status)[3], "3 - 插件取消了保存操作");
    assert_eq!(bench.ledger().len(), 4);
    assert_eq!(bench.query("FID", "", ""), "[]");
    bench.switch("refuse", "response_error");
    let request = bench.request("BatchSave", &json!({ "formid": "SAL_OUTSTOCK", "data": three() }));
    assert!(text(&bench.server.answer(&request, Some(Fault::Refuse))).starts_with("response_error:"));
    assert_eq!(bench.ledger().iter().filter(|line| line.ends_with("none")).count(), 8);
}

#[test]
fn half_a_batch_is_carried_out() {
    let bench = Bench::new();
    let status = bench.faulty("BatchSave", three(), Fault::PartialBatch)["Result"]["ResponseStatus"].take();
    assert_eq!(successes(&status), ["0 CK-1", "2 CK-3"]);
    let lock = "“demo”使用业务单据：“销售出库单”业务操作-“[销售出库单-CK-2-修改]”冲突，请稍候再使用。";
    assert_eq!((errors(&status)[0].as_str(), &status["MsgCode"]), (format!("1 - {lock}").as_str(), &json!(13)));
    bench.switch("partial", "permanent");
    let numbers = json!({ "Numbers": ["CK-1", "CK-3"] });
    let status = bench.faulty("Submit", numbers, Fault::PartialBatch)["Result"]["ResponseStatus"].take();
    assert_eq!((successes(&status), errors(&status)), (vec!["0 CK-1".into()], vec!["1 - 插件取消了保存操作".into()]));
    assert_eq!(
        bench.ledger(),
        [
            "batchSave CK-1 create",
            "batchSave CK-2 none",
            "batchSave CK-3 create",
            "batchSave CK-4 none",
            "submit CK-1 submit",
            "submit CK-3 none",
        ]
    );
}

#[test]
fn locks_throttles_and_lost_sessions_speak_the_servers_words() {
    let bench = Bench::new();
    let code =
        |method: &str, fault| bench.faulty(method, three(), fault)["Result"]["ResponseStatus"]["MsgCode"].clone();
    assert_eq!(code("BatchSave", Fault::EditLock), 13);
    bench.switch("edit_lock_code", "0");
    assert_eq!(code("BatchSave", Fault::EditLock), 0);
    assert_eq!(code("BatchSave", Fault::Throttle), 14);
    assert_eq!(bench.ledger().len(), 12);

    let query = json!({ "data": { "FormId": "SAL_OUTSTOCK", "FieldKeys": "FID" } });
    let asked = |fault| bench.send("ExecuteBillQuery", &query, fault);
    let wrapped = |fault| asked(Some(fault))[0][0]["Result"]["ResponseStatus"]["MsgCode"].clone();
    assert_eq!((wrapped(Fault::Refuse), wrapped(Fault::Throttle)), (json!(11), json!(14)));
    assert_eq!(asked(Some(Fault::PartialBatch)), json!([]));
    assert_eq!(wrapped(Fault::SessionLoss), 1);
    assert_eq!(asked(None)[0][0]["Result"]["ResponseStatus"]["MsgCode"], 1, "the session is gone for good");
    assert_eq!(code("BatchSave", Fault::SessionLoss), 1);
    assert_eq!(bench.ledger().len(), 12, "a lost session is raised before the call");

    let login = auth("ValidateUser", &json!({ "parameters": [ACCOUNT, USER, PASSWORD, 2052] }));
    assert_eq!(value(&bench.server.answer(&login, Some(Fault::Refuse)))["LoginResultType"], 0);
    assert_eq!(value(&bench.server.answer(&login, Some(Fault::Throttle)))["Result"]["ResponseStatus"]["MsgCode"], 14);
}

#[test]
fn faults_are_aimed_by_call_and_document() {
    let bench = Bench::new();
    let id = bench.saved(vec![bill("CK-1")])[0];
    let form = |data: Value| json!({ "formid": "SAL_OUTSTOCK", "data": data });
    for (method, body, call, documents) in [
        ("Save", form(json!({ "Model": bill("CK-9") })), "save", vec!["CK-9"]),
        ("BatchSave", form(three()), "batchSave", vec!["CK-1", "CK-2", "CK-3", "CK-4"]),
        ("BatchSave", form(json!({ "Model": [{ "FID": id }, { "FID": 5 }] })), "batchSave", vec!["CK-1"]),
        (
            "batchsave",
            json!({ "parameters": ["SAL_OUTSTOCK", three().to_string()] }),
            "batchSave",
            vec!["CK-1", "CK-2", "CK-3", "CK-4"],
        ),
        ("UnAudit", form(json!({ "Numbers": ["A"], "Ids": id.to_string() })), "unAudit", vec!["CK-1", "A"]),
        ("ExecuteBillQuery", json!({ "data": { "FormId": "SAL_OUTSTOCK" } }), "executeBillQuery", vec![]),
        (
            "ExecuteOperation",
            json!({ "formid": "SAL_OUTSTOCK", "opNumber": "Cancel", "data": { "Numbers": ["CK-1"] } }),
            "cancel",
            vec!["CK-1"],
        ),
    ] {
        let aim = bench.server.aim(&bench.request(method, &body));
        assert_eq!(
            (aim.call.as_str(), aim.documents),
            (call, documents.into_iter().map(str::to_owned).collect()),
            "{method}"
        );
    }
    assert_eq!(bench.server.aim(&auth("LoginBySign", &json!({}))).call, "login");
    assert_eq!(bench.ledger().len(), 1);
}
