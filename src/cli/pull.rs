//! `pull` (补单): reads documents from the source now, past filter and window, and delivers them as usual.

use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::cli::args::Pull;
use crate::cli::context::Context;
use crate::cli::once::chosen;
use crate::cli::output::{Exit, Failure, json};
use crate::cli::remote::{segment, service};
use crate::cli::run::stop_on_signal;

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
        None => pull_here(context, &verb).await?,
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

async fn pull_here(context: &Context, verb: &Pull) -> Result<(Vec<String>, Vec<String>), Failure> {
    let stop = CancellationToken::new();
    stop_on_signal(stop.clone());
    let engine = context.engine(&mut context.check()?, stop).await?;
    let pulled = engine.pull(&verb.scheme, &verb.keys).await;
    if pulled.is_ok() {
        for unit in chosen(&engine, std::slice::from_ref(&verb.scheme))? {
            for worker in &unit.workers {
                worker.pass().await?;
            }
        }
    }
    engine.store.close();
    let pulled = pulled?;
    Ok((pulled.found.iter().map(ToString::to_string).collect(), pulled.missing))
}
