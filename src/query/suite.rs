//! The JSONPath compliance suite (github.com/jsonpath-standard/jsonpath-compliance-test-suite), read from
//! `../shared/suites` beside the project, or from `DELTAFERRY_SUITES`.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

use std::path::PathBuf;

use serde_json::Value;

use super::{Found, Query, Scope};

/// Where the dialect deliberately says otherwise than RFC 9535: begin and end of the cases' names.
const EXCEPTIONS: [(&str, &str, usize); 6] = [
    // An order comparison with null is false (interface.md section 4).
    ("filter, ", " than or equal to null", 2),
    // A path holds no blank outside of quotes (interface.md section 4); spaces, tabs, newlines, returns each.
    ("whitespace, functions, ", " in a relative singular selector", 4),
    ("whitespace, functions, ", " in an absolute singular selector", 4),
    ("whitespace, selectors, ", " between root and bracket", 4),
    ("whitespace, selectors, ", " between bracket and bracket", 4),
    ("whitespace, selectors, ", " between root and dot", 4),
];

#[test]
fn the_compliance_suite_passes() {
    let folder = std::env::var_os("DELTAFERRY_SUITES")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/suites"), PathBuf::from);
    let file = folder.join("jsonpath-cts.json");
    let Ok(text) = std::fs::read_to_string(&file) else {
        eprintln!("skipped: the JSONPath compliance suite is not at {}", file.display());
        return;
    };
    let suite: Value = serde_json::from_str(&text).unwrap();
    let cases = suite["tests"].as_array().unwrap();
    assert!(cases.len() >= 700, "the suite has {} cases", cases.len());
    let mut excepted = [0; EXCEPTIONS.len()];
    let mut failures = Vec::new();
    for case in cases {
        let Err(why) = run(case) else { continue };
        let name = case["name"].as_str().unwrap();
        match EXCEPTIONS.iter().position(|(begin, end, _)| name.starts_with(begin) && name.ends_with(end)) {
            Some(exception) => excepted[exception] += 1,
            None => failures.push(format!("{name}: {} {why}", case["selector"])),
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert_eq!(excepted, EXCEPTIONS.map(|(_, _, cases)| cases), "every exception is still one");
}

fn run(case: &Value) -> Result<(), String> {
    let selector = case["selector"].as_str().unwrap();
    let query = match Query::parse(selector) {
        Err(_) if case["invalid_selector"] == true => return Ok(()),
        Err(slip) => return Err(format!("refused at {}: {}", slip.offset, slip.message)),
        Ok(_) if case["invalid_selector"] == true => return Err("taken".to_owned()),
        Ok(query) => query,
    };
    let scope = Scope { document: &case["document"], elements: &[], receipt: None };
    let found: Vec<Value> = match query.find(&scope) {
        Found::Nothing => Vec::new(),
        Found::One(value) => vec![value.clone()],
        Found::Many(values) => values.into_iter().cloned().collect(),
    };
    let found = Value::Array(found);
    let allowed = match case.get("results") {
        Some(results) => results.as_array().unwrap().clone(),
        None => vec![case["result"].clone()],
    };
    if allowed.contains(&found) { Ok(()) } else { Err(format!("found {found}")) }
}
