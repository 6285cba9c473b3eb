//! What can be typed.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};

use crate::reason::Language;

fn language(tag: &str) -> Result<Language, String> {
    Language::from_tag(tag).ok_or_else(|| "allowed: `en` (English), `zh` (中文)".to_owned())
}

/// Captures changed documents from business systems and delivers only the differences, without duplicates and
/// without loss.
#[derive(Debug, Parser)]
#[command(name = "deltaferry", version, about, disable_help_subcommand = true)]
pub struct Args {
    /// Configuration file
    #[arg(long, global = true, env = "DELTAFERRY_CONFIG", default_value = "deltaferry.yaml", value_name = "FILE")]
    pub config: PathBuf,
    /// Print data as JSON
    #[arg(long, global = true)]
    pub json: bool,
    /// Language of sentences: en or zh
    #[arg(long, global = true, env = "DELTAFERRY_LANG", default_value = "en", value_name = "LANG", value_parser = language)]
    pub lang: Language,
    /// Accept secrets written into the configuration (for tests)
    #[arg(long, global = true)]
    pub allow_literal_secrets: bool,
    /// More words in the log (-v: debug, -vv: trace)
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// What to do
    #[command(subcommand)]
    pub verb: Verb,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Run everything on this machine with simulated systems: the first thing to try
    Demo(Demo),
    /// Run the simulated systems alone
    Sandbox(Sandbox),
    /// Kill, disturb and judge this program between simulated systems
    Torture(Torture),
    /// List the shipped schemes, or copy one
    Schemes(Schemes),
    /// Check configuration and schemes without touching any system
    Check(Check),
    /// Capture and deliver until nothing is due, then end
    Once(Once),
    /// Run as a service until stopped
    Run,
    /// Show where every scheme stands
    Status(Status),
    /// Show stored documents
    Docs(Docs),
    /// Say why a document was or was not sent
    Explain(Explain),
    /// Show and settle what waits, was rejected or is in doubt
    Deliveries(Deliveries),
    /// Answer what waits to be told
    Decide(Decide),
    /// Read documents from the source now, past filter and window
    Pull(Pull),
    /// Compare counts and sums per day of source, store and target
    Reconcile(Reconcile),
    /// Read the last weeks again for what was missed or is gone
    Sweep(Sweep),
    /// Queue documents again in their newest version
    Replay(Replay),
    /// Pause a scheme, or one of its targets
    Pause(Pause),
    /// Resume a scheme, or one of its targets
    Resume(Pause),
    /// Take care of the database
    Db(Db),
}

#[derive(Debug, ClapArgs)]
pub struct Db {
    /// What to do
    #[command(subcommand)]
    pub what: DbWhat,
}

#[derive(Debug, Subcommand)]
pub enum DbWhat {
    /// Show size, format, epoch and numbers of rows
    Info,
    /// Read every stored value and list what is damaged
    Verify,
    /// Write a copy to a new file, also while the service runs
    Backup {
        /// The new file
        file: PathBuf,
    },
    /// Put a backup in the database's place; the old file is kept
    Restore {
        /// A file written by `db backup`
        file: PathBuf,
    },
    /// Give back unused space; not while the service runs
    Compact,
}

#[derive(Debug, ClapArgs)]
pub struct Demo {
    /// Run until everything is delivered, show the ledger's verdict, and end
    #[arg(long)]
    pub once: bool,
    /// Documents each simulated system begins with
    #[arg(long, default_value_t = 200)]
    pub documents: u64,
    /// The number documents are made from
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

#[derive(Debug, ClapArgs)]
pub struct Sandbox {
    /// The number documents are made from
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Documents each system begins with
    #[arg(long, default_value_t = 200)]
    pub documents: u64,
    /// First port: jushuitan on it, kingdee and okki on the next, control on the ninth after; 0: any free ports
    #[arg(long, default_value_t = 7900)]
    pub port: u16,
    /// NAME=VALUE, several times
    #[arg(long = "switch", value_name = "NAME=VALUE")]
    pub switches: Vec<String>,
    /// What goes wrong, several times: system=kingdee,call=batchSave,fault=reset_after,nth=3,times=2
    #[arg(long = "fault", value_name = "SPEC")]
    pub faults: Vec<String>,
}

#[derive(Debug, ClapArgs)]
pub struct Torture {
    /// The number that decides what goes wrong when
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// How long things go wrong; fractions are allowed
    #[arg(long, default_value_t = 5.0)]
    pub minutes: f64,
    /// Documents each simulated system begins with
    #[arg(long, default_value_t = 150)]
    pub documents: u64,
}

#[derive(Debug, ClapArgs)]
pub struct Schemes {
    /// What to do
    #[command(subcommand)]
    pub what: SchemesWhat,
}

#[derive(Debug, Subcommand)]
pub enum SchemesWhat {
    /// List the shipped schemes
    List,
    /// Copy a shipped scheme into the folder of schemes
    Copy {
        /// Its name
        name: String,
    },
}

#[derive(Debug, ClapArgs)]
pub struct Check {
    /// Schemes; all if none is named
    pub schemes: Vec<String>,
    /// Also log in to each system and read one page of each source
    #[arg(long)]
    pub online: bool,
}

#[derive(Debug, ClapArgs)]
pub struct Once {
    /// Schemes; all enabled ones if none is named
    pub schemes: Vec<String>,
    /// How long to wait, in all, for what is due later
    #[arg(long, default_value = "60s", value_name = "DURATION")]
    pub wait: String,
}

#[derive(Debug, ClapArgs)]
pub struct Status {
    /// Schemes; all if none is named
    pub schemes: Vec<String>,
}

#[derive(Debug, ClapArgs)]
pub struct Docs {
    /// What to show
    #[command(subcommand)]
    pub what: DocsWhat,
}

#[derive(Debug, Subcommand)]
pub enum DocsWhat {
    /// List documents in key order
    List {
        /// Scheme
        scheme: String,
        /// Only keys that begin so
        #[arg(long, default_value = "")]
        prefix: String,
        /// Only documents in this state towards some target
        #[arg(long)]
        state: Option<String>,
        /// At most this many
        #[arg(long, default_value_t = 100)]
        limit: usize,
        /// Only keys after this one
        #[arg(long)]
        after: Option<String>,
    },
    /// Show one document whole
    Show {
        /// Scheme
        scheme: String,
        /// Key or number
        key: String,
        /// A version other than the newest
        #[arg(long)]
        version: Option<u64>,
    },
}

#[derive(Debug, ClapArgs)]
pub struct Explain {
    /// Scheme
    pub scheme: String,
    /// Key or number
    pub key: String,
}

#[derive(Debug, ClapArgs)]
pub struct Deliveries {
    /// What to do
    #[command(subcommand)]
    pub what: DeliveriesWhat,
}

#[derive(Debug, Subcommand)]
pub enum DeliveriesWhat {
    /// List what is not settled, each with its reason
    List {
        /// Only this scheme
        #[arg(long)]
        scheme: Option<String>,
        /// Only this target
        #[arg(long)]
        target: Option<String>,
        /// Only this state (also delivered, skipped, discarded)
        #[arg(long)]
        state: Option<String>,
        /// At most this many a scheme
        #[arg(long, default_value_t = 100)]
        limit: usize,
        /// Print the codes that look-ups did not find, as CSV
        #[arg(long)]
        missing: bool,
        /// List documents whose look-ups would give something else now than what the target was told
        #[arg(long, conflicts_with_all = ["missing", "state"])]
        stale: bool,
        /// List documents adopted although the target holds another content
        #[arg(long, conflicts_with_all = ["missing", "state", "stale"])]
        different: bool,
    },
    /// Send rejected, retrying and waiting documents again now; ask about those in doubt
    Retry(Chosen),
    /// Give documents up until a newer version comes
    Discard {
        /// Which
        #[command(flatten)]
        chosen: Chosen,
        /// Why; kept with the document
        #[arg(long)]
        reason: String,
    },
    /// Settle documents in doubt by a person's word
    Resolve {
        /// Which
        #[command(flatten)]
        chosen: Chosen,
        /// Whether the target has it, or it is to be sent again
        #[arg(long = "as", value_name = "WHAT")]
        resolution: ResolveAs,
        /// The target document's id, with `--as delivered`
        #[arg(long)]
        id: Option<String>,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum ResolveAs {
    /// The target has it
    Delivered,
    /// Send it again
    Resend,
}

#[derive(Debug, ClapArgs)]
pub struct Chosen {
    /// Keys or numbers
    pub keys: Vec<String>,
    /// Only this scheme
    #[arg(long)]
    pub scheme: Option<String>,
    /// Only this target
    #[arg(long)]
    pub target: Option<String>,
    /// Everything the action applies to
    #[arg(long, conflicts_with = "keys")]
    pub all: bool,
    /// Documents whose look-ups would give something else now; only `replay` takes them
    #[arg(skip)]
    pub stale: bool,
    /// Documents adopted although the target holds another content; only `replay` takes them
    #[arg(skip)]
    pub different: bool,
}

#[derive(Debug, ClapArgs)]
pub struct Decide {
    /// Scheme
    pub scheme: String,
    /// What to do with documents the target was never told of
    pub how: DecideHow,
    /// Only this target
    #[arg(long)]
    pub target: Option<String>,
    /// send: source time from which documents are sent; baseline: the go-live instant
    #[arg(long)]
    pub since: Option<String>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum DecideHow {
    /// Match what the target already has
    Adopt,
    /// Take what is known as known
    Baseline,
    /// Send it
    Send,
}

#[derive(Debug, ClapArgs)]
pub struct Pull {
    /// Scheme
    pub scheme: String,
    /// Keys or numbers
    #[arg(required = true)]
    pub keys: Vec<String>,
}

#[derive(Debug, ClapArgs)]
pub struct Reconcile {
    /// Scheme
    pub scheme: String,
    /// Capture and send again what differs
    #[arg(long)]
    pub heal: bool,
    /// How far back to look; default: as the scheme says
    #[arg(long, value_name = "DURATION")]
    pub back: Option<String>,
}

#[derive(Debug, ClapArgs)]
pub struct Sweep {
    /// Scheme
    pub scheme: String,
    /// Let the mass deletion that this run asked about go on
    #[arg(long, value_name = "RUN")]
    pub confirm: Option<u64>,
}

#[derive(Debug, ClapArgs)]
pub struct Replay {
    /// Scheme
    pub scheme: String,
    /// Target
    #[arg(long)]
    pub target: String,
    /// Keys or numbers
    #[arg(long = "key")]
    pub keys: Vec<String>,
    /// Every document the target was told
    #[arg(long, conflicts_with = "keys")]
    pub all: bool,
    /// Documents whose look-ups would give something else now (`deliveries list --stale`)
    #[arg(long, conflicts_with_all = ["keys", "all"])]
    pub stale: bool,
    /// Documents adopted although the target holds another content (`deliveries list --different`)
    #[arg(long, conflicts_with_all = ["keys", "all", "stale"])]
    pub different: bool,
}

#[derive(Debug, ClapArgs)]
pub struct Pause {
    /// Scheme
    pub scheme: String,
    /// Only this target
    #[arg(long)]
    pub target: Option<String>,
}
