//! The running service and the verbs beside it: one writer, reading verbs, actions inside it, a graceful stop.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::place::{Place, SCHEME, TARGET, shipped, wait_for_end};
use crate::support::service::{Service, spawn};
use crate::support::systems::Systems;
use crate::support::wait::wait_until;

#[test]
fn the_service_captures_on_schedule_and_delivers() {
    let systems = Systems::start(60);
    let place = Place::with_scheme(&systems, &shipped().replace("every: 5m", "every: 1s"));
    let service = Service::start(&place);
    service.drained();
    systems.assert_exact();
    systems.edit(json!({ "rate": 0.2 }));
    wait_until("the change is captured and delivered by itself", Duration::from_secs(120), || {
        systems.verdict().is_exact().then_some(())
    });
    assert!(service.stop().success());
}

#[test]
fn reading_verbs_work_beside_the_running_service() {
    let systems = Systems::start(60);
    let place = Place::new(&systems);
    let service = Service::start(&place);
    service.drained();
    let key = &systems.keys("Confirmed")[0];
    assert_eq!(place.status()["documents"], 60);
    assert_eq!(place.state(key), "delivered(sent)");
    assert!(place.explain(key, "en").contains("accepted"));
    place.done(&["docs", "list", SCHEME]);
    place.done(&["deliveries", "list"]);
    place.done(&["check"]);
    assert!(service.stop().success());
}

#[test]
fn a_second_writer_on_one_database_is_refused_by_name() {
    let systems = Systems::start(20);
    let place = Place::new(&systems);
    let service = Service::start(&place);
    service.drained();
    for verb in ["run", "once"] {
        let refused = place.run(&[verb]).ended(4);
        let pid = std::fs::read_to_string(place.path("data/service.json")).unwrap();
        let pid: Value = serde_json::from_str(&pid).unwrap();
        let named = refused.err.contains("deltaferry.redb") || refused.err.contains(&pid["pid"].to_string());
        assert!(named, "{}", refused.err);
    }
    assert_eq!(service.status()["documents"], 20, "the first one is not disturbed");
    assert!(service.stop().success());
}

#[test]
fn verbs_that_change_something_run_inside_the_service() {
    let systems = Systems::start(60);
    let keys = systems.keys("Confirmed");
    systems.set(&keys[0], json!({ "modified": "2020-01-01 00:00:00" }));
    let items = systems.shipment(&keys[1])["items"].clone();
    systems.set(&keys[1], json!({ "items": [{}] }));
    let place = Place::new(&systems);
    let service = Service::start(&place);
    service.drained();
    place.done(&["pull", SCHEME, &keys[0]]);
    place.done(&["deliveries", "discard", &keys[1], "--reason", "x"]);
    assert!(place.state(&keys[1]).starts_with("discarded("));
    place.done(&["pause", SCHEME, "--target", TARGET]);
    systems.set(&keys[1], json!({ "items": items }));
    service.run_now();
    wait_until("captured while the target is paused", Duration::from_secs(120), || {
        (place.count("pending") == 1).then_some(())
    });
    place.done(&["resume", SCHEME, "--target", TARGET]);
    service.drained();
    systems.assert_exact();
    assert!(service.stop().success());
}

#[test]
fn a_stop_finishes_what_is_under_way() {
    let systems = Systems::start(150);
    let place = Place::new(&systems);
    systems.switch("kingdee.latency", "300ms");
    let service = Service::start(&place);
    wait_until("the first bills are saved", Duration::from_secs(120), || (!systems.effects().is_empty()).then_some(()));
    assert!(service.stop().success());
    let verdict = systems.verdict();
    assert!(verdict.creates > 0);
    let status = place.status();
    assert_eq!(status["targets"][0]["counts"]["in_flight"], 0, "{status}");
    assert_eq!(status["targets"][0]["counts"]["in_doubt"], 0, "{status}");
    assert_eq!(status["targets"][0]["counts"]["delivered"], verdict.creates, "what was done is recorded: {status}");
    assert!(!place.path("data/service.json").exists());
    systems.switch("kingdee.latency", "0ms");
    place.once();
    systems.assert_exact();
}

#[test]
fn a_second_signal_ends_at_once() {
    let systems = Systems::start(60);
    let place = Place::new(&systems);
    systems.switch("kingdee.latency", "20s");
    let service = Service::start(&place);
    wait_until("a bill is on its way", Duration::from_secs(120), || {
        (service.status()["targets"][0]["counts"]["in_flight"].as_u64()? > 0).then_some(())
    });
    service.signal();
    wait_until("it was understood", Duration::from_secs(10), || service.log().contains("stopping").then_some(()));
    let status = service.stop();
    assert_eq!(status.code(), Some(1));
    systems.switch("kingdee.latency", "0ms");
    place.once();
    systems.assert_exact();
}

#[test]
fn a_service_without_configuration_ends_with_2_and_touches_nothing() {
    let systems = Systems::start(1);
    let place = Place::new(&systems);
    place.run(&["run", "--config", "nowhere.yaml"]).ended(2);
    place.reconfigure("gateway: open", "gateway: opened");
    let mut child = spawn(&place, None);
    assert_eq!(wait_for_end(&mut child, Duration::from_secs(120)).code(), Some(2));
    assert!(!place.path("data").exists());
}

#[test]
fn a_service_that_was_killed_is_not_taken_for_another_at_its_address() {
    let systems = Systems::start(30);
    let (mine, other) = (Place::new(&systems), Place::new(&systems));
    Service::start(&mine).kill();
    let service = Service::start(&other);
    service.drained();
    // What the killed one left behind now points to the other one's address.
    let left: Value = serde_json::from_slice(&std::fs::read(mine.path("data/service.json")).unwrap()).unwrap();
    let left = json!({ "pid": left["pid"], "url": service.url, "token": left["token"] });
    std::fs::write(mine.path("data/service.json"), left.to_string()).unwrap();
    mine.done(&["pause", SCHEME]);
    assert!(!mine.status()["paused"].is_null());
    assert!(service.status()["paused"].is_null());
}
