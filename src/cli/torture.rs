//! `torture`: this program, as a process that is killed again and again, between simulated systems that fail; at the
//! end the ledger is judged.

use std::io::IsTerminal;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::cli::args::Torture;
use crate::cli::context::Context;
use crate::cli::output::{Exit, Failure, json};
use crate::cli::run::stop_on_signal;
use crate::cli::schemes::SHIPPED;
use crate::torture::{Figures, Options, Report, torture};

pub async fn run(context: &Context, verb: Torture) -> Result<Exit, Failure> {
    let lasts = Duration::try_from_secs_f64(verb.minutes * 60.0)
        .map_err(|_| Failure::Usage(format!("`--minutes {}` is no length of time", verb.minutes)))?;
    let stop = CancellationToken::new();
    stop_on_signal(stop.clone());
    let shows = std::io::stderr().is_terminal();
    let options = Options {
        seed: verb.seed,
        lasts,
        documents: verb.documents,
        schemes: SHIPPED,
        binary: std::env::current_exe()?,
        clock: Arc::clone(&context.clock),
        stop,
        progress: Arc::new(move |figures| {
            if shows {
                eprint!("\r{} lives, {} killed, {} edits ", figures.lives, figures.kills, figures.edits);
            }
        }),
    };
    let report = torture(options).await?;
    if shows {
        eprintln!();
    }
    if context.json {
        json(&report)?;
    } else {
        print(&report, &verb);
    }
    Ok(if report.is_exact() { Exit::Done } else { Exit::Failed })
}

fn print(report: &Report, verb: &Torture) {
    let Figures { lives, kills, at_points, at_random, while_stopping, frozen, edits, faults, answers_lost, .. } =
        &report.figures;
    let points: u64 = at_points.values().sum();
    println!("seed {}", report.seed);
    println!("processes started: {lives}, of them killed: {kills}");
    println!(
        "  at {} of the named points: {points}, at random times: {at_random}, while stopping: {while_stopping}",
        at_points.len()
    );
    println!("  held still for a while: {frozen}");
    let struck: Vec<String> = faults.iter().map(|(kind, times)| format!("{kind} {times}")).collect();
    println!("faults of the systems: {}", if struck.is_empty() { "none".to_owned() } else { struck.join(", ") });
    println!("answers lost after the effect: {answers_lost}");
    let Figures { documents, changes, attempts, delivered, found_by_probe, sent_again, retried_by_hand, .. } =
        &report.figures;
    println!("documents: {documents}, edits at the sources: {edits}, changes captured: {changes}");
    println!("attempts to send: {attempts}, accepted: {delivered}");
    println!(
        "  in doubt and found at the target by asking: {found_by_probe}, proved not to have run and sent again: {sent_again}"
    );
    println!("rounds in which refused documents were sent again by hand: {retried_by_hand}");
    if report.is_exact() {
        println!("no document lost, none twice, none out of order; every invariant held");
        return;
    }
    println!("NOT as it has to be:");
    for fault in &report.faults {
        println!("  {fault}");
    }
    if let Some(folder) = &report.folder {
        println!("everything lies in {}", folder.display());
    }
    let Torture { seed, minutes, documents } = verb;
    println!("to repeat: deltaferry torture --seed {seed} --minutes {minutes} --documents {documents}");
}
