//! `status`: where every scheme stands.

use serde_json::Value;

use crate::cli::args::Status;
use crate::cli::context::Context;
use crate::cli::once::left;
use crate::cli::output::{Exit, Failure, json, table, tell_left_out};
use crate::cli::remote;
use crate::clock::print_duration;
use crate::engine::view::{BreakerView, SchemeStatus, status};

pub async fn run(context: &Context, verb: &Status) -> Result<Exit, Failure> {
    let (config, schemes, left_out) = context.read_sound()?;
    tell_left_out(&left_out);
    let store = context.open_to_read(&config)?;
    if let Some(unknown) = verb.schemes.iter().find(|name| !schemes.iter().any(|scheme| scheme.id == **name)) {
        return Err(Failure::no_scheme(unknown, schemes.iter()));
    }
    let chosen = schemes.iter().filter(|scheme| verb.schemes.is_empty() || verb.schemes.contains(&scheme.id));
    let now = context.clock.now();
    let mut statuses: Vec<SchemeStatus> =
        chosen.map(|scheme| status(&*store, scheme, now)).collect::<Result<_, _>>()?;
    if let Some(service) = remote::service(&config).await
        && let Ok(told) = service.get("/schemes").await
    {
        add_live(&mut statuses, &told);
    }
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
    let mut breakers = Vec::new();
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
                target.answer.clone().unwrap_or_else(|| "waits for `decide`".into()),
                states.join(", "),
                target.oldest_due.clone().unwrap_or_else(|| "-".into()),
                target.paused.clone().unwrap_or_default(),
            ]);
            breakers.extend(target.breaker.as_ref().map(|open| {
                let BreakerView { open_since, next_test, why } = open;
                let target = format!("{}/{}", status.scheme, target.target);
                format!("{target}: breaker open since {open_since}, next test at {next_test}: {why}")
            }));
        }
    }
    println!("{targets}");
    breakers.iter().for_each(|line| println!("{line}"));
}

/// Adds what only the running service knows.
fn add_live(statuses: &mut [SchemeStatus], told: &Value) {
    let of = |list: &Value, name: &str, is: &str| -> Value {
        let mut found =
            list.as_array().into_iter().flatten().filter(|one| one.get(name).is_some_and(|text| text == is));
        found.next().cloned().unwrap_or_default()
    };
    for status in statuses {
        let scheme = of(told.get("items").unwrap_or(&Value::Null), "scheme", &status.scheme);
        status.next_run = scheme.get("next_run").and_then(Value::as_str).map(str::to_owned);
        for target in &mut status.targets {
            let live = of(scheme.get("targets").unwrap_or(&Value::Null), "target", &target.target);
            let breaker = live.get("breaker").cloned().unwrap_or_default();
            target.breaker = serde_json::from_value(breaker).unwrap_or_default();
        }
    }
}
