//! Care of the database as people meet it: backup and restore, lost state, damaged files, a disk that is full or can't
//! be written, two processes. `fault_NN` names the row of the fault table.

use std::fs;
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::http::{get, request};
use crate::support::place::{Place, SCHEME, TARGET, shipped};
use crate::support::service::Service;
use crate::support::systems::Systems;
use crate::support::wait::wait_until;

const FILE: &str = "data/deltaferry.redb";

/// Changes the bytes of the database file.
fn change(place: &Place, change: impl Fn(&mut Vec<u8>)) {
    let mut bytes = fs::read(place.path(FILE)).unwrap();
    change(&mut bytes);
    fs::write(place.path(FILE), bytes).unwrap();
}

fn info(place: &Place) -> Value {
    place.done(&["db", "info", "--json"]).json()
}

/// Turns over one bit in each copy of a document's head. A head ends with the document's number.
fn flip_head(bytes: &mut [u8], number: &str) {
    let number = number.as_bytes();
    let places: Vec<usize> = (20..bytes.len() - number.len()).filter(|at| bytes[*at..].starts_with(number)).collect();
    assert!(!places.is_empty());
    for at in places {
        bytes[at - 20] ^= 1;
    }
}

#[test]
fn the_database_is_cared_for_by_its_verbs() {
    let systems = Systems::start(40);
    let place = Place::new(&systems);
    let refused = place.run(&["db", "info"]).ended(1);
    assert!(refused.err.contains("there is no database"), "{refused:?}");
    place.once();
    let shown = info(&place);
    assert_eq!((&shown["origin"], &shown["clean"], &shown["stamped"]), (&json!("new"), &json!(true), &json!(false)));
    assert_eq!(shown["rows"]["heads/1"], 40);
    assert_eq!(shown["commits"], shown["side_file"]);
    let verified = place.done(&["db", "verify", "--json"]).json();
    assert_eq!((&verified["sound"], &verified["pages"]), (&json!(true), &json!("sound")));
    assert!(verified["values"].as_u64().unwrap() > 200, "{verified}");
    let compacted = place.done(&["db", "compact", "--json"]).json();
    assert!(compacted["after"].as_u64() <= compacted["before"].as_u64(), "{compacted}");
    // The service makes the backup itself, to where the person who asks is.
    let service = Service::start(&place);
    service.drained();
    let done = place.done(&["db", "backup", "copy.redb", "--json"]).json();
    assert_eq!(done["bytes"], fs::metadata(place.path("copy.redb")).unwrap().len());
    let twice = place.run(&["db", "backup", "copy.redb"]).ended(1);
    assert!(twice.err.contains("is there already"), "{twice:?}");
    let file = place.path("other.redb");
    let stranger =
        request(&service.url, "POST", "/api/v1/db/backup", &[], &json!({ "file": file }).to_string()).unwrap();
    assert_eq!((stranger.status, file.exists()), (403, false), "{stranger:?}");
    place.done(&["db", "verify"]);
    assert!(place.done(&["db", "info"]).out.contains("no: a service runs"));
    for verb in [&["db", "restore", "copy.redb"][..], &["db", "compact"]] {
        let refused = place.run(verb).ended(1);
        assert!(refused.err.contains("the service runs; stop it"), "{refused:?}");
    }
    assert!(service.stop().success());
    assert_eq!(place.count("delivered"), systems.keys("Confirmed").len() as u64);
}

/// What happened since is captured again; what was told is asked about and not told twice: the target's side of it is
/// tested with the delivery.
#[test]
fn rule_08_a_restored_backup_is_said_loudly_and_holds_every_target() {
    let systems = Systems::start(20);
    let place = Place::new(&systems);
    place.once();
    let before = info(&place)["epoch"].as_u64().unwrap();
    place.done(&["db", "backup", "copy.redb"]);
    let restored = place.done(&["db", "restore", "copy.redb", "--json"]).json();
    assert!(place.path(restored["kept"].as_str().unwrap()).is_file(), "{restored}");
    assert_eq!(info(&place)["stamped"], true);
    let told = place.status();
    assert_eq!(told["documents"], 20);
    let shown = place.done(&["status"]).out;
    assert!(shown.contains("THE DATABASE WAS RESTORED"), "{shown}");
    let output = place.run(&["pause", SCHEME]).ended(0);
    assert!(output.err.contains("THE DATABASE WAS RESTORED"), "{output:?}");
    let after = info(&place);
    assert_eq!((&after["origin"], &after["stamped"]), (&json!("restored"), &json!(false)));
    assert!(after["epoch"].as_u64().unwrap() > before);
    assert!(place.done(&["status"]).out.contains("THE DATABASE WAS RESTORED"), "until the target is looked through");
    assert!(!place.run(&["resume", SCHEME]).err.contains("THE DATABASE WAS RESTORED"), "said once");
}

#[test]
fn rule_08_initial_does_not_answer_for_a_lost_database_and_decide_does() {
    let systems = Systems::start(20);
    let place = Place::new(&systems);
    place.once();
    let told = systems.ledger().len();
    fs::remove_file(place.path(FILE)).unwrap();
    for verb in ["info", "verify", "compact"] {
        let output = place.run(&["db", verb]).ended(1);
        assert!(output.err.contains("is lost") && output.err.contains("db restore"), "{output:?}");
    }
    let lost = place.run(&["once", "--wait", "0s"]).ended(3);
    assert!(lost.err.contains("THE DATABASE IS LOST"), "{lost:?}");
    assert_eq!(systems.ledger().len(), told, "nothing was sent");
    assert_eq!(place.status()["targets"][0]["answer"], Value::Null);
    assert_eq!(info(&place)["origin"], "lost");
    assert!(place.done(&["status"]).out.contains("`decide` does"));
    place.done(&["decide", SCHEME, "send", "--target", TARGET]);
    assert_eq!(place.status()["targets"][0]["answer"], "send");
}

#[test]
fn fault_18_a_full_disk_stops_capture_status_is_served_and_it_resumes_alone() {
    let systems = Systems::start(40);
    let place = Place::with_scheme(&systems, &shipped().replace("every: 5m", "every: 1s"));
    // The limit on the size of files stands in for a full disk: it can be set and taken back in a running process,
    // which has to be told not to die of it.
    let service = Service::start_in_shell(&place, "trap '' XFSZ; exec \"$@\"");
    service.drained();
    let limit = |limit: &str| {
        let mut prlimit = Command::new("prlimit");
        prlimit.args(["--pid", &service.id().to_string(), &format!("--fsize={limit}:")]);
        assert!(prlimit.status().unwrap().success());
    };
    limit("4096");
    systems.edit(json!({ "rate": 0.5 }));
    let told = wait_until("the service says that it can't write", Duration::from_secs(60), || {
        let ready = get(&service.url, "/readyz");
        (ready.status == 503).then_some(ready.body)
    });
    assert!(told.contains("could not be written"), "{told}");
    let health = get(&service.url, "/healthz");
    assert_eq!((health.status, &health.json()["status"]), (200, &json!("the database can't be written")));
    assert!(get(&service.url, "/api/v1/info").json()["database_trouble"].is_string());
    assert_eq!(service.status()["documents"], 40, "status is served");
    let shown = place.done(&["status"]).out;
    assert!(shown.contains("THE SERVICE CAN'T WRITE"), "{shown}");
    limit("unlimited");
    wait_until("everything is captured and delivered by itself", Duration::from_secs(120), || {
        systems.verdict().is_exact().then_some(())
    });
    wait_until("the service is ready again", Duration::from_secs(30), || {
        (get(&service.url, "/readyz").status == 200).then_some(())
    });
    assert!(service.stop().success());
    systems.assert_exact();
    place.done(&["db", "verify"]);
}

#[test]
fn fault_19_a_disk_that_can_only_be_read_is_a_clear_error_and_no_loop() {
    let systems = Systems::start(10);
    let place = Place::new(&systems);
    place.once();
    let script = "mount --bind data data && mount -o remount,ro,bind data && exec \"$@\"";
    let within = |args: &[&str]| {
        let inner = place.command(args);
        let mut command = Command::new("unshare");
        command.current_dir(place.path("")).args(["-Urm", "sh", "-c", script, "sh"]).arg(inner.get_program());
        command.args(inner.get_args());
        place.run_command(command)
    };
    if !Command::new("unshare").args(["-Urm", "true"]).status().is_ok_and(|status| status.success()) {
        println!("skipped: this system lets nobody mount in a namespace of its own");
        return;
    }
    for verb in [&["once"][..], &["run"], &["pause", SCHEME], &["db", "compact"]] {
        let output = within(verb).ended(1);
        assert!(output.err.contains("Read-only file system"), "{verb:?}: {output:?}");
        assert!(output.err.contains("deltaferry.redb"), "{verb:?}: {output:?}");
    }
    // What only reads goes on.
    within(&["status"]).ended(0);
    within(&["db", "verify"]).ended(0);
    within(&["db", "backup", "copy.redb"]).ended(0);
    place.once();
}

#[test]
fn fault_20_a_corrupted_database_is_refused_with_what_to_do_and_never_begun_anew() {
    type Damage = Box<dyn Fn(&mut Vec<u8>)>;
    let systems = Systems::start(20);
    let place = Place::new(&systems);
    place.once();
    place.done(&["db", "backup", "copy.redb"]);
    let whole = fs::read(place.path(FILE)).unwrap();
    let told = systems.ledger().len();
    let number = place.done(&["docs", "list", SCHEME, "--json"]).json();
    let number = number["documents"][0]["number"].as_str().unwrap().to_owned();
    let damages: [(&str, Damage); 6] = [
        ("bit flip", Box::new(move |bytes| flip_head(bytes, &number))),
        ("truncation", Box::new(|bytes| bytes.truncate(bytes.len() / 2))),
        ("zero page", Box::new(|bytes| bytes[..4096].fill(0))),
        ("empty", Box::new(Vec::clear)),
        // The database's own code panics over it.
        ("noise", Box::new(|bytes| fastrand::Rng::with_seed(1).fill(&mut bytes[8192..]))),
        ("foreign file", Box::new(|bytes| *bytes = b"PK\x03\x04 no database".repeat(500))),
    ];
    for (name, damage) in &damages {
        change(&place, damage);
        let broken = fs::read(place.path(FILE)).unwrap();
        assert!(broken != whole, "{name}");
        for verb in [&["once"][..], &["run"]] {
            let output = place.run(verb).ended(1);
            assert!(output.err.contains("deltaferry db verify"), "{name}: {output:?}");
            assert!(output.err.contains("backup"), "{name}: {output:?}");
        }
        let verified = place.run(&["db", "verify"]).ended(1);
        assert!(!verified.err.contains("panicked"), "{name}: {verified:?}");
        assert!(!verified.err.contains("deltaferry db verify"), "it was just done: {name}: {verified:?}");
        assert!(format!("{}{}", verified.out, verified.err).contains("backup"), "{name}: {verified:?}");
        assert_eq!(place.run(&["db", "verify", "--json"]).ended(1).json()["sound"], false, "{name}");
        if *name == "bit flip" {
            assert!(verified.out.contains("heads/1\t"), "{name}: {verified:?}");
        }
        // Only that it was opened may be noted in its head.
        let left = fs::read(place.path(FILE)).unwrap();
        assert!(left.len() == broken.len() && left.iter().skip(4096).eq(broken.iter().skip(4096)), "{name}");
        assert_eq!(systems.ledger().len(), told, "{name}: something was sent");
        place.done(&["db", "restore", "copy.redb"]);
        place.done(&["db", "verify"]);
        assert_eq!(place.status()["documents"], 20, "{name}");
    }
    let missing = place.run(&["db", "restore", "nowhere.redb"]).ended(1);
    assert!(missing.err.contains("there is no file `nowhere.redb`"), "{missing:?}");
    let unwritten = place.run(&["db", "backup", "nowhere/copy.redb"]).ended(1);
    assert!(unwritten.err.contains("the backup could not be made"), "{unwritten:?}");
    let foreign = fs::read(place.path("data/deltaferry.redb.before-restore-6")).unwrap();
    assert!(foreign.starts_with(b"PK"), "what was replaced is kept");
}

#[test]
fn fault_21_a_second_process_ends_with_its_own_code_and_names_the_first() {
    let systems = Systems::start(5);
    let place = Place::new(&systems);
    let service = Service::start(&place);
    let holder = format!("(pid {})", service.id());
    for verb in ["once", "run"] {
        let second = place.run(&[verb]).ended(4);
        assert!(second.err.contains("in use by another process") && second.err.contains(&holder), "{second:?}");
    }
    // Also where nobody answers for it any more.
    fs::remove_file(place.path("data/service.json")).unwrap();
    place.run(&["db", "restore", "data/deltaferry.redb"]).ended(4);
    let compact = place.run(&["db", "compact"]).ended(4);
    assert!(compact.err.contains(&holder), "{compact:?}");
    service.drained();
    assert!(service.stop().success());
}
