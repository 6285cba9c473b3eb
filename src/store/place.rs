//! Files beside each other: made under another name and given their own when they are whole, and who has one open.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// Tells files apart that one process makes for the same place at the same time.
static MADE: AtomicU64 = AtomicU64::new(0);

/// A file on its way: gone with this value unless it was given its name.
pub(super) struct Fresh(PathBuf);

impl Fresh {
    /// A new empty file beside a place, for its owner alone.
    pub(super) fn new(path: &Path) -> io::Result<Self> {
        let n = MADE.fetch_add(1, Ordering::Relaxed);
        let fresh = beside(path, &format!("new.{}.{n}", std::process::id()));
        // Left by a killed process that had this number.
        let _ = fs::remove_file(&fresh);
        create_file(&fresh)?;
        Ok(Self(fresh))
    }

    /// The file, to be written.
    pub(super) fn file(&self) -> io::Result<fs::File> {
        fs::OpenOptions::new().read(true).write(true).open(&self.0)
    }

    /// Where it is now.
    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// Gives it its name, durably; [`io::ErrorKind::AlreadyExists`] where there is such a file.
    pub(super) fn publish(self, path: &Path) -> io::Result<()> {
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
    pub(super) fn replace(self, path: &Path) -> io::Result<()> {
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
pub(super) fn link(from: &Path, to: &Path) -> io::Result<()> {
    fs::hard_link(from, to)
}

/// The folder of a file.
pub(super) fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

#[cfg(unix)]
pub(super) fn create_folder(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

#[cfg(not(unix))]
pub(super) fn create_folder(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)
}

/// A new file for its owner alone.
pub(super) fn create_file(path: &Path) -> io::Result<fs::File> {
    let mut options = fs::OpenOptions::new();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Makes a new name in a folder durable.
#[cfg(unix)]
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    fs::File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
pub(super) fn sync_folder(_folder: &Path) -> io::Result<()> {
    Ok(())
}

/// A file beside another: its name, a full stop and a suffix.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".");
    name.push(suffix);
    path.with_file_name(name)
}

/// Tells other processes who has the database open for writing. Only words: the lock is the database's own, so a
/// file left behind by a killed process does no harm.
pub(super) fn announce(path: &Path) {
    let pid = beside(path, "pid");
    let _ = fs::remove_file(&pid);
    let written = create_file(&pid)
        .and_then(|mut file| io::Write::write_all(&mut file, format!("{}\n", std::process::id()).as_bytes()));
    if let Err(error) = written {
        tracing::warn!(file = %pid.display(), %error, "could not be written");
    }
}

/// Takes back what [`announce`] told.
pub(super) fn renounce(path: &Path) {
    let _ = fs::remove_file(beside(path, "pid"));
}

/// ` (pid N)` where the holder told its number.
pub(super) fn holder(path: &Path) -> String {
    let pid: Option<u32> = fs::read_to_string(beside(path, "pid")).ok().and_then(|text| text.trim().parse().ok());
    pid.map(|pid| format!(" (pid {pid})")).unwrap_or_default()
}
