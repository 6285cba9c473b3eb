//! The usual slips, each with what is allowed and, where it can be told, the corrected text.

use std::ops::Range;

use super::level::Kind;
use super::{FUNCTIONS, Last, Lowering, is_hidden, is_name_char, run_of};
use crate::fault::nearest;
use crate::query::Slip;

impl Lowering<'_> {
    /// A slip whose correction replaces a part of the text.
    pub(super) fn corrected(&self, range: Range<usize>, by: &str, message: &str) -> Slip {
        let before = self.text.get(..range.start).unwrap_or("");
        let after = self.text.get(range.end..).unwrap_or("");
        self.slip(range.start, format!("{message}: `{before}{by}{after}`"))
    }

    pub(super) fn no_blank_before_segment(&self) -> Result<(), Slip> {
        match self.blank {
            Some(blank) => Err(self.corrected(blank..self.at, "", "a path holds no blank outside of quotes")),
            None => Ok(()),
        }
    }

    pub(super) fn after_dot(&self, first: char) -> Slip {
        if let Some(blank) = self.blank {
            return self.corrected(blank..self.at, "", "a path holds no blank outside of quotes");
        }
        let name = run_of(self.rest(), |c| is_name_char(c) || c == '-');
        if name == 0 {
            return self.slip(self.at, format!("after `.` a name or `*` must follow, found `{first}`"));
        }
        self.quoted_name(self.at + name, "a name that does not begin with a letter stands in quotes")
    }

    pub(super) fn root_in_path(&self) -> Slip {
        if self.kind() == Kind::Brackets {
            return self.slip(self.at, "a filter begins with `?`: `[?@.name == …]`; a name stands in quotes");
        }
        self.slip(self.at, "a path has one root, at its begin: `$`, `@`, `@@`, `@@@` or `$receipt`")
    }

    /// The name read last goes on where it can't: it needs quotes.
    fn quoted_name(&self, end: usize, message: &str) -> Slip {
        let name = self.text.get(self.last_at + 1..end).unwrap_or("");
        self.corrected(self.last_at..end, &format!("['{name}']"), message)
    }

    pub(super) fn word_after_operand(&self, word: &str) -> Slip {
        let range = self.at..self.at + word.len();
        let in_expression = self.in_expression();
        let instead = match word.to_ascii_lowercase().as_str() {
            _ if !in_expression => None,
            "and" => Some("&&"),
            "or" => Some("||"),
            "eq" | "is" | "equals" => Some("=="),
            "ne" | "neq" => Some("!="),
            "lt" => Some("<"),
            "le" | "lte" => Some("<="),
            "gt" => Some(">"),
            "ge" | "gte" => Some(">="),
            _ => None,
        };
        if let Some(instead) = instead {
            return self.corrected(range, instead, &format!("`{word}` is written `{instead}`"));
        }
        let path = self.levels.last().map_or(0, |level| level.path_at);
        let path = self.text.get(path..self.last_end()).unwrap_or("@.name");
        match word.to_ascii_lowercase().as_str() {
            "in" if in_expression => {
                let each = self.alternatives(path, self.rest().get(word.len()..).unwrap_or(""));
                self.slip(self.at, format!("there is no `in`; compare with each: `{each}`"))
            }
            "contains" | "like" | "matches" | "startswith" | "endswith" if in_expression => self.slip(
                self.at,
                format!(
                    "there is no `{word}`; a part of a text is searched by `search({path}, 'part')`, a whole one by \
                     `match({path}, 'pattern')`"
                ),
            ),
            _ if self.last == Last::Name && self.blank.is_some() => {
                self.quoted_name(range.end, "a path holds no blank outside of quotes; a name that has one")
            }
            _ => self.slip(self.at, format!("unexpected `{word}`; {}", self.allowed())),
        }
    }

    /// Where the token read last ended.
    fn last_end(&self) -> usize {
        self.blank.unwrap_or(self.at)
    }

    /// `@.k in ['a', 'b']` as comparisons.
    fn alternatives(&self, path: &str, list: &str) -> String {
        let list = list.trim_start().trim_start_matches(['[', '(']);
        let items: Vec<String> = list
            .get(..list.find([']', ')']).unwrap_or(0))
            .unwrap_or("")
            .split(',')
            .map(str::trim)
            .filter(|item| !item.is_empty())
            .map(|item| format!("{path} == {item}"))
            .collect();
        if items.is_empty() { format!("{path} == 'a' || {path} == 'b'") } else { items.join(" || ") }
    }

    pub(super) fn unknown_word(&self, word: &str, called: bool) -> Slip {
        if called {
            let near = nearest(word, FUNCTIONS).map(|name| format!("; did you mean `{name}`?")).unwrap_or_default();
            return self
                .slip(self.at, format!("unknown function `{word}`; there are `{}`{near}", FUNCTIONS.join("`, `")));
        }
        let range = self.at..self.at + word.len();
        let lower = word.to_ascii_lowercase();
        match lower.as_str() {
            "true" | "false" | "null" => {
                self.corrected(range, &lower, &format!("`{word}` is written in small letters"))
            }
            "none" | "nil" | "undefined" => self.corrected(range, "null", &format!("`{word}` is written `null`")),
            "not" => self.corrected(range.start..range.end, "!", "`not` is written `!`, before parentheses or a path"),
            _ => self.corrected(
                range,
                &format!("'{}'", word.trim_matches(['‘', '’', '“', '”'])),
                "a text stands in quotes, a path begins with `$`, `@`, `@@`, `@@@` or `$receipt`",
            ),
        }
    }

    pub(super) fn method(&self) -> Slip {
        let name = self.text.get(self.last_at + 1..self.at).unwrap_or("");
        let path = self.text.get(self.levels.last().map_or(0, |level| level.path_at)..self.last_at).unwrap_or("");
        if self.in_expression() && FUNCTIONS.contains(&name) {
            return self.slip(self.last_at, format!("a function stands before its path: `{name}({path})`"));
        }
        self.slip(
            self.last_at,
            format!("`.{name}(…)` does not exist; a value is changed by a filter, `{path} | filter`"),
        )
    }

    pub(super) fn number_after_operand(&self) -> Slip {
        if self.last == Last::Name && self.blank.is_none() {
            let end = self.at + run_of(self.rest(), |c| is_name_char(c) || c == '-');
            return self.quoted_name(end, "a name with other characters than letters, digits and `_` stands in quotes");
        }
        if self.last == Last::Name && !self.rest().starts_with('-') {
            let end = self.at + run_of(self.rest(), is_name_char);
            return self.quoted_name(end, "a path holds no blank outside of quotes; a name that has one");
        }
        self.unexpected(self.rest().chars().next().unwrap_or('-'))
    }

    pub(super) fn broken_number(&self) -> Slip {
        let length = run_of(self.rest(), |c| is_name_char(c) || matches!(c, '.' | '-' | '+'));
        let number = self.rest().get(..length).unwrap_or("");
        self.slip(
            self.at,
            format!(
                "`{number}` is no number: `7`, `-7`, `0.5`, `1e3`; no zeros stand before one, and digits after a point"
            ),
        )
    }

    pub(super) fn wrong_operator(&self, operator: &str) -> Slip {
        let range = self.at..self.at + operator.len();
        let instead = match operator {
            "=" | "===" => "==",
            "<>" | "!==" => "!=",
            "=>" => ">=",
            "=<" => "<=",
            "=~" | "~=" => {
                return self.slip(
                    self.at,
                    format!("there is no `{operator}`; a pattern is tried by `match(@.name, 'pattern')`"),
                );
            }
            _ => return self.unexpected(operator.chars().next().unwrap_or('=')),
        };
        if !self.in_expression() {
            return self.unexpected(operator.chars().next().unwrap_or('='));
        }
        self.corrected(range, instead, &format!("`{operator}` is written `{instead}`"))
    }

    pub(super) fn wrong_logical(&self, first: char, length: usize) -> Slip {
        if self.kind() == Kind::Path && first == '|' {
            return self.slip(
                self.at,
                if length == 1 {
                    "a plain path stands here, without filters"
                } else {
                    "`||` stands only in conditions; what takes the place of an absent value: `$.a | default($.b)`"
                },
            );
        }
        if !self.in_expression() || self.kind() == Kind::Call {
            return self.unexpected(first);
        }
        let rest = self.rest().get(length..).unwrap_or("").trim_start();
        if first == '|' && length == 1 && rest.starts_with(|c: char| c.is_ascii_alphabetic()) {
            return self.slip(
                self.at,
                "in a condition a pipe stands in parentheses: `(@.name | default(0)) > 0`; `or` is written `||`",
            );
        }
        let doubled: String = [first, first].iter().collect();
        self.corrected(self.at..self.at + length, &doubled, &format!("`{first}` is written `{doubled}`"))
    }

    pub(super) fn unexpected(&self, found: char) -> Slip {
        if is_hidden(found) {
            return self.slip(
                self.at,
                format!("the blank U+{:04X} stands in the path; if the name has it, write `['…']`", u32::from(found)),
            );
        }
        if matches!(found, '+' | '-' | '*' | '/' | '%') && self.in_expression() {
            return self.slip(
                self.at,
                format!("there is no `{found}` in conditions; a pipe in parentheses calculates: `(@.a | sub(1)) > 0`"),
            );
        }
        if self.last == Last::Name && self.kind() == Kind::Path && !matches!(found, '(' | '|' | '&' | '\'' | '"' | '?')
        {
            let end =
                self.at + run_of(self.rest(), |c| !matches!(c, '.' | '[' | ']' | '\'' | '|') && !c.is_whitespace());
            return self.quoted_name(end, "a name with other characters than letters, digits and `_` stands in quotes");
        }
        self.slip(self.at, format!("unexpected `{found}`; {}", self.allowed()))
    }

    /// A path of one value as a condition: to RFC 9535 it holds wherever the field is there, `false` and null too.
    pub(super) fn bare(&self, path_at: usize) -> Slip {
        let path = self.text.get(path_at..self.last_end()).unwrap_or("@.name");
        let denied = self.text.get(..path_at).is_some_and(|before| before.trim_end().ends_with('!'));
        let (asked, truth, value) = match denied {
            false => (path.to_owned(), "==", "!="),
            true => (format!("!{path}"), "!=", "=="),
        };
        self.slip(
            path_at,
            format!(
                "`{asked}` asks only whether the field is there, whatever its value: write `{path} {truth} true` or, \
                 for any value but null and empty text, `({path} | default('')) {value} ''`"
            ),
        )
    }

    fn allowed(&self) -> &'static str {
        match self.kind() {
            Kind::Path => "after a path follow `.name`, `['name']`, `[0]`, `[*]`, `[?…]`, `..name`",
            Kind::Brackets => "in brackets stand names in quotes, indexes, `*`, slices `1:3` and filters `?…`",
            _ => "a condition compares by `== != < <= > >=`, joins by `&& ||`, and denies by `!`",
        }
    }
}
