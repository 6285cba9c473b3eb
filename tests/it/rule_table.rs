//! The thirty rules that keep the guarantee true, and the tests that hold each: a test is found by its name,
//! `rule_07_…`. `cargo test --test it rule_table -- --nocapture` prints the table.

use crate::support::names::test_names;

/// The rules in their order.
const RULES: [&str; 30] = [
    "base per target",
    "scan end",
    "state belongs to an account",
    "absence must be proven possible",
    "stale reads",
    "late effects",
    "sends without a receipt",
    "restore",
    "the gate's fingerprint",
    "baseline has an instant",
    "one writer per target document",
    "ids by name, never by position",
    "attempts are self-contained",
    "ownership and content are two tests",
    "walking windows",
    "look-ups",
    "retention",
    "settle and replay",
    "several steps",
    "keyed lists",
    "batch refusals",
    "echo",
    "sweeps",
    "torn documents",
    "quarantine",
    "every stored value is checked",
    "cursor mode",
    "same payload",
    "times at rest",
    "key text",
];

#[test]
fn every_rule_is_held_by_tests_named_after_its_number() {
    let all = test_names();
    let mut missing = Vec::new();
    for (rule, number) in RULES.iter().zip(1..) {
        let own = format!("rule_{number:02}_");
        let tests: Vec<&str> = all.iter().map(String::as_str).filter(|name| name.contains(&own)).collect();
        println!("{number:>2} | {rule} | {} tests", tests.len());
        tests.iter().for_each(|name| println!("     {name}"));
        if tests.is_empty() {
            missing.push(format!("rule {number}: {rule}"));
        }
    }
    assert!(missing.is_empty(), "without a test: {}", missing.join(", "));
    let is_stray = |name: &&String| {
        let number = name.strip_prefix("rule_").and_then(|rest| rest.get(..2)?.parse::<usize>().ok());
        name.starts_with("rule_") && !number.is_some_and(|number| (1..=RULES.len()).contains(&number))
    };
    let strays: Vec<&String> = all.iter().filter(is_stray).collect();
    assert!(strays.is_empty(), "{strays:?}");
}
