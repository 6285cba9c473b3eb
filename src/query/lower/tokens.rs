//! The words of an expression: roots, names, texts, numbers, operators.

use serde_json::Value;

use super::level::Kind;
use super::{FUNCTIONS, Last, Lowering, MARK, MAX_DESCENTS, is_name_char, run_of};
use crate::query::{Root, Slip, path};

impl Lowering<'_> {
    pub(super) fn root(&mut self) -> Result<(), Slip> {
        let (root, bytes) = path::root(self.rest()).map_err(|slip| slip.within(self.text, self.at))?;
        if !self.in_expression() {
            return Err(self.root_in_path());
        }
        if self.last.is_operand() {
            return Err(self.slip(self.at, "between two values an operator must stand: `== != < <= > >= && ||`"));
        }
        let written = match root {
            Root::Document => "$".to_owned(),
            Root::Receipt => format!("$['{MARK}receipt']"),
            Root::Element(1) => "@".to_owned(),
            // Inside a filter `@` is the current node, so that `@@` is the innermost element.
            Root::Element(n) => format!("@['{MARK}{}']", if self.filters() == 0 { n } else { n - 1 }),
        };
        let at = self.at;
        let level = self.level();
        (level.path_at, level.plural, level.descents, level.function) = (at, false, 0, None);
        (self.last, self.last_at) = (Last::Root, at);
        self.emit(&written, bytes);
        Ok(())
    }

    pub(super) fn dot(&mut self) -> Result<(), Slip> {
        if !self.last.is_path() {
            return Err(self.unexpected('.'));
        }
        self.no_blank_before_segment()?;
        if !self.rest().starts_with("..") {
            self.take(1, Last::Dot);
            return Ok(());
        }
        let level = self.level();
        level.plural = true;
        level.descents += 1;
        if level.descents > MAX_DESCENTS {
            return Err(self.slip(self.at, format!("`..` stands more than {MAX_DESCENTS} times in one path")));
        }
        self.take(2, Last::Dot);
        Ok(())
    }

    pub(super) fn star(&mut self) -> Result<(), Slip> {
        if self.last == Last::Dot {
            self.level().plural = true;
            self.take(1, Last::Star);
        } else if self.kind() == Kind::Brackets {
            self.level().several = true;
            self.take(1, Last::Literal);
        } else {
            return Err(self.unexpected('*'));
        }
        Ok(())
    }

    pub(super) fn word(&mut self) -> Result<(), Slip> {
        let length = run_of(self.rest(), is_name_char);
        let word = self.rest().get(..length).unwrap_or("");
        if self.last == Last::Dot {
            // The dot stays the begin of the name.
            let at = self.last_at;
            self.take(length, Last::Name);
            self.last_at = at;
            return Ok(());
        }
        if self.last.is_operand() {
            return Err(self.word_after_operand(word));
        }
        if !self.in_expression() {
            return Err(self.corrected(
                self.at..self.at + length,
                &format!("'{word}'"),
                "a name in brackets stands in quotes",
            ));
        }
        let called = self.rest().get(length..).is_some_and(|rest| rest.starts_with('('));
        if let Some(name) = FUNCTIONS.iter().find(|name| called && **name == word) {
            self.level().function = Some((name, self.at));
            self.take(length, Last::Function);
            return Ok(());
        }
        if matches!(word, "true" | "false" | "null") {
            self.take(length, Last::Literal);
            return Ok(());
        }
        Err(self.unknown_word(word, called))
    }

    pub(super) fn quoted(&mut self, quote: char) -> Result<(), Slip> {
        if self.kind() == Kind::Path {
            return Err(self.unexpected(quote));
        }
        if self.last.is_operand() {
            return Err(self.slip(self.at, format!("a quote inside a text is written `\\{quote}`")));
        }
        let Some(length) = quoted_length(self.rest()) else {
            return Err(self.slip(self.at, format!("the quote {quote} is not closed")));
        };
        self.take(length, Last::Literal);
        Ok(())
    }

    pub(super) fn number(&mut self) -> Result<(), Slip> {
        if self.last.is_operand() || self.kind() == Kind::Path {
            return Err(self.number_after_operand());
        }
        let length = number_length(self.rest()).ok_or_else(|| self.broken_number())?;
        let text = self.rest().get(..length).unwrap_or("");
        if self.kind() == Kind::Brackets {
            if text.contains(['.', 'e', 'E']) {
                return Err(
                    self.slip(self.at, format!("`{text}` is no index: whole numbers, negative ones from the end"))
                );
            }
            self.take(length, Last::Literal);
            return Ok(());
        }
        let Ok(number @ Value::Number(_)) = serde_json::from_str(text) else { return Err(self.broken_number()) };
        let mark = format!("'{MARK}n{}'", self.out.numbers.len());
        self.out.numbers.push(number);
        (self.last, self.last_at) = (Last::Literal, self.at);
        self.emit(&mark, length);
        Ok(())
    }

    /// `== != < <= > >= !`.
    pub(super) fn comparison(&mut self) -> Result<(), Slip> {
        let length = run_of(self.rest(), |c| matches!(c, '=' | '!' | '<' | '>' | '~'));
        let operator = self.rest().get(..length).unwrap_or("");
        if operator.starts_with('!') && operator != "!=" && !self.last.is_operand() && self.in_expression() {
            self.take(1, Last::Opening);
            return Ok(());
        }
        if !matches!(operator, "==" | "!=" | "<" | "<=" | ">" | ">=") || !self.in_expression() {
            return Err(self.wrong_operator(operator));
        }
        if !self.last.is_operand() {
            return Err(self.slip(self.at, format!("a value must stand before `{operator}`")));
        }
        if self.last == Last::Group {
            return Err(self.slip(self.at, "a side of a comparison stands without parentheses, unless it is a pipe"));
        }
        let level = self.level();
        let (plural, compared, function, path_at) = (level.plural, level.compared, level.function, level.path_at);
        (level.plural, level.compared, level.function) = (false, true, None);
        if compared {
            return Err(self.slip(self.at, "one comparison has two sides: `@.a < @.b && @.b < @.c`"));
        }
        self.comparable(plural, function, path_at)?;
        self.take(length, Last::Comparison);
        Ok(())
    }

    /// `&&`, `||`.
    pub(super) fn logical(&mut self, first: char) -> Result<(), Slip> {
        let length = run_of(self.rest(), |c| c == first);
        if length != 2 || !self.in_expression() || self.kind() == Kind::Call {
            return Err(self.wrong_logical(first, length));
        }
        if !self.last.is_operand() {
            return Err(self.slip(self.at, format!("a condition must stand before `{first}{first}`")));
        }
        self.operand_ends()?;
        self.take(length, Last::Opening);
        Ok(())
    }
}

/// Bytes of the quoted text at the begin of `text`, its quotes included. `None` if it does not end.
pub(in crate::query) fn quoted_length(text: &str) -> Option<usize> {
    let mut chars = text.char_indices();
    let (_, quote) = chars.next()?;
    while let Some((at, c)) = chars.next() {
        if c == '\\' {
            chars.next();
        } else if c == quote {
            return Some(at + c.len_utf8());
        }
    }
    None
}

/// Bytes of the number at the begin of `text`, by JSON's grammar. `None` if it is broken or goes on as something else.
fn number_length(text: &str) -> Option<usize> {
    let digits = |from: usize| run_of(text.get(from..).unwrap_or(""), |c| c.is_ascii_digit());
    let byte = |at: usize| text.as_bytes().get(at).copied();
    let mut at = usize::from(text.starts_with('-'));
    let whole = digits(at);
    if whole == 0 || (whole > 1 && byte(at) == Some(b'0')) {
        return None;
    }
    at += whole;
    if byte(at) == Some(b'.') {
        at += 1 + Some(digits(at + 1)).filter(|fraction| *fraction > 0)?;
    }
    if matches!(byte(at), Some(b'e' | b'E')) {
        at += 1 + usize::from(matches!(byte(at + 1), Some(b'+' | b'-')));
        at += Some(digits(at)).filter(|exponent| *exponent > 0)?;
    }
    let next = text.get(at..).and_then(|rest| rest.chars().next());
    next.is_none_or(|c| c != '.' && !is_name_char(c)).then_some(at)
}
