//! What identifies a document: its key (rules.md 30), its number, source time and row version.

use std::borrow::Cow;

use serde_json::Value;

use crate::decimal::Decimal;
use crate::diff::parse::ParseFault;
use crate::diff::path;
use crate::name::Key;

/// Where a scheme's documents carry their identity: chains of member names from the root.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Paths {
    /// The parts of the key, in order; at least one.
    pub key: Vec<Vec<String>>,
    /// What people search by.
    pub number: Option<Vec<String>>,
    /// Source time: the latest of the values here.
    pub times: Vec<Vec<String>>,
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
    /// Its source times as the source wrote them; none of those that are absent, null or blank.
    pub time_texts: Vec<String>,
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
        /// The source times, where they could be read.
        time_texts: Vec<String>,
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
        /// The source times, where they could be read.
        time_texts: Vec<String>,
    },
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
    pub(super) fn chains(&self) -> impl Iterator<Item = &[String]> {
        self.key.iter().chain(&self.number).chain(&self.times).chain(&self.cursor).map(Vec::as_slice)
    }

    /// The identity, from what stands at each of [`Self::chains`].
    pub(super) fn identity(&self, found: Vec<Found<'_>>) -> Result<Identity, ExtractFault> {
        let mut texts: Vec<_> = found.into_iter().map(Found::text).collect();
        let mut scalars = texts.split_off(self.key.len().min(texts.len())).into_iter();
        let mut scalar = |_| scalars.next().unwrap_or(Ok(None));
        let number = self.number.as_ref().map(&mut scalar);
        let times: Vec<_> = self.times.iter().map(&mut scalar).collect();
        let cursor = self.cursor.as_ref().map(&mut scalar);
        let time_texts: Vec<String> = times.iter().flatten().flatten().cloned().collect();

        let mut parts = Vec::with_capacity(texts.len());
        for (chain, text) in self.key.iter().zip(texts) {
            match text.and_then(|text| text.ok_or("null, blank or absent")) {
                Ok(text) => parts.push(text),
                Err(found) => return Err(ExtractFault::Key { path: path::of_names(chain), found, time_texts }),
            }
        }
        let Some(key) = Key::from_parts(&parts) else {
            return Err(ExtractFault::Key { path: "$".to_owned(), found: "a key of no parts", time_texts });
        };
        let scalar = |chain: &Vec<String>, text: Result<_, _>| {
            text.map_err(|found| ExtractFault::Scalar {
                path: path::of_names(chain),
                found,
                key: key.clone(),
                time_texts: time_texts.clone(),
            })
        };
        let optional = |chain: &Option<Vec<String>>, text: Option<Result<_, _>>| match chain.as_ref().zip(text) {
            Some((chain, text)) => scalar(chain, text),
            None => Ok(None),
        };
        let number = optional(&self.number, number)?;
        self.times.iter().zip(times).try_for_each(|(chain, time)| scalar(chain, time).map(|_| ()))?;
        let row_version = optional(&self.cursor, cursor)?;
        Ok(Identity { key, number, time_texts, row_version })
    }
}

/// What stands at the end of a chain.
#[derive(Clone)]
pub(super) enum Found<'a> {
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
