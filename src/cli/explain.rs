//! `explain`: why a document was or was not sent.

use crate::cli::args::Explain;
use crate::cli::context::Context;
use crate::cli::docs::scheme_of;
use crate::cli::output::{Exit, Failure, json};
use crate::engine::view::{explain, find_keys};
use crate::name::Key;

pub fn run(context: &Context, verb: &Explain) -> Result<Exit, Failure> {
    let (config, schemes) = context.read_for(&[&verb.scheme])?;
    let store = context.open_to_read(&config)?;
    let scheme = scheme_of(&schemes, &verb.scheme)?;
    let mut keys = find_keys(&*store, &scheme.id, &verb.key)?;
    if keys.is_empty() {
        keys.push(Key::from_text(verb.key.as_str()));
    }
    let mut all = Vec::new();
    for key in &keys {
        let sentences = explain(&*store, scheme, key, context.language)?;
        if context.json {
            all.push(serde_json::json!({ "scheme": scheme.id, "key": key, "sentences": sentences }));
            continue;
        }
        println!("{}/{key}", scheme.id);
        for sentence in sentences {
            println!("  {sentence}");
        }
    }
    if context.json {
        json(&all)?;
    }
    Ok(Exit::Done)
}
