//! `sandbox`: the simulated systems alone.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::cli::args::Sandbox as Verb;
use crate::cli::context::Context;
use crate::cli::output::{Exit, Failure, say};
use crate::cli::run::stop_on_signal;
use crate::sandbox::faults::Fault;
use crate::sandbox::{Options, Sandbox};

pub async fn run(context: &Context, verb: Verb) -> Result<Exit, Failure> {
    let switches = verb.switches.iter().map(|text| switch(text)).collect::<Result<_, _>>()?;
    let faults =
        verb.faults.iter().map(|text| Fault::of_text(text)).collect::<Result<_, _>>().map_err(Failure::Usage)?;
    let options = Options { seed: verb.seed, documents: verb.documents, port: verb.port, switches };
    let stop = CancellationToken::new();
    stop_on_signal(stop.clone());
    let running = Sandbox::start(options, Arc::clone(&context.clock)).await?;
    running.set_faults(faults).map_err(Failure::Usage)?;
    if context.json {
        let systems: BTreeMap<&str, String> =
            running.addresses().iter().map(|(name, address)| (*name, format!("http://{address}"))).collect();
        let credentials = crate::sandbox::credentials();
        let credentials: BTreeMap<&str, &str> = credentials.lines().filter_map(|line| line.split_once(": ")).collect();
        let told = serde_json::json!({
            "systems": systems, "control": running.control_url(), "credentials": credentials,
        });
        // One line: whoever reads it need not wait for an end.
        say(told);
    } else {
        for (name, address) in running.addresses() {
            say(format_args!("{name}  http://{address}"));
        }
        say(format_args!("control  {}", running.control_url()));
        say(crate::sandbox::credentials());
    }
    stop.cancelled().await;
    running.shutdown().await;
    Ok(Exit::Done)
}

fn switch(text: &str) -> Result<(String, String), Failure> {
    let (name, value) = text
        .split_once('=')
        .ok_or_else(|| Failure::Usage(format!("`--switch {text}` has no value; write NAME=VALUE")))?;
    Ok((name.to_owned(), value.to_owned()))
}
