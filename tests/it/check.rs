//! Broken configurations: every fault with its position, all at once, exit 2, nothing touched.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::place::Place;
use crate::support::systems::Systems;

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let place = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &place);
        } else {
            fs::copy(&path, &place).unwrap();
        }
    }
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.sort();
    found
}

/// Exit code and lines of standard error of a verb on a copy of a configuration, and what lies in the copy after it.
fn run(case: &Path, verb: &str) -> (Option<i32>, Vec<String>, Vec<PathBuf>) {
    let folder = tempfile::tempdir().unwrap();
    copy(case, folder.path());
    let mut command = Command::new(env!("CARGO_BIN_EXE_deltaferry"));
    let output = command.current_dir(folder.path()).arg(verb).output().unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    let lines = err.lines().map(|line| line.trim_start_matches("./").to_owned()).collect();
    let left = entries(folder.path()).iter().map(|path| path.strip_prefix(folder.path()).unwrap().to_owned()).collect();
    (output.status.code(), lines, left)
}

#[test]
fn each_broken_configuration_is_told_whole_with_positions() {
    let cases = entries(&data("broken"));
    assert!(cases.len() >= 10);
    let mut wrong = Vec::new();
    for case in &cases {
        let expected = fs::read_to_string(case.join("expected.txt")).unwrap();
        let expected: Vec<&str> = expected.lines().collect();
        let before: Vec<_> = entries(case).iter().map(|path| path.strip_prefix(case).unwrap().to_owned()).collect();
        for verb in ["check", "run", "once"] {
            let (code, mut told, left) = run(case, verb);
            let summary = told.pop().unwrap_or_default();
            let name = format!("{} {verb}", case.file_name().unwrap().to_string_lossy());
            if code != Some(2) || told != expected || !summary.contains("nothing was touched") {
                wrong.push(format!("{name}: exit {code:?}, {told:#?} instead of {expected:#?}"));
            }
            assert_eq!(left, before, "{name}: nothing is made");
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_good_configuration_passes_and_nothing_is_made() {
    let (code, told, left) = run(&data("ok"), "check");
    assert_eq!((code, told), (Some(0), Vec::new()));
    assert!(!left.iter().any(|path| path.ends_with("data")), "{left:?}");
}

#[test]
fn faults_are_told_as_json_too() {
    let case = entries(&data("broken")).remove(0);
    let folder = tempfile::tempdir().unwrap();
    copy(&case, folder.path());
    let mut command = Command::new(env!("CARGO_BIN_EXE_deltaferry"));
    let output = command.current_dir(folder.path()).args(["check", "--json"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let told: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let expected = fs::read_to_string(case.join("expected.txt")).unwrap();
    let faults = told["faults"].as_array().unwrap();
    assert_eq!(faults.len(), expected.lines().count());
    for fault in faults {
        assert!(fault["line"].as_u64().is_some() && fault["message"].as_str().is_some(), "{fault}");
    }
}

#[test]
fn the_shipped_schemes_pass_and_the_systems_answer() {
    let systems = Systems::start(30);
    let place = Place::new(&systems);
    place.done(&["check"]);
    let online = place.done(&["check", "--online"]).out;
    assert!(online.contains("jst") && online.contains("erp"), "{online}");
    assert!(!place.path("data").exists());
    let told = place.done(&["check", "--online", "--json"]).json();
    assert!(told["systems"].as_array().unwrap().iter().all(|one| one["error"].is_null()), "{told}");
    assert!(told["sources"][0]["documents"].is_u64(), "{told}");
    systems.switch("ip_list", "deny");
    let told = place.run(&["check", "--online", "--json"]).ended(1).json();
    assert!(told["systems"].to_string().contains("白名单"), "{told}");
    let refused = place.run(&["check", "--online"]).ended(1);
    assert!(refused.out.contains("白名单"), "{}", refused.out);
}

#[test]
fn wrong_usage_ends_with_2() {
    let systems = Systems::start(1);
    let place = Place::new(&systems);
    for args in
        [&["once", "--wait", "soon"][..], &["once", "no-such-scheme"], &["nonsense"], &["check", "no-such-scheme"]]
    {
        place.run(args).ended(2);
    }
    assert!(!place.path("data").exists(), "wrong usage touches nothing");
}

#[test]
fn who_stops_reading_what_is_printed_ends_the_program_without_a_word() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = Command::new(env!("CARGO_BIN_EXE_deltaferry"));
    let output = command.args(["schemes", "list"]).stdout(writer).output().unwrap();
    assert!(!output.status.success());
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
}
