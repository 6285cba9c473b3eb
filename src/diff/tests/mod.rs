//! Tests of what counts as a change: tables, public suites, and seeded properties over random documents judged
//! by a plain model of equality.
#![allow(clippy::unwrap_used)]

mod compare;
mod echo;
mod extract;
mod model;
mod parse;
mod patch;
mod properties;
mod suites;

use crate::diff::{DiffRules, Differ, Document, Numbers, RulePath, Step};

/// A rule's path from a short text: `items.*.m`; an empty one is the root.
fn path(text: &str) -> RulePath {
    let step = |step: &str| if step == "*" { Step::AnyElement } else { Step::Name(step.to_owned()) };
    RulePath::new(text.split('.').filter(|step| !step.is_empty()).map(step).collect())
}

fn rules(ignore: &[&str], lists: &[(&str, &str)], numeric: &[&str], numbers: Numbers) -> DiffRules {
    DiffRules {
        ignore: ignore.iter().map(|text| path(text)).collect(),
        lists: lists.iter().map(|(list, key)| (path(list), path(key))).collect(),
        numbers,
        numeric: numeric.iter().map(|text| path(text)).collect(),
    }
}

fn hash(rules: &DiffRules, json: &str) -> [u8; 32] {
    Differ::new(rules).hash(&Document::parse(json.as_bytes()).unwrap())
}
