//! Patterns of `match` and `search`: I-Regexp (RFC 9485), tried in linear time.

use regex::{Regex, RegexBuilder};
use serde_json::Value;

use super::expression::Operand;

/// Memory a compiled pattern may take: a document's own pattern must not fill it.
const MAX_SIZE: usize = 1 << 20;

/// A pattern.
#[derive(Debug, Clone)]
pub(super) enum Pattern {
    /// Written as a text, compiled at load.
    Fixed(Regex),
    /// Read from the document: what is no text, or a broken pattern, matches nothing (RFC 9535, 2.4.6).
    Of {
        operand: Operand,
        /// Whether the whole text must match (`match`) or a part (`search`).
        whole: bool,
    },
}

impl Pattern {
    /// A broken pattern that is written as a text is refused.
    pub fn new(operand: Operand, whole: bool) -> Result<Self, String> {
        match &operand {
            Operand::Literal(Value::String(text)) => compile(text, whole)
                .map(Self::Fixed)
                .ok_or_else(|| format!("`{text}` is no pattern of RFC 9485, such as `[A-Z]+-.*`")),
            _ => Ok(Self::Of { operand, whole }),
        }
    }
}

/// Compiles a pattern. `None` if it is broken or too large.
pub(super) fn compile(pattern: &str, whole: bool) -> Option<Regex> {
    let pattern = dots_as_in_i_regexp(pattern);
    let pattern = if whole { format!(r"\A(?:{pattern})\z") } else { pattern };
    RegexBuilder::new(&pattern).size_limit(MAX_SIZE).build().ok()
}

/// `.` stands for any character but `\n` and `\r` (RFC 9485, 5.4).
fn dots_as_in_i_regexp(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len());
    let mut in_class = false;
    let mut escaped = false;
    for c in pattern.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '[' => in_class = true,
            ']' => in_class = false,
            '.' if !in_class => {
                out.push_str(r"[^\n\r]");
                continue;
            }
            _ => {}
        }
        out.push(c);
    }
    out
}
