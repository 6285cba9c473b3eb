//! Care of a database file that no service has open: what it is, whether it is whole, and making it small. Looking at
//! it changes nothing, whatever state it is in.

use std::fs;
use std::io;
use std::path::Path;

use redb::backends::FileBackend;
use redb::{CompactionError, Database};
use serde::Serialize;

use super::backup as copying;
use super::file::{self, RedbOptions};
use super::info;
use super::overlay::Overlay;
use super::rows::fault;
use super::shared::{Handle, Shared};
use super::side;
use super::tables::META;
use super::verify::{self, Damage};
use crate::store::{Info, StoreError};

/// Memory for cached pages of a walk: each page is met once.
const CACHE: usize = 2 * 1024 * 1024;

/// What the database's own check of its pages found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Pages {
    /// Every page is whole.
    Sound,
    /// Every page that counts is whole; the rest is put right when the database is opened for writing.
    Repairable,
    /// Something is wrong; in words.
    Damaged(String),
    /// Not looked at: another process writes the file, and only its values were read.
    InUse,
}

/// What `verify` found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// Values read.
    pub values: u64,
    /// Damaged ones.
    pub damages: Vec<Damage>,
    /// The pages they lie on, and those that lead to them.
    pub pages: Pages,
    /// Whether the database was closed well.
    pub clean: bool,
}

impl Verified {
    /// Whether nothing is wrong. After an unclean stop pages may have to be put right; in a file that was closed well
    /// something changed them.
    pub fn is_sound(&self) -> bool {
        let pages = match self.pages {
            Pages::Sound | Pages::InUse => true,
            Pages::Repairable => !self.clean,
            Pages::Damaged(_) => false,
        };
        pages && self.damages.is_empty()
    }

    /// Refuses what is damaged, and what another process writes at the moment.
    pub(super) fn must_be_sound(&self, path: &Path) -> Result<(), StoreError> {
        let broken = |why: String| Err(file::broken(&path.display().to_string(), why));
        match (&self.damages.first(), &self.pages) {
            (Some(Damage { table, key }), _) => {
                broken(format!("{} values are damaged, the first in `{table}` at `{key}`", self.damages.len()))
            }
            (None, Pages::Damaged(why)) => broken(why.clone()),
            (None, Pages::InUse) => {
                Err(StoreError::InUse { path: path.display().to_string(), holder: super::place::holder(path) })
            }
            (None, _) if !self.is_sound() => broken("its pages were changed after it was closed".to_owned()),
            (None, _) => Ok(()),
        }
    }
}

/// Opens a file so that nothing of it is changed; the lock of a writer is held. The format is not looked at.
pub(super) fn inspect(path: &Path, options: &RedbOptions) -> Result<Database, StoreError> {
    let name = path.display().to_string();
    let refused = |error: io::Error| file::refused(&name, redb::DatabaseError::Storage(redb::StorageError::Io(error)));
    let file = fs::File::options().read(true).write(true).open(path).map_err(refused)?;
    if file.metadata().map_err(refused)?.len() == 0 {
        return Err(file::broken(&name, "the file is empty".to_owned()));
    }
    let options = RedbOptions { cache: CACHE, ..options.clone() };
    file::guarded(&name, || {
        let below = FileBackend::new(file).map_err(|e| file::refused(&name, e))?;
        let overlay = Overlay::new(below).map_err(refused)?;
        options.builder().create_with_backend(overlay).map_err(|e| file::refused(&name, e))
    })
}

/// Opens a database to look at it: beside a process that writes it, or alone with whatever an unclean stop left.
fn look(path: &Path, options: &RedbOptions) -> Result<Shared, StoreError> {
    let name = path.display().to_string();
    let handle = match file::open_read_only(path, options) {
        Err(StoreError::NeedsRecovery) => {
            let database = inspect(path, options)?;
            file::guarded(&name, || file::is_unclean(&name, &database))?;
            Handle::Writing(database)
        }
        opened => Handle::Reading(opened?),
    };
    Ok(Shared::new(name, handle))
}

/// About a database, and how many commits its side file tells.
pub fn info(path: &Path, options: &RedbOptions) -> Result<(Info, Option<u64>), StoreError> {
    Ok((info::info(&look(path, options)?, Some(path))?, side::read(path)))
}

/// Whether there is no database where there once was one (rule 8).
pub fn is_lost(path: &Path) -> bool {
    !path.exists() && side::path(path).exists()
}

/// Writes a backup of a database, see [`crate::store::Store::backup`].
pub fn backup(path: &Path, to: &Path, options: &RedbOptions) -> Result<u64, StoreError> {
    copying::backup(&look(path, options)?, to)
}

/// Reads every value and compares its checksum, then lets the database check its pages.
///
/// # Errors
///
/// Where the file can't be read at all, or is none of ours.
pub fn verify(path: &Path, options: &RedbOptions) -> Result<Verified, StoreError> {
    let name = path.display().to_string();
    let (shared, alone) = match inspect(path, options) {
        Ok(database) => {
            file::guarded(&name, || file::is_unclean(&name, &database))?;
            (Shared::new(name.clone(), Handle::Writing(database)), true)
        }
        // Somebody writes it, or it may not be written at all.
        Err(StoreError::InUse { .. } | StoreError::Io(_)) => (look(path, options)?, false),
        Err(error) => return Err(error),
    };
    let damages = verify::verify(&shared)?;
    // Asked where everything is damaged as well.
    let (values, clean) = info::info(&shared, None).map_or((0, false), |info| (info.rows.values().sum(), info.clean));
    let handle = std::mem::replace(&mut *shared.alone(), Handle::Closed);
    let pages = match handle {
        Handle::Writing(mut database) if alone => {
            let checked = file::guarded(&name, || database.check_integrity().map_err(|e| file::refused(&name, e)));
            match checked {
                Ok(true) => Pages::Sound,
                Ok(false) => Pages::Repairable,
                Err(StoreError::Broken { why, .. }) => Pages::Damaged(why),
                Err(error) => Pages::Damaged(error.to_string()),
            }
        }
        _ => Pages::InUse,
    };
    Ok(Verified { values, damages, pages, clean })
}

/// Gives back the space of the file that nothing uses; its size before and after. The whole file is checked first.
///
/// # Errors
///
/// [`StoreError::InUse`] while a process has it open, else as opening it for writing.
pub fn compact(path: &Path, options: &RedbOptions) -> Result<(u64, u64), StoreError> {
    let name = path.display().to_string();
    let size = || fs::metadata(path).map(|meta| meta.len()).map_err(|e| StoreError::Io(format!("`{name}`: {e}")));
    file::look_at(path, options)?;
    let before = size()?;
    let mut database = file::open(&name, &file::opener(path, options), true)?.database;
    let failed = |error| match error {
        CompactionError::Storage(error) => fault(META.name, error),
        error => StoreError::Io(error.to_string()),
    };
    while file::guarded(&name, || database.compact().map_err(failed))? {}
    database.close().map_err(|e| file::refused(&name, e))?;
    Ok((before, size()?))
}
