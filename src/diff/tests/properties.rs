use fastrand::Rng;

use super::{model, rules};
use crate::diff::{DiffRules, Differ, Document, FieldChange, Numbers, Paths, extract, json_patch, parse};
use crate::diff::{Identity, RulePath};

const CASES: u64 = 600;

fn all_rules() -> Vec<DiffRules> {
    let ignore = ["ts", "items.*.m", "tags.*.subs.*", "head.ts"];
    let lists = [("items", "id"), ("items.*.subs", "head.id"), ("tags", ""), ("head.items", "m")];
    let numeric = ["q", "items.*.q", "tags.*", "items.*.id"];
    vec![
        DiffRules::default(),
        rules(&[], &[], &[], Numbers::Text),
        rules(&ignore, &lists, &numeric, Numbers::Value),
        rules(&ignore, &lists, &numeric, Numbers::Text),
        rules(&["items.*.id", "tags.*"], &[("items", "id"), ("tags", "id")], &[], Numbers::Value),
        rules(&[""], &[], &[], Numbers::Value),
    ]
}

/// A document and a changed copy, as text.
fn two(random: &mut Rng) -> (model::Json, model::Json) {
    let before = if random.u8(..10) == 0 { model::value(random, 4) } else { model::object(random, 4) };
    let mut after = before.clone();
    for _ in 0..random.usize(..4) {
        model::disturb(&mut after, random);
    }
    (before, after)
}

#[test]
fn hashes_are_equal_exactly_where_documents_are_and_where_the_delta_is_empty() {
    let all: Vec<(DiffRules, Differ)> =
        all_rules().into_iter().map(|rules| (rules.clone(), Differ::new(&rules))).collect();
    let mut equal_ones = vec![0; all.len()];
    for seed in 0..CASES {
        let mut random = Rng::with_seed(seed);
        let (before, after) = two(&mut random);
        let texts = [model::print(&before, &mut random), model::print(&after, &mut random)];
        let [old, new] = [0, 1].map(|at| Document::parse(texts[at].as_bytes()).unwrap());
        for (at, (rules, differ)) in all.iter().enumerate() {
            let equal = model::equal(&before, &after, rules);
            let told = || format!("seed {seed}, rules {at}\n{}\n{}", texts[0], texts[1]);
            assert_eq!(differ.hash(&old) == differ.hash(&new), equal, "hash: {}", told());
            let delta = differ.delta(&old, &new);
            assert_eq!(delta.is_empty(), equal, "delta: {}\n{delta:?}", told());
            assert_eq!(differ.delta(&new, &old).len(), delta.len(), "delta back: {}", told());
            for FieldChange { path, from, to, .. } in &delta {
                assert!(rules.ignore.iter().all(|ignored| !within(path, ignored)), "{path}: {}", told());
                assert!(from.is_some() || to.is_some(), "{path}: {}", told());
            }
            equal_ones[at] += usize::from(equal && texts[0] != texts[1]);
        }
    }
    assert!(equal_ones.iter().all(|count| *count > CASES as usize / 10), "too few equal pairs: {equal_ones:?}");
}

/// Whether a path lies at or below a rule's.
fn within(path: &str, rule: &RulePath) -> bool {
    path.strip_prefix(&rule.to_string()).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

#[test]
fn member_order_white_space_and_escapes_never_change_the_hash() {
    for seed in 0..CASES {
        let mut random = Rng::with_seed(seed);
        let before = model::object(&mut random, 4);
        let mut after = before.clone();
        model::shuffle_members(&mut after, &mut random);
        let texts = [model::print(&before, &mut random), model::print(&after, &mut random)];
        let [old, new] = [0, 1].map(|at| Document::parse(texts[at].as_bytes()).unwrap());
        for rules in all_rules() {
            let differ = Differ::new(&rules);
            assert_eq!(differ.hash(&old), differ.hash(&new), "seed {seed}\n{}\n{}", texts[0], texts[1]);
        }
    }
}

#[test]
fn reading_agrees_with_serde_json_and_hashes_the_same_from_bytes_and_tree() {
    let differ = Differ::new(&all_rules()[3]);
    for seed in 0..CASES {
        let mut random = Rng::with_seed(seed);
        let json = model::value(&mut random, 5);
        let text = model::print(&json, &mut random);
        let document = Document::parse(text.as_bytes()).unwrap();
        let value = document.value();
        let peer: serde_json::Value = serde_json::from_str(&text).unwrap();
        // The printed texts too: equality of trees does not see the order of members.
        assert_eq!(value.to_string(), peer.to_string(), "seed {seed}\n{text}");
        let tree = Document::of_value(&value).unwrap();
        assert_eq!(differ.hash(&document), differ.hash(&tree), "seed {seed}\n{text}");
    }
}

#[test]
fn extraction_agrees_with_the_parsed_document() {
    let chain = |text: &str| -> Vec<String> { text.split('.').map(str::to_owned).collect() };
    let mut read = 0;
    for seed in 0..CASES {
        let mut random = Rng::with_seed(seed);
        let text = model::print(&model::identified(&mut random), &mut random);
        let paths = Paths {
            key: vec![chain(random.choice(["id", "id", "q", "head.id"]).unwrap())],
            number: Some(chain("物流费")),
            times: vec![chain("head.m"), chain("q")],
            cursor: Some(chain("ts")),
        };
        let extracted = extract(text.as_bytes(), &paths);
        read += usize::from(extracted.is_ok());
        assert_eq!(extracted, Identity::of_value(&parse(text.as_bytes()).unwrap(), &paths), "seed {seed}\n{text}");
    }
    assert!(read > CASES as usize / 5, "too few documents with an identity: {read}");
}

#[test]
fn a_patch_applied_gives_the_later_document_exactly() {
    for seed in 0..CASES {
        let mut random = Rng::with_seed(seed);
        let (before, after) = two(&mut random);
        let [before, after] = [before, after].map(|json| parse(model::print(&json, &mut random).as_bytes()).unwrap());
        let patch = json_patch(&before, &after);
        assert_eq!(super::patch::apply(&before, &patch), after, "seed {seed}\n{before}\n{after}\n{patch:?}");
        assert_eq!(patch.is_empty(), before == after, "seed {seed}\n{before}\n{after}");
    }
}
