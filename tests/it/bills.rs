//! 金蝶 as a source: bills read whole from the simulated server, however it caps its answers and whatever is edited
//! between them.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use deltaferry::clock::{Clock, SystemClock, Zone};
use serde_json::{Value, json};

use crate::support::place::{Place, SCHEME};
use crate::support::systems::Systems;
use crate::support::wait::wait_until;

const CAPTURE: &str = "
title: 金蝶云星空销售出库
source:
  system: erp
  call: executeBillQuery
  form: SAL_OUTSTOCK
  key: $.FID
  number: $.FBillNo
  fields: [FID, FBillNo, FDocumentStatus, FCustomerID.FNumber, FModifyDate, { field: FNote, as: 备注 }]
  entries: { name: FEntity, id: FEntity_FEntryID, fields: [FMaterialID.FNumber, FRealQty, FTaxPrice] }
  changed_fields: [FModifyDate, FApproveDate]
  filter: \"FBillNo <> 'O''K'\"
diff: { ignore: [$.FModifyDate], lists: { \"$.FEntity\": $.FEntity_FEntryID } }
";

fn line(at: usize) -> Value {
    json!({ "FMaterialID": { "FNumber": format!("M-{at}") }, "FRealQty": at + 1, "FTaxPrice": "1.10",
        "FStockID": { "FNumber": "1" } })
}

/// Saves a bill of so many lines.
fn save(systems: &Systems, number: &str, lines: usize) {
    let of = |number: &str| json!({ "FNumber": number });
    systems.save_bill(json!({
        "FBillTypeID": of("XSCKD01_SYS"), "FBillNo": number, "FDate": "2026-01-05", "FSaleOrgId": of("100"),
        "FCustomerID": of("C1"), "FStockOrgId": of("100"), "FNote": lines.to_string(),
        "SubHeadEntity": { "FSettleOrgID": of("100"), "FSettleCurrID": of("PRE001") },
        "FEntity": (0..lines).map(line).collect::<Vec<_>>(),
    }));
}

/// A bill as captured.
fn captured(place: &Place, number: &str) -> Value {
    place.done(&["docs", "show", SCHEME, number, "--json"]).json()["document"].take()
}

#[test]
fn bills_of_250_lines_are_captured_whole_at_a_server_that_gives_100_rows_at_most() {
    let systems = Systems::start(0);
    let numbers: Vec<String> = (0..8).map(|at| format!("CK-{at}")).chain(["O'X".to_owned()]).collect();
    for (number, lines) in numbers.iter().zip([250, 1, 99, 100, 101, 2, 200, 3, 250]) {
        save(&systems, number, lines);
    }
    save(&systems, "O'K", 1);
    systems.switch("kingdee.limit", "100");
    let place = Place::with_scheme(&systems, &CAPTURE.replace("  filter", "  page_size: 4\n  filter"));
    let assert_alike = || {
        for number in &numbers {
            let (bill, seen) = (systems.bill(number), captured(&place, number));
            let shown = |line: &Value| {
                json!({ "FEntity_FEntryID": line["FEntryID"], "FMaterialID_FNumber": line["FMaterialID"]["FNumber"],
                    "FRealQty": line["FRealQty"], "FTaxPrice": line["FTaxPrice"] })
            };
            let lines: Vec<Value> = bill["FEntity"].as_array().unwrap().iter().map(shown).collect();
            assert_eq!((&seen["FEntity"], &seen["备注"]), (&json!(lines), &bill["FNote"]), "{number}");
        }
    };
    assert_eq!(place.once()["documents"], 9, "what the filter leaves out is not captured");
    assert_alike();
    systems.kill_sessions();
    // A line added, a remark changed, and a late approval of a bill that was edited long ago.
    systems.edit_bill("CK-0", json!({ "FEntity": [line(7)] }));
    systems.edit_bill("CK-2", json!({ "FNote": "x" }));
    let now = Zone::named("Asia/Shanghai").unwrap().print(SystemClock::new().now());
    let late = json!({ "FDocumentStatus": "C", "FModifyDate": "2026-01-01 00:00:00", "FApproveDate": now });
    systems.edit_bill("CK-4", late);
    assert_eq!(place.once()["last_run"]["changed"], 3);
    assert_alike();
    assert_eq!(place.once()["last_run"]["changed"], 0);
    // Past window and filter.
    place.done(&["pull", SCHEME, "O'K"]);
    assert_eq!(captured(&place, "O'K")["备注"], "1");
}

#[test]
fn rule_24_no_bill_is_stored_in_part_while_bills_are_edited_between_answers() {
    let systems = Systems::start(0);
    let numbers: Vec<String> = (0..6).map(|at| format!("CK-{at}")).collect();
    numbers.iter().for_each(|number| save(&systems, number, 90));
    systems.switch("kingdee.limit", "100");
    systems.switch("kingdee.latency", "15ms");
    let place = Place::with_scheme(&systems, CAPTURE);
    let (ended, edits) = (AtomicBool::new(false), AtomicUsize::new(0));
    let mut torn = Vec::new();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut lines = [90; 2];
            let mut turn = 0;
            wait_until("the runs end", Duration::from_secs(100), || {
                // Each edit adds a line and says in the head how many there are.
                turn = 1 - turn;
                let added = line(lines[turn]);
                lines[turn] += 1;
                systems.edit_bill(&numbers[turn], json!({ "FNote": lines[turn].to_string(), "FEntity": [added] }));
                edits.fetch_add(1, Ordering::Relaxed);
                ended.load(Ordering::Relaxed).then_some(())
            });
        });
        for _ in 0..3 {
            place.run(&["once", "--json"]);
            for number in &numbers {
                let shown = place.run(&["docs", "show", SCHEME, number, "--json"]);
                if shown.code == 0 && !shown.json()["document"].is_null() {
                    let document = shown.json()["document"].take();
                    let lines = document["FEntity"].as_array().unwrap().len();
                    if document["备注"] != json!(lines.to_string()) {
                        torn.push(format!("`{number}` says {} and has {lines} lines", document["备注"]));
                    }
                }
            }
        }
        ended.store(true, Ordering::Relaxed);
    });
    assert!(torn.is_empty() && edits.into_inner() > 20, "{torn:?}");
    place.once();
    for number in &numbers {
        let (bill, seen) = (systems.bill(number), captured(&place, number));
        let count = |document: &Value| document["FEntity"].as_array().unwrap().len();
        assert_eq!((count(&bill), &bill["FNote"]), (count(&seen), &seen["备注"]), "{number}");
    }
    assert_eq!(place.status()["quarantined"], 0);
}
