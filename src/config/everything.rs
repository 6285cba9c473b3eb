//! Configuration and schemes together, so that the faults of all files are told at once.

use std::path::Path;

use super::load::{Config, Options};
use super::systems::check_named;
use crate::fault::Fault;
use crate::scheme::{self, Scheme, SchemeFile};

/// Reads the configuration and all its schemes. The error holds the faults of all files, sorted by position.
pub fn load_everything(file: &Path, options: Options) -> Result<(Config, Vec<Scheme>), Vec<Fault>> {
    let mut faults = Vec::new();
    let read = read_everything(file, options, &mut faults);
    faults.sort();
    let (config, files) = read.filter(|_| faults.is_empty()).ok_or(faults)?;
    Ok((config, files.into_iter().map(|file| file.scheme).collect()))
}

/// Reads the configuration and all its schemes as far as they can be read: faults are added, and where any were, the
/// result serves only to find more of them (calls, fields, mappings). `None` if the configuration is no YAML.
pub fn read_everything(file: &Path, options: Options, faults: &mut Vec<Fault>) -> Option<(Config, Vec<SchemeFile>)> {
    let config = Config::read(file, options, faults)?;
    if let Err(error) = std::fs::read_dir(&config.schemes) {
        let message = format!("the folder of schemes `{}` can't be read: {error}", config.schemes.display());
        faults.push(Fault::new(config.schemes_at.clone(), message));
        return Some((config, Vec::new()));
    }
    let files = scheme::read_all(&config.schemes, &config.zone, faults);
    let systems: Vec<&str> = config.systems.iter().map(|system| system.name.as_str()).collect();
    files.iter().for_each(|file| check_named(&file.scheme, &systems, faults));
    Some((config, files))
}
