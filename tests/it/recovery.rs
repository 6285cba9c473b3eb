//! `kill -9` of the running service at every named point and at random times; after the restart the ledger is exact.
//! `DELTAFERRY_KILLS=N` kills N times at random (default 12).

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::Duration;

use serde_json::json;

use crate::support::orders::{self, ORDERS};
use crate::support::place::{Place, SCHEME, TARGET, count, shipped, wait_for_end};
use crate::support::service::{Service, spawn};
use crate::support::systems::Systems;
use crate::support::wait::wait_until;

/// How many run at the same time, each with its own sandbox.
const AT_ONCE: usize = 4;
/// Which passes of a point kill.
const PASSES: [u32; 3] = [1, 2, 5];

/// Names of all crash points of the program.
fn points() -> Vec<String> {
    fn walk(folder: &Path, found: &mut BTreeSet<String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                let named = text.split("crash::point(\"").skip(1).filter_map(|rest| rest.split('"').next());
                found.extend(named.map(str::to_owned));
                // Points named by the kind of a commit: ("plan.before_commit", "plan.after_commit").
                let quoted =
                    text.split('"').filter(|word| word.ends_with(".before_commit") || word.ends_with(".after_commit"));
                found.extend(quoted.map(str::to_owned));
            }
        }
    }
    let mut found = BTreeSet::new();
    walk(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
    // The shipped scheme has no steps: `steps.rs` kills between those of another.
    found.retain(|point| !point.starts_with("step."));
    found.into_iter().collect()
}

/// A place with documents to create; some updates and withdrawals come later.
fn prepared() -> (Systems, Place) {
    let systems = Systems::start(90);
    // Several runs in a short life, so that late passes of points are reached.
    let place = Place::with_scheme(&systems, &shipped().replace("every: 5m", "every: 1s"));
    (systems, place)
}

/// People at the source go on working.
fn edit(systems: &Systems) {
    systems.edit(json!({ "rate": 0.15 }));
    let shipped = systems.keys("Confirmed");
    systems.set(&shipped[0], json!({ "status": "Cancelled" }));
}

/// After a restart everything stands at the target exactly once.
fn recovers(systems: &Systems, place: &Place, what: &str) {
    let service = Service::start(place);
    let before = service.status()["last_run"]["id"].as_u64().unwrap_or(0);
    wait_until(&format!("all is exact after {what}"), Duration::from_secs(120), || {
        let verdict = systems.verdict();
        verdict
            .faults
            .iter()
            .for_each(|fault| assert!(!fault.contains("twice") && !fault.contains("times"), "{what}: {fault}"));
        verdict.is_exact().then_some(())
    });
    let status = service.drained_after(before.max(1));
    systems.assert_exact();
    let verdict = systems.verdict();
    let counts = &status["targets"][0]["counts"];
    assert_eq!(counts["rejected"], 0, "{what}: {status}");
    // One effect a version at most: creates never repeat, and nothing is told again that was told.
    let again = systems.ledger().len();
    service.run_now();
    service.drained_after(status["last_run"]["id"].as_u64().unwrap());
    assert_eq!(systems.ledger().len(), again, "{what}: a quiet source sends nothing; {verdict:?}");
    assert!(service.stop().success(), "{what}");
}

/// Runs into a crash point at its n-th pass, then recovers. Whether the point was reached.
fn killed_at(point: &str, pass: u32) -> bool {
    let (systems, place) = prepared();
    let what = format!("{point}:{pass}");
    let mut child = spawn(&place, Some(&what));
    let mut looks = 0;
    let reached = wait_until(&format!("{what} kills"), Duration::from_secs(120), || {
        if child.try_wait().unwrap().is_some() {
            return Some(true);
        }
        looks += 1;
        if looks == 60 {
            edit(&systems);
        }
        if looks == 90 && point.starts_with("operate.") {
            // Several, so that late passes are reached; the service dies of one of them.
            for key in systems.keys("Confirmed").iter().take(6) {
                place.run(&["replay", SCHEME, "--target", TARGET, "--key", key]);
            }
        }
        (looks > 400).then_some(false)
    });
    if reached {
        use std::os::unix::process::ExitStatusExt;
        assert_eq!(
            child.wait().unwrap().signal(),
            Some(9),
            "{what}: {}",
            fs::read_to_string(place.path("log.txt")).unwrap()
        );
    } else {
        child.kill().unwrap();
        child.wait().unwrap();
    }
    edit(&systems);
    recovers(&systems, &place, &what);
    reached
}

/// The same while values that look-ups ask are filled in from snapshots: mirrors were captured before a scheme that
/// looks up in them.
fn killed_while_indexing(point: &str, pass: u32) -> bool {
    let systems = Systems::start(20);
    let place = orders::place(&systems);
    place.remove_scheme(ORDERS);
    place.once();
    place.write_named_scheme(ORDERS, &orders::shipped(ORDERS));
    let what = format!("{point}:{pass}");
    let mut command = place.command(&["once"]);
    command.env("DELTAFERRY_CRASH", &what);
    let reached = place.run_command(command).code == -1;
    place.once();
    systems.assert_orders_exact();
    reached
}

/// Runs jobs, a few at a time; fails with the first failure.
fn in_parallel<T: Send + Sync>(jobs: &[T], work: impl Fn(&T) + Send + Sync) {
    let next = std::sync::atomic::AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(job) = jobs.get(next.fetch_add(1, std::sync::atomic::Ordering::Relaxed)) {
                    work(job);
                }
            });
        }
    });
}

#[test]
fn a_kill_at_any_point_loses_nothing_and_doubles_nothing() {
    let points = points();
    assert!(points.len() >= 12, "{points:?}");
    let jobs: Vec<(&String, u32)> = PASSES.iter().flat_map(|pass| points.iter().map(move |p| (p, *pass))).collect();
    let reached = std::sync::Mutex::new(BTreeSet::new());
    in_parallel(&jobs, |(point, pass)| {
        let kill = if point.starts_with("index.") { killed_while_indexing } else { killed_at };
        if kill(point, *pass) {
            reached.lock().unwrap().insert((*point).clone());
        }
    });
    let reached = reached.into_inner().unwrap();
    let never: Vec<&String> = points.iter().filter(|point| !reached.contains(*point)).collect();
    assert!(never.is_empty(), "never reached, so never tested: {never:?}");
}

#[test]
fn a_kill_between_send_and_answer_is_settled_by_asking() {
    let (systems, place) = prepared();
    systems.fault(json!({ "system": "kingdee", "call": "batchSave", "fault": "timeout_after", "nth": 2 }));
    let service = Service::start(&place);
    let mut looks = 0;
    wait_until("a batch was saved whose answer does not come", Duration::from_secs(120), || {
        let delivered = count(&service.status(), "delivered");
        looks = if systems.effects().len() as u64 > delivered { looks + 1 } else { 0 };
        (looks > 30).then_some(())
    });
    service.kill();
    recovers(&systems, &place, "a kill before the answer");
    let told: Vec<String> = systems.keys("Confirmed").iter().map(|key| place.explain(key, "en")).collect();
    assert!(told.iter().any(|text| text.contains("found at the target as sent")), "{told:#?}");
}

#[test]
fn kills_at_random_times_lose_nothing_and_double_nothing() {
    let kills: u64 = std::env::var("DELTAFERRY_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(12);
    let rounds: Vec<u64> = (0..4).collect();
    in_parallel(&rounds, |round| {
        let (systems, place) = prepared();
        systems.switch("kingdee.latency", "30ms");
        let mut random = fastrand::Rng::with_seed(*round);
        for _ in 0..kills.div_ceil(4) {
            let mut child = spawn(&place, None);
            let mut looks = random.u32(5..60);
            wait_until("a random time has passed", Duration::from_secs(120), || {
                looks -= 1;
                (looks == 0).then_some(())
            });
            child.kill().unwrap();
            wait_for_end(&mut child, Duration::from_secs(10));
            edit(&systems);
        }
        systems.switch("kingdee.latency", "0ms");
        recovers(&systems, &place, &format!("random kills, seed {round}"));
    });
}
