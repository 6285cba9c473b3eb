//! Lines matched with rows by content, never by position (rules.md 12).

use std::collections::BTreeMap;

use serde_json::Value;

use super::content::alike;
use super::shape::{Leaf, Line};
use crate::connector::judging::Alike;

/// A row of an entity, as an answer or a query shows it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Row {
    /// `FEntryID`.
    pub id: Option<String>,
    /// Values by query key; a key that is missing was not told.
    pub cells: BTreeMap<String, Value>,
}

/// Which row each line is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Matched {
    /// Per line: place of its row.
    pub rows: Vec<Option<usize>>,
    /// Per line: whether no other row could be it just as well, lines of equal content apart.
    pub certain: Vec<bool>,
}

/// How strictly rows are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// By all fields told, each the same value.
    Exact,
    /// By all fields told, as far as the system keeps their values.
    All,
    /// Without the fields that the system computes anew.
    Given,
}

impl Row {
    /// Lines as they were sent, as rows to compare other lines with.
    pub fn of(lines: &[Line]) -> Vec<Self> {
        let cells = |line: &Line| line.leaves.iter().map(|leaf| (leaf.key.clone(), leaf.value.clone())).collect();
        lines.iter().map(|line| Self { id: line.id.clone(), cells: cells(line) }).collect()
    }
}

/// Matches lines with rows: first by an id that was sent, then by content.
pub fn matched(lines: &[Line], rows: &[Row], by: By) -> Matched {
    let mut matching = Matching::new(lines, rows, by);
    matching.by_id(lines, rows);
    matching.by_content(lines);
    matching.result
}

/// Whether the rows are exactly these lines, in any order.
pub fn same(lines: &[Line], rows: &[Row], by: By) -> bool {
    lines.len() == rows.len() && {
        let mut matching = Matching::new(lines, rows, by);
        matching.by_content(lines);
        matching.result.rows.iter().all(Option::is_some)
    }
}

struct Matching {
    /// Per line: the rows that fit it.
    fits: Vec<Vec<usize>>,
    taken: Vec<bool>,
    result: Matched,
}

impl Matching {
    fn new(lines: &[Line], rows: &[Row], by: By) -> Self {
        Self {
            fits: lines.iter().map(|line| fitting(line, rows, by)).collect(),
            taken: vec![false; rows.len()],
            result: Matched { rows: vec![None; lines.len()], certain: vec![false; lines.len()] },
        }
    }

    fn by_id(&mut self, lines: &[Line], rows: &[Row]) {
        for (line, sent) in lines.iter().enumerate().filter(|(_, sent)| sent.id.is_some()) {
            if let Some(row) = rows.iter().position(|row| row.id == sent.id) {
                self.take(line, row, true);
            }
        }
    }

    /// Takes what has only one row left, then what is interchangeable, and where neither is left, any row that fits:
    /// good for comparing, but not certain, and nothing that follows is.
    fn by_content(&mut self, lines: &[Line]) {
        let mut certain = true;
        loop {
            let open: Vec<(usize, Vec<usize>)> = self.open();
            let forced: Vec<(usize, usize)> = open
                .iter()
                .filter_map(|(line, free)| <[usize; 1]>::try_from(free.as_slice()).ok().map(|[row]| (*line, row)))
                .collect();
            for (line, row) in &forced {
                let mut rivals = forced.iter().filter(|(_, other)| other == row);
                let alone = rivals.all(|(rival, _)| equal(lines, *line, *rival));
                if self.taken.get(*row) == Some(&false) {
                    self.take(*line, *row, certain && alone);
                }
            }
            if !forced.is_empty() {
                continue;
            }
            let Some((first, free)) = open.first() else { return };
            let group: Vec<usize> = open.iter().filter(|(_, other)| other == free).map(|(line, _)| *line).collect();
            certain &= group.len() == free.len() && group.iter().all(|line| equal(lines, *first, *line));
            for (line, row) in group.iter().zip(free) {
                self.take(*line, *row, certain);
            }
        }
    }

    /// Lines without a row that have rows left to fit them.
    fn open(&self) -> Vec<(usize, Vec<usize>)> {
        let free = |rows: &[usize]| rows.iter().copied().filter(|row| self.taken.get(*row) == Some(&false)).collect();
        let lines = self.result.rows.iter().zip(&self.fits).enumerate();
        let open = lines.filter(|(_, (row, _))| row.is_none()).map(|(line, (_, fits))| (line, free(fits)));
        open.filter(|(_, rows): &(usize, Vec<usize>)| !rows.is_empty()).collect()
    }

    fn take(&mut self, line: usize, row: usize, certain: bool) {
        if let (Some(slot), Some(mark), Some(taken)) =
            (self.result.rows.get_mut(line), self.result.certain.get_mut(line), self.taken.get_mut(row))
        {
            *slot = Some(row);
            *mark = certain;
            *taken = true;
        }
    }
}

/// The rows that can be a line.
fn fitting(line: &Line, rows: &[Row], by: By) -> Vec<usize> {
    rows.iter().enumerate().filter(|(_, row)| fits(line, row, by)).map(|(at, _)| at).collect()
}

/// Whether a row can be a line: no field that was told differs.
fn fits(line: &Line, row: &Row, by: By) -> bool {
    let least = if by == By::Exact { Alike::Same } else { Alike::Near };
    let compared = line.leaves.iter().filter(|leaf| by != By::Given || !leaf.is_computed());
    let mut told = compared.filter_map(|leaf| Some((leaf, row.cells.get(&leaf.key)?)));
    told.all(|(leaf, shown)| alike(&leaf.value, shown) >= least)
}

/// Whether two lines are interchangeable.
fn equal(lines: &[Line], one: usize, other: usize) -> bool {
    let leaves = |at: usize| lines.get(at).map(|line: &Line| line.leaves.as_slice()).unwrap_or_default();
    let (one, other) = (leaves(one), leaves(other));
    one.len() == other.len()
        && one
            .iter()
            .zip(other)
            .all(|(a, b): (&Leaf, &Leaf)| a.key == b.key && alike(&a.value, &b.value) == Alike::Same)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::connector::kingdee::shape::Shape;

    fn lines(lines: Value) -> Vec<Line> {
        Shape::of(&json!({ "FEntity": lines }), &[]).lists.remove(0).lines
    }

    fn rows(rows: &[(&str, Value)]) -> Vec<Row> {
        let row = |(id, cells): &(&str, Value)| Row {
            id: Some((*id).to_owned()),
            cells: cells.as_object().cloned().unwrap_or_default().into_iter().collect(),
        };
        rows.iter().map(row).collect()
    }

    /// Ids of the rows that lines were certainly matched with.
    fn ids(lines: &[Line], rows: &[Row]) -> Vec<Option<String>> {
        let matched = matched(lines, rows, By::All);
        let pairs = matched.rows.iter().zip(&matched.certain);
        pairs.map(|(row, certain)| rows[(*row)?].id.clone().filter(|_| *certain)).collect()
    }

    #[test]
    fn rule_12_lines_are_matched_by_content_whatever_the_order_of_rows() {
        let lines = lines(json!([{ "M": "A", "Q": "2" }, { "M": "B", "Q": 1.50 }, { "M": "A", "Q": 3 }]));
        let rows = rows(&[
            ("10", json!({ "M": "A", "Q": 3.0 })),
            ("11", json!({ "M": "A", "Q": 2.0 })),
            ("12", json!({ "M": "B", "Q": 1.5 })),
        ]);
        assert_eq!(ids(&lines, &rows), [Some("11".into()), Some("12".into()), Some("10".into())]);
    }

    #[test]
    fn equal_lines_are_interchangeable() {
        let lines = lines(json!([{ "M": "A", "Q": 1 }, { "M": "A", "Q": "1.0" }]));
        let rows = rows(&[("10", json!({ "M": "A", "Q": 1.0 })), ("11", json!({ "M": "A", "Q": 1.0 }))]);
        assert_eq!(ids(&lines, &rows), [Some("10".into()), Some("11".into())]);
    }

    #[test]
    fn what_could_be_another_row_just_as_well_is_not_matched() {
        // `N` tells the lines apart and is not told of the rows.
        let two = lines(json!([{ "M": "A", "N": "x" }, { "M": "A", "N": "y" }]));
        let alike = rows(&[("10", json!({ "M": "A" })), ("11", json!({ "M": "A" }))]);
        assert_eq!(ids(&two, &alike), [None, None]);
        // More rows than lines.
        assert_eq!(ids(&lines(json!([{ "M": "A" }])), &alike), [None]);
        // One row for two lines.
        assert_eq!(ids(&two, &alike[..1]), [None, None]);
        // One that fits and one that does not: the other has none.
        let other = rows(&[("10", json!({ "M": "A" })), ("11", json!({ "M": "C" }))]);
        assert_eq!(ids(&lines(json!([{ "M": "A" }, { "M": "B" }])), &other), [Some("10".into()), None]);
        // Forced by elimination.
        let forced = rows(&[("10", json!({ "M": "A", "Q": 1 })), ("11", json!({ "M": "A", "Q": 2 }))]);
        let sent = lines(json!([{ "M": "A" }, { "M": "A", "Q": 1 }]));
        assert_eq!(ids(&sent, &forced), [Some("11".into()), Some("10".into())]);
    }

    #[test]
    fn an_id_that_was_sent_goes_before_content() {
        let lines = lines(json!([{ "FEntryID": 11, "Q": 5 }, { "FEntryID": 99, "Q": 6 }, { "Q": 7 }]));
        let rows = rows(&[("10", json!({ "Q": 7 })), ("11", json!({ "Q": 4 })), ("12", json!({ "Q": 6 }))]);
        assert_eq!(ids(&lines, &rows), [Some("11".into()), Some("12".into()), Some("10".into())]);
    }

    #[test]
    fn lists_are_the_same_as_multisets() {
        let sent = lines(json!([{ "M": "A", "FAllAmount": 9.99 }, { "M": "A", "FAllAmount": 9.99 }]));
        let shown = |amount: &str| {
            let amount: Value = serde_json::from_str(amount).unwrap_or_default();
            rows(&[("1", json!({ "M": "A", "FAllAmount": amount })), ("2", json!({ "M": "A", "FAllAmount": 9.99 }))])
        };
        assert!(same(&sent, &shown("9.990"), By::All));
        assert!(!same(&sent, &shown("10.0"), By::All) && same(&sent, &shown("10.0"), By::Given));
        assert!(!same(&sent, &shown("9.99")[..1], By::Given));
        assert!(same(&[], &[], By::All));
        let (two, more) = (lines(json!([{ "Q": 2 }])), lines(json!([{ "Q": 2.4 }])));
        assert!(same(&more, &Row::of(&two), By::All) && !same(&more, &Row::of(&two), By::Exact));
    }
}
