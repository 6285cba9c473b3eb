//! Pipes: a query and the filters its value goes through.

use std::borrow::Cow;

use serde_json::Value;

use super::filter::Filter;
use super::lower::quoted_length;
use super::{EvalFault, Found, Query, Scope, Slip};

/// `query ('|' filter)*`, parsed once, at load.
#[derive(Debug, Clone)]
pub struct Pipe {
    text: String,
    query: Query,
    filters: Vec<Filter>,
}

/// What a pipe or template gives.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// A value.
    Value(Value),
    /// The key is left out, by `optional`.
    Omit,
}

impl Pipe {
    /// Reads a pipe.
    pub fn parse(text: &str) -> Result<Self, Slip> {
        Self::nested(text, 0)
    }

    /// Reads a pipe that stands in so many others.
    pub(super) fn nested(text: &str, depth: usize) -> Result<Self, Slip> {
        let scan = scan(text, '\0')?;
        let mut parts = parts(text, &scan.bars);
        let (at, head) = parts.next().unwrap_or((0, ""));
        let query = Query::within_pipes(head, depth).map_err(|slip| slip.within(text, at))?;
        let filters = parts
            .map(|(at, filter)| Filter::parse(filter, depth).map_err(|slip| slip.within(text, at)))
            .collect::<Result<_, _>>()?;
        Ok(Self { text: text.to_owned(), query, filters })
    }

    /// Its text, as written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The query it begins with.
    pub fn head(&self) -> &Query {
        &self.query
    }

    /// Whether it ends by saying what stands in place of null or no result: `default` or `optional`.
    pub fn ends_with_fallback(&self) -> bool {
        matches!(self.filters.last(), Some(Filter::Default(_) | Filter::Optional))
    }

    /// Everything it reads, arguments and filters of queries too.
    pub fn queries(&self) -> Vec<&Query> {
        self.reads().into_iter().map(|(query, _)| query).collect()
    }

    /// The same, each with whether what it finds may go into the pipe's value with everything in it.
    pub fn reads(&self) -> Vec<(&Query, bool)> {
        let mut reads = reads_of(&self.query, goes_on(&self.query, &self.filters));
        for (index, filter) in self.filters.iter().enumerate() {
            let behind = self.filters.get(index + 1..).unwrap_or_default();
            reads.extend(
                filter
                    .queries()
                    .into_iter()
                    .flat_map(|query| reads_of(query, filter.gives_arguments() && goes_on(query, behind))),
            );
        }
        reads
    }

    /// Its value. A singular query without result is a fault unless `default` or `optional` catches it.
    pub fn evaluate(&self, scope: &Scope<'_>) -> Result<Outcome, EvalFault> {
        let mut value = match self.query.try_find(scope)? {
            Found::Nothing => None,
            Found::One(value) => Some(Cow::Borrowed(value)),
            Found::Many(values) => Some(Cow::Owned(values.into_iter().cloned().collect())),
        };
        for filter in &self.filters {
            let nothing = value.as_deref().is_none_or(Value::is_null);
            value = match filter {
                Filter::Optional if nothing => return Ok(Outcome::Omit),
                Filter::Default(argument) if nothing => argument.value(scope)?.or(value),
                Filter::Optional | Filter::Default(_) => value,
                filter => match value {
                    Some(present) if !nothing => filter.apply(present, scope).map_err(|message| self.fault(message))?,
                    nothing => nothing,
                },
            };
        }
        match value {
            Some(value) => Ok(Outcome::Value(value.into_owned())),
            None => Err(EvalFault {
                query: self.query.text().to_owned(),
                message: "finds nothing; where it may be absent, add `| optional` or `| default(…)`".to_owned(),
            }),
        }
    }

    fn fault(&self, message: String) -> EvalFault {
        EvalFault { query: self.text.clone(), message }
    }
}

/// A query, and what its filters read, which only decides.
fn reads_of(query: &Query, whole: bool) -> Vec<(&Query, bool)> {
    query.queries().into_iter().enumerate().map(|(index, query)| (query, whole && index == 0)).collect()
}

/// Whether something of what lies in a list or object that a query finds comes through filters: where all pass it on,
/// or where one takes elements of the one value found. What takes several values found takes nothing from below them.
fn goes_on(query: &Query, filters: &[Filter]) -> bool {
    match filters.iter().find(|filter| !filter.passes()) {
        None => true,
        Some(Filter::Count) => false,
        Some(_) => query.is_singular(),
    }
}

/// Where a text's separators stand, outside of quotes and brackets.
#[derive(Debug)]
pub(super) struct Scan {
    /// Its end: the closing character searched for, or the end of the text.
    pub end: usize,
    /// `|`, doubled ones not counted.
    pub bars: Vec<usize>,
    /// `,`.
    pub commas: Vec<usize>,
    /// `:`.
    pub colons: Vec<usize>,
}

/// Searches the closing character `close` outside of quotes and brackets, and the separators before it.
pub(super) fn scan(text: &str, close: char) -> Result<Scan, Slip> {
    let mut found = Scan { end: text.len(), bars: Vec::new(), commas: Vec::new(), colons: Vec::new() };
    let mut depth = 0usize;
    let mut at = 0;
    while let Some(c) = text.get(at..).and_then(|rest| rest.chars().next()) {
        let rest = text.get(at..).unwrap_or("");
        let mut length = c.len_utf8();
        match c {
            '\'' | '"' => {
                length =
                    quoted_length(rest).ok_or_else(|| Slip::at(text, at, format!("the quote {c} is not closed")))?;
            }
            _ if depth == 0 && c == close => {
                found.end = at;
                break;
            }
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            '|' if rest.starts_with("||") => length = 2,
            '|' if depth == 0 => found.bars.push(at),
            ',' if depth == 0 => found.commas.push(at),
            ':' if depth == 0 => found.colons.push(at),
            _ => {}
        }
        at += length;
    }
    Ok(found)
}

/// The parts of a text between separators of one byte, without blanks around them; each with its first byte.
pub(super) fn parts<'t>(text: &'t str, separators: &[usize]) -> impl Iterator<Item = (usize, &'t str)> {
    let begins = std::iter::once(0).chain(separators.iter().map(|at| at + 1));
    let ends = separators.iter().copied().chain(std::iter::once(text.len()));
    begins.zip(ends).map(|(begin, end)| {
        let part = text.get(begin..end).unwrap_or("");
        (begin + part.len() - part.trim_start().len(), part.trim())
    })
}
