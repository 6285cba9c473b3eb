//! `reconcile` (对账): counts and sums per day of source, store and target, and the documents in which they differ.

use std::collections::BTreeSet;

use crate::cli::args::Reconcile;
use crate::cli::context::Context;
use crate::cli::here::{deliver, work_here};
use crate::cli::output::{Exit, Failure, json, table};
use crate::cli::remote::{segment, service};
use crate::clock::read_duration;
use crate::engine::Engine;
use crate::engine::reconcile::{Count, Reconciled, Wanted};

/// Exit code 3: sides differ, and what differs was not healed.
pub async fn run(context: &Context, verb: Reconcile) -> Result<Exit, Failure> {
    let back = match &verb.back {
        None => None,
        Some(text) => {
            let span = read_duration(text).filter(|span| !span.is_zero());
            let span = span.ok_or_else(|| Failure::Usage(format!("`--back` is `{text}`; allowed: 30d, 12h")))?;
            Some(u64::try_from(span.as_millis()).unwrap_or(u64::MAX))
        }
    };
    let wanted = Wanted { back, heal: verb.heal };
    let (config, _) = context.read_for(&[&verb.scheme])?;
    let found = match service(&config).await {
        Some(service) => {
            let body = serde_json::json!(wanted);
            let answer = service.post(&format!("/schemes/{}/reconcile", segment(&verb.scheme)), &body).await?;
            serde_json::from_value(answer).map_err(|error| Failure::failed(format!("the service's answer: {error}")))?
        }
        None => {
            let compare = async |engine: &Engine| {
                let found = engine.reconcile(&verb.scheme, &wanted).await?;
                if wanted.heal {
                    deliver(engine, &verb.scheme).await?;
                }
                Ok(found)
            };
            work_here(context, &verb.scheme, compare).await?
        }
    };
    if context.json {
        json(&found)?;
    } else {
        show(&found);
    }
    Ok(if found.drift.iter().all(|drift| drift.healed) { Exit::Done } else { Exit::Left })
}

fn show(found: &Reconciled) {
    let targets: BTreeSet<&String> = found.days.values().flat_map(|day| day.targets.keys()).collect();
    let mut heads = vec!["day".to_owned(), "source".to_owned(), "store".to_owned()];
    for target in &targets {
        heads.extend([format!("{target} told"), format!("{target} found"), format!("{target} open")]);
    }
    println!("{}  {} … {}", found.scheme, found.from, found.to);
    let mut shown = table(&heads.iter().map(String::as_str).collect::<Vec<_>>());
    for (day, counts) in &found.days {
        let mut row = vec![day.clone(), text(&counts.source), text(&counts.store)];
        for target in &targets {
            let count = counts.targets.get(*target).cloned().unwrap_or_default();
            row.extend([text(&count.told), text(&count.found), count.open.to_string()]);
        }
        shown.add_row(row);
    }
    println!("{shown}");
    if found.drift.is_empty() {
        println!("no differences");
        return;
    }
    let mut listed = table(&["day", "key", "number", "target", "difference", "healed", "why"]);
    for drift in &found.drift {
        let kind = serde_json::json!(drift.kind).as_str().unwrap_or_default().replace('_', " ");
        listed.add_row(vec![
            drift.day.clone(),
            drift.key.clone(),
            drift.number.clone().unwrap_or_default(),
            drift.target.clone().unwrap_or_default(),
            kind,
            if drift.healed { "yes".to_owned() } else { String::new() },
            drift.why.clone().unwrap_or_default(),
        ]);
    }
    println!("{listed}");
}

fn text(count: &Count) -> String {
    let sums: Vec<String> = count.sums.iter().map(|(name, sum)| format!("{name} {sum}")).collect();
    std::iter::once(count.documents.to_string()).chain(sums).collect::<Vec<_>>().join("\n")
}
