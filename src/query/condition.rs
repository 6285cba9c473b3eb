//! Conditions.

use super::expression::Logical;
use super::find::Here;
use super::{EvalFault, Query, Scope, Slip, compile, lower};

/// A filter expression of RFC 9535, evaluated exactly; a pipe in parentheses may stand in any comparison. Its `@` is
/// the innermost element, outside of any `$each` the document.
#[derive(Debug, Clone)]
pub struct Condition {
    text: String,
    logical: Logical,
    reads: Vec<Query>,
}

impl Condition {
    /// Reads a condition.
    pub fn parse(text: &str) -> Result<Self, Slip> {
        let logical = compile::condition(text, &lower::condition(text)?)?;
        let mut reads = Vec::new();
        logical.reads(None, &mut reads);
        Ok(Self { text: text.to_owned(), logical, reads: reads.into_iter().map(Query::along).collect() })
    }

    /// Its text, as written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Everything it reads, filters and pipes included; filters are shown as `[*]`.
    pub fn queries(&self) -> Vec<&Query> {
        self.reads.iter().collect()
    }

    /// Whether it holds. Fails only by a pipe.
    pub fn holds(&self, scope: &Scope<'_>) -> Result<bool, EvalFault> {
        self.logical.holds(&Here::new(scope))
    }
}
