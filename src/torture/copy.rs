//! A look at the database of a process that was killed, without touching what its next start will find.

use std::fs;
use std::io;
use std::path::Path;

use crate::store::{RedbOptions, RedbStore, Store, StoreError};

/// Copies a database with the files beside it, lets `look` at the copy, and takes the copy away again. Without the
/// files beside it the copy would count as restored.
///
/// # Errors
/// Of copying, of opening, and of the look.
pub fn in_copy<T>(database: &Path, look: impl FnOnce(&RedbStore) -> Result<T, StoreError>) -> Result<T, StoreError> {
    let folder = database.with_extension("copy");
    let io = |error: io::Error| StoreError::Io(format!("`{}`: {error}", folder.display()));
    let copy = copied(database, &folder).map_err(io)?;
    let store = RedbStore::open(&copy, &RedbOptions::default())?;
    let seen = look(&store);
    store.close();
    fs::remove_dir_all(&folder).map_err(io)?;
    seen
}

fn copied(database: &Path, folder: &Path) -> io::Result<std::path::PathBuf> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir(folder)?;
    let name = database.file_name().unwrap_or_default();
    for entry in fs::read_dir(database.parent().unwrap_or(Path::new(".")))? {
        let entry = entry?;
        if entry.file_name().as_encoded_bytes().starts_with(name.as_encoded_bytes()) {
            fs::copy(entry.path(), folder.join(entry.file_name()))?;
        }
    }
    Ok(folder.join(name))
}
