//! Save and BatchSave: the request, and what its answer says of each bill (protocols/kingdee.md 3.1, rules.md 12, 21).

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::calls::Call;
use super::faults::of_bill;
use super::lines::{By, Row, matched};
use super::payload::member;
use super::shape::{List, Shape};
use super::status::{Entity, ItemError, Status, id, text};
use crate::connector::{FaultKind, Outgoing};
use crate::receipt::Receipt;

/// A bill as sent.
#[derive(Debug)]
pub struct Sent<'a> {
    /// The item.
    pub item: &'a Outgoing,
    /// `FBillNo` as sent.
    pub number: Option<String>,
    /// `FID` as sent.
    pub id: Option<String>,
    /// Its comparable fields.
    pub shape: Shape,
    /// Whether its lines are all lines: rows that are not sent are deleted.
    pub whole: bool,
}

/// What an answer says of one bill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Carried out.
    Accepted(Entity),
    /// Not carried out, or not known.
    Failed(FaultKind, String),
}

impl<'a> Sent<'a> {
    /// Takes an item apart.
    pub fn of(item: &'a Outgoing, options: &Map<String, Value>) -> Self {
        let payload: Value = serde_json::from_str(&item.payload).unwrap_or_default();
        let of = |name| payload.as_object().and_then(|payload| member(payload, name));
        Self {
            item,
            number: text(of("FBillNo")).or_else(|| item.number.as_deref().map(|number| number.trim().to_owned())),
            id: id(of("FID")),
            shape: Shape::of(&payload, &[]),
            whole: text(options.get("IsDeleteEntry")).is_none_or(|flag| flag.eq_ignore_ascii_case("true")),
        }
    }
}

/// The request's body: the payloads are put in as the very texts that are stored.
pub fn body(call: &Call, form: &str, options: &Map<String, Value>, sent: &[Sent<'_>]) -> Vec<u8> {
    let mut data: Map<String, Value> = options
        .iter()
        .filter(|(name, _)| call.options.contains(&name.as_str()))
        .map(|(n, v)| (n.clone(), v.clone()))
        .collect();
    // Said in any case: it is the most destructive default of the interface, and lines that vanished must go.
    data.entry("IsDeleteEntry").or_insert_with(|| "true".into());
    let asked = asked_back(data.shift_remove("NeedReturnFields"), sent);
    data.insert("NeedReturnFields".to_owned(), asked);
    let options = Value::Object(data).to_string();
    let options = options.strip_suffix('}').unwrap_or(&options);
    let payloads: Vec<&str> = sent.iter().map(|sent| sent.item.payload.as_str()).collect();
    let (open, close) = if call.method == "Save" { ("", "") } else { ("[", "]") };
    let form = Value::from(form);
    format!(r#"{{"formid":{form},"data":{options},"Model":{open}{}{close}}}}}"#, payloads.join(",")).into_bytes()
}

/// The fields asked back: the bill's number, and for each entity the row's id and the fields sent, by which rows are
/// recognised.
fn asked_back(own: Option<Value>, sent: &[Sent<'_>]) -> Value {
    let mut fields: Vec<Value> = own.and_then(|own| own.as_array().cloned()).unwrap_or_default();
    let mut ask = |field: String| {
        if !fields.iter().any(|other| other.as_str().is_some_and(|other| other.eq_ignore_ascii_case(&field))) {
            fields.push(field.into());
        }
    };
    ask("FBillNo".to_owned());
    for list in sent.iter().flat_map(|sent| &sent.shape.lists) {
        ask(format!("{}.FEntryID", list.name));
        // Flexible fields have deeper keys, which not every server gives back.
        for key in list.keys().into_iter().filter(|key| key.matches('.').count() < 2) {
            ask(format!("{}.{key}", list.name));
        }
    }
    Value::Array(fields)
}

/// What a status says of each bill: successes by the number they name, never by place; errors by `DIndex`.
pub fn judge(sent: &[Sent<'_>], status: &Status) -> Vec<Verdict> {
    let named = |bill: &Sent<'_>, entity: &Entity| match (&bill.number, &entity.number) {
        (Some(sent), Some(named)) => sent == named,
        _ => bill.id.is_some() && bill.id == entity.id,
    };
    // One that names nothing is another bill no more than ours.
    let stray = |entity: &&Entity| entity.number.is_some() && !sent.iter().any(|bill| named(bill, entity));
    let strays: Vec<&Entity> = status.successes.iter().filter(stray).collect();
    let judged = |(place, bill): (usize, &Sent<'_>)| {
        let twins = sent.iter().filter(|other| other.number.is_some() && other.number == bill.number);
        if twins.count() > 1 {
            return unknown("two bills of the request have this number");
        }
        let accepted: Vec<&Entity> = status.successes.iter().filter(|entity| named(bill, entity)).collect();
        verdict(bill, &accepted, &errors_of(place, sent.len(), status), &strays, status)
    };
    sent.iter().enumerate().map(judged).collect()
}

/// The verdict of one bill by what names it; `strays` are successes that name no bill of ours.
fn verdict(
    bill: &Sent<'_>,
    accepted: &[&Entity],
    errors: &[&ItemError],
    strays: &[&Entity],
    status: &Status,
) -> Verdict {
    match (accepted, errors) {
        ([only], []) => match (&bill.id, &only.id) {
            (Some(sent), Some(saved)) if sent != saved => {
                unknown(format!("id {sent} was sent, id {saved} is named as saved"))
            }
            _ => Verdict::Accepted((*only).clone()),
        },
        ([], []) if !strays.is_empty() => Verdict::Failed(FaultKind::Renumbered, renumbered(bill, strays)),
        ([], []) => unknown(format!("the answer names it neither as saved nor as refused: {}", status.messages())),
        ([], errors) => Verdict::Failed(of_bill(status.code, errors, bill.number.as_deref()), words(errors)),
        (_, []) => unknown("the answer names it as saved more than once"),
        (_, errors) => unknown(format!("the answer names it as saved and as refused: {}", words(errors))),
    }
}

/// The errors of the bill at a place. An error of the whole call has index 0 as well: where nothing was saved and
/// every error of several bills has it, it can't be told whose it is.
fn errors_of(place: usize, bills: usize, status: &Status) -> Vec<&ItemError> {
    if bills == 1 {
        return status.errors.iter().collect();
    }
    let unclear = status.successes.is_empty() && status.errors.iter().all(|error| error.index.unwrap_or(0) == 0);
    if unclear { Vec::new() } else { status.errors.iter().filter(|error| error.index == Some(place)).collect() }
}

fn unknown(words: impl Into<String>) -> Verdict {
    Verdict::Failed(FaultKind::Unknown, words.into())
}

fn words(errors: &[&ItemError]) -> String {
    errors.iter().map(|error| error.message.as_str()).collect::<Vec<_>>().join("; ")
}

/// Rule 4: the system numbers bills by itself, so that none could be found again.
fn renumbered(bill: &Sent<'_>, strays: &[&Entity]) -> String {
    let strays: Vec<String> = strays
        .iter()
        .map(|stray| {
            let (number, id) = (stray.number.as_deref().unwrap_or("none"), stray.id.as_deref().unwrap_or("none"));
            format!("number `{number}` (id {id})")
        })
        .collect();
    let number = bill.number.as_deref().unwrap_or_default();
    format!("number `{number}` was sent, and saved was {}: allow manual numbers for this form", strays.join(", "))
}

/// What is known of a saved bill's lines.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lines {
    /// List → `$key` → row id.
    pub ids: BTreeMap<String, BTreeMap<String, String>>,
    /// Entities whose rows were not all seen and matched.
    pub open: Vec<String>,
    /// Entities that have another number of rows than lines were sent, in words.
    pub mismatches: Vec<String>,
}

/// Matches a bill's lines with rows; `rows` gives those of an entity, where they are known.
pub fn lines<'r>(sent: &Sent<'_>, rows: impl Fn(&List) -> Option<Vec<Row>> + 'r) -> Lines {
    let mut out = Lines::default();
    for list in sent.shape.lists.iter().filter(|list| !list.lines.is_empty()) {
        let keys = sent.item.lines.iter().find(|(name, _)| *name == list.name).map(|(_, keys)| keys.as_slice());
        let Some(rows) = rows(list) else {
            out.open.extend(keys.map(|_| list.name.clone()));
            continue;
        };
        if sent.whole && rows.len() != list.lines.len() {
            out.mismatches.push(format!("`{}` has {} rows for {} lines", list.name, rows.len(), list.lines.len()));
        }
        let Some(keys) = keys else { continue };
        let ids = ids(list, keys, &rows);
        if ids.len() < list.lines.len() {
            out.open.push(list.name.clone());
        }
        out.ids.insert(list.name.clone(), ids);
    }
    out
}

/// `$key` → row id of the lines that are certainly matched; amounts that the system computes anew count only where
/// they agree.
pub fn ids(list: &List, keys: &[String], rows: &[Row]) -> BTreeMap<String, String> {
    let by_all = matched(&list.lines, rows, By::All);
    let all = by_all.certain.iter().all(|certain| *certain);
    let matched = if all { by_all } else { matched(&list.lines, rows, By::Given) };
    let pairs = matched.rows.iter().zip(&matched.certain).zip(keys);
    let certain = pairs.filter(|((_, certain), _)| **certain);
    certain.filter_map(|((row, _), key)| Some((key.clone(), rows.get((*row)?)?.id.clone()?))).collect()
}

/// The rows of an entity in an element of `NeedReturnData`; `None` if it does not tell them.
pub fn returned_rows(element: &Value, list: &List) -> Option<Vec<Row>> {
    let rows = member(element.as_object()?, &list.name)?.as_array()?;
    rows.iter()
        .map(|row| {
            let row = row.as_object()?;
            let cells = list.keys().into_iter().filter_map(|key| Some((key.to_owned(), returned_cell(row, key)?)));
            Some(Row { id: Some(id(member(row, "FEntryID"))?), cells: cells.collect() })
        })
        .collect()
}

/// A field of a returned row by its query key: under that key, or base data as an object, with or without the F of
/// its members.
fn returned_cell(row: &Map<String, Value>, key: &str) -> Option<Value> {
    if let Some(value) = member(row, key).or_else(|| member(row, &key.replace('.', "_"))) {
        return Some(value.clone());
    }
    let (base, property) = key.split_once('.')?;
    let base = member(row, base)?.as_object()?;
    member(base, property).or_else(|| member(base, property.strip_prefix('F')?)).cloned()
}

/// The element of `NeedReturnData` that names a bill.
pub fn returned_of<'a>(returned: &'a [Value], number: &str) -> Option<&'a Value> {
    let named = |element: &&Value| {
        let name = element.as_object().and_then(|element| text(member(element, "FBillNo")));
        name.as_deref() == Some(number)
    };
    let mut elements = returned.iter().filter(named);
    let only = elements.next();
    if elements.next().is_some() { None } else { only }
}

/// The receipt of an accepted bill.
pub fn receipt(entity: &Entity, sent: &Sent<'_>, lines: Lines) -> Receipt {
    let number = entity.number.clone().or_else(|| sent.number.clone());
    Receipt { id: entity.id.clone().or_else(|| sent.id.clone()), number, lines: lines.ids, ..Receipt::default() }
}

#[cfg(test)]
mod tests;
