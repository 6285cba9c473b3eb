//! `docs`: stored documents.

use std::collections::BTreeSet;

use crate::cli::args::{Docs, DocsWhat};
use crate::cli::context::Context;
use crate::cli::output::{Exit, Failure, json, table};
use crate::engine::view::{DocumentQuery, Mask, Shown, documents, find_keys, show, target_names};
use crate::name::Key;
use crate::reason::State;
use crate::scheme::Scheme;
use crate::store::{DocumentFilter, Store};

pub fn run(context: &Context, verb: &Docs) -> Result<Exit, Failure> {
    let (DocsWhat::List { scheme, .. } | DocsWhat::Show { scheme, .. }) = &verb.what;
    let (config, schemes) = context.read_for(&[scheme])?;
    let store = context.open_to_read(&config)?;
    match &verb.what {
        DocsWhat::List { scheme, prefix, state, limit, after } => {
            let state = state.as_deref().map(state_of).transpose()?;
            let after = after.as_deref().map(Key::from_text);
            let filter = DocumentFilter { prefix: prefix.clone(), after, changed_since: None, limit: *limit };
            let query = DocumentQuery { filter, state, language: context.language };
            list(context, &*store, scheme_of(&schemes, scheme)?, &query)
        }
        DocsWhat::Show { scheme, key, version } => {
            let scheme = scheme_of(&schemes, scheme)?;
            let keys = find_keys(&*store, &scheme.id, key)?;
            if keys.is_empty() {
                return Err(Failure::failed(format!("`{}` has no document with key or number `{key}`", scheme.id)));
            }
            let mask = Mask::new(&config.mask);
            let shown = Shown { mask: &mask, zone: &config.zone, language: context.language };
            let mut all = Vec::new();
            for key in &keys {
                let found = show(&*store, scheme, key, *version, shown)?;
                all.push(found.ok_or_else(|| not_kept(&*store, &scheme.id, key))?);
            }
            match all.as_slice() {
                [one] => json(one)?,
                several => json(several)?,
            }
            Ok(Exit::Done)
        }
    }
}

/// A version is asked for that never was, or is kept no more (rule 17).
fn not_kept(store: &dyn Store, scheme: &str, key: &Key) -> Failure {
    let kept: Vec<String> = store.versions(scheme, key).unwrap_or_default().iter().map(u64::to_string).collect();
    let kept = kept.join(", ");
    Failure::failed(format!("`{key}` has no such version stored; kept are: {kept}; older ones go as `retention` says"))
}

/// The scheme of a name, or a failure that lists the known ones.
pub fn scheme_of<'a>(schemes: &'a [Scheme], name: &str) -> Result<&'a Scheme, Failure> {
    schemes.iter().find(|scheme| scheme.id == name).ok_or_else(|| Failure::no_scheme(name, schemes.iter()))
}

/// Refuses a target that none of these schemes has.
pub fn must_have_target<'a>(schemes: impl Iterator<Item = &'a Scheme>, name: &str) -> Result<(), Failure> {
    let known: BTreeSet<String> = schemes.flat_map(target_names).collect();
    if known.contains(name) {
        return Ok(());
    }
    let known = known.into_iter().collect::<Vec<_>>().join(", ");
    Err(Failure::Usage(format!("there is no target `{name}`; known: {known}")))
}

/// The state of a word, or a failure that lists them.
pub fn state_of(word: &str) -> Result<State, Failure> {
    State::from_word(word).ok_or_else(|| {
        let known: Vec<&str> = State::ALL.iter().map(|state| state.as_str()).collect();
        Failure::Usage(format!("`{word}` is no state; allowed: {}", known.join(", ")))
    })
}

fn list(context: &Context, store: &dyn Store, scheme: &Scheme, query: &DocumentQuery) -> Result<Exit, Failure> {
    let (found, next) = documents(store, scheme, query)?;
    if context.json {
        json(&serde_json::json!({ "documents": found, "next": next }))?;
        return Ok(Exit::Done);
    }
    let mut shown = table(&["key", "number", "version", "captured at", "states"]);
    for document in &found {
        let states: Vec<String> =
            document.targets.iter().map(|target| format!("{} {}", target.target, target.state)).collect();
        let deleted = if document.deleted { " (deleted)" } else { "" };
        shown.add_row(vec![
            document.key.clone(),
            document.number.clone().unwrap_or_default(),
            format!("{}{deleted}", document.version),
            document.captured_at.clone().unwrap_or_default(),
            states.join(", "),
        ]);
    }
    println!("{shown}");
    if let Some(next) = next {
        println!("more: --after '{next}'");
    }
    Ok(Exit::Done)
}
