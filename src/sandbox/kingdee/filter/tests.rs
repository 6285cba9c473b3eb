#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use serde_json::{Value, json};

use crate::clock::Civil;

use super::super::base_data::{BaseData, USER};
use super::super::bill::{Bill, Mark, Record, Row, Status};
use super::super::column::Line;
use super::super::outstock::SAL_OUTSTOCK;
use super::super::value::Cell;
use super::*;

/// A bill `O'B-1` of customer `C1` with one row: 12345678901234567.89 of free goods.
fn bill(layout: &Layout, base: &mut BaseData) -> Bill {
    let mark = |at: &str, base: &mut BaseData| Mark {
        by: base.register(USER, "webapi", "接口用户"),
        at: Civil::read(at).unwrap(),
    };
    let mut head = Record::default();
    head.set(
        layout.head(None, "FCustomerID").unwrap().0,
        Some(Cell::Base(base.register("BD_Customer", "C1", "客户一"))),
    );
    head.set(layout.head(None, "FDate").unwrap().0, Some(Cell::Time(Civil::read("2026-01-05").unwrap())));
    let mut cells = Record::default();
    cells.set(layout.entry(0, "FRealQty").unwrap().0, Some(Cell::Decimal("12345678901234567.89".into())));
    cells.set(layout.entry(0, "FIsFree").unwrap().0, Some(Cell::Flag(true)));
    Bill {
        id: 100_030,
        number: Arc::from("O'B-1"),
        status: Status::Audited,
        was_audited: true,
        created: mark("2026-01-05 09:00:00", base),
        modified: mark("2026-01-09T12:00:45.053", base),
        approved: None,
        cancelled: None,
        head,
        entries: vec![vec![Row { id: 7, parent: 0, cells }]],
    }
}

/// Whether the filter holds for the bill; else the MsgCode.
fn holds(filter: &Value) -> Result<bool, u16> {
    let layout = Layout::new(&SAL_OUTSTOCK);
    let mut base = BaseData::default();
    let bill = bill(&layout, &mut base);
    let condition = read(Some(filter), &layout).map_err(|problem| problem.code)?;
    let row = bill.entries.first().and_then(|rows| rows.first()).map(|row| (0, row));
    Ok(condition.holds(&Line { bill: &bill, rows: [row, None, None] }, &base) == Some(true))
}

#[test]
fn filters_mean_what_sql_means_by_them() {
    for (filter, expected) in [
        ("", true),
        ("FBillNo='O''B-1'", true),
        ("fbillno = 'O''B-1  '", true),
        ("FBillNo<>'x' and FDocumentStatus='C'", true),
        ("FBillNo!='O''B-1' or FID=100030", true),
        ("FBillNo='x' or FBillNo='y' and 1=1", false),
        ("(FBillNo='x' or FID>='100030') and not FID<100030", true),
        ("FID in (1, 100030)", true),
        ("FBillNo not in ('A','B')", true),
        ("FBillNo in ('A','O''B-1')", true),
        ("FBillNo like '%B-_'", true),
        ("FBillNo like 'B%'", false),
        ("FBillNo not like '%x%'", true),
        ("FCustomerID.FNumber='C1' and FCustomerID.FName='客户一'", true),
        ("FCreatorId.FName='接口用户'", true),
        ("FModifyDate>'2026-01-09 12:00:45'", true),
        ("FModifyDate>'2026-01-09T12:00:45.053'", false),
        ("FModifyDate between '2026-01-09' and '2026-01-10'", true),
        ("FDate='2026/1/5'", true),
        ("FApproveDate is null", true),
        ("FApproveDate is not null", false),
        ("not FApproveDate>'2026-01-01'", false),
        ("FNote=''", true),
        ("FNote<>''", false),
        ("FNote is null", false),
        ("FReceiverID.FNumber is null and FReceiverID=0", true),
        ("FRealQty=12345678901234567.89", true),
        ("FRealQty>12345678901234567.88 and FRealQty<12345678901234567.9", true),
        ("FRealQty>-1", true),
        ("FIsFree='1' and FIsFree=1 and FIsFree='true'", true),
        ("FEntity_FEntryID=7 and FEntity_FSeq=1", true),
        ("'2026-01-01'<FDate", true),
        ("FModifyDate>FCreateDate", true),
        ("FExchangeRate=0 and FSettleCurrID.FNumber is null", true),
    ] {
        assert_eq!(holds(&json!(filter)), Ok(expected), "{filter}");
    }
}

#[test]
fn a_filter_that_cannot_be_understood_fails_the_query() {
    for (filter, code) in [
        ("FBillNo=", 4),
        ("FBillNo='x", 4),
        ("FBillNo='O'B-1'", 4),
        ("FBillNo == 'x'", 4),
        ("FBillNo in ()", 4),
        ("(FID=1", 4),
        ("FID=1)", 4),
        ("FID=1 FBillNo='x'", 4),
        ("and FID=1", 4),
        ("FID=1; drop", 4),
        ("FEntryID=1", 9),
        ("FXYZ='1'", 9),
        ("FBillNo.FNumber='1'", 9),
        ("FID='abc'", 6),
        ("FDate>'2026-01-05T00:00:00Z'", 6),
    ] {
        assert_eq!(holds(&json!(filter)), Err(code), "{filter}");
    }
    assert_eq!(holds(&json!(format!("{}FID=1{}", "(".repeat(1000), ")".repeat(1000)))), Err(4));
}

#[test]
fn the_array_form_means_the_same() {
    let item = |field: &str, compare: &str, value: Value, logic: Value| json!({ "Left": "", "FieldName": field, "Compare": compare, "Value": value, "Right": "", "Logic": logic });
    for (filter, expected) in [
        (json!([]), Ok(true)),
        (json!([item("FBillNo", "67", json!("O'B-1"), json!(0))]), Ok(true)),
        (json!([item("FID", "76", json!(1), json!("1")), item("FBillNo", "=", json!("O'B-1"), json!("0"))]), Ok(true)),
        (json!([item("FID", ">", json!(1), json!("AND")), item("FID", "<", json!("5"), json!(""))]), Ok(false)),
        (json!([item("FBillNo", "in", json!("A,O'B-1"), json!("OR"))]), Ok(true)),
        (json!([item("FBillNo", "like", json!("O%"), json!("OR"))]), Ok(true)),
        (json!([item("FDocumentStatus", "StatusEqualto", json!("C"), json!("0"))]), Ok(true)),
        (
            json!([
                { "left": "((", "fieldname": "FID", "compare": "=", "value": "1", "right": ")", "logic": "1" },
                { "Left": "", "FieldName": "FID", "Compare": "is null", "Value": "", "Right": ")", "Logic": "0" },
                { "Left": "", "FieldName": "FID", "Compare": "<>", "Value": "9", "Right": "", "Logic": "0" }
            ]),
            Ok(false),
        ),
        (json!([item("FBillNo", "999", json!("x"), json!("0"))]), Err(4)),
        (json!([item("FBillNo", "=", json!("x"), json!("xor"))]), Err(4)),
        (json!(["FID=1"]), Err(4)),
    ] {
        assert_eq!(holds(&filter), expected, "{filter}");
        assert_eq!(holds(&json!(filter.to_string())), expected, "as text: {filter}");
    }
}

#[test]
fn bills_named_by_number_or_id_are_not_searched_for() {
    let layout = Layout::new(&SAL_OUTSTOCK);
    let pin = |filter: &str| read(Some(&json!(filter)), &layout).unwrap().pin().map(|pin| (pin.ids, pin.numbers));
    let numbers = |all: &[&str]| all.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>();
    for (filter, expected) in [
        ("FBillNo in ('A','B')", Some((vec![], numbers(&["A", "B"])))),
        ("FDocumentStatus='C' and FID in (3,4)", Some((vec![3, 4], vec![]))),
        ("FID=3 or FBillNo='A'", Some((vec![3], numbers(&["A"])))),
        ("FID=3 or FDocumentStatus='C'", None),
        ("FID>3", None),
        ("not FID=3", None),
        ("FBillNo like 'A'", None),
    ] {
        assert_eq!(pin(filter), expected, "{filter}");
    }
}
