//! The first thing a newcomer types.

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
