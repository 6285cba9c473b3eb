//! Filters: what a value goes through in a pipe. The table of them is in [`super`]'s documentation.

mod apply;
mod numbers;
mod read;
#[cfg(test)]
mod tests;
mod texts;

use std::borrow::Cow;

use serde_json::Value;

use super::{EvalFault, Found, Query, Scope};

pub(super) use texts::text_of;

/// A filter with its arguments.
#[derive(Debug, Clone)]
pub(super) enum Filter {
    String,
    Number,
    Integer,
    Decimal { digits: u32, exact: bool },
    Bool,
    Date,
    DateTime(String),
    Trim,
    Upper,
    Lower,
    Replace(Argument, Argument),
    Split(Argument),
    Join(Argument),
    Truncate(usize),
    Default(Argument),
    Optional,
    Blank,
    First,
    Last,
    Count,
    Sum,
    Map { pairs: Vec<(String, Argument)>, otherwise: Option<Argument> },
    Round(u32),
    Abs,
    Add(Argument),
    Sub(Argument),
    Mul(Argument),
    Div { by: Argument, digits: Option<u32> },
    Concat(Vec<Argument>),
}

/// An argument: a value, or a query evaluated where the pipe stands.
#[derive(Debug, Clone)]
pub(super) enum Argument {
    Literal(Value),
    Query(Query),
}

impl Argument {
    fn query(&self) -> Option<&Query> {
        if let Self::Query(query) = self { Some(query) } else { None }
    }

    /// Its value here; none where a singular query finds nothing.
    pub fn value<'v, 'a: 'v>(&'v self, scope: &Scope<'a>) -> Result<Option<Cow<'v, Value>>, EvalFault> {
        Ok(match self {
            Self::Literal(value) => Some(Cow::Borrowed(value)),
            Self::Query(query) => match query.try_find(scope)? {
                Found::Nothing => None,
                Found::One(value) => Some(Cow::Borrowed(value)),
                Found::Many(values) => Some(Cow::Owned(values.into_iter().cloned().collect())),
            },
        })
    }

    /// Its value, which the filter `name` can't do without.
    fn needed<'v, 'a: 'v>(&'v self, name: &str, scope: &Scope<'a>) -> Result<Cow<'v, Value>, String> {
        match self.value(scope).map_err(|fault| fault.to_string())? {
            Some(value) if !value.is_null() => Ok(value),
            found => {
                let found = if found.is_some() { "is null" } else { "finds nothing" };
                let text = if let Self::Query(query) = self { query.text() } else { "null" };
                Err(format!(
                    "`{text}`, the argument of `{name}`, {found}; where it may, begin with it: \
                     `{text} | default(0) | {name}(…)`"
                ))
            }
        }
    }
}

impl Filter {
    /// Whether a list or object goes through it, whole or an element of it.
    pub fn passes(&self) -> bool {
        matches!(self, Self::Default(_) | Self::Optional | Self::Blank | Self::First | Self::Last)
    }

    /// Whether its value may be an argument as it is.
    pub fn gives_arguments(&self) -> bool {
        matches!(self, Self::Default(_) | Self::Map { .. })
    }

    /// The queries among its arguments.
    pub fn queries(&self) -> Vec<&Query> {
        let arguments: Vec<&Argument> = match self {
            Self::Replace(part, by) => vec![part, by],
            Self::Split(argument)
            | Self::Join(argument)
            | Self::Default(argument)
            | Self::Add(argument)
            | Self::Sub(argument)
            | Self::Mul(argument)
            | Self::Div { by: argument, .. } => vec![argument],
            Self::Map { pairs, otherwise } => pairs.iter().map(|(_, to)| to).chain(otherwise).collect(),
            Self::Concat(arguments) => arguments.iter().collect(),
            _ => Vec::new(),
        };
        arguments.into_iter().filter_map(Argument::query).collect()
    }
}

/// A value in a message: what it is, long ones cut.
fn shown(value: &Value) -> String {
    let cut = |text: &str| match text.char_indices().nth(40) {
        Some((end, _)) => format!("`{}…`", text.get(..end).unwrap_or("")),
        None => format!("`{text}`"),
    };
    match value {
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
        Value::String(text) if text.trim().is_empty() => "a blank text".to_owned(),
        Value::String(text) => format!("the text {}", cut(text)),
        other => cut(&other.to_string()),
    }
}
