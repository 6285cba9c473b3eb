//! What verbs share: the configuration and schemes as read and checked, the store, and the engine.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use tokio_util::sync::CancellationToken;

use crate::cli::args::Args;
use crate::cli::output::{Failure, tell_left_out};
use crate::clock::{Clock, SystemClock};
use crate::config::{Config, Filled, Options, read_everything};
use crate::connector::kept::KeptTokens;
use crate::connector::registry::{self, Environment, Settings};
use crate::engine::{Engine, Ready, Surroundings, SystemReady, assemble, check};
use crate::fault::{Fault, Position};
use crate::files;
use crate::mapping::{Lookups, Table, Tables};
use crate::reason::Language;
use crate::scheme::Scheme;
use crate::scheme::check::LiteralSecrets;
use crate::store::{RedbOptions, RedbStore, Store, StoreError, care};

/// The database's file in the data folder.
const DATABASE: &str = "deltaferry.redb";

/// What every verb is told.
pub struct Context {
    /// Configuration file.
    pub config: PathBuf,
    /// Whether data is printed as JSON.
    pub json: bool,
    /// Language of sentences.
    pub language: Language,
    literal_secrets: LiteralSecrets,
    /// How many more words the log is to have.
    pub verbose: u8,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Faults of schemes left out that were told already.
    told: Mutex<BTreeSet<Fault>>,
}

/// Configuration and schemes, checked.
pub struct Checked {
    /// The configuration.
    pub config: Config,
    /// Schemes made ready.
    pub ready: Vec<Ready>,
    /// The tables as they are now; replaced when their files change.
    pub tables: Arc<RwLock<Arc<Tables>>>,
    /// Systems by name.
    pub systems: BTreeMap<String, SystemReady>,
}

impl Checked {
    /// The schemes named, or all; a name that is none is wrong usage.
    pub fn chosen(&self, names: &[String]) -> Result<Vec<&Ready>, Failure> {
        if names.is_empty() {
            return Ok(self.ready.iter().collect());
        }
        let find = |name: &String| {
            let found = self.ready.iter().find(|ready| ready.scheme.id == *name);
            found.ok_or_else(|| Failure::no_scheme(name, self.ready.iter().map(|ready| &*ready.scheme)))
        };
        names.iter().map(find).collect()
    }
}

impl Context {
    /// From the arguments.
    pub fn new(args: &Args) -> Self {
        let literal_secrets =
            if args.allow_literal_secrets { LiteralSecrets::Allowed } else { LiteralSecrets::Refused };
        Self {
            config: args.config.clone(),
            json: args.json,
            language: args.lang,
            literal_secrets,
            verbose: args.verbose,
            clock: Arc::new(SystemClock::new()),
            told: Mutex::default(),
        }
    }

    /// A context for another configuration, with the secrets of the sandbox written into it.
    pub fn for_demo(&self, config: PathBuf) -> Self {
        Self {
            config,
            json: self.json,
            language: self.language,
            literal_secrets: LiteralSecrets::Allowed,
            verbose: self.verbose,
            clock: Arc::clone(&self.clock),
            told: Mutex::default(),
        }
    }

    /// The configuration alone; for verbs that need no schemes and talk to no system.
    pub fn read_configuration(&self) -> Result<Config, Failure> {
        self.must_exist()?;
        Config::load(&self.config, self.options(Filled::Local)).map_err(Failure::Faults)
    }

    /// Configuration and schemes as read, without the schemes that are at fault: one broken file hides no other scheme.
    /// It is named on standard error, and a fault of a scheme that is named is one of the verb. For verbs that touch no
    /// system, or let the running service do it: what only the systems need may be missing.
    pub fn read_for<S: AsRef<str>>(&self, named: &[S]) -> Result<(Config, Vec<Scheme>), Failure> {
        self.must_exist()?;
        let mut faults = Vec::new();
        let read = read_everything(&self.config, self.options(Filled::Local), &mut faults);
        faults.sort();
        let (config, files) = match read {
            Some((config, files)) if faults.iter().all(|fault| is_of_scheme(fault, &config)) => (config, files),
            _ => return Err(Failure::Faults(faults)),
        };
        let sound = |scheme: &Scheme| faults.iter().all(|fault| fault.at.file != scheme.file);
        let schemes: Vec<Scheme> = files.into_iter().map(|file| file.scheme).filter(sound).collect();
        self.tell_left_out(faults, named)?;
        let unknown = named.iter().find(|name| !schemes.iter().any(|scheme| scheme.id == name.as_ref()));
        match unknown {
            Some(name) => Err(Failure::no_scheme(name.as_ref(), schemes.iter())),
            None => Ok((config, schemes)),
        }
    }

    /// The same, checked against what the systems can do. Refused as a whole if the configuration is at fault, or every
    /// scheme.
    pub fn check_for<S: AsRef<str>>(&self, named: &[S]) -> Result<Checked, Failure> {
        self.check_telling(named).map(|(checked, _)| checked)
    }

    /// The same, and whether any scheme was left out.
    pub fn check_telling<S: AsRef<str>>(&self, named: &[S]) -> Result<(Checked, bool), Failure> {
        let (checked, faults) = self.check_sound()?;
        let left_out = !faults.is_empty();
        self.tell_left_out(faults, named)?;
        let unknown = named.iter().find(|name| !checked.ready.iter().any(|ready| ready.scheme.id == name.as_ref()));
        match unknown {
            Some(name) => Err(Failure::no_scheme(name.as_ref(), checked.ready.iter().map(|ready| &*ready.scheme))),
            None => Ok((checked, left_out)),
        }
    }

    /// Says once which schemes are left out; refuses where one of them is named.
    fn tell_left_out<S: AsRef<str>>(&self, faults: Vec<Fault>, named: &[S]) -> Result<(), Failure> {
        let (of_named, others) = faults.into_iter().partition::<Vec<_>, _>(|fault| is_named(fault, named));
        if !of_named.is_empty() {
            return Err(Failure::Faults(of_named));
        }
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let new: Vec<Fault> = others.into_iter().filter(|fault| told.insert(fault.clone())).collect();
        tell_left_out(&new);
        Ok(())
    }

    /// Configuration and schemes, checked against what the systems can do; all faults of all files at once.
    pub fn check(&self) -> Result<Checked, Failure> {
        match self.check_all()? {
            (checked, faults) if faults.is_empty() => Ok(checked),
            (_, faults) => Err(Failure::Faults(faults)),
        }
    }

    /// The same without the schemes that are at fault, and their faults: a broken scheme delays no other. Refused as a
    /// whole if the configuration is at fault, or every scheme.
    pub fn check_sound(&self) -> Result<(Checked, Vec<Fault>), Failure> {
        let (mut checked, faults) = self.check_all()?;
        let sound = |file: &Path| faults.iter().all(|fault| fault.at.file != file);
        checked.ready.retain(|ready| sound(&ready.scheme.file));
        let others = faults.iter().any(|fault| !is_of_scheme(fault, &checked.config));
        if others || (checked.ready.is_empty() && !faults.is_empty()) {
            return Err(Failure::Faults(faults));
        }
        Ok((checked, faults))
    }

    fn check_all(&self) -> Result<(Checked, Vec<Fault>), Failure> {
        self.must_exist()?;
        let mut faults = Vec::new();
        let read = read_everything(&self.config, self.options(Filled::All), &mut faults);
        let Some((config, schemes)) = read else { return Err(Failure::Faults(faults)) };
        let systems = self.connect(&config, &mut faults);
        let tables = Arc::new(RwLock::new(Arc::new(read_tables(&config, &mut faults))));
        let now = Arc::clone(&tables);
        let around = Surroundings {
            systems,
            tables: Arc::clone(&tables.read().unwrap_or_else(PoisonError::into_inner)),
            lookups: Arc::new(move || {
                let tables: Arc<Tables> = Arc::clone(&now.read().unwrap_or_else(PoisonError::into_inner));
                tables as Arc<dyn Lookups + Send + Sync>
            }),
            zone: config.zone.clone(),
        };
        let (ready, more) = check(schemes, &around);
        faults.extend(more);
        faults.sort();
        faults.dedup();
        Ok((Checked { config, ready, tables, systems: around.systems }, faults))
    }

    fn connect(&self, config: &Config, faults: &mut Vec<Fault>) -> BTreeMap<String, SystemReady> {
        let mut systems = BTreeMap::new();
        let environment = Environment {
            clock: Arc::clone(&self.clock),
            zone: config.zone.clone(),
            paces: Arc::default(),
            tokens: Arc::new(KeptTokens::in_file(config.data.join("tokens.json"))),
        };
        for system in &config.systems {
            let settings = Settings { kind: &system.connector, at: &system.connector_at, node: &system.settings };
            let before = faults.len();
            // A system without a connector that is known has been told already.
            if !system.connector.is_empty() {
                registry::check(&settings, config.literal_secrets, faults);
            }
            if system.connector.is_empty() || faults.len() > before {
                continue;
            }
            match registry::connect(&settings, &system.transport, &environment) {
                Ok(connector) => {
                    let concurrency = system.transport.concurrency.map_or(2, |n| n as usize);
                    let settle = system.transport.settle;
                    systems.insert(system.name.clone(), SystemReady { connector, settle, concurrency });
                }
                Err(more) => faults.extend(more),
            }
        }
        systems
    }

    fn options(&self, outside: Filled) -> Options {
        Options { literal_secrets: self.literal_secrets, outside }
    }

    fn must_exist(&self) -> Result<(), Failure> {
        if self.config.is_file() {
            return Ok(());
        }
        let file = self.config.display();
        Err(Failure::Usage(format!(
            "there is no configuration file `{file}`; name one by `--config FILE`, or try `deltaferry demo`"
        )))
    }

    /// Opens the store for reading, beside a running service too. After an unclean stop it is recovered once.
    pub fn open_to_read(&self, config: &Config) -> Result<Arc<dyn Store>, Failure> {
        let path = existing_database(config)?;
        match RedbStore::open_read_only(&path, &RedbOptions::default()) {
            Ok(store) => Ok(Arc::new(store)),
            Err(StoreError::NeedsRecovery) => {
                eprintln!("the database was not closed cleanly; recovering it");
                RedbStore::open(&path, &RedbOptions::default())?.close();
                Ok(Arc::new(RedbStore::open_read_only(&path, &RedbOptions::default())?))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Opens the store for writing and joins everything; state of targets is prepared.
    pub async fn engine(&self, checked: &mut Checked, stop: CancellationToken) -> Result<Arc<Engine>, Failure> {
        let store = self.open_to_write(&checked.config)?;
        let ready = std::mem::take(&mut checked.ready);
        let parts = (Arc::clone(&self.clock), checked.config.zone.clone());
        let engine = assemble(ready, store, parts, stop);
        engine.prepare().await?;
        Ok(engine)
    }

    fn open_to_write(&self, config: &Config) -> Result<Arc<dyn Store>, Failure> {
        make_private_folder(&config.data)?;
        Ok(Arc::new(RedbStore::open(&database(config), &RedbOptions::default())?))
    }
}

/// Whether a fault lies in the file of a scheme that is named.
pub fn is_named<S: AsRef<str>>(fault: &Fault, named: &[S]) -> bool {
    let stem = fault.at.file.file_stem().map(|stem| stem.to_string_lossy().into_owned());
    stem.is_some_and(|stem| named.iter().any(|name| *name.as_ref() == *stem))
}

/// Whether a fault lies in a scheme's file.
fn is_of_scheme(fault: &Fault, config: &Config) -> bool {
    fault.at.file.starts_with(&config.schemes)
}

/// The database's file.
pub fn database(config: &Config) -> PathBuf {
    config.data.join(DATABASE)
}

/// The database's file where there is one; that there is none is told with what it means.
pub fn existing_database(config: &Config) -> Result<PathBuf, Failure> {
    let path = database(config);
    if path.is_file() {
        return Ok(path);
    }
    let name = path.display();
    Err(Failure::failed(if care::is_lost(&path) {
        format!("the database `{name}` is lost; `deltaferry db restore FILE` puts a backup back")
    } else {
        format!("there is no database `{name}` yet; `deltaferry once` or `run` makes it")
    }))
}

/// Reads the cross-reference tables.
pub fn read_tables(config: &Config, faults: &mut Vec<Fault>) -> Tables {
    let mut tables = Tables::default();
    for file in &config.tables {
        match std::fs::read(&file.path) {
            Ok(bytes) => match Table::read(&file.path, &bytes) {
                Ok(table) => tables.insert(file.name.as_str(), table),
                Err(more) => faults.extend(more),
            },
            Err(error) => {
                let at: Position = file.at.clone();
                faults.push(Fault::new(
                    at,
                    format!("table `{}`: `{}` can't be read: {error}", file.name, file.path.display()),
                ));
            }
        }
    }
    tables
}

/// Makes a folder that only its owner may enter.
pub fn make_private_folder(folder: &Path) -> Result<(), Failure> {
    let made = files::create_folder(folder);
    made.map_err(|error| Failure::failed(format!("the data folder `{}` can't be made: {error}", folder.display())))
}
