//! Who has a database open for writing, for people to read.

use std::fs;
use std::io;
use std::path::Path;

use crate::files::{beside, create_file};

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
