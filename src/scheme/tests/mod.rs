#![allow(clippy::unwrap_used)]

mod check;
mod fill;
mod read;
mod yaml;

use std::path::Path;

use crate::fault::Fault;
use crate::scheme::tree::Node;

/// The tree of a text and its faults as `line:column: message`.
fn parse(text: &str) -> (Option<Node>, Vec<String>) {
    let mut faults = Vec::new();
    let node = crate::scheme::yaml::read(Path::new("x.yaml"), text.as_bytes(), &mut faults);
    (node, told(&faults))
}

fn told(faults: &[Fault]) -> Vec<String> {
    let mut sorted = faults.to_vec();
    sorted.sort();
    sorted.iter().map(|fault| format!("{}:{}: {}", fault.at.line, fault.at.column, fault.message)).collect()
}
