//! The database file: created whole or not at all, opened by one writer and any number of readers, its format and
//! its last close looked at before anything else is read.

use std::io;
use std::path::Path;

use redb::backends::FileBackend;
use redb::{Builder, ConcurrencyMode, Database, DatabaseError, ReadOnlyDatabase, ReadableDatabase, ReadableTable};

use super::key::KeyBytes;
use super::lineage::{self, Lineage};
use super::place::holder;
use super::rows::{Rows, WriteRows, fault};
use super::tables::{ALL, Bytes, META};
use super::value::to_count;
use crate::caught::caught;
use crate::crash;
use crate::files;
use crate::store::StoreError;

/// The newest format known here. An older one would be migrated, a newer one is refused.
pub(super) const FORMAT: u64 = 1;
/// With it a run stays below 100 MB however many documents there are. A larger one pays only where thousands of
/// documents in a million change between two runs.
const CACHE: usize = 32 * 1024 * 1024;
/// Enough for the pages between the root and a leaf.
const CHECK_CACHE: usize = 2 * 1024 * 1024;

/// How the embedded store is opened.
#[derive(Debug, Clone)]
pub struct RedbOptions {
    /// Memory for cached pages, in bytes; does not grow with the number of documents.
    pub cache: usize,
    /// Whether opening for writing checks every page of the file even after a good close, which takes about 1.5 s
    /// for each GB; after an unclean stop it always does. Unchecked, a bit flipped while nobody had the file open may
    /// make pages read as they were some time ago, which no checksum of a value can see. Opening for reading only
    /// never checks: beside a running service it need not, and without one it only shows.
    pub check: bool,
}

impl Default for RedbOptions {
    fn default() -> Self {
        Self { cache: CACHE, check: true }
    }
}

impl RedbOptions {
    /// The database's own options. Both sides must name the same mode to share the file.
    pub(super) fn builder(&self) -> Builder {
        let mut builder = Builder::new();
        builder.set_cache_size(self.cache).set_concurrency_mode(ConcurrencyMode::SingleWriter);
        builder
    }
}

/// What a database is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To check it: each page is met once, a cache would only hold memory.
    Check,
    /// To read and write it.
    Use,
}

/// Opens the database for writing: called at the start, and again after an I/O error.
pub(super) type Opener = Box<dyn Fn(Purpose) -> Result<Database, DatabaseError> + Send>;

/// An opener of a file that exists.
pub(super) fn opener(path: &Path, options: &RedbOptions) -> Opener {
    let (path, options) = (path.to_owned(), options.clone());
    Box::new(move |purpose| match purpose {
        Purpose::Check => {
            RedbOptions { cache: options.cache.min(CHECK_CACHE), ..options.clone() }.builder().open(&path)
        }
        Purpose::Use => options.builder().open(&path),
    })
}

/// A database open for writing.
pub(super) struct Opened {
    /// The database.
    pub(super) database: Database,
    /// Whether the file says that it was not closed: it stays so until it is.
    pub(super) unclean: bool,
}

/// Opens a database for writing. The whole file is checked, as it is read from the disk, after an unclean stop and
/// wherever `check` asks for it; it is opened anew before anything is written.
pub(super) fn open(name: &str, opener: &Opener, check: bool) -> Result<Opened, StoreError> {
    let open = |purpose| guarded(name, || opener(purpose).map_err(|e| refused(name, e)));
    let mut database = open(Purpose::Check)?;
    let unclean = guarded(name, || is_unclean(name, &database))?;
    if check || unclean {
        let sound = guarded(name, || database.check_integrity().map_err(|e| refused(name, e)))?;
        if !sound {
            tracing::warn!(database = name, unclean, "the file was repaired");
        }
    }
    database.close().map_err(|e| refused(name, e))?;
    let database = open(Purpose::Use)?;
    guarded(name, || complete(name, &database))?;
    Ok(Opened { database, unclean })
}

/// Opens a database again within the process that had it open: its own commits are known to be whole.
pub(super) fn reopen(name: &str, opener: &Opener) -> Result<Opened, StoreError> {
    let database = guarded(name, || opener(Purpose::Use).map_err(|e| refused(name, e)))?;
    let unclean = guarded(name, || is_unclean(name, &database))?;
    Ok(Opened { database, unclean })
}

/// Opens a file for reading only, beside the process that writes it if there is one.
pub(super) fn open_read_only(path: &Path, options: &RedbOptions) -> Result<ReadOnlyDatabase, StoreError> {
    let name = &path.display().to_string();
    guarded(name, || {
        let database = options.builder().open_read_only(path).map_err(|e| refused(name, e))?;
        is_unclean(name, &database)?;
        Ok(database)
    })
}

/// Refuses a file that is not ours, or a newer program's, before anything touches it.
pub(super) fn look_at(path: &Path, options: &RedbOptions) -> Result<(), StoreError> {
    match open_read_only(path, options) {
        // Opening it for writing tells more.
        Ok(_) | Err(StoreError::NeedsRecovery | StoreError::InUse { .. }) => Ok(()),
        Err(error) => Err(error),
    }
}

/// The tables and the format of a new database, and how it begins.
pub(super) fn initialise(name: &str, database: &Database, lineage: &Lineage) -> Result<(), StoreError> {
    let transaction = database.begin_write().map_err(|e| fault(META.name, e))?;
    for table in ALL {
        transaction.open_table(table.definition()).map_err(|e| fault(table.name, e))?;
    }
    let mut meta = Rows::new(&META, transaction.open_table(META.definition()).map_err(|e| fault(META.name, e))?);
    meta.put(&format_key(), &FORMAT.to_le_bytes())?;
    set_clean(&mut meta, true)?;
    lineage::write(&mut meta, lineage)?;
    drop(meta);
    transaction.commit().map_err(|e| fault(META.name, e))?;
    tracing::info!(database = name, format = FORMAT, "created");
    Ok(())
}

/// Adds the tables that a database made by an older program of this format lacks.
fn complete(name: &str, database: &Database) -> Result<(), StoreError> {
    let reading = database.begin_read().map_err(|e| broken(name, e.to_string()))?;
    let known = reading.list_tables().map_err(|e| fault(META.name, e))?.count();
    drop(reading);
    if known < ALL.len() {
        let transaction = super::transaction::begin(database)?;
        super::transaction::Tables::open(&transaction)?;
        transaction.commit().map_err(|e| fault(META.name, e))?;
        tracing::info!(database = name, "new tables added");
    }
    Ok(())
}

/// Notes whether the database is closed well.
pub(super) fn set_clean(meta: &mut WriteRows<'_>, clean: bool) -> Result<(), StoreError> {
    meta.put(&KeyBytes::new().text("clean"), &[u8::from(clean)])
}

fn format_key() -> KeyBytes {
    KeyBytes::new().text("format")
}

/// Checks the format, and tells whether the database was not closed.
pub(super) fn is_unclean(name: &str, database: &impl ReadableDatabase) -> Result<bool, StoreError> {
    let foreign = |why: &str| broken(name, format!("it is no database of deltaferry: {why}"));
    let transaction = database.begin_read().map_err(|e| broken(name, e.to_string()))?;
    let meta = transaction.open_table(META.definition()).map_err(|e| foreign(&e.to_string()))?;
    let meta = Rows::new(&META, meta);
    let unreadable = |error: StoreError| match error {
        StoreError::Damaged { table, key } => broken(name, format!("`{table}` is damaged at `{key}`")),
        other => other,
    };
    match meta.get(&format_key(), to_count).map_err(unreadable)? {
        Some(FORMAT) => {}
        Some(found) if found > FORMAT => return Err(StoreError::Newer { found, known: FORMAT }),
        Some(found) => return Err(foreign(&format!("format {found} never existed"))),
        None => return Err(foreign("it has no format")),
    }
    Ok(!is_clean(&meta).map_err(unreadable)?)
}

/// Whether the database was closed well.
pub(super) fn is_clean<T: ReadableTable<Bytes, Bytes>>(meta: &Rows<T>) -> Result<bool, StoreError> {
    let clean = meta.get(&KeyBytes::new().text("clean"), |payload| Some(payload == [1]))?;
    Ok(clean == Some(true))
}

/// The database trusts its file and may panic where it should not have: such a panic is a broken file.
pub(super) fn guarded<R>(name: &str, open: impl FnOnce() -> Result<R, StoreError>) -> Result<R, StoreError> {
    caught(open).unwrap_or_else(|| Err(broken(name, "the database could not make sense of its pages".to_owned())))
}

pub(super) fn broken(name: &str, why: String) -> StoreError {
    StoreError::Broken { path: name.to_owned(), why }
}

/// What it means that the database would not open.
pub(super) fn refused(name: &str, error: DatabaseError) -> StoreError {
    match error {
        DatabaseError::DatabaseAlreadyOpen | DatabaseError::LockProtocolMismatch => {
            StoreError::InUse { path: name.to_owned(), holder: holder(Path::new(name)) }
        }
        DatabaseError::RepairAborted => StoreError::NeedsRecovery,
        DatabaseError::Storage(redb::StorageError::Io(error)) => match error.kind() {
            io::ErrorKind::NotFound => broken(name, "there is no such file".to_owned()),
            io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof | io::ErrorKind::IsADirectory => {
                broken(name, error.to_string())
            }
            _ => StoreError::Io(format!("`{name}`: {error}")),
        },
        error => broken(name, error.to_string()),
    }
}

/// Makes a new database: it is written beside its place, closed, and only then given its name, so that a stop in
/// between leaves no half-made one, and no existing file is ever overwritten.
pub(super) fn create(path: &Path, options: &RedbOptions, lineage: &Lineage) -> Result<(), StoreError> {
    let name = path.display().to_string();
    let io = |error: io::Error| StoreError::Io(format!("`{name}`: {error}"));
    files::create_folder(files::folder(path)).map_err(io)?;
    let fresh = files::Fresh::new(path).map_err(io)?;
    let backend = FileBackend::new(fresh.file().map_err(io)?).map_err(|e| refused(&name, e))?;
    let database = options.builder().create_with_backend(backend).map_err(|e| refused(&name, e))?;
    crash::point("store.create.before_tables");
    initialise(&name, &database, lineage)?;
    database.close().map_err(|e| refused(&name, e))?;
    crash::point("store.create.before_name");
    match fresh.publish(path) {
        // Another process was first; its database is as good.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        published => published.map_err(io),
    }
}
