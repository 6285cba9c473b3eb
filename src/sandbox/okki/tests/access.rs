//! Tokens: grants, lives, scopes, revocation (protocols/okki.md 2).

use serde_json::{Value, json};

use super::support::{Bench, request, value};
use crate::sandbox::okki::credentials::{CLIENT_ID, CLIENT_SECRET, USERNAME};
use crate::sandbox::wire::{Answer, System};

const TOKEN: &str = "/v1/oauth2/access_token";
/// sha256("simpassword"), as printed in protocols/okki.md 2.1.
const HASHED: &str = "fa022b40a2721251c082cf7a2f5004a5a5e1a67a6a6961bf0f30b44d7e9ed54a";
const USERS: &str = "/v1/user/list";

fn form(bench: &Bench, path: &str, fields: &[(&str, &str)]) -> Answer {
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    bench.server.answer(&request("POST", path, &body, ""), None)
}

fn by_password<'a>() -> Vec<(&'a str, &'a str)> {
    vec![
        ("grant_type", "password"),
        ("client_id", CLIENT_ID),
        ("client_secret", CLIENT_SECRET),
        ("username", USERNAME),
        ("password", HASHED),
        ("scope", "invoices user"),
    ]
}

#[test]
fn both_grants_take_forms_and_json_and_answer_without_envelope() {
    let bench = Bench::new();
    let told = bench.granted("invoices company product user");
    assert_eq!((told["token_type"].as_str(), told.get("refresh_token")), (Some("Bearer"), None));
    let token = told["access_token"].as_str().unwrap();
    assert!(token.len() > 600 && token.split('.').count() == 3, "{token}");
    let told = value(&form(&bench, TOKEN, &by_password()));
    assert!(told["refresh_token"].as_str().unwrap().starts_with("def50200"));
    bench.switch("expires_in", "absent");
    assert_eq!(bench.granted("user").get("expires_in"), None);
}

#[test]
fn errors_of_the_token_endpoint_are_bare_with_status_400() {
    let bench = Bench::new();
    let change = |name: &'static str, value: &'static str| {
        let mut fields = by_password();
        fields.iter_mut().filter(|(known, _)| *known == name).for_each(|field| field.1 = value);
        fields
    };
    for (fields, error) in [
        (change("grant_type", "implicit"), "unsupported_grant_type"),
        (change("client_secret", "x"), "invalid_client"),
        (change("password", "simpassword"), "invalid_credentials"),
        (change("username", ""), "invalid_request"),
        (change("scope", ""), "invalid_request"),
        (change("scope", "invoices all"), "invalid_scope"),
        (vec![], "unsupported_grant_type"),
    ] {
        let answer = form(&bench, TOKEN, &fields);
        let told = value(&answer);
        assert_eq!((answer.status, told["error"].as_str()), (400, Some(error)), "{fields:?}");
        assert!(told["message"].is_string() && told.get("code").is_none(), "{told}");
    }
    bench.switch("invalid_client", "401");
    assert_eq!(form(&bench, TOKEN, &change("client_id", "x")).status, 401);
    assert_eq!(bench.call("GET", TOKEN, "", None).status, 405);
}

#[test]
fn a_token_asked_for_within_a_life_ends_with_it() {
    let bench = Bench::new();
    let left = || bench.granted("user")["expires_in"].to_string();
    assert_eq!(left(), "28800");
    bench.forward(28_000);
    assert_eq!(left(), "800");
    bench.forward(799);
    assert_eq!(bench.get(USERS)["code"].to_string(), "200");
    bench.forward(1);
    assert_eq!(bench.call("GET", USERS, "", None).status, 401);
    assert_eq!(left(), "28800");
    bench.forward(100);
    bench.switch("renewal", "full");
    assert_eq!(left(), "28800");
}

#[test]
fn a_refresh_token_is_good_once_and_gives_a_full_life() {
    let bench = Bench::new();
    let first = value(&form(&bench, TOKEN, &by_password()));
    bench.forward(1_000);
    let refresh = |token: &Value| {
        let fields = [
            ("grant_type", "refresh_token"),
            ("refresh_token", token.as_str().unwrap()),
            ("client_id", CLIENT_ID),
            ("client_secret", CLIENT_SECRET),
        ];
        form(&bench, "/v1/oauth2/refresh_token", &fields)
    };
    let second = value(&refresh(&first["refresh_token"]));
    assert_eq!(second["expires_in"].to_string(), "28800");
    let used = refresh(&first["refresh_token"]);
    assert_eq!((used.status, value(&used)["hint"].as_str()), (400, Some("Token has been revoked")));
    assert_eq!(refresh(&second["refresh_token"]).status, 200);
}

#[test]
fn a_token_is_taken_with_and_without_bearer_and_else_refused() {
    let bench = Bench::new();
    let ask = |authorization: &str| bench.server.answer(&request("GET", USERS, "", authorization), None);
    for good in [bench.token.clone(), format!("Bearer {}", bench.token), format!("bearer {}", bench.token)] {
        assert_eq!(ask(&good).status, 200);
    }
    for bad in ["", "Bearer", "Bearer x", "x"] {
        let answer = ask(bad);
        assert_eq!((answer.status, value(&answer)["error"].as_str()), (401, Some("access_denied")), "{bad}");
    }
    bench.switch("access_denied", "200");
    let answer = ask("x");
    assert_eq!((answer.status, value(&answer)["error"].as_str()), (200, Some("access_denied")));
}

#[test]
fn tokens_can_be_revoked_before_their_time() {
    let mut bench = Bench::new();
    bench.server.kill_sessions();
    assert_eq!(bench.call("GET", USERS, "", None).status, 401);
    bench.forward(10);
    let told = bench.granted("user");
    assert_eq!(told["expires_in"].to_string(), "28800", "a new life");
    bench.token = told["access_token"].as_str().unwrap().to_owned();
    bench.switch("revoke_after", "60s");
    bench.forward(59);
    assert_eq!(bench.call("GET", USERS, "", None).status, 200);
    bench.forward(1);
    assert_eq!(bench.call("GET", USERS, "", None).status, 401);
    bench.switch("revoke_after", "0s");
    assert_eq!(bench.call("GET", USERS, "", None).status, 200);
    bench.switch("old_token", "dies");
    bench.granted("user");
    assert_eq!(bench.call("GET", USERS, "", None).status, 401);
}

#[test]
fn a_scope_that_was_not_asked_for_is_refused() {
    let mut bench = Bench::new();
    bench.token = bench.granted("user company")["access_token"].as_str().unwrap().to_owned();
    assert_eq!(bench.call("GET", USERS, "", None).status, 200);
    let answer = bench.call("GET", "/v1/invoices/order/fields", "", None);
    let expected = json!({ "error": "access_denied", "message": "no permission invoices scopes" });
    assert_eq!((answer.status, value(&answer)), (401, expected));
    bench.switch("scope_denied", "200");
    let answer = bench.call("GET", "/v1/product/list", "", None);
    assert_eq!((answer.status, value(&answer)["code"].to_string()), (200, "403".to_owned()));
}

#[test]
fn calls_can_be_limited_and_paths_can_be_wrong() {
    let bench = Bench::with(&[("call_limit", "2")]);
    let status = || bench.call("GET", USERS, "", None).status;
    assert_eq!([status(), status(), status()], [200, 429, 429], "the grant was the first of the second");
    bench.switch("throttle", "json");
    assert!(serde_json::from_slice::<Value>(&bench.call("GET", USERS, "", None).body).is_ok());
    bench.forward(1);
    assert_eq!(status(), 200);
    assert_eq!(bench.call("GET", "/v1/invoices/order/field", "", None).status, 404);
    assert_eq!(bench.call("POST", USERS, "", None).status, 405);
}
