//! The verdict over the shipped scheme: whether every shipment stands in the simulated 金蝶云星空 exactly once and
//! in its newest version. Compares what the two simulated systems hold, knows nothing of what was done between.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

use crate::decimal::canonical;
use crate::sandbox::kingdee::ORDER_NUMBERS;
use crate::sandbox::ledger::{Effect, Entry};

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Shipments at the source.
    pub shipments: u64,
    /// Shipments that have to stand at the target.
    pub expected: u64,
    /// Those that do, once, with equal content.
    pub exact: u64,
    /// Bills created, by the ledger.
    pub creates: u64,
    /// Bills changed.
    pub updates: u64,
    /// Bills deleted or voided.
    pub withdrawn: u64,
    /// What is wrong, one sentence each.
    pub faults: Vec<String>,
}

impl Verdict {
    /// Whether everything is as it has to be.
    pub fn is_exact(&self) -> bool {
        self.faults.is_empty() && self.exact == self.expected
    }
}

/// Compares shipments with bills and the ledger.
pub fn shipments_in_kingdee(shipments: &[Value], bills: &[Value], ledger: &[Entry]) -> Verdict {
    let mut verdict = Verdict { shipments: shipments.len() as u64, ..Verdict::default() };
    let mut by_number: HashMap<String, Vec<&Value>> = HashMap::new();
    for bill in bills {
        by_number.entry(text(&bill["FBillNo"])).or_default().push(bill);
    }
    let mut alive: BTreeMap<&str, i64> = BTreeMap::new();
    // Sales orders are another scheme's.
    let is_bill = |entry: &&Entry| entry.system == "kingdee" && !entry.document.starts_with(ORDER_NUMBERS);
    for entry in ledger.iter().filter(is_bill) {
        match entry.effect {
            Effect::Create => {
                verdict.creates += 1;
                let count = alive.entry(&entry.document).or_default();
                *count += 1;
                if *count > 1 {
                    verdict.faults.push(format!("`{}` was created twice", entry.document));
                }
            }
            Effect::Update => verdict.updates += 1,
            Effect::Delete => {
                verdict.withdrawn += 1;
                *alive.entry(&entry.document).or_default() -= 1;
            }
            Effect::Cancel => verdict.withdrawn += 1,
            Effect::Audit | Effect::Unaudit | Effect::Submit | Effect::None => {}
        }
    }
    for shipment in shipments {
        let number = text(&shipment["io_id"]);
        let found = by_number.remove(&number).unwrap_or_default();
        judge_one(shipment, &number, &found, &mut verdict);
    }
    verdict.faults.extend(by_number.keys().map(|number| format!("`{number}` stands at the target without a shipment")));
    verdict.faults.sort();
    verdict
}

fn judge_one(shipment: &Value, number: &str, found: &[&Value], verdict: &mut Verdict) {
    let live: Vec<&&Value> = found.iter().filter(|bill| bill["FCancelStatus"] != "B").collect();
    match shipment["status"].as_str() {
        Some("Confirmed" | "Archive") => {
            verdict.expected += 1;
            match live.as_slice() {
                [] => verdict.faults.push(format!("`{number}` was lost")),
                [bill] => match differences(shipment, bill) {
                    None => verdict.exact += 1,
                    Some(what) => verdict.faults.push(format!("`{number}` is not the newest version: {what}")),
                },
                several => verdict.faults.push(format!("`{number}` stands {} times", several.len())),
            }
        }
        Some("Cancelled" | "Delete") if !live.is_empty() => {
            verdict.faults.push(format!("`{number}` is withdrawn at the source and stands at the target"));
        }
        _ => {}
    }
}

/// The first difference between a shipment and its bill.
fn differences(shipment: &Value, bill: &Value) -> Option<String> {
    let date = |value: &Value| text(value).chars().take(10).collect::<String>();
    let heads = [
        ("FDate", date(&bill["FDate"]), date(&shipment["io_date"])),
        ("FCustomerID", text(&bill["FCustomerID"]["FNumber"]), text(&shipment["shop_id"])),
        ("FNote", text(&bill["FNote"]), text(&shipment["labels"])),
        ("FAllDisCount", number(&bill["SubHeadEntity"]["FAllDisCount"]), number(&shipment["free_amount"])),
    ];
    for (field, there, here) in heads {
        if there != here {
            return Some(format!("`{field}` is `{there}`, not `{here}`"));
        }
    }
    let lines = |list: &Value, fields: [&str; 4]| {
        let mut lines: Vec<[String; 4]> = list
            .as_array()
            .into_iter()
            .flatten()
            .map(|line| fields.map(|field| if field == fields[0] { base(&line[field]) } else { number(&line[field]) }))
            .collect();
        lines.sort();
        lines
    };
    let here = lines(&shipment["items"], ["sku_id", "qty", "sale_price", "sale_amount"]);
    let there = lines(&bill["FEntity"], ["FMaterialID", "FRealQty", "FTaxPrice", "FAllAmount"]);
    (here != there).then(|| format!("its lines are {there:?}, not {here:?}"))
}

/// A text, or a number as printed; nothing for null and blanks.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        _ => String::new(),
    }
}

/// A base data field's number, or the text itself.
pub(super) fn base(value: &Value) -> String {
    text(value.get("FNumber").unwrap_or(value))
}

/// A number by value, whether it is printed as number or text; nothing and zero are the same.
pub(super) fn number(value: &Value) -> String {
    let text = text(value);
    if text.is_empty() { "0".to_owned() } else { canonical(&text) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn entry(n: u64, effect: Effect) -> Entry {
        Entry {
            n,
            at: String::new(),
            system: "kingdee".into(),
            call: "batchSave".into(),
            document: "7".into(),
            effect,
            payload: Value::Null,
        }
    }

    #[test]
    fn lost_doubled_stale_and_withdrawn_documents_are_told() {
        let shipment = json!({ "io_id": 7, "status": "Confirmed", "io_date": "2026-01-05 10:00:00", "shop_id": 1,
            "labels": null, "free_amount": 0.0,
            "items": [{ "sku_id": "A", "qty": 2, "sale_price": 1.50, "sale_amount": 3 }] });
        let bill = json!({ "FBillNo": "7", "FDate": "2026-01-05T00:00:00", "FCustomerID": { "FNumber": "1" },
            "FEntity": [{ "FMaterialID": { "FNumber": "A" }, "FRealQty": 2.0, "FTaxPrice": 1.5, "FAllAmount": 3.0 }] });
        let once = [entry(1, Effect::Create)];
        let verdict = |shipment: &Value, bills: &[Value], ledger: &[Entry]| {
            shipments_in_kingdee(std::slice::from_ref(shipment), bills, ledger)
        };
        assert!(verdict(&shipment, std::slice::from_ref(&bill), &once).is_exact());
        assert!(!verdict(&shipment, &[], &[]).is_exact(), "lost");
        assert!(!verdict(&shipment, &[bill.clone(), bill.clone()], &once).is_exact(), "stands twice");
        let twice = [entry(1, Effect::Create), entry(2, Effect::Create)];
        assert!(!verdict(&shipment, std::slice::from_ref(&bill), &twice).is_exact(), "created twice");
        let order = Entry { document: "XSDD07000001".into(), ..entry(2, Effect::Update) };
        let beside = verdict(&shipment, std::slice::from_ref(&bill), &[once[0].clone(), order]);
        assert!(beside.is_exact() && beside.updates == 0, "written back to an order");
        let mut changed = shipment.clone();
        changed["items"][0]["qty"] = json!(3);
        assert!(!verdict(&changed, std::slice::from_ref(&bill), &once).is_exact(), "stale");
        let mut cancelled = shipment.clone();
        cancelled["status"] = json!("Cancelled");
        assert!(!verdict(&cancelled, std::slice::from_ref(&bill), &once).is_exact(), "withdrawn");
    }
}
