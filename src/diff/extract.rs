//! A document's identity out of its bytes, without building a tree: the cheap half of the hot path.

use std::borrow::Cow;

use serde_json::Value;

use crate::decimal::Decimal;
use crate::diff::parse::ParseFault;
use crate::diff::path;
use crate::diff::scan::{Scanner, Span, unescape};
use crate::name::Key;

/// Where a scheme's documents carry their identity: chains of member names from the root.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Paths {
    /// The parts of the key, in order; at least one.
    pub key: Vec<Vec<String>>,
    /// What people search by.
    pub number: Option<Vec<String>>,
    /// Source time.
    pub time: Option<Vec<String>>,
    /// Row version (`cursor: $.ts`).
    pub cursor: Option<Vec<String>>,
}

/// What identifies a document. Numbers are plain decimals (1E3 is `1000`, 7.0 is `7`); texts are as they stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Its key.
    pub key: Key,
    /// Its number; none where absent, null or blank.
    pub number: Option<String>,
    /// Its source time as the source wrote it; none where absent, null or blank.
    pub time_text: Option<String>,
    /// Its row version; none where absent, null or blank.
    pub row_version: Option<String>,
}

/// Why a document has no identity: it is quarantined (rules.md 25).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExtractFault {
    /// The bytes are no JSON object as far as they had to be read.
    #[error(transparent)]
    Parse(#[from] ParseFault),
    /// A part of the key is absent, null, blank, or neither text nor number (rules.md 30).
    #[error("the key part `{path}` is {found}, allowed: text that is not blank, a number")]
    Key {
        /// The part's path.
        path: String,
        /// What was found there.
        found: &'static str,
    },
    /// Number, time or row version is neither text nor number nor null.
    #[error("`{path}` is {found}, allowed: text, a number, null")]
    Scalar {
        /// The value's path.
        path: String,
        /// What was found there.
        found: &'static str,
        /// The document's key, which could be read.
        key: Key,
    },
}

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

impl Identity {
    /// The identity of a document already parsed: the same as [`extract`] of its bytes.
    pub fn of_value(document: &Value, paths: &Paths) -> Result<Self, ExtractFault> {
        let found = paths.chains().map(|chain| {
            let value = chain.iter().try_fold(document, |value, name| value.as_object()?.get(name));
            match value {
                None => Found::Absent,
                Some(Value::Null) => Found::Null,
                Some(Value::Bool(_)) => Found::Bool,
                Some(Value::Number(number)) => Found::Number(Cow::Borrowed(number.as_str())),
                Some(Value::String(text)) => Found::Text(Cow::Borrowed(text)),
                Some(Value::Array(_)) => Found::List,
                Some(Value::Object(_)) => Found::Object,
            }
        });
        paths.identity(found.collect())
    }
}

impl Paths {
    /// All chains: the key's parts, then number, time and cursor as far as there are any.
    fn chains(&self) -> impl Iterator<Item = &[String]> {
        self.key.iter().chain(&self.number).chain(&self.time).chain(&self.cursor).map(Vec::as_slice)
    }

    /// The identity, from what stands at each of [`Self::chains`].
    fn identity(&self, found: Vec<Found<'_>>) -> Result<Identity, ExtractFault> {
        let mut found = found.into_iter();
        let mut parts = Vec::with_capacity(self.key.len());
        for (chain, found) in self.key.iter().zip(found.by_ref()) {
            let fault = |found| ExtractFault::Key { path: path::of_names(chain), found };
            match found.text().map_err(fault)? {
                Some(text) => parts.push(text),
                None => return Err(fault("null, blank or absent")),
            }
        }
        let Some(key) = Key::from_parts(&parts) else {
            return Err(ExtractFault::Key { path: "$".to_owned(), found: "a key of no parts" });
        };
        let mut scalar = |chain: &Option<Vec<String>>| {
            let Some(chain) = chain else { return Ok(None) };
            let text = found.next().unwrap_or(Found::Absent).text();
            text.map_err(|found| ExtractFault::Scalar { path: path::of_names(chain), found, key: key.clone() })
        };
        let (number, time_text, row_version) = (scalar(&self.number)?, scalar(&self.time)?, scalar(&self.cursor)?);
        Ok(Identity { key, number, time_text, row_version })
    }
}

/// What stands at the end of a chain.
#[derive(Clone)]
enum Found<'a> {
    Absent,
    Null,
    Bool,
    Number(Cow<'a, str>),
    Text(Cow<'a, str>),
    List,
    Object,
}

impl Found<'_> {
    /// Its text; none where absent, null or blank. The error says what else it is.
    fn text(self) -> Result<Option<String>, &'static str> {
        match self {
            Self::Absent | Self::Null => Ok(None),
            Self::Text(text) => Ok(Some(text.into_owned()).filter(|text| !text.trim().is_empty())),
            Self::Number(text) => plain(&text).map(Some).ok_or("a number of more than 1,000 digits"),
            Self::Bool => Err("true or false"),
            Self::List => Err("a list"),
            Self::Object => Err("an object"),
        }
    }
}

/// A JSON number as plain decimal without trailing zeros in its fraction. `None` beyond 1,000 digits.
pub(super) fn plain(number: &str) -> Option<String> {
    if number.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(number.to_owned());
    }
    let text = Decimal::parse(number)?.to_string();
    let Some((whole, fraction)) = text.split_once('.') else { return Some(text) };
    let fraction = fraction.trim_end_matches('0');
    Some(if fraction.is_empty() { whole.to_owned() } else { format!("{whole}.{fraction}") })
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
