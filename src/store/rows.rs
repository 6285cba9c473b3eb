//! Rows of a table, read and written: the only place that meets the database's tables. Whatever is read has its
//! checksum compared, and what is not found is believed only after a look at both neighbours.

use std::io::ErrorKind;
use std::ops::{Bound, ControlFlow};

use redb::{Cursor, ReadableTable};

use super::key::KeyBytes;
use super::tables::{Bytes, Table};
use super::value::{seal, unseal};
use crate::store::StoreError;

/// A table of a transaction.
pub(super) struct Rows<T> {
    table: &'static Table,
    rows: T,
}

/// A table that can be written.
pub(super) type WriteRows<'t> = Rows<redb::Table<'t, Bytes, Bytes>>;
/// A table that can only be read.
pub(super) type ReadRows = Rows<redb::ReadOnlyTable<Bytes, Bytes>>;

/// What a scan's visitor answers: whether to go on.
pub(super) type Step = Result<ControlFlow<()>, StoreError>;

/// Go on with the scan.
pub(super) const ON: Step = Ok(ControlFlow::Continue(()));
/// End the scan.
pub(super) const STOP: Step = Ok(ControlFlow::Break(()));

/// What an error of the database means. A page that can't be right is a damaged value of the table being read.
pub(super) fn fault(table: &'static str, error: impl Into<redb::Error>) -> StoreError {
    let damaged = |key: String| StoreError::Damaged { table, key };
    match error.into() {
        // A page that lies behind the end of the file, in a file cut short.
        redb::Error::Io(error) if error.kind() == ErrorKind::UnexpectedEof => damaged(error.to_string()),
        redb::Error::Io(error) => StoreError::Io(error.to_string()),
        error @ (redb::Error::PreviousIo | redb::Error::ValueTooLarge(_)) => StoreError::Io(error.to_string()),
        redb::Error::DatabaseClosed => StoreError::Closed,
        error => damaged(error.to_string()),
    }
}

impl<T> Rows<T> {
    /// Rows of a table.
    pub(super) fn new(table: &'static Table, rows: T) -> Self {
        Self { table, rows }
    }

    /// The error that names a damaged row.
    pub(super) fn damaged(&self, key: &[u8]) -> StoreError {
        StoreError::Damaged { table: self.table.name, key: self.table.readable(key) }
    }

    fn fault(&self, error: impl Into<redb::Error>) -> StoreError {
        fault(self.table.name, error)
    }

    fn checked<'v>(&self, key: &[u8], value: &'v [u8]) -> Result<&'v [u8], StoreError> {
        unseal(self.table.name, key, value).ok_or_else(|| self.damaged(key))
    }
}

impl<T: ReadableTable<Bytes, Bytes>> Rows<T> {
    /// The row of a key.
    pub(super) fn get<R>(
        &self,
        key: &KeyBytes,
        decode: impl FnOnce(&[u8]) -> Option<R>,
    ) -> Result<Option<R>, StoreError> {
        let key = key.as_slice();
        match self.rows.get(key).map_err(|e| self.fault(e))? {
            Some(value) => {
                let payload = self.checked(key, value.value())?;
                decode(payload).ok_or_else(|| self.damaged(key)).map(Some)
            }
            None => self.absent(key).map(|()| None),
        }
    }

    /// How many rows there are.
    pub(super) fn len(&self) -> Result<u64, StoreError> {
        self.rows.len().map_err(|e| self.fault(e))
    }

    /// A flipped bit in a key, or in the keys that lead to it, would make a row seem absent. The rows between which
    /// it would stand tell: one of them is damaged, or stands in the wrong order.
    fn absent(&self, key: &[u8]) -> Result<(), StoreError> {
        let mut cursor = self.rows.lower_bound(Bound::Included(key)).map_err(|e| self.fault(e))?;
        self.check_before(&mut cursor, key, true)?;
        if let Some((next, value)) = cursor.peek_next().map_err(|e| self.fault(e))? {
            self.checked(next.value(), value.value())?;
            if next.value() <= key {
                return Err(self.damaged(next.value()));
            }
        }
        Ok(())
    }

    /// Whether the row before the cursor belongs before the key the cursor was set to, or is that key's own row where
    /// only what lies behind it is looked for.
    fn check_before(
        &self,
        cursor: &mut Cursor<'_, Bytes, Bytes>,
        start: &[u8],
        inclusive: bool,
    ) -> Result<(), StoreError> {
        let Some((before, value)) = cursor.peek_prev().map_err(|e| self.fault(e))? else { return Ok(()) };
        self.checked(before.value(), value.value())?;
        let in_order = before.value() < start || (!inclusive && before.value() == start);
        if in_order { Ok(()) } else { Err(self.damaged(before.value())) }
    }

    /// Visits the rows that begin with a prefix in order, all of them or those after a key. The row behind the last
    /// is looked at too, so that none is lost to a damaged key.
    pub(super) fn scan(
        &self,
        prefix: &KeyBytes,
        after: Option<&KeyBytes>,
        mut visit: impl FnMut(&[u8], &[u8]) -> Step,
    ) -> Result<(), StoreError> {
        let mut inclusive = after.is_none();
        let mut last = after.unwrap_or(prefix).as_slice().to_vec();
        let from = if inclusive { Bound::Included(last.as_slice()) } else { Bound::Excluded(last.as_slice()) };
        let mut cursor = self.rows.lower_bound(from).map_err(|e| self.fault(e))?;
        self.check_before(&mut cursor, &last, inclusive)?;
        while let Some((key, value)) = cursor.next().map_err(|e| self.fault(e))? {
            let (key, payload) = (key.value(), self.checked(key.value(), value.value())?);
            let in_order = key > last.as_slice() || (inclusive && key == last.as_slice());
            if !in_order {
                return Err(self.damaged(key));
            }
            if !key.starts_with(prefix.as_slice()) || visit(key, payload)?.is_break() {
                break;
            }
            inclusive = false;
            last.clear();
            last.extend_from_slice(key);
        }
        Ok(())
    }

    /// Visits the rows that begin with a prefix backwards, from the one before a key.
    pub(super) fn scan_back(
        &self,
        prefix: &KeyBytes,
        before: &KeyBytes,
        mut visit: impl FnMut(&[u8], &[u8]) -> Step,
    ) -> Result<(), StoreError> {
        let mut cursor = self.rows.upper_bound(Bound::Excluded(before.as_slice())).map_err(|e| self.fault(e))?;
        if let Some((next, value)) = cursor.peek_next().map_err(|e| self.fault(e))? {
            self.checked(next.value(), value.value())?;
            if next.value() < before.as_slice() {
                return Err(self.damaged(next.value()));
            }
        }
        let mut last = before.as_slice().to_vec();
        while let Some((key, value)) = cursor.prev().map_err(|e| self.fault(e))? {
            let (key, payload) = (key.value(), self.checked(key.value(), value.value())?);
            if key >= last.as_slice() {
                return Err(self.damaged(key));
            }
            if !key.starts_with(prefix.as_slice()) || visit(key, payload)?.is_break() {
                break;
            }
            last.clear();
            last.extend_from_slice(key);
        }
        Ok(())
    }

    /// Visits rows without comparing anything, from the one after a key: for finding out what is damaged.
    pub(super) fn scan_unchecked(
        &self,
        after: Option<&KeyBytes>,
        mut visit: impl FnMut(&[u8], Option<&[u8]>) -> Step,
    ) -> Result<(), StoreError> {
        let from = after.map_or(Bound::Unbounded, |key| Bound::Excluded(key.as_slice()));
        let mut cursor = self.rows.lower_bound(from).map_err(|e| self.fault(e))?;
        while let Some((key, value)) = cursor.next().map_err(|e| self.fault(e))? {
            let payload = unseal(self.table.name, key.value(), value.value());
            if visit(key.value(), payload)?.is_break() {
                break;
            }
        }
        Ok(())
    }

    /// The same over the rows that begin with a prefix, all of them or those after a key.
    pub(super) fn scan_unchecked_within(
        &self,
        prefix: &KeyBytes,
        after: Option<&KeyBytes>,
        mut visit: impl FnMut(&[u8], Option<&[u8]>) -> Step,
    ) -> Result<(), StoreError> {
        // A prefix is no key itself.
        self.scan_unchecked(Some(after.unwrap_or(prefix)), |key, payload| {
            if key.starts_with(prefix.as_slice()) { visit(key, payload) } else { STOP }
        })
    }
}

impl WriteRows<'_> {
    /// Stores a row.
    pub(super) fn put(&mut self, key: &KeyBytes, payload: &[u8]) -> Result<(), StoreError> {
        let value = seal(self.table.name, key.as_slice(), payload);
        self.rows.insert(key.as_slice(), value.as_slice()).map_err(|e| fault(self.table.name, e))?;
        Ok(())
    }

    /// Removes a row, if it is there.
    pub(super) fn remove(&mut self, key: &KeyBytes) -> Result<(), StoreError> {
        self.rows.remove(key.as_slice()).map_err(|e| fault(self.table.name, e))?;
        Ok(())
    }

    /// Removes every row that begins with a prefix, whatever its value.
    pub(super) fn remove_all(&mut self, prefix: &KeyBytes) -> Result<(), StoreError> {
        let end = prefix.behind();
        let range = (Bound::Included(prefix.as_slice()), Bound::Excluded(end.as_slice()));
        self.rows.retain_in::<&[u8], _>(range, |_, _| false).map_err(|e| fault(self.table.name, e))
    }
}
