//! Exit codes, failures, tables and the log.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use comfy_table::{ContentArrangement, Table};
use serde::Serialize;

use crate::caught;
use crate::cli::args::Args;
use crate::config::Log;
use crate::engine::operate::OperateError;
use crate::fault::Fault;
use crate::scheme::Scheme;
use crate::store::StoreError;

/// Exit codes of interface.md section 2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done.
    Done,
    /// Failed.
    Failed,
    /// Wrong usage or invalid configuration.
    Usage,
    /// Done, but documents are left rejected, in doubt, waiting, retrying or pending.
    Left,
    /// Another process has the database open.
    InUse,
}

impl Exit {
    /// The number.
    pub fn code(self) -> ExitCode {
        ExitCode::from(match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Left => 3,
            Self::InUse => 4,
        })
    }
}

/// Why a verb ended early.
#[derive(Debug)]
pub enum Failure {
    /// The files the user wrote are at fault.
    Faults(Vec<Fault>),
    /// Wrong usage, in a sentence.
    Usage(String),
    /// It was tried and failed.
    Failed(anyhow::Error),
}

impl Failure {
    /// No scheme has this name.
    pub fn no_scheme<'a>(name: &str, known: impl Iterator<Item = &'a Scheme>) -> Self {
        let known: Vec<&str> = known.map(|scheme| scheme.id.as_str()).collect();
        Self::Usage(format!("there is no scheme `{name}`; known: {}", known.join(", ")))
    }

    /// A failure in a sentence.
    pub fn failed(message: impl Into<String>) -> Self {
        Self::Failed(anyhow::Error::msg(message.into()))
    }

    /// Prints it; gives the exit code.
    pub fn tell(self) -> ExitCode {
        match self {
            Self::Faults(faults) => {
                tell_faults(&faults);
                Exit::Usage.code()
            }
            Self::Usage(message) => {
                eprintln!("error: {message}");
                Exit::Usage.code()
            }
            Self::Failed(error) => {
                eprintln!("error: {error}");
                for cause in error.chain().skip(1) {
                    eprintln!("  because: {cause}");
                }
                match (error.downcast_ref(), error.downcast_ref()) {
                    (Some(StoreError::InUse { .. }), _) => Exit::InUse.code(),
                    (_, Some(OperateError::Unknown { .. })) => Exit::Usage.code(),
                    _ => Exit::Failed.code(),
                }
            }
        }
    }
}

impl<E: std::error::Error + Send + Sync + 'static> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Failed(anyhow::Error::new(error))
    }
}

/// Prints faults, one a line: file:line:column: message.
pub fn tell_faults(faults: &[Fault]) {
    for fault in faults {
        eprintln!("{fault}");
    }
    let many = if faults.len() == 1 { "" } else { "s" };
    eprintln!("{} fault{many}; nothing was touched", faults.len());
}

/// Ends the program without a word when whoever reads what it prints has gone (`deltaferry status | head`), and leaves
/// a panic that is caught where it happens to whoever catches it: it is told as the error it becomes. Whatever else
/// panics is told as ever.
pub fn end_with_the_reader() {
    let tell = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let words = panic.payload().downcast_ref::<String>();
        if words.is_some_and(|words| words.starts_with("failed printing to stdout")) {
            std::process::exit(1);
        }
        if caught::is_caught() {
            tracing::debug!(%panic, "caught");
            return;
        }
        tell(panic);
    }));
}

/// Prints the faults of schemes that are left out while the others go on.
pub fn tell_left_out(faults: &[Fault]) {
    for fault in faults {
        eprintln!("{fault}");
    }
    if !faults.is_empty() {
        eprintln!("schemes at fault are left out; the others go on");
    }
}

/// Prints data as JSON.
pub fn json<T: Serialize + ?Sized>(data: &T) -> Result<(), Failure> {
    println!("{}", serde_json::to_string_pretty(data)?);
    Ok(())
}

/// Prints a line of a verb that goes on working: that nobody reads it any more must not end it.
pub fn say(line: impl std::fmt::Display) {
    // The reader may have closed its end.
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}

/// A table without borders, its columns fitted to the terminal.
pub fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    if std::io::stdout().is_terminal() {
        table.set_content_arrangement(ContentArrangement::Dynamic);
    }
    table.set_header(header.to_vec());
    table
}

/// Starts the log on standard error. The service starts its own, by its configuration.
pub fn start_log(args: &Args) {
    let level = match (args.verbose, &args.verb) {
        (0, crate::cli::args::Verb::Run) => return,
        (0, _) => "warn",
        (1, _) => "debug",
        _ => "trace",
    };
    let log = tracing_subscriber::fmt().with_env_filter(filter(level)).with_writer(std::io::stderr).with_target(false);
    let log = log.log_internal_errors(false);
    // A second start (in tests) keeps the first log.
    let _ = log.with_ansi(std::io::stderr().is_terminal()).try_init();
}

/// Starts the service's log: files of a day each, as many as are to be kept, or standard error.
pub fn start_service_log(config: &Log, verbose: u8) -> Result<(), Failure> {
    let level = match verbose {
        0 => config.level.as_str(),
        1 => "debug",
        _ => "trace",
    };
    // What can't be logged, because the disk is full, must not end whoever logs it.
    let log = tracing_subscriber::fmt().with_env_filter(filter(level)).with_target(false).log_internal_errors(false);
    let started = match &config.dir {
        None => log.with_writer(std::io::stderr).with_ansi(std::io::stderr().is_terminal()).try_init(),
        Some(folder) => {
            std::fs::create_dir_all(folder)?;
            let files = tracing_appender::rolling::Builder::new()
                .rotation(tracing_appender::rolling::Rotation::DAILY)
                .filename_prefix("deltaferry")
                .filename_suffix("log")
                .max_log_files(config.keep as usize)
                .build(folder)?;
            log.with_writer(std::sync::Mutex::new(files)).with_ansi(false).try_init()
        }
    };
    started.map_err(|error| Failure::failed(format!("the log can't be started: {error}")))
}

fn filter(level: &str) -> tracing_subscriber::EnvFilter {
    let by_variable = tracing_subscriber::EnvFilter::try_from_env("DELTAFERRY_LOG");
    by_variable.unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(format!("warn,deltaferry={level}")))
}
