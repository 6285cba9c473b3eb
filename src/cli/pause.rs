//! `pause` and `resume`: a scheme's capture, or one of its targets.

use crate::cli::args::Pause;
use crate::cli::context::Context;
use crate::cli::output::{Exit, Failure, json};
use crate::cli::remote::{segment, service};

pub async fn run(context: &Context, verb: Pause, pause: bool) -> Result<Exit, Failure> {
    let (config, _) = context.read_for(&[&verb.scheme])?;
    let word = if pause { "pause" } else { "resume" };
    match service(&config).await {
        Some(service) => {
            let path = match &verb.target {
                None => format!("/schemes/{}/{word}", segment(&verb.scheme)),
                Some(target) => format!("/schemes/{}/targets/{}/{word}", segment(&verb.scheme), segment(target)),
            };
            service.post(&path, &serde_json::json!({})).await?;
        }
        None => {
            let engine = context.engine(&mut context.check_for(&[&verb.scheme])?, Default::default()).await?;
            let why = pause.then(|| "by a person".to_owned());
            let done = engine.pause(&verb.scheme, verb.target.as_deref(), why).await;
            engine.store.close();
            done?;
        }
    }
    if context.json {
        json(&serde_json::json!({ "scheme": verb.scheme, "target": verb.target, "paused": pause }))?;
        return Ok(Exit::Done);
    }
    let what = verb.target.map_or(verb.scheme.clone(), |target| format!("{}/{target}", verb.scheme));
    println!("{what}: {word}d");
    Ok(Exit::Done)
}
