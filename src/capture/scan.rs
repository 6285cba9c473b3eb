//! A run of capture: the scan's windows, oldest first, each durable by itself.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::capture::ask::{AskError, Asker, Patience, Question};
use crate::capture::plan::CapturePlan;
use crate::capture::read::Read;
use crate::capture::window::{begin_full, begin_scan, complete_full, complete_window};
use crate::clock::{Clock, Time, Zone};
use crate::connector::{Connector, Fault, FaultKind};
use crate::crash;
use crate::name::Key;
use crate::scheme::{Mode, Scheme, Start};
use crate::store::{CaptureCommit, ProgressStep, Run, Store, StoreError};
use crate::watermark::Progress;

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
        Self { scheme, plan, store, zone, asker, changed, lookers: Vec::new(), suspected: Mutex::default() }
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

    /// Fingerprint of key, filter, identity and mode as configured now.
    pub fn fingerprint(&self) -> &str {
        &self.plan.fingerprint
    }

    /// One run: from where the last complete window ended to the source's now, or everything.
    pub async fn run(&self, on_progress: &(dyn Fn(&Run, &Progress) + Sync)) -> Result<Outcome, CaptureError> {
        if let Some(why) = self.store.paused(&self.scheme.id)? {
            return Err(CaptureError::Paused(why));
        }
        self.prepare_index().await?;
        let id = self.store.runs(&self.scheme.id, None, 1)?.first().map_or(1, |last| last.id + 1);
        let mut run = Run { id, started: Some(self.now()), ..Run::default() };
        let mut result = self.scan(&mut run, on_progress).await;
        if matches!(result, Ok(Begun::Resumed)) {
            // What was resumed ended where its scan began long ago: now the way to the source's present.
            result = self.scan(&mut run, on_progress).await;
        }
        run.ended = Some(self.now());
        run.error = result.as_ref().err().map(ToString::to_string);
        let commit =
            CaptureCommit { scheme: self.scheme.id.clone(), run: Some(run.clone()), ..CaptureCommit::default() };
        self.store.commit_capture(commit).await?;
        result.map(|_| Outcome { run })
    }

    async fn scan(&self, run: &mut Run, on_progress: &(dyn Fn(&Run, &Progress) + Sync)) -> Result<Begun, CaptureError> {
        let (mut progress, begun) = self.begin().await?;
        crash::point("capture.scan_begun");
        self.ask_quarantined(run).await?;
        while let Some(scan) = progress.scan.clone() {
            tracing::debug!(scheme = %self.scheme.id, begin = %scan.begin, end = %scan.end, "window");
            let seen = match self.read_window(&mut progress, &scan, run).await? {
                Read::Complete(seen) => seen,
                Read::Unstable(half) => {
                    progress = self.step(&progress, Progress { scan: Some(half), ..progress.clone() }, run).await?;
                    continue;
                }
            };
            run.windows += 1;
            let next = match self.is_full() {
                true => complete_full(&progress),
                false => complete_window(&progress, seen, self.plan.lengths),
            };
            crash::point("capture.before_watermark");
            progress = self.step(&progress, next, run).await?;
            crash::point("capture.after_watermark");
            // Whoever misses a document in it now knows that it is not there.
            self.notify();
            on_progress(run, &progress);
        }
        Ok(begun)
    }

    /// The stored progress with a scan under way: resumed, or begun with its end frozen (rule 2).
    async fn begin(&self) -> Result<(Progress, Begun), CaptureError> {
        let stored = self.store.progress(&self.scheme.id)?;
        if let Some(progress) = &stored
            && progress.fingerprint != self.plan.fingerprint
        {
            let (documents, _) = self.store.document_count(&self.scheme.id)?;
            return Err(CaptureError::Undecided { scheme: self.scheme.id.clone(), documents });
        }
        if let Some(progress) = &stored
            && progress.scan.is_some()
            && (self.plan.call.resumable || !self.is_full())
        {
            return Ok((progress.clone(), Begun::Resumed));
        }
        if self.asker.connector.clock_offset().is_none() {
            self.asker.ask(&Question::Login).await.map_err(|e| self.source_error("login", e))?;
        }
        let mut progress = match &stored {
            Some(progress) => progress.clone(),
            None => self.first_progress(),
        };
        let now = self.now();
        let offset = self.asker.connector.clock_offset().unwrap_or(0);
        let to = now.min(Time(now.0.saturating_add(offset)));
        progress.scan = match self.is_full() {
            true => Some(begin_full(&progress, to)),
            false => begin_scan(&progress, to, self.plan.lengths),
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
        let commit = CaptureCommit { scheme, progress: Some(step), ..CaptureCommit::default() };
        self.store.commit_capture(commit).await?;
        Ok((progress, Begun::Afresh))
    }

    fn first_progress(&self) -> Progress {
        let now = self.now();
        let start = match self.scheme.source.start {
            Start::Back(back) => now.minus(back),
            Start::At(time) => time,
            Start::Everything => Time(0),
        };
        Progress {
            first_start: now,
            start,
            watermark: None,
            walked_to: None,
            complete_to: None,
            scan: None,
            seen: None,
            fingerprint: self.plan.fingerprint.clone(),
        }
    }

    async fn step(&self, from: &Progress, to: Progress, run: &Run) -> Result<Progress, CaptureError> {
        let step = ProgressStep { from: Some(from.clone()), to: to.clone() };
        let commit = CaptureCommit {
            scheme: self.scheme.id.clone(),
            progress: Some(step),
            run: Some(run.clone()),
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

/// How a scan began.
enum Begun {
    Afresh,
    Resumed,
}
