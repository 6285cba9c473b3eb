//! Lowers what users write to plain RFC 9535, which `jsonpath-rust` then parses, and refuses what that parser would
//! take in silence: its grammar skips blanks inside names and numbers, so that `$.a b` would read the name `a b`,
//! find nothing, and look like "no documents" (dependencies.md 2).
//!
//! What RFC 9535 lacks, or what the parser cannot hold, travels as a marked text and comes back when the parsed tree
//! is compiled: numbers of filters (exact, the parser has `i64` and `f64`), pipes in parentheses, and the roots
//! `@@`, `@@@`, `$receipt`.

use serde_json::Value;

use super::{Pipe, Slip};

mod level;
mod slips;
#[cfg(test)]
mod tests;
mod tokens;

use level::{Kind, Level};
pub(super) use tokens::quoted_length;

/// Begins every text put in by lowering. A noncharacter of Unicode; a path that holds it is refused.
pub(super) const MARK: char = '\u{10FFFE}';

/// Names of RFC 9535's functions: all there are.
pub(super) const FUNCTIONS: [&str; 5] = ["count", "length", "match", "search", "value"];

/// Open brackets and parentheses at one place: what `jsonpath-rust` bears, and so does every stack here.
const MAX_NESTING: usize = 100;

/// Open function calls at one place. The parser reads a call again for each thing it could be.
const MAX_CALLS: usize = 4;

/// Pipes inside each other. What an expression reads is told for each anew.
const MAX_PIPES: usize = 8;

/// `..` in one path: each multiplies the work by the document's depth.
const MAX_DESCENTS: usize = 2;

/// Plain RFC 9535, and what was taken out of it.
#[derive(Debug)]
pub(super) struct Lowered {
    /// The text for the parser.
    pub text: String,
    /// Numbers of filters; `MARK n INDEX`.
    pub numbers: Vec<Value>,
    /// Pipes in parentheses; `MARK p INDEX`.
    pub pipes: Vec<Pipe>,
    /// Where the parts of `text` came from: byte there, byte in the original.
    spans: Vec<(usize, usize)>,
}

impl Lowered {
    /// The byte of the original text that became the byte `at`.
    pub fn origin(&self, at: usize) -> usize {
        let after = self.spans.partition_point(|(lowered, _)| *lowered <= at);
        after.checked_sub(1).and_then(|i| self.spans.get(i)).map_or(0, |(lowered, origin)| origin + (at - lowered))
    }
}

/// The last token that was no blank.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Last {
    /// Nothing yet, an opening, an operator, a separator: an operand may follow.
    Opening,
    /// A comparison operator: its right side must follow.
    Comparison,
    /// `.` or `..`: a name must follow at once.
    Dot,
    /// The name of a function: `(` follows.
    Function,
    Root,
    Name,
    Star,
    Brackets,
    /// `:` of a slice: an index may follow.
    Colon,
    Literal,
    Group,
    Call,
    Pipe,
}

impl Last {
    fn is_path(self) -> bool {
        matches!(self, Self::Root | Self::Name | Self::Star | Self::Brackets)
    }

    fn is_operand(self) -> bool {
        self.is_path() || matches!(self, Self::Literal | Self::Group | Self::Call | Self::Pipe)
    }
}

struct Lowering<'t> {
    text: &'t str,
    /// Byte being read.
    at: usize,
    out: Lowered,
    /// What is open; the first is the expression itself.
    levels: Vec<Level>,
    last: Last,
    /// Where the last token began; of a name, its dot.
    last_at: usize,
    /// Where the blanks before the token being read begin.
    blank: Option<usize>,
    /// In how many pipes the expression stands; none: no pipe may stand in it.
    pipes: Option<usize>,
}

/// Lowers the segments of a path that begin at byte `from` of `text`, after the root. `pipes`: in how many pipes it
/// stands, where its filters may hold pipes.
pub(super) fn path(text: &str, from: usize, pipes: Option<usize>) -> Result<Lowered, Slip> {
    let mut lowering = Lowering::new(text, from, Kind::Path, Last::Root, pipes);
    lowering.out.text.push('$');
    lowering.run()?;
    if lowering.blank.is_some() {
        return Err(lowering.slip(lowering.at, "a path ends with a blank"));
    }
    Ok(lowering.out)
}

/// Lowers a condition: to a path with the condition as its one filter.
pub(super) fn condition(text: &str) -> Result<Lowered, Slip> {
    let mut lowering = Lowering::new(text, 0, Kind::Condition, Last::Opening, Some(0));
    lowering.out.text.push_str("$[?");
    lowering.run()?;
    lowering.out.text.push(']');
    Ok(lowering.out)
}

impl<'t> Lowering<'t> {
    fn new(text: &'t str, at: usize, kind: Kind, last: Last, pipes: Option<usize>) -> Self {
        let out = Lowered { text: String::new(), numbers: Vec::new(), pipes: Vec::new(), spans: Vec::new() };
        let levels = vec![Level::new(kind, at)];
        Self { text, at, out, levels, last, last_at: at, blank: None, pipes }
    }

    fn run(&mut self) -> Result<(), Slip> {
        if self.text.contains(MARK) || self.text.to_ascii_lowercase().contains("\\udbff\\udffe") {
            return Err(self.slip(0, "U+10FFFE is no character and can't stand in a path"));
        }
        while let Some(first) = self.rest().chars().next() {
            if matches!(first, ' ' | '\t' | '\n' | '\r') {
                self.blank.get_or_insert(self.at);
                self.copy(1);
                continue;
            }
            self.token(first)?;
            self.blank = None;
        }
        self.end()
    }

    fn token(&mut self, first: char) -> Result<(), Slip> {
        if self.last == Last::Dot && (self.blank.is_some() || !(is_name_first(first) || matches!(first, '*' | '['))) {
            return Err(self.after_dot(first));
        }
        match first {
            '$' | '@' => self.root(),
            '.' => self.dot(),
            '[' => self.open_brackets(),
            ']' => self.close_brackets(),
            '(' => self.open_parenthesis(),
            ')' => self.close_parenthesis(),
            '*' => self.star(),
            ',' => self.comma(),
            ':' => self.colon(),
            '?' => self.question(),
            '\'' | '"' => self.quoted(first),
            '=' | '!' | '<' | '>' => self.comparison(),
            '&' | '|' => self.logical(first),
            '-' | '0'..='9' => self.number(),
            _ if is_name_first(first) => self.word(),
            _ => Err(self.unexpected(first)),
        }
    }

    fn end(&mut self) -> Result<(), Slip> {
        match self.levels.as_slice() {
            [_] => {}
            [.., open] => return Err(self.slip(open.at, format!("`{}` is not closed", open.opened_by()))),
            [] => {}
        }
        if matches!(self.last, Last::Dot | Last::Comparison) || (self.last == Last::Opening) {
            return Err(self.slip(self.at, "the expression ends where a name or a value must follow"));
        }
        self.operand_ends()
    }

    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or("")
    }

    /// Takes `bytes` of the text over as they are.
    fn copy(&mut self, bytes: usize) {
        let taken = self.text.get(self.at..self.at + bytes).unwrap_or("");
        self.emit(taken, bytes);
    }

    /// Replaces `bytes` of the text by something else.
    fn emit(&mut self, with: &str, bytes: usize) {
        self.out.spans.push((self.out.text.len(), self.at));
        self.out.text.push_str(with);
        self.at += bytes;
    }

    /// Takes `bytes` over as the token `last`.
    fn take(&mut self, bytes: usize, last: Last) {
        self.last_at = self.at;
        self.last = last;
        self.copy(bytes);
    }

    fn slip(&self, at: usize, message: impl Into<String>) -> Slip {
        Slip::at(self.text, at, message)
    }
}

/// Whether a character begins a name that needs no quotes (RFC 9535, 2.5.1.1), blanks of other scripts excepted.
pub(super) fn is_name_first(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_' || (!c.is_ascii() && !is_hidden(c))
}

/// Whether a character goes on with a name that needs no quotes.
pub(super) fn is_name_char(c: char) -> bool {
    is_name_first(c) || c.is_ascii_digit()
}

/// Blanks that RFC 9535 would take for letters: no-break, ideographic and zero-width ones.
fn is_hidden(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{200B}'..='\u{200F}' | '\u{2060}' | '\u{FEFF}')
}

/// How many bytes of `text` at its begin fulfil a test.
fn run_of(text: &str, test: impl Fn(char) -> bool) -> usize {
    text.find(|c| !test(c)).unwrap_or(text.len())
}
