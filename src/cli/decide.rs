//! `decide`: answers what waits to be told.

use crate::cli::args::{Decide, DecideHow};
use crate::cli::context::Context;
use crate::cli::output::{Exit, Failure, json};
use crate::cli::remote::{segment, service};
use crate::clock::Time;
use crate::engine::Decided;
use crate::scheme::Initial;

pub async fn run(context: &Context, verb: Decide) -> Result<Exit, Failure> {
    let (config, _) = context.read()?;
    let since = match &verb.since {
        None => None,
        Some(text) => Some(config.zone.read(text).ok_or_else(|| {
            Failure::Usage(format!("`--since {text}` is no time; allowed: `2026-01-31`, `2026-01-31 08:00:00`"))
        })?),
    };
    let (how, word) = match verb.how {
        DecideHow::Adopt => (Initial::Adopt, "adopt"),
        DecideHow::Baseline => (Initial::Baseline, "baseline"),
        DecideHow::Send => (Initial::Send, "send"),
    };
    let decided: Decided = match service(&config).await {
        Some(service) => {
            let since = since.map(|time: Time| time.to_string());
            let body = serde_json::json!({ "how": word, "target": verb.target, "since": since });
            let answer = service.post(&format!("/schemes/{}/decide", segment(&verb.scheme)), &body).await?;
            serde_json::from_value(answer)?
        }
        None => {
            let engine = context.engine(&mut context.check()?, Default::default()).await?;
            let decided = engine.decide(&verb.scheme, verb.target.as_deref(), how, since).await;
            engine.store.close();
            decided?
        }
    };
    if context.json {
        json(&decided)?;
    } else if decided.told == 0 {
        println!("nothing waited to be told; name a target by `--target` to tell it again");
    } else {
        println!("told {} to {word}, for {} documents", decided.told, decided.documents);
    }
    Ok(Exit::Done)
}
