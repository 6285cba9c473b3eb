//! `pull` (补单): reads documents from the source now, past filter and window, and delivers them as usual.

use serde_json::Value;

use crate::cli::args::Pull;
use crate::cli::context::Context;
use crate::cli::here::work_here;
use crate::cli::output::{Exit, Failure, json};
use crate::cli::remote::{segment, service};
use crate::engine::Engine;

pub async fn run(context: &Context, verb: Pull) -> Result<Exit, Failure> {
    let (config, _) = context.read()?;
    let (found, missing) = match service(&config).await {
        Some(service) => {
            let body = serde_json::json!({ "keys": verb.keys });
            let answer = service.post(&format!("/schemes/{}/pull", segment(&verb.scheme)), &body).await?;
            let texts = |name: &str| -> Vec<String> {
                let list = answer.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
                list.iter().filter_map(|one| one.as_str().map(str::to_owned)).collect()
            };
            (texts("found"), texts("missing"))
        }
        None => {
            let pulled = work_here(context, (&verb.scheme, true), async |engine: &Engine| {
                engine.pull(&verb.scheme, &verb.keys).await
            });
            let pulled = pulled.await?;
            (pulled.found.iter().map(ToString::to_string).collect(), pulled.missing)
        }
    };
    if context.json {
        json(&serde_json::json!({ "found": found, "missing": missing }))?;
    } else {
        for key in &found {
            println!("read  {key}");
        }
        for text in &missing {
            println!("unknown to the source  {text}");
        }
    }
    Ok(if missing.is_empty() { Exit::Done } else { Exit::Failed })
}
