//! `kill -9` of the running service at every named point and at random times, with both shipped schemes; after the
//! restart the ledger is exact and the invariants hold. `DELTAFERRY_KILLS=N` kills N times at random (default 12);
//! `DELTAFERRY_POINTS=send.` kills at the points only whose names begin so.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::process::Child;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use deltaferry::crash::{POINTS, VARIABLE};
use serde_json::json;

use crate::support::flow::{Bench, DEPARTMENTS, Flow};
use crate::support::orders::{self, ORDERS};
use crate::support::place::{count, wait_for_end};
use crate::support::service::{Service, signal};
use crate::support::wait::wait_until;
use crate::sweeps::killed_while_sweeping;

/// How many run at the same time, each with its own sandbox.
const AT_ONCE: usize = 4;
/// Documents of each system.
const DOCUMENTS: u64 = 24;
/// Looks at a process, 15 ms apart, until a point counts as not reached.
const MOST_LOOKS: u32 = 1200;

/// So many looks a department stands in OKKI before it is taken away.
const DEPARTMENT: u32 = 100;

/// Points that a scheme does not come to, each with why.
const NOT_REACHED: &[(Flow, &str, &str)] = &[
    (Flow::Shipments, "capture.detail_received", "shipments are listed whole"),
    (Flow::Shipments, "lookup.parked", "it looks nothing up in a mirror"),
    (Flow::Shipments, "lookup.woken", "it looks nothing up in a mirror"),
    (Flow::Shipments, "index.before_commit", "nothing looks its snapshots up"),
    (Flow::Shipments, "index.after_commit", "nothing looks its snapshots up"),
    (Flow::Shipments, "writeback.queued", "it writes nothing back"),
    (Flow::Shipments, "delivery.begun_anew", "no target moves"),
    (Flow::Orders, "delivery.begun_anew", "no target moves"),
    (Flow::Shipments, "delivery.restore_marked", "no backup is restored"),
    (Flow::Orders, "delivery.restore_marked", "no backup is restored"),
];

/// Which passes of a point kill: of what happens once in a life the first, else also a later one.
fn passes(point: &str) -> &'static [u32] {
    let once =
        ["store.create", "stop.", "recover.", "token.", "index.", "operate.", "lookup.", "doubt.a", "send.body_sent"];
    if once.iter().any(|begin| point.starts_with(begin)) { &[1] } else { &[1, 3] }
}

/// Makes the systems so that the point is come to.
fn prepare(bench: &Bench, point: &str) {
    match point {
        "doubt.absent" => bench.fault("reset_before", 1, 1),
        point if point.starts_with("doubt.") => bench.fault("reset_after", 1, 3),
        "send.body_sent" => bench.fault("timeout_after", 1, 5),
        // The mirrors are read more slowly than the orders that look up in them, for some time.
        point if point.starts_with("lookup.") => bench.systems.switch("okki.latency", "1s"),
        _ => {}
    }
}

/// What somebody has to do at a look for the point to be come to, beside the source's edits.
fn help(bench: &Bench, child: &Child, point: &str, looks: u32) {
    if looks % 60 == 30 {
        bench.edit();
    }
    if looks == 300 && point.starts_with("lookup.") {
        bench.systems.switch("okki.latency", "0ms");
    }
    if point.starts_with("sweep.") && looks.is_multiple_of(DEPARTMENT) {
        // Each stays long enough to be met, and goes for good.
        bench.department(looks / DEPARTMENT, false);
        bench.department(looks / DEPARTMENT - 1, true);
    }
    if looks % 60 != 59 {
        return;
    }
    if point.starts_with("stop.") && !bench.told().is_empty() {
        signal(child, rustix::process::Signal::TERM);
    }
    if point.starts_with("operate.") {
        let told = bench.told();
        let keys: Vec<&str> = told.iter().take(2).flat_map(|key| ["--key", key]).collect();
        if !keys.is_empty() {
            bench.place.run(&[&["replay", bench.scheme(), "--target", bench.target()], keys.as_slice()].concat());
        }
    }
}

/// Runs the service into a crash point at its n-th pass. Whether it was reached.
fn dies_at(bench: &Bench, point: &str, what: &str) -> bool {
    let mut child = bench.spawn(Some(what));
    let mut looks = 0;
    let reached = wait_until(&format!("{what} kills"), Duration::from_secs(120), || {
        if child.try_wait().unwrap().is_some() {
            return Some(true);
        }
        looks += 1;
        help(bench, &child, point, looks);
        (looks > MOST_LOOKS).then_some(false)
    });
    if !reached {
        child.kill().unwrap();
    }
    let status = child.wait().unwrap();
    let log = || fs::read_to_string(bench.place.path("log.txt")).unwrap();
    assert_eq!(status.signal(), Some(9), "{what} {:?}: {}", bench.flow, log());
    reached
}

/// Killed at a point's pass, then recovered. Whether the point was reached.
fn killed_at(flow: Flow, point: &str, pass: u32) -> bool {
    let bench = Bench::new(flow, DOCUMENTS);
    let what = format!("{point}:{pass}");
    prepare(&bench, point);
    if point.starts_with("recover.") {
        // Killed with attempts under way, and killed again while they are taken over.
        assert!(dies_at(&bench, "delivery.claimed", "delivery.claimed:2"), "{flow:?}");
        bench.assert_invariants(&what);
    }
    let reached = dies_at(&bench, point, &what);
    bench.systems.order("/faults/clear", &json!({}));
    bench.systems.switch("okki.latency", "0ms");
    bench.edit();
    bench.recovers(&format!("{what} {flow:?}"));
    reached
}

/// Killed while sales orders are swept and departments come and go at OKKI, whose mirror is swept by each of its runs.
fn killed_while_sweeping_orders(point: &str, pass: u32) -> bool {
    let bench = Bench::swept_orders(DOCUMENTS);
    let what = format!("{point}:{pass}");
    let reached = dies_at(&bench, point, &what);
    (0..=MOST_LOOKS / DEPARTMENT).for_each(|number| bench.department(number, true));
    bench.edit();
    bench.recovers(&format!("{what} orders"));
    // Gone is what two reads in a row have missed.
    bench.place.once();
    bench.place.once();
    let status = bench.place.done(&["status", DEPARTMENTS, "--json"]).json()["schemes"][0].take();
    assert_eq!(status["documents"], status["last_run"]["documents"], "known is what OKKI shows, {what}: {status}");
    reached
}

/// The same while values that look-ups ask are filled in from snapshots: mirrors were captured before a scheme that
/// looks up in them.
fn killed_while_indexing(point: &str, pass: u32) -> bool {
    let bench = Bench::new(Flow::Orders, DOCUMENTS);
    bench.place.remove_scheme(ORDERS);
    bench.place.once();
    bench.place.write_named_scheme(ORDERS, &orders::shipped(ORDERS).replace("{ every: 5m }", "{ every: 1s }"));
    let what = format!("{point}:{pass}");
    let mut command = bench.place.command(&["once"]);
    command.env(VARIABLE, &what);
    let reached = bench.place.run_command(command).code == -1;
    bench.recovers(&what);
    reached
}

/// Runs jobs, a few at a time; fails with the first failure.
fn in_parallel<T: Send + Sync>(jobs: &[T], work: impl Fn(&T) + Send + Sync) {
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(job) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    work(job);
                }
            });
        }
    });
}

/// Every point that this scheme comes to, killed at, and recovered from.
fn every_point(flow: Flow) {
    // The verbs of `db` and the forgetting of history have kills of their own among the store's tests.
    let excused = |point: &str| {
        point.starts_with("db.")
            || point.starts_with("trim.")
            || point.starts_with("step.")
            || NOT_REACHED.iter().any(|(of, name, _)| (*of, *name) == (flow, point))
    };
    let chosen = std::env::var("DELTAFERRY_POINTS").unwrap_or_default();
    let points = POINTS.iter().map(|(name, _, _)| *name).filter(|name| name.starts_with(&chosen) && !excused(name));
    let jobs: Vec<(&str, u32)> =
        points.flat_map(|point| passes(point).iter().map(move |pass| (point, *pass))).collect();
    let missed = Mutex::new(Vec::new());
    in_parallel(&jobs, |(point, pass)| {
        let reached = match point.split('.').next() {
            Some("index") => killed_while_indexing(point, *pass),
            Some("sweep") if flow == Flow::Orders => killed_while_sweeping_orders(point, *pass),
            Some("sweep") => killed_while_sweeping(point, *pass),
            _ => killed_at(flow, point, *pass),
        };
        println!("{flow:?} {point}:{pass} {}", if reached { "killed" } else { "NOT REACHED" });
        if !reached {
            missed.lock().unwrap().push(format!("{point}:{pass}"));
        }
    });
    println!("{flow:?}: killed {} times", jobs.len());
    let missed = missed.into_inner().unwrap();
    assert!(missed.is_empty(), "{flow:?}: never reached, so never tested: {missed:?}");
}

#[test]
fn a_kill_at_any_point_loses_no_shipment_and_doubles_none() {
    every_point(Flow::Shipments);
}

#[test]
fn a_kill_at_any_point_loses_no_order_and_doubles_none() {
    every_point(Flow::Orders);
}

#[test]
fn a_kill_between_send_and_answer_is_settled_by_asking() {
    let bench = Bench::new(Flow::Shipments, 90);
    bench.fault("timeout_after", 2, 1);
    let service = Service::start(&bench.place);
    let mut looks = 0;
    wait_until("a batch was saved whose answer does not come", Duration::from_secs(120), || {
        let delivered = count(&service.status(), "delivered");
        looks = if bench.systems.effects().len() as u64 > delivered { looks + 1 } else { 0 };
        (looks > 30).then_some(())
    });
    service.kill();
    bench.recovers("a kill before the answer");
    let told: Vec<String> = bench.systems.keys("Confirmed").iter().map(|key| bench.place.explain(key, "en")).collect();
    assert!(told.iter().any(|text| text.contains("found at the target as sent")), "{told:#?}");
}

#[test]
fn kills_at_random_times_lose_nothing_and_double_nothing() {
    let kills: u64 = std::env::var("DELTAFERRY_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(12);
    let rounds: Vec<u64> = (0..4).collect();
    in_parallel(&rounds, |round| {
        let bench = Bench::new(if round % 2 == 0 { Flow::Shipments } else { Flow::Orders }, 60);
        let (system, _) = bench.writing();
        bench.systems.switch(&format!("{system}.latency"), "30ms");
        let mut random = fastrand::Rng::with_seed(*round);
        for _ in 0..kills.div_ceil(4) {
            let mut child = bench.spawn(None);
            let mut looks = random.u32(5..60);
            wait_until("a random time has passed", Duration::from_secs(120), || {
                looks -= 1;
                (looks == 0).then_some(())
            });
            child.kill().unwrap();
            wait_for_end(&mut child, Duration::from_secs(10));
            bench.assert_invariants("a kill at random");
            bench.edit();
        }
        bench.systems.switch(&format!("{system}.latency"), "0ms");
        bench.recovers(&format!("random kills, seed {round}"));
    });
}

#[test]
fn a_short_torture_finds_nothing_lost_doubled_or_disordered() {
    let bench = Bench::new(Flow::Shipments, 1);
    let ended = bench.place.run(&["torture", "--seed", "3", "--minutes", "0.3", "--documents", "40", "--json"]);
    assert_eq!(ended.code, 0, "{}{}", ended.out, ended.err);
    let report = ended.json();
    let figures = &report["figures"];
    for figure in ["kills", "changes", "delivered"] {
        assert!(figures[figure].as_u64().unwrap() > 0, "{report}");
    }
    assert_eq!(report["faults"], json!([]));
}
