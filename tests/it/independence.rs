//! What goes wrong at one scheme, one target or one document delays no other.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use deltaferry::clock::{Clock, print_duration};
use deltaferry::config::Retention;
use deltaferry::engine::{OnceOptions, once, serve};
use deltaferry::reason::State;
use deltaferry::store::Store;
use deltaferry::store::model::ModelStore;
use serde_json::json;

use crate::support::clock::SimClock;
use crate::support::place::{Place, SCHEME, shipped};
use crate::support::scripted::process_of;
use crate::support::service::Service;
use crate::support::systems::Systems;
use crate::support::wait::wait_until;
use crate::support::world::{Faults, World};

fn scheme(source: &str, target: &str) -> String {
    format!(
        "title: t\nschedule: {{ every: 5m }}\n\
         source: {{ system: {source}, call: list, key: $.id, number: $.no, time: $.modified, start: 1d, window: 6h }}\n\
         initial: send\ndiff: {{ ignore: [$.modified], lists: {{ \"$.lines\": $.line }} }}\ntargets:\n{target}"
    )
}

fn target(name: &str, system: &str) -> String {
    format!(
        "  {name}:\n    system: {system}\n    call: save\n    identity: {{ number: no }}\n    \
         retry: {{ attempts: 50, from: 1s, to: 1m }}\n    mapping:\n      no: $.no\n      rev: $.rev\n      \
         lines: {{ $each: \"$.lines[*]\", $key: \"@.line\", line: \"@.line\" }}\n"
    )
}

/// Systems without faults that hold some documents.
async fn worlds<const N: usize>(
    names: [&'static str; N],
    clock: &Arc<dyn Clock>,
) -> Vec<(&'static str, Arc<Mutex<World>>)> {
    let mut worlds = Vec::new();
    for (seed, name) in names.into_iter().enumerate() {
        let mut world = World::new(seed as u64);
        world.faults = Faults::NONE;
        for _ in 0..20 {
            world.edit(clock.now());
        }
        worlds.push((name, Arc::new(Mutex::new(world))));
    }
    // What was stamped last lies before the first scan's end.
    clock.sleep(Duration::from_secs(3_600)).await;
    worlds
}

fn simulated<F: Future<Output = ()>>(run: impl FnOnce(Arc<dyn Clock>, Arc<dyn Store>) -> F) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async { run(Arc::new(SimClock::new()), Arc::new(ModelStore::new())).await });
}

fn delivered(store: &dyn Store, scheme: &str, target: &str) -> u64 {
    store.counts(scheme, target).unwrap().get(&State::Delivered).copied().unwrap_or(0)
}

#[test]
fn a_scheme_whose_source_is_down_delays_no_other_in_once_and_in_run() {
    simulated(|clock, store| async move {
        let worlds = worlds(["good", "bad", "erp"], &clock).await;
        worlds[1].1.lock().unwrap().faults.read = 100;
        let schemes = [("a", scheme("bad", &target("t", "erp"))), ("b", scheme("good", &target("t", "erp")))];
        let schemes: Vec<(&str, &str)> = schemes.iter().map(|(id, text)| (*id, text.as_str())).collect();
        let engine = process_of(&schemes, (&worlds, &clock), Arc::clone(&store), 2);
        engine.prepare().await.unwrap();
        let options = OnceOptions { wait: Duration::from_secs(60), progress: Arc::new(|_, _, _| {}) };
        let results = once(&engine, engine.units.clone(), options).await.unwrap();
        assert!(results.iter().any(|(id, result)| id == "a" && result.is_err()));
        let documents = worlds[0].1.lock().unwrap().source.len() as u64;
        assert!(documents > 5);
        assert_eq!(delivered(&*store, "b", "t"), documents);

        for _ in 0..5 {
            worlds[0].1.lock().unwrap().edit(clock.now());
        }
        let before = clock.now();
        let end = async {
            clock.sleep(Duration::from_secs(1200)).await;
            engine.stop.cancel();
        };
        tokio::join!(serve(&engine, Retention::default()), end);
        let changes = store.changes("b", 0, usize::MAX).unwrap();
        assert!(changes.last().unwrap().at >= before);
        let newest = worlds[0].1.lock().unwrap().source.len() as u64;
        assert_eq!(delivered(&*store, "b", "t"), newest);
    });
}

#[test]
fn a_slow_target_and_a_target_that_is_down_delay_no_other_target() {
    simulated(|clock, store| async move {
        let worlds = worlds(["src", "quick", "slow", "down"], &clock).await;
        worlds[2].1.lock().unwrap().slow = Duration::from_secs(3_000);
        worlds[3].1.lock().unwrap().faults.unreachable = 100;
        let targets = ["down", "slow", "quick"].map(|name| target(name, name)).concat();
        let text = scheme("src", &targets);
        let engine = process_of(&[("s", &text)], (&worlds, &clock), Arc::clone(&store), 2);
        engine.prepare().await.unwrap();
        let begun = clock.now();
        let documents = worlds[0].1.lock().unwrap().source.len() as u64;
        let watch = async {
            while delivered(&*store, "s", "quick") < documents {
                clock.sleep(Duration::from_secs(1)).await;
                let took = clock.now().since(begun);
                assert!(took < Duration::from_secs(300), "the quick target waited {}", print_duration(took));
            }
            assert_eq!((delivered(&*store, "s", "slow"), delivered(&*store, "s", "down")), (0, 0));
            let worker = engine.units[0].workers.iter().find(|worker| worker.plan().name == "down").unwrap();
            assert!(worker.opened().is_some());
            worlds[3].1.lock().unwrap().faults.unreachable = 0;
            clock.sleep(Duration::from_secs(48 * 3_600)).await;
            engine.stop.cancel();
        };
        tokio::join!(serve(&engine, Retention::default()), watch);
        assert_eq!((delivered(&*store, "s", "slow"), delivered(&*store, "s", "down")), (documents, documents));
    });
}

#[test]
fn a_scheme_file_that_is_broken_is_named_and_left_out_and_the_others_run() {
    let systems = Systems::start(20);
    let place = Place::new(&systems);
    place.write_named_scheme("broken", &shipped().replace("call: batchSave", "call: batchsafe"));
    let output = place.run(&["once"]).ended(2);
    for part in ["broken.yaml:", "batchsafe", "the others go on"] {
        assert!(output.err.contains(part), "`{part}` in {}", output.err);
    }
    systems.assert_exact();
    // What is sound can be named; what is broken can't.
    place.run(&["once", SCHEME]).ended(0);
    place.run(&["once", "broken"]).ended(2);
    let status = place.run(&["status"]).ended(0);
    assert!(status.out.contains(SCHEME), "{}", status.out);
    let key = &systems.keys("Confirmed")[0];
    // What can't be read hides nothing either.
    place.write_named_scheme("unread", "title: [\n");
    for args in [
        &["deliveries", "list"][..],
        &["deliveries", "list", "--stale"],
        &["docs", "show", SCHEME, key],
        &["explain", SCHEME, key],
        &["pull", SCHEME, key],
        &["pause", SCHEME],
        &["resume", SCHEME],
        &["decide", SCHEME, "send"],
        &["deliveries", "retry", key],
        &["replay", SCHEME, "--target", "outstock", "--key", key],
        &["reconcile", SCHEME],
        &["check", SCHEME],
    ] {
        let output = place.run(args);
        assert!(output.code == 0 || args[0] == "reconcile", "{args:?}: {output:?}");
        assert_eq!(output.err.matches("unread.yaml:").count(), 1, "{args:?}: {output:?}");
        assert!(output.err.contains("the others go on"), "{args:?}: {output:?}");
    }
    for args in [&["explain", "unread", key][..], &["pause", "unread"], &["check", "unread"], &["status", "unread"]] {
        let output = place.run(args).ended(2);
        assert!(output.err.contains("unread.yaml:"), "{args:?}: {output:?}");
    }
    assert!(place.run(&["check"]).ended(2).err.contains("batchsafe"));
}

#[test]
fn an_open_breaker_is_seen_in_the_status_and_its_queue_drains_by_itself() {
    let systems = Systems::start(20);
    let place = Place::new(&systems);
    place.change_scheme("batch: 20", "batch: 1");
    place.change_scheme("from: 50ms, to: 1s", "from: 8s, to: 8s");
    systems.fault(json!({ "system": "kingdee", "call": "batchSave", "fault": "html_502", "nth": 1, "times": 3 }));
    let service = Service::start(&place);
    let shown = wait_until("the breaker opens", Duration::from_secs(60), || {
        let breaker = service.status()["targets"][0]["breaker"].clone();
        breaker["open_since"].is_string().then_some(breaker)
    });
    assert!(shown["next_test"].is_string() && shown["why"].as_str().unwrap().contains("502"), "{shown}");
    let status = place.done(&["status"]).out;
    assert!(status.contains("breaker open since") && status.contains("next test at"), "{status}");
    assert!(service.drained()["targets"][0]["breaker"].is_null());
    systems.assert_exact();
    assert!(service.stop().success());
}
