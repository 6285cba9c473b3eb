//! The status API of a running service (interface.md section 5).

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::http::{Answer, get, post, request};
use crate::support::place::{Place, SCHEME, TARGET, shipped};
use crate::support::service::Service;
use crate::support::systems::Systems;
use crate::support::wait::wait_until;

fn scheme(path: &str) -> String {
    format!("/api/v1/schemes/{SCHEME}{path}")
}

fn ok(service: &Service<'_>, path: &str) -> Value {
    let answer = get(&service.url, path);
    assert_eq!(answer.status, 200, "{path}: {answer:?}");
    assert!(answer.header("content-type").unwrap().starts_with("application/json"), "{path}: {answer:?}");
    answer.json()
}

/// A problem of RFC 9457 with a sentence.
fn problem(answer: &Answer, status: u16) -> String {
    assert_eq!(answer.status, status, "{answer:?}");
    assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{answer:?}");
    let body = answer.json();
    assert_eq!(body["status"], status);
    body["detail"].as_str().unwrap_or_else(|| panic!("no detail: {body}")).to_owned()
}

/// All items of a list, page by page.
fn all(service: &Service<'_>, path: &str, limit: usize) -> Vec<Value> {
    let mut found = Vec::new();
    let mut cursor = String::new();
    let sign = if path.contains('?') { '&' } else { '?' };
    loop {
        let page = ok(service, &format!("{path}{sign}limit={limit}{cursor}"));
        let items = page["items"].as_array().unwrap();
        assert!(items.len() <= limit);
        found.extend(items.iter().cloned());
        match page["cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return found,
        }
    }
}

#[test]
fn the_api_tells_schemes_runs_documents_and_itself() {
    let systems = Systems::start(70);
    let place = Place::new(&systems);
    let service = Service::start(&place);
    assert_eq!(get(&service.url, "/healthz").status, 200);
    assert_eq!(get(&service.url, "/readyz").status, 200);
    service.drained();

    let listed = ok(&service, "/api/v1/schemes");
    assert_eq!(listed["items"][0]["scheme"], SCHEME);
    let one = ok(&service, &scheme(""));
    assert_eq!(one["documents"], 70);
    assert!(one["definition"].as_str().unwrap().contains("SAL_OUTSTOCK"));
    assert!(!one["next_run"].is_null() && !one["watermark"].is_null() && one["behind"].is_u64(), "{one}");

    let runs = all(&service, &scheme("/runs"), 1);
    assert_eq!(runs[0]["new"], 70);
    let id = &runs[0]["id"];
    assert_eq!(ok(&service, &scheme(&format!("/runs/{id}")))["pages"], runs[0]["pages"]);
    problem(&get(&service.url, &scheme("/runs/999")), 404);

    let documents = all(&service, &scheme("/documents"), 15);
    let mut keys: Vec<String> = systems.documents("jushuitan").iter().map(|one| one["io_id"].to_string()).collect();
    keys.sort();
    assert_eq!(documents.iter().map(|one| one["key"].as_str().unwrap()).collect::<Vec<_>>(), keys);
    let delivered = all(&service, &scheme("/documents?state=delivered"), 15);
    assert_eq!(delivered.len() as u64, one["targets"][0]["counts"]["delivered"].as_u64().unwrap());
    assert_eq!(all(&service, &scheme(&format!("/documents?prefix={}", keys[3])), 15).len(), 1);
    assert_eq!(all(&service, &scheme("/documents?changed_since=2099-01-01T00:00:00Z"), 15).len(), 0);

    let info = ok(&service, "/api/v1/info");
    assert_eq!(info["version"], env!("CARGO_PKG_VERSION"));
    assert!(info["database_bytes"].as_u64() > Some(0), "{info}");
}

#[test]
fn one_document_is_served_digit_for_digit() {
    let systems = Systems::start(20);
    let key = systems.keys("Confirmed").remove(0);
    let number: Value = serde_json::from_str("12345678901234567.89").unwrap();
    systems.set(&key, json!({ "free_amount": number }));
    let place = Place::new(&systems);
    let service = Service::start(&place);
    service.drained();
    let so_id = systems.shipment(&key)["so_id"].as_str().unwrap().to_owned();
    for path in [format!("/documents/{key}"), format!("/documents/{so_id}"), format!("/documents/by-key?key={key}")] {
        let answer = get(&service.url, &scheme(&path));
        assert_eq!(answer.status, 200, "{answer:?}");
        assert!(answer.body.contains("\"free_amount\":12345678901234567.89"), "{path}: {}", answer.body);
    }
    assert_eq!(ok(&service, &scheme(&format!("/documents/{key}/versions")))["items"], json!([1]));
    assert_eq!(ok(&service, &scheme(&format!("/documents/{key}/versions/1")))["key"], key);
    let explained =
        request(&service.url, "GET", &scheme(&format!("/documents/{key}/explain")), &["accept-language: zh-CN"], "");
    assert!(explained.unwrap().body.contains("目标系统已接受"));
    assert_eq!(ok(&service, &format!("/api/v1/search?q={so_id}"))["items"][0]["key"], key);
}

#[test]
fn deliveries_are_listed_and_moved() {
    let systems = Systems::start(40);
    let key = systems.keys("Confirmed").remove(0);
    let items = systems.shipment(&key)["items"].clone();
    systems.set(&key, json!({ "items": [{}] }));
    let place = Place::new(&systems);
    let service = Service::start(&place);
    service.drained();
    let open = all(&service, "/api/v1/deliveries", 10);
    assert_eq!(open.len(), 1);
    assert_eq!((open[0]["state"].as_str(), open[0]["key"].as_str()), (Some("rejected"), Some(key.as_str())));
    let path = |what: &str| format!("/api/v1/deliveries/{}/{what}", open[0]["id"].as_str().unwrap());
    let retried = post(&service.url, &path("retry"), &json!({}));
    assert_eq!(retried.json()["done"].as_array().unwrap().len(), 1, "{retried:?}");
    service.drained();
    let resolved = post(&service.url, &path("resolve"), &json!({ "as": "delivered", "id": "1" }));
    assert_eq!(resolved.json()["left"].as_array().unwrap().len(), 1, "it is not in doubt: {resolved:?}");
    problem(&post(&service.url, &path("resolve"), &json!({ "as": "sold" })), 400);
    assert_eq!(
        post(&service.url, &path("discard"), &json!({ "reason": "x" })).json()["done"].as_array().unwrap().len(),
        1
    );
    assert_eq!(all(&service, "/api/v1/deliveries", 10).len(), 0);
    assert_eq!(all(&service, "/api/v1/deliveries?state=discarded", 10).len(), 1);
    let delivered = all(&service, "/api/v1/deliveries?state=delivered", 7);
    assert_eq!(delivered.len() as u64, service.status()["targets"][0]["counts"]["delivered"].as_u64().unwrap());
    systems.set(&key, json!({ "items": items }));
    let run = service.status()["last_run"]["id"].as_u64().unwrap();
    service.run_now();
    service.drained_after(run);
    systems.assert_exact();
}

#[test]
fn schemes_are_paused_pulled_and_decided_by_actions() {
    let systems = Systems::start(30);
    let key = systems.keys("Confirmed").remove(0);
    systems.set(&key, json!({ "modified": "2020-01-01 00:00:00" }));
    let place = Place::new(&systems);
    let service = Service::start(&place);
    service.drained();
    let act = |path: &str, body: Value| {
        let answer = post(&service.url, &scheme(path), &body);
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        answer.json()
    };
    act(&format!("/targets/{TARGET}/pause"), json!({}));
    assert!(!service.status()["targets"][0]["paused"].is_null());
    assert_eq!(act("/pull", json!({ "keys": [key] }))["found"], json!([key]));
    act(&format!("/targets/{TARGET}/resume"), json!({}));
    service.drained();
    systems.assert_exact();
    act("/pause", json!({}));
    assert!(!service.status()["paused"].is_null());
    act("/resume", json!({}));
    assert!(service.status()["paused"].is_null());
    assert_eq!(act("/decide", json!({ "how": "send" }))["told"], 0);
    problem(&post(&service.url, &scheme("/decide"), &json!({ "how": "perhaps" })), 400);
}

#[test]
fn bad_requests_are_problems_with_a_sentence() {
    let systems = Systems::start(5);
    let place = Place::new(&systems);
    let service = Service::start(&place);
    service.drained();
    for (path, status, part) in [
        ("/api/v1/nothing".to_owned(), 404, ""),
        ("/nothing".to_owned(), 404, ""),
        ("/api/v1/schemes/none".to_owned(), 404, SCHEME),
        (scheme("/documents/none"), 404, "none"),
        (scheme("/documents?limit=501"), 400, "500"),
        (scheme("/documents?limit=x"), 400, ""),
        (scheme("/documents?cursor=zz"), 400, "cursor"),
        (scheme("/documents?state=lost"), 400, "delivered"),
        (scheme("/documents?changed_since=yesterday"), 400, "yesterday"),
        ("/api/v1/deliveries?state=lost".to_owned(), 400, "delivered"),
        (scheme("/documents/1/versions/x"), 400, ""),
        (scheme("/runs/x"), 400, ""),
    ] {
        let detail = problem(&get(&service.url, &path), status);
        assert!(detail.contains(part), "{path}: `{detail}`");
    }
    let wrong = |path: &str, body: &str| request(&service.url, "POST", path, &[], body).unwrap();
    for body in ["", "{", "[]", "{\"keys\": 1}"] {
        let answer = wrong(&scheme("/pull"), body);
        assert!((400..500).contains(&answer.status), "{body}: {answer:?}");
        problem(&answer, answer.status);
    }
    problem(&post(&service.url, "/api/v1/deliveries/zz/retry", &json!({})), 404);
    problem(&request(&service.url, "DELETE", &scheme(""), &[], "").unwrap(), 405);
    let large = format!("{{\"keys\": [\"{}\"]}}", "x".repeat(2 << 20));
    problem(&wrong(&scheme("/pull"), &large), 413);
}

#[test]
fn what_is_not_there_or_does_not_run_is_a_problem() {
    let systems = Systems::start(20);
    let place = Place::with_scheme(&systems, &shipped().replace("number: $.so_id", "number: $.status"));
    place.write_named_scheme("off", &shipped().replace("enabled: true", "enabled: false"));
    let service = Service::start(&place);
    service.drained();
    let keys = systems.keys("Confirmed");
    let several = problem(&get(&service.url, &scheme("/documents/Confirmed/explain")), 400);
    assert!(keys.iter().all(|key| several.contains(key)), "{several}");
    let id = |parts: [&str; 3]| hex::encode(serde_json::to_vec(&parts).unwrap());
    for parts in [[SCHEME, "none", keys[0].as_str()], [SCHEME, TARGET, "none"], ["none", TARGET, &keys[0]]] {
        let path = format!("/api/v1/deliveries/{}/retry", id(parts));
        assert!(problem(&post(&service.url, &path, &json!({})), 404).contains("none"), "{parts:?}");
    }
    let listed = problem(&get(&service.url, "/api/v1/deliveries?target=none"), 404);
    assert!(listed.contains("`none`; known: outstock"), "{listed}");
    for what in ["run", "sweep"] {
        let off = problem(&post(&service.url, &format!("/api/v1/schemes/off/{what}"), &json!({})), 409);
        assert!(off.contains("disabled"), "{what}: {off}");
    }
    problem(&post(&service.url, "/api/v1/schemes/off/pull", &json!({ "keys": [keys[0]] })), 409);
    for args in [&["pull", "off", &keys[0]][..], &["sweep", "off"]] {
        assert!(place.run(args).ended(1).err.contains("disabled"));
    }
    place.run(&["replay", SCHEME, "--target", "none", "--all"]).ended(2);
    assert!(place.done(&["status"]).out.contains("disabled"));
    post(&service.url, &scheme("/pause"), &json!({}));
    let paused = problem(&post(&service.url, &scheme("/run"), &json!({})), 409);
    assert!(paused.contains("by a person") && paused.contains("resume"), "{paused}");
    // The first version is not shown as the newest.
    post(&service.url, &scheme("/resume"), &json!({}));
    systems.set(&keys[0], json!({ "status": "Archive" }));
    let of = |path: &str| ok(&service, &scheme(&format!("/documents/{}{path}", keys[0])));
    // A run may have begun before the edit.
    wait_until("the second version is captured", Duration::from_secs(60), || {
        service.run_now();
        (of("")["version"] == 2).then_some(())
    });
    let (first, newest) = (of("/versions/1"), of(""));
    assert_eq!((&first["version"], &first["number"]), (&json!(1), &json!("Confirmed")));
    assert_eq!((&newest["version"], &newest["number"]), (&json!(2), &json!("Archive")));
    assert!(first["captured_at"].as_str() < newest["captured_at"].as_str(), "{first} {newest}");
}

#[test]
fn tokens_are_asked_for_and_told_apart() {
    let systems = Systems::start(5);
    let place = Place::new(&systems);
    place.reconfigure(
        "api: { listen: \"127.0.0.1:0\" }",
        "api: { listen: \"127.0.0.1:0\", tokens: { read: reading-canary, operate: operating-canary } }",
    );
    let service = Service::start(&place);
    let ask = |method: &str, path: &str, token: Option<&str>| {
        let header = token.map(|token| format!("authorization: Bearer {token}"));
        let headers: Vec<&str> = header.iter().map(String::as_str).collect();
        request(&service.url, method, path, &headers, "{}").unwrap()
    };
    let run = scheme("/run");
    assert_eq!(ask("GET", "/healthz", None).status, 200);
    problem(&ask("GET", "/api/v1/schemes", None), 401);
    problem(&ask("GET", "/api/v1/schemes", Some("wrong")), 401);
    assert_eq!(ask("GET", "/api/v1/schemes", Some("reading-canary")).status, 200);
    assert_eq!(ask("GET", "/api/v1/schemes", Some("operating-canary")).status, 200);
    problem(&ask("POST", &run, None), 401);
    problem(&ask("POST", &run, Some("reading-canary")), 403);
    assert_eq!(ask("POST", &run, Some("operating-canary")).status, 200);
    // Verbs of the same user find the token beside the database.
    place.done(&["pause", SCHEME]);
    place.done(&["resume", SCHEME]);
    assert!(service.stop().success());
}

#[test]
fn without_tokens_only_names_of_this_machine_are_answered() {
    let systems = Systems::start(5);
    let place = Place::new(&systems);
    let service = Service::start(&place);
    let port = service.url.rsplit(':').next().unwrap();
    let ask = |header: &str| request(&service.url, "GET", "/api/v1/schemes", &[header], "").unwrap();
    assert_eq!(ask(&format!("host: localhost:{port}")).status, 200);
    problem(&ask("host: evil.example.com"), 403);
    problem(&ask("origin: http://evil.example.com"), 403);
}
