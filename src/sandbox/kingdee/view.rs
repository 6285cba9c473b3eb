//! All bills as the judge of a test sees them: beside the API, nothing hidden, digits kept.

use serde_json::{Map, Value, json};

use super::base_data::BaseData;
use super::bill::{Bill, Record, SYSTEM};
use super::column::{Column, Line};
use super::forms::{Field, MAX_ENTITIES};
use super::layout::Layout;
use super::value::{Cell, Seen};

/// A bill with head fields, sub-heads and entry rows in the shape of a Model; only fields that have a value.
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
    for (group, rows) in layout.form.entities.iter().zip(&bill.entries) {
        let shown = rows.iter().enumerate().map(|(at, row)| {
            let mut fields = Map::new();
            fields.insert("FEntryID".into(), row.id.into());
            fields.insert("FSeq".into(), (at + 1).into());
            fields.extend(cells(&row.cells, base, group.fields.iter().map(Some)));
            Value::Object(fields)
        });
        out.insert(group.key.to_owned(), shown.collect());
    }
    Value::Object(out)
}

/// The fields that have a value, in the form's order.
fn cells(record: &Record, base: &BaseData, fields: impl Iterator<Item = Option<&'static Field>>) -> Map<String, Value> {
    let present = fields.enumerate().filter_map(|(place, field)| Some((field?, record.get(place)?)));
    present.map(|(field, cell)| (field.key.to_owned(), shown(cell, base))).collect()
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
