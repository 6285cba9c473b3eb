//! The configuration file, from its text to [`Config`].

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::api::Api;
use super::systems::SystemConfig;
use super::table::CONFIG;
use crate::clock::Zone;
use crate::fault::{Fault, Position};
use crate::scheme::check::{self, LiteralSecrets};
use crate::scheme::fill::{self, Outside};
use crate::scheme::tree::{Name, Node, Value};
use crate::scheme::yaml;

const DAY: Duration = Duration::from_secs(86_400);

/// How the configuration is read.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Whether secrets may stand in it as they are.
    pub literal_secrets: LiteralSecrets,
    /// Whether everything must be there that is filled in from outside.
    pub outside: Filled,
}

/// What must be filled in from outside (`${env:…}`, `${file:…}`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filled {
    /// Everything: for whoever talks to a system.
    All,
    /// What the systems, the status API and alerts need may be missing and is blank then: for whoever only reads the
    /// database, or speaks to the running service. Such a configuration is not made to connect to anything.
    Local,
}

/// What only a program that talks to others needs.
const TALKS: [&str; 3] = ["systems", "api", "alerts"];

impl Default for Options {
    fn default() -> Self {
        Self { literal_secrets: LiteralSecrets::Refused, outside: Filled::All }
    }
}

/// The configuration. Paths are resolved against the folder of its file.
#[derive(Debug, Clone)]
pub struct Config {
    /// The file.
    pub file: PathBuf,
    /// Folder of the database.
    pub data: PathBuf,
    /// Folder of scheme files.
    pub schemes: PathBuf,
    /// Where `schemes` stands, else the top of the file.
    pub schemes_at: Position,
    /// Zone of source times that carry none, and of cron expressions.
    pub zone: Zone,
    /// Its name.
    pub time_zone: String,
    /// Cross-reference tables (对照表).
    pub tables: Vec<TableFile>,
    /// The status API.
    pub api: Api,
    /// Fields of personal data, added to the built-in list.
    pub mask: Vec<String>,
    /// How long history is kept.
    pub retention: Retention,
    /// Where and how much is logged.
    pub log: Log,
    /// Alerts, checked and otherwise as written.
    pub alerts: Option<Node>,
    /// The systems, in the order written.
    pub systems: Vec<SystemConfig>,
    /// Whether secrets may stand in the file as they are: for the connectors' check of their settings.
    pub literal_secrets: LiteralSecrets,
}

/// A cross-reference table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableFile {
    /// Its name.
    pub name: String,
    /// Where its path stands.
    pub at: Position,
    /// The CSV file.
    pub path: PathBuf,
}

/// How long history is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Versions of a document.
    pub versions: u64,
    /// Changes and attempts.
    pub history: Duration,
    /// Runs.
    pub runs: Duration,
}

impl Default for Retention {
    /// What the interface says (interface.md 3).
    fn default() -> Self {
        Self { versions: 20, history: 180 * DAY, runs: 30 * DAY }
    }
}

/// Where and how much is logged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    /// Folder of log files; none: standard error.
    pub dir: Option<PathBuf>,
    /// `error`, `warn`, `info`, `debug` or `trace`.
    pub level: String,
    /// Files kept.
    pub keep: u32,
}

impl Config {
    /// Reads a configuration file. The error holds all its faults, sorted by position.
    pub fn load(file: &Path, options: Options) -> Result<Self, Vec<Fault>> {
        let mut faults = Vec::new();
        let config = Self::read(file, options, &mut faults);
        faults.sort();
        config.filter(|_| faults.is_empty()).ok_or(faults)
    }

    /// Reads a configuration file as far as it can be read: faults are added, and where any were, the configuration
    /// serves only to find more of them. `None` if it is no YAML.
    pub fn read(file: &Path, options: Options, faults: &mut Vec<Fault>) -> Option<Self> {
        Self::read_with(file, options, &|name| std::env::var(name).ok(), faults)
    }

    /// As [`Config::read`], with a given environment.
    pub(super) fn read_with(
        file: &Path,
        options: Options,
        variable: &dyn Fn(&str) -> Option<String>,
        faults: &mut Vec<Fault>,
    ) -> Option<Self> {
        let mut root = yaml::load(file, faults)?;
        let folder = file.parent().unwrap_or(Path::new(""));
        let missing = fill(&mut root, &Outside { variable, folder }, options.outside, faults);
        let top = Position { file: file.to_path_buf(), line: 1, column: 1 };
        let mut found = Vec::new();
        check::check(&root, &top, &CONFIG, options.literal_secrets, &mut found);
        let config = config(file, folder, &root, top, options, &mut found);
        // What is blank because it is missing is no fault of its own.
        faults.extend(found.into_iter().filter(|fault| !missing.contains(&fault.at.line)));
        Some(config)
    }

    /// The system of a name.
    pub fn system(&self, name: &str) -> Option<&SystemConfig> {
        self.systems.iter().find(|system| system.name == name)
    }

    /// The scheme files, by name.
    pub fn scheme_files(&self) -> std::io::Result<Vec<PathBuf>> {
        crate::scheme::files(&self.schemes)
    }
}

/// Fills in what comes from outside. The lines of what is missing and may be.
fn fill(root: &mut Node, outside: &Outside<'_>, filled: Filled, faults: &mut Vec<Fault>) -> Vec<usize> {
    let mut missing = Vec::new();
    match &mut root.value {
        Value::Map(entries) if filled == Filled::Local => {
            for (name, value) in entries {
                let needed = !TALKS.contains(&name.text.as_str());
                fill::fill(value, outside, if needed { &mut *faults } else { &mut missing });
            }
        }
        _ => fill::fill(root, outside, faults),
    }
    missing.into_iter().map(|fault| fault.at.line).collect()
}

fn config(file: &Path, folder: &Path, root: &Node, top: Position, options: Options, faults: &mut Vec<Fault>) -> Config {
    let path = |key: &str, default: &str| resolve(folder, &root.get_text(key).unwrap_or_else(|| default.to_owned()));
    let named = root.get_text("time_zone").and_then(|name| Some((Zone::named(&name)?, name)));
    let (zone, time_zone) = named.unwrap_or_else(|| (shanghai(), SHANGHAI.to_owned()));
    Config {
        file: file.to_path_buf(),
        data: path("data", "./data"),
        schemes: path("schemes", "./schemes"),
        schemes_at: root.get("schemes").map_or(top, |node| node.at.clone()),
        zone,
        time_zone,
        tables: root.get_entries("tables").iter().filter_map(|entry| table_file(folder, entry)).collect(),
        api: root.get("api").map(|node| Api::read(node, folder, faults)).unwrap_or_default(),
        mask: root.get_texts("mask"),
        retention: retention(root.get("retention")),
        log: log(folder, root.get("log")),
        alerts: root.get("alerts").cloned(),
        systems: root
            .get_entries("systems")
            .iter()
            .map(|(name, node)| SystemConfig::read(name, node, folder, faults))
            .collect(),
        literal_secrets: options.literal_secrets,
    }
}

const SHANGHAI: &str = "Asia/Shanghai";

fn shanghai() -> Zone {
    Zone::named(SHANGHAI).unwrap_or_else(Zone::utc)
}

/// A path relative to a folder, without `.` parts: it is shown in faults.
fn resolve(folder: &Path, path: &str) -> PathBuf {
    use std::path::Component;
    let joined = folder.join(path);
    let plain: PathBuf = joined.components().filter(|part| *part != Component::CurDir).collect();
    if plain.as_os_str().is_empty() { PathBuf::from(".") } else { plain }
}

fn table_file(folder: &Path, (name, node): &(Name, Node)) -> Option<TableFile> {
    Some(TableFile { name: name.text.clone(), at: node.at.clone(), path: resolve(folder, node.scalar()?) })
}

fn retention(node: Option<&Node>) -> Retention {
    let usual = Retention::default();
    Retention {
        versions: node.and_then(|node| node.get_integer("versions")).unwrap_or(usual.versions),
        history: node.and_then(|node| node.get_duration("history")).unwrap_or(usual.history),
        runs: node.and_then(|node| node.get_duration("runs")).unwrap_or(usual.runs),
    }
}

fn log(folder: &Path, node: Option<&Node>) -> Log {
    Log {
        dir: node.and_then(|node| node.get_text("dir")).map(|path| resolve(folder, &path)),
        level: node.and_then(|node| node.get_text("level")).unwrap_or_else(|| "info".to_owned()),
        keep: node.and_then(|node| node.get_integer("keep")).unwrap_or(14),
    }
}
