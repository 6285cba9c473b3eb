//! Faults of what the user wrote: each says where, what is wrong and what is allowed.

use std::fmt;
use std::path::PathBuf;

/// A position in a file the user wrote. Lines and columns count from 1; columns count characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The file as the user named it (relative paths stay relative).
    pub file: PathBuf,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file.display(), self.line, self.column)
    }
}

/// One fault of a configuration, scheme or table file. Faults are collected: a file's are all told at once.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// Where it is.
    pub at: Position,
    /// What is wrong and what is allowed: lower case, no full stop, values in backticks.
    pub message: String,
}

impl Fault {
    /// A fault at a position.
    pub fn new(at: Position, message: impl Into<String>) -> Self {
        Self { at, message: message.into() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.at, self.message)
    }
}

/// The nearest of `known` to `name` by edit distance, where one is near enough to be a likely slip.
/// Used for «did you mean» in faults.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|candidate| (distance(name, candidate), candidate))
        .filter(|(d, candidate)| *d <= 1 + candidate.chars().count().min(name.chars().count()) / 4)
        .min_by_key(|(d, _)| *d)
        .map(|(_, candidate)| candidate)
}

/// Levenshtein distance over characters, letter case counting half (rounded up to one for a pair).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, cb) in b.iter().enumerate() {
            let same = ca == *cb || ca.eq_ignore_ascii_case(cb);
            let next = (diagonal + usize::from(!same)).min(row[j] + 1).min(row[j + 1] + 1);
            diagonal = row[j + 1];
            row[j + 1] = next;
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_a_likely_slip_or_none() {
        let known = ["modified", "io_id", "FCustId_FNumber"];
        assert_eq!(nearest("modifid", known), Some("modified"));
        assert_eq!(nearest("fcustid_fnumber", known), Some("FCustId_FNumber"));
        assert_eq!(nearest("warehouse", known), None);
    }
}
