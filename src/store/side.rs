//! The side file: how many commits the database has seen, told outside of it, so that a file put back in its place is
//! noticed (rule 8).
//!
//! It is written after the commit it names is durable, and not synced with each: what a killed process wrote is kept
//! by the system, and a power loss leaves the file some commits behind, as a kill may. Behind, never ahead: an older
//! copy of the database is then still noticed unless it is younger than the number that was kept. A good close syncs it.

use std::fs::{self, File};
use std::io::{self, Seek, Write};
use std::path::{Path, PathBuf};

use crate::crash;
use crate::files;
use crate::store::StoreError;

/// The side file, open for writing.
#[derive(Debug)]
pub(super) struct Side {
    path: PathBuf,
    file: File,
    /// Whether the last write failed: told once.
    failed: bool,
}

/// Where it lies.
pub(super) fn path(database: &Path) -> PathBuf {
    files::beside(database, "commits")
}

/// What it tells; none where there is no such file, or none that reads.
pub(super) fn read(database: &Path) -> Option<u64> {
    fs::read_to_string(path(database)).ok()?.trim().parse().ok()
}

impl Side {
    /// Writes it durably, over what there was.
    pub(super) fn begin(database: &Path, commits: u64) -> Result<Self, StoreError> {
        let path = path(database);
        let io = |error: io::Error| StoreError::Io(format!("`{}`: {error}", path.display()));
        let file = match File::options().write(true).open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => files::create_file(&path).map_err(io)?,
            opened => opened.map_err(io)?,
        };
        let mut side = Self { path: path.clone(), file, failed: false };
        side.write(commits).and_then(|()| side.file.sync_all()).map_err(io)?;
        files::sync_folder(files::folder(database)).map_err(io)?;
        Ok(side)
    }

    /// Notes a commit that is durable. A failure is told and does no harm: the file stays behind.
    pub(super) fn note(&mut self, commits: u64) {
        crash::point("store.side.before");
        match self.write(commits) {
            Ok(()) => self.failed = false,
            Err(error) if !self.failed => {
                self.failed = true;
                tracing::warn!(file = %self.path.display(), %error, "could not be written; a restore may go unnoticed");
            }
            Err(_) => {}
        }
    }

    /// Makes it durable.
    pub(super) fn sync(&self) {
        if let Err(error) = self.file.sync_all() {
            tracing::warn!(file = %self.path.display(), %error, "could not be synced");
        }
    }

    /// Always the same length, so that one write replaces the number whole.
    fn write(&mut self, commits: u64) -> io::Result<()> {
        self.file.rewind()?;
        self.file.write_all(format!("{commits:020}\n").as_bytes())?;
        Ok(())
    }
}
