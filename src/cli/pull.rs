//! `pull` (补单): reads documents from the source now, past filter and window, and delivers them as usual.

use serde_json::Value;

use crate::cli::args::Pull;
use crate::cli::context::Context;
use crate::cli::here::{deliver, left_of, work_here};
use crate::cli::output::{Exit, Failure, json};
use crate::cli::remote::{segment, service};
use crate::engine::Engine;

pub async fn run(context: &Context, verb: Pull) -> Result<Exit, Failure> {
    let scheme = verb.scheme.as_str();
    let (config, _) = context.read_for(&[scheme])?;
    let (found, missing, left) = match service(&config).await {
        Some(service) => {
            let body = serde_json::json!({ "keys": verb.keys });
            let answer = service.post(&format!("/schemes/{}/pull", segment(&verb.scheme)), &body).await?;
            let texts = |name: &str| -> Vec<String> {
                let list = answer.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
                list.iter().filter_map(|one| one.as_str().map(str::to_owned)).collect()
            };
            // The service delivers them in its own time.
            (texts("found"), texts("missing"), None)
        }
        None => {
            let pull = async |engine: &Engine| {
                let pulled = engine.pull(scheme, &verb.keys).await?;
                deliver(engine, scheme).await?;
                let left = left_of(context, engine, scheme, &pulled.found)?;
                Ok((pulled, left))
            };
            let (pulled, left) = work_here(context, scheme, pull).await?;
            (pulled.found.iter().map(ToString::to_string).collect(), pulled.missing, Some(left))
        }
    };
    if context.json {
        json(&serde_json::json!({ "found": found, "missing": missing, "left": left }))?;
    } else {
        for key in &found {
            println!("read  {key}");
        }
        for text in &missing {
            println!("unknown to the source  {text}");
        }
        if let Some(left) = left.filter(|left| *left > 0) {
            println!("{left} of them not settled; `deltaferry deliveries list --scheme {scheme}` says why");
        }
    }
    Ok(match (missing.is_empty(), left) {
        (false, _) => Exit::Failed,
        (true, None | Some(0)) => Exit::Done,
        (true, Some(_)) => Exit::Left,
    })
}
