//! What a saved bill must have (protocols/kingdee.md 3.2).

use serde_json::{Map, Value};

use super::bill::{Bill, Row};
use super::forms::Field;
use super::layout::Layout;
use super::reply::{Problem, code};
use super::value::Cell;

/// Everything that is missing in a bill.
pub fn missing(layout: &Layout, bill: &Bill) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (place, (_, field)) in layout.heads.iter().enumerate() {
        if field.rule.asks_a_value() && bill.head.get(place).is_none() {
            problems.push(Problem::of_field(field.key, format!("字段“{}”是必填项", field.caption)));
        }
    }
    for (group, rows) in layout.form.entities.iter().zip(&bill.entries) {
        if group.required && rows.is_empty() {
            problems.push(Problem::of_field(group.key, format!("分录实体“{}”是必填项", group.caption)));
        }
        for (at, row) in rows.iter().enumerate() {
            let blank = |(place, field): &(usize, &Field)| field.rule.asks_a_value() && row.cells.get(*place).is_none();
            problems.extend(group.fields.iter().enumerate().filter(blank).map(|(_, field)| {
                let (entity, row, caption) = (group.caption, at + 1, field.caption);
                let message = format!("单据体实体【{entity}】第【{row}】行分录，【{caption}】字段必录");
                Problem::of_field(field.key, message)
            }));
        }
    }
    problems
}

/// Lines that are not free and have no tax price above 0. `lost` says that no line has one.
pub fn prices(layout: &Layout, bill: &Bill, lost: bool) -> Vec<Problem> {
    let (price, free) = (layout.entry(0, "FTaxPrice"), layout.entry(0, "FIsFree"));
    let cell = |row: &Row, place: Option<(usize, _)>| place.and_then(|(place, _)| row.cells.get(place).cloned());
    let bad = |row: &Row| {
        let priced = matches!(cell(row, price), Some(Cell::Decimal(text)) if &*text != "0" && !text.starts_with('-'));
        cell(row, free) != Some(Cell::Flag(true)) && (lost || !priced)
    };
    let rows = bill.entries.first().map(Vec::as_slice).unwrap_or_default();
    rows.iter()
        .enumerate()
        .filter(|(_, row)| bad(row))
        .map(|(at, _)| {
            let message = format!("第{}行分录，未免费的物料，含税单价不能小于等于0", at + 1);
            Problem::new(code::VALIDATION, message)
        })
        .collect()
}

/// Whether a Model names a sub-head behind an entry, so that the entry's prices were set without it.
pub fn is_sub_head_late(layout: &Layout, model: &Map<String, Value>) -> bool {
    let first_entry = model.keys().position(|key| layout.entity(key).is_some());
    let last_sub_head = model.keys().rposition(|key| layout.sub_head(key).is_some());
    first_entry.zip(last_sub_head).is_some_and(|(entry, sub_head)| entry < sub_head)
}
