//! Tests of the mapping: what compiles, what it gives, what is checked, what look-ups find.
#![allow(clippy::unwrap_used)]

mod check;
mod compile;
mod evaluate;
mod lookup;
mod tables;
mod yaml;

use serde_json::Value;

use super::{MapFault, Mapped, Mapping, Tables};

/// An id that no binary floating point holds.
const BIG: &str = "9007199254740993";

/// Compiles a mapping without faults.
fn compiled(yaml: &str) -> Mapping {
    let mut faults = Vec::new();
    let mapping = Mapping::compile(&yaml::node(yaml), &mut faults);
    assert!(faults.is_empty(), "{yaml}\n{}", told(&faults));
    mapping.unwrap()
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
