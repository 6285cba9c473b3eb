//! The evaluation of `$lookup`.

use std::time::Duration;

use serde_json::Value;

use super::evaluate::Evaluation;
use super::fault::{MapFault, MapFaultKind, Miss, Why};
use super::lookup::{Hit, Hits, Lookup, OnMiss, Take};
use super::text;
use crate::looked_up::Question;
use crate::query::Scope;

/// What look-ups did not find in a document, by what follows from it.
#[derive(Debug, Default)]
pub(super) struct Missed {
    reject: Vec<Miss>,
    wait: Vec<Miss>,
    not_ready: Vec<Miss>,
    at_most: Option<Duration>,
}

impl Missed {
    fn count(&self) -> usize {
        self.reject.len() + self.wait.len() + self.not_ready.len()
    }

    /// The fault of the document: what rejects goes before what waits.
    pub fn into_fault(self) -> Option<MapFault> {
        let kind = if !self.reject.is_empty() {
            MapFaultKind::Missing(self.reject)
        } else if !self.wait.is_empty() {
            MapFaultKind::Waiting { misses: self.wait, at_most: self.at_most }
        } else {
            MapFaultKind::NotReady(self.not_ready)
        };
        let (first, rest) = kind.misses().split_first()?;
        let more = if rest.is_empty() { String::new() } else { format!(" (and {} more)", rest.len()) };
        Some(MapFault { path: first.path.clone(), message: format!("{first}{more}"), kind })
    }
}

impl<'a> Evaluation<'a> {
    /// What a look-up gives. A miss that rejects or waits is noted and the value left out for now.
    pub fn look_up(&mut self, lookup: &'a Lookup, elements: &[&Value]) -> Result<Option<Value>, MapFault> {
        let missed = self.missed.count();
        let mut by = Vec::with_capacity(lookup.by.len());
        for entry in &lookup.by {
            let value = self.plan(&entry.value, elements)?.unwrap_or(Value::Null);
            let Some(code) = text::plain(&value) else {
                let (field, kind) = (&entry.field, text::kind(&value));
                return Err(self.fault(format!("`by` `{field}` is asked for {kind}, it needs a text or a number")));
            };
            by.push((entry.field.clone(), code.trim().to_owned()));
        }
        if self.missed.count() > missed {
            return Ok(None); // A look-up within `by` missed: that is told, what would follow from it is not.
        }
        if by.iter().any(|(_, code)| code.is_empty()) {
            return Ok(self.miss(lookup, by, Why::BlankKey));
        }
        let hit = match self.lookups.find(&lookup.source, &by).map_err(|message| self.fault(message))? {
            Hits::One(hit) => hit,
            Hits::Several { first, .. } if lookup.first => first,
            Hits::Several { count, .. } => return Ok(self.miss(lookup, by, Why::Several { count })),
            Hits::Nothing => return Ok(self.miss(lookup, by, Why::Absent)),
            Hits::Deleted => return Ok(self.miss(lookup, by, Why::Deleted)),
            Hits::NotReady => return Ok(self.miss(lookup, by, Why::NotReady)),
        };
        self.take(lookup, by, &hit)
    }

    fn take(&mut self, lookup: &Lookup, by: Vec<(String, String)>, hit: &Hit) -> Result<Option<Value>, MapFault> {
        let value = match &lookup.take {
            Take::Column(column) => match hit.document.get(column) {
                Some(cell) if is_blank(cell) => return Ok(self.miss(lookup, by, blank_value(lookup, hit))),
                Some(cell) => Some(cell.clone()),
                None => return Err(self.fault(format!("`{}` has no column `{column}`", lookup.source))),
            },
            Take::Path(pipe) => {
                let scope = Scope { document: &hit.document, elements: &[], receipt: None };
                let value = self.outcome(pipe.evaluate(&scope))?;
                if value.as_ref().is_some_and(is_blank) && !pipe.ends_with_fallback() {
                    return Ok(self.miss(lookup, by, blank_value(lookup, hit)));
                }
                value
            }
        };
        self.note(lookup, by, value.clone().unwrap_or(Value::Null));
        Ok(value)
    }

    /// Follows `miss`: null, or noted for the fault of the whole document.
    fn miss(&mut self, lookup: &Lookup, codes: Vec<(String, String)>, why: Why) -> Option<Value> {
        let (not_ready, several) = (why == Why::NotReady, matches!(why, Why::Several { .. }));
        if lookup.miss == OnMiss::Null && !not_ready && !several {
            self.note(lookup, codes, Value::Null);
            return Some(Value::Null);
        }
        let miss = Miss { path: self.trail.to_string(), lookup: lookup.source.to_string(), codes, why };
        match lookup.miss {
            _ if not_ready => self.missed.not_ready.push(miss),
            _ if several => self.missed.reject.push(miss),
            OnMiss::Wait(at_most) => {
                self.missed.wait.push(miss);
                self.missed.at_most = self.missed.at_most.into_iter().chain(at_most).min();
            }
            OnMiss::Reject | OnMiss::Null => self.missed.reject.push(miss),
        }
        None
    }

    fn note(&mut self, lookup: &Lookup, by: Vec<(String, String)>, value: Value) {
        let question = Question { lookup: lookup.source.to_string(), by, take: lookup.take_text.clone() };
        self.looked_up.insert(question, value);
    }
}

/// Whether what is taken is none: blank text or null.
fn is_blank(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        _ => false,
    }
}

fn blank_value(lookup: &Lookup, hit: &Hit) -> Why {
    let taken = match &lookup.take {
        Take::Column(column) => column.clone(),
        Take::Path(pipe) => pipe.text().to_owned(),
    };
    Why::BlankValue { origin: hit.origin.clone(), column: taken }
}
