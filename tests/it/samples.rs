//! The samples beside each shipped scheme: a source document in, the expected payload out, key order and digits included.
//!
//! | file in `schemes/NAME/` | holds |
//! |---|---|
//! | `CASE.source.json` | the document |
//! | `CASE.before.json` | what the target was told before; without it the target was never told of the document |
//! | `CASE.expected.json` | the payload as mapped, before the connector adds ids; `null`: no condition accepts the document |
//! | `CASE.rejected.txt` | instead: parts of the words it is not sent with, one a line |
//! | `lookups.json` | snapshots that look-ups find: `{ SCHEME: [DOCUMENT, …] }` |

use std::fs;
use std::path::{Path, PathBuf};

use deltaferry::clock::Zone;
use deltaferry::mapping::{Hit, Hits, Lookups, Mapping, Source};
use deltaferry::query::{Condition, Found, Query, Scope};
use deltaferry::scheme::tree::Node;
use deltaferry::scheme::{Target, read_all};
use serde_json::{Value, json};

fn schemes() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("schemes")
}

/// Case names of a scheme's folder; none where there is no folder.
fn cases(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut cases: Vec<String> = names.filter_map(|name| Some(name.strip_suffix(".source.json")?.to_owned())).collect();
    cases.sort();
    cases
}

fn read(file: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap_or_else(|e| panic!("{}: {e}", file.display()))
}

fn read_if_there(file: &Path) -> Option<Value> {
    file.is_file().then(|| read(file))
}

/// The snapshots beside a scheme.
struct Snapshots(Value);

impl Lookups for Snapshots {
    fn find(&self, source: &Source, by: &[(String, String)]) -> Result<Hits, String> {
        let Source::Scheme(name) = source else { return Err(format!("`{source}` is not among the samples")) };
        let documents = self.0[name].as_array().ok_or_else(|| format!("`{name}` is not among the samples"))?;
        let holds = |document: &Value, path: &str, text: &str| {
            let scope = Scope { document, elements: &[], receipt: None };
            match Query::parse(path).unwrap().find(&scope) {
                Found::One(Value::String(found)) => found.trim() == text,
                Found::One(Value::Number(found)) => found.to_string() == text,
                _ => false,
            }
        };
        let found = documents.iter().filter(|document| by.iter().all(|(path, text)| holds(document, path, text)));
        let mut hits = found.map(|document| Hit { origin: name.clone(), document: document.clone() });
        Ok(match (hits.next(), hits.count()) {
            (None, _) => Hits::Nothing,
            (Some(hit), 0) => Hits::One(hit),
            (Some(first), more) => Hits::Several { count: more + 1, first },
        })
    }
}

/// The mapping of the call by which a document is told; none if no condition accepts it.
fn mapping_of<'t>(target: &'t Target, before: Option<&Value>, after: &Value) -> Option<&'t Node> {
    let change = json!({
        "kind": if before.is_some() { "updated" } else { "created" },
        "before": before, "after": after, "changed": [],
        "receipt": before.map(|_| json!({ "id": "1", "number": null, "lines": {} })),
    });
    let scope = Scope { document: &change, elements: &[], receipt: None };
    let holds = |when: &Option<Condition>| when.as_ref().is_none_or(|condition| condition.holds(&scope).unwrap());
    let operations = target.operations.iter().map(|operation| (&operation.when, operation.mapping.as_ref()));
    let mut calls = operations.chain([(&target.when, target.mapping.as_ref())]);
    calls.find(|(when, _)| holds(when)).and_then(|(_, mapping)| mapping)
}

fn compiled(mapping: &Node) -> Mapping {
    let mut faults = Vec::new();
    Mapping::compile(mapping, &mut faults).unwrap_or_else(|| panic!("{faults:?}"))
}

#[test]
fn every_sample_of_every_shipped_scheme_maps_as_expected() {
    let mut faults = Vec::new();
    let files = read_all(&schemes(), &Zone::named("Asia/Shanghai").unwrap(), &mut faults);
    assert!(faults.is_empty(), "{faults:?}");
    let mut checked = 0;
    for scheme in files.into_iter().map(|file| file.scheme) {
        let folder = schemes().join(&scheme.id);
        let lookups = Snapshots(read_if_there(&folder.join("lookups.json")).unwrap_or_else(|| json!({})));
        for case in cases(&folder) {
            let name = format!("{}/{case}", scheme.id);
            let file = |ending: &str| folder.join(format!("{case}.{ending}"));
            let (source, before) = (read(&file("source.json")), read_if_there(&file("before.json")));
            let rejected = fs::read_to_string(file("rejected.txt"));
            checked += 1;
            let Some(mapping) = mapping_of(&scheme.targets[0], before.as_ref(), &source) else {
                assert_eq!(read(&file("expected.json")), Value::Null, "{name}: no condition accepts it");
                continue;
            };
            match (compiled(mapping).evaluate(&source, None, &lookups), rejected) {
                (Ok(mapped), Err(_)) => {
                    let shown = |value: &Value| serde_json::to_string_pretty(value).unwrap();
                    assert_eq!(shown(&mapped.payload), shown(&read(&file("expected.json"))), "{name}");
                }
                (Err(fault), Ok(words)) => {
                    for part in words.lines() {
                        assert!(fault.to_string().contains(part), "{name}: `{part}` in `{fault}`");
                    }
                }
                (Ok(mapped), Ok(_)) => panic!("{name} is mapped to {}", mapped.payload),
                (Err(fault), Err(_)) => panic!("{name}: {fault}"),
            }
        }
    }
    assert!(checked >= 25, "{checked} samples");
}
