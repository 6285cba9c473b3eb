//! `sweep` (漏单补救): reads the last weeks again for what was missed, and for what is gone; `--confirm` lets a mass
//! deletion that stopped go on.

use crate::cli::args::Sweep;
use crate::cli::context::Context;
use crate::cli::here::{deliver, work_here};
use crate::cli::once::{chosen, left, statuses};
use crate::cli::output::{Exit, Failure, json};
use crate::cli::remote::{segment, service};
use crate::engine::Engine;
use crate::engine::view::{RunView, SweepStatus, sweep_status};

pub async fn run(context: &Context, verb: Sweep) -> Result<Exit, Failure> {
    let (config, _) = context.read_for(&[&verb.scheme])?;
    if let Some(service) = service(&config).await {
        let body = serde_json::json!({ "confirm": verb.confirm });
        let answer = service.post(&format!("/schemes/{}/sweep", segment(&verb.scheme)), &body).await?;
        match (context.json, verb.confirm) {
            (true, _) => json(&answer)?,
            (false, None) => {
                println!("{}: the service sweeps it; `deltaferry status` shows how far it is", verb.scheme)
            }
            (false, Some(run)) => println!("{}: the deletion of run {run} goes on", verb.scheme),
        }
        return Ok(Exit::Done);
    }
    let sweep = async |engine: &Engine| {
        let swept = match verb.confirm {
            Some(run) => engine.confirm_sweep(&verb.scheme, run).await?,
            None => engine.sweep(&verb.scheme).await?,
        };
        deliver(engine, &verb.scheme).await?;
        let units = chosen(engine, std::slice::from_ref(&verb.scheme))?;
        Ok((swept, left(&statuses(context, engine, &units)?)))
    };
    let (swept, left) = work_here(context, &verb.scheme, sweep).await?;
    let sweep = swept.sweep.map(|sweep| sweep_status(&verb.scheme, &sweep));
    let asks = sweep.as_ref().is_some_and(|sweep| sweep.asks.is_some());
    let run = RunView::from(&swept.run);
    if context.json {
        json(&serde_json::json!({ "run": run, "sweep": sweep, "left": left }))?;
    } else {
        print(&run, sweep.as_ref());
        if left > 0 {
            println!("{left} documents not settled; `deltaferry status {}` shows them", verb.scheme);
        }
    }
    Ok(if asks || left > 0 { Exit::Left } else { Exit::Done })
}

fn print(run: &RunView, sweep: Option<&SweepStatus>) {
    println!(
        "run {}: read {} documents in {} windows; {} new, {} changed, {} unchanged, {} unreadable",
        run.id, run.documents, run.windows, run.new, run.changed, run.unchanged, run.quarantined
    );
    let Some(sweep) = sweep else { return };
    // Where deletions are not looked for, nothing is known of them.
    if sweep.known > 0 {
        println!("{} of {} known documents were not met, {} are deleted", sweep.missing, sweep.known, sweep.deleted);
    }
    if let Some(asks) = &sweep.asks {
        println!("stopped: {}", asks.text);
    }
}
