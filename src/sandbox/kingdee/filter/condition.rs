//! A parsed filter: three-valued logic over a line, as SQL has it.

use std::cmp::Ordering;
use std::collections::HashSet;

use crate::clock::Civil;
use crate::decimal::Decimal;

use super::super::base_data::BaseData;
use super::super::bill::System;
use super::super::column::{Column, Line};
use super::super::layout::Place;
use super::super::value::Seen;

/// A comparison's operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// `=`.
    Equal,
    /// `<>`, `!=`.
    Unequal,
    /// `>`.
    Greater,
    /// `>=`.
    AtLeast,
    /// `<`.
    Less,
    /// `<=`.
    AtMost,
}

impl Operator {
    /// Whether it holds for an order of its sides.
    pub fn holds(self, order: Ordering) -> bool {
        match self {
            Self::Equal => order.is_eq(),
            Self::Unequal => order.is_ne(),
            Self::Greater => order.is_gt(),
            Self::AtLeast => order.is_ge(),
            Self::Less => order.is_lt(),
            Self::AtMost => order.is_le(),
        }
    }
}

/// A literal, typed after the column it is compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Literal {
    /// Text.
    Text(String),
    /// A whole number.
    Whole(i64),
    /// Any other number, in plain notation.
    Decimal(String),
    /// A check box.
    Flag(bool),
    /// A civil time.
    Time(Civil),
}

impl Literal {
    fn seen(&self) -> Seen<'_> {
        match self {
            Self::Text(text) => Seen::Text(text),
            Self::Whole(number) => Seen::Whole(*number),
            Self::Decimal(text) => Seen::Decimal(text),
            Self::Flag(flag) => Seen::Flag(*flag),
            Self::Time(civil) => Seen::Time(*civil),
        }
    }

    /// A number of either notation.
    pub fn number(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Ok(whole) = text.parse() {
            return Some(Self::Whole(whole));
        }
        Decimal::parse(text).map(|number| Self::Decimal(number.to_string()))
    }
}

/// A condition.
#[derive(Debug, Clone)]
pub enum Condition {
    /// Constant.
    Always(bool),
    /// All of them.
    All(Vec<Condition>),
    /// Any of them.
    Any(Vec<Condition>),
    /// Not this.
    Not(Box<Condition>),
    /// A column with a literal.
    Compare(Column, Operator, Literal),
    /// Two columns.
    CompareColumns(Column, Operator, Column),
    /// A column is one of the literals, which are in order; see [`Condition::is_in`].
    In(Column, Vec<Literal>),
    /// A column is like a pattern of `%` and `_`.
    Like(Column, Vec<char>),
    /// A column is null.
    IsNull(Column),
}

/// FIDs and numbers beside which no bill can meet a condition.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Pin {
    /// FIDs.
    pub ids: Vec<u64>,
    /// FBillNos.
    pub numbers: Vec<String>,
}

impl Condition {
    /// A column is one of the literals: thousands of FIDs are common, so they are brought into order once.
    pub fn is_in(column: Column, mut literals: Vec<Literal>) -> Self {
        literals.sort_by(|a, b| a.seen().order(b.seen()));
        Self::In(column, literals)
    }

    /// Whether it holds for a line; `None` is SQL's unknown.
    pub fn holds(&self, line: &Line<'_>, base: &BaseData) -> Option<bool> {
        match self {
            Self::Always(holds) => Some(*holds),
            Self::All(parts) => quantified(parts.iter().map(|part| part.holds(line, base)), false),
            Self::Any(parts) => quantified(parts.iter().map(|part| part.holds(line, base)), true),
            Self::Not(inner) => inner.holds(line, base).map(|holds| !holds),
            Self::Compare(column, operator, literal) => {
                column.see(line, base).compare(literal.seen()).map(|order| operator.holds(order))
            }
            Self::CompareColumns(a, operator, b) => {
                a.see(line, base).compare(b.see(line, base)).map(|order| operator.holds(order))
            }
            Self::In(column, literals) => {
                let seen = column.see(line, base);
                let found = literals.binary_search_by(|one| one.seen().order(seen)).is_ok();
                (!matches!(seen, Seen::Null)).then_some(found)
            }
            Self::Like(column, pattern) => match column.see(line, base) {
                Seen::Text(text) => Some(is_like(&text.chars().collect::<Vec<_>>(), pattern)),
                _ => None,
            },
            Self::IsNull(column) => Some(matches!(column.see(line, base), Seen::Null)),
        }
    }

    /// Adds the entities it joins.
    pub fn entities(&self, found: &mut HashSet<usize>) {
        match self {
            Self::Always(_) => {}
            Self::All(parts) | Self::Any(parts) => parts.iter().for_each(|part| part.entities(found)),
            Self::Not(inner) => inner.entities(found),
            Self::Compare(column, ..) | Self::In(column, _) | Self::Like(column, _) | Self::IsNull(column) => {
                found.extend(column.entity());
            }
            Self::CompareColumns(a, _, b) => found.extend(a.entity().into_iter().chain(b.entity())),
        }
    }

    /// The lowest FID that a bill which meets it can have.
    pub fn first_id(&self) -> u64 {
        match self {
            Self::Compare(column, operator, Literal::Whole(id)) if column.is_id() => {
                let id = u64::try_from(*id).unwrap_or(0);
                match operator {
                    Operator::Greater => id.saturating_add(1),
                    Operator::Equal | Operator::AtLeast => id,
                    Operator::Unequal | Operator::Less | Operator::AtMost => 0,
                }
            }
            Self::All(parts) => parts.iter().map(Self::first_id).max().unwrap_or(0),
            Self::Any(parts) => parts.iter().map(Self::first_id).min().unwrap_or(0),
            _ => 0,
        }
    }

    /// The bills it is limited to by FID or FBillNo, so that they need not be searched for.
    pub fn pin(&self) -> Option<Pin> {
        match self {
            Self::Compare(column, Operator::Equal, literal) => pinned(column, std::slice::from_ref(literal)),
            Self::In(column, literals) => pinned(column, literals),
            Self::All(parts) => parts.iter().find_map(Self::pin),
            Self::Any(parts) => parts.iter().try_fold(Pin::default(), |mut all, part| {
                let pin = part.pin()?;
                all.ids.extend(pin.ids);
                all.numbers.extend(pin.numbers);
                Some(all)
            }),
            _ => None,
        }
    }
}

fn pinned(column: &Column, literals: &[Literal]) -> Option<Pin> {
    let mut pin = Pin::default();
    for literal in literals {
        match (column.place, literal) {
            (Place::System(System::Id), Literal::Whole(id)) => pin.ids.extend(u64::try_from(*id)),
            (Place::System(System::Number), Literal::Text(number)) => {
                pin.numbers.push(number.trim_end_matches(' ').to_owned());
            }
            _ => return None,
        }
    }
    Some(pin)
}

/// SQL's `and` (decided by a false) and `or` (decided by a true).
fn quantified(parts: impl Iterator<Item = Option<bool>>, decisive: bool) -> Option<bool> {
    let mut result = Some(!decisive);
    for part in parts {
        match part {
            Some(holds) if holds == decisive => return Some(decisive),
            Some(_) => {}
            None => result = None,
        }
    }
    result
}

/// SQL's `like`, without sets: goes back only to the last `%`.
fn is_like(text: &[char], pattern: &[char]) -> bool {
    let (mut at, mut wanted) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while at < text.len() {
        match pattern.get(wanted) {
            Some('%') => {
                retry = Some((at, wanted));
                wanted += 1;
            }
            Some(&c) if c == '_' || Some(&c) == text.get(at) => {
                at += 1;
                wanted += 1;
            }
            _ => {
                let Some((from, star)) = retry else { return false };
                retry = Some((from + 1, star));
                at = from + 1;
                wanted = star + 1;
            }
        }
    }
    pattern.iter().skip(wanted).all(|c| *c == '%')
}
