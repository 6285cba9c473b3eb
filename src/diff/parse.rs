//! Strict reading of JSON into a [`Document`]: recursive descent over tokens, nothing guessed, nothing replaced.

use std::borrow::Cow;

use serde_json::Value;

use crate::diff::document::{Document, Entry, Shape};
use crate::diff::scan::{Scanner, Span, unescape};

/// Lists and objects may stand in each other this deep; business documents reach about ten. Keeps every
/// recursion over a document within a small stack.
const MAX_DEPTH: usize = 100;

/// An object with such a member would be taken for a number or for raw text wherever serde_json reads it again.
const PRIVATE: &str = "$serde_json::private::";

/// Why a document can't be read: it is quarantined (rules.md 25).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} at byte {offset}")]
pub struct ParseFault {
    /// Offset in bytes from the document's begin.
    pub offset: usize,
    /// What is wrong, for a person.
    pub what: String,
}

/// Reads a document into a tree: [`Document::parse`] where a `Value` is wanted. Member order and the digits of
/// numbers are kept; only the writing of exponents is not (`1E5` becomes `1e+5`).
pub fn parse(bytes: &[u8]) -> Result<Value, ParseFault> {
    Ok(Document::parse(bytes)?.value())
}

/// Reads a text that is one JSON value.
pub(super) fn read(text: Cow<'_, str>) -> Result<Document<'_>, ParseFault> {
    let mut reader = Reader::new(&text);
    if u32::try_from(text.len()).is_err() {
        return Err(reader.scanner.fault("a document of 4 GiB or more"));
    }
    reader.value(0)?;
    if reader.scanner.peek().is_some() {
        return Err(reader.scanner.expected("the document's end"));
    }
    let Reader { entries, order, unescaped, .. } = reader;
    Ok(Document { entries, order, unescaped, text })
}

/// Reads bytes as text: JSON is UTF-8 without a byte order mark.
pub(super) fn as_text(bytes: &[u8]) -> Result<&str, ParseFault> {
    let text = std::str::from_utf8(bytes)
        .map_err(|error| ParseFault { offset: error.valid_up_to(), what: "invalid UTF-8".to_owned() })?;
    if text.starts_with('\u{feff}') {
        let what = "a byte order mark, allowed: plain UTF-8".to_owned();
        return Err(ParseFault { offset: 0, what });
    }
    Ok(text)
}

struct Reader<'t> {
    text: &'t str,
    scanner: Scanner<'t>,
    entries: Vec<Entry>,
    order: Vec<u32>,
    unescaped: String,
    /// Begins and entries of the names of the objects being read, the innermost object's last.
    names: Vec<(u64, u32)>,
}

impl<'t> Reader<'t> {
    fn new(text: &'t str) -> Self {
        let entries = Vec::with_capacity(text.len() / 8 + 8);
        Self {
            text,
            scanner: Scanner::new(text.as_bytes()),
            entries,
            order: Vec::new(),
            unescaped: String::new(),
            names: Vec::new(),
        }
    }

    /// Reads one value within `depth` lists and objects.
    fn value(&mut self, depth: usize) -> Result<(), ParseFault> {
        match self.scanner.peek() {
            Some(b'"') => self.string(),
            Some(b'{' | b'[') if depth == MAX_DEPTH => {
                Err(self.scanner.fault(format!("lists and objects nested deeper than {MAX_DEPTH}")))
            }
            Some(b'{') => self.object(depth + 1),
            Some(b'[') => self.list(depth + 1),
            Some(b'n') => self.word("null", Shape::Null),
            Some(b't') => self.word("true", Shape::True),
            Some(b'f') => self.word("false", Shape::False),
            _ => {
                let span = self.scanner.number()?;
                self.push(Shape::Number, span.start, span.end);
                Ok(())
            }
        }
    }

    fn word(&mut self, word: &str, shape: Shape) -> Result<(), ParseFault> {
        self.scanner.literal(word)?;
        self.push(shape, 0, 0);
        Ok(())
    }

    fn string(&mut self) -> Result<(), ParseFault> {
        let Span { start, end, escaped } = self.scanner.text()?;
        if escaped {
            let from = self.unescaped.len();
            // Quotes and backslashes are ASCII, so a span never cuts a character.
            unescape(self.text.get(start..end).unwrap_or_default(), start, &mut self.unescaped)?;
            self.push(Shape::Unescaped, from, self.unescaped.len());
        } else {
            self.push(Shape::Text, start, end);
        }
        Ok(())
    }

    fn list(&mut self, depth: usize) -> Result<(), ParseFault> {
        let list = self.push(Shape::List, 0, 0);
        self.scanner.take(b'[');
        if !self.scanner.take(b']') {
            loop {
                self.value(depth)?;
                if !self.scanner.take(b',') {
                    break;
                }
            }
            if !self.scanner.take(b']') {
                return Err(self.scanner.expected("`,` or `]`"));
            }
        }
        self.close(list, 0, 0);
        Ok(())
    }

    fn object(&mut self, depth: usize) -> Result<(), ParseFault> {
        let begin = self.scanner.at();
        let object = self.push(Shape::Object, 0, 0);
        let outer = self.names.len();
        self.scanner.take(b'{');
        if !self.scanner.take(b'}') {
            loop {
                if self.scanner.peek() != Some(b'"') {
                    return Err(self.scanner.expected("a member's name"));
                }
                self.name()?;
                if !self.scanner.take(b':') {
                    return Err(self.scanner.expected("`:`"));
                }
                self.value(depth)?;
                if !self.scanner.take(b',') {
                    break;
                }
            }
            if !self.scanner.take(b'}') {
                return Err(self.scanner.expected("`,` or `}`"));
            }
        }
        let (start, end) = self.sort_names(outer).map_err(|what| ParseFault { offset: begin, what })?;
        self.close(object, start, end);
        Ok(())
    }

    /// Reads a member's name.
    fn name(&mut self) -> Result<(), ParseFault> {
        let (offset, at) = (self.scanner.at(), self.entries.len());
        self.string()?;
        let name = self.text_of(at);
        if name.starts_with(PRIVATE) {
            let what = format!("a member named `{name}`, which no document has");
            return Err(ParseFault { offset, what });
        }
        self.names.push((prefix(name.as_bytes()), index(at)));
        Ok(())
    }

    fn text_of(&self, at: usize) -> &str {
        self.entries.get(at).map_or("", |entry| entry.text(self.text, &self.unescaped))
    }

    /// Moves the names from `outer` on, sorted, to `order`; says where they stand there. A name that stands twice
    /// is the fault.
    fn sort_names(&mut self, outer: usize) -> Result<(usize, usize), String> {
        let mut names = self.names.split_off(outer);
        let name = |at: u32| self.text_of(at as usize);
        names.sort_unstable_by(|a, b| a.0.cmp(&b.0).then_with(|| name(a.1).cmp(name(b.1))));
        let twice = names.array_windows().find(|[a, b]| a.0 == b.0 && name(a.1) == name(b.1));
        if let Some([twice, _]) = twice {
            return Err(format!("an object with two members named `{}`", name(twice.1)));
        }
        let start = self.order.len();
        self.order.extend(names.iter().map(|(_, at)| at));
        Ok((start, self.order.len()))
    }

    /// Adds an entry; says which.
    fn push(&mut self, shape: Shape, start: usize, end: usize) -> usize {
        let at = self.entries.len();
        self.entries.push(Entry { shape, start: index(start), end: index(end), next: index(at + 1) });
        at
    }

    /// Ends a list or object: what is read from here on comes after it.
    fn close(&mut self, at: usize, start: usize, end: usize) {
        let next = index(self.entries.len());
        if let Some(entry) = self.entries.get_mut(at) {
            *entry = Entry { start: index(start), end: index(end), next, ..*entry };
        }
    }
}

/// The first eight bytes of a name as a number that sorts as they do: spares most comparisons of whole names.
fn prefix(name: &[u8]) -> u64 {
    let begin = name.first_chunk().copied().unwrap_or_else(|| {
        let mut begin = [0; 8];
        begin.iter_mut().zip(name).for_each(|(place, byte)| *place = *byte);
        begin
    });
    u64::from_be_bytes(begin)
}

/// Offsets fit: documents are shorter than 4 GiB, and neither entries nor unescaped text outgrow a document.
fn index(offset: usize) -> u32 {
    u32::try_from(offset).unwrap_or(u32::MAX)
}
