//! One complete reading of bills: the head, then each entity, every query to its end; rows put together to whole
//! bills however answers cut them.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::super::client::Client;
use super::super::query::literal;
use super::super::select::{LIMIT, MOST_ANSWERS, Select, unrecognised};
use super::super::status::id;
use super::plan::{Plan, Table};
use crate::connector::{Fault, FaultKind};

/// A bill as one reading shows it.
#[derive(Debug, PartialEq)]
pub struct Reading {
    /// The document: the same bytes whenever the system says the same.
    pub bytes: Vec<u8>,
    /// What the reading's answers contradict each other in.
    pub torn: Option<String>,
}

/// Ids from the bill's outermost entity inwards.
type Path = Vec<String>;

/// Lines of an entity by the path they lie below, in the order of the system.
type Lines = HashMap<Path, Vec<(String, Map<String, Value>)>>;

/// A bill while it is put together.
struct Draft {
    head: Map<String, Value>,
    witness: Vec<String>,
    /// Per entity of the plan.
    lines: Vec<Lines>,
    torn: Option<String>,
}

/// Reads bills whole, by the text of their ids; those that are not there are left out.
///
/// # Errors
/// As [`Select::rows`]; also rows that come twice.
pub async fn read(plan: &Plan, client: &Client, ids: &[&Value]) -> Result<HashMap<String, Reading>, Fault> {
    let listed: Vec<String> = ids.iter().map(|id| literal(id)).collect();
    let filter = format!("FID in ({})", listed.join(","));
    let mut drafts = HashMap::new();
    for row in rows(plan, &plan.head, &filter, client, Some(ids.len())).await? {
        let bill = bill_of(client, &row)?;
        let lines = plan.entities.iter().map(|_| Lines::new()).collect();
        let draft = Draft { head: plan.head.members(&row), witness: plan.head.witness(&row), lines, torn: None };
        drafts.insert(bill, draft);
    }
    for (at, entity) in plan.entities.iter().enumerate() {
        if drafts.is_empty() {
            break;
        }
        for row in rows(plan, &entity.table, &filter, client, None).await? {
            let bill = bill_of(client, &row)?;
            // One that came after its head was read comes with the next reading.
            if let Some(draft) = drafts.get_mut(&bill) {
                draft.add(at, &entity.table, &row);
            }
        }
    }
    drafts.into_iter().map(|(bill, draft)| Ok((bill, draft.assembled(plan, client)?))).collect()
}

/// What can be told of a bill that can't be read: its head where that can, else nothing but its id.
pub async fn told(plan: &Plan, client: &Client, id: &Value) -> Vec<u8> {
    let filter = format!("FID in ({})", literal(id));
    let head = rows(plan, &plan.head, &filter, client, Some(1)).await.unwrap_or_default();
    let row = head.into_iter().next().unwrap_or_else(|| vec![id.clone()]);
    Value::Object(plan.head.members(&row)).to_string().into_bytes()
}

/// The rows of a query to their end; `enough` of them are all.
async fn rows(
    plan: &Plan,
    table: &Table,
    filter: &str,
    client: &Client,
    enough: Option<usize>,
) -> Result<Vec<Vec<Value>>, Fault> {
    let select = Select {
        form: &plan.form,
        columns: table.columns.clone(),
        places: (0..table.ids).collect(),
        filter: filter.to_owned(),
        limit: LIMIT,
    };
    let (mut rows, mut seen) = (Vec::<Vec<Value>>::new(), HashMap::<Vec<String>, usize>::new());
    for answer in 0..MOST_ANSWERS {
        let page = select.rows(client, rows.last().map(Vec::as_slice)).await?;
        if page.is_empty() {
            return Ok(rows);
        }
        for row in page {
            let place: Vec<String> = row.iter().take(table.ids).map(Value::to_string).collect();
            match seen.insert(place, answer) {
                None => rows.push(row),
                Some(earlier) if earlier == answer => return Err(repeated(plan, table, &row)),
                // The system goes in a circle (rules.md 30).
                Some(_) => return Err(unrecognised(client, &Value::Array(row))),
            }
        }
        if enough.is_some_and(|enough| rows.len() >= enough) {
            return Ok(rows);
        }
    }
    Err(Fault::new(FaultKind::Unknown, format!("a query has no end after {MOST_ANSWERS} answers")))
}

/// A place that an answer has twice: the fields join rows of something that lies below.
fn repeated(plan: &Plan, table: &Table, row: &[Value]) -> Fault {
    let ids: Vec<&str> = table.columns.iter().take(table.ids).map(String::as_str).collect();
    let values: Vec<String> = row.iter().take(table.ids).map(Value::to_string).collect();
    let words = format!(
        "`{}` gives several rows for {} {}: among the fields read there is one of another entity; it belongs under \
         `entries`",
        plan.form,
        ids.join(", "),
        values.join(", ")
    );
    Fault::new(FaultKind::Permanent, words)
}

fn bill_of(client: &Client, row: &[Value]) -> Result<String, Fault> {
    id(row.first()).ok_or_else(|| unrecognised(client, &Value::Array(row.to_vec())))
}

impl Draft {
    /// Adds a row of an entity.
    fn add(&mut self, entity: usize, table: &Table, row: &[Value]) {
        let witness = table.witness(row);
        if let Some(at) = (0..witness.len()).find(|at| witness.get(*at) != self.witness.get(*at)) {
            let (key, now) = (table.witness_key(at), witness.get(at).map_or("", String::as_str));
            let before = self.witness.get(at).map_or("", String::as_str);
            self.torn.get_or_insert_with(|| format!("`{key}` is {before} in one answer and {now} in another"));
        }
        // What has no lines comes once, with nulls in their place.
        let path: Option<Path> = row.iter().take(table.ids).skip(1).map(|value| id(Some(value))).collect();
        if let Some(mut path) = path
            && let Some(own) = path.pop()
            && let Some(lines) = self.lines.get_mut(entity)
        {
            lines.entry(path).or_default().push((own, table.members(row)));
        }
    }

    fn assembled(mut self, plan: &Plan, client: &Client) -> Result<Reading, Fault> {
        let mut document = std::mem::take(&mut self.head);
        for (at, entity) in plan.below(None) {
            let mut lists = self.nested(plan, at);
            document.insert(entity.name.clone(), Value::Array(lists.remove(&Path::new()).unwrap_or_default()));
        }
        let bytes =
            serde_json::to_vec(&document).map_err(|error| client.fault(FaultKind::Unknown, error.to_string()))?;
        Ok(Reading { bytes, torn: self.torn })
    }

    /// The lists of an entity by the path they lie below, with the lists below their lines.
    fn nested(&mut self, plan: &Plan, at: usize) -> HashMap<Path, Vec<Value>> {
        let lines = self.lines.get_mut(at).map(std::mem::take).unwrap_or_default();
        let mut below: Vec<_> =
            plan.below(Some(at)).map(|(child, entity)| (entity.name.clone(), self.nested(plan, child))).collect();
        let mut lists = HashMap::with_capacity(lines.len());
        for (path, lines) in lines {
            let mut list = Vec::with_capacity(lines.len());
            for (own, mut line) in lines {
                let mut here = path.clone();
                here.push(own);
                for (name, lists) in &mut below {
                    line.insert(name.clone(), Value::Array(lists.remove(&here).unwrap_or_default()));
                }
                list.push(Value::Object(line));
            }
            lists.insert(path, list);
        }
        for (name, lists) in below.iter().filter(|(_, lists)| !lists.is_empty()) {
            let lines: Vec<String> = lists.keys().map(|path| path.join("/")).collect();
            let lines = lines.join(", ");
            self.torn.get_or_insert_with(|| format!("`{name}` has rows below lines that are not there: {lines}"));
        }
        lists
    }
}
