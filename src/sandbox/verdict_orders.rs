//! The verdict over sales orders: whether every approved order of the simulated 金蝶云星空 stands in the simulated
//! 小满 OKKI exactly once, with its newest lines. Compares what the two systems hold, knows nothing of what was done
//! between.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::sandbox::ledger::{Effect, Entry};
use crate::sandbox::verdict::{base, number, text};

/// Differing lines named in one sentence at most.
const NAMED: usize = 5;

/// What an order at 金蝶 means for OKKI.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expectation {
    /// It stands there once, with equal lines.
    Stands,
    /// It may stand there once, in the version it was last told in.
    MayStand,
    /// It does not stand there.
    Absent,
}

/// By the order's own state: approved ones stand, those never submitted are absent, what was taken back or voided
/// after an approval may stand as it was told.
pub fn by_state(order: &Value) -> Expectation {
    let is_voided = text(&order["FCancelStatus"]) == "B";
    match text(&order["FDocumentStatus"]).as_str() {
        "C" if !is_voided => Expectation::Stands,
        "Z" | "A" => Expectation::Absent,
        _ => Expectation::MayStand,
    }
}

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OrdersVerdict {
    /// Orders at the source.
    pub orders: u64,
    /// Orders that have to stand at the target.
    pub expected: u64,
    /// Those that do, once, with equal lines.
    pub exact: u64,
    /// Orders created, by the ledger.
    pub creates: u64,
    /// Pushes that overwrote an order.
    pub updates: u64,
    /// Orders removed.
    pub removed: u64,
    /// Numbers that have to stand and do not.
    pub missing: Vec<String>,
    /// Numbers that stand, or were created, more than once.
    pub doubled: Vec<String>,
    /// Numbers whose lines are others than at the source, with the difference.
    pub differing: Vec<(String, String)>,
    /// Numbers that stand and should not.
    pub unexpected: Vec<String>,
}

impl OrdersVerdict {
    /// Whether everything is as it has to be.
    pub fn is_exact(&self) -> bool {
        self.faults().is_empty() && self.exact == self.expected
    }

    /// What is wrong, one sentence each.
    pub fn faults(&self) -> Vec<String> {
        let missing = self.missing.iter().map(|number| format!("`{number}` was lost"));
        let doubled = self.doubled.iter().map(|number| format!("`{number}` was created or stands more than once"));
        let differing = self.differing.iter().map(|(number, what)| format!("`{number}`: {what}"));
        let unexpected = self.unexpected.iter().map(|number| format!("`{number}` stands without reason"));
        missing.chain(doubled).chain(differing).chain(unexpected).collect()
    }
}

/// Compares the orders of 金蝶 (`/documents?system=kingdee`; other forms are left out) with those of OKKI and the
/// ledger, each expected [`by_state`].
pub fn orders_in_okki(orders: &[Value], okki: &[Value], ledger: &[Entry]) -> OrdersVerdict {
    orders_in_okki_by(orders, okki, ledger, by_state)
}

/// The same with other expectations.
pub fn orders_in_okki_by(
    orders: &[Value],
    okki: &[Value],
    ledger: &[Entry],
    expect: impl Fn(&Value) -> Expectation,
) -> OrdersVerdict {
    let is_order = |one: &&Value| matches!(text(&one["FormId"]).as_str(), "" | "SAL_SaleOrder");
    let orders: Vec<&Value> = orders.iter().filter(is_order).collect();
    let mut verdict = OrdersVerdict { orders: orders.len() as u64, ..OrdersVerdict::default() };
    read_ledger(ledger, &mut verdict);
    let mut standing: BTreeMap<String, Vec<&Value>> = BTreeMap::new();
    for one in okki.iter().filter(|one| one["removed"] != true) {
        standing.entry(text(&one["order_no"])).or_default().push(one);
    }
    for order in orders {
        let number = text(&order["FBillNo"]);
        let found = standing.remove(&number).unwrap_or_default();
        judge(order, number, &found, expect(order), &mut verdict);
    }
    verdict.unexpected.extend(standing.into_keys());
    verdict.doubled.sort();
    verdict.doubled.dedup();
    verdict
}

/// Counts effects, and finds what was created while it stood.
fn read_ledger(ledger: &[Entry], verdict: &mut OrdersVerdict) {
    let mut alive: BTreeMap<&str, u64> = BTreeMap::new();
    for entry in ledger.iter().filter(|entry| entry.system == "okki") {
        let count = alive.entry(&entry.document).or_default();
        match entry.effect {
            Effect::Create => {
                verdict.creates += 1;
                *count += 1;
                if *count > 1 {
                    verdict.doubled.push(entry.document.clone());
                }
            }
            Effect::Update => verdict.updates += 1,
            Effect::Delete => {
                verdict.removed += 1;
                *count = count.saturating_sub(1);
            }
            Effect::Cancel | Effect::Audit | Effect::Unaudit | Effect::Submit | Effect::None => {}
        }
    }
}

fn judge(order: &Value, number: String, found: &[&Value], expected: Expectation, verdict: &mut OrdersVerdict) {
    verdict.expected += u64::from(expected == Expectation::Stands);
    match (expected, found) {
        (Expectation::Stands, []) => verdict.missing.push(number),
        (Expectation::Stands, [one]) => match difference(order, one) {
            None => verdict.exact += 1,
            Some(what) => verdict.differing.push((number, what)),
        },
        (Expectation::Stands | Expectation::MayStand, [_, _, ..]) => verdict.doubled.push(number),
        (Expectation::Absent, [_, ..]) => verdict.unexpected.push(number),
        (Expectation::MayStand, [_] | []) | (Expectation::Absent, []) => {}
    }
}

/// Material, quantity, price, amount: by value.
type Line = [String; 4];

/// What the lines lack and what they have too much, as multisets.
fn difference(order: &Value, there: &Value) -> Option<String> {
    let mut counts: BTreeMap<Line, i64> = BTreeMap::new();
    for line in lines(&order["FSaleOrderEntry"]) {
        let material = line.get("FMaterialId").or_else(|| line.get("FMaterialId_FNumber")).unwrap_or(&Value::Null);
        let key = [base(material), number(&line["FQty"]), number(&line["FTaxPrice"]), number(&line["FAllAmount"])];
        *counts.entry(key).or_default() += 1;
    }
    for line in lines(&there["product_list"]) {
        let product = text(&line["product_no"]);
        let key = [product, number(&line["count"]), number(&line["unit_price"]), number(&line["cost_amount"])];
        *counts.entry(key).or_default() -= 1;
    }
    let named = |lacking: bool| {
        let differing = counts.iter().filter(|(_, count)| if lacking { **count > 0 } else { **count < 0 });
        let named = differing.take(NAMED).map(|(line, count)| format!("{} × {}", count.abs(), line.join(" ")));
        named.collect::<Vec<_>>().join(", ")
    };
    let (lacking, surplus) = (named(true), named(false));
    (!lacking.is_empty() || !surplus.is_empty())
        .then(|| format!("lines lacking: [{lacking}], lines too many: [{surplus}]"))
}

fn lines(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn entry(effect: Effect, document: &str) -> Entry {
        Entry {
            n: 1,
            at: String::new(),
            system: "okki".into(),
            call: "/v1/invoices/order/push".into(),
            document: document.into(),
            effect,
            payload: Value::Null,
        }
    }

    /// An approved order of two equal lines and another.
    fn order() -> Value {
        let line = |id: u64, material: Value, qty: Value| {
            json!({ "FSaleOrderEntry_FEntryID": id, "FMaterialId": material, "FQty": qty, "FTaxPrice": 1.50,
                "FAllAmount": "3.0" })
        };
        json!({ "FormId": "SAL_SaleOrder", "FBillNo": "X1", "FDocumentStatus": "C", "FCancelStatus": "A",
            "FSaleOrderEntry": [line(1, json!({ "FNumber": "M1" }), json!(2.0)), line(2, json!("M1"), json!("2")),
                line(3, json!("M2"), json!(1))] })
    }

    fn told() -> Value {
        let row = |id: u64, product: &str, count: Value| json!({ "unique_id": id, "product_no": product, "count": count, "unit_price": 1.5, "cost_amount": 3 });
        json!({ "order_no": "X1", "removed": false,
            "product_list": [row(9, "M2", json!(1)), row(8, "M1", json!(2)), row(7, "M1", json!(2))] })
    }

    fn changed(mut value: Value, at: &str, new: Value) -> Value {
        *value.pointer_mut(at).unwrap_or(&mut Value::Null) = new;
        value
    }

    #[test]
    fn equal_lines_in_any_order_are_exact() {
        let ledger = [entry(Effect::Create, "X1"), entry(Effect::Update, "X1"), entry(Effect::None, "X1")];
        let outstock = json!({ "FormId": "SAL_OUTSTOCK", "FBillNo": "CK1", "FDocumentStatus": "C" });
        let gone = changed(told(), "/removed", json!(true));
        let verdict = orders_in_okki(&[order(), outstock], &[told(), gone], &ledger);
        assert!(verdict.is_exact(), "{verdict:?}");
        assert_eq!((verdict.orders, verdict.expected, verdict.exact), (1, 1, 1));
        assert_eq!((verdict.creates, verdict.updates, verdict.removed), (1, 1, 0));
    }

    #[test]
    fn each_way_of_being_wrong_is_named() {
        let once = [entry(Effect::Create, "X1")];
        let mut short = told();
        short["product_list"].as_array_mut().map(Vec::pop);
        let other = changed(told(), "/order_no", json!("X2"));
        for (name, verdict, sentence) in [
            ("lost", orders_in_okki(&[order()], &[], &[]), "`X1` was lost"),
            (
                "twice",
                orders_in_okki(&[order()], &[told(), told()], &once),
                "`X1` was created or stands more than once",
            ),
            (
                "created twice",
                orders_in_okki(&[order()], &[told()], &[once[0].clone(), once[0].clone()]),
                "`X1` was created or stands more than once",
            ),
            (
                "a line lost",
                orders_in_okki(&[order()], &[short], &once),
                "`X1`: lines lacking: [1 × M1 2 15e-1 3], lines too many: []",
            ),
            (
                "stale",
                orders_in_okki(&[order()], &[changed(told(), "/product_list/0/count", json!(4))], &once),
                "`X1`: lines lacking: [1 × M2 1 15e-1 3], lines too many: [1 × M2 4 15e-1 3]",
            ),
            ("unknown", orders_in_okki(&[order()], &[told(), other], &once), "`X2` stands without reason"),
            (
                "never approved",
                orders_in_okki(&[changed(order(), "/FDocumentStatus", json!("A"))], &[told()], &once),
                "`X1` stands without reason",
            ),
        ] {
            assert_eq!(verdict.faults(), [sentence], "{name}");
            assert!(!verdict.is_exact(), "{name}");
        }
    }

    #[test]
    fn what_was_taken_back_or_voided_may_stand_as_it_was() {
        let stale = changed(told(), "/product_list/0/count", json!(4));
        for (at, state) in [("/FDocumentStatus", "D"), ("/FCancelStatus", "B")] {
            let order = changed(order(), at, json!(state));
            for okki in [&[][..], std::slice::from_ref(&stale)] {
                assert!(orders_in_okki(std::slice::from_ref(&order), okki, &[]).is_exact(), "{at}");
            }
            assert!(!orders_in_okki(&[order], &[stale.clone(), stale.clone()], &[]).is_exact(), "{at}");
        }
        let ledger = [entry(Effect::Create, "X1"), entry(Effect::Delete, "X1"), entry(Effect::Create, "X1")];
        assert!(orders_in_okki(&[order()], &[told()], &ledger).is_exact(), "removed and made anew");
    }

    #[test]
    fn a_caller_may_expect_otherwise() {
        let all = |_: &Value| Expectation::Stands;
        let voided = changed(order(), "/FCancelStatus", json!("B"));
        assert_eq!(orders_in_okki_by(&[voided], &[], &[], all).missing, ["X1"]);
    }
}
