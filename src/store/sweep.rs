//! A sweep as the store keeps it (rules.md 23): what it reads, how far it has come, and what it found missing. Beside
//! it stands its seen-table: the keys met since it began, by its own pages and by reads running beside it.

use serde::{Deserialize, Serialize};

use crate::clock::Time;
use crate::name::Key;

/// A scheme's sweep: the one under way or, while none is, the last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SweepState {
    /// The run it began as; names its seen-table, and is what `--confirm` takes.
    pub run: u64,
    /// When it began, by our clock.
    pub started: Time,
    /// When it ended.
    pub ended: Option<Time>,
    /// Where the change log stood when it began: heads of later changes are no candidates.
    pub seq: u64,
    /// The source times it reads; none: everything.
    pub span: Option<Span>,
    /// Fingerprint of key, filter, identity and mode it reads with; under another one it begins anew.
    pub fingerprint: String,
    /// How far it has come.
    pub stage: SweepStage,
    /// The source counted more documents than it showed: without a direct question nothing follows from what was not
    /// met.
    pub partial: bool,
    /// Documents it could have met.
    pub known: u64,
    /// Of these, the ones it did not meet.
    pub missing: u64,
    /// Documents that became deletions.
    pub deleted: u64,
    /// The mass deletion that waits for a person's word.
    pub ask: Option<Ask>,
    /// So many deletions a person let go on.
    pub allowed: Option<u64>,
    /// The complete sweep before it: without a direct question a document must be missing from both.
    pub previous: Option<Earlier>,
}

impl SweepState {
    /// Whether everything was read, so that what was not met is missing.
    pub fn is_complete(&self) -> bool {
        !matches!(self.stage, SweepStage::Reading { .. })
    }

    /// Whether there is something to go on with.
    pub fn is_under_way(&self) -> bool {
        !matches!(self.stage, SweepStage::Stopped | SweepStage::Ended)
    }

    /// Whether what is met still counts.
    pub fn is_open(&self) -> bool {
        self.stage != SweepStage::Ended
    }

    /// The runs whose seen-tables are kept with it.
    pub fn kept(&self) -> impl Iterator<Item = u64> {
        std::iter::once(self.run).chain(self.previous.as_ref().map(|previous| previous.run))
    }

    /// As the next sweep remembers it.
    pub fn as_earlier(&self) -> Earlier {
        Earlier { run: self.run, seq: self.seq, span: self.span, fingerprint: self.fingerprint.clone() }
    }
}

/// A half-open span of source time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// Begin.
    pub begin: Time,
    /// End.
    pub end: Time,
}

/// How far a sweep has come. What is under way at a stop is done again from here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SweepStage {
    /// Reading: this window next; none where everything is read at once.
    Reading {
        /// The window.
        window: Option<Span>,
    },
    /// Everything was read: what is missing is counted.
    Judging,
    /// More is missing than may be deleted unasked: those behind this key are still to be asked for by key.
    Confirming {
        /// The last key looked at.
        after: Option<Key>,
        /// Confirmed as missing so far.
        gone: u64,
    },
    /// Missing documents become deletions, those behind this key still.
    Deleting {
        /// The last key looked at.
        after: Option<Key>,
    },
    /// It would delete more than it may, and asks.
    Stopped,
    /// Done.
    Ended,
}

/// A mass deletion that waits for a person's word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ask {
    /// The run that asked first.
    pub run: u64,
    /// How many documents it is about at most.
    pub missing: u64,
}

/// A complete sweep before the present one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Earlier {
    /// Its run: names its seen-table.
    pub run: u64,
    /// Where the change log stood when it began.
    pub seq: u64,
    /// The source times it read.
    pub span: Option<Span>,
    /// What it read with.
    pub fingerprint: String,
}

/// A step of a scheme's sweep. With a new run the seen-tables that are not kept with it are dropped.
#[derive(Debug, Clone)]
pub struct SweepStep {
    /// What the store must hold; another value is a conflict.
    pub from: Option<SweepState>,
    /// What it holds afterwards.
    pub to: SweepState,
}
