//! Keeps the house in order: import directions, owners of third-party crates, lengths, leftovers.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Which parts of the tree a part may import, beside the vocabulary and itself (the crate's front page).
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("vocabulary", &[]),
    ("query", &[]),
    ("scheme", &["query"]),
    ("config", &["query", "scheme"]),
    ("connector", &["query", "scheme"]),
    ("diff", &["query", "scheme"]),
    ("mapping", &["query", "scheme"]),
    ("store", &[]),
    ("capture", &["query", "scheme", "connector", "diff", "store"]),
    ("delivery", &["query", "scheme", "connector", "diff", "mapping", "store"]),
    ("engine", &["query", "scheme", "config", "connector", "diff", "mapping", "store", "capture", "delivery"]),
    ("api", &["engine", "store", "config", "scheme"]),
    ("sandbox", &[]),
    ("torture", &["sandbox", "store"]),
];

/// Which folder (or file) alone may name a third-party crate.
const OWNERS: &[(&str, &[&str])] = &[
    ("redb", &["src/store/"]),
    ("reqwest", &["src/connector/http", "src/cli/remote.rs"]),
    ("axum", &["src/api/", "src/sandbox/"]),
    ("hyper", &["src/sandbox/", "src/connector/http/kill.rs"]),
    ("clap", &["src/cli/"]),
    ("comfy_table", &["src/cli/"]),
    ("indicatif", &["src/cli/"]),
    ("jsonpath_rust", &["src/query/"]),
    ("saphyr_parser", &["src/scheme/"]),
    ("bigdecimal", &["src/decimal.rs"]),
    ("jiff", &["src/clock.rs"]),
    ("croner", &["src/clock.rs"]),
    ("rustix", &["src/crash.rs", "src/store/", "src/torture/"]),
];

/// Files that hold one responsibility although they are longer than 400 lines; each with why.
const LONG: &[(&str, &str)] =
    &[("src/store/model.rs", "the whole model stands together, to be read as the specification of a store")];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every Rust file below a folder, with its path from the root in `/`.
fn sources(folder: &str) -> BTreeMap<String, String> {
    fn walk(folder: &Path, found: &mut BTreeMap<String, String>) {
        let Ok(entries) = fs::read_dir(folder) else { return };
        for entry in entries {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let name = path.strip_prefix(root()).unwrap().to_string_lossy().replace('\\', "/");
                found.insert(name, fs::read_to_string(&path).unwrap());
            }
        }
    }
    let mut found = BTreeMap::new();
    walk(&root().join(folder), &mut found);
    found
}

fn is_test(name: &str) -> bool {
    name.ends_with("/tests.rs")
        || name.contains("/tests/")
        || name.ends_with("_tests.rs")
        || name.ends_with("/conformance.rs")
}

/// The code of a file without its inline tests and comments.
fn code(text: &str) -> String {
    let body = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or(text);
    let lines = body.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

fn part(name: &str) -> &str {
    let inner = name.strip_prefix("src/").unwrap_or(name);
    match inner.split_once('/') {
        Some((folder, _)) => folder,
        None => "vocabulary",
    }
}

/// The parts a file imports: the first segment of each `crate::…` path, also inside `use crate::{…}`.
fn imports(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    for piece in code.split("crate::").skip(1) {
        let list = piece.strip_prefix('{').and_then(|rest| rest.split_once('}')).map(|(list, _)| list);
        for one in list.unwrap_or(piece).split(',').take(if list.is_some() { usize::MAX } else { 1 }) {
            let name: String = one.trim().chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
            found.push(name);
        }
    }
    found
}

#[test]
fn imports_follow_the_front_pages_table() {
    let files = sources("src");
    let folders: Vec<&str> = MAY_IMPORT.iter().map(|(name, _)| *name).chain(["cli"]).collect();
    let mut wrong = Vec::new();
    for (name, text) in &files {
        let own = part(name);
        if matches!(name.as_str(), "src/lib.rs" | "src/main.rs") || own == "cli" || is_test(name) {
            continue;
        }
        let Some((_, allowed)) = MAY_IMPORT.iter().find(|(part, _)| *part == own) else {
            wrong.push(format!("{name}: `{own}` is in no row of the import table"));
            continue;
        };
        for import in imports(&code(text)) {
            if folders.contains(&import.as_str()) && import != own && !allowed.contains(&import.as_str()) {
                wrong.push(format!("{name}: `{own}` may not import `{import}`"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn each_third_party_crate_has_one_owner() {
    let mut wrong = Vec::new();
    for (name, text) in sources("src") {
        let code = code(&text);
        for (krate, owners) in OWNERS {
            let named = code.contains(&format!("{krate}::")) || code.contains(&format!("use {krate};"));
            if named && !owners.iter().any(|owner| name.starts_with(owner)) {
                wrong.push(format!("{name}: `{krate}` belongs to {}", owners.join(", ")));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn files_hold_one_responsibility() {
    let mut wrong = Vec::new();
    for (name, text) in sources("src") {
        let lines = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or(&text).lines().count();
        if lines > 450 && !is_test(&name) && !LONG.iter().any(|(long, _)| *long == name) {
            wrong.push(format!("{name}: {lines} lines; split it, or say in LONG why it is one responsibility"));
        }
        if !text.starts_with("//!") && !is_test(&name) {
            wrong.push(format!("{name}: its first line does not say what it is for"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn nothing_is_left_over() {
    // Put together so that this file does not find itself.
    let words =
        [["FIX", "ME"].concat(), ["TO", "DO"].concat(), ["todo", "!("].concat(), ["unimplemented", "!("].concat()];
    let mut wrong = Vec::new();
    for folder in ["src", "tests", "benches"] {
        for (name, text) in sources(folder) {
            for (number, line) in text.lines().enumerate() {
                if words.iter().any(|word| line.contains(word.as_str())) {
                    wrong.push(format!("{name}:{}: {}", number + 1, line.trim()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_file_is_part_of_the_program() {
    let files = sources("src");
    let all: String = files.values().map(|text| text.as_str()).collect::<Vec<_>>().join("\n");
    for name in files.keys() {
        let stem = name.trim_end_matches("/mod.rs").trim_end_matches(".rs").rsplit('/').next().unwrap_or_default();
        if matches!(stem, "lib" | "main") {
            continue;
        }
        assert!(all.contains(&format!("mod {stem};")), "{name}: no `mod {stem};` anywhere");
    }
}

#[test]
fn tests_wait_for_conditions_and_never_just_sleep() {
    let mut wrong = Vec::new();
    for (name, text) in sources("tests") {
        for (number, line) in text.lines().enumerate() {
            let naps = line.contains("sleep(")
                && !name.contains("/support/")
                && !line.contains("clock.sleep(")
                && !name.ends_with("tidy.rs");
            if naps {
                wrong.push(format!("{name}:{}: {}", number + 1, line.trim()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
