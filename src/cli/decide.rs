//! `decide`: answers what waits to be told.

use crate::cli::args::{Decide, DecideHow};
use crate::cli::context::Context;
use crate::cli::output::{Exit, Failure, json};
use crate::cli::remote::{segment, service};
use crate::clock::Time;
use crate::engine::Decided;
use crate::scheme::Initial;

pub async fn run(context: &Context, verb: Decide) -> Result<Exit, Failure> {
    let (config, _) = context.read_for(&[&verb.scheme])?;
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
            let engine = context.engine(&mut context.check_for(&[&verb.scheme])?, Default::default()).await?;
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
        tell(&verb, word, decided);
    }
    Ok(Exit::Done)
}

fn tell(verb: &Decide, word: &str, decided: Decided) {
    let scheme = &verb.scheme;
    println!("told {} to {word}; {} documents waited for that", decided.told, decided.documents);
    if decided.source {
        println!("the source is read as the scheme says now");
    }
    if decided.baselined > 0 {
        let target = verb.target.as_deref().unwrap_or("TARGET");
        println!(
            "{} documents were taken as known before and stay so until they change; \
             `deltaferry replay {scheme} --target {target} --key KEY` sends one, and where the target lacks it, only \
             with `baseline_missing: create`",
            decided.baselined
        );
    }
}
