//! `once`: captures and delivers until nothing is due, then ends.

use std::sync::Arc;

use indicatif::{ProgressBar, ProgressStyle};
use tokio_util::sync::CancellationToken;

use crate::capture::{Advance, CaptureError};
use crate::cli::args::Once;
use crate::cli::context::Context;
use crate::cli::output::{Exit, Failure, json, table};
use crate::cli::run::stop_on_signal;
use crate::clock::{print_duration, read_duration};
use crate::engine::view::{SchemeStatus, status};
use crate::engine::{Engine, OnceOptions, Unit, once};
use crate::reason::State;

pub async fn run(context: &Context, verb: Once) -> Result<Exit, Failure> {
    let wait = read_duration(&verb.wait)
        .ok_or_else(|| Failure::Usage(format!("`--wait {}` is no duration; allowed: 500ms, 30s, 5m, 2h", verb.wait)))?;
    // Before anything is opened: a wrong name, or a scheme at fault, touches nothing.
    let (mut checked, left_out) = context.check_telling(&verb.schemes)?;
    let left_out = left_out && verb.schemes.is_empty();
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
        match result {
            Ok(_) => {}
            // Somebody wants it so.
            Err(CaptureError::Paused(why)) => eprintln!("{}", paused(scheme, None, why)),
            Err(error) => {
                eprintln!("error: {scheme}: {error}");
                exit = Exit::Failed;
            }
        }
    }
    let statuses = statuses(context, &engine, &units)?;
    if exit == Exit::Done && left(&statuses) > 0 {
        exit = Exit::Left;
    }
    if left_out && exit != Exit::Failed {
        exit = Exit::Usage;
    }
    if context.json {
        json(&serde_json::json!({ "schemes": statuses, "left": left(&statuses) }))?;
    } else {
        print(&statuses);
        tell_what_holds(&statuses);
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

/// Why documents wait for a person.
fn tell_what_holds(statuses: &[SchemeStatus]) {
    for status in statuses {
        let scheme = &status.scheme;
        for target in &status.targets {
            if let Some(documents) = target.undecided.filter(|documents| *documents > 0) {
                println!(
                    "{scheme}/{}: {documents} documents wait until it is told what to do: \
                     `deltaferry decide {scheme} adopt|baseline|send`",
                    target.target
                );
            }
            if let Some(why) = &target.paused {
                println!("{}", paused(scheme, Some(&target.target), why));
            }
        }
    }
}

fn paused(scheme: &str, target: Option<&str>, why: &str) -> String {
    let (name, option) =
        target.map_or_else(Default::default, |target| (format!("/{target}"), format!(" --target {target}")));
    format!("{scheme}{name}: paused ({why}); `deltaferry resume {scheme}{option}` lets it go on")
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
