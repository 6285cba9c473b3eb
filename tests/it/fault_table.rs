//! The table of faults: number, fault, required answer, and what proves it. A test is found by its name: `fault_07_…`
//! proves row 7, wherever it stands. `cargo test --test it fault_table -- --nocapture` prints it.

use std::collections::BTreeMap;

use crate::support::names::test_names;

/// What proves a row.
enum Proof {
    /// Tests named after its number.
    Named,
    /// Those, and tests that carry another name because they prove a rule as well.
    And(&'static [&'static str]),
    /// Tests of a rule: of names that begin so.
    Rule(&'static str),
    /// These tests, whatever they are called.
    Only(&'static [&'static str]),
    /// There is nothing to prove here, and why.
    NotHere(&'static str),
}

use Proof::{And, Named, NotHere, Only, Rule};

/// Number, fault, required answer, proof.
const TABLE: &[(u8, &str, &str, Proof)] = &[
    (1, "reset mid-body (source)", "page discarded whole, read again, no partial commit", Named),
    (2, "reset mid-body (target's reply)", "unknown: in doubt, then asked about", Named),
    (3, "slow-loris, source or target", "total deadline and least rate", Named),
    (4, "truncated JSON of right length, chunks without end", "fault of the transport, never no documents", Named),
    (5, "error envelope with status 200", "by rule; no rule matched is an error, never success", Named),
    (6, "wrong content type, HTML login page with 200", "session rule, else an error; a wrong type is no harm", Named),
    (7, "duplicate records in a page or across pages", "the last counts, one version", Named),
    (
        8,
        "shifting pages while paging",
        "read again until two passes agree, keyset where there is one",
        And(&[
            "a_window_that_never_reads_twice_alike_is_halved_and_at_its_shortest_ends_the_run",
            "fewer_documents_than_the_source_counts_are_read_again",
        ]),
    ),
    (
        9,
        "the same page for ever, an empty page with more behind",
        "loop detector, bounded pages, error",
        And(&[
            "rule_30_a_source_that_goes_in_a_circle_ends_the_run",
            "rule_30_rows_that_come_again_are_a_circle_and_rows_of_another_entity_a_fault_of_the_scheme",
        ]),
    ),
    (10, "the source shows nothing all of a sudden", "mass deletion stops and asks", Named),
    (11, "clocks ahead, behind, set, daylight saving", "watermark of source times, intervals monotonic", Named),
    (
        12,
        "token expires in mid-page or during a send",
        "renewed once, what did not run is repeated",
        And(&["a_refused_token_is_renewed_by_a_login"]),
    ),
    (13, "429 with Retry-After in seconds, as a date, absurd, or none", "waited for, capped, no try counted", Named),
    (14, "redirect", "not followed", Named),
    (
        15,
        "partial batch, reordered or incomplete reply",
        "by item; what is not named is unknown",
        And(&[
            "rule_12_successes_are_matched_by_number_whatever_their_order_and_index",
            "rule_21_every_item_of_a_batch_has_its_own_outcome",
        ]),
    ),
    (16, "accepted, and the response lost", "asked about; found is delivered, never sent again", Named),
    (
        17,
        "accepted after our timeout",
        "absent only after two answers a settle time apart; the number protects",
        And(&["rule_06_two_early_answers_do_not_count_as_a_settle_time_apart"]),
    ),
    (
        18,
        "disk full",
        "capture stops, goes on alone when there is space",
        Only(&["a_full_disk_is_told_and_the_store_goes_on_when_there_is_space"]),
    ),
    (19, "read-only disk", "clear error, exit code, no loop", Named),
    (
        20,
        "corrupted database file",
        "refused by name, never started empty",
        Only(&[
            "rule_26_a_flipped_bit_is_refused_or_without_effect",
            "rule_26_a_damaged_row_is_named_and_verify_lists_it",
        ]),
    ),
    (
        21,
        "two processes on one database",
        "the second ends with its own code",
        Only(&[
            "a_second_writer_is_refused_with_the_holder_and_a_reader_is_not",
            "a_second_writer_on_one_database_is_refused_by_name",
        ]),
    ),
    (22, "a document of 50 MB", "over the limit it is named, the others go on", Named),
    (23, "nesting of 10,000", "quarantined, no stack overflow", Named),
    (24, "duplicate names in JSON", "quarantined", Named),
    (25, "NaN, Infinity, 1e400, ids of 20 digits", "digit for digit from source to target, or quarantined", Named),
    (
        26,
        "invalid UTF-8, half surrogate pairs, BOM, NUL, NFC and NFD",
        "quarantined or kept as they are, nothing replaced",
        And(&["refuses_what_is_not_strict_json_and_says_where"]),
    ),
    (27, "GBK bodies, wrong charset label", "decoded by header, must give the same bytes back", Named),
    (28, "gzip bomb, wrong Content-Encoding", "limit on decompressed bytes, else a fault", Named),
    (
        29,
        "a billion documents",
        "memory constant",
        NotHere("too long for a test: memory is bounded by pages and a tally of constant size; measured by benches"),
    ),
    (30, "a hot document", "coalesced, others go on", Named),
    (31, "a poisonous document first in order", "only that one waits", Named),
    (32, "a target down for days", "bounded memory, drained in order", Named),
    (33, "DNS, proxy 407, TLS expired, refused", "told apart; provably unsent", Named),
    (34, "keep-alive race", "unknown unless no byte was written; sends use fresh connections", Named),
    (35, "100-continue, 1xx (HTTP/2: not spoken)", "passed over; an answer that stays out is unknown", Named),
    (36, "configuration changed while in flight", "an attempt is settled on its own terms", Rule("rule_13_")),
    (37, "two program versions on one PostgreSQL", "", NotHere("the store is one file of one process; see row 21")),
    (38, "PostgreSQL: failover, lock timeouts, lost standby", "", NotHere("the store is redb, in process")),
    (
        39,
        "no file descriptors, OOM kill",
        "ends or goes on, invariants hold",
        And(&["kills_at_random_times_lose_nothing_and_double_nothing"]),
    ),
    (40, "restored to an old snapshot", "recognised; everything is compared before it is sent", Rule("rule_08_")),
];

/// The verdict of a row, or what is missing.
fn verdict(number: u8, proof: &Proof, tests: &[String]) -> Result<String, String> {
    let own = format!("fault_{number:02}_");
    let named = |begin: &str| tests.iter().filter(|name| name.starts_with(begin)).cloned().collect::<Vec<_>>();
    let (required, others): (Vec<String>, &[&str]) = match proof {
        Named => (named(&own), &[]),
        And(others) => (named(&own), others),
        Rule(begin) => (named(begin), &[]),
        Only(others) => (others.iter().map(|name| (*name).to_owned()).collect(), others),
        NotHere(why) => return Ok(format!("does not apply: {why}")),
    };
    if let Some(missing) = others.iter().find(|other| !tests.iter().any(|name| name == *other)) {
        return Err(format!("row {number}: there is no test `{missing}`"));
    }
    if required.is_empty() {
        return Err(format!("row {number}: there is no test `{own}…`"));
    }
    let mut proved = [required, named(&own), others.iter().map(|name| (*name).to_owned()).collect()].concat();
    proved.sort();
    proved.dedup();
    Ok(format!("proved by {}", proved.join(", ")))
}

#[test]
fn every_fault_of_the_table_is_proved_or_does_not_apply() {
    let all = test_names();
    let mut missing = Vec::new();
    for (number, fault, answer, proof) in TABLE {
        match verdict(*number, proof, &all) {
            Ok(verdict) => println!("{number:>2} | {fault} | {answer} | {verdict}"),
            Err(what) => missing.push(what),
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
    let numbers: Vec<u8> = TABLE.iter().map(|(number, ..)| *number).collect();
    assert_eq!(numbers, (1..=40).collect::<Vec<_>>());
    // A test of a number that there is not would prove nothing.
    let mut strays = BTreeMap::new();
    for name in all.iter().filter(|name| name.starts_with("fault_")) {
        let number = name.split('_').nth(1).and_then(|number| number.parse::<u8>().ok());
        if !number.is_some_and(|number| numbers.contains(&number)) {
            strays.insert(name, number);
        }
    }
    assert!(strays.is_empty(), "{strays:?}");
}
