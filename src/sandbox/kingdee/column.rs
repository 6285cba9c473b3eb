//! A query key resolved: which value of a flattened line it names, and how that value is seen.

use super::base_data::{self, BaseData};
use super::bill::{Bill, Mark, Row, System};
use super::forms::{Kind, MAX_ENTITIES};
use super::layout::{Layout, Place};
use super::reply::Problem;
use super::value::{Cell, Seen};

/// One flattened line: a bill, and a row of each entity that the query joins.
#[derive(Debug, Clone, Copy)]
pub struct Line<'a> {
    /// The bill.
    pub bill: &'a Bill,
    /// Position and row; `None` where the entity is not joined or the bill has no rows.
    pub rows: [Option<(usize, &'a Row)>; MAX_ENTITIES],
}

/// What is shown of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Aspect {
    /// The value; of base data the internal id.
    Plain,
    /// `.FNumber`.
    Number,
    /// `.FName`.
    Name,
    /// Another property of base data.
    Property(&'static str),
    /// `.FCaption`.
    Caption,
}

/// How a column's values compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// As text.
    Text,
    /// As a number.
    Number,
    /// As a check box.
    Flag,
    /// As a civil time.
    Time,
}

/// A resolved query key.
#[derive(Debug, Clone)]
pub struct Column {
    /// The key as asked for.
    pub key: String,
    /// Where it leads.
    pub place: Place,
    kind: Kind,
    aspect: Aspect,
    starts: &'static str,
}

impl Column {
    /// Resolves a key such as `FBillNo`, `FCustomerID.FNumber`, `FEntity_FEntryID`.
    pub fn resolve(layout: &Layout, key: &str) -> Result<Self, Problem> {
        let unknown = || Problem::unknown_field(key);
        let (field, dotted) = match key.split_once('.') {
            Some((field, dotted)) => (field, Some(dotted.to_ascii_lowercase())),
            None => (key, None),
        };
        let (place, kind) = layout.place(field).ok_or_else(unknown)?;
        let aspect = match (dotted.as_deref(), kind) {
            (_, Kind::Opaque) => return Err(unknown()),
            (None, Kind::Property(of)) => return Ok(Self { key: key.to_owned(), ..Self::resolve(layout, of)? }),
            (None, _) => Aspect::Plain,
            (Some("fnumber"), Kind::Base(_)) => Aspect::Number,
            (Some("fname"), Kind::Base(_)) => Aspect::Name,
            (Some(name), Kind::Base(kind)) => Aspect::Property(base_data::property(kind, name).ok_or_else(unknown)?),
            (Some("fcaption"), Kind::Choice(_)) => Aspect::Caption,
            _ => return Err(unknown()),
        };
        Ok(Self { key: key.to_owned(), place, kind, aspect, starts: layout.starts(place) })
    }

    /// The entity whose rows it joins.
    pub fn entity(&self) -> Option<usize> {
        match self.place {
            Place::Entry(entity, _) | Place::EntryId(entity) | Place::EntrySeq(entity) => Some(entity),
            Place::System(_) | Place::Head(_) => None,
        }
    }

    /// Whether it is FID.
    pub fn is_id(&self) -> bool {
        self.place == Place::System(System::Id)
    }

    /// How its values compare.
    pub fn compares_as(&self) -> Type {
        match (self.kind, self.aspect) {
            (Kind::Integer | Kind::Decimal, _) | (Kind::Base(_), Aspect::Plain) => Type::Number,
            (Kind::Flag, _) => Type::Flag,
            (Kind::Date | Kind::DateTime, _) => Type::Time,
            (Kind::Text | Kind::Choice(_) | Kind::Property(_) | Kind::Opaque | Kind::Base(_), _) => Type::Text,
        }
    }

    /// The value of a line.
    pub fn see<'a>(&self, line: &Line<'a>, base: &'a BaseData) -> Seen<'a> {
        let row = |entity: usize| line.rows.get(entity).copied().flatten();
        match self.place {
            Place::System(system) => self.see_system(system, line.bill, base),
            Place::Head(at) => self.see_cell(line.bill.head.get(at), base),
            Place::Entry(entity, at) => {
                row(entity).map_or(Seen::Null, |(_, row)| self.see_cell(row.cells.get(at), base))
            }
            Place::EntryId(entity) => row(entity).map_or(Seen::Null, |(_, row)| whole(row.id)),
            Place::EntrySeq(entity) => row(entity).map_or(Seen::Null, |(at, _)| whole(at as u64 + 1)),
        }
    }

    fn see_system<'a>(&self, system: System, bill: &'a Bill, base: &'a BaseData) -> Seen<'a> {
        let user = |mark: Option<Mark>| self.see_base(mark.map(|mark| mark.by), base);
        let time = |mark: Option<Mark>| mark.map_or(Seen::Null, |mark| Seen::Time(mark.at));
        match system {
            System::Id => whole(bill.id),
            System::Number => Seen::Text(&bill.number),
            System::Status => self.see_code(bill.status.letter()),
            System::CancelStatus => self.see_code(if bill.cancelled.is_some() { "B" } else { "A" }),
            System::Creator => user(Some(bill.created)),
            System::Created => time(Some(bill.created)),
            System::Modifier => user(Some(bill.modified)),
            System::Modified => time(Some(bill.modified)),
            System::Approver => user(bill.approved),
            System::Approved => time(bill.approved),
            System::Canceller => user(bill.cancelled),
            System::Cancelled => time(bill.cancelled),
        }
    }

    /// Absent values as real servers show them: what the field starts with, else one blank for text, 0 for numbers and bare base data, null for
    /// times and base data's properties.
    fn see_cell<'a>(&self, cell: Option<&'a Cell>, base: &'a BaseData) -> Seen<'a> {
        match (cell, self.kind) {
            (Some(Cell::Text(text)), _) => self.see_code(text),
            (Some(Cell::Decimal(text)), _) => Seen::Decimal(text),
            (Some(Cell::Whole(number)), _) => Seen::Whole(*number),
            (Some(Cell::Flag(flag)), _) => Seen::Flag(*flag),
            (Some(Cell::Time(civil)), _) => Seen::Time(*civil),
            (Some(Cell::Base(id)), _) => self.see_base(Some(*id), base),
            (None, Kind::Text | Kind::Choice(_)) if !self.starts.is_empty() => self.see_code(self.starts),
            (None, Kind::Decimal) if !self.starts.is_empty() => Seen::Decimal(self.starts),
            (None, Kind::Text | Kind::Choice(_)) => Seen::Text(" "),
            (None, Kind::Decimal) => Seen::Decimal("0"),
            (None, Kind::Integer) => Seen::Whole(0),
            (None, Kind::Flag) => Seen::Flag(false),
            (None, Kind::Base(_)) => self.see_base(None, base),
            (None, Kind::Date | Kind::DateTime | Kind::Property(_) | Kind::Opaque) => Seen::Null,
        }
    }

    fn see_code<'a>(&self, code: &'a str) -> Seen<'a> {
        match self.kind {
            Kind::Choice(captions) if self.aspect == Aspect::Caption => captions
                .iter()
                .find(|(letter, _)| *letter == code)
                .map_or(Seen::Text(" "), |(_, text)| Seen::Text(text)),
            _ => Seen::Text(code),
        }
    }

    fn see_base<'a>(&self, id: Option<u32>, base: &'a BaseData) -> Seen<'a> {
        let text = match self.aspect {
            Aspect::Number => id.and_then(|id| base.number(id)),
            Aspect::Name => id.and_then(|id| base.name(id)),
            Aspect::Property(property) => id.and_then(|id| base.property(id, property)),
            Aspect::Plain | Aspect::Caption => return Seen::Whole(id.map_or(0, i64::from)),
        };
        text.map_or(Seen::Null, Seen::Text)
    }
}

fn whole<'a>(number: u64) -> Seen<'a> {
    Seen::Whole(i64::try_from(number).unwrap_or(i64::MAX))
}
