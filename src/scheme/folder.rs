//! A folder of scheme files.

use std::path::{Path, PathBuf};

use super::file::SchemeFile;
use super::types::Scheme;
use crate::clock::Zone;
use crate::fault::{Fault, Position};

/// Reads every scheme of a folder; the error holds the faults of all files, sorted by position.
pub fn load_all(folder: &Path, zone: &Zone) -> Result<Vec<Scheme>, Vec<Fault>> {
    let mut faults = Vec::new();
    let files = read_all(folder, zone, &mut faults);
    faults.sort();
    if faults.is_empty() { Ok(files.into_iter().map(|file| file.scheme).collect()) } else { Err(faults) }
}

/// Reads every scheme of a folder as far as it can be read (see [`SchemeFile::read`]).
pub fn read_all(folder: &Path, zone: &Zone, faults: &mut Vec<Fault>) -> Vec<SchemeFile> {
    let top = |file: &Path| Position { file: file.to_path_buf(), line: 1, column: 1 };
    let files = files(folder).unwrap_or_else(|error| {
        faults.push(Fault::new(top(folder), format!("the folder of schemes can't be read: {error}")));
        Vec::new()
    });
    for (index, file) in files.iter().enumerate() {
        let earlier = files.iter().take(index).find(|earlier| earlier.file_stem() == file.file_stem());
        if let Some(earlier) = earlier {
            let message = format!("the scheme has two files: this one and `{}`", earlier.display());
            faults.push(Fault::new(top(file), message));
        }
    }
    files.iter().filter_map(|file| SchemeFile::read(file, zone, faults)).collect()
}

/// The scheme files of a folder (`*.yaml`, `*.yml`), by name. Files that begin with a dot are editors'.
pub fn files(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let hidden = path.file_name().is_none_or(|name| name.to_string_lossy().starts_with('.'));
        let yaml = path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml");
        if yaml && !hidden && path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
