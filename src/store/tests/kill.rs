//! The process is killed at each crash point of the store: a child runs a script until it dies, and what it was
//! answered is there.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::process::Command;

use super::random::{SCHEMES, TARGETS};
use super::samples::{Given, created, deliver, give, row, step, time, write};
use crate::reason::State;
use crate::store::model::ModelStore;
use crate::store::{CaptureCommit, DeliveryCommit, RedbOptions, RedbStore, Step, Store, Trim};

const POINTS: [&str; 16] = [
    "capture.before_first_write",
    "capture.between_snapshot_and_change",
    "capture.before_commit",
    "capture.after_commit",
    "plan.before_commit",
    "plan.after_commit",
    "claim.before_commit",
    "claim.after_commit",
    "settle.before_commit",
    "settle.after_commit",
    "operate.before_commit",
    "operate.after_commit",
    "trim.before_commit",
    "trim.after_commit",
    "store.commit.before",
    "store.commit.after",
];

/// Where the child finds its database; without it there is nothing to do.
const FOLDER: &str = "DELTAFERRY_TEST_FOLDER";

/// Each kind of command twice.
fn script() -> Vec<Given> {
    let (scheme, target) = (SCHEMES[0], TARGETS[0]);
    let steps = [Step::Plan, Step::Claim, Step::Settle, Step::Operate];
    let mut script = Vec::new();
    for round in 0_u8..2 {
        let (base, from) = (u64::from(round), i64::from(round));
        script.push(Given::Capture(CaptureCommit {
            progress: step((round > 0).then_some(from), from + 1),
            ..created(scheme, &[&format!("a{round}"), &format!("b{round}")])
        }));
        for (i, step) in steps.into_iter().enumerate() {
            // Four steps and the cut below make five revisions.
            let rev = base * 5 + i as u64;
            let writes = vec![write("a0", rev, row(State::ALL[i], Some(from)))];
            let position = (step == Step::Plan).then_some((base, base + 1));
            script.push(Given::Deliver(DeliveryCommit { step, position, ..deliver(scheme, target, writes) }));
        }
        script.push(Given::CutDue(scheme, target, time(-1), 1));
        // What was captured above, and nothing else, is older.
        script.push(Given::Trim(Trim {
            scheme: scheme.to_owned(),
            versions: 20,
            before_history: time(61),
            before_runs: time(0),
            after: None,
            limit: 10,
        }));
        script.push(Given::Paused(scheme, Some(round.to_string())));
    }
    script
}

#[test]
#[ignore = "run by the other test, in a process of its own"]
fn child() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let folder = Path::new(&folder);
    let store = RedbStore::open(&folder.join("deltaferry.redb"), &RedbOptions::default()).unwrap();
    let mut answers = OpenOptions::new().create(true).append(true).open(folder.join("answers")).unwrap();
    for command in script() {
        give(&store, &command)().unwrap();
        answers.write_all(b"x").unwrap();
    }
}

#[cfg(unix)]
#[test]
fn a_process_killed_at_any_crash_point_has_lost_nothing_it_was_answered() {
    use std::os::unix::process::ExitStatusExt;
    let model = ModelStore::new();
    let mut states = vec![model.dump().unwrap()];
    for command in script() {
        give(&model, &command)().unwrap();
        states.push(model.dump().unwrap());
    }
    assert!(states.is_sorted_by(|a, b| a != b), "a command without effect proves nothing");
    for point in POINTS {
        for pass in 1..=2 {
            let folder = tempfile::tempdir().unwrap();
            let status = Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "store::tests::kill::child", "--ignored"])
                .env(FOLDER, folder.path())
                .env("DELTAFERRY_CRASH", format!("{point}:{pass}"))
                .output()
                .unwrap()
                .status;
            let context = format!("{point}, pass {pass}");
            assert_eq!(status.signal(), Some(9), "{context}: was not killed");
            let answered = fs::read(folder.path().join("answers")).map_or(0, |answers| answers.len());
            let path = folder.path().join("deltaferry.redb");
            let store = RedbStore::open(&path, &RedbOptions::default()).unwrap();
            let dump = store.dump().unwrap();
            let at = states.iter().rposition(|state| *state == dump);
            let at = at.unwrap_or_else(|| panic!("{context}: stands between two commands:\n{dump}"));
            let committed = usize::from(point.contains("after"));
            assert_eq!(at, answered + committed, "{context}");
        }
    }
}
