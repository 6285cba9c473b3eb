//! Documents deleted at the source: a sweep finds them, and the target is told; so many that a person is asked.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::http::request;
use crate::support::place::{Place, SCHEME, shipped};
use crate::support::service::{Service, spawn};
use crate::support::systems::Systems;
use crate::support::wait::wait_until;

/// The shipped scheme with sweeps that delete.
fn swept(every: &str) -> String {
    let shipped_sweep = "sweep: { cron: \"0 3 * * *\", back: 30d, deletes: false, max_deletes: 5% }";
    let sweep = format!("sweep: {{ every: {every}, back: 30d, deletes: true }}");
    let operation = "operations:\n      - { when: \"@.kind == 'deleted'\", call: delete_or_cancel }\n";
    let text = shipped().replace(shipped_sweep, &sweep).replace("operations:\n", operation);
    assert!(text.contains("deletes: true") && text.contains("'deleted'"), "{text}");
    text
}

fn delete(systems: &Systems, key: &str) {
    systems.edit(json!({ "key": key, "delete": true }));
}

/// Bills that stand at the target.
fn standing(systems: &Systems) -> usize {
    systems.documents("kingdee").iter().filter(|bill| bill["FCancelStatus"] != "B").count()
}

#[test]
fn documents_deleted_at_the_source_are_deleted_at_the_target() {
    let systems = Systems::start(60);
    let place = Place::with_scheme(&systems, &swept("1d"));
    place.once();
    systems.assert_exact();
    let gone = &systems.keys("Confirmed")[..2];
    gone.iter().for_each(|key| delete(&systems, key));
    let bills = standing(&systems);
    place.once();
    assert_eq!(standing(&systems), bills, "an incremental read tells nothing");
    let told = place.done(&["sweep", SCHEME, "--json"]).json();
    assert_eq!((&told["sweep"]["stage"], &told["run"]["deleted"]), (&json!("ended"), &json!(2)), "{told}");
    place.once();
    assert_eq!((place.state(&gone[0]), standing(&systems)), ("delivered(sent)".to_owned(), bills - 2));
    assert!(place.explain(&gone[0], "en").contains("the source does not have it any more"));
    assert!(place.explain(&gone[0], "zh").contains("源系统已不再有此单据"));
    let status = place.status();
    assert_eq!((&status["deleted"], status["next_sweep"].is_string()), (&json!(2), true), "{status}");
    systems.assert_exact();
}

#[test]
fn fault_10_a_source_that_suddenly_shows_nothing_deletes_nothing_until_a_person_says_so() {
    let systems = Systems::start(40);
    let place = Place::with_scheme(&systems, &swept("1d"));
    place.once();
    let bills = standing(&systems);
    systems.edit(json!({ "rate": 1.0, "delete": true }));
    let service = Service::start(&place);
    place.done(&["sweep", SCHEME]);
    let stopped = wait_until("the sweep stops and asks", Duration::from_secs(60), || {
        let sweep = service.status()["sweep"].take();
        (sweep["stage"] == "stopped").then_some(sweep)
    });
    assert_eq!((&stopped["missing"], standing(&systems)), (&json!(40), bills), "{stopped}");
    assert!(place.done(&["status"]).out.contains("--confirm"), "a person sees what to do");
    let wrong = request(&service.url, "POST", &format!("/api/v1/schemes/{SCHEME}/sweep"), &[], "{\"confirm\":9999}");
    assert_eq!(wrong.unwrap().status, 400);
    let run = stopped["asks"]["run"].to_string();
    place.done(&["sweep", SCHEME, "--confirm", &run]);
    wait_until("every bill is deleted", Duration::from_secs(60), || (standing(&systems) == 0).then_some(()));
    assert!(service.stop().success());
}

#[test]
fn the_service_sweeps_when_it_is_due() {
    let systems = Systems::start(30);
    let place = Place::with_scheme(&systems, &swept("1s"));
    let service = Service::start(&place);
    service.drained();
    let key = systems.keys("Confirmed").remove(0);
    delete(&systems, &key);
    wait_until("the bill is deleted", Duration::from_secs(60), || systems.bills(&key).is_empty().then_some(()));
    assert!(service.stop().success());
}

/// Documents are deleted at the source, and the service is killed while it sweeps; whether the point was reached.
pub fn killed_while_sweeping(point: &str, pass: u32) -> bool {
    let systems = Systems::start(60);
    let place = Place::with_scheme(&systems, &swept("1s"));
    place.once();
    let gone: Vec<String> = systems.keys("Confirmed").into_iter().take(2).collect();
    gone.iter().for_each(|key| delete(&systems, key));
    let what = format!("{point}:{pass}");
    let mut child = spawn(&place, Some(&what));
    let (mut looks, mut more) = (0, 0);
    let reached = wait_until(&format!("{what} kills"), Duration::from_secs(120), || {
        looks += 1;
        if looks % 80 == 0 && more < 4 {
            // More, so that late passes are reached.
            more += 1;
            delete(&systems, &systems.keys("Confirmed")[0]);
        }
        if child.try_wait().unwrap().is_some() { Some(true) } else { (looks > 600).then_some(false) }
    });
    if !reached {
        child.kill().unwrap();
    }
    child.wait().unwrap();
    let service = Service::start(&place);
    wait_until(&format!("all is exact after {what}"), Duration::from_secs(60), || {
        let is_exact = systems.verdict().is_exact() && gone.iter().all(|key| systems.bills(key).is_empty());
        is_exact.then_some(())
    });
    let deletes = systems.effects().into_iter().filter(|entry| gone.contains(&entry.document));
    let told: Vec<Value> = deletes.map(|entry| json!(entry.effect)).collect();
    assert_eq!(told.iter().filter(|effect| **effect == "delete").count(), 2, "{what}: {told:?}");
    assert!(service.stop().success(), "{what}");
    reached
}
