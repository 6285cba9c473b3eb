//! Public suites, read from a folder beside the project where there is one.

use std::path::PathBuf;

use serde_json::Value;

use super::patch::apply;
use crate::diff::{DiffRules, Differ, Document, json_patch, parse};

/// Files and folders of the suites; none, said plainly, where they are not here.
#[allow(clippy::print_stderr, reason = "a skipped suite must be seen")]
fn suite(name: &str) -> Option<PathBuf> {
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/suites");
    let path = std::env::var_os("DELTAFERRY_SUITES").map_or_else(beside, PathBuf::from).join(name);
    if !path.exists() {
        eprintln!("skipped: no suite at `{}`; DELTAFERRY_SUITES names the folder of the suites", path.display());
        return None;
    }
    Some(path)
}

fn files(folder: PathBuf) -> Vec<(String, Vec<u8>)> {
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap());
    files.map(|file| (file.file_name().into_string().unwrap(), std::fs::read(file.path()).unwrap())).collect()
}

#[test]
fn json_parsing_suite_decides_as_documented() {
    let Some(folder) = suite("jsontestsuite") else { return };
    // Valid JSON that is refused on purpose: one of two values would be lost.
    let repeated = ["y_object_duplicated_key.json", "y_object_duplicated_key_and_value.json"];
    let files = files(folder);
    assert!(files.len() > 300);
    for (name, bytes) in files {
        let read = parse(&bytes);
        // Left to us: numbers of any size are kept as text; anything that is not clean UTF-8, lone surrogates,
        // byte order marks and 500 nested lists are refused.
        let accepted = match name.get(..2) {
            Some("y_") => !repeated.contains(&name.as_str()),
            Some("n_") => false,
            _ => name.starts_with("i_number"),
        };
        assert_eq!(read.is_ok(), accepted, "{name}: {read:?}");
    }
}

#[test]
fn naughty_strings_are_names_and_values_like_any_other() {
    let Some(file) = suite("blns.json") else { return };
    let Ok(Value::Array(strings)) = parse(&std::fs::read(file).unwrap()) else { panic!("no list") };
    assert!(strings.len() > 500);
    let differ = Differ::new(&DiffRules::default());
    for string in strings {
        let text = string.as_str().unwrap();
        let json = Value::Object([(text.to_owned(), string.clone())].into_iter().collect());
        let printed = json.to_string();
        let document = Document::parse(printed.as_bytes()).unwrap();
        assert_eq!(document.value(), json);
        let escaped: String = text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
        let escaped = format!("{{\"{escaped}\": \"{escaped}\"}}");
        let same = Document::parse(escaped.as_bytes()).unwrap();
        assert_eq!(differ.hash(&document), differ.hash(&same), "{printed}");
        assert_eq!(differ.delta(&document, &Document::parse(b"{}").unwrap()).len(), 1, "{printed}");
    }
}

#[test]
fn canonicalization_inputs_hash_like_their_outputs_where_no_digit_is_lost() {
    let Some(folder) = suite("jcs/input") else { return };
    let outputs = suite("jcs/output").unwrap();
    let differ = Differ::new(&DiffRules::default());
    for (name, bytes) in files(folder) {
        let input = Document::parse(&bytes).unwrap();
        let output = std::fs::read(outputs.join(&name)).unwrap();
        let equal = differ.hash(&input) == differ.hash(&Document::parse(&output).unwrap());
        // RFC 8785 rounds the 333333333.33333329 of this file to binary; we do not.
        assert_eq!(equal, name != "values.json", "{name}");
    }
}

#[test]
fn json_patch_suite_documents_are_reached_exactly() {
    let Some(folder) = suite("json-patch") else { return };
    let mut reached = 0;
    for (_, bytes) in files(folder) {
        let cases: Vec<Value> = serde_json::from_slice(&bytes).unwrap();
        for case in cases {
            let (Some(before), Some(after)) = (case.get("doc"), case.get("expected")) else { continue };
            assert_eq!(&apply(before, &json_patch(before, after)), after, "{case}");
            assert_eq!(&apply(after, &json_patch(after, before)), before, "{case}");
            reached += 1;
        }
    }
    assert!(reached > 60, "only {reached} cases");
}
