//! The samples beside each shipped scheme: a source document in, the expected payload out, key order and digits included.

use std::fs;
use std::path::{Path, PathBuf};

use deltaferry::clock::Zone;
use deltaferry::mapping::{Mapping, Tables};
use deltaferry::scheme::load_all;
use serde_json::Value;

fn schemes() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("schemes")
}

/// Case names of a scheme's folder.
fn cases(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut cases: Vec<String> =
        entries.filter_map(|name| Some(name.strip_suffix(".source.json")?.to_owned())).collect();
    cases.sort();
    cases
}

fn read(file: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap_or_else(|e| panic!("{}: {e}", file.display()))
}

#[test]
fn every_sample_of_every_shipped_scheme_maps_as_expected() {
    let zone = Zone::named("Asia/Shanghai").unwrap();
    let mut checked = 0;
    for scheme in load_all(&schemes(), &zone).unwrap() {
        let target = &scheme.targets[0];
        let mut faults = Vec::new();
        let mapping = Mapping::compile(target.mapping.as_ref().unwrap(), &mut faults).unwrap();
        assert!(faults.is_empty(), "{faults:?}");
        let folder = schemes().join(&scheme.id);
        for case in cases(&folder) {
            let file = |ending: &str| folder.join(format!("{case}.{ending}"));
            let mapped = mapping.evaluate(&read(&file("source.json")), None, &Tables::default());
            match (mapped, fs::read_to_string(file("rejected.txt"))) {
                (Ok(mapped), Err(_)) => {
                    let expected = read(&file("expected.json"));
                    let shown = |value: &Value| serde_json::to_string_pretty(value).unwrap();
                    assert_eq!(shown(&mapped.payload), shown(&expected), "{}/{case}", scheme.id);
                }
                (Err(fault), Ok(words)) => {
                    for part in words.lines() {
                        assert!(fault.to_string().contains(part), "{}/{case}: `{part}` in `{fault}`", scheme.id);
                    }
                }
                (Ok(mapped), Ok(_)) => panic!("{}/{case} is mapped to {}", scheme.id, mapped.payload),
                (Err(fault), Err(_)) => panic!("{}/{case}: {fault}", scheme.id),
            }
            checked += 1;
        }
    }
    assert!(checked >= 10, "{checked} samples");
}
