//! Files for their owner alone, made under another name beside their place and given their own when they are whole.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// Tells files apart that one process makes for the same place at the same time.
static MADE: AtomicU64 = AtomicU64::new(0);

/// A file on its way: gone with this value unless it was given its name.
pub struct Fresh(PathBuf);

impl Fresh {
    /// A new empty file beside a place, for its owner alone.
    ///
    /// # Errors
    /// Of the file system.
    pub fn new(path: &Path) -> io::Result<Self> {
        let n = MADE.fetch_add(1, Ordering::Relaxed);
        let fresh = beside(path, &format!("new.{}.{n}", std::process::id()));
        // Left by a killed process that had this number.
        let _ = fs::remove_file(&fresh);
        create_file(&fresh)?;
        Ok(Self(fresh))
    }

    /// The file, to be written.
    ///
    /// # Errors
    /// Of the file system.
    pub fn file(&self) -> io::Result<fs::File> {
        fs::OpenOptions::new().read(true).write(true).open(&self.0)
    }

    /// Where it is now.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Gives it its name, durably; [`io::ErrorKind::AlreadyExists`] where there is such a file.
    ///
    /// # Errors
    /// Of the file system.
    pub fn publish(self, path: &Path) -> io::Result<()> {
        link(&self.0, path).or_else(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => Err(error),
            // No hard links here: the two steps are not one, but nobody else takes the name in this very moment.
            _ if !path.exists() => fs::rename(&self.0, path),
            _ => Err(error),
        })?;
        drop(self);
        sync_folder(folder(path))
    }

    /// Puts it in the place of a file, durably: at each moment one of the two has the name.
    ///
    /// # Errors
    /// Of the file system.
    pub fn replace(self, path: &Path) -> io::Result<()> {
        fs::rename(&self.0, path)?;
        sync_folder(folder(path))
    }
}

impl Drop for Fresh {
    fn drop(&mut self) {
        // It is gone already where it was renamed.
        let _ = fs::remove_file(&self.0);
    }
}

/// A second name of a file; there must be none yet.
///
/// # Errors
/// Of the file system.
pub fn link(from: &Path, to: &Path) -> io::Result<()> {
    fs::hard_link(from, to)
}

/// The folder of a file.
pub fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// A folder, with those above it, that only its owner may enter; one that is there stays as it is.
///
/// # Errors
/// Of the file system.
pub fn create_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// A new file for its owner alone.
///
/// # Errors
/// Of the file system.
pub fn create_file(path: &Path) -> io::Result<fs::File> {
    let mut options = fs::OpenOptions::new();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Makes a new name in a folder durable.
///
/// # Errors
/// Of the file system.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    // Elsewhere a folder can't be opened, and need not be.
    if cfg!(unix) { fs::File::open(folder)?.sync_all() } else { Ok(()) }
}

/// A file beside another: its name, a full stop and a suffix.
pub fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".");
    name.push(suffix);
    path.with_file_name(name)
}

/// Puts these bytes durably in the place of a file, for its owner alone: at each moment the old or the new ones.
///
/// # Errors
/// Of the file system; the old ones stay.
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let fresh = Fresh::new(path)?;
    let mut file = fresh.file()?;
    io::Write::write_all(&mut file, bytes)?;
    file.sync_all()?;
    drop(file);
    fresh.replace(path)
}
