//! A document's identity out of its bytes, without building a tree: the cheap half of the hot path.

use std::borrow::Cow;

use crate::diff::identity::{ExtractFault, Found, Identity, Paths};
use crate::diff::parse::ParseFault;
use crate::diff::scan::{Scanner, Span, unescape};

/// Reads a document's identity from its bytes. Reads strictly along the paths (a repeated member name there is a
/// fault) and skims the rest: that the whole document is well formed is for [`crate::diff::Document::parse`] to say.
pub fn extract(bytes: &[u8], paths: &Paths) -> Result<Identity, ExtractFault> {
    let chains: Vec<&[String]> = paths.chains().collect();
    let mut reader = Reader { scanner: Scanner::new(bytes), found: vec![Found::Absent; chains.len()] };
    if reader.scanner.peek() != Some(b'{') {
        return Err(reader.scanner.expected("an object").into());
    }
    let wanted: Vec<Wanted<'_>> = chains.iter().enumerate().map(|(slot, rest)| Wanted { slot, rest }).collect();
    reader.object(&wanted)?;
    paths.identity(reader.found)
}

/// What is still to be gone of a chain, from the object being read.
#[derive(Clone, Copy)]
struct Wanted<'c> {
    slot: usize,
    rest: &'c [String],
}

struct Reader<'a> {
    scanner: Scanner<'a>,
    found: Vec<Found<'a>>,
}

impl<'a> Reader<'a> {
    /// Reads an object, whose bracket is next, for what is wanted of it.
    fn object(&mut self, wanted: &[Wanted<'_>]) -> Result<(), ParseFault> {
        let mut met = vec![false; wanted.len()];
        self.scanner.take(b'{');
        if self.scanner.take(b'}') {
            return Ok(());
        }
        loop {
            if self.scanner.peek() != Some(b'"') {
                return Err(self.scanner.expected("a member's name"));
            }
            let span = self.scanner.text()?;
            let inside = self.matching(span, wanted, &mut met)?;
            if !self.scanner.take(b':') {
                return Err(self.scanner.expected("`:`"));
            }
            if inside.is_empty() {
                self.scanner.skim()?;
            } else {
                self.value(&inside)?;
            }
            if self.scanner.take(b'}') {
                return Ok(());
            }
            if !self.scanner.take(b',') {
                return Err(self.scanner.expected("`,` or `}`"));
            }
        }
    }

    /// What is wanted of the member of this name.
    fn matching<'c>(&self, span: Span, wanted: &[Wanted<'c>], met: &mut [bool]) -> Result<Vec<Wanted<'c>>, ParseFault> {
        let raw = self.scanner.slice(span);
        let unescaped = if span.escaped { Some(self.text(span)?) } else { None };
        let name = unescaped.as_ref().map_or(raw, |name| name.as_bytes());
        let mut inside = Vec::new();
        for (want, met) in wanted.iter().zip(met) {
            let Some((first, rest)) = want.rest.split_first() else { continue };
            if first.as_bytes() == name {
                if std::mem::replace(met, true) {
                    return Err(self.scanner.fault(format!("an object with two members named `{first}`")));
                }
                inside.push(Wanted { slot: want.slot, rest });
            }
        }
        Ok(inside)
    }

    /// Reads a value at which chains end or go on.
    fn value(&mut self, wanted: &[Wanted<'_>]) -> Result<(), ParseFault> {
        let (ended, inside): (Vec<Wanted<'_>>, Vec<Wanted<'_>>) = wanted.iter().partition(|want| want.rest.is_empty());
        let found = match self.scanner.peek() {
            Some(b'"') => {
                let span = self.scanner.text()?;
                if ended.is_empty() { Found::Absent } else { Found::Text(self.text(span)?) }
            }
            Some(b'{') if !inside.is_empty() => {
                self.object(&inside)?;
                Found::Object
            }
            Some(first @ (b'{' | b'[')) => {
                self.scanner.skim()?;
                if first == b'{' { Found::Object } else { Found::List }
            }
            Some(b'n') => self.scanner.literal("null").map(|()| Found::Null)?,
            Some(b't') => self.scanner.literal("true").map(|()| Found::Bool)?,
            Some(b'f') => self.scanner.literal("false").map(|()| Found::Bool)?,
            _ => {
                let span = self.scanner.number()?;
                Found::Number(self.text(span)?)
            }
        };
        for want in ended {
            if let Some(slot) = self.found.get_mut(want.slot) {
                *slot = found.clone();
            }
        }
        Ok(())
    }

    /// The meaning of a text or number.
    fn text(&self, span: Span) -> Result<Cow<'a, str>, ParseFault> {
        let raw = std::str::from_utf8(self.scanner.slice(span)).map_err(|error| ParseFault {
            offset: span.start + error.valid_up_to(),
            what: "invalid UTF-8".to_owned(),
        })?;
        if !span.escaped {
            return Ok(Cow::Borrowed(raw));
        }
        let mut text = String::with_capacity(raw.len());
        unescape(raw, span.start, &mut text)?;
        Ok(Cow::Owned(text))
    }
}
