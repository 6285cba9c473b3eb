//! `status`: where every scheme stands.

use serde::Serialize;
use serde_json::Value;

use crate::cli::args::Status;
use crate::cli::context::Context;
use crate::cli::once::left;
use crate::cli::output::{Exit, Failure, json, table};
use crate::cli::remote::service;
use crate::clock::print_duration;
use crate::engine::view::{BreakerView, SchemeStatus, TargetStatus, status};
use crate::store::Origin;

pub async fn run(context: &Context, verb: &Status) -> Result<Exit, Failure> {
    let (config, schemes) = context.read_for(&verb.schemes)?;
    let store = context.open_to_read(&config)?;
    let chosen = schemes.iter().filter(|scheme| verb.schemes.is_empty() || verb.schemes.contains(&scheme.id));
    let now = context.clock.now();
    let mut statuses: Vec<SchemeStatus> =
        chosen.map(|scheme| status(&*store, scheme, now)).collect::<Result<_, _>>()?;
    let service = service(&config).await;
    if let Some(service) = &service
        && let Ok(told) = service.get("/schemes").await
    {
        add_live(&mut statuses, &told);
    }
    let trouble = service.as_ref().and_then(|service| service.info.get("database_trouble")).and_then(Value::as_str);
    let info = store.info()?;
    let database = DatabaseStatus {
        origin: info.lineage.origin,
        epoch: info.lineage.epoch,
        trouble: trouble.map(str::to_owned),
        restored: info.lineage.stamped
            || statuses.iter().flat_map(|status| &status.targets).any(|target| target.restored),
    };
    if context.json {
        json(&serde_json::json!({ "schemes": statuses, "left": left(&statuses), "database": database }))?;
    } else {
        database.print();
        print(&statuses);
    }
    Ok(Exit::Done)
}

/// What is to be known of the database.
#[derive(Serialize)]
struct DatabaseStatus {
    origin: Origin,
    epoch: u64,
    /// It was restored, and not every target has been looked through yet (rule 8).
    restored: bool,
    /// Why the service can't write it.
    trouble: Option<String>,
}

impl DatabaseStatus {
    fn print(&self) {
        if self.restored {
            println!("THE DATABASE WAS RESTORED: targets are looked through before anything is sent\n");
        }
        if self.origin == Origin::Lost {
            println!("the database before this one was lost: `initial` does not answer for it, `decide` does\n");
        }
        if let Some(trouble) = &self.trouble {
            println!("THE SERVICE CAN'T WRITE: {trouble}\n");
        }
    }
}

fn print(statuses: &[SchemeStatus]) {
    let mut schemes = table(&["scheme", "watermark", "behind", "documents", "last run", "notes"]);
    for status in statuses {
        let behind = status.behind.map(|seconds| print_duration(std::time::Duration::from_secs(seconds)));
        let run = status.last_run.as_ref();
        let disabled = (!status.enabled).then(|| "disabled".to_owned());
        let paused = status.paused.as_ref().map(|why| format!("paused: {why}"));
        let error = run.and_then(|run| run.error.clone());
        let asks = status.sweep.as_ref().and_then(|sweep| sweep.asks.as_ref()).map(|asks| asks.text.clone());
        schemes.add_row(vec![
            status.scheme.clone(),
            status.watermark.clone().unwrap_or_else(|| "-".into()),
            behind.unwrap_or_else(|| "-".into()),
            status.documents.to_string(),
            run.and_then(|run| run.ended.clone().or_else(|| run.started.clone())).unwrap_or_else(|| "never".into()),
            [disabled, paused, error, asks].into_iter().flatten().collect::<Vec<_>>().join("; "),
        ]);
    }
    println!("{schemes}\n");
    for status in statuses {
        if let Some(scanning) = &status.scanning {
            println!("{}: {}\n", status.scheme, scanning.sentence);
        }
    }
    print_sweeps(statuses);
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
                target.answer.clone().unwrap_or_else(|| undecided(target)),
                states.join(", "),
                target.oldest_due.clone().unwrap_or_else(|| "-".into()),
                target.paused.clone().unwrap_or_else(|| restored(target).to_owned()),
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

fn print_sweeps(statuses: &[SchemeStatus]) {
    let swept = |status: &&SchemeStatus| status.sweep.is_some() || status.next_sweep.is_some();
    if !statuses.iter().any(|status| swept(&status)) {
        return;
    }
    let mut sweeps = table(&["sweep of", "run", "stage", "begun", "missing", "deleted", "next"]);
    for status in statuses.iter().filter(swept) {
        let sweep = status.sweep.as_ref();
        // Where deletions are not looked for, nothing is known of them.
        let looked = sweep.filter(|sweep| sweep.known > 0);
        let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".into());
        sweeps.add_row(vec![
            status.scheme.clone(),
            or_dash(sweep.map(|sweep| sweep.run.to_string())),
            or_dash(sweep.map(|sweep| sweep.stage.to_owned())),
            or_dash(sweep.map(|sweep| sweep.started.clone())),
            or_dash(looked.map(|sweep| format!("{} of {}", sweep.missing, sweep.known))),
            or_dash(looked.map(|sweep| sweep.deleted.to_string())),
            or_dash(status.next_sweep.clone()),
        ]);
    }
    println!("{sweeps}\n");
}

fn undecided(target: &TargetStatus) -> String {
    let was = target.moved_from.as_ref().map(|from| format!("; it was {from}")).unwrap_or_default();
    format!("waits for `decide` ({} documents{was})", target.undecided.unwrap_or(0))
}

fn restored(target: &TargetStatus) -> &'static str {
    if target.restored { "restored: waits until the source was read once more" } else { "" }
}
