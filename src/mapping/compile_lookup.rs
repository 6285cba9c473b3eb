//! `{ $lookup: SOURCE, by: { FIELD: VALUE }, take: PATH, miss: …, many: first, for: 24h }`.

use std::time::Duration;

use super::compile::Compiler;
use super::lookup::{By, Lookup, OnMiss, Source, Take};
use super::placed::Placed;
use crate::clock::read_duration;
use crate::fault::Fault;
use crate::name::is_name;
use crate::query::{Pipe, Query, Root, Slip, Step};
use crate::scheme::tree::{Name, Node, Value};

/// Compiles a `$lookup`.
pub(super) fn lookup(compiler: &mut Compiler<'_>, node: &Node, entries: &[(Name, Node)]) -> Option<Lookup> {
    compiler.only(entries, "`$lookup`", &["by", "take", "miss", "many", "for", "$when"]);
    let source_node = node.get("$lookup")?;
    let source = source(source_node, compiler.faults);
    let first = many(node, compiler.faults);
    let miss = miss(node, compiler.faults);
    let (by, take) = (required(node, "by", compiler.faults), required(node, "take", compiler.faults));
    let by = by.and_then(|by| fields(compiler, by, source.as_ref()));
    let (source, take_node) = (source?, take?);
    let take = take_of(take_node, &source, compiler.faults);
    Some(Lookup {
        source,
        by: by?,
        take: take?,
        miss: miss?,
        first: first?,
        at: source_node.at.clone(),
        take_text: take_node.text()?.to_owned(),
        take_at: take_node.at.clone(),
    })
}

fn required<'n>(node: &'n Node, key: &str, faults: &mut Vec<Fault>) -> Option<&'n Node> {
    let value = node.get(key);
    if value.is_none() {
        let message = format!("`$lookup` needs `{key}`: {{ $lookup: NAME, by: {{ FIELD: VALUE }}, take: PATH }}");
        faults.push(Fault::new(node.at.clone(), message));
    }
    value
}

fn source(node: &Node, faults: &mut Vec<Fault>) -> Option<Source> {
    let source = node.text().filter(|text| is_name(text)).and_then(Source::read);
    if source.is_none() {
        let message = "`$lookup` names a table (`table.NAME`) or a scheme (its id)";
        faults.push(Fault::new(node.at.clone(), message));
    }
    source
}

fn many(node: &Node, faults: &mut Vec<Fault>) -> Option<bool> {
    match node.get("many") {
        None => Some(false),
        Some(value) if value.text() == Some("first") => Some(true),
        Some(value) => {
            faults.push(Fault::new(value.at.clone(), "`many` allows `first`; left out, several hits reject"));
            None
        }
    }
}

fn miss(node: &Node, faults: &mut Vec<Fault>) -> Option<OnMiss> {
    let limit = node.get("for").map(|value| (value, duration(value, faults)));
    let at_most = limit.and_then(|(_, duration)| duration);
    let miss = match node.get("miss").map(|value| (value, &value.value)) {
        None => OnMiss::Reject,
        Some((_, Value::Null)) => OnMiss::Null,
        Some((value, _)) => match value.text() {
            Some("reject") => OnMiss::Reject,
            Some("wait") => OnMiss::Wait(at_most),
            Some("null") => OnMiss::Null,
            _ => {
                let message = "`miss` allows `reject` (left out: this), `wait`, `null`";
                faults.push(Fault::new(value.at.clone(), message));
                return None;
            }
        },
    };
    if let Some((value, _)) = limit
        && !matches!(miss, OnMiss::Wait(_))
    {
        faults.push(Fault::new(value.at.clone(), "`for` stands beside `miss: wait` and nowhere else"));
    }
    Some(miss)
}

fn duration(node: &Node, faults: &mut Vec<Fault>) -> Option<Duration> {
    let duration = node.text().and_then(read_duration);
    if duration.is_none() {
        faults.push(Fault::new(node.at.clone(), "`for` is a duration like `30m` or `24h`"));
    }
    duration
}

/// The entries of `by`; without a source, whose fault is told, their values alone are looked at.
fn fields(compiler: &mut Compiler<'_>, node: &Node, source: Option<&Source>) -> Option<Vec<By>> {
    let Some(entries) = node.map().filter(|entries| !entries.is_empty()) else {
        let message = "`by` names what must be equal: { FIELD: VALUE }";
        compiler.faults.push(Fault::new(node.at.clone(), message));
        return None;
    };
    let fields: Vec<_> = entries
        .iter()
        .map(|(name, value)| {
            let field = source.map(|source| field(&name.text, source)).transpose();
            if let Err(slip) = &field {
                compiler.faults.push(Fault::new(name.at.clone(), slip.message.clone()));
            }
            let value = compiler.plan(value);
            let (field, path) = field.ok()??;
            Some(By { field, path, at: name.at.clone(), value: value? })
        })
        .collect();
    fields.into_iter().collect()
}

/// A key of `by`: a column, or a path in the looked-up snapshot.
fn field(text: &str, source: &Source) -> Result<(String, Option<Query>), Slip> {
    match source {
        Source::Table(_) => Ok((column(text)?, None)),
        Source::Scheme(_) => {
            let query = Query::parse(text).map_err(|slip| in_by(text, &slip.message))?;
            if query.root() != Root::Document || !query.is_singular() || query.steps().is_empty() {
                return Err(in_by(text, "it is no path to one value of the looked-up document"));
            }
            Ok((text.to_owned(), Some(query)))
        }
    }
}

fn in_by(text: &str, why: &str) -> Slip {
    Slip { offset: 0, message: format!("`{text}` in `by`: {why}; it is written `$.FIELD`") }
}

/// A column of a table: its name, or `$.name`.
fn column(text: &str) -> Result<String, Slip> {
    if !text.starts_with('$') {
        return Ok(text.trim().to_owned());
    }
    let query = Query::parse(text)?;
    match (query.root(), query.steps().as_slice()) {
        (Root::Document, [Step::Name(name)]) => Ok(name.clone()),
        _ => Err(Slip { offset: 0, message: format!("`{text}` is no column of a table: write its name") }),
    }
}

fn take_of(node: &Node, source: &Source, faults: &mut Vec<Fault>) -> Option<Take> {
    let parse = |text: &str| match source {
        Source::Table(_) => column(text).map(Take::Column),
        Source::Scheme(_) => {
            let pipe = Pipe::parse(text)?;
            if pipe.queries().iter().any(|query| query.root() != Root::Document) {
                let message = "`take` reads the looked-up document, which is `$`".to_owned();
                return Err(Slip { offset: 0, message });
            }
            Ok(Take::Path(pipe))
        }
    };
    Placed::parse(node, parse, "a path", faults).map(|placed| placed.expression)
}
