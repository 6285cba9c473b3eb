use std::path::Path;

use super::{parse, told};
use crate::scheme::fill::{Outside, fill, refuse};
use crate::scheme::tree::Value;

#[test]
fn placeholders_fill_in_secrets_whole_or_within_a_text() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("token"), "s3cret\r\n").unwrap();
    let text = "a: \"${env:NAME}\"\nb: Bearer ${env:NAME}/${file:token}\nc: plain $.x\n";
    let (node, _) = parse(text);
    let mut node = node.unwrap();
    let mut faults = Vec::new();
    let variable = |name: &str| (name == "NAME").then(|| "v".to_owned());
    fill(&mut node, &Outside { variable: &variable, folder: folder.path() }, &mut faults);
    assert_eq!(told(&faults), Vec::<String>::new());
    for (key, expected) in [("a", "v"), ("b", "Bearer v/s3cret")] {
        let Some(Value::Secret(secret)) = node.get(key).map(|node| &node.value) else { panic!("{key} is no secret") };
        assert_eq!(secret.reveal(), expected);
    }
    assert_eq!(node.get("c").unwrap().text(), Some("plain $.x"));
    assert!(!format!("{node:?}").contains("s3cret"));
}

#[test]
fn what_cant_be_filled_in_is_told_where_it_stands_and_all_of_it() {
    let (node, _) = parse(
        "a: \"${env:ONE} 中 ${env:TWO}\"\nb: [\"${file:no/such}\"]\nc: \"${vault:x}\"\nd: ${env:E\ne: ${env:EMPTY}\n",
    );
    let mut faults = Vec::new();
    let variable = |name: &str| (name == "EMPTY").then(String::new);
    fill(&mut node.unwrap(), &Outside { variable: &variable, folder: Path::new("nowhere") }, &mut faults);
    assert_eq!(
        told(&faults),
        [
            "1:5: environment variable `ONE` is not set",
            "1:18: environment variable `TWO` is not set",
            "2:6: file `no/such` can't be read: No such file or directory (os error 2)",
            "3:5: `${vault:x}` is not known; allowed: `${env:NAME}`, `${file:PATH}`",
            "4:4: `${` without `}`; allowed: `${env:NAME}`, `${file:PATH}`",
            "5:4: environment variable `EMPTY` is empty",
        ]
    );
}

#[test]
fn schemes_take_no_secrets() {
    let (node, _) = parse("a: { b: \"x ${env:ONE}\" }\n");
    let mut faults = Vec::new();
    refuse(&node.unwrap(), &mut faults);
    assert_eq!(told(&faults), ["1:12: `${env:…}` and `${file:…}` are filled in only in the configuration file"]);
}
