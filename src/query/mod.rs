//! The expressions users write: guarded JSONPath queries, conditions evaluated exactly, filters, templates
//! (interface.md section 4). The only owner of `jsonpath-rust`. Pure: values in, value or fault out.

use serde_json::Value;

mod compare;
mod compile;
mod condition;
mod expression;
mod filter;
mod find;
mod lower;
mod path;
mod pattern;
mod pipe;
#[cfg(test)]
mod suite;
mod template;
#[cfg(test)]
mod tests;

pub use condition::Condition;
pub use path::Query;
pub use pipe::{Outcome, Pipe};
pub use template::Template;

/// A slip in an expression: where in its text, and what is allowed instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slip {
    /// Offset in characters from the begin of the expression's text.
    pub offset: usize,
    /// What is wrong and what is allowed; where the slip is a usual one, the corrected text.
    pub message: String,
}

impl Slip {
    /// A slip at a byte of a text.
    fn at(text: &str, byte: usize, message: impl Into<String>) -> Self {
        let before = text.char_indices().take_while(|(at, _)| *at < byte).count();
        Self { offset: before, message: message.into() }
    }

    /// The same slip, of a part of `text` that begins at a byte.
    fn within(self, text: &str, byte: usize) -> Self {
        Self { offset: self.offset + Self::at(text, byte, "").offset, message: self.message }
    }
}

/// What an expression is evaluated over.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    /// `$`: the document.
    pub document: &'a Value,
    /// The elements of the surrounding `$each`, outermost first: `@` is the last, `@@` the one before it. Outside of
    /// them, `@` is the document.
    pub elements: &'a [&'a Value],
    /// `$receipt`; without one, queries into it find nothing.
    pub receipt: Option<&'a Value>,
}

/// Where a query begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Root {
    /// `$`.
    Document,
    /// `@` (1), `@@` (2), `@@@` (3).
    Element(usize),
    /// `$receipt`.
    Receipt,
}

/// One step of a query, as far as it matters for checks against known fields.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Step {
    /// A member.
    Name(String),
    /// An element of a list, from its end if negative.
    Index(i64),
    /// Any of several children: `*`, a slice, a filter, or several selectors in one pair of brackets.
    Wildcard,
    /// `..`: any depth; followed by the step taken there.
    Descendant,
}

/// What a query finds.
#[derive(Debug, Clone, PartialEq)]
pub enum Found<'a> {
    /// A singular query without result.
    Nothing,
    /// The result of a singular query.
    One(&'a Value),
    /// The results of any other query: none, one or several.
    Many(Vec<&'a Value>),
}

/// Why an expression has no value for this document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{query}`: {message}")]
pub struct EvalFault {
    /// Text of the query or pipe.
    pub query: String,
    /// What is wrong and what is allowed.
    pub message: String,
}
