#![allow(clippy::unwrap_used)]

use serde_json::json;

use super::*;
use crate::clock::Time;
use crate::connector::judging::found::{name, receipt as receipt_of};

const ZONE: &str = "Asia/Shanghai";
/// 2026-01-05 10:00:00 there.
const FIRST: Time = Time(1_767_578_400_000);

fn judge(probe: &Probe, found: &[Bill], kind: Kind) -> Finding {
    let users = ["webapi".to_owned()];
    let unknown = ["F_OLD".to_owned()];
    let zone = Zone::named(ZONE).unwrap();
    let judge = Judge { kind, compare: &[], users: &users, offset: 60_000, zone: &zone, unknown: &unknown };
    judge.finding(probe, found)
}

fn outgoing(payload: &Value) -> Outgoing {
    Outgoing {
        attempt: "a".into(),
        payload: payload.to_string(),
        number: Some("CK-1".into()),
        target_id: None,
        lines: vec![("FEntity".into(), vec!["7001".into(), "7002".into()])],
    }
}

fn probe(attempted: Option<&Value>, told: Option<&Value>) -> Probe {
    let target_id = attempted.and_then(|payload| text(payload.get("FID")));
    Probe {
        number: Some("CK-1".into()),
        target_id,
        attempted: attempted.map(outgoing),
        told: told.map(Value::to_string),
        first_attempt: Some(FIRST),
        ..Probe::default()
    }
}

fn payload(note: &str, quantity: &str) -> Value {
    json!({
        "FBillNo": "CK-1", "FDate": "2026-01-05 09:30:00", "FNote": note, "SubHeadEntity": { "FAllDisCount": 1.5, "F": { "x": 1 } },
        "FEntity": [
            { "FMaterialID": { "FNumber": "A" }, "FRealQty": quantity },
            { "FMaterialID": { "FNumber": "B" }, "FRealQty": 1 },
        ],
    })
}

fn update(note: &str, quantity: &str) -> Value {
    let mut payload = payload(note, quantity);
    payload.as_object_mut().unwrap().shift_insert(0, "FID".into(), 7.into());
    payload
}

fn bill(note: &str, quantity: &str) -> Bill {
    let cells = json!({
        "FCreateDate": "2026-01-05T10:01:02.123", "FCreatorId.FName": "webapi", "FCancelStatus": "A",
        "FDate": "2026-01-05T00:00:00", "FNote": note, "FAllDisCount": 1.50,
    });
    let row = |id: &str, material: &str, quantity: &str| {
        let cells =
            json!({ "FMaterialID.FNumber": material, "FRealQty": quantity.parse::<serde_json::Number>().unwrap() });
        Row { id: Some(id.into()), cells: cells.as_object().unwrap().clone().into_iter().collect() }
    };
    Bill {
        id: "7".into(),
        number: Some("CK-1".into()),
        cells: cells.as_object().unwrap().clone().into_iter().collect(),
        rows: [("FEntity".into(), vec![row("11", "B", "1.0"), row("10", "A", quantity)])].into(),
    }
}

fn with(bill: Bill, key: &str, value: Value) -> Bill {
    let mut bill = bill;
    bill.cells.insert(key.into(), value);
    bill
}

fn lines(finding: &Finding) -> Vec<(String, String)> {
    let Some(receipt) = receipt_of(finding) else { return Vec::new() };
    assert_eq!(receipt.id.as_deref(), Some("7"));
    receipt.lines["FEntity"].clone().into_iter().collect()
}

#[test]
fn rule_14_a_create_is_proved_by_existence_with_its_line_ids() {
    let finding = judge(&probe(Some(&payload("n", "2")), None), &[bill("n", "2.0")], Kind::Save);
    let ids = [("7001".to_owned(), "10".to_owned()), ("7002".to_owned(), "11".to_owned())];
    assert_eq!((name(&finding), lines(&finding)), ("effective", ids.to_vec()));
    let Finding::Effective { warnings, .. } = finding else { unreachable!() };
    assert_eq!(warnings, ["`SubHeadEntity.F.x` can't be compared", "`F_OLD` is no field of the form: not compared"]);
    // Other differences are a warning.
    let finding = judge(&probe(Some(&payload("n", "2")), None), &[bill("other", "3.0")], Kind::Save);
    let Finding::Effective { warnings, .. } = finding else { panic!("{finding:?}") };
    assert_eq!(warnings[0], "`FNote`: `n` was sent, `other` is there");
    assert_eq!(warnings[1], "`FEntity`: 2 lines were sent, 2 are there, and they differ");
}

#[test]
fn rule_12_a_created_bill_with_another_number_of_rows_is_for_a_person() {
    let mut torn = bill("n", "2.0");
    torn.rows.get_mut("FEntity").unwrap().truncate(1);
    let finding = judge(&probe(Some(&payload("n", "2")), None), &[torn], Kind::Save);
    let Finding::Mixed { differences, .. } = &finding else { panic!("{finding:?}") };
    assert_eq!(differences[0], "`FEntity`: 2 lines were sent, 1 are there, and they differ");
}

#[test]
fn rule_14_ours_is_what_our_account_created_not_before_the_first_attempt() {
    let create = payload("n", "2");
    let at = |time: &str| with(bill("n", "2.0"), "FCreateDate", time.into());
    // The target's clock is a minute ahead of ours.
    for (name_of, probe, bills, wanted) in [
        ("in time", probe(Some(&create), None), vec![at("2026-01-05T10:00:55")], "effective"),
        ("too early", probe(Some(&create), None), vec![at("2026-01-05T10:00:54")], "foreign"),
        ("cut to its grain", probe(Some(&create), None), vec![at("2026-01-05T10:00:55.001")], "effective"),
        ("not told when", probe(Some(&create), None), vec![at("")], "foreign"),
        (
            "somebody else's",
            probe(Some(&create), None),
            vec![with(bill("n", "2.0"), "FCreatorId.FName", "Administrator".into())],
            "foreign",
        ),
        (
            "nobody named",
            probe(Some(&create), None),
            vec![with(bill("n", "2.0"), "FCreatorId.FName", Value::Null)],
            "effective",
        ),
        ("never sent", Probe { first_attempt: None, ..probe(Some(&create), None) }, vec![bill("n", "2.0")], "foreign"),
        (
            "letter case",
            Probe { number: Some("ck-1 ".into()), ..probe(Some(&create), None) },
            vec![bill("n", "2.0")],
            "effective",
        ),
        ("absent", probe(Some(&create), None), vec![], "absent"),
        (
            "two of one number",
            probe(Some(&create), None),
            vec![bill("n", "2.0"), Bill { id: "8".into(), ..bill("n", "2.0") }],
            "foreign",
        ),
    ] {
        assert_eq!(name(&judge(&probe, &bills, Kind::Save)), wanted, "{name_of}");
    }
    // What is foreign comes with its ids, for a person or a baseline.
    let foreign = judge(&Probe { first_attempt: None, ..probe(Some(&create), None) }, &[bill("n", "2.0")], Kind::Save);
    assert_eq!(lines(&foreign).len(), 2);
}

#[test]
fn content_is_compared_of_ours_or_for_an_adoption_of_anyones() {
    let create = payload("n", "2.0");
    let never = |look| Probe { first_attempt: None, look, ..probe(Some(&create), None) };
    let since = Probe { look: Look::Content, ..probe(Some(&create), None) };
    let void = with(bill("n", "2.0"), "FCancelStatus", "B".into());
    let theirs = with(bill("n", "2.0"), "FCreatorId.FName", "Administrator".into());
    for (name_of, probe, bill, wanted) in [
        ("anyone's, the same", never(Look::Anyones), theirs.clone(), "effective"),
        ("anyone's, another head", never(Look::Anyones), bill("x", "2.0"), "mixed"),
        ("anyone's, another line", never(Look::Anyones), bill("n", "3.0"), "mixed"),
        ("anyone's, cancelled", never(Look::Anyones), void, "mixed"),
        ("ours, the same", since.clone(), bill("n", "2.0"), "effective"),
        ("ours, another head", since.clone(), bill("x", "2.0"), "mixed"),
        ("somebody else's", since, theirs, "foreign"),
        ("there before", never(Look::Content), bill("n", "2.0"), "foreign"),
    ] {
        let finding = judge(&probe, &[bill], Kind::Save);
        assert_eq!(name(&finding), wanted, "{name_of}: {finding:?}");
    }
    let Finding::Mixed { differences, receipt } = judge(&never(Look::Anyones), &[bill("x", "2.0")], Kind::Save) else {
        panic!()
    };
    assert_eq!((differences[0].as_str(), receipt.lines["FEntity"].len()), ("`FNote`: `n` was sent, `x` is there", 2));
}

#[test]
fn rule_03_a_receipts_id_must_still_carry_its_number() {
    let change = update("new", "2");
    let probe = probe(Some(&change), Some(&update("old", "2")));
    for (name_of, bills, wanted) in [
        ("another number", vec![Bill { number: Some("CK-9".into()), ..bill("new", "2.0") }], "foreign"),
        ("gone, number taken", vec![Bill { id: "8".into(), ..bill("new", "2.0") }], "foreign"),
        ("gone", vec![], "absent"),
        ("ours whoever created it", vec![with(bill("new", "2.0"), "FCreatorId.FName", "x".into())], "effective"),
    ] {
        assert_eq!(name(&judge(&probe, &bills, Kind::Save)), wanted, "{name_of}");
    }
}

#[test]
fn rule_14_an_update_is_judged_only_where_it_differs_from_what_was_told() {
    for (name_of, attempted, told, shown, wanted) in [
        ("all new", update("new", "3"), Some(update("old", "2")), bill("new", "3.0"), "effective"),
        ("all old", update("new", "3"), Some(update("old", "2")), bill("old", "2.0"), "not effective"),
        ("some of both", update("new", "3"), Some(update("old", "2")), bill("new", "2.0"), "mixed"),
        ("a third value", update("new", "2"), Some(update("old", "2")), bill("third", "2.0"), "mixed"),
        ("edited elsewhere", update("new", "2"), Some(update("old", "2")), bill("new", "9.0"), "effective"),
        ("lines only", update("n", "2.5"), Some(update("n", "2")), bill("n", "2.5"), "effective"),
        ("lines only, old", update("n", "2.5"), Some(update("n", "2")), bill("n", "2.0"), "not effective"),
        ("below the scale kept", update("n", "2.001"), Some(update("n", "2")), bill("n", "2.0"), "not effective"),
        ("nothing new, there", update("n", "2"), Some(update("n", "2")), bill("n", "2.0"), "effective"),
        ("nothing new, not there", update("n", "2"), Some(update("n", "2")), bill("x", "2.0"), "not effective"),
        ("told is not known, there", update("n", "2"), None, bill("n", "2.0"), "effective"),
        ("told is not known, not there", update("n", "2"), None, bill("x", "2.0"), "not effective"),
    ] {
        let finding = judge(&probe(Some(&attempted), told.as_ref()), &[shown], Kind::Save);
        assert_eq!(name(&finding), wanted, "{name_of}: {finding:?}");
    }
}

#[test]
fn a_changed_field_that_cannot_be_seen_proves_nothing() {
    let mut blind = bill("n", "2.0");
    blind.cells.remove("FNote");
    let finding = judge(&probe(Some(&update("new", "2")), Some(&update("old", "2"))), &[blind], Kind::Save);
    assert_eq!(name(&finding), "not effective", "sent again by its id, it converges");
}

#[test]
fn before_a_first_send_a_bill_of_ours_is_there_without_effect() {
    let finding = judge(&probe(None, None), &[bill("n", "2.0")], Kind::Save);
    assert_eq!(name(&finding), "not effective");
}

#[test]
fn operations_are_judged_by_state() {
    let by_id = |payload: &str| Probe {
        attempted: Some(Outgoing { payload: payload.into(), lines: Vec::new(), ..outgoing(&Value::Null) }),
        ..probe(None, None)
    };
    let probe = by_id(r#"{"Ids":"7"}"#);
    let audited = with(bill("n", "2.0"), "FDocumentStatus", "C".into());
    let cancelled = with(bill("n", "2.0"), "FCancelStatus", "B".into());
    for (kind, bills, wanted) in [
        (Kind::Delete, vec![], "effective"),
        (Kind::Delete, vec![audited.clone()], "not effective"),
        (Kind::DeleteOrCancel, vec![], "effective"),
        (Kind::DeleteOrCancel, vec![cancelled.clone()], "effective"),
        (Kind::Cancel, vec![cancelled], "effective"),
        (Kind::Cancel, vec![audited.clone()], "not effective"),
        (Kind::Cancel, vec![], "absent"),
        (Kind::Audit, vec![audited], "effective"),
        // A number that came back under another id is another bill.
        (Kind::Delete, vec![Bill { id: "8".into(), ..bill("n", "2.0") }], "effective"),
    ] {
        assert_eq!(name(&judge(&probe, &bills, kind)), wanted, "{kind:?} {bills:?}");
    }
    let Finding::Effective { receipt, .. } = judge(&probe, &[], Kind::Delete) else { unreachable!() };
    assert_eq!((receipt.id.as_deref(), receipt.number.as_deref()), (Some("7"), Some("CK-1")));
}
