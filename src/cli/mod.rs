//! The command line: one file a verb. It may import everything, and is the only part that prints.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "the command line prints")]

mod args;
mod check;
mod context;
mod db;
mod decide;
mod deliveries;
mod demo;
mod docs;
mod explain;
mod here;
mod once;
mod output;
mod pause;
mod pull;
mod reconcile;
mod remote;
mod replay;
mod run;
mod sandbox;
mod schemes;
mod stale;
mod status;
mod sweep;
mod torture;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::args::{Args, Verb};
use crate::cli::context::Context;
use crate::cli::output::Exit;

/// Reads the arguments, does what they say, and gives the exit code of interface.md section 2.
pub fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => {
            // Help and version are no error; everything else is wrong usage.
            let _ = error.print();
            return if error.use_stderr() { Exit::Usage.code() } else { Exit::Done.code() };
        }
    };
    output::end_with_the_reader();
    output::start_log(&args);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("error: the runtime can't be started: {error}");
            return Exit::Failed.code();
        }
    };
    match runtime.block_on(dispatch(args)) {
        Ok(exit) => exit.code(),
        Err(failure) => failure.tell(),
    }
}

async fn dispatch(args: Args) -> Result<Exit, output::Failure> {
    let context = Context::new(&args);
    match args.verb {
        Verb::Demo(verb) => demo::run(&context, verb).await,
        Verb::Sandbox(verb) => sandbox::run(&context, verb).await,
        Verb::Torture(verb) => torture::run(&context, verb).await,
        Verb::Schemes(verb) => schemes::run(&context, &verb),
        Verb::Check(verb) => check::run(&context, verb).await,
        Verb::Once(verb) => once::run(&context, verb).await,
        Verb::Run => run::run(&context).await,
        Verb::Status(verb) => status::run(&context, &verb).await,
        Verb::Docs(verb) => docs::run(&context, &verb),
        Verb::Explain(verb) => explain::run(&context, &verb),
        Verb::Deliveries(verb) => deliveries::run(&context, verb).await,
        Verb::Decide(verb) => decide::run(&context, verb).await,
        Verb::Pull(verb) => pull::run(&context, verb).await,
        Verb::Reconcile(verb) => reconcile::run(&context, verb).await,
        Verb::Sweep(verb) => sweep::run(&context, verb).await,
        Verb::Replay(verb) => replay::run(&context, verb).await,
        Verb::Db(verb) => db::run(&context, verb).await,
        Verb::Pause(verb) => pause::run(&context, verb, true).await,
        Verb::Resume(verb) => pause::run(&context, verb, false).await,
    }
}
