//! A run of capture: the scan's windows, oldest first, each durable by itself.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::capture::advance::Advance;
use crate::capture::ask::{AskError, Asker, Patience, Question};
use crate::capture::cursor::{Followed, complete_follow};
use crate::capture::plan::CapturePlan;
use crate::capture::read::Read;
use crate::capture::window::{begin_anew, begin_full, begin_scan, complete_full, complete_window, shorten, unread};
use crate::clock::{Clock, Time, Zone};
use crate::connector::{Connector, Fault, FaultKind};
use crate::crash;
use crate::document::Quarantine;
use crate::name::Key;
use crate::scheme::{Mode, Scheme, Start};
use crate::store::{CaptureCommit, ProgressStep, Run, Store, StoreError};
use crate::watermark::{Progress, Scan};

/// Why a run stopped early. What it had read completely stays stored.
#[derive(Debug, thiserror::Error)]
pub enum CaptureError {
    /// The source did not answer properly.
    #[error("{what}: {why}")]
    Source {
        /// What was asked.
        what: String,
        /// Its last words.
        why: String,
    },
    /// The source refused the question itself.
    #[error("{what}: {why}")]
    Refused {
        /// What was asked.
        what: String,
        /// Its words.
        why: String,
    },
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The source never ends or repeats itself.
    #[error("{0}")]
    Absurd(String),
    /// Key, filter, identity or mode were changed: somebody has to decide first.
    #[error(
        "key, filter, fields or mode of the source were changed, which touches {documents} stored documents; \
         run `deltaferry decide {scheme} adopt|baseline|send`"
    )]
    Undecided {
        /// Scheme id.
        scheme: String,
        /// Stored documents.
        documents: u64,
    },
    /// No sweep asks about a mass deletion under this run.
    #[error("no deletion of run {run} waits for a word; `deltaferry status {scheme}` shows what does")]
    Unasked {
        /// Scheme id.
        scheme: String,
        /// As named.
        run: u64,
    },
    /// Paused by a person.
    #[error("paused: {0}")]
    Paused(String),
    /// The service is stopping.
    #[error("stopped")]
    Stopped,
}

/// What a run did.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// The run's record.
    pub run: Run,
}

/// What `pull` did.
#[derive(Debug, Clone, Default)]
pub struct Pulled {
    /// Keys read.
    pub found: Vec<Key>,
    /// Texts that the source does not know.
    pub missing: Vec<String>,
}

/// Told of a run and its progress as they move.
pub type OnProgress<'a> = &'a (dyn Fn(&Run, &Progress) + Sync);

/// Captures one scheme.
pub struct Capture {
    pub(super) scheme: Arc<Scheme>,
    pub(super) plan: CapturePlan,
    pub(super) store: Arc<dyn Store>,
    pub(super) zone: Zone,
    pub(super) asker: Asker,
    /// Woken after each commit that holds changes.
    changed: Arc<Notify>,
    /// Woken with it: who looks this scheme's documents up.
    lookers: Vec<Arc<Notify>>,
    /// Documents that may be stale, of calls that can't be asked by key: counted when a later page says the same.
    pub(super) suspected: Mutex<HashMap<Key, [u8; 32]>>,
    /// Documents asked for in a row that were never answered, and stand in no quarantine yet.
    pub(super) failing: Mutex<Vec<Quarantine>>,
    /// Held by a run, and by a sweep for each of its steps: they take turns.
    pub(super) turn: tokio::sync::Mutex<()>,
}

impl Capture {
    /// Joins a scheme, its source and the store.
    pub fn new(
        scheme: Arc<Scheme>,
        plan: CapturePlan,
        connector: Arc<dyn Connector>,
        store: Arc<dyn Store>,
        (clock, zone): (Arc<dyn Clock>, Zone),
        changed: Arc<Notify>,
        stop: CancellationToken,
    ) -> Self {
        let asker = Asker { connector, clock, patience: Patience::default(), stop };
        let (lookers, suspected, failing) = (Vec::new(), Mutex::default(), Mutex::default());
        let turn = tokio::sync::Mutex::default();
        Self { scheme, plan, store, zone, asker, changed, lookers, suspected, failing, turn }
    }

    /// Wakes these too, whose schemes look its documents up.
    pub fn with_lookers(self, lookers: Vec<Arc<Notify>>) -> Self {
        Self { lookers, ..self }
    }

    /// Says that there is something new.
    pub(super) fn notify(&self) {
        self.changed.notify_waiters();
        self.lookers.iter().for_each(|looker| looker.notify_waiters());
    }

    /// Whether every run reads everything.
    pub(super) fn is_full(&self) -> bool {
        self.scheme.source.mode == Mode::Full
    }

    /// One run: from where the last complete window ended to the source's now, or everything.
    pub async fn run(&self, on_progress: OnProgress<'_>) -> Result<Outcome, CaptureError> {
        let _turn = self.turn.lock().await;
        self.must_run()?;
        self.prepare_index().await?;
        self.answered();
        let mut run = Run { id: self.next_run()?, started: Some(self.now()), ..Run::default() };
        let mut result = self.scan(&mut run, on_progress).await;
        if matches!(result, Ok(Begun::Resumed)) || (result.is_ok() && self.store.rewind(&self.scheme.id)?.is_some()) {
            // What was resumed ended where its scan began long ago: now the way to the source's present. And where
            // reading has to go back, it does so at once.
            result = self.scan(&mut run, on_progress).await;
        }
        run.ended = Some(self.now());
        run.error = result.as_ref().err().map(ToString::to_string);
        let commit = CaptureCommit {
            scheme: self.scheme.id.clone(),
            run: Some(self.recorded(&run)),
            ..CaptureCommit::default()
        };
        self.store.commit_capture(commit).await?;
        result.map(|_| Outcome { run })
    }

    /// Refuses while a person has paused the scheme.
    pub(super) fn must_run(&self) -> Result<(), CaptureError> {
        self.store.paused(&self.scheme.id)?.map_or(Ok(()), |why| Err(CaptureError::Paused(why)))
    }

    /// Id of a run that begins now.
    pub(super) fn next_run(&self) -> Result<u64, StoreError> {
        Ok(self.store.runs(&self.scheme.id, None, 1)?.first().map_or(1, |last| last.id + 1))
    }

    async fn scan(&self, run: &mut Run, on_progress: OnProgress<'_>) -> Result<Begun, CaptureError> {
        if self.is_full() {
            self.finish_older_sweep(run).await?;
        }
        let (mut progress, begun) = self.begin(run).await?;
        run.from = progress.scan.as_ref().map(|scan| scan.begin);
        crash::point("capture.scan_begun");
        self.ask_quarantined(run).await?;
        while let Some(scan) = progress.scan.clone() {
            tracing::debug!(scheme = %self.scheme.id, begin = %scan.begin, end = %scan.end, cursor = ?scan.cursor, "window");
            let next = match self.read_scan(&mut progress, &scan, run, on_progress).await? {
                Part::Read(next) => *next,
                Part::Otherwise(scan) => {
                    progress = self.step(&progress, Progress { scan: Some(scan), ..progress.clone() }, run).await?;
                    continue;
                }
            };
            run.windows += 1;
            crash::point("capture.before_watermark");
            progress = self.step(&progress, next, run).await?;
            crash::point("capture.after_watermark");
            // Whoever misses a document in it now knows that it is not there.
            self.notify();
            self.tell(run, &progress, progress.scan.is_some(), on_progress);
        }
        if self.is_full() {
            self.complete_full_sweep(run).await?;
        }
        Ok(begun)
    }

    /// Reads what the scan is at: a window, everything, or rows by their version.
    async fn read_scan(
        &self,
        progress: &mut Progress,
        scan: &Scan,
        run: &mut Run,
        on_progress: OnProgress<'_>,
    ) -> Result<Part, CaptureError> {
        let lengths = self.plan.lengths;
        if scan.cursor.is_some() {
            return Ok(match self.follow(progress, run, on_progress).await? {
                Followed::Complete(seen) => Part::Read(Box::new(complete_follow(progress, seen, lengths.overlap))),
                Followed::Nothing => match begin_scan(progress, scan.to, lengths) {
                    Some(windows) => Part::Otherwise(windows),
                    None => Part::Read(Box::new(complete_follow(progress, None, lengths.overlap))),
                },
            });
        }
        let (seen, sighted) = match self.read_window(progress, scan, run).await? {
            Read::Complete { seen, sighted } => (seen, sighted),
            Read::Unstable(half) => return Ok(Part::Otherwise(half)),
        };
        let mut next = match self.is_full() {
            true => complete_full(progress),
            false => complete_window(progress, seen, lengths),
        };
        next.trail.extend(sighted);
        Ok(Part::Read(Box::new(next)))
    }

    /// Tells how far a scan has come; with `logged`, also in the log.
    pub(super) fn tell(&self, run: &Run, progress: &Progress, logged: bool, on_progress: OnProgress<'_>) {
        let run = self.recorded(run);
        if let Some(advance) = Advance::of(&run, progress).filter(|_| logged) {
            tracing::info!(scheme = %self.scheme.id, documents = run.documents, new = run.new, changed = run.changed, "{advance}");
        }
        on_progress(&run, progress);
    }

    /// A run's record as it is stored now.
    pub(super) fn recorded(&self, run: &Run) -> Run {
        Run { at: Some(self.now()), ..run.clone() }
    }

    /// The stored progress with a scan under way: resumed, or begun with its end frozen (rule 2).
    async fn begin(&self, run: &Run) -> Result<(Progress, Begun), CaptureError> {
        let stored = self.store.progress(&self.scheme.id)?;
        stored.as_ref().map_or(Ok(()), |progress| self.must_be_decided(progress))?;
        if let Some(progress) = &stored
            && progress.scan.is_some()
            && (self.plan.call.resumable || !self.is_full())
        {
            return Ok((self.shortened(progress, run).await?, Begun::Resumed));
        }
        let to = self.scan_end().await?;
        let mut progress = match &stored {
            Some(progress) => progress.clone(),
            None => self.first_progress(),
        };
        let mut rewound = None;
        progress.scan = match self.scheme.source.mode {
            Mode::Full => Some(begin_full(&progress, to)),
            Mode::Window => begin_scan(&progress, to, self.plan.lengths),
            Mode::Cursor => {
                let (scan, from) = self.begin_cursor(&mut progress, to).await?;
                rewound = from;
                scan
            }
        };
        if progress.scan.is_none() {
            let reached = progress.watermark.max(progress.walked_to).unwrap_or(progress.start);
            return Err(CaptureError::Absurd(format!(
                "nothing to read: the source was read up to {reached}, and the earlier of its clock and ours shows {to}; \
                 check the clocks"
            )));
        }
        let step = ProgressStep { from: stored, to: progress.clone() };
        let scheme = self.scheme.id.clone();
        let sweep = self.sweep_of_full(run.id)?;
        let commit = CaptureCommit { scheme, progress: Some(step), rewound, sweep, ..CaptureCommit::default() };
        self.store.commit_capture(commit).await?;
        Ok((progress, Begun::Afresh))
    }

    /// Progress whose window, begun when `window` was longer and not read in part, ends where one of now would.
    async fn shortened(&self, progress: &Progress, run: &Run) -> Result<Progress, CaptureError> {
        let windows = progress.scan.as_ref().filter(|scan| !self.is_full() && scan.cursor.is_none());
        match windows.and_then(|scan| shorten(scan, self.plan.lengths)) {
            Some(scan) => self.step(progress, Progress { scan: Some(scan), ..progress.clone() }, run).await,
            None => Ok(progress.clone()),
        }
    }

    /// Takes a changed key, filter, identity or mode as the scheme's own from now on; tells whether there was one.
    /// Everything from the scheme's start on is read once more: what matches only now may be as old.
    pub async fn accept_source(&self) -> Result<bool, StoreError> {
        let Some(progress) = self.store.progress(&self.scheme.id)? else { return Ok(false) };
        if progress.fingerprint == self.plan.fingerprint {
            return Ok(false);
        }
        let to = begin_anew(&progress, &self.plan.fingerprint);
        let (scheme, rewound) = (self.scheme.id.clone(), self.store.rewind(&self.scheme.id)?);
        let step = ProgressStep { from: Some(progress), to };
        let commit = CaptureCommit { scheme, progress: Some(step), rewound, ..CaptureCommit::default() };
        self.store.commit_capture(commit).await?;
        Ok(true)
    }

    /// Refuses while somebody has to decide what a changed key, filter, identity or mode means.
    pub(super) fn must_be_decided(&self, progress: &Progress) -> Result<(), CaptureError> {
        if progress.fingerprint == self.plan.fingerprint {
            return Ok(());
        }
        let (documents, _) = self.store.document_count(&self.scheme.id)?;
        Err(CaptureError::Undecided { scheme: self.scheme.id.clone(), documents })
    }

    /// The source's present, where a scan that begins now ends: the earlier of its clock and ours (rule 2).
    pub(super) async fn scan_end(&self) -> Result<Time, CaptureError> {
        if self.asker.connector.clock_offset().is_none() {
            self.asker.ask(&Question::Login).await.map_err(|e| self.source_error("login", e))?;
        }
        Ok(self.source_now())
    }

    fn first_progress(&self) -> Progress {
        let now = self.now();
        let start = match self.scheme.source.start {
            Start::Back(back) => now.minus(back),
            Start::At(time) => time,
            Start::Everything => Time(0),
        };
        unread(now, start, &self.plan.fingerprint)
    }

    async fn step(&self, from: &Progress, to: Progress, run: &Run) -> Result<Progress, CaptureError> {
        let step = ProgressStep { from: Some(from.clone()), to: to.clone() };
        let commit = CaptureCommit {
            scheme: self.scheme.id.clone(),
            progress: Some(step),
            run: Some(self.recorded(run)),
            ..CaptureCommit::default()
        };
        self.store.commit_capture(commit).await?;
        Ok(to)
    }

    pub(super) fn source_error(&self, what: &str, error: AskError) -> CaptureError {
        let what = format!("`{}` {what}", self.scheme.source.call);
        match error {
            AskError::Stopped => CaptureError::Stopped,
            AskError::Fault(Fault { kind: FaultKind::Permanent, words: why, .. }) => {
                CaptureError::Refused { what, why }
            }
            AskError::Fault(fault) => CaptureError::Source { what, why: fault.words },
        }
    }

    pub(super) fn now(&self) -> Time {
        self.asker.clock.now()
    }
}

/// What reading at a scan's place came to.
enum Part {
    /// It was read; the progress from now on.
    Read(Box<Progress>),
    /// The scan goes on otherwise.
    Otherwise(Scan),
}

/// How a scan began.
enum Begun {
    Afresh,
    Resumed,
}
