//! The contract of every store: what a command promises, and the plain data it takes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::change::{Change, ChangeKind};
use crate::clock::Time;
use crate::document::{Head, Quarantine};
use crate::name::Key;
use crate::reason::State;
use crate::row_version::RowVersion;
use crate::store::delivery::{Attempt, Delivery, DeliveryCommit, WriteResult};
use crate::store::lineage::Lineage;
use crate::store::mirror::{IndexFill, IndexValues, Mark};
use crate::store::pending::Pending;
use crate::store::retention::{Filling, Trim, Trimmed};
use crate::store::sweep::{SweepState, SweepStep};
use crate::watermark::Progress;

/// Why a store command failed. Nothing of a failed command is stored.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// The step does not begin where the store stands: somebody else moved it.
    #[error("the store stands elsewhere: {0}")]
    Conflict(String),
    /// A stored value's checksum does not match (rule 26).
    #[error("a stored value of table `{table}` is damaged at `{key}`; run `deltaferry db verify`")]
    Damaged {
        /// Table name.
        table: &'static str,
        /// The key, readable.
        key: String,
    },
    /// Another process has the database open for writing.
    #[error("the database `{path}` is in use by another process{holder}")]
    InUse {
        /// The file.
        path: String,
        /// ` (pid N)` where it is known.
        holder: String,
    },
    /// The file is of a newer program.
    #[error("the database has format {found}, this program knows up to {known}; use the newer program that wrote it")]
    Newer {
        /// Format of the file.
        found: u64,
        /// Newest format known here.
        known: u64,
    },
    /// The file is no database of ours, or broken.
    #[error(
        "the database `{path}` can't be opened: {why}; run `deltaferry db verify`, or restore a backup by `deltaferry db restore FILE`"
    )]
    Broken {
        /// The file.
        path: String,
        /// Why.
        why: String,
    },
    /// The change log was asked for from before its start.
    #[error("the change log is not kept so far back; its oldest change is `{oldest}`")]
    Trimmed {
        /// Sequence number of the oldest change that is kept, or of the next one to come.
        oldest: u64,
    },
    /// Opened read-only, or the service must recover it first.
    #[error("the database needs recovery after an unclean stop; start the service, or open it for writing once")]
    NeedsRecovery,
    /// A file of this name is there already.
    #[error("`{0}` is there already; name a file that is not")]
    Exists(String),
    /// The disk failed or is full.
    #[error("the database could not be written or read: {0}")]
    Io(String),
    /// The writer has stopped.
    #[error("the store has been closed")]
    Closed,
}

/// A new or changed document of a page.
#[derive(Debug, Clone)]
pub struct Captured {
    /// Which document.
    pub key: Key,
    /// The head's version this was compared with; 0 if there was no head. Another version in the store: the entry
    /// is left out and its key returned as stale.
    pub expect: u64,
    /// What happened. [`ChangeKind::Deleted`] stores a tombstone and no body.
    pub kind: ChangeKind,
    /// What people search by; indexed.
    pub number: Option<String>,
    /// Source time.
    pub source_time: Option<Time>,
    /// Raw hash; none for deletions.
    pub raw_hash: Option<[u8; 32]>,
    /// Canonical hash; none for deletions.
    pub canonical_hash: Option<[u8; 32]>,
    /// The document's JSON text; the store compresses it and keeps its own hash beside it.
    pub body: Vec<u8>,
}

/// A document whose bytes differ but whose content does not, by its canonical form or but for what a write-back wrote
/// (rule 22): only the gate and the times move, and the stored text where one is given. No change, no new version.
#[derive(Debug, Clone)]
pub struct Touched {
    /// Which document.
    pub key: Key,
    /// The head's version this was compared with.
    pub expect: u64,
    /// The new raw hash.
    pub raw_hash: [u8; 32],
    /// Canonical hash (re-hashed under new rules, rule 9; otherwise as before).
    pub canonical_hash: [u8; 32],
    /// Source time.
    pub source_time: Option<Time>,
    /// What people search by.
    pub number: Option<String>,
    /// The JSON text that takes the place of the version's own.
    pub body: Option<Vec<u8>>,
}

/// A step of a scheme's progress: half-open, from what is stored to what is new.
#[derive(Debug, Clone)]
pub struct ProgressStep {
    /// What the store must hold; another value is a [`StoreError::Conflict`].
    pub from: Option<Progress>,
    /// What it holds afterwards.
    pub to: Progress,
}

/// One page batch: snapshots, changes and progress in one transaction.
#[derive(Debug, Clone, Default)]
pub struct CaptureCommit {
    /// Scheme id.
    pub scheme: String,
    /// When, by our clock.
    pub at: Option<Time>,
    /// When the first of these documents was asked for, by our clock: kept with the heads that are given a text or a
    /// gate here. Given where a write-back may change them (rule 22).
    pub asked: Option<Time>,
    /// New, changed and deleted documents.
    pub captured: Vec<Captured>,
    /// Values of the captured documents under every indexed path ([`Store::set_indexed`]).
    pub index: BTreeMap<Key, IndexValues>,
    /// Documents whose gate moves only.
    pub touched: Vec<Touched>,
    /// Documents that could not be read. A key in `captured`, `touched` or `cleared` leaves the quarantine.
    pub quarantined: Vec<Quarantine>,
    /// Keys that were read well and are unchanged, but stand in quarantine.
    pub cleared: Vec<Key>,
    /// Row versions of the captured and touched documents, where the scheme names one.
    pub row_versions: BTreeMap<Key, RowVersion>,
    /// A row version that reading has to go back to (rule 27): kept, the lowest of several, until it is [`Self::rewound`].
    pub rewind: Option<RowVersion>,
    /// The kept one that reading has gone back to with this commit's progress; another one stays.
    pub rewound: Option<RowVersion>,
    /// Documents that were read, changed or not: they go to the seen-table of the sweep that is open, if one is.
    pub met: Vec<Key>,
    /// A step of the sweep.
    pub sweep: Option<SweepStep>,
    /// Progress.
    pub progress: Option<ProgressStep>,
    /// The run's record so far; replaces the one of the same id.
    pub run: Option<Run>,
}

impl CaptureCommit {
    /// What is kept of a row version to go back to, once this commit is stored over what was kept before.
    pub(in crate::store) fn rewind_over(&self, kept: Option<RowVersion>) -> Option<RowVersion> {
        kept.filter(|kept| Some(kept) != self.rewound.as_ref()).into_iter().chain(self.rewind.clone()).min()
    }
}

/// What a capture commit did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CaptureDone {
    /// The scheme's last sequence number afterwards.
    pub last_seq: u64,
    /// Keys whose head had another version than expected: not stored, to be compared again.
    pub stale: Vec<Key>,
}

/// One run of a scheme's capture, as shown to people.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Run {
    /// From 1 within the scheme.
    pub id: u64,
    /// When it began.
    pub started: Option<Time>,
    /// When it ended; none while it runs, or if the process died.
    pub ended: Option<Time>,
    /// Windows completed.
    pub windows: u64,
    /// Pages read.
    pub pages: u64,
    /// Documents met (with repeats).
    pub documents: u64,
    /// Documents first seen.
    pub new: u64,
    /// Documents changed.
    pub changed: u64,
    /// Documents unchanged.
    pub unchanged: u64,
    /// Documents that could not be read.
    pub quarantined: u64,
    /// Documents known as deleted by it.
    #[serde(default)]
    pub deleted: u64,
    /// Whether it is a sweep: it reads again what was read before, and moves no progress.
    #[serde(default)]
    pub sweep: bool,
    /// Why it stopped early.
    pub error: Option<String>,
    /// Where its scan began in source time: what its share is reckoned from.
    #[serde(default)]
    pub from: Option<Time>,
    /// When this record was stored.
    #[serde(default)]
    pub at: Option<Time>,
}

/// What a target was told to do with documents it was never told of (`initial`, `decide`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TargetAnswer {
    /// Send. With `since`, documents with an older source time are baselined.
    Send {
        /// Source time from which documents are sent.
        since: Option<Time>,
    },
    /// Documents at or before the instant, and those without a time, are taken as known (rule 10).
    Baseline {
        /// The go-live instant.
        instant: Time,
    },
    /// Match what the target already has.
    Adopt,
}

impl TargetAnswer {
    /// A baseline taken now. Its instant lies before the present second: a source that prints whole seconds gives a
    /// document written a moment later the beginning of this second, and that one must be sent.
    pub fn baseline(now: Time) -> Self {
        Self::Baseline { instant: Time(now.whole_seconds().0 - 1) }
    }
}

/// A target's own state within a scheme.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct TargetState {
    /// Sequence of the change log up to which changes are planned.
    pub position: u64,
    /// What it was told; nothing is planned before.
    pub answer: Option<TargetAnswer>,
    /// Paused by a person, or because the account is refused; with why.
    pub paused: Option<String>,
    /// (connector, host, account, form, number's field) this state belongs to (rule 3).
    pub account: String,
    /// What the documents' rows still belong to, where that is another account than this state's: with the answer to
    /// what is to be done, they begin anew (rule 3).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moved_from: Option<String>,
    /// Fingerprint of mapping and conditions: when it changes, rejected documents are tried again.
    pub rules: String,
    /// A probe has found a document that this target accepted, adopted or settled as ours: from then on «not there»
    /// counts (rule 4). Belongs to the account, as the rest does.
    #[serde(default)]
    pub proven: bool,
    /// The database was restored, and this target has not yet been looked through for what it was told meanwhile
    /// (rule 8).
    #[serde(default)]
    pub restored: bool,
    /// When that was recognised; of several times before a look through, the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restored_at: Option<Time>,
    /// The target was behind the start of the change log and is being filled from the documents (rule 17).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filling: Option<Filling>,
}

/// What to list of a scheme's documents.
#[derive(Debug, Clone, Default)]
pub struct DocumentFilter {
    /// Only keys that begin so.
    pub prefix: String,
    /// Only keys after this one.
    pub after: Option<Key>,
    /// Only documents captured at or after this time.
    pub changed_since: Option<Time>,
    /// At most this many.
    pub limit: usize,
}

/// About the database.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Info {
    /// Size of the file in bytes; 0 where there is none.
    pub bytes: u64,
    /// Format number.
    pub format: u64,
    /// Whether it was closed well; not so while a service runs.
    pub clean: bool,
    /// Where it comes from.
    #[serde(flatten)]
    pub lineage: Lineage,
    /// Rows of each table.
    pub rows: BTreeMap<&'static str, u64>,
}

/// A store. Commands are durable when their answer arrives, and are applied in the order they were given. Reads
/// see every answered command, never wait for the writer, and hold nothing when they return.
pub trait Store: Send + Sync + 'static {
    /// Stores a page batch. Changes get sequence numbers without gaps, in the order of `captured`; a document's
    /// version grows by one.
    fn commit_capture(&self, commit: CaptureCommit) -> Pending<CaptureDone>;

    /// Writes deliveries of one target: planned, claimed, settled or moved by a person, each checked against the
    /// revision it was made from. A write whose row has changed meanwhile, whose identity another document owns, or
    /// that parks a document although a scheme it asked has come further ([`Delivery::parked`]), is left out and
    /// reported; the others are stored.
    fn commit_deliveries(&self, commit: DeliveryCommit) -> Pending<Vec<WriteResult>>;

    /// Moves deliveries that are due later than `latest` to `latest`, the latest ones first and at most `limit` of
    /// them, and tells how many were moved (rule 29: due times are cut after the clock has stepped).
    fn cut_due(&self, scheme: &str, target: &str, latest: Time, limit: usize) -> Pending<usize>;

    /// Forgets a bounded part of a scheme's history (rule 17): bodies of versions beyond the newest so many of a
    /// document or older than history, the oldest changes, settled attempts and runs. Never what a target was told
    /// last or compares with, newest bodies, anything of a document with a delivery that is not at rest, attempts
    /// that a live receipt stands on, receipts and identities.
    fn trim(&self, trim: Trim) -> Pending<Trimmed>;

    /// Says by which paths a scheme's newest snapshots are looked up from now on. What is new counts once it is
    /// filled; what is not named any more is dropped.
    fn set_indexed(&self, scheme: &str, paths: BTreeSet<String>) -> Pending<()>;

    /// Fills indexes with what was stored before they were asked for.
    fn fill_index(&self, fill: IndexFill) -> Pending<()>;

    /// Stores a target's own state (not its position, which moves only with deliveries).
    fn set_target(&self, scheme: &str, target: &str, state: TargetState) -> Pending<()>;

    /// Pauses a scheme's capture with a reason, or resumes it.
    fn set_paused(&self, scheme: &str, why: Option<String>) -> Pending<()>;

    /// Closes the store: answers what is under way, then releases the file.
    fn close(&self);

    /// Ids of schemes that have any state.
    fn schemes(&self) -> Result<Vec<String>, StoreError>;
    /// A scheme's progress.
    fn progress(&self, scheme: &str) -> Result<Option<Progress>, StoreError>;
    /// Why a scheme's capture is paused.
    fn paused(&self, scheme: &str) -> Result<Option<String>, StoreError>;
    /// The row version that a scheme's reading has to go back to (rule 27).
    fn rewind(&self, scheme: &str) -> Result<Option<RowVersion>, StoreError>;
    /// Last sequence number of a scheme's change log; 0 if it is empty.
    fn last_seq(&self, scheme: &str) -> Result<u64, StoreError>;
    /// The last sequence number that was forgotten: the change log begins behind it. 0 while it is whole.
    fn trimmed(&self, scheme: &str) -> Result<u64, StoreError>;
    /// Heads by key, in the order asked. A damaged head is an error that names it.
    fn heads(&self, scheme: &str, keys: &[Key]) -> Result<Vec<Option<Head>>, StoreError>;
    /// A stored version's JSON text, its hash checked. None: never stored, a tombstone, or trimmed.
    fn body(&self, scheme: &str, key: &Key, version: u64) -> Result<Option<Vec<u8>>, StoreError>;
    /// Versions of a document that have a body, ascending.
    fn versions(&self, scheme: &str, key: &Key) -> Result<Vec<u64>, StoreError>;
    /// Changes after a sequence number, ascending. [`StoreError::Trimmed`] where the log begins later.
    fn changes(&self, scheme: &str, after: u64, limit: usize) -> Result<Vec<Change>, StoreError>;
    /// Keys by number, exactly.
    fn by_number(&self, scheme: &str, number: &str) -> Result<Vec<Key>, StoreError>;
    /// The paths a scheme's snapshots are indexed by, and whether each is filled.
    fn indexed(&self, scheme: &str) -> Result<BTreeMap<String, bool>, StoreError>;
    /// Keys of live documents whose newest snapshot has this text under an indexed path, in key order. None while
    /// the path is not indexed or not filled.
    fn lookup(&self, scheme: &str, path: &str, text: &str, limit: usize) -> Result<Option<Vec<Key>>, StoreError>;
    /// How far a scheme that is looked up in has come.
    fn mark(&self, scheme: &str) -> Result<Mark, StoreError>;
    /// Documents in key order.
    fn documents(&self, scheme: &str, filter: &DocumentFilter) -> Result<Vec<(Key, Head)>, StoreError>;
    /// How many documents are known: (live, tombstones).
    fn document_count(&self, scheme: &str) -> Result<(u64, u64), StoreError>;
    /// Documents in quarantine, in key order.
    fn quarantined(&self, scheme: &str) -> Result<Vec<Quarantine>, StoreError>;
    /// One document's quarantine.
    fn quarantine(&self, scheme: &str, key: &Key) -> Result<Option<Quarantine>, StoreError>;
    /// A scheme's sweep: the one under way or, while none is, the last.
    fn sweep(&self, scheme: &str) -> Result<Option<SweepState>, StoreError>;
    /// Whether each of these was met since the sweep of this run began, in the order asked. Only the present sweep and
    /// the complete one before it are remembered.
    fn seen(&self, scheme: &str, run: u64, keys: &[Key]) -> Result<Vec<bool>, StoreError>;
    /// Runs, newest first, older than `before` if given.
    fn runs(&self, scheme: &str, before: Option<u64>, limit: usize) -> Result<Vec<Run>, StoreError>;

    /// A target's own state.
    fn target(&self, scheme: &str, target: &str) -> Result<Option<TargetState>, StoreError>;
    /// One document's delivery.
    fn delivery(&self, scheme: &str, target: &str, key: &Key) -> Result<Option<Delivery>, StoreError>;
    /// Deliveries due at or before a time, earliest first.
    fn due(&self, scheme: &str, target: &str, until: Time, limit: usize) -> Result<Vec<(Time, Key)>, StoreError>;
    /// The earliest due time of a target.
    fn next_due(&self, scheme: &str, target: &str) -> Result<Option<Time>, StoreError>;
    /// Deliveries in a state (any state if none) in key order after a key.
    fn deliveries(
        &self,
        scheme: &str,
        target: &str,
        state: Option<State>,
        after: Option<&Key>,
        limit: usize,
    ) -> Result<Vec<(Key, Delivery)>, StoreError>;
    /// How many documents are in each state of a target. Documents not yet planned are not counted.
    fn counts(&self, scheme: &str, target: &str) -> Result<BTreeMap<State, u64>, StoreError>;
    /// A document's attempts, oldest first.
    fn attempts(&self, scheme: &str, target: &str, key: &Key) -> Result<Vec<Attempt>, StoreError>;
    /// One attempt.
    fn attempt(&self, scheme: &str, target: &str, key: &Key, n: u32) -> Result<Option<Attempt>, StoreError>;
    /// The owner of a target document: scheme, target and key by identity (rule 11).
    fn owner(&self, identity: &str) -> Result<Option<(String, String, Key)>, StoreError>;

    /// Why nothing can be written at the moment: the disk is full or fails. The store goes on by itself when a later
    /// command succeeds.
    fn trouble(&self) -> Option<String> {
        None
    }
    /// Writes a stamped copy of the store, as it stands at one moment, to a new file for its owner alone; it is there
    /// whole or not at all, and nothing is overwritten. Tells its size in bytes. Blocks until it is done.
    fn backup(&self, to: &Path) -> Result<u64, StoreError>;
    /// About the database.
    fn info(&self) -> Result<Info, StoreError>;
    /// The whole store as text, one line a row, for tests and for people.
    fn dump(&self) -> Result<String, StoreError>;
}
