//! Both shipped schemes at work, under faults of the systems on either side: every effect once. The table of all
//! faults stands in `fault_table.rs`.

use std::process::{Command, Stdio};
use std::time::Duration;

use deltaferry::sandbox::faults::Fault;
use serde_json::json;

use crate::support::orders::{MIRRORS, ORDERS, shipped};
use crate::support::place::Place;
use crate::support::systems::Systems;
use crate::support::wait::wait_until;

/// What the schemes ask and send.
const READS: [(&str, &str); 3] =
    [("jushuitan", "orders.out.simple.query"), ("kingdee", "executeBillQuery"), ("okki", "/v1/company/list")];
const SENDS: [(&str, &str); 2] = [("kingdee", "batchSave"), ("okki", "/v1/invoices/order/push")];

/// Both shipped schemes in one place.
fn both(systems: &Systems) -> Place {
    let place = Place::new(systems);
    for name in [ORDERS].iter().chain(&MIRRORS) {
        place.write_named_scheme(name, &shipped(name));
    }
    place.reconfigure("timeout: 30s", "timeout: 2s");
    place
}

/// Sets a fault, as the command line writes it, at a call; says whether its system can play it.
fn set(systems: &Systems, (system, call): (&str, &str), fault: &str) {
    let fault = Fault::of_text(&format!("system={system},call={call},fault={fault}")).unwrap();
    if fault.fault.is_played_by(system) {
        systems.fault(serde_json::to_value(fault).unwrap());
    }
}

/// People at both sources go on working.
fn edit(systems: &Systems) {
    systems.edit(json!({ "rate": 0.2 }));
    systems.edit_orders(json!({ "count": 4, "what": "change" }));
}

/// Under each fault in turn, at these calls: what was edited arrives once.
fn exact_under(calls: &[(&str, &str)], faults: &[&str]) {
    let systems = Systems::start(40);
    let place = both(&systems);
    place.done(&["once"]);
    for fault in faults {
        edit(&systems);
        calls.iter().for_each(|call| set(&systems, *call, fault));
        let output = place.run(&["once"]);
        assert_eq!(output.code, 0, "{fault}: {output:?}");
        systems.no_faults();
        let verdict = systems.verdict();
        assert!(verdict.is_exact() && verdict.expected > 0, "{fault}: {verdict:#?}");
        assert!(systems.orders_verdict().is_exact(), "{fault}: {:#?}", systems.orders_verdict().faults());
    }
}

#[test]
fn fault_01_a_page_that_is_reset_or_cut_is_read_again_whole() {
    exact_under(&READS, &["truncate", "reset_after"]);
}

#[test]
fn fault_03_a_slow_answer_is_given_up_and_its_effect_found() {
    exact_under(&READS[..1], &["slow,by=5s"]);
    exact_under(&SENDS, &["slow,by=5s", "timeout_after"]);
}

#[test]
fn fault_04_json_that_is_cut_is_no_answer_whatever_its_length_says() {
    exact_under(&READS, &["cut_json", "cut_chunks"]);
    exact_under(&SENDS, &["cut_json", "cut_chunks"]);
}

#[test]
fn fault_06_a_login_page_is_no_answer_and_a_wrong_content_type_no_harm() {
    exact_under(&READS, &["login_page", "wrong_type"]);
    exact_under(&SENDS, &["login_page", "wrong_type"]);
}

#[test]
fn fault_07_a_document_that_a_page_shows_twice_counts_once() {
    exact_under(&READS, &["duplicate_page"]);
}

#[test]
fn fault_08_a_page_that_lost_a_document_is_read_again_where_the_source_counts() {
    exact_under(&[READS[2]], &["shift_page"]);
}

#[test]
fn fault_12_sessions_and_tokens_that_end_in_mid_run_are_renewed() {
    exact_under(&SENDS, &["session_loss", "session_kill", "token_revoked"]);
    exact_under(&READS, &["session_loss", "session_kill", "token_revoked"]);
}

#[test]
fn fault_13_too_often_waits_as_long_as_it_is_told() {
    let faults = ["throttle", "too_many", "retry_after,by=1s", "retry_after_date,by=2s"];
    exact_under(&SENDS, &faults);
    exact_under(&READS, &faults);
}

#[test]
fn fault_15_answers_that_lack_items_or_their_names_are_settled_item_by_item() {
    exact_under(&SENDS, &["partial_batch", "no_receipt", "edit_lock,times=3"]);
}

#[test]
fn fault_17_an_effect_after_our_timeout_is_found_or_meets_its_own_number() {
    let systems = Systems::start(30);
    let place = both(&systems);
    // We give up after two seconds and settle for 200 ms: the first effect comes before we are done asking, the other
    // when the bills were sent again.
    for (fault, late) in [("late_effect,by=2100ms", 1), ("late_effect,by=4s", 2)] {
        let sent = |systems: &Systems| {
            systems.ledger().iter().filter(|entry| entry.system == "kingdee" && entry.call == "batchSave").count()
        };
        set(&systems, SENDS[0], fault);
        let before = sent(&systems);
        place.done(&["once"]);
        let batches = sent(&systems) - before;
        wait_until("the late effect", Duration::from_secs(10), || {
            (sent(&systems) - before >= batches.max(late)).then_some(())
        });
        systems.assert_exact();
        systems.edit(json!({ "rate": 0.3 }));
        place.done(&["once"]);
        systems.assert_exact();
        systems.edit(json!({ "rate": 0.3 }));
    }
}

#[test]
fn faults_can_be_set_by_the_command_line_and_bad_ones_say_what_is_allowed() {
    let systems = Systems::with_faults(20, &["system=kingdee,call=batchSave,fault=reset_after"]);
    Place::new(&systems).once();
    systems.assert_exact();
    for (fault, words) in [
        ("system=kingdee,fault=meteor", "unknown variant `meteor`, expected one of `refuse`"),
        ("system=sap,fault=refuse", "no system `sap`; there are `jushuitan`, `kingdee`, `okki`"),
        ("system=kingdee,call=Safe,fault=refuse", "no call `Safe`; allowed: `login`"),
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_deltaferry"));
        let output = command.args(["sandbox", "--port", "0", "--documents", "1", "--fault", fault]).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        assert!(String::from_utf8_lossy(&output.stderr).contains(words), "{output:?}");
    }
}

#[test]
fn fault_39_without_file_descriptors_nothing_is_lost() {
    let systems = Systems::start(30);
    let place = both(&systems);
    for most in [8, 11, 14, 18, 24] {
        let mut command = Command::new("sh");
        let script = format!("ulimit -n {most}; exec \"$0\" --allow-literal-secrets once --wait 2s");
        command
            .args(["-c", &script, env!("CARGO_BIN_EXE_deltaferry")])
            .current_dir(place.path(""))
            .stdin(Stdio::null());
        // It ends by itself: well, with something left, or with what is wrong.
        let output = place.run_command(command);
        assert!(matches!(output.code, 0 | 3) || !output.err.is_empty(), "{most}: {output:?}");
        assert!(!output.err.contains("panicked"), "{most}: {}", output.err);
    }
    place.done(&["once"]);
    systems.assert_exact();
    systems.assert_orders_exact();
}
