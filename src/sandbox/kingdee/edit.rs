//! Control `/edit`: what a person does in the system beside the API, and base data made known.

use std::borrow::Cow;

use serde_json::{Map, Value};

use crate::clock::{Civil, Zone};
use crate::decimal::Decimal;

use super::base_data::USER;
use super::bill::{Bill, Mark, Status, System};
use super::body::Options;
use super::fill::{Filler, Manner};
use super::layout::Layout;
use super::state::State;
use super::value::{Cell, scalar, stamp};

/// Who edits.
const PERSON: &str = "demo";

/// Carries out `{ key, set, touch, delete }`, `{ rate }` or, without a key, `{ set: { KIND: [NUMBER, …] | { NUMBER:
/// NAME } } }` for base data; answers the keys edited. A `set` moves FModifyDate unless `touch` is false.
pub fn edit(
    state: &mut State,
    layouts: &[Layout],
    now: Civil,
    zone: &Zone,
    body: &Value,
) -> Result<Vec<String>, String> {
    let Value::Object(body) = body else { return Err("an object is expected".to_owned()) };
    let body = Options(Cow::Borrowed(body));
    if let Some(rate) = body.get("rate") {
        let rate = scalar(rate).and_then(|text| Decimal::parse(&text));
        let rate = rate.filter(|rate| (Decimal::zero()..=Decimal::from_i64(1)).contains(rate));
        return rate.map(|rate| edit_share(state, layouts, now, &rate)).ok_or_else(|| "`rate` is 0 to 1".to_owned());
    }
    let set = match body.get("set") {
        None | Some(Value::Null) => Map::new(),
        Some(Value::Object(set)) => set.clone(),
        Some(_) => return Err("`set` is an object".to_owned()),
    };
    let key = body.text("key");
    if key.is_empty() {
        return register(state, &set);
    }
    let found = state.tables.iter().enumerate().find_map(|(form, table)| Some((form, *table.by_number(&key).first()?)));
    let (form, id) = found.ok_or_else(|| format!("no bill `{key}`"))?;
    let (Some(table), Some(layout)) = (state.tables.get_mut(form), layouts.get(form)) else {
        return Err(format!("no form of bill `{key}`"));
    };
    if body.flag("delete", false) {
        table.remove(id);
        return Ok(vec![key]);
    }
    let Some(mut bill) = table.get(id).cloned() else { return Err(format!("no bill `{key}`")) };
    if body.flag("touch", true) {
        bill.modified = Mark { by: state.base.register(USER, PERSON, PERSON), at: now };
    }
    let manner = Manner { bare_base: true, refuse_unknown: true, ..Manner::default() };
    let mut filler = Filler {
        layout,
        base: &mut state.base,
        entry_ids: &mut state.entry_ids,
        zone,
        manner: &manner,
        problems: Vec::new(),
    };
    filler.fill(&mut bill, &set);
    if let Some(problem) = filler.problems.first() {
        return Err(problem.message.clone());
    }
    for (name, value) in &set {
        if let Some(system) = layout.system(name) {
            set_system(&mut bill, system, &scalar(value).unwrap_or_default())
                .ok_or_else(|| format!("`{name}` cannot be set to `{value}`"))?;
        }
    }
    table.put(bill);
    Ok(vec![key])
}

/// Sets a field every bill has. `None` if it cannot be set so.
fn set_system(bill: &mut Bill, system: System, text: &str) -> Option<()> {
    match system {
        System::Number => bill.number = Some(text.trim()).filter(|number| !number.is_empty())?.into(),
        System::Status => {
            bill.status = Status::read(text)?;
            bill.was_audited |= bill.status == Status::Audited;
        }
        System::CancelStatus => {
            bill.cancelled = match text {
                "A" => None,
                "B" => Some(bill.modified),
                _ => return None,
            }
        }
        System::Created => bill.created.at = Civil::read(text)?,
        System::Modified => bill.modified.at = Civil::read(text)?,
        System::Approved => bill.approved = Some(Mark { by: bill.modified.by, at: Civil::read(text)? }),
        System::Id | System::Creator | System::Modifier | System::Approver => return None,
        System::Canceller | System::Cancelled => return None,
    }
    Some(())
}

/// Edits the remark of a share of all bills, spread evenly.
fn edit_share(state: &mut State, layouts: &[Layout], now: Civil, rate: &Decimal) -> Vec<String> {
    let mut edited = Vec::new();
    let mark = Mark { by: state.base.register(USER, PERSON, PERSON), at: now };
    for (table, layout) in state.tables.iter_mut().zip(layouts) {
        let Some((place, _)) = layout.head(None, "FNote") else { continue };
        let ids: Vec<u64> = table.bills().map(|bill| bill.id).collect();
        let (mut due, one) = (Decimal::zero(), Decimal::from_i64(1));
        for id in ids {
            due = due.plus(rate);
            let Some(bill) = table.get_mut(id).filter(|_| due >= one) else { continue };
            due = due.minus(&one);
            let note = format!("改 {}", stamp(now));
            bill.head.set(place, Some(Cell::Text(note.into())));
            bill.modified = mark;
            edited.push(bill.number.to_string());
        }
    }
    edited
}

/// Makes base data known: numbers, or numbers with names, by kind.
fn register(state: &mut State, set: &Map<String, Value>) -> Result<Vec<String>, String> {
    if set.is_empty() {
        return Err("`key`, `rate`, or `set` with base data is expected".to_owned());
    }
    let mut known = Vec::new();
    for (kind, numbers) in set {
        let pairs: Vec<(String, String)> = match numbers {
            Value::Array(numbers) => numbers.iter().filter_map(scalar).map(|n| (n.clone(), n)).collect(),
            Value::Object(named) => {
                named.iter().map(|(number, name)| (number.clone(), scalar(name).unwrap_or_default())).collect()
            }
            _ => return Err(format!("`{kind}`: a list of numbers, or names by number, is expected")),
        };
        for (number, name) in pairs {
            state.base.register(kind, &number, &name);
            known.push(number);
        }
    }
    Ok(known)
}
