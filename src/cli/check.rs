//! `check`: configuration and schemes, without touching any system; `--online` also asks each system.

use crate::cli::args::Check;
use crate::cli::context::{Checked, Context};
use crate::cli::output::{Exit, Failure, json};
use crate::connector::FetchRequest;
use crate::connector::Window;
use crate::engine::Ready;
use crate::scheme::Mode;

pub async fn run(context: &Context, verb: Check) -> Result<Exit, Failure> {
    let checked = match context.check() {
        Ok(checked) => checked,
        Err(Failure::Faults(faults)) if context.json => {
            let list: Vec<serde_json::Value> = faults
                .iter()
                .map(|fault| {
                    serde_json::json!({ "file": fault.at.file, "line": fault.at.line, "column": fault.at.column, "message": fault.message })
                })
                .collect();
            json(&serde_json::json!({ "faults": list }))?;
            return Ok(Exit::Usage);
        }
        Err(failure) => return Err(failure),
    };
    let chosen = checked.chosen(&verb.schemes)?;
    if context.json && !verb.online {
        json(&serde_json::json!({ "faults": [], "schemes": chosen.iter().map(|r| &r.scheme.id).collect::<Vec<_>>() }))?;
    } else if !context.json {
        for ready in &chosen {
            let targets: Vec<&str> = ready.targets.iter().map(|target| target.name.as_str()).collect();
            let targets = if targets.is_empty() { "captured only".to_owned() } else { targets.join(", ") };
            println!("ok  {}  {} -> {targets}", ready.scheme.id, ready.scheme.source.call);
        }
    }
    if verb.online { online(context, &checked, &chosen).await } else { Ok(Exit::Done) }
}

/// Logs in everywhere and reads one page of each source: what breaks first days is told before them.
async fn online(context: &Context, checked: &Checked, chosen: &[&Ready]) -> Result<Exit, Failure> {
    let mut exit = Exit::Done;
    for (name, system) in &checked.systems {
        match system.connector.login().await {
            Ok(()) => {
                let skew = system.connector.clock_offset().unwrap_or(0);
                println!("ok  {name}: {} answers; its clock is {} ms ahead of ours", system.connector.account(), skew);
                if skew.abs() > 60_000 {
                    println!("    warning: set this machine's clock; signatures and windows depend on it");
                }
            }
            Err(fault) => {
                println!("FAILED  {name}: {}", fault.words);
                exit = Exit::Failed;
            }
        }
    }
    for ready in chosen {
        let end = context.clock.now();
        let source = &ready.scheme.source;
        let window = Window { begin: end.minus(source.window), end };
        let window = (source.mode != Mode::Full).then_some(window);
        let request = FetchRequest { source, window, position: None };
        match ready.connector.fetch(&request).await {
            Ok(page) => {
                println!("ok  {}: a page of `{}` has {} documents", ready.scheme.id, source.call, page.documents.len())
            }
            Err(fault) => {
                println!("FAILED  {}: {}", ready.scheme.id, fault.words);
                exit = Exit::Failed;
            }
        }
    }
    Ok(exit)
}
