#![allow(clippy::unwrap_used)]

use serde_json::json;

use super::*;

fn item(payload: Value) -> Outgoing {
    Outgoing {
        attempt: "a".into(),
        payload: payload.to_string(),
        number: text(payload.get("FBillNo")),
        target_id: id(payload.get("FID")),
        lines: Vec::new(),
    }
}

fn bills(payloads: &[Value]) -> Vec<Outgoing> {
    payloads.iter().cloned().map(item).collect()
}

fn sent(items: &[Outgoing]) -> Vec<Sent<'_>> {
    items.iter().map(|item| Sent::of(item, &Map::new())).collect()
}

/// What an answer says of each of these bills: `ok ID` or the kind of failure.
fn judged(payloads: &[Value], status: Value) -> Vec<String> {
    let items = bills(payloads);
    let status = Status::read(&json!({ "Result": { "ResponseStatus": status } })).unwrap();
    let verdicts = judge(&sent(&items), &status);
    let told = |verdict: &Verdict| match verdict {
        Verdict::Accepted(entity) => format!("ok {}", entity.id.as_deref().unwrap_or("-")),
        Verdict::Failed(kind, _) => format!("{kind:?}"),
    };
    verdicts.iter().map(told).collect()
}

fn creates() -> [Value; 3] {
    [json!({ "FBillNo": "CK-1" }), json!({ "FBillNo": "CK-2" }), json!({ "FBillNo": "CK-3" })]
}

fn ok(id: u64, number: &str) -> Value {
    json!({ "Id": id, "Number": number, "DIndex": 0 })
}

fn bad(index: u64, message: &str) -> Value {
    json!({ "FieldName": null, "Message": message, "DIndex": index })
}

const REQUIRED: &str = "字段“客户”是必填项";

#[test]
fn rule_12_successes_are_matched_by_number_whatever_their_order_and_index() {
    let successes = json!([ok(3, "CK-3"), ok(1, "CK-1"), ok(2, "CK-2")]);
    for is_success in [true, false] {
        let status = json!({ "IsSuccess": is_success, "Errors": [], "SuccessEntitys": successes, "MsgCode": 0 });
        assert_eq!(judged(&creates(), status), ["ok 1", "ok 2", "ok 3"]);
    }
}

#[test]
fn rule_21_every_item_of_a_batch_has_its_own_outcome() {
    let duplicate = "违反字段唯一性要求：编码唯一。[CK-2]在当前系统中已经被使用。";
    for (name, errors, successes, wanted) in [
        (
            "mixed",
            json!([bad(1, duplicate), bad(2, REQUIRED)]),
            json!([ok(1, "CK-1")]),
            ["ok 1", "Exists", "Permanent"],
        ),
        (
            "several errors of one bill",
            json!([bad(1, REQUIRED), bad(1, "单据日期所在期间已关账")]),
            json!([ok(1, "CK-1"), ok(3, "CK-3")]),
            ["ok 1", "ClosedPeriod", "ok 3"],
        ),
        ("in neither", json!([]), json!([ok(1, "CK-1"), ok(3, "CK-3")]), ["ok 1", "Unknown", "ok 3"]),
        ("in both", json!([bad(0, REQUIRED)]), json!([ok(1, "CK-1"), ok(2, "CK-2")]), ["Unknown", "ok 2", "Unknown"]),
        ("named twice", json!([]), json!([ok(1, "CK-1"), ok(9, "CK-1")]), ["Unknown", "Unknown", "Unknown"]),
        ("only the first refused", json!([bad(0, REQUIRED)]), json!([]), ["Unknown", "Unknown", "Unknown"]),
        ("one refused, all taken back", json!([bad(1, REQUIRED)]), json!([]), ["Unknown", "Permanent", "Unknown"]),
        (
            "all refused",
            json!([bad(0, "a"), bad(1, "b"), bad(2, "c")]),
            json!([]),
            ["Permanent", "Permanent", "Permanent"],
        ),
        ("nothing said", json!([]), json!([]), ["Unknown", "Unknown", "Unknown"]),
        ("an index out of range", json!([bad(7, REQUIRED)]), json!([ok(1, "CK-1")]), ["ok 1", "Unknown", "Unknown"]),
    ] {
        let status = json!({ "IsSuccess": false, "Errors": errors, "SuccessEntitys": successes, "MsgCode": 11 });
        assert_eq!(judged(&creates(), status), wanted, "{name}");
    }
}

#[test]
fn an_error_of_a_bill_sent_alone_is_its_own_whatever_its_index() {
    let alone = [json!({ "FBillNo": "CK-1" })];
    for (code, message, wanted) in [
        (11, REQUIRED, "Permanent"),
        (13, "conflict", "Transient"),
        (4, "exception in the middle", "Unknown"),
        (9, "元数据中标识为FXYZ的字段不存在", "Permanent"),
    ] {
        let status = json!({ "IsSuccess": false, "Errors": [bad(5, message)], "SuccessEntitys": [], "MsgCode": code });
        assert_eq!(judged(&alone, status), [wanted], "{message}");
    }
}

#[test]
fn rule_04_another_number_than_the_one_sent_is_told_with_what_was_saved() {
    let status = json!({ "IsSuccess": true, "Errors": [], "MsgCode": 0,
        "SuccessEntitys": [ok(1, "CK-1"), ok(2, "XSCKD000002"), ok(3, "XSCKD000003")] });
    let items = bills(&creates());
    let status = Status::read(&json!({ "Result": { "ResponseStatus": status } })).unwrap();
    let verdicts = judge(&sent(&items), &status);
    assert!(matches!(&verdicts[0], Verdict::Accepted(entity) if entity.id.as_deref() == Some("1")));
    let Verdict::Failed(FaultKind::Renumbered, words) = &verdicts[1] else { panic!("{verdicts:?}") };
    let strays = "number `XSCKD000002` (id 2), number `XSCKD000003` (id 3)";
    assert_eq!(*words, format!("number `CK-2` was sent, and saved was {strays}: allow manual numbers for this form"));
}

#[test]
fn fault_15_successes_that_name_no_bill_leave_every_bill_unknown() {
    for unnamed in [json!({ "DIndex": 0 }), json!({ "Id": 5, "DIndex": 0 })] {
        let successes = json!([unnamed, unnamed, ok(3, "CK-3")]);
        let status = json!({ "IsSuccess": true, "Errors": [], "MsgCode": 0, "SuccessEntitys": successes });
        assert_eq!(judged(&creates(), status), ["Unknown", "Unknown", "ok 3"]);
    }
}

#[test]
fn an_update_is_matched_by_number_and_id() {
    let update = [json!({ "FID": 7, "FBillNo": "CK-1" })];
    for (entity, wanted) in [
        (json!({ "Id": 7, "Number": "CK-1" }), "ok 7"),
        (json!({ "Id": "7", "Number": "CK-1" }), "ok 7"),
        (json!({ "Id": 8, "Number": "CK-1" }), "Unknown"),
        (json!({ "Id": 7, "Number": "CK-9" }), "Renumbered"),
        (json!({ "Id": 7 }), "ok 7"),
        (json!({ "Id": 8 }), "Unknown"),
    ] {
        let status = json!({ "IsSuccess": true, "Errors": [], "SuccessEntitys": [entity], "MsgCode": 0 });
        assert_eq!(judged(&update, status), [wanted]);
    }
}

#[test]
fn two_bills_of_one_number_cannot_be_told_apart() {
    let status = json!({ "IsSuccess": true, "Errors": [], "SuccessEntitys": [ok(1, "CK-1")], "MsgCode": 0 });
    let twins = [json!({ "FBillNo": "CK-1" }), json!({ "FBillNo": "CK-1" })];
    assert_eq!(judged(&twins, status), ["Unknown", "Unknown"]);
}

#[test]
fn the_request_holds_the_payloads_as_the_texts_that_are_stored() {
    let call = Call::named("batchSave").unwrap();
    let mut items = bills(&creates()[..2]);
    items[0].payload = r#"{"FBillNo":"CK-1", "FDate" : "2026-01-05","FEntity":[{"FQty":12345678901234567.890,"FMaterialID":{"FNumber":"M"},"FLoc":{"L__FF1":{"FNumber":"x"}}}]}"#.into();
    let options =
        json!({ "IsVerifyBaseDataField": true, "SubSystemId": "21", "BatchCount": 5, "NeedReturnFields": ["FDate"] });
    let body = body(call, "SAL_OUTSTOCK", options.as_object().unwrap(), &sent(&items));
    let wanted = [
        r#"{"formid":"SAL_OUTSTOCK","data":{"IsVerifyBaseDataField":true,"SubSystemId":"21","IsDeleteEntry":"true","#,
        r#""NeedReturnFields":["FDate","FBillNo","FEntity.FEntryID","FEntity.FQty","FEntity.FMaterialID.FNumber"],"#,
        r#""Model":["#,
        &items[0].payload,
        ",",
        &items[1].payload,
        "]}}",
    ];
    assert_eq!(String::from_utf8(body).unwrap(), wanted.concat());
    let own = json!({ "IsDeleteEntry": "false" });
    let one = super::body(Call::named("save").unwrap(), "X", own.as_object().unwrap(), &sent(&items[1..]));
    let wanted =
        r#"{"formid":"X","data":{"IsDeleteEntry":"false","NeedReturnFields":["FBillNo"],"Model":{"FBillNo":"CK-2"}}}"#;
    assert_eq!(String::from_utf8(one).unwrap(), wanted);
}

fn two_lines() -> Outgoing {
    let lines = json!([
        { "FMaterialID": { "FNumber": "A" }, "FRealQty": "2", "FAllAmount": 9.99 },
        { "FMaterialID": { "FNumber": "B" }, "FRealQty": 1, "FAllAmount": 5 },
    ]);
    let mut item = item(json!({ "FBillNo": "CK-1", "FEntity": lines }));
    item.lines = vec![("FEntity".into(), vec!["7001".into(), "7002".into()])];
    item
}

#[test]
fn lines_are_told_by_the_element_that_names_the_bill_in_several_shapes() {
    let item = two_lines();
    let sent = Sent::of(&item, &Map::new());
    for (name, rows) in [
        (
            "dotted",
            json!([{ "FEntryID": 11, "FMaterialID.FNumber": "B", "FRealQty": 1.0, "FAllAmount": 5.0 },
                   { "FEntryID": 10, "FMaterialID.FNumber": "A", "FRealQty": 2.0, "FAllAmount": 9.99 }]),
        ),
        (
            "objects",
            json!([{ "FEntryId": "10", "FMaterialId": { "Number": "A" }, "FRealQty": 2.0 },
                   { "FEntryId": "11", "FMaterialId": { "FNUMBER": "B" }, "FRealQty": 1.0 }]),
        ),
        (
            "amounts computed anew",
            json!([{ "FEntryID": 10, "FMaterialID_FNumber": "A", "FAllAmount": 10.0 },
                   { "FEntryID": 11, "FMaterialID_FNumber": "B", "FAllAmount": 5.0 }]),
        ),
    ] {
        let elements = json!([{}, { "FBillNo": "CK-9", "FEntity": [] }, { "FBillNo": "CK-1", "FEntity": rows }]);
        let element = returned_of(elements.as_array().unwrap(), "CK-1").unwrap();
        let lines = lines(&sent, |list| returned_rows(element, list));
        let ids = BTreeMap::from([("7001".to_owned(), "10".to_owned()), ("7002".to_owned(), "11".to_owned())]);
        assert_eq!(lines, Lines { ids: [("FEntity".to_owned(), ids)].into(), ..Lines::default() }, "{name}");
    }
}

#[test]
fn lines_that_are_not_told_stay_open_and_lost_rows_are_a_mismatch() {
    let item = two_lines();
    let sent = Sent::of(&item, &Map::new());
    let of = |rows: Value| lines(&sent, |list| returned_rows(&json!({ "FEntity": rows }), list));
    let open = vec!["FEntity".to_owned()];
    assert_eq!(lines(&sent, |_| None), Lines { open: open.clone(), ..Lines::default() });
    assert_eq!(of(json!([{ "FMaterialID.FNumber": "A" }])).open, open, "no row id");
    let one = of(json!([{ "FEntryID": 10, "FMaterialID.FNumber": "A" }]));
    assert_eq!((one.open, one.mismatches), (open, vec!["`FEntity` has 1 rows for 2 lines".to_owned()]));
    let partial = Sent { whole: false, ..Sent::of(&item, &Map::new()) };
    let more = json!({ "FEntity": [{ "FEntryID": 1, "FMaterialID.FNumber": "Z" }] });
    assert!(lines(&partial, |list| returned_rows(&more, list)).mismatches.is_empty());
    assert!(returned_of(&[json!({ "FBillNo": "CK-1" }), json!({ "FBillNo": "CK-1" })], "CK-1").is_none());
}
