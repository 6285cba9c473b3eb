//! All bills as the judge of a test sees them: beside the API, nothing hidden, digits kept.

use serde_json::{Map, Value, json};

use super::base_data::BaseData;
use super::bill::{Bill, Record, SYSTEM};
use super::column::{Column, Line};
use super::forms::{Field, MAX_ENTITIES, Rule};
use super::layout::Layout;
use super::value::{Cell, Seen};

/// A bill with head fields, sub-heads and entry rows in the shape of a Model; only fields that have
/// a value or that the server keeps.
pub fn bill(layout: &Layout, bill: &Bill, base: &BaseData) -> Value {
    let mut out = Map::new();
    out.insert("FormId".into(), layout.form.id.into());
    let line = Line { bill, rows: [None; MAX_ENTITIES] };
    for (key, ..) in SYSTEM {
        let shown = Column::resolve(layout, key).map_or(Value::Null, |column| column.see(&line, base).json());
        if !shown.is_null() {
            out.insert((*key).to_owned(), shown);
        }
    }
    out.extend(cells(&bill.head, base, layout.heads.iter().map(|(group, field)| group.is_none().then_some(*field))));
    for (at, sub_head) in layout.form.sub_heads.iter().enumerate() {
        let own = layout.heads.iter().map(|(group, field)| (*group == Some(at)).then_some(*field));
        out.insert(sub_head.key.to_owned(), Value::Object(cells(&bill.head, base, own)));
    }
    for (entity, group) in layout.form.entities.iter().enumerate().filter(|(_, group)| group.parent.is_none()) {
        out.insert(group.key.to_owned(), rows(layout, bill, base, entity, 0));
    }
    Value::Object(out)
}

/// The rows of an entity that belong to the bill (`parent` 0) or to a row, each with the rows that belong to it.
fn rows(layout: &Layout, bill: &Bill, base: &BaseData, entity: usize, parent: u64) -> Value {
    let Some(group) = layout.form.entities.get(entity) else { return Value::Null };
    let own = bill.entries.get(entity).into_iter().flatten().filter(|row| row.parent == parent);
    let shown = own.enumerate().map(|(at, row)| {
        let mut fields = Map::new();
        fields.insert("FEntryID".into(), row.id.into());
        fields.insert("FSeq".into(), (at + 1).into());
        fields.extend(cells(&row.cells, base, group.fields.iter().map(Some)));
        for (inner, group) in layout.form.entities.iter().enumerate().filter(|(_, one)| one.parent == Some(entity)) {
            fields.insert(group.key.to_owned(), rows(layout, bill, base, inner, row.id));
        }
        Value::Object(fields)
    });
    shown.collect()
}

/// The fields that have a value, and what the server keeps itself, in the form's order.
fn cells(record: &Record, base: &BaseData, fields: impl Iterator<Item = Option<&'static Field>>) -> Map<String, Value> {
    let present = fields.enumerate().filter_map(|(place, field)| {
        let field = field?;
        let started = || (field.rule == Rule::Kept && !field.starts.is_empty()).then(|| field.starts.into());
        Some((field.key.to_owned(), record.get(place).map(|cell| shown(cell, base)).or_else(started)?))
    });
    present.collect()
}

fn shown(cell: &Cell, base: &BaseData) -> Value {
    match cell {
        Cell::Text(text) => Seen::Text(text).json(),
        Cell::Decimal(text) => Seen::Decimal(text).json(),
        Cell::Whole(number) => Seen::Whole(*number).json(),
        Cell::Flag(flag) => Seen::Flag(*flag).json(),
        Cell::Time(civil) => Seen::Time(*civil).json(),
        Cell::Base(id) => json!({ "FNumber": base.number(*id) }),
    }
}
