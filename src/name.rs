//! Document keys (rules.md 30) and the names users give to schemes, systems and targets.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The key of a document within its scheme: the text of its values, numbers as plain decimals, so that `7` and
/// `"7"` are one key. A key of one part is that text; of several parts, each is prefixed with its length in bytes
/// (`3:abc,1:7`), so that no two lists of parts give one key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Key(String);

impl Key {
    /// A key from the texts of its parts. `None` if there is no part or one is blank.
    pub fn from_parts<T: AsRef<str>>(parts: &[T]) -> Option<Self> {
        if parts.is_empty() || parts.iter().any(|part| part.as_ref().trim().is_empty()) {
            return None;
        }
        if let [only] = parts {
            return Some(Self(only.as_ref().to_owned()));
        }
        let texts: Vec<String> = parts.iter().map(AsRef::as_ref).map(|p| format!("{}:{p}", p.len())).collect();
        Some(Self(texts.join(",")))
    }

    /// A key as a person or the store gives it back.
    pub fn from_text(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The key's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The parts the key was made of; `count` is the number of paths of the scheme's key. `None` if the text
    /// does not divide that way.
    pub fn parts(&self, count: usize) -> Option<Vec<&str>> {
        if count == 1 {
            return Some(vec![&self.0]);
        }
        let mut rest = self.0.as_str();
        let mut parts = Vec::with_capacity(count);
        while !rest.is_empty() {
            let (length, after) = rest.split_once(':')?;
            let length: usize = length.parse().ok()?;
            parts.push(after.get(..length)?);
            rest = after.get(length..)?;
            rest = rest.strip_prefix(',').unwrap_or(rest);
        }
        (parts.len() == count).then_some(parts)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether a text may name a scheme, system, target or table: letters, digits, `-`, `_`, `.` (so that it is a
/// file stem and a path segment), 1 to 64 bytes, not beginning with `.` or `-`.
pub fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 64
        && !text.starts_with(['.', '-'])
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rule_30_parts_are_length_prefixed_and_blank_is_a_fault() {
        assert_eq!(Key::from_parts(&["7"]), Some(Key::from_text("7")));
        let ambiguous =
            [Key::from_parts(&["a,1:b", "c"]), Key::from_parts(&["a", "b,c"]), Key::from_parts(&["a,b", "c"])];
        assert_ne!(ambiguous[0], ambiguous[1]);
        assert_ne!(ambiguous[1], ambiguous[2]);
        let key = Key::from_parts(&["出库:1", "7"]).expect("two parts");
        assert_eq!(key.parts(2), Some(vec!["出库:1", "7"]));
        assert_eq!(Key::from_parts(&["a", " "]), None);
        assert_eq!(Key::from_parts::<&str>(&[]), None);
    }
}
