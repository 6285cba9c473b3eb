//! FilterString: text or array, parsed to a condition over flattened lines (protocols/kingdee.md 2.1).

mod array;
mod condition;
mod parse;
mod token;

#[cfg(test)]
mod tests;

use serde_json::Value;

use super::layout::Layout;
use super::reply::{Problem, code};

pub use condition::Condition;

/// Reads a filter in either form; an absent or blank one holds always.
pub fn read(value: Option<&Value>, layout: &Layout) -> Result<Condition, Problem> {
    let tokens = match value {
        None | Some(Value::Null) => return Ok(Condition::Always(true)),
        Some(Value::Array(items)) => array::tokens(items)?,
        Some(Value::String(text)) if text.trim_start().starts_with('[') => match serde_json::from_str(text) {
            Ok(Value::Array(items)) => array::tokens(&items)?,
            _ => return Err(syntax("the array cannot be read")),
        },
        Some(Value::String(text)) => token::tokens(text)?,
        Some(_) => return Err(syntax("neither text nor array")),
    };
    if tokens.is_empty() { Ok(Condition::Always(true)) } else { parse::condition(&tokens, layout) }
}

/// A filter that cannot be understood.
fn syntax(detail: &str) -> Problem {
    Problem::new(code::EXCEPTION, format!("GetRealExpress error：{detail}"))
}
