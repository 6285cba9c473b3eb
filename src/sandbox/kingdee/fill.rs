//! A Model's values put into a bill, key by key in the order sent (protocols/kingdee.md 3.1, 3.6).

use serde_json::{Map, Value};

use crate::clock::Zone;

use super::base_data::BaseData;
use super::bill::{Bill, Record, Row};
use super::forms::{Field, Kind, Rule};
use super::layout::Layout;
use super::reply::{Problem, code};
use super::table::Counter;
use super::value::{Cell, scalar};

/// How values are taken.
#[derive(Debug, Clone, Default)]
pub struct Manner {
    /// Rows not listed are deleted (IsDeleteEntry).
    pub delete_rows: bool,
    /// Unknown base data is an error, not a blank (IsVerifyBaseDataField).
    pub verify_base: bool,
    /// Only registered base data is known.
    pub strict_base: bool,
    /// A bare text names base data, as a person's edit does.
    pub bare_base: bool,
    /// An unknown key is an error.
    pub refuse_unknown: bool,
    /// What the server keeps itself may be set, as a judge may.
    pub kept: bool,
    /// Only these keys are taken, if any are named (NeedUpDateFields).
    pub only: Vec<String>,
}

/// Puts values into bills and gathers what is wrong with them.
pub struct Filler<'a> {
    /// The form.
    pub layout: &'a Layout,
    /// Base data to look up.
    pub base: &'a mut BaseData,
    /// FEntryIDs for new rows.
    pub entry_ids: &'a mut Counter,
    /// The zone of times that carry one.
    pub zone: &'a Zone,
    /// How values are taken.
    pub manner: &'a Manner,
    /// What is wrong so far.
    pub problems: Vec<Problem>,
}

impl Filler<'_> {
    /// Takes a Model's values. Fields that the server keeps itself are passed over.
    pub fn fill(&mut self, bill: &mut Bill, model: &Map<String, Value>) {
        for (key, value) in model {
            if self.layout.system(key).is_some() {
                continue;
            }
            if let Some((place, field)) = self.layout.head(None, key) {
                self.set(&mut bill.head, place, field, value);
            } else if let Some(group) = self.layout.sub_head(key) {
                self.sub_head(bill, group, key, value);
            } else if let Some(entity) = self.layout.entity_of(None, key) {
                self.rows(bill, entity, 0, value);
            } else {
                self.unknown(key);
            }
        }
        bill.head.shrink();
    }

    fn sub_head(&mut self, bill: &mut Bill, group: usize, key: &str, value: &Value) {
        let Value::Object(fields) = value else { return };
        if !self.wanted(key) {
            return;
        }
        for (key, value) in fields {
            match self.layout.head(Some(group), key) {
                Some((place, field)) => self.set(&mut bill.head, place, field, value),
                None => self.unknown(key),
            }
        }
    }

    /// Takes the rows of an entity that belong to the bill (`parent` 0) or to a row.
    fn rows(&mut self, bill: &mut Bill, entity: usize, parent: u64, value: &Value) {
        let Some(group) = self.layout.form.entities.get(entity) else { return };
        if !self.wanted(group.key) {
            return;
        }
        let one;
        let sent = match value {
            Value::Array(rows) => rows.as_slice(),
            Value::Object(_) => {
                one = [value.clone()];
                &one
            }
            _ => return,
        };
        let Some(rows) = bill.entries.get_mut(entity).map(std::mem::take) else { return };
        let stays = |row: &Row| row.parent != parent || !self.manner.delete_rows;
        let mut kept: Vec<(bool, Row)> = rows.into_iter().map(|row| (stays(&row), row)).collect();
        let mut added = Vec::new();
        let mut owners = Vec::new();
        for fields in sent.iter().filter_map(Value::as_object).filter(|fields| !fields.is_empty()) {
            match entry_id(fields) {
                0 => {
                    let mut row = Row { id: self.entry_ids.next(), parent, cells: Record::default() };
                    if self.row(&mut row, entity, fields) {
                        owners.push((row.id, fields));
                        added.push((true, row));
                    }
                }
                id => match kept.iter_mut().find(|(_, row)| row.id == id && row.parent == parent) {
                    Some((listed, row)) => {
                        *listed = self.row(row, entity, fields);
                        owners.push((id, fields));
                    }
                    None => self.problems.push(Problem::new(code::NOT_FOUND, format!("分录内码值[\"{id}\"]不存在"))),
                },
            }
        }
        kept.extend(added);
        if let Some(place) = bill.entries.get_mut(entity) {
            *place = kept.into_iter().filter(|(stays, _)| *stays).map(|(_, row)| row).collect();
        }
        bill.drop_orphans(self.layout.form);
        for (owner, fields) in owners {
            for (key, value) in fields {
                if let Some(inner) = self.layout.entity_of(Some(entity), key) {
                    self.rows(bill, inner, owner, value);
                }
            }
        }
    }

    /// Fills a row; false if it has no key field's value and so is dropped without a word.
    fn row(&mut self, row: &mut Row, entity: usize, fields: &Map<String, Value>) -> bool {
        let mut is_row = true;
        for (key, value) in fields {
            let own_id = ["fentryid", "fdetailid", "fseq"].contains(&key.to_ascii_lowercase().as_str());
            if own_id || self.layout.entity_of(Some(entity), key).is_some() {
                continue;
            }
            let Some((place, field)) = self.layout.entry(entity, key) else {
                self.unknown(key);
                continue;
            };
            self.set(&mut row.cells, place, field, value);
            if field.rule == Rule::LineKey && row.cells.get(place).is_none() {
                is_row = false;
            }
        }
        row.cells.shrink();
        is_row
    }

    fn set(&mut self, record: &mut Record, place: usize, field: &Field, value: &Value) {
        let is_kept = field.rule == Rule::Kept && !self.manner.kept;
        if is_kept || !self.wanted(field.key) {
            return;
        }
        let cell = match field.kind {
            Kind::Base(kind) => self.base_data(kind, field, value),
            kind => match Cell::read(kind, value, self.zone) {
                Ok(cell) => cell,
                Err(text) => {
                    let message = format!("字段“{}”的值“{text}”格式不正确", field.caption);
                    self.problems.push(Problem::of_field(field.key, message));
                    return;
                }
            },
        };
        record.set(place, cell);
    }

    fn base_data(&mut self, kind: &str, field: &Field, value: &Value) -> Option<Cell> {
        let number = match value {
            Value::Object(object) => object.iter().find(|(key, _)| is_unique_key(key)).and_then(|(_, v)| scalar(v)),
            other => scalar(other),
        };
        let number = number.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())?;
        let resolvable = value.is_object() || self.manner.bare_base;
        let found = resolvable.then(|| self.base.find(kind, &number, self.manner.strict_base)).flatten();
        if found.is_none() && self.manner.verify_base {
            let message = format!("字段“{}”的值“{number}”在基础资料中不存在", field.caption);
            self.problems.push(Problem::of_field(field.key, message));
        }
        found.map(Cell::Base)
    }

    fn wanted(&self, key: &str) -> bool {
        self.manner.only.is_empty() || self.manner.only.iter().any(|named| named.eq_ignore_ascii_case(key))
    }

    fn unknown(&mut self, key: &str) {
        if self.manner.refuse_unknown {
            self.problems.push(Problem::unknown_field(key));
        }
    }
}

/// Keys by which base data may be named.
fn is_unique_key(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    key.ends_with("number") || ["fuserid", "fname", "fuseraccount"].contains(&key.as_str())
}

/// FEntryID (of rows of rows: FDetailID) of a row as sent; 0 for a new one.
fn entry_id(fields: &Map<String, Value>) -> u64 {
    let is_id = |key: &str| key.eq_ignore_ascii_case("FEntryID") || key.eq_ignore_ascii_case("FDetailID");
    let id = fields.iter().find(|(key, _)| is_id(key));
    id.and_then(|(_, value)| scalar(value)).and_then(|text| text.trim().parse().ok()).unwrap_or(0)
}
