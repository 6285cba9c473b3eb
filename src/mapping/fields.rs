//! The fields a document is known to have, and the check of queries against them: a path that names a field not
//! read would be silently empty for every document.

use std::collections::BTreeMap;

use super::suggest::suggest;
use crate::query::{Query, Root, Slip, Step};

/// A tree of known fields.
#[derive(Debug, Clone, Default)]
pub struct Fields {
    children: BTreeMap<String, Fields>,
    elements: Option<Box<Fields>>,
    /// Anything may stand here and below.
    open: bool,
}

/// Where nothing is known.
static ANYTHING: Fields = Fields { children: BTreeMap::new(), elements: None, open: true };

/// A part of a query that finds nothing in any document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct UnknownField {
    /// The part, as it stands in the query.
    pub part: String,
    pub message: String,
}

impl Fields {
    /// From dotted names: `io_id`, `items[].sku_id` (fields of a list's elements), `pics[]` (a list of values),
    /// `raw.*` (anything may stand below).
    pub fn from_names<T: AsRef<str>>(names: impl IntoIterator<Item = T>) -> Self {
        let mut root = Self::default();
        for name in names {
            root.add(name.as_ref());
        }
        root
    }

    /// From the columns of a table: names as they are, whatever characters they hold.
    pub fn of_columns<T: Into<String>>(columns: impl IntoIterator<Item = T>) -> Self {
        let children = columns.into_iter().map(|column| (column.into(), Self::default())).collect();
        Self { children, ..Self::default() }
    }

    /// Adds one dotted name, as [`Fields::from_names`] reads it.
    fn add(&mut self, name: &str) {
        let mut at = self;
        for segment in name.split('.') {
            if segment == "*" {
                at.open = true;
                return;
            }
            let field = segment.trim_end_matches("[]");
            at = at.children.entry(field.to_owned()).or_default();
            for _ in 0..(segment.len() - field.len()) / 2 {
                at = at.elements.get_or_insert_default();
            }
        }
    }

    /// The fields of the input of a target's `when`: `{ kind, before, after, changed, receipt }`, where `self` are
    /// the document's (interface.md section 4, "Conditions").
    pub fn of_condition(&self) -> Self {
        let mut input =
            Self::from_names(["kind", "changed[].path", "changed[].op", "changed[].from.*", "changed[].to.*"]);
        for side in ["before", "after"] {
            input.children.insert(side.to_owned(), self.clone());
        }
        input.children.insert("receipt".to_owned(), Self::of_receipt());
        input
    }

    /// The names directly here.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.children.keys().map(String::as_str)
    }

    /// The fields of `$receipt`.
    fn of_receipt() -> Self {
        Self::from_names(["id", "number", "lines.*"])
    }

    /// Checks a query against these fields of the document. `each` are the queries of the `$each` it stands in,
    /// outermost first; none for `key`, `number`, `time` and conditions.
    ///
    /// # Errors
    /// The offset, in characters of the query's text, of the part that finds nothing, and the nearest known name.
    pub fn check_query(&self, query: &Query, each: &[&Query]) -> Result<(), Slip> {
        self.reach(query, each).map(|_| ()).map_err(|unknown| {
            let before = query.text().split(&unknown.part).next().unwrap_or_default();
            Slip { offset: before.chars().count(), message: unknown.message }
        })
    }

    /// What a query reaches.
    pub(super) fn reach(&self, query: &Query, each: &[&Query]) -> Result<Vec<&Self>, UnknownField> {
        let receipt = Self::of_receipt();
        let begin = match query.root() {
            Root::Document => vec![self],
            Root::Receipt => return follow(vec![&receipt], query).map(|_| vec![&ANYTHING]),
            Root::Element(1) if each.is_empty() => vec![self],
            Root::Element(out) => {
                let Some(outer) = each.len().checked_sub(out) else {
                    let part = "@".repeat(out);
                    let message = match each.len() {
                        0 => format!("`{part}` stands in no `$each`: the document is `$`"),
                        depth => format!("`{part}` stands in {depth} `$each`, not in {out}: the document is `$`"),
                    };
                    return Err(UnknownField { part, message });
                };
                let (outer, inner) = each.split_at(outer);
                inner.first().map_or_else(|| vec![&ANYTHING], |list| self.elements_of(list, outer))
            }
        };
        follow(begin, query)
    }

    /// The elements an `$each` runs over; anything where its own query is at fault, which is told elsewhere.
    fn elements_of(&self, list: &Query, outer: &[&Query]) -> Vec<&Self> {
        let Ok(found) = self.reach(list, outer) else { return vec![&ANYTHING] };
        if !list.is_singular() {
            return found;
        }
        found.into_iter().flat_map(Self::any_child).collect()
    }

    /// What `*` or an index reaches. A field that nothing more is known of may hold anything.
    fn any_child(&self) -> Vec<&Self> {
        match &self.elements {
            _ if self.open => vec![self],
            Some(elements) => vec![elements],
            None if self.children.is_empty() => vec![&ANYTHING],
            None => self.children.values().collect(),
        }
    }

    /// The field of this name.
    pub(super) fn child(&self, name: &str) -> Option<&Self> {
        self.children.get(name).or(self.open.then_some(self))
    }

    /// Itself and all below.
    fn descendants(&self) -> Vec<&Self> {
        let below = self.children.values().chain(self.elements.as_deref());
        std::iter::once(self).chain(below.flat_map(Self::descendants)).collect()
    }
}

/// Follows the steps of a query. No step may lead nowhere.
fn follow<'f>(begin: Vec<&'f Fields>, query: &Query) -> Result<Vec<&'f Fields>, UnknownField> {
    let mut at = begin;
    for step in query.steps() {
        at = match &step {
            Step::Descendant => at.into_iter().flat_map(Fields::descendants).collect(),
            Step::Wildcard | Step::Index(_) => at.into_iter().flat_map(Fields::any_child).collect(),
            Step::Name(name) => {
                let found: Vec<_> = at.iter().filter_map(|fields| fields.child(name)).collect();
                if found.is_empty() {
                    return Err(unknown(name, &at, query));
                }
                found
            }
        };
    }
    Ok(at)
}

fn unknown(name: &str, at: &[&Fields], query: &Query) -> UnknownField {
    let part = name.to_owned();
    let in_elements = |fields: &&&Fields| fields.elements.as_ref().is_some_and(|list| list.child(name).is_some());
    if at.iter().any(|fields| in_elements(&fields)) {
        let message = format!("`{name}` is a field of a list's elements: write `[*]` before it in `{}`", query.text());
        return UnknownField { part, message };
    }
    let known: Vec<&str> = at.iter().flat_map(|fields| fields.names()).collect();
    if known.is_empty() {
        let message = format!("unknown field `{name}`: there are no fields here, in `{}`", query.text());
        return UnknownField { part, message };
    }
    UnknownField { part, message: format!("unknown field `{name}`: {}", suggest(name, "known are", known)) }
}
