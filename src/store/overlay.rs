//! A database file looked at without a trace: whatever the database writes to it, to recover it or to repair it, stays
//! in memory above the file. The file's locks are held as by a writer.

use std::collections::BTreeMap;
use std::io;
use std::ops::Bound;
use std::sync::{Mutex, MutexGuard, PoisonError};

use redb::backends::FileBackend;
use redb::{BackendError, StorageBackend};

const BLOCK: usize = 4096;

/// A file, and what was written above it.
#[derive(Debug)]
pub(super) struct Overlay {
    below: FileBackend,
    above: Mutex<Above>,
}

#[derive(Debug)]
struct Above {
    blocks: BTreeMap<u64, Vec<u8>>,
    length: u64,
}

impl Overlay {
    /// Nothing written yet.
    pub(super) fn new(below: FileBackend) -> io::Result<Self> {
        let length = below.len()?;
        Ok(Self { below, above: Mutex::new(Above { blocks: BTreeMap::new(), length }) })
    }

    fn above(&self) -> MutexGuard<'_, Above> {
        self.above.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A block as it is now; beyond the file's end it is zero.
    fn block(&self, above: &Above, at: u64) -> io::Result<Vec<u8>> {
        if let Some(block) = above.blocks.get(&at) {
            return Ok(block.clone());
        }
        let mut block = vec![0; BLOCK];
        let there = usize::try_from(self.below.len()?.saturating_sub(at)).unwrap_or(BLOCK).min(BLOCK);
        if let Some(part) = block.get_mut(..there)
            && there > 0
        {
            self.below.read(at, part)?;
        }
        Ok(block)
    }
}

/// The blocks that a range touches: where each begins, the range within it, and that range within the whole.
fn blocks(offset: u64, length: usize) -> impl Iterator<Item = (u64, std::ops::Range<usize>, std::ops::Range<usize>)> {
    let mut done = 0;
    std::iter::from_fn(move || {
        if done >= length {
            return None;
        }
        let at = offset + done as u64;
        let within = usize::try_from(at % BLOCK as u64).unwrap_or(0);
        let part = (BLOCK - within).min(length - done);
        let item = (at - within as u64, within..within + part, done..done + part);
        done += part;
        Some(item)
    })
}

impl StorageBackend for Overlay {
    fn len(&self) -> io::Result<u64> {
        Ok(self.above().length)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let above = self.above();
        if offset.saturating_add(out.len() as u64) > above.length {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        for (at, within, whole) in blocks(offset, out.len()) {
            let block = self.block(&above, at)?;
            if let (Some(to), Some(from)) = (out.get_mut(whole), block.get(within)) {
                to.copy_from_slice(from);
            }
        }
        Ok(())
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        self.above().length = length;
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut above = self.above();
        above.length = above.length.max(offset.saturating_add(data.len() as u64));
        for (at, within, whole) in blocks(offset, data.len()) {
            let mut block = self.block(&above, at)?;
            if let (Some(to), Some(from)) = (block.get_mut(within), data.get(whole)) {
                to.copy_from_slice(from);
            }
            above.blocks.insert(at, block);
        }
        Ok(())
    }

    fn close(&self) -> io::Result<()> {
        self.below.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.below.try_lock_range(start, end)
    }

    fn try_lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.below.try_lock_shared_range(start, end)
    }

    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.below.lock_range(start, end)
    }

    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.below.lock_shared_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.below.unlock_range(start, end)
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.below.query_lock_range(start, end)
    }
}
