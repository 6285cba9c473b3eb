//! Secrets stand in no answer, no log and no file but those the user wrote them to.

use std::fs;
use std::path::Path;

use base64::Engine;
use deltaferry::sandbox::{jushuitan::credentials, kingdee, okki};
use serde_json::{Value, json};

use crate::support::http::get;
use crate::support::place::{Place, SCHEME};
use crate::support::service::Service;
use crate::support::systems::Systems;

/// A secret in the forms in which it could leak.
fn forms(secret: &str) -> Vec<Vec<u8>> {
    let url: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    vec![
        secret.as_bytes().to_vec(),
        base64::engine::general_purpose::STANDARD.encode(secret).into_bytes(),
        hex::encode(secret).into_bytes(),
        url.into_bytes(),
    ]
}

fn assert_clean(what: &str, bytes: &[u8], secrets: &[&str]) {
    for secret in secrets {
        for form in forms(secret) {
            let found = bytes.windows(form.len()).any(|window| window == form);
            assert!(!found, "`{secret}` stands in {what}");
        }
    }
}

fn files(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files(&path, found) } else { found.push(path) }
    }
}

#[test]
fn only_verbs_that_talk_to_a_system_need_its_secrets() {
    let systems = Systems::start(10);
    let place = Place::new(&systems);
    place.once();
    let key = &systems.keys("Confirmed")[0];
    place.reconfigure(credentials::APP_SECRET, "${env:DELTAFERRY_TEST_SECRET}");
    let reading = [
        &["status"][..],
        &["explain", SCHEME, key],
        &["deliveries", "list"],
        &["docs", "show", SCHEME, key],
        &["db", "info"],
    ];
    reading.iter().for_each(|args| drop(place.done(args)));
    let refused = place.run(&["pull", SCHEME, key]).ended(2);
    assert!(refused.err.contains("DELTAFERRY_TEST_SECRET"), "{refused:?}");
    place.run(&["check"]).ended(2);
    // The service has them: what is done inside it asks for nothing.
    place.reconfigure("${env:DELTAFERRY_TEST_SECRET}", credentials::APP_SECRET);
    let service = Service::start(&place);
    place.reconfigure(credentials::APP_SECRET, "${env:DELTAFERRY_TEST_SECRET}");
    place.done(&["pull", SCHEME, key]);
    place.done(&["pause", SCHEME]);
    assert!(service.stop().success());
}

#[test]
fn secrets_stand_in_no_answer_no_log_and_no_database() {
    let systems = Systems::start(40);
    let place = Place::new(&systems);
    place.reconfigure(
        "api: { listen: \"127.0.0.1:0\" }",
        "api: { listen: \"127.0.0.1:0\", tokens: { read: reading-canary-93 } }",
    );
    let secrets = [credentials::APP_SECRET, credentials::ACCESS_TOKEN, kingdee::APP_SECRET, "reading-canary-93"];
    // Trouble talks: every fault ends in a log line and a stored reason.
    for (nth, fault) in ["html_502", "truncate", "reset_after", "session_loss", "refuse"].iter().enumerate() {
        systems.fault(json!({ "system": "kingdee", "fault": fault, "nth": nth * 2 + 2 }));
        systems.fault(json!({ "system": "jushuitan", "fault": fault, "nth": nth * 3 + 2 }));
    }
    let mut command = place.command(&["once", "-vv"]);
    command.env("DELTAFERRY_LOG", "trace");
    let output = place.run_command(command);
    assert_clean("what `once -vv` printed", format!("{}{}", output.out, output.err).as_bytes(), &secrets);
    for args in [&["status", "--json"][..], &["deliveries", "list", "--json"], &["docs", "list", SCHEME, "--json"]] {
        assert_clean(&args.join(" "), place.done(args).out.as_bytes(), &secrets);
    }
    let service = Service::start(&place);
    for path in ["/api/v1/info", "/api/v1/schemes", &format!("/api/v1/schemes/{SCHEME}")] {
        let header = "authorization: Bearer reading-canary-93";
        let answer = crate::support::http::request(&service.url, "GET", path, &[header], "").unwrap();
        assert_eq!(answer.status, 200);
        assert_clean(path, format!("{}{}", answer.head, answer.body).as_bytes(), &secrets);
    }
    assert_clean("a refusal", get(&service.url, "/api/v1/info").body.as_bytes(), &secrets);
    assert!(service.stop().success());
    let mut all = Vec::new();
    files(&place.path("data"), &mut all);
    all.push(place.path("log.txt"));
    assert!(all.iter().any(|file| file.ends_with("deltaferry.redb")), "{all:?}");
    // The token that 聚水潭 gave in the place of the one it ended stands in its own file, and nowhere else.
    let kept = place.path("data/tokens.json");
    let renewed: Value = serde_json::from_slice(&fs::read(&kept).unwrap()).unwrap();
    let renewed = renewed.as_object().unwrap().values().map(|row| row["access_token"].as_str().unwrap());
    for file in all {
        assert_clean(&file.display().to_string(), &fs::read(&file).unwrap(), &secrets);
        if file != kept {
            assert_clean(&file.display().to_string(), &fs::read(&file).unwrap(), &renewed.clone().collect::<Vec<_>>());
        }
    }
}

#[test]
fn literal_secrets_are_refused_unless_allowed() {
    let systems = Systems::start(1);
    let place = Place::new(&systems);
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_deltaferry"));
    let output = command.args(["check", "--config"]).arg(place.path("deltaferry.yaml")).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("app_secret") && told.contains("${env:NAME}"), "{told}");
    assert_clean("the fault", told.as_bytes(), &[credentials::APP_SECRET, kingdee::APP_SECRET]);
}

#[test]
fn secrets_come_from_the_environment_and_from_files() {
    let systems = Systems::start(30);
    let place = Place::new(&systems);
    place.reconfigure(credentials::APP_SECRET, "\"${env:JST_SECRET}\"");
    place.reconfigure(credentials::ACCESS_TOKEN, "\"${file:./token}\"");
    place.reconfigure(kingdee::APP_SECRET, "\"${env:KD_SECRET}\"");
    place.reconfigure(okki::credentials::CLIENT_SECRET, "\"${env:OKKI_SECRET}\"");
    fs::write(place.path("token"), format!("{}\n", credentials::ACCESS_TOKEN)).unwrap();
    #[cfg(unix)]
    fs::set_permissions(place.path("token"), std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    place.run(&["check"]).ended(2);
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_deltaferry"));
    command.current_dir(place.path("")).arg("once");
    command.env("JST_SECRET", credentials::APP_SECRET).env("KD_SECRET", kingdee::APP_SECRET);
    command.env("OKKI_SECRET", okki::credentials::CLIENT_SECRET);
    place.run_command(command).ended(0);
    systems.assert_exact();
}

#[cfg(unix)]
#[test]
fn the_data_folder_and_the_service_file_are_their_owners_alone() {
    use std::os::unix::fs::MetadataExt;
    let systems = Systems::start(5);
    let place = Place::new(&systems);
    let service = Service::start(&place);
    let mode = |name: &str| fs::metadata(place.path(name)).unwrap().mode() & 0o777;
    assert_eq!((mode("data"), mode("data/service.json")), (0o700, 0o600));
    assert_eq!(mode("data/deltaferry.redb") & 0o077, 0);
    assert!(service.stop().success());
}
