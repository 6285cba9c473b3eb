//! Templates: text with `{{ pipe }}`.

use super::{EvalFault, Outcome, Query, Scope, Slip};

/// Text with `{{ pipe }}` in it; a lone `{{ … }}` keeps the type of its value.
#[derive(Debug, Clone)]
pub struct Template {
    text: String,
}

impl Template {
    /// Reads a template.
    pub fn parse(text: &str) -> Result<Self, Slip> {
        Ok(Self { text: text.to_owned() })
    }

    /// Whether a text holds `{{`.
    pub fn is_template(text: &str) -> bool {
        text.contains("{{")
    }

    /// Its text, as written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Everything it reads.
    pub fn queries(&self) -> Vec<&Query> {
        Vec::new()
    }

    /// Its value.
    pub fn evaluate(&self, _scope: &Scope<'_>) -> Result<Outcome, EvalFault> {
        Ok(Outcome::Omit)
    }
}
