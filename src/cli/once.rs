//! `once`: captures and delivers until nothing is due, then ends.

use std::sync::Arc;

use indicatif::{ProgressBar, ProgressStyle};
use tokio_util::sync::CancellationToken;

use crate::capture::Advance;
use crate::cli::args::Once;
use crate::cli::context::Context;
use crate::cli::output::{Exit, Failure, json, table, tell_left_out};
use crate::cli::run::stop_on_signal;
use crate::clock::{print_duration, read_duration};
use crate::engine::view::{SchemeStatus, status};
use crate::engine::{Engine, OnceOptions, Unit, once};
use crate::fault::Fault;
use crate::reason::State;

pub async fn run(context: &Context, verb: Once) -> Result<Exit, Failure> {
    let wait = read_duration(&verb.wait)
        .ok_or_else(|| Failure::Usage(format!("`--wait {}` is no duration; allowed: 500ms, 30s, 5m, 2h", verb.wait)))?;
    let (mut checked, mut left_out) = context.check_sound()?;
    // Before anything is opened: a wrong name, or a scheme at fault, touches nothing.
    let named = |fault: &Fault| {
        let stem = fault.at.file.file_stem().map(|stem| stem.to_string_lossy().into_owned());
        stem.is_some_and(|stem| verb.schemes.contains(&stem))
    };
    if left_out.iter().any(named) {
        return Err(Failure::Faults(left_out));
    }
    checked.chosen(&verb.schemes)?;
    left_out.retain(|_| verb.schemes.is_empty());
    tell_left_out(&left_out);
    let stop = CancellationToken::new();
    stop_on_signal(stop.clone());
    let engine = context.engine(&mut checked, stop).await?;
    let units = chosen(&engine, &verb.schemes)?;
    let bar = progress_bar();
    let shown = bar.clone();
    let options = OnceOptions {
        wait,
        progress: Arc::new(move |scheme, run, progress| {
            let advance = Advance::of(run, progress).map(|advance| format!(", {advance}")).unwrap_or_default();
            shown.set_message(format!("{scheme}: {} documents{advance}", run.documents));
        }),
    };
    let started = context.clock.monotonic();
    let results = once(&engine, units.clone(), options).await?;
    bar.finish_and_clear();
    let mut exit = Exit::Done;
    for (scheme, result) in &results {
        if let Err(error) = result {
            eprintln!("error: {scheme}: {error}");
            exit = Exit::Failed;
        }
    }
    let statuses = statuses(context, &engine, &units)?;
    if exit == Exit::Done && left(&statuses) > 0 {
        exit = Exit::Left;
    }
    if !left_out.is_empty() && exit != Exit::Failed {
        exit = Exit::Usage;
    }
    if context.json {
        json(&serde_json::json!({ "schemes": statuses, "left": left(&statuses) }))?;
    } else {
        print(&statuses);
        println!("took {}", print_duration(context.clock.monotonic().saturating_sub(started)));
    }
    engine.store.close();
    Ok(exit)
}

/// The schemes named, or all enabled ones.
pub fn chosen(engine: &Engine, names: &[String]) -> Result<Vec<Arc<Unit>>, Failure> {
    if names.is_empty() {
        return Ok(engine.units.iter().filter(|unit| unit.scheme.enabled).cloned().collect());
    }
    let find = |name: &String| {
        engine
            .unit(name)
            .cloned()
            .ok_or_else(|| Failure::no_scheme(name, engine.units.iter().map(|unit| &*unit.scheme)))
    };
    names.iter().map(find).collect()
}

/// Status of the schemes of a run.
pub fn statuses(context: &Context, engine: &Engine, units: &[Arc<Unit>]) -> Result<Vec<SchemeStatus>, Failure> {
    let now = context.clock.now();
    let each = units.iter().map(|unit| status(&*engine.store, &unit.scheme, now));
    Ok(each.collect::<Result<_, _>>()?)
}

/// Documents that are not settled.
pub fn left(statuses: &[SchemeStatus]) -> u64 {
    let open = |state: &&'static str| !State::from_word(state).is_some_and(State::is_settled);
    let targets = statuses.iter().flat_map(|status| &status.targets);
    targets.flat_map(|target| &target.counts).filter(|(state, _)| open(state)).map(|(_, count)| *count).sum()
}

/// What a run did, as tables.
pub fn print(statuses: &[SchemeStatus]) {
    let mut captured = table(&["scheme", "documents", "met", "new", "changed", "unchanged", "read to"]);
    for status in statuses {
        let run = status.last_run.as_ref();
        let count = |number: Option<u64>| number.unwrap_or(0).to_string();
        captured.add_row(vec![
            status.scheme.clone(),
            status.documents.to_string(),
            count(run.map(|run| run.documents)),
            count(run.map(|run| run.new)),
            count(run.map(|run| run.changed)),
            count(run.map(|run| run.unchanged)),
            status.walked_to.clone().or_else(|| status.complete_to.clone()).unwrap_or_default(),
        ]);
    }
    println!("{captured}\n");
    let mut delivered = table(&["target", "state", "documents"]);
    for status in statuses {
        for target in &status.targets {
            for (state, count) in target.counts.iter().filter(|(_, count)| **count > 0) {
                delivered.add_row(vec![
                    format!("{}/{}", status.scheme, target.target),
                    (*state).to_owned(),
                    count.to_string(),
                ]);
            }
        }
    }
    println!("{delivered}");
}

/// A spinner on a terminal; nothing elsewhere.
fn progress_bar() -> ProgressBar {
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed} {msg}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(std::time::Duration::from_millis(120));
    bar
}
