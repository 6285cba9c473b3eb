//! `db restore`: a backup takes the database's place. The old file is kept under another name, and at each moment one
//! of the two has the database's name: a stop in between leaves the old database or the new one, never none.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::backup;
use super::care;
use super::file::{self, RedbOptions};
use crate::crash;
use crate::files::{self, Fresh};
use crate::store::StoreError;

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Restored {
    /// Where the database that was there before is kept; none if there was none.
    pub kept: Option<PathBuf>,
    /// Size of the restored file in bytes.
    pub bytes: u64,
}

/// Puts a backup, or another copy of a closed database, in a database's place and leaves it stamped: the next program
/// that opens it for writing takes it as restored.
///
/// # Errors
///
/// [`StoreError::InUse`] while a process has either file open; [`StoreError::Broken`] for a backup that is damaged or
/// none; [`StoreError::Io`] from the disk. The database is as it was then.
pub fn restore(path: &Path, from: &Path, options: &RedbOptions) -> Result<Restored, StoreError> {
    let name = path.display().to_string();
    let io = |error: io::Error| StoreError::Io(format!("`{name}`: {error}"));
    care::verify(from, options)?.must_be_sound(from)?;
    if fs::canonicalize(path).ok().is_some_and(|path| fs::canonicalize(from).ok() == Some(path)) {
        return Err(file::broken(&name, "it can't be restored from itself".to_owned()));
    }
    // Held to the end: nobody begins to write what is about to be replaced.
    let held = match care::inspect(path, options) {
        Ok(database) => Some(database),
        Err(StoreError::Broken { .. }) => None,
        Err(error) => return Err(error),
    };
    files::create_folder(files::folder(path)).map_err(io)?;
    let fresh = Fresh::new(path).map_err(io)?;
    io::copy(&mut fs::File::open(from).map_err(io)?, &mut fresh.file().map_err(io)?).map_err(io)?;
    let copied = fresh.path().display().to_string();
    let opened = file::open(&copied, &file::opener(fresh.path(), options), true)?;
    backup::stamp(&opened.database)?;
    opened.database.close().map_err(|e| file::refused(&copied, e))?;
    let file = fresh.file().map_err(io)?;
    file.sync_all().map_err(io)?;
    let bytes = file.metadata().map_err(io)?.len();
    crash::point("db.restore.before_aside");
    let kept = if path.exists() { Some(keep(path).map_err(io)?) } else { None };
    crash::point("db.restore.before_name");
    fresh.replace(path).map_err(io)?;
    crash::point("db.restore.after_name");
    drop(held);
    Ok(Restored { kept, bytes })
}

/// Gives the old file a second name, which it keeps.
fn keep(path: &Path) -> io::Result<PathBuf> {
    let mut n = 1;
    loop {
        let kept = files::beside(path, &format!("before-restore-{n}"));
        match files::link(path, &kept) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => n += 1,
            // No hard links here.
            Err(_) => {
                fs::copy(path, &kept)?;
                return Ok(kept);
            }
            Ok(()) => return files::sync_folder(files::folder(path)).map(|()| kept),
        }
    }
}
