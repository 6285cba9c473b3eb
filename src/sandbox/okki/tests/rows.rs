//! The rules of product rows (protocols/okki.md 5.3).

use serde_json::{Value, json};

use super::support::{Bench, anchored, order, row, with};

/// An order `A` of three rows, two of them of one product; its rows' ids.
fn three(bench: &Bench) -> Vec<Value> {
    let rows = vec![row(0, "1", "10", "10"), row(0, "2", "9.50", "19.00"), row(1, "3", "1", "3")];
    let data = bench.pushed(&order("A", rows));
    data["product_list"].as_array().unwrap().iter().map(|row| row["unique_id"].clone()).collect()
}

fn edit(bench: &Bench, rows: Vec<Value>) -> Vec<String> {
    bench.pushed(&order("A", rows));
    bench.rows("A")
}

#[test]
fn a_create_keeps_rows_of_one_product_apart() {
    let bench = Bench::new();
    three(&bench);
    assert_eq!(bench.rows("A"), ["1 A001-RED-M 1 10 10", "2 A001-RED-M 2 9.5 19", "3 A001-RED-L 3 1 3"]);
}

#[test]
fn rows_without_a_product_and_sku_of_the_library_vanish_silently() {
    let bench = Bench::new();
    let other = |change: Value| with(row(0, "1", "1", "1"), change);
    let rows = vec![
        other(json!({ "sku_id": null })),
        other(json!({ "product_id": 5 })),
        other(json!({ "sku_id": 5_495_743_822_u64 })),
        other(json!({ "product_id": "" })),
        json!("x"),
        row(2, "1", "1", "1"),
    ];
    let data = bench.pushed(&order("A", rows));
    assert_eq!(data["product_list"].as_array().unwrap().len(), 1);
    assert_eq!(bench.rows("A"), ["1 A001-WHT-M 1 1 1"]);
}

#[test]
fn an_edit_collapses_rows_that_are_not_anchored() {
    for (switches, rows) in [
        (&[][..], ["1 A001-RED-M 6 1 6", "2 A001-RED-M 2 9.5 19", "3 A001-RED-L 3 1 3"].as_slice()),
        (&[("duplicate_rows", "first")], &["1 A001-RED-M 5 1 5", "2 A001-RED-M 2 9.5 19", "3 A001-RED-L 3 1 3"]),
        (
            &[("unanchored_row", "appends")],
            &["1 A001-RED-M 1 10 10", "2 A001-RED-M 2 9.5 19", "3 A001-RED-L 3 1 3", "4 A001-RED-M 6 1 6"],
        ),
        (&[("omitted_rows", "replaced")], &["1 A001-RED-M 6 1 6"]),
    ] {
        let bench = Bench::with(switches);
        three(&bench);
        assert_eq!(edit(&bench, vec![row(0, "5", "1", "5"), row(0, "6", "1", "6")]), rows, "{switches:?}");
    }
}

#[test]
fn anchored_rows_are_changed_removed_and_joined_by_new_ones() {
    let bench = Bench::new();
    let ids = three(&bench);
    let rows = vec![
        anchored(&ids[0], row(0, "4", "10", "40")),
        anchored(&json!(ids[1].to_string()), with(row(0, "", "", ""), json!({ "remove": 1 }))),
        row(0, "7", "1", "7"),
    ];
    let expected = ["1 A001-RED-M 4 10 40", "3 A001-RED-L 3 1 3", "4 A001-RED-M 7 1 7"];
    assert_eq!(edit(&bench, rows), expected, "a new row is none of the anchored ones, an omitted one stays");
    let rows = vec![anchored(&ids[1], row(0, "9", "9", "9")), with(row(1, "", "", ""), json!({ "remove": 1 }))];
    assert_eq!(edit(&bench, rows), expected, "removed rows are foreign, nothing is removed without its id");
}

#[test]
fn a_row_sent_twice_is_what_was_sent_last() {
    let bench = Bench::new();
    let ids = three(&bench);
    let rows = vec![anchored(&ids[2], row(1, "8", "8", "64")), anchored(&ids[2], row(2, "9", "1", "9"))];
    assert_eq!(edit(&bench, rows)[2], "3 A001-WHT-M 9 1 9");
}

#[test]
fn amounts_that_are_not_sent_become_zero_again() {
    let bench = Bench::new();
    let ids = three(&bench);
    let bare = with(row(1, "3", "1", ""), json!({ "cost_amount": null, "5094664372731": "note", "unit": "箱" }));
    assert_eq!(edit(&bench, vec![anchored(&ids[2], bare)])[2], "3 A001-RED-L 3 1 0");
    let info = bench.info("A");
    assert_eq!(
        (&info["product_list"][2]["5094664372731"], &info["product_list"][2]["unit"]),
        (&json!("note"), &json!("箱"))
    );
    assert_eq!(info["amount"].to_string(), "29");
}

#[test]
fn a_row_of_another_order_is_ignored_or_refused() {
    let bench = Bench::new();
    let ids = three(&bench);
    let foreign = anchored(&ids[0], row(0, "1", "1", "1"));
    let data = bench.pushed(&order("B", vec![foreign.clone()]));
    assert_eq!(data["product_list"], json!([]));
    bench.switch("foreign_row", "404");
    assert_eq!(bench.push(&order("B", vec![foreign.clone()])), "404 Not Found Resource");
    assert_eq!(bench.push(&order("C", vec![foreign])), "404 Not Found Resource");
}

#[test]
fn decimals_are_kept_or_rounded() {
    for (digits, expected) in [("kept", "1 A001-RED-M 1.23456 0.12345678 0.15"), ("2", "1 A001-RED-M 1.23 0.12 0.15")] {
        let bench = Bench::with(&[("decimals", digits)]);
        bench.pushed(&order("A", vec![row(0, "1.23456", "0.12345678", "0.150")]));
        assert_eq!(bench.rows("A"), [expected]);
    }
}

#[test]
fn the_answer_lists_the_rows_as_its_switches_say() {
    let bench = Bench::new();
    let ids = three(&bench);
    let told = || {
        let data = bench.pushed(&order("A", vec![anchored(&ids[1], row(0, "1", "1", "1")), row(5, "1", "1", "1")]));
        data["product_list"].as_array().unwrap().iter().map(|r| r["product_no"].as_str().unwrap().to_owned()).collect()
    };
    let all: Vec<String> = told();
    assert_eq!(all, ["A001-RED-M", "A001-RED-M", "A001-RED-L", "B010-30"]);
    bench.switch("answer_rows", "sent");
    bench.switch("answer_order", "reversed");
    let sent: Vec<String> = told();
    assert_eq!(sent, ["B010-30", "A001-RED-M"]);
}
