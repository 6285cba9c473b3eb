//! A storage in memory that remembers what was done to it, and fails when told to.

use std::io;
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard};

use redb::{BackendError, StorageBackend};

use crate::store::file::{self, Opener, RedbOptions};
use crate::store::{Lineage, RedbStore, StoreError};

/// What was done to a storage.
#[derive(Debug, Clone)]
pub(super) enum Op {
    Write(usize, Vec<u8>),
    Length(usize),
    Sync,
    /// So many commands have been answered.
    Answered(usize),
}

impl Op {
    /// Applies a write to an image.
    pub(super) fn apply(&self, image: &mut Vec<u8>) {
        match self {
            Self::Write(offset, data) => {
                if image.len() < offset + data.len() {
                    image.resize(offset + data.len(), 0);
                }
                image[*offset..offset + data.len()].copy_from_slice(data);
            }
            Self::Length(length) => image.resize(*length, 0),
            Self::Sync | Self::Answered(_) => {}
        }
    }
}

#[derive(Debug, Default)]
struct Inner {
    image: Vec<u8>,
    log: Option<Vec<Op>>,
    /// Operations until the next that fails; with `persistent`, all after it fail as well.
    countdown: Option<u64>,
    persistent: bool,
    failed: u64,
}

impl Inner {
    fn operate(&mut self, op: Op) -> io::Result<()> {
        if let Some(left) = self.countdown {
            if left == 0 {
                self.failed += 1;
                self.countdown = self.persistent.then_some(0);
                return Err(io::Error::from(io::ErrorKind::StorageFull));
            }
            self.countdown = Some(left - 1);
        }
        op.apply(&mut self.image);
        if let Some(log) = &mut self.log {
            log.push(op);
        }
        Ok(())
    }
}

/// The storage; clones are the same one.
#[derive(Debug, Clone, Default)]
pub(super) struct Memory(Arc<Mutex<Inner>>);

impl Memory {
    /// A storage with this content.
    pub(super) fn of(image: Vec<u8>) -> Self {
        Self(Arc::new(Mutex::new(Inner { image, ..Inner::default() })))
    }

    /// A storage with an empty store, well closed.
    pub(super) fn fresh() -> Self {
        let memory = Self::default();
        let database = RedbOptions::default().builder().create_with_backend(memory.clone()).unwrap();
        file::initialise("memory", &database, &Lineage::default()).unwrap();
        database.close().unwrap();
        memory
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap()
    }

    pub(super) fn image(&self) -> Vec<u8> {
        self.lock().image.clone()
    }

    /// From now on everything is remembered.
    pub(super) fn record(&self) {
        self.lock().log = Some(Vec::new());
    }

    /// Notes how many commands have been answered.
    pub(super) fn answered(&self, commands: usize) {
        self.lock().operate(Op::Answered(commands)).unwrap();
    }

    pub(super) fn log(&self) -> Vec<Op> {
        self.lock().log.take().unwrap_or_default()
    }

    /// After so many operations one fails, or all.
    pub(super) fn fail_after(&self, operations: u64, persistent: bool) {
        let mut inner = self.lock();
        (inner.countdown, inner.persistent) = (Some(operations), persistent);
    }

    /// There is space again.
    pub(super) fn heal(&self) {
        self.lock().countdown = None;
    }

    pub(super) fn failures(&self) -> u64 {
        self.lock().failed
    }

    /// The store on this storage.
    pub(super) fn open(&self) -> Result<RedbStore, StoreError> {
        self.open_with(false)
    }

    /// The store on this storage, every page of it checked.
    pub(super) fn open_checked(&self) -> Result<RedbStore, StoreError> {
        self.open_with(true)
    }

    fn open_with(&self, check: bool) -> Result<RedbStore, StoreError> {
        let memory = self.clone();
        let opener: Opener = Box::new(move |_| RedbOptions::default().builder().create_with_backend(memory.clone()));
        RedbStore::open_with("memory".to_owned(), opener, check)
    }
}

impl StorageBackend for Memory {
    fn len(&self) -> io::Result<u64> {
        Ok(self.lock().image.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let inner = self.lock();
        let offset = usize::try_from(offset).unwrap();
        let range = inner.image.get(offset..offset + out.len()).ok_or(io::ErrorKind::UnexpectedEof)?;
        out.copy_from_slice(range);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.lock().operate(Op::Length(usize::try_from(len).unwrap()))
    }

    fn sync_data(&self) -> io::Result<()> {
        self.lock().operate(Op::Sync)
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.lock().operate(Op::Write(usize::try_from(offset).unwrap(), data.to_vec()))
    }

    // There is nobody else to lock out.
    fn try_lock_range(&self, _: Bound<u64>, _: Bound<u64>) -> Result<bool, BackendError> {
        Ok(true)
    }

    fn try_lock_shared_range(&self, _: Bound<u64>, _: Bound<u64>) -> Result<bool, BackendError> {
        Ok(true)
    }

    fn lock_range(&self, _: Bound<u64>, _: Bound<u64>) -> Result<(), BackendError> {
        Ok(())
    }

    fn lock_shared_range(&self, _: Bound<u64>, _: Bound<u64>) -> Result<(), BackendError> {
        Ok(())
    }

    fn unlock_range(&self, _: Bound<u64>, _: Bound<u64>) -> Result<(), BackendError> {
        Ok(())
    }

    fn query_lock_range(&self, _: Bound<u64>, _: Bound<u64>) -> Result<bool, BackendError> {
        Ok(false)
    }
}
