//! `db backup`: a copy of every row from one read to a new file, stamped, so that whoever opens it for writing knows
//! what it is (rule 8). The live file itself is never copied: it may be written meanwhile.
//!
//! No table holds a secret: tokens live in memory, and payloads are stored without them.

use std::io;
use std::path::Path;

use redb::Database;
use redb::backends::FileBackend;

use super::file::{self, RedbOptions};
use super::key::KeyBytes;
use super::lineage::{self, Lineage};
use super::rows::{ON, Rows, fault};
use super::shared::{Shared, Snapshot};
use super::tables::{ALL, META, Table};
use super::transaction::{self, Tables};
use crate::crash;
use crate::files::Fresh;
use crate::store::StoreError;

/// Bytes of one transaction of the copy, about.
const CHUNK: usize = 8 * 1024 * 1024;

/// Writes the copy; its size. A damaged row ends it: a backup that lacks something is none.
pub(super) fn backup(shared: &Shared, to: &Path) -> Result<u64, StoreError> {
    let name = to.display().to_string();
    let io = |error: io::Error| match error.kind() {
        io::ErrorKind::AlreadyExists => StoreError::Exists(name.clone()),
        _ => StoreError::Io(format!("`{name}`: {error}")),
    };
    if to.exists() {
        return Err(StoreError::Exists(name));
    }
    let fresh = Fresh::new(to).map_err(io)?;
    let backend = FileBackend::new(fresh.file().map_err(io)?).map_err(|e| file::refused(&name, e))?;
    let options = RedbOptions::default();
    let copy = options.builder().create_with_backend(backend).map_err(|e| file::refused(&name, e))?;
    shared.read(|snapshot| ALL.into_iter().try_for_each(|table| copy_table(snapshot, &copy, table)))?;
    stamp(&copy)?;
    copy.close().map_err(|e| file::refused(&name, e))?;
    let written = fresh.file().map_err(io)?;
    written.sync_all().map_err(io)?;
    let bytes = written.metadata().map_err(io)?.len();
    crash::point("db.backup.before_name");
    fresh.publish(to).map_err(io)?;
    Ok(bytes)
}

fn copy_table(snapshot: &Snapshot, copy: &Database, table: &'static Table) -> Result<(), StoreError> {
    let (mut rows, mut bytes) = (Vec::new(), 0);
    snapshot.table(table)?.scan(&KeyBytes::new(), None, |key, payload| {
        bytes += key.len() + payload.len();
        rows.push((KeyBytes::from_slice(key), payload.to_vec()));
        if bytes >= CHUNK {
            bytes = 0;
            write(copy, table, std::mem::take(&mut rows))?;
        }
        ON
    })?;
    write(copy, table, rows)
}

/// Writes rows in the order of their keys. A table without rows is made by the stamp.
fn write(copy: &Database, table: &'static Table, rows: Vec<(KeyBytes, Vec<u8>)>) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    let transaction = transaction::begin(copy)?;
    let mut to = Rows::new(table, transaction.open_table(table.definition()).map_err(|e| fault(table.name, e))?);
    for (key, payload) in rows {
        to.put(&key, &payload)?;
    }
    drop(to);
    transaction.commit().map_err(|e| fault(table.name, e))?;
    crash::point("db.backup.copying");
    Ok(())
}

/// Marks a database as a backup, well closed.
pub(super) fn stamp(database: &Database) -> Result<(), StoreError> {
    let transaction = transaction::begin(database)?;
    let mut tables = Tables::open(&transaction)?;
    let lineage = Lineage { stamped: true, ..lineage::read(&tables.meta)? };
    lineage::write(&mut tables.meta, &lineage)?;
    lineage::put_closed(&mut tables.meta)?;
    file::set_clean(&mut tables.meta, true)?;
    drop(tables);
    transaction.commit().map_err(|e| fault(META.name, e))
}
