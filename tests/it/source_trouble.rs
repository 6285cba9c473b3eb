//! A source that throttles, fails, or answers nonsense: nothing is taken for «no documents».

use serde_json::{Value, json};

use crate::support::place::{Place, shipped};
use crate::support::systems::Systems;

fn on_pages(fault: &str, nth: u64, times: u64) -> Value {
    json!({ "system": "jushuitan", "call": "orders.out.simple.query", "fault": fault, "nth": nth, "times": times })
}

/// A run that can't read stops with the source's words, and what was reached stays as it is.
fn stops_where_it_is(systems: &Systems, place: &Place, fault: &str, words: &str) {
    let before = place.once();
    systems.edit(json!({ "rate": 0.1 }));
    systems.fault(on_pages(fault, 1, 1000));
    let failed = place.run(&["once"]).ended(1);
    let after = place.status();
    for name in ["watermark", "walked_to", "documents", "last_seq"] {
        assert_eq!(after[name], before[name], "{name}");
    }
    let error = after["last_run"]["error"].as_str().unwrap_or_else(|| panic!("status says nothing: {after}"));
    assert!(error.contains(words) && failed.err.contains(words), "`{words}` in `{error}` and {}", failed.err);
}

/// A fault that passes: the next run misses nothing.
fn never_counts_as_empty(fault: &str, words: &str) {
    let systems = Systems::start(60);
    let place = Place::new(&systems);
    stops_where_it_is(&systems, &place, fault, words);
    systems.no_faults();
    place.once();
    systems.assert_exact();
}

#[test]
fn fault_06_an_html_page_is_not_no_documents() {
    never_counts_as_empty("html_502", "502");
}

#[test]
fn fault_01_a_page_that_breaks_off_is_not_no_documents() {
    never_counts_as_empty("truncate", "");
}

#[test]
fn fault_05_a_refusal_inside_a_200_is_not_no_documents() {
    never_counts_as_empty("refuse", "");
}

#[test]
fn fault_12_a_token_that_is_refused_is_not_no_documents() {
    let systems = Systems::start(60);
    stops_where_it_is(&systems, &Place::new(&systems), "session_loss", "access_token");
}

#[test]
fn a_reset_connection_is_not_no_documents() {
    never_counts_as_empty("reset_before", "");
}

#[test]
fn what_fails_for_a_moment_is_asked_again() {
    for fault in ["html_502", "truncate", "reset_after", "throttle"] {
        let systems = Systems::start(60);
        systems.fault(on_pages(fault, 12, 1));
        let place = Place::new(&systems);
        place.once();
        systems.assert_exact();
    }
}

#[test]
fn fault_13_throttling_slows_down_and_loses_nothing() {
    // Code 199 above five calls a second.
    let systems = Systems::with(60, &["rate=on"]);
    let place = Place::with_scheme(&systems, &shipped().replace("start: 30d", "start: 8d"));
    place.once();
    systems.assert_exact();
}

#[test]
fn what_was_read_before_the_failure_is_kept_and_delivered() {
    let systems = Systems::start(200);
    systems.fault(on_pages("refuse", 28, 1000));
    let place = Place::new(&systems);
    place.run(&["once"]).ended(1);
    let status = place.status();
    let documents = status["documents"].as_u64().unwrap();
    assert!(documents > 0 && documents < 200, "{status}");
    let verdict = systems.verdict();
    assert!(verdict.exact > 0 && verdict.creates == verdict.exact, "{verdict:?}");
    systems.no_faults();
    place.once();
    systems.assert_exact();
}
