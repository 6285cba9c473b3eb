//! NeedReturnData: the fields asked back for a saved bill, entry rows as a list under their entity's key.

use serde_json::{Map, Value};

use super::base_data::BaseData;
use super::bill::Bill;
use super::column::{Column, Line};
use super::forms::MAX_ENTITIES;
use super::layout::Layout;

/// The fields of a bill; keys the form lacks are left out.
pub fn data(layout: &Layout, bill: &Bill, base: &BaseData, fields: &[String]) -> Value {
    let mut out = Map::new();
    let head = Line { bill, rows: [None; MAX_ENTITIES] };
    let mut entities: Vec<(usize, Vec<(String, Column)>)> = Vec::new();
    for field in fields {
        let (first, rest) = field.split_once('.').unwrap_or((field, "FEntryID"));
        match layout.entity(first) {
            Some(entity) => {
                let column = (rest.to_owned(), entry_column(layout, entity, rest));
                match entities.iter_mut().find(|(other, _)| *other == entity) {
                    Some((_, columns)) => columns.extend(named(column)),
                    None => entities.push((entity, named(column).into_iter().collect())),
                }
            }
            None => {
                if let Some(column) = Column::resolve(layout, field).ok().filter(|column| column.entity().is_none()) {
                    out.insert(field.clone(), column.see(&head, base).json());
                }
            }
        }
    }
    for (entity, columns) in entities {
        let rows = bill.entries.get(entity).map(Vec::as_slice).unwrap_or_default();
        let shown = rows.iter().enumerate().map(|row| {
            let mut line = head;
            if let Some(place) = line.rows.get_mut(entity) {
                *place = Some(row);
            }
            columns.iter().map(|(key, column)| (key.clone(), column.see(&line, base).json())).collect::<Value>()
        });
        let key = layout.form.entities.get(entity).map_or("", |group| group.key);
        out.insert(key.to_owned(), shown.collect());
    }
    Value::Object(out)
}

fn named((key, column): (String, Option<Column>)) -> Option<(String, Column)> {
    column.map(|column| (key, column))
}

/// `FEntryID` and `FSeq` are asked for without their entity's prefix here.
fn entry_column(layout: &Layout, entity: usize, key: &str) -> Option<Column> {
    let group = layout.form.entities.get(entity)?;
    let own = ["FEntryID", "FSeq"].iter().any(|own| own.eq_ignore_ascii_case(key));
    let full = if own { format!("{}_{key}", group.key) } else { key.to_owned() };
    Column::resolve(layout, &full).ok().filter(|column| column.entity() == Some(entity))
}
