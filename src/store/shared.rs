//! The open database, shared by the readers and the writer; each read is a short transaction of its own.

use std::sync::{Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use redb::{Database, ReadOnlyDatabase, ReadTransaction, ReadableDatabase};

use super::rows::{ReadRows, Rows, fault};
use super::tables::{META, Table};
use crate::caught::caught;
use crate::store::StoreError;

/// What stands behind the store at the moment.
pub(super) enum Handle {
    /// Open for writing.
    Writing(Database),
    /// Open for reading only.
    Reading(ReadOnlyDatabase),
    /// Closed after an I/O error and not yet open again, with the error.
    Down(StoreError),
    /// Closed for good.
    Closed,
}

/// The handle behind its lock. Readers hold the lock for one short read; the writer takes it for itself only to
/// close or reopen, so that no read transaction is then alive.
pub(super) struct Shared {
    /// The database as messages name it.
    pub(super) name: String,
    handle: RwLock<Handle>,
    /// Why the last commit failed.
    trouble: Mutex<Option<String>>,
}

impl Shared {
    /// A handle.
    pub(super) fn new(name: String, handle: Handle) -> Self {
        Self { name, handle: RwLock::new(handle), trouble: Mutex::new(None) }
    }

    /// The handle, beside other readers.
    pub(super) fn look(&self) -> RwLockReadGuard<'_, Handle> {
        self.handle.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The handle alone.
    pub(super) fn alone(&self) -> RwLockWriteGuard<'_, Handle> {
        self.handle.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Why nothing can be written at the moment; none once a commit has succeeded again.
    pub(super) fn trouble(&self) -> Option<String> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What became of a group of commands; one that had nothing to write proves nothing.
    pub(super) fn set_trouble(&self, failure: Option<&StoreError>, wrote: bool) {
        let mut trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        match failure {
            Some(error) => *trouble = Some(error.to_string()),
            None if wrote && trouble.take().is_some() => {
                tracing::warn!(database = self.name, "the database is written again");
            }
            None => {}
        }
    }

    /// Reads in one transaction, which ends with the read. The database trusts its file and may panic over a
    /// damaged page: such a panic is an error of this read.
    pub(super) fn read<R>(&self, read: impl FnOnce(&Snapshot) -> Result<R, StoreError>) -> Result<R, StoreError> {
        let handle = self.look();
        let work = || {
            let transaction = match &*handle {
                Handle::Writing(database) => database.begin_read(),
                Handle::Reading(database) => database.begin_read(),
                Handle::Down(error) => return Err(error.clone()),
                Handle::Closed => return Err(StoreError::Closed),
            };
            read(&Snapshot { transaction: transaction.map_err(|e| fault(META.name, e))? })
        };
        caught(work).unwrap_or_else(|| {
            Err(StoreError::Damaged { table: "(pages)", key: "(the database could not make sense of a page)".into() })
        })
    }
}

/// The store as it stands at one moment.
pub(super) struct Snapshot {
    transaction: ReadTransaction,
}

impl Snapshot {
    /// A table.
    pub(super) fn table(&self, table: &'static Table) -> Result<ReadRows, StoreError> {
        self.transaction
            .open_table(table.definition())
            .map(|rows| Rows::new(table, rows))
            .map_err(|e| fault(table.name, e))
    }
}
