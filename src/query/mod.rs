//! The expressions users write: guarded JSONPath queries, conditions evaluated exactly, filters, templates
//! (interface.md section 4). The only owner of `jsonpath-rust`. Pure: values in, value or fault out.
//!
//! # The way of an expression
//!
//! At load, `lower` guards the text and brings it to plain RFC 9535, `jsonpath-rust` parses that, `compile` makes
//! the form of `expression` from its tree. `find` evaluates it, `compare` compares: neither the library's evaluation
//! nor its comparison (as `f64`) is used.
//!
//! # Where the dialect differs from RFC 9535
//!
//! - Roots `@@`, `@@@`, `$receipt`; outside of filters `@` is the innermost element.
//! - A path holds no blank outside of quotes; `..` stands at most twice in a path.
//! - A path of one value is no condition by itself, outside of filters: it would hold for `false` and null too.
//! - An order comparison with null or an absent value is false, also `null <= null`.
//! - A pipe in parentheses may be an operand: `($.fee | default(0)) != 0`.
//! - A broken pattern that is written out is refused at load; one read from a document matches nothing.
//!
//! # Filters
//!
//! Null stays null through every filter but `default` and `optional`; so does a query that finds nothing, which is a
//! fault at the pipe's end. Where a text is needed a number or truth value serves, and where a number is needed a
//! text that is one. Arguments are numbers, `'texts'`, bare words, `true`, `false`, `null`, or queries.
//!
//! | filter | does |
//! |---|---|
//! | `string` | text: numbers with the digits they have, without exponent; a list or object is a fault |
//! | `number` | a number with the digits its text has |
//! | `integer` | a whole number; a fraction other than zeros is a fault |
//! | `decimal(n[, exact])` | rounded half up to `n` digits, printed with exactly these; `exact`: losing one is a fault |
//! | `bool` | `true 1 yes y 是` and `false 0 no n 否`, in any letter case; else a fault |
//! | `date` | `yyyy-MM-dd` of a time; one with a zone is a fault (`truncate(19)` takes it as written) |
//! | `datetime[(pattern)]` | the same by a pattern of `yyyy MM dd HH mm ss SSS`; without: `yyyy-MM-dd HH:mm:ss` |
//! | `trim`, `upper`, `lower` | text without blanks around it; in capitals; in small letters |
//! | `replace(part, by)` | every occurrence |
//! | `split(separator)` | a list of texts |
//! | `join(separator)` | a list as one text, null elements left out |
//! | `truncate(n)` | the first `n` characters |
//! | `default(x)` | `x` for null and for no result |
//! | `optional` | the key is left out for null and for no result |
//! | `blank` | null for a blank text |
//! | `first`, `last` | an element of a list; of an empty one no result |
//! | `count` | how many elements a list has |
//! | `sum` | of a list, null elements left out; of an empty one 0 |
//! | `map({a: b}[, else])` | the value for the key that is the same text; without `else` no match is a fault |
//! | `round[(n)]` | as `decimal(n)`; without `n` to a whole number |
//! | `abs` | without its sign |
//! | `add(x)`, `sub(x)` | exact, with the digits of the longer fraction; a null argument is a fault |
//! | `mul(x)` | exact, without zeros at the end of the fraction |
//! | `div(x[, n])` | half up to `n` digits, printed with exactly these; without `n` to 10, zeros at the end left out |
//! | `concat(x…)` | the text and the arguments', one after the other; a null argument is empty |

use serde_json::Value;

mod compile;
mod expression;
mod lower;

mod compare;
mod find;
mod pattern;
mod reads;

mod condition;
mod filter;
mod path;
mod pipe;
mod template;

#[cfg(test)]
mod suite;
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
    /// The elements of the surrounding `$each`, outermost first: `@` is the last, `@@` the one before it. Further out
    /// than the first lies the document; outside of any `$each`, `@` is the document.
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
    /// Any of several children: `*`, a slice, a filter, or several selectors in one pair of brackets. Whether it is `*`
    /// says [`Query::picks`].
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
