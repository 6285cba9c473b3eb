#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::time::Duration;

use super::{Config, Filled, Options, Retention, load_everything};
use crate::fault::Fault;
use crate::scheme::check::LiteralSecrets;
use crate::scheme::transport::{Limit, Rate, Transport};

/// Faults with paths below `folder`, sorted by position.
fn told(faults: &[Fault], folder: &Path) -> Vec<String> {
    let prefix = format!("{}/", folder.display());
    faults.iter().map(|fault| fault.to_string().replacen(&prefix, "", 1)).collect()
}

/// Reads a configuration of this text from a file `deltaferry.yaml`, with `KNOWN` as the only variable.
fn read(text: &str, literal_secrets: LiteralSecrets) -> (Config, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("deltaferry.yaml");
    std::fs::write(&file, text).unwrap();
    let mut faults = Vec::new();
    let variable = |name: &str| (name == "KNOWN").then(|| "s3cret".to_owned());
    let config =
        Config::read_with(&file, Options { literal_secrets, ..Options::default() }, &variable, &mut faults).unwrap();
    faults.sort();
    (config, told(&faults, folder.path()))
}

#[test]
fn a_valid_configuration_and_its_schemes_are_read_with_paths_beside_the_file() {
    let folder = Path::new("tests/data/ok");
    let (config, schemes) = match load_everything(&folder.join("deltaferry.yaml"), Options::default()) {
        Ok(read) => read,
        Err(faults) => panic!("{:#?}", told(&faults, folder)),
    };
    assert_eq!(config.data, folder.join("data"));
    assert_eq!(config.tables[0].path, folder.join("tables/shops.csv"));
    assert_eq!(config.scheme_files().unwrap(), [folder.join("schemes/shipment.yaml")]);
    assert_eq!(config.time_zone, "Asia/Shanghai");
    assert_eq!(config.api.operate.as_ref().unwrap().reveal(), "simulated");
    assert_eq!(config.mask, ["buyer_nick"]);
    assert_eq!(config.log.dir, Some(folder.join("log")));
    let erp = config.system("erp").unwrap();
    assert_eq!(erp.connector, "kingdee");
    assert_eq!(erp.transport.settle, Some(Duration::from_millis(200)));
    assert_eq!(erp.settings.get("login").unwrap().get_tagged("password").unwrap().0.text, "username");
    let per = |count, seconds| Limit { count, per: Duration::from_secs(seconds) };
    assert_eq!(config.system("jst").unwrap().transport.rate, Rate::Limits(vec![per(5, 1), per(100, 60)]));
    assert_eq!(schemes[0].id, "shipment");
    assert!(!format!("{config:?}").contains("simulated"));
}

#[test]
fn what_is_left_out_has_the_defaults_of_the_interface() {
    let (config, faults) = read("systems: { a: { http: { base_url: x } } }\n", LiteralSecrets::Refused);
    assert_eq!(faults, Vec::<String>::new());
    assert!(config.data.ends_with("data") && config.schemes.ends_with("schemes"));
    assert_eq!(config.api, super::Api::default());
    assert_eq!(config.api.listen.to_string(), "127.0.0.1:7878");
    assert_eq!(config.time_zone, "Asia/Shanghai");
    assert_eq!(config.log.level, "info");
    let days = |days: u64| Duration::from_secs(days * 86_400);
    assert_eq!(config.retention, Retention { versions: 20, history: days(180), runs: days(30) });
    assert_eq!(config.systems[0].transport, Transport::default());
}

#[test]
fn rule_17_retention_is_read_in_its_units_and_nothing_is_kept_for_no_time() {
    let read = |text: &str| read(&format!("retention: {text}\nsystems: {{}}\n"), LiteralSecrets::Refused);
    let (config, faults) = read("{ versions: 5, history: 36h, runs: 7d }");
    let hours = |hours: u64| Duration::from_secs(hours * 3600);
    assert_eq!(config.retention, Retention { versions: 5, history: hours(36), runs: hours(168) });
    assert_eq!(faults, Vec::<String>::new());
    for (key, wrong) in [("versions", "0"), ("history", "0d"), ("history", "long"), ("runs", "30")] {
        let (_, faults) = read(&format!("{{ {key}: {wrong} }}"));
        assert!(matches!(faults.as_slice(), [fault] if fault.contains(key)), "{key}: {wrong}: {faults:?}");
    }
}

#[test]
fn off_loopback_the_api_needs_tokens_and_tls() {
    let tokens = "off loopback the API needs `tokens`; without them listen on `127.0.0.1`";
    let tls = "off loopback the API needs `tls` or `behind_proxy: true`; else listen on `127.0.0.1`";
    let literal = "is secret and can't stand here literally: fill it in by `${env:NAME}` or `${file:PATH}`";
    for (api, expected) in [
        ("{ listen: 127.0.0.1:1 }", vec![]),
        ("{ listen: \"[::1]:1\" }", vec![]),
        ("{ listen: 0.0.0.0:1 }", vec![format!("1:16: {tls}"), format!("1:16: {tokens}")]),
        ("{ listen: 10.0.0.1:1, tokens: { read: \"${env:KNOWN}\" } }", vec![format!("1:16: {tls}")]),
        ("{ listen: 10.0.0.1:1, behind_proxy: true, tokens: { operate: \"${env:KNOWN}\" } }", vec![]),
        ("{ listen: 10.0.0.1:1, tls: { cert: a, key: b }, tokens: { operate: \"${env:KNOWN}\" } }", vec![]),
        ("{ tokens: { operate: x } }", vec![format!("1:27: `operate` {literal}")]),
    ] {
        let (_, faults) = read(&format!("api: {api}\nsystems: {{}}\n"), LiteralSecrets::Refused);
        let expected: Vec<String> = expected.iter().map(|fault| format!("deltaferry.yaml:{fault}")).collect();
        assert_eq!(faults, expected, "{api}");
    }
    let (config, faults) = read("api: { tokens: { operate: x } }\nsystems: {}\n", LiteralSecrets::Allowed);
    assert_eq!(faults, Vec::<String>::new());
    assert_eq!(config.api.operate.unwrap().reveal(), "x");
}

#[test]
fn a_system_has_exactly_one_connector() {
    let connectors = "`jushuitan`, `kingdee`, `okki`, `http`";
    for (system, expected) in [
        ("{ transport: { rate: none } }", format!("2:3: `a` needs a connector: one of {connectors}")),
        ("{ http: {}, okki: {} }", "2:18: `okki` stands beside another connector: a system has one".to_owned()),
        (
            "{ jushitan: {} }",
            format!("2:8: unknown key `jushitan`: did you mean `jushuitan`? allowed are {connectors}, `transport`"),
        ),
    ] {
        let (config, faults) = read(&format!("systems:\n  a: {system}\n"), LiteralSecrets::Refused);
        assert_eq!(faults, [format!("deltaferry.yaml:{expected}")], "{system}");
        assert_eq!(config.systems[0].name, "a");
    }
}

/// Cases with faults that only connectors and mappings find: what is found here is a part of what is expected.
const WITH_LATER_CHECKS: [&str; 9] = [
    "kingdee-source",
    "literal-secret",
    "missing-line-key",
    "rules",
    "steps",
    "unknown-call",
    "unknown-filter",
    "wrong-path",
    "wrong-settings",
];

#[test]
fn each_broken_configuration_has_the_expected_faults_at_their_places() {
    let mut cases: Vec<_> =
        std::fs::read_dir("tests/data/broken").unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    assert!(cases.len() >= 10);
    for folder in cases {
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        let expected = std::fs::read_to_string(folder.join("expected.txt")).unwrap_or_default();
        let expected: Vec<&str> = expected.lines().collect();
        let found = load_everything(&folder.join("deltaferry.yaml"), Options::default()).err().unwrap_or_default();
        let found = told(&found, &folder);
        if WITH_LATER_CHECKS.contains(&name.as_str()) {
            let unexpected: Vec<_> = found.iter().filter(|fault| !expected.contains(&fault.as_str())).collect();
            assert!(unexpected.is_empty() && found.len() < expected.len(), "{name}: {unexpected:#?}");
        } else {
            assert_eq!(found, expected, "{name}");
        }
    }
}

#[test]
fn whoever_talks_to_nobody_needs_nothing_that_the_systems_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("deltaferry.yaml");
    let variable = |_: &str| None;
    let read = |text: &str, outside: Filled| {
        std::fs::write(&file, text).unwrap();
        let mut faults = Vec::new();
        let options = Options { outside, ..Options::default() };
        let config = Config::read_with(&file, options, &variable, &mut faults).unwrap();
        (config, faults.iter().map(|fault| (fault.at.line, fault.message.clone())).collect::<Vec<_>>())
    };
    let text = "data: ./d\n\
                api: { tokens: { read: \"${env:NONE}\" }, listen: \"${env:NONE}\" }\n\
                systems:\n  a:\n    http: { base_url: \"${env:NONE}\" }\n    transport:\n      timeout: \"${file:none}\"\n";
    let (_, faults) = read(text, Filled::All);
    assert_eq!(faults.iter().filter(|(_, why)| why.contains("NONE") || why.contains("none")).count(), 4, "{faults:?}");
    let (config, faults) = read(text, Filled::Local);
    assert_eq!(faults, Vec::new());
    assert!(config.data.ends_with("d"));
    // Where the data lies must be known, and what is wrong otherwise is told as ever.
    let (_, faults) = read(&text.replace("./d", "\"${env:NONE}\""), Filled::Local);
    assert_eq!(faults.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [1], "{faults:?}");
    let (_, faults) = read(&format!("{text}schemas: x\n"), Filled::Local);
    assert!(matches!(faults.as_slice(), [(8, why)] if why.contains("schemas")), "{faults:?}");
}
