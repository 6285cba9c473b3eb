//! Tests of the mapping: what compiles, what it gives, what is checked, what look-ups find.
#![allow(clippy::unwrap_used)]

mod check;
mod compile;
mod evaluate;
mod lookup;
mod tables;

use std::path::Path;

use serde_json::Value;

use super::{MapFault, Mapped, Mapping, Tables};
use crate::scheme::tree::Node;
use crate::scheme::yaml;

/// An id that no binary floating point holds.
const BIG: &str = "9007199254740993";

/// A YAML text as the scheme's reader gives it.
fn node(text: &str) -> Node {
    let mut faults = Vec::new();
    let node = yaml::read(Path::new("scheme.yaml"), text.as_bytes(), &mut faults);
    assert!(faults.is_empty(), "{text}\n{}", told(&faults));
    node.unwrap()
}

/// Compiles a mapping without faults.
fn compiled(yaml: &str) -> Mapping {
    let mut faults = Vec::new();
    let mapping = Mapping::compile(&node(yaml), &mut faults);
    assert!(faults.is_empty(), "{yaml}\n{}", told(&faults));
    mapping.unwrap()
}

#[test]
fn mappings_and_tables_are_shared_between_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<Mapping>();
    shared::<Tables>();
}

/// Maps a document without look-ups or receipt.
fn map(yaml: &str, document: &str) -> Result<Mapped, MapFault> {
    compiled(yaml).evaluate(&json(document), None, &Tables::default())
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// Faults as `LINE:COLUMN: message` lines.
fn told(faults: &[crate::fault::Fault]) -> String {
    let lines = faults.iter().map(|fault| format!("{}:{}: {}", fault.at.line, fault.at.column, fault.message));
    lines.collect::<Vec<_>>().join("\n")
}

/// Compares the faults each mapping has with how they are expected to begin, one a line; all differences at once.
fn assert_begins<E: AsRef<str>>(faults: impl Fn(&str) -> String, cases: impl IntoIterator<Item = (&'static str, E)>) {
    let mut wrong = String::new();
    for (yaml, expected) in cases {
        let (told, expected) = (faults(yaml), expected.as_ref());
        let begins = told.lines().zip(expected.lines()).all(|(told, expected)| told.starts_with(expected));
        if !begins || told.lines().count() != expected.lines().count() {
            wrong += &format!("{yaml}\ntold\n{told}\nexpected\n{expected}\n\n");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}
