//! The judgement: what the systems hold against each other, and against what the store says.

use std::path::Path;

use serde_json::Value;

use crate::clock::Zone;
use crate::name::Key;
use crate::sandbox::Running;
use crate::sandbox::verdict::shipments_in_kingdee;
use crate::sandbox::verdict_orders::orders_in_okki;
use crate::store::{RedbOptions, RedbStore, Store, StoreError};
use crate::torture::copy::in_copy;
use crate::torture::effects::unaccounted;
use crate::torture::invariants::{broken, passed_over, unsettled};
use crate::torture::report::Figures;

/// The shipped schemes with their targets, and the system each writes to.
pub(super) const SHIPMENTS: &str = "jushuitan-shipment-to-kingdee";
const ORDERS: &str = "kingdee-changed-order-to-okki";
/// The form of sales orders at the simulated 金蝶云星空.
const ORDER_FORM: &str = "SAL_SaleOrder";
/// Times at the simulated 聚水潭 are whole seconds, and its clock is ours.
const GRAIN: std::time::Duration = std::time::Duration::from_secs(2);

/// What was certainly wrong already, whatever is still under way: documents done twice, invariants broken. Looks at
/// a copy of the database, so that the next start finds it as the kill left it.
pub(super) fn so_far(database: &Path, sandbox: &Running) -> Result<Vec<String>, StoreError> {
    let mut faults = twice(sandbox);
    if database.is_file() {
        faults.extend(in_copy(database, |store| {
            let mut wrong = broken(store)?;
            wrong.extend(passed_over(store, SHIPMENTS, &times(sandbox), GRAIN)?);
            Ok(wrong)
        })?);
    }
    Ok(faults)
}

/// The same at rest: also what is lost, stale or not settled, and what no attempt accounts for.
pub(super) fn at_rest(database: &Path, sandbox: &Running, figures: &mut Figures) -> Result<Vec<String>, StoreError> {
    let store = RedbStore::open(database, &RedbOptions::default())?;
    let mut faults = verdicts(sandbox);
    faults.extend(written_back(sandbox));
    faults.extend(broken(&store)?);
    faults.extend(unsettled(&store)?);
    let ledger = sandbox.ledger();
    let (of_orders, of_bills): (Vec<_>, Vec<_>) = ledger.into_iter().partition(|entry| entry.system == "okki");
    let is_bill = |entry: &crate::sandbox::ledger::Entry| {
        entry.system == "kingdee" && !entry.document.starts_with(crate::sandbox::kingdee::ORDER_NUMBERS)
    };
    let of_bills: Vec<_> = of_bills.into_iter().filter(is_bill).collect();
    faults.extend(unaccounted(&store, SHIPMENTS, "outstock", &of_bills)?);
    faults.extend(unaccounted(&store, ORDERS, "okki-order", &of_orders)?);
    figures.read(&store)?;
    store.close();
    Ok(faults)
}

/// How many effects the targets have seen.
pub(super) fn effects(sandbox: &Running) -> usize {
    use crate::sandbox::ledger::Effect;
    sandbox.ledger().iter().filter(|entry| entry.effect != Effect::None).count()
}

/// Shipments at the source that can be withdrawn.
pub(super) fn confirmed(sandbox: &Running) -> Vec<String> {
    let all = sandbox.documents("jushuitan");
    all.iter().filter(|one| one["status"] == "Confirmed").map(|one| one["io_id"].to_string()).collect()
}

fn verdicts(sandbox: &Running) -> Vec<String> {
    let ledger = sandbox.ledger();
    let shipments = shipments_in_kingdee(&sandbox.documents("jushuitan"), &sandbox.documents("kingdee"), &ledger);
    let orders = orders_in_okki(&sandbox.documents_of("kingdee", ORDER_FORM), &sandbox.documents("okki"), &ledger);
    let mut faults: Vec<String> = shipments.faults.iter().map(|fault| format!("shipment {fault}")).collect();
    faults.extend(orders.faults().iter().map(|fault| format!("order {fault}")));
    if faults.is_empty() && !(shipments.is_exact() && orders.is_exact()) {
        faults.push("not every document stands at its target".to_owned());
    }
    faults
}

fn twice(sandbox: &Running) -> Vec<String> {
    let is_double =
        |fault: &String| fault.contains("twice") || fault.contains(" times") || fault.contains("more than once");
    verdicts(sandbox).into_iter().filter(is_double).collect()
}

/// Orders whose field does not hold the id that OKKI gave.
fn written_back(sandbox: &Running) -> Vec<String> {
    let told = sandbox.documents("okki");
    let orders = sandbox.documents_of("kingdee", ORDER_FORM);
    let id = |number: &Value| {
        let own = told.iter().find(|one| one["order_no"] == *number && one["removed"] != true)?;
        Some(own["order_id"].to_string())
    };
    let wrong = orders.iter().filter_map(|order| {
        let (id, held) = (id(&order["FBillNo"])?, order["F_PAEZ_OKKIID"].as_str().unwrap_or_default());
        (id != held).then(|| format!("order {} holds the id `{held}`, OKKI gave `{id}`", order["FBillNo"]))
    });
    wrong.collect()
}

/// Shipments with their own times.
fn times(sandbox: &Running) -> Vec<(Key, crate::clock::Time)> {
    let zone = Zone::named("Asia/Shanghai").unwrap_or_else(Zone::utc);
    let all = sandbox.documents("jushuitan");
    let one = |one: &Value| Some((Key::from_text(one["io_id"].to_string()), zone.read(one["modified"].as_str()?)?));
    all.iter().filter_map(one).collect()
}
