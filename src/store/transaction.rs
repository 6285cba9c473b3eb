//! A write transaction with all its tables open.

use redb::{Database, Durability, WriteTransaction};

use super::rows::{Rows, WriteRows, fault};
use super::tables::{
    self, ATTEMPTS, BODIES, CHANGES, COUNTS, DELIVERIES, HEADS, IDENTITIES, INDEXED, INDEXES, LOOKUP, META, NUMBERS,
    QUARANTINE, QUEUE, RUNS, SCHEMES, SEEN, STATES, SWEEPS, TARGETS, WATERMARKS,
};
use crate::store::StoreError;

/// The tables of a write transaction, named as in [`super::tables`].
pub(super) struct Tables<'t> {
    pub(super) meta: WriteRows<'t>,
    pub(super) schemes: WriteRows<'t>,
    pub(super) watermarks: WriteRows<'t>,
    pub(super) runs: WriteRows<'t>,
    pub(super) heads: WriteRows<'t>,
    pub(super) bodies: WriteRows<'t>,
    pub(super) changes: WriteRows<'t>,
    pub(super) numbers: WriteRows<'t>,
    pub(super) indexes: WriteRows<'t>,
    pub(super) indexed: WriteRows<'t>,
    pub(super) lookup: WriteRows<'t>,
    pub(super) quarantine: WriteRows<'t>,
    pub(super) sweeps: WriteRows<'t>,
    pub(super) seen: WriteRows<'t>,
    pub(super) targets: WriteRows<'t>,
    pub(super) deliveries: WriteRows<'t>,
    pub(super) queue: WriteRows<'t>,
    pub(super) states: WriteRows<'t>,
    pub(super) counts: WriteRows<'t>,
    pub(super) attempts: WriteRows<'t>,
    pub(super) identities: WriteRows<'t>,
}

impl<'t> Tables<'t> {
    /// Opens all of them.
    pub(super) fn open(transaction: &'t WriteTransaction) -> Result<Self, StoreError> {
        let open = |table: &'static tables::Table| -> Result<WriteRows<'t>, StoreError> {
            let rows = transaction.open_table(table.definition()).map_err(|e| fault(table.name, e))?;
            Ok(Rows::new(table, rows))
        };
        Ok(Self {
            meta: open(&META)?,
            schemes: open(&SCHEMES)?,
            watermarks: open(&WATERMARKS)?,
            runs: open(&RUNS)?,
            heads: open(&HEADS)?,
            bodies: open(&BODIES)?,
            changes: open(&CHANGES)?,
            numbers: open(&NUMBERS)?,
            indexes: open(&INDEXES)?,
            indexed: open(&INDEXED)?,
            lookup: open(&LOOKUP)?,
            quarantine: open(&QUARANTINE)?,
            sweeps: open(&SWEEPS)?,
            seen: open(&SEEN)?,
            targets: open(&TARGETS)?,
            deliveries: open(&DELIVERIES)?,
            queue: open(&QUEUE)?,
            states: open(&STATES)?,
            counts: open(&COUNTS)?,
            attempts: open(&ATTEMPTS)?,
            identities: open(&IDENTITIES)?,
        })
    }
}

/// Begins a write transaction that is durable when its commit returns, and whose end a reopening after a kill
/// finds in milliseconds.
pub(super) fn begin(database: &Database) -> Result<WriteTransaction, StoreError> {
    let mut transaction = database.begin_write().map_err(|e| fault(META.name, e))?;
    transaction.set_durability(Durability::Immediate).map_err(|e| StoreError::Io(e.to_string()))?;
    transaction.set_quick_repair(true);
    Ok(transaction)
}
