//! The embedded store: one file, one writer thread, readers that never wait for it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use super::commit_capture::CaptureCommand;
use super::file::{self, Opened, Opener, RedbOptions};
use super::shared::{Handle, Shared, Snapshot};
use super::side::Side;
use super::verify::{self, Damage};
use super::writer::{self, Command, Reply, Writer};
use super::{
    backup, dump, index, info, lineage, place, seen, view_deliveries as deliveries, view_documents as documents,
};
use crate::change::Change;
use crate::clock::Time;
use crate::document::{Head, Quarantine};
use crate::name::Key;
use crate::reason::State;
use crate::row_version::RowVersion;
use crate::store::{
    Attempt, CaptureCommit, CaptureDone, Delivery, DeliveryCommit, DocumentFilter, IndexFill, Info, Mark, Pending, Run,
    Store, StoreError, SweepState, TargetState, Trim, Trimmed, WriteResult,
};
use crate::watermark::Progress;

/// The store in one redb file.
///
/// A command is handed to the writer thread and answered when it is durable; the future may be awaited anywhere,
/// and only where more than 64 commands wait does handing one over block. Reads are short transactions of the
/// caller's thread. A value whose checksum does not match is never returned: the read fails with
/// [`StoreError::Damaged`], and the writer makes good what it can, so that the next read succeeds (rule 26): a
/// delivery becomes in doubt; queue, index, counts and numbers are built anew; what look-ups ask is emptied, to be
/// filled from the snapshots before it counts again; a document whose head or newest body
/// is lost stands in quarantine and differs from whatever is read next.
pub struct RedbStore {
    shared: Arc<Shared>,
    /// The file; none in tests that lay another storage under the database.
    path: Option<PathBuf>,
    writer: Mutex<Option<Thread>>,
    writable: bool,
}

struct Thread {
    inbox: SyncSender<Command>,
    handle: JoinHandle<()>,
}

impl std::fmt::Debug for RedbStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RedbStore").field("name", &self.shared.name).field("writable", &self.writable).finish()
    }
}

impl RedbStore {
    /// Opens the database for writing. Where there is no file, one is made (mode 0600, its folder 0700); a file
    /// that is no database of ours is refused and left as it is. Every page of the file is checked first, see
    /// [`RedbOptions::check`]. A file that is not the one written last is recognised, and its targets are marked
    /// (rule 8).
    ///
    /// # Errors
    ///
    /// [`StoreError::InUse`] while another process has it open for writing, [`StoreError::Newer`] for a newer
    /// program's, [`StoreError::Broken`] for a file that can't be one, [`StoreError::Io`] from the disk.
    pub fn open(path: &Path, options: &RedbOptions) -> Result<Self, StoreError> {
        if !path.exists() {
            file::create(path, options, &lineage::of_new(path))?;
        }
        file::look_at(path, options)?;
        let (name, opener) = (path.display().to_string(), file::opener(path, options));
        let mut opened = file::open(&name, &opener, options.check)?;
        let (side, commits) = lineage::recognise(path, &mut opened)?;
        let mut store = Self::start(name, opener, opened, (Some(side), commits))?;
        place::announce(path);
        store.path = Some(path.to_owned());
        Ok(store)
    }

    /// Opens the database for reading only, also while a service writes it. Commands are refused.
    ///
    /// # Errors
    ///
    /// [`StoreError::NeedsRecovery`] after an unclean stop while nobody has it open for writing, else as
    /// [`RedbStore::open`]; a file that is not there is [`StoreError::Broken`].
    pub fn open_read_only(path: &Path, options: &RedbOptions) -> Result<Self, StoreError> {
        let database = file::open_read_only(path, options)?;
        let shared = Arc::new(Shared::new(path.display().to_string(), Handle::Reading(database)));
        Ok(Self { shared, path: Some(path.to_owned()), writer: Mutex::new(None), writable: false })
    }

    /// Opens for writing whatever the opener opens; it has its tables, and no side file.
    #[cfg(test)]
    pub(super) fn open_with(name: String, opener: Opener, check: bool) -> Result<Self, StoreError> {
        let opened = file::open(&name, &opener, check)?;
        Self::start(name, opener, opened, (None, 0))
    }

    /// Starts the writer, which counts on from so many commits.
    fn start(
        name: String,
        opener: Opener,
        Opened { database, unclean }: Opened,
        (side, commits): (Option<Side>, u64),
    ) -> Result<Self, StoreError> {
        let shared = Arc::new(Shared::new(name, Handle::Writing(database)));
        let (inbox, commands) = sync_channel(writer::QUEUE);
        let (shared_, healed) = (shared.clone(), HashMap::new());
        let writer = Writer { shared: shared_, opener, inbox: commands, unclean, commits, side, healed };
        let handle = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || writer.run())
            .map_err(|e| StoreError::Io(format!("no thread for the writer: {e}")))?;
        let writer = Mutex::new(Some(Thread { inbox, handle }));
        Ok(Self { shared, path: None, writer, writable: true })
    }

    /// Walks every stored value and compares its checksum; an empty list tells that all are whole.
    ///
    /// # Errors
    ///
    /// Only where the store can't be read at all.
    pub fn verify(&self) -> Result<Vec<Damage>, StoreError> {
        verify::verify(&self.shared)
    }

    fn inbox(&self) -> Result<SyncSender<Command>, StoreError> {
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        match &*writer {
            Some(thread) => Ok(thread.inbox.clone()),
            None if self.writable => Err(StoreError::Closed),
            None => Err(StoreError::Io("it is open for reading only".to_owned())),
        }
    }

    fn command<T>(&self, command: impl FnOnce(Reply<T>) -> Result<Command, StoreError>) -> Pending<T> {
        let (sender, pending) = Pending::channel();
        let sent = self.inbox().and_then(|inbox| {
            let command = command(Reply::new(sender))?;
            inbox.send(command).map_err(|_| StoreError::Closed)
        });
        match sent {
            Ok(()) => pending,
            Err(error) => Pending::ready(Err(error)),
        }
    }

    fn read<R>(&self, read: impl FnOnce(&Snapshot) -> Result<R, StoreError>) -> Result<R, StoreError> {
        self.shared.read(read)
    }

    /// Reads of a scheme's documents, or of a target's deliveries: damage is told to the writer, which can heal it.
    fn read_healing<R>(
        &self,
        scheme: &str,
        target: Option<&str>,
        read: impl FnOnce(&Snapshot) -> Result<R, StoreError>,
    ) -> Result<R, StoreError> {
        let result = self.shared.read(read);
        if let Err(StoreError::Damaged { .. }) = &result
            && let Ok(inbox) = self.inbox()
        {
            // With a full queue, the next read that meets the damage asks again.
            let _ = inbox.try_send(Command::Heal(scheme.to_owned(), target.map(str::to_owned)));
        }
        result
    }
}

impl Drop for RedbStore {
    fn drop(&mut self) {
        self.close();
    }
}

impl Store for RedbStore {
    fn commit_capture(&self, commit: CaptureCommit) -> Pending<CaptureDone> {
        self.command(|reply| Ok(Command::Capture(Box::new(CaptureCommand::new(commit)?), reply)))
    }

    fn commit_deliveries(&self, commit: DeliveryCommit) -> Pending<Vec<WriteResult>> {
        self.command(|reply| Ok(Command::Deliveries(Box::new(commit), reply)))
    }

    fn cut_due(&self, scheme: &str, target: &str, latest: Time, limit: usize) -> Pending<usize> {
        self.command(|reply| Ok(Command::CutDue(scheme.to_owned(), target.to_owned(), latest, limit, reply)))
    }

    fn trim(&self, trim: Trim) -> Pending<Trimmed> {
        self.command(|reply| Ok(Command::Trim(trim, reply)))
    }

    fn set_indexed(&self, scheme: &str, paths: BTreeSet<String>) -> Pending<()> {
        self.command(|reply| Ok(Command::Indexed(scheme.to_owned(), paths, reply)))
    }

    fn fill_index(&self, fill: IndexFill) -> Pending<()> {
        self.command(|reply| Ok(Command::Fill(Box::new(fill), reply)))
    }

    fn set_target(&self, scheme: &str, target: &str, state: TargetState) -> Pending<()> {
        self.command(|reply| Ok(Command::Target(scheme.to_owned(), target.to_owned(), Box::new(state), reply)))
    }

    fn set_paused(&self, scheme: &str, why: Option<String>) -> Pending<()> {
        self.command(|reply| Ok(Command::Paused(scheme.to_owned(), why, reply)))
    }

    fn close(&self) {
        let thread = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        match thread {
            Some(Thread { inbox, handle }) => {
                drop(inbox);
                if handle.join().is_err() {
                    tracing::error!(database = self.shared.name, "the writer panicked; checked at the next start");
                }
                *self.shared.alone() = Handle::Closed;
                if let Some(path) = &self.path {
                    place::renounce(path);
                }
            }
            None if self.writable => {}
            None => *self.shared.alone() = Handle::Closed,
        }
    }

    fn schemes(&self) -> Result<Vec<String>, StoreError> {
        self.read(documents::schemes)
    }

    fn progress(&self, scheme: &str) -> Result<Option<Progress>, StoreError> {
        self.read(|s| documents::progress(s, scheme))
    }

    fn paused(&self, scheme: &str) -> Result<Option<String>, StoreError> {
        self.read(|s| Ok(documents::scheme(s, scheme)?.paused))
    }

    fn rewind(&self, scheme: &str) -> Result<Option<RowVersion>, StoreError> {
        self.read(|s| Ok(documents::scheme(s, scheme)?.rewind))
    }

    fn last_seq(&self, scheme: &str) -> Result<u64, StoreError> {
        self.read(|s| Ok(documents::scheme(s, scheme)?.last_seq))
    }

    fn trimmed(&self, scheme: &str) -> Result<u64, StoreError> {
        self.read(|s| Ok(documents::scheme(s, scheme)?.trimmed))
    }

    fn heads(&self, scheme: &str, keys: &[Key]) -> Result<Vec<Option<Head>>, StoreError> {
        self.read_healing(scheme, None, |s| documents::heads(s, scheme, keys))
    }

    fn body(&self, scheme: &str, key: &Key, version: u64) -> Result<Option<Vec<u8>>, StoreError> {
        self.read_healing(scheme, None, |s| documents::body(s, scheme, key, version))
    }

    fn versions(&self, scheme: &str, key: &Key) -> Result<Vec<u64>, StoreError> {
        self.read_healing(scheme, None, |s| documents::versions(s, scheme, key))
    }

    fn changes(&self, scheme: &str, after: u64, limit: usize) -> Result<Vec<Change>, StoreError> {
        self.read(|s| documents::changes(s, scheme, after, limit))
    }

    fn by_number(&self, scheme: &str, number: &str) -> Result<Vec<Key>, StoreError> {
        self.read_healing(scheme, None, |s| documents::by_number(s, scheme, number))
    }

    fn indexed(&self, scheme: &str) -> Result<BTreeMap<String, bool>, StoreError> {
        self.read_healing(scheme, None, |s| index::view_paths(s, scheme))
    }

    fn lookup(&self, scheme: &str, path: &str, text: &str, limit: usize) -> Result<Option<Vec<Key>>, StoreError> {
        self.read_healing(scheme, None, |s| index::view(s, scheme, path, text, limit))
    }

    fn mark(&self, scheme: &str) -> Result<Mark, StoreError> {
        self.read_healing(scheme, None, |s| index::view_mark(s, scheme))
    }

    fn documents(&self, scheme: &str, filter: &DocumentFilter) -> Result<Vec<(Key, Head)>, StoreError> {
        self.read_healing(scheme, None, |s| documents::documents(s, scheme, filter))
    }

    fn document_count(&self, scheme: &str) -> Result<(u64, u64), StoreError> {
        self.read(|s| documents::scheme(s, scheme).map(|row| (row.live, row.tombstones)))
    }

    fn quarantined(&self, scheme: &str) -> Result<Vec<Quarantine>, StoreError> {
        self.read(|s| documents::quarantined(s, scheme))
    }

    fn quarantine(&self, scheme: &str, key: &Key) -> Result<Option<Quarantine>, StoreError> {
        self.read(|s| documents::quarantine(s, scheme, key))
    }

    fn sweep(&self, scheme: &str) -> Result<Option<SweepState>, StoreError> {
        self.read_healing(scheme, None, |s| seen::view_sweep(s, scheme))
    }

    fn seen(&self, scheme: &str, run: u64, keys: &[Key]) -> Result<Vec<bool>, StoreError> {
        self.read_healing(scheme, None, |s| seen::view_seen(s, scheme, run, keys))
    }

    fn runs(&self, scheme: &str, before: Option<u64>, limit: usize) -> Result<Vec<Run>, StoreError> {
        self.read(|s| documents::runs(s, scheme, before, limit))
    }

    fn target(&self, scheme: &str, target: &str) -> Result<Option<TargetState>, StoreError> {
        self.read(|s| deliveries::target(s, scheme, target))
    }

    fn delivery(&self, scheme: &str, target: &str, key: &Key) -> Result<Option<Delivery>, StoreError> {
        self.read_healing(scheme, Some(target), |s| deliveries::delivery(s, scheme, target, key))
    }

    fn due(&self, scheme: &str, target: &str, until: Time, limit: usize) -> Result<Vec<(Time, Key)>, StoreError> {
        self.read_healing(scheme, Some(target), |s| deliveries::due(s, scheme, target, until, limit))
    }

    fn next_due(&self, scheme: &str, target: &str) -> Result<Option<Time>, StoreError> {
        let first = self.due(scheme, target, Time(i64::MAX), 1)?;
        Ok(first.first().map(|(at, _)| *at))
    }

    fn deliveries(
        &self,
        scheme: &str,
        target: &str,
        state: Option<State>,
        after: Option<&Key>,
        limit: usize,
    ) -> Result<Vec<(Key, Delivery)>, StoreError> {
        self.read_healing(scheme, Some(target), |s| deliveries::deliveries(s, scheme, target, state, after, limit))
    }

    fn counts(&self, scheme: &str, target: &str) -> Result<BTreeMap<State, u64>, StoreError> {
        self.read_healing(scheme, Some(target), |s| deliveries::counts(s, scheme, target))
    }

    fn attempts(&self, scheme: &str, target: &str, key: &Key) -> Result<Vec<Attempt>, StoreError> {
        self.read(|s| deliveries::attempts(s, scheme, target, key))
    }

    fn attempt(&self, scheme: &str, target: &str, key: &Key, n: u32) -> Result<Option<Attempt>, StoreError> {
        self.read(|s| deliveries::attempt(s, scheme, target, key, n))
    }

    fn owner(&self, identity: &str) -> Result<Option<(String, String, Key)>, StoreError> {
        self.read(|s| deliveries::owner(s, identity))
    }

    fn info(&self) -> Result<Info, StoreError> {
        info::info(&self.shared, self.path.as_deref())
    }

    fn trouble(&self) -> Option<String> {
        self.shared.trouble()
    }

    fn backup(&self, to: &Path) -> Result<u64, StoreError> {
        backup::backup(&self.shared, to)
    }

    fn dump(&self) -> Result<String, StoreError> {
        self.read(dump::dump)
    }
}
