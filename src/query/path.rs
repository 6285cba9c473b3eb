//! Queries.

use super::{Found, Root, Scope, Slip, Step};

/// A query: a root (`$`, `@`, `@@`, `@@@`, `$receipt`), then RFC 9535 segments. Parsed once, at load.
#[derive(Debug, Clone)]
pub struct Query {
    text: String,
}

impl Query {
    /// Reads a query.
    pub fn parse(text: &str) -> Result<Self, Slip> {
        Ok(Self { text: text.to_owned() })
    }

    /// Its text, as written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it finds at most one value by its form (names and indexes only).
    pub fn is_singular(&self) -> bool {
        true
    }

    /// Where it begins.
    pub fn root(&self) -> Root {
        Root::Document
    }

    /// The names, where it is a chain of plain member names below the root (none for the root itself).
    pub fn names(&self) -> Option<Vec<&str>> {
        None
    }

    /// Its steps, for checks against known fields.
    pub fn steps(&self) -> Vec<Step> {
        Vec::new()
    }

    /// Itself and what its filters read, for checks: `$.a[?@.b == $.c]` gives itself, `$.a[*].b` and `$.c`.
    pub fn queries(&self) -> Vec<&Query> {
        vec![self]
    }

    /// What it finds.
    pub fn find<'a>(&self, _scope: &Scope<'a>) -> Found<'a> {
        Found::Nothing
    }
}
