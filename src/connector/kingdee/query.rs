//! ExecuteBillQuery, read to its end by keyset, rows put together to bills (protocols/kingdee.md 2).

use std::collections::{BTreeMap, HashSet};

use serde_json::Value;

use super::client::Client;
use super::faults::unknown_field;
use super::lines::Row;
use super::select::{Answer, LIMIT, MOST_ANSWERS, Select, refusal, unrecognised};
use super::shape::is;
use super::status::{Status, id, text};
use crate::connector::{Fault, FaultKind};

/// A bill as queries show it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Bill {
    /// `FID`.
    pub id: String,
    /// `FBillNo`.
    pub number: Option<String>,
    /// Head and sub-head fields by query key.
    pub cells: BTreeMap<String, Value>,
    /// Rows of the entities that were asked for.
    pub rows: BTreeMap<String, Vec<Row>>,
}

/// What a question found.
#[derive(Debug, Default)]
pub struct Found {
    /// The bills.
    pub bills: Vec<Bill>,
    /// Fields that the form does not have; they were left out.
    pub unknown: Vec<String>,
}

/// A question for bills.
#[derive(Debug)]
pub struct Question<'a> {
    /// The form.
    pub form: &'a str,
    /// Which bills, in the language of FilterString.
    pub filter: String,
    /// Head and sub-head fields beside FID and FBillNo.
    pub head: Vec<String>,
    /// Entities with fields of their rows.
    pub lists: Vec<(String, Vec<String>)>,
}

impl Question<'_> {
    /// Asks. Each entity has its own query: two in one would multiply their rows.
    ///
    /// # Errors
    /// As [`Client::call`]; also a repeated row and an answer that is no list of rows.
    pub async fn ask(&self, client: &Client) -> Result<Found, Fault> {
        let mut found = Found::default();
        let nothing = (String::new(), Vec::new());
        let head = self.head.iter().filter(|key| !is(key, "FBillNo")).cloned().collect::<Vec<_>>();
        for (at, (entity, fields)) in self.lists.iter().chain(std::iter::once(&nothing)).enumerate() {
            let has_entity = !entity.is_empty();
            if at > 0 && !has_entity {
                break;
            }
            let mut columns = vec!["FID".to_owned(), "FBillNo".to_owned()];
            columns.extend(has_entity.then(|| format!("{entity}_FEntryID")));
            let fixed = columns.len();
            columns.extend(if at == 0 { head.clone() } else { Vec::new() });
            let heads = columns.len();
            columns.extend(fields.iter().cloned());
            let mut table = Table { question: self, columns, fixed, heads, entity: has_entity.then_some(entity) };
            let rows = table.read(client, &mut found.unknown).await?;
            table.add(&rows, &mut found.bills);
        }
        Ok(found)
    }
}

/// One query: its columns are FID, FBillNo, perhaps the row's id, then head fields, then the row's fields.
struct Table<'a> {
    question: &'a Question<'a>,
    columns: Vec<String>,
    /// Columns that can't be left out.
    fixed: usize,
    /// Columns before the row's fields.
    heads: usize,
    entity: Option<&'a String>,
}

impl Table<'_> {
    /// Reads all rows. A field that the form does not have is left out, and the query begins anew.
    async fn read(&mut self, client: &Client, unknown: &mut Vec<String>) -> Result<Vec<Vec<Value>>, Fault> {
        let (mut rows, mut seen) = (Vec::<Vec<Value>>::new(), HashSet::new());
        for _ in 0..MOST_ANSWERS {
            let page = match self.select().ask(client, rows.last().map(Vec::as_slice)).await? {
                Answer::Rows(page) => page,
                Answer::Refused(status) => {
                    self.leave_out(client, &status, unknown)?;
                    rows.clear();
                    seen.clear();
                    continue;
                }
            };
            if page.is_empty() {
                return Ok(rows);
            }
            for row in page {
                if !seen.insert(self.place(&row)) {
                    return Err(unrecognised(client, &Value::Array(row)));
                }
                rows.push(row);
            }
        }
        Err(Fault::new(FaultKind::Unknown, format!("a query has no end after {MOST_ANSWERS} answers")))
    }

    fn select(&self) -> Select<'_> {
        Select {
            form: self.question.form,
            columns: self.columns.clone(),
            places: if self.entity.is_some() { vec![0, 2] } else { vec![0] },
            filter: self.question.filter.clone(),
            limit: LIMIT,
        }
    }

    /// What tells a row from all others.
    fn place(&self, row: &[Value]) -> (Option<String>, Option<String>) {
        (text(row.first()), self.entity.and_then(|_| text(row.get(2))))
    }

    /// Takes out the field that an error names, or gives the error back.
    fn leave_out(&mut self, client: &Client, status: &Status, unknown: &mut Vec<String>) -> Result<(), Fault> {
        let messages = status.messages();
        let at = unknown_field(&messages).and_then(|name| {
            let wrong = |column: &String| is(column, name) || column.split('.').any(|part| is(part, name));
            self.columns.iter().skip(self.fixed).position(wrong).map(|at| at + self.fixed)
        });
        let Some(at) = at else { return Err(refusal(client, status)) };
        if at < self.heads {
            self.heads -= 1;
        }
        unknown.push(self.columns.remove(at));
        Ok(())
    }

    /// Adds what the rows say to the bills they are of.
    fn add(&self, rows: &[Vec<Value>], bills: &mut Vec<Bill>) {
        for row in rows {
            let Some(fid) = id(row.first()) else { continue };
            let at = bills.iter().position(|bill| bill.id == fid).unwrap_or_else(|| {
                bills.push(Bill { id: fid, number: text(row.get(1)), ..Bill::default() });
                bills.len() - 1
            });
            let Some(bill) = bills.get_mut(at) else { continue };
            let cells = |from: usize, to: usize| {
                let cells = self.columns.iter().zip(row).take(to).skip(from);
                cells.map(|(key, value)| (key.clone(), value.clone()))
            };
            bill.cells.extend(cells(self.fixed, self.heads));
            if let Some(entity) = self.entity {
                let rows = bill.rows.entry(entity.clone()).or_default();
                // A bill without rows comes once, with nulls.
                if let Some(entry) = id(row.get(2)) {
                    rows.push(Row { id: Some(entry), cells: cells(self.heads, self.columns.len()).collect() });
                }
            }
        }
    }
}

/// A value in a filter: numbers as they are, texts quoted.
pub fn literal(value: &Value) -> String {
    match value {
        Value::Number(number) => number.to_string(),
        other => quoted(&text(Some(other)).unwrap_or_default()),
    }
}

/// A text in a filter, its quotes doubled.
pub fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// An id in a filter: ids of some forms are texts.
pub fn id_literal(id: &str) -> String {
    if !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit()) { id.to_owned() } else { quoted(id) }
}

/// The condition of bills with these ids or numbers.
pub fn any_of<'a>(ids: impl Iterator<Item = &'a str>, numbers: impl Iterator<Item = &'a str>) -> String {
    let listed =
        |field: &str, values: Vec<String>| (!values.is_empty()).then(|| format!("{field} in ({})", values.join(",")));
    let conditions = [listed("FID", ids.map(id_literal).collect()), listed("FBillNo", numbers.map(quoted).collect())];
    conditions.into_iter().flatten().collect::<Vec<_>>().join(" or ")
}
