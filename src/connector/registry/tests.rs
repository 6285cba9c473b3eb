#![allow(clippy::unwrap_used)]

use super::*;
use crate::clock::SystemClock;
use crate::scheme::yaml;

fn environment() -> Environment {
    Environment {
        clock: Arc::new(SystemClock::new()),
        zone: Zone::named("Asia/Shanghai").unwrap(),
        paces: Arc::default(),
        tokens: Arc::default(),
    }
}

/// The settings of a system written as `KIND: { … }`.
fn with<T>(text: &str, body: impl FnOnce(&Settings<'_>) -> T) -> T {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("system.yaml");
    std::fs::write(&file, text).unwrap();
    let root = yaml::load(&file, &mut Vec::new()).unwrap();
    let (name, node) = &root.map().unwrap()[0];
    body(&Settings { kind: &name.text, at: &name.at, node })
}

fn faults(text: &str, secrets: LiteralSecrets) -> Vec<String> {
    with(text, |settings| {
        let mut faults = Vec::new();
        check(settings, secrets, &mut faults);
        faults.sort();
        faults.iter().map(|fault| format!("{}:{}: {}", fault.at.line, fault.at.column, fault.message)).collect()
    })
}

fn account(text: &str) -> String {
    let connect = |settings: &Settings<'_>| connect(settings, &Transport::default(), &environment());
    with(text, connect).map_err(|faults| format!("{faults:?}")).unwrap().account()
}

const JUSHUITAN: &str = "jushuitan: { app_key: k, app_secret: s, access_token: t }";

const KINGDEE: &str = "\
kingdee:
  base_url: https://ERP.example.com:8443/k3cloud/
  acct_id: 5f0e9d6c7b8a91
  login: { sign: { username: webapi, app_id: 1_2, app_secret: s } }
";

#[test]
fn an_account_is_connector_host_without_port_and_account() {
    assert_eq!(account(KINGDEE), "kingdee erp.example.com 5f0e9d6c7b8a91");
    // The application's key may come from the environment: it is never shown.
    assert_eq!(account(JUSHUITAN), "jushuitan openapi.jushuitan.com 5cbcb0cee824");
    let okki = |grant: &str| account(&format!("okki: {{ base_url: 'http://127.0.0.1:1', grant: {{ {grant} }} }}"));
    let (client, user) = (
        "client_credentials: { client_id: i, client_secret: s }",
        "password: { client_id: i, client_secret: s, username: u, password: p }",
    );
    assert_eq!(okki(client), format!("okki 127.0.0.1 {}", &blake3::hash(b"i").to_hex()[..12]));
    assert_ne!(okki(client), okki(user), "another user, another account");
    let legacy = JUSHUITAN.replace("{ ", "{ gateway: legacy, ");
    assert_eq!(account(&legacy), "jushuitan open.erp321.com 5cbcb0cee824");
}

#[test]
fn every_way_to_log_in_connects() {
    let headers = "headers: { username: u, app_id: 200123_QUJDREVGR0hJSktMTU5PUFFSU1RVVldY, app_secret: s }";
    for login in [
        "password: { username: u, password: p }",
        "app_secret: { username: u, app_id: i, app_secret: s }",
        "sign: { username: u, app_id: i, app_secret: s }",
        headers,
    ] {
        let text = format!(
            "kingdee: {{ base_url: 'http://127.0.0.1:1/k3cloud', acct_id: a, login: {{ {login} }}, org: '100', \
             lcid: 1033, sign_digest: sha1, timestamp: ms }}"
        );
        assert_eq!(account(&text), "kingdee 127.0.0.1 a");
    }
}

#[test]
fn faults_of_settings_are_told_where_they_stand() {
    assert_eq!(faults(KINGDEE, LiteralSecrets::Allowed), Vec::<String>::new());
    let secret = "is secret and can't stand here literally";
    let told = faults(JUSHUITAN, LiteralSecrets::Refused);
    assert_eq!(told.len(), 2);
    assert!(told.iter().all(|fault| fault.contains(secret)), "{told:?}");
    for (text, wanted) in [
        ("kingdee: { acct_id: a }", vec!["1:1: `base_url` is missing", "1:1: `login` is missing"]),
        (
            "kingdee: { base_url: 'https://e', acct_id: a, login: { headers: { username: u, app_id: x, app_secret: s } } }",
            vec!["1:88: `app_id` must be `<client id>_<32 characters>`, or it can't sign requests"],
        ),
        (
            "okki: { grant: { password: { client_id: i, client_secret: s, username: u } } }",
            vec!["1:18: `password` is missing"],
        ),
        ("okki: {}", vec!["1:1: `grant` is missing"]),
        ("sap: {}", vec!["1:1: no connector `sap` in this version; there are `jushuitan`, `kingdee`, `okki`"]),
    ] {
        assert_eq!(faults(text, LiteralSecrets::Allowed), wanted, "{text}");
    }
    let told = faults("jushuitan: { app_keys: k, gateway: new }", LiteralSecrets::Allowed).join("\n");
    for words in ["unknown key `app_keys`: did you mean `app_key`?", "`app_secret` is missing", "`gateway` must be"] {
        assert!(told.contains(words), "{told}");
    }
}

#[test]
fn a_file_of_certificates_that_cannot_be_read_is_a_fault_of_connecting() {
    let transport = Transport { ca_file: Some("/nowhere.pem".into()), ..Transport::default() };
    let faults = with(KINGDEE, |settings| connect(settings, &transport, &environment()).err()).unwrap();
    assert!(faults[0].message.contains("`ca_file` `/nowhere.pem`"), "{faults:?}");
}
