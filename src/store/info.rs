//! What the database tells of itself.

use std::collections::BTreeMap;
use std::path::Path;

use super::file::{self, FORMAT};
use super::lineage;
use super::shared::Shared;
use super::tables::{ALL, META};
use crate::store::{Info, StoreError};

/// About the open database; the numbers of rows are kept by the database and cost nothing to ask.
pub(super) fn info(shared: &Shared, path: Option<&Path>) -> Result<Info, StoreError> {
    let bytes = match path {
        Some(path) => std::fs::metadata(path).map_err(|e| StoreError::Io(e.to_string()))?.len(),
        None => 0,
    };
    shared.read(|snapshot| {
        let meta = snapshot.table(&META)?;
        let mut rows = BTreeMap::new();
        for table in ALL {
            rows.insert(table.name, snapshot.table(table)?.len()?);
        }
        Ok(Info { bytes, format: FORMAT, clean: file::is_clean(&meta)?, lineage: lineage::read(&meta)?, rows })
    })
}
