//! Values of an order's head and rows by the form's own keys.

use serde_json::Value;

use crate::clock::{Civil, Zone};
use crate::decimal::Decimal;

use super::super::base_data::BaseData;
use super::super::bill::Record;
use super::super::forms::Kind;
use super::super::layout::Layout;
use super::super::value::Cell;

/// Reads and writes records of one form.
pub struct Sheet<'a> {
    /// The form.
    pub layout: &'a Layout,
    /// Base data, which becomes known by its use.
    pub base: &'a mut BaseData,
    /// The server's zone.
    pub zone: &'a Zone,
}

impl Sheet<'_> {
    /// Sets a field to a text in its kind's notation; base data by its number.
    pub fn put(&mut self, record: &mut Record, key: &str, text: &str) {
        let Some((place, field)) = self.layout.exact(key) else { return };
        let cell = match field.kind {
            Kind::Base(kind) => self.base.find(kind, text, false).map(Cell::Base),
            kind => Cell::read(kind, &Value::from(text), self.zone).ok().flatten(),
        };
        record.set(place, cell);
    }

    /// Sets base data by its internal id.
    pub fn put_id(&self, record: &mut Record, key: &str, id: u32) {
        self.put_cell(record, key, Cell::Base(id));
    }

    /// Sets a time.
    pub fn put_time(&self, record: &mut Record, key: &str, time: Civil) {
        self.put_cell(record, key, Cell::Time(time));
    }

    /// Sets a number; zero takes no room.
    pub fn put_number(&self, record: &mut Record, key: &str, number: &Decimal) {
        let Some((place, _)) = self.layout.exact(key) else { return };
        let cell = (!number.is_zero()).then(|| Cell::number(number));
        record.set(place, cell);
    }

    /// A number; zero where there is none.
    pub fn number(&self, record: &Record, key: &str) -> Decimal {
        let found = self.layout.exact(key).and_then(|(place, _)| record.get(place));
        match found {
            Some(Cell::Decimal(text)) => Decimal::parse(text).unwrap_or_else(Decimal::zero),
            _ => Decimal::zero(),
        }
    }

    /// The text of a text field or choice; while it is not set what it starts with.
    pub fn text<'r>(&self, record: &'r Record, key: &str) -> &'r str {
        match self.layout.exact(key).map(|(place, field)| (record.get(place), field.starts)) {
            Some((Some(Cell::Text(text)), _)) => text,
            Some((None, starts)) => starts,
            _ => "",
        }
    }

    fn put_cell(&self, record: &mut Record, key: &str, cell: Cell) {
        if let Some((place, _)) = self.layout.exact(key) {
            record.set(place, Some(cell));
        }
    }
}
