//! What a scheme reads of a form, as queries: one of the head, and one for each entity, because two in one query
//! would multiply their rows (protocols/kingdee.md 2.1).

use serde_json::{Map, Value};

use super::super::shape::is;
use crate::scheme::{Entry, FieldSpec, Source, name_of};

/// Head fields that tell one state of a bill from another; those that are read stand in every query.
const WITNESSES: &[&str] = &["FModifyDate", "FVersionNo", "FDocumentStatus", "FCancelStatus"];

/// The queries of a scheme's source.
#[derive(Debug)]
pub struct Plan {
    /// The form.
    pub form: String,
    /// Of the head.
    pub head: Table,
    /// Of entities, each before those below it.
    pub entities: Vec<Entity>,
}

/// An entity.
#[derive(Debug)]
pub struct Entity {
    /// Its name, and the list's.
    pub name: String,
    /// Place of the entity it lies below; none: below the head.
    pub parent: Option<usize>,
    /// Its query.
    pub table: Table,
}

/// The columns of a query: ids, members of documents, witnesses.
#[derive(Debug)]
pub struct Table {
    /// Query keys, each once.
    pub columns: Vec<String>,
    /// How many ids stand in front: of the bill, and of entities from the outermost to this one.
    pub ids: usize,
    /// Members of a document or line, each with its column.
    members: Vec<(String, usize)>,
    /// Columns of repeated head values.
    witnesses: Vec<usize>,
}

impl Plan {
    /// The queries of a source; `None` where it names no form, which its check tells.
    pub fn of(source: &Source) -> Option<Self> {
        let head: Vec<FieldSpec> = source.fields.iter().cloned().chain(source.unlisted_times()).collect();
        let witnesses: Vec<String> = head
            .iter()
            .map(|field| field.field.clone())
            .filter(|field| {
                WITNESSES.iter().any(|one| is(field, one)) || source.changed_fields.iter().any(|one| is(field, one))
            })
            .collect();
        let mut entities = Vec::new();
        add(&source.entries, None, &["FID".to_owned()], &witnesses, &mut entities);
        let head = Table::new(&["FID".to_owned()], named(&head), &witnesses);
        Some(Self { form: source.form.clone()?, head, entities })
    }

    /// Places of the entities directly below another, or below the head.
    pub fn below(&self, parent: Option<usize>) -> impl Iterator<Item = (usize, &Entity)> {
        self.entities.iter().enumerate().filter(move |(_, entity)| entity.parent == parent)
    }
}

fn add(entries: &[Entry], parent: Option<usize>, above: &[String], witnesses: &[String], into: &mut Vec<Entity>) {
    for entry in entries {
        let mut ids = above.to_vec();
        ids.push(entry.id.clone());
        // A line always carries its id.
        let id = name_of(&entry.id);
        let unlisted = !entry.fields.iter().any(|field| field.name == id);
        let own = unlisted.then_some((entry.id.as_str(), id.as_str()));
        let table = Table::new(&ids, own.into_iter().chain(named(&entry.fields)), witnesses);
        into.push(Entity { name: entry.name.clone(), parent, table });
        add(&entry.entries, Some(into.len() - 1), &ids, witnesses, into);
    }
}

/// Query keys with their names in documents.
fn named(fields: &[FieldSpec]) -> impl Iterator<Item = (&str, &str)> {
    fields.iter().map(|field| (field.field.as_str(), field.name.as_str()))
}

impl Table {
    fn new<'f>(ids: &[String], fields: impl Iterator<Item = (&'f str, &'f str)>, witnesses: &[String]) -> Self {
        let mut columns = ids.to_vec();
        let mut place = |key: &str| {
            columns.iter().position(|column| is(column, key)).unwrap_or_else(|| {
                columns.push(key.to_owned());
                columns.len() - 1
            })
        };
        let members = fields.map(|(field, name)| (name.to_owned(), place(field))).collect();
        let witnesses = witnesses.iter().map(|field| place(field)).collect();
        Self { columns, ids: ids.len(), members, witnesses }
    }

    /// The members that a row gives.
    pub fn members(&self, row: &[Value]) -> Map<String, Value> {
        let value = |at: usize| row.get(at).cloned().unwrap_or_default();
        self.members.iter().map(|(name, at)| (name.clone(), value(*at))).collect()
    }

    /// The repeated head values of a row, as the system printed them: equal only if every digit is.
    pub fn witness(&self, row: &[Value]) -> Vec<String> {
        self.witnesses.iter().map(|at| row.get(*at).map(Value::to_string).unwrap_or_default()).collect()
    }

    /// The query key of a witness.
    pub fn witness_key(&self, at: usize) -> &str {
        self.witnesses.get(at).and_then(|at| self.columns.get(*at)).map_or("", String::as_str)
    }
}
