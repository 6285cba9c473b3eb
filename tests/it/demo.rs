//! The first thing a newcomer types.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use serde_json::{Value, json};

use crate::support::place::Place;
use crate::support::systems::Systems;

#[test]
fn demo_once_delivers_everything_prints_the_verdict_and_ends() {
    let systems = Systems::start(0);
    let place = Place::new(&systems);
    let output = place.done(&["demo", "--once", "--documents", "120"]);
    for part in [
        "first run",
        "second run",
        "third run",
        "ledger",
        "exactly once and newest",
        "every shipment stands in 金蝶云星空",
    ] {
        assert!(output.out.contains(part), "`{part}` in {}", output.out);
    }
    assert!(output.out.contains("sent: 0"), "the second run sends nothing: {}", output.out);
    assert!(!place.path("data").exists(), "the demo leaves nothing where it was started");
}

#[test]
fn demo_and_sandbox_print_what_can_be_read_by_programs() {
    let systems = Systems::start(0);
    let place = Place::new(&systems);
    let told = place.done(&["demo", "--once", "--documents", "20", "--json"]).json();
    assert_eq!((&told["exact"], &told["rounds"][1]["sent"]), (&json!(true), &json!(0)), "{told}");
    let mut sandbox = place
        .command(&["sandbox", "--port", "0", "--documents", "1", "--json"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(sandbox.stdout.take().unwrap()).read_line(&mut line).unwrap();
    sandbox.kill().unwrap();
    sandbox.wait().unwrap();
    let told: Value = serde_json::from_str(&line).unwrap();
    assert!(told["systems"]["kingdee"].as_str().unwrap().starts_with("http://127.0.0.1:"), "{told}");
    assert!(told["control"].is_string() && told["credentials"]["okki"].is_string(), "{told}");
}

#[test]
fn shipped_schemes_are_listed_and_copied_but_never_over_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let run = |args: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_deltaferry"));
        command.current_dir(folder.path()).args(args).output().unwrap()
    };
    let listed = run(&["schemes", "list"]);
    assert!(String::from_utf8_lossy(&listed.stdout).contains("jushuitan-shipment-to-kingdee"));
    assert_eq!(run(&["schemes", "copy", "jushuitan-shipment-to-kingdee"]).status.code(), Some(0));
    assert!(folder.path().join("schemes/jushuitan-shipment-to-kingdee.yaml").is_file());
    assert_eq!(run(&["schemes", "copy", "jushuitan-shipment-to-kingdee"]).status.code(), Some(1));
    assert_eq!(run(&["schemes", "copy", "nothing"]).status.code(), Some(2));
}
