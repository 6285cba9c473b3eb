//! The names of all tests, for tables of what they prove.

use std::fs;
use std::path::Path;

/// Names of all tests of the project.
pub fn test_names() -> Vec<String> {
    let mut found = Vec::new();
    for folder in ["src", "tests"] {
        names_below(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &mut found);
    }
    assert!(found.len() > 500, "{}", found.len());
    found
}

fn names_below(folder: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            names_below(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            let mut is_test = false;
            for line in text.lines().map(str::trim) {
                let name = line.trim_start_matches("async ").strip_prefix("fn ").and_then(|rest| rest.split_once('('));
                if let Some((name, _)) = name
                    && is_test
                {
                    found.push(name.to_owned());
                }
                is_test = line == "#[test]" || line.starts_with("#[tokio::test") || (is_test && line.starts_with('#'));
            }
        }
    }
}
