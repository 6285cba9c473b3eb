//! `status`: where every scheme stands.

use crate::cli::args::Status;
use crate::cli::context::Context;
use crate::cli::once::left;
use crate::cli::output::{Exit, Failure, json, table};
use crate::clock::print_duration;
use crate::engine::view::{SchemeStatus, TargetStatus, status};

pub fn run(context: &Context, verb: &Status) -> Result<Exit, Failure> {
    let (config, schemes) = context.read()?;
    let store = context.open_to_read(&config)?;
    if let Some(unknown) = verb.schemes.iter().find(|name| !schemes.iter().any(|scheme| scheme.id == **name)) {
        return Err(Failure::no_scheme(unknown, schemes.iter()));
    }
    let chosen = schemes.iter().filter(|scheme| verb.schemes.is_empty() || verb.schemes.contains(&scheme.id));
    let now = context.clock.now();
    let statuses: Vec<SchemeStatus> = chosen.map(|scheme| status(&*store, scheme, now)).collect::<Result<_, _>>()?;
    if context.json {
        json(&serde_json::json!({ "schemes": statuses, "left": left(&statuses) }))?;
    } else {
        print(&statuses);
    }
    Ok(Exit::Done)
}

fn print(statuses: &[SchemeStatus]) {
    let mut schemes = table(&["scheme", "watermark", "behind", "documents", "last run", "error"]);
    for status in statuses {
        let behind = status.behind.map(|seconds| print_duration(std::time::Duration::from_secs(seconds)));
        let run = status.last_run.as_ref();
        let error =
            run.and_then(|run| run.error.clone()).or_else(|| status.paused.clone().map(|why| format!("paused: {why}")));
        schemes.add_row(vec![
            status.scheme.clone(),
            status.watermark.clone().unwrap_or_else(|| "-".into()),
            behind.unwrap_or_else(|| "-".into()),
            status.documents.to_string(),
            run.and_then(|run| run.ended.clone().or_else(|| run.started.clone())).unwrap_or_else(|| "never".into()),
            error.unwrap_or_default(),
        ]);
    }
    println!("{schemes}\n");
    let mut targets = table(&["target", "told to", "states", "oldest due", "paused"]);
    for status in statuses {
        for target in &status.targets {
            let states: Vec<String> = target
                .counts
                .iter()
                .filter(|(_, count)| **count > 0)
                .map(|(state, count)| format!("{state} {count}"))
                .collect();
            targets.add_row(vec![
                format!("{}/{}", status.scheme, target.target),
                target.answer.clone().unwrap_or_else(|| undecided(target)),
                states.join(", "),
                target.oldest_due.clone().unwrap_or_else(|| "-".into()),
                target.paused.clone().unwrap_or_else(|| restored(target).to_owned()),
            ]);
        }
    }
    println!("{targets}");
}

fn undecided(target: &TargetStatus) -> String {
    let was = target.moved_from.as_ref().map(|from| format!("; it was {from}")).unwrap_or_default();
    format!("waits for `decide` ({} documents{was})", target.undecided.unwrap_or(0))
}

fn restored(target: &TargetStatus) -> &'static str {
    if target.restored { "restored: waits until the source was read once more" } else { "" }
}
