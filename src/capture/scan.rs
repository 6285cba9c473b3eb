//! A run of capture: the scan's windows, oldest first, each durable by itself.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::capture::ask::{AskError, Asker, Patience, Question};
use crate::capture::page::{Sorted, Sorter};
use crate::capture::plan::CapturePlan;
use crate::capture::tally::Tally;
use crate::capture::window::{begin_scan, complete_window, split};
use crate::clock::{Clock, Time, Zone};
use crate::connector::{Connector, FetchRequest, Window};
use crate::crash;
use crate::document::RawDocument;
use crate::name::Key;
use crate::scheme::{Scheme, Start};
use crate::store::{CaptureCommit, ProgressStep, Run, Store, StoreError};
use crate::watermark::{Progress, Scan};

/// Passes over one window before it is split.
const MAX_PASSES: u32 = 4;
/// Pages of one pass; more is a source that never ends.
const MAX_PAGES: u64 = 1_000_000;
/// Reads of a suspect document before it is left for the next run.
const MAX_REREADS: u32 = 4;

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
    scheme: Arc<Scheme>,
    plan: CapturePlan,
    store: Arc<dyn Store>,
    zone: Zone,
    asker: Asker,
    /// Woken after each commit that holds changes.
    changed: Arc<Notify>,
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
        Self { scheme, plan, store, zone, asker, changed }
    }

    /// Fingerprint of key, filter, identity and mode as configured now.
    pub fn fingerprint(&self) -> &str {
        &self.plan.fingerprint
    }

    /// One run: from where the last complete window ended to the source's now.
    pub async fn run(&self, on_progress: &(dyn Fn(&Run, &Progress) + Sync)) -> Result<Outcome, CaptureError> {
        if let Some(why) = self.store.paused(&self.scheme.id)? {
            return Err(CaptureError::Paused(why));
        }
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
        self.ask_quarantined(run).await?;
        while let Some(scan) = progress.scan.clone() {
            let window = Window { begin: scan.begin, end: scan.end };
            tracing::debug!(scheme = %self.scheme.id, begin = %scan.begin, end = %scan.end, "window");
            let seen = match self.read_window(&scan, window, run).await? {
                Read::Complete(seen) => seen,
                Read::Unstable(half) => {
                    progress = self.step(&progress, Progress { scan: Some(half), ..progress.clone() }, run).await?;
                    continue;
                }
            };
            run.windows += 1;
            let next = complete_window(&progress, seen, self.plan.lengths);
            crash::point("capture.before_watermark");
            progress = self.step(&progress, next, run).await?;
            crash::point("capture.after_watermark");
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
        progress.scan = begin_scan(&progress, to, self.plan.lengths);
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

    /// Reads a window: where rows may shift between its pages, until two passes met the same documents with the
    /// same content; if none of the passes agree, the window is to be halved.
    async fn read_window(&self, scan: &Scan, window: Window, run: &mut Run) -> Result<Read, CaptureError> {
        let mut seen: Option<Time> = None;
        let mut before = None;
        for _ in 0..MAX_PASSES {
            let pass = self.read_pass(window, run).await?;
            seen = seen.max(pass.seen);
            let digest = pass.tally.digest();
            if !self.plan.call.shifts || pass.pages <= 1 || before == Some(digest) {
                return Ok(Read::Complete(seen));
            }
            before = Some(digest);
        }
        match split(scan, self.plan.call.grain.max(Duration::from_secs(1))) {
            Some(half) => {
                tracing::info!(scheme = %self.scheme.id, end = %half.end, "documents change while they are read, window halved");
                Ok(Read::Unstable(half))
            }
            // The shortest window there is: what shifted in it lies before `to` − overlap of the next scan.
            None => Ok(Read::Complete(seen)),
        }
    }

    async fn read_pass(&self, window: Window, run: &mut Run) -> Result<Pass, CaptureError> {
        let mut pass = Pass::default();
        let mut position: Option<String> = None;
        loop {
            if self.asker.stop.is_cancelled() {
                return Err(CaptureError::Stopped);
            }
            let asked_at = self.store.last_seq(&self.scheme.id)?;
            let request =
                FetchRequest { source: &self.scheme.source, window: Some(window), position: position.as_deref() };
            let page = self.asker.ask(&Question::Page(request)).await.map_err(|e| {
                self.source_error(
                    &format!("page of {} … {}", self.zone.print(window.begin), self.zone.print(window.end)),
                    e,
                )
            })?;
            crash::point("capture.page_received");
            pass.pages += 1;
            run.pages += 1;
            run.documents += page.documents.len() as u64;
            let sorted = self.store_page(page.documents, asked_at, run).await?;
            for (key, raw_hash, time) in &sorted {
                pass.tally.add(key, raw_hash);
                pass.seen = pass.seen.max(time.filter(|time| *time <= window.end));
            }
            match page.next {
                None => return Ok(pass),
                Some(next) if Some(&next) == position.as_ref() || pass.pages >= MAX_PAGES => {
                    return Err(CaptureError::Absurd(format!("the source gives page `{next}` again and again")));
                }
                Some(next) => position = Some(next),
            }
        }
    }

    /// Compares and stores a page; documents that may be stale are asked for again by key first (rule 5).
    async fn store_page(&self, documents: Vec<RawDocument>, asked_at: u64, run: &mut Run) -> Result<Met, CaptureError> {
        let mut met = Met::new();
        let mut sorted = self.sort(documents, asked_at, false)?;
        loop {
            let suspects = std::mem::take(&mut sorted.suspects);
            met.append(&mut sorted.met);
            let stale = self.commit(sorted, run).await?;
            let mut unsure: Vec<(Key, Option<Vec<u8>>)> = stale.into_iter().map(|key| (key, None)).collect();
            unsure.extend(suspects.into_iter().map(|(key, bytes)| (key, Some(bytes))));
            if unsure.is_empty() {
                return Ok(met);
            }
            sorted = self.ask_again(unsure).await?;
        }
    }

    /// Reads documents by key until two reads in sequence say the same, or one is plainly newer than what is known.
    async fn ask_again(&self, unsure: Vec<(Key, Option<Vec<u8>>)>) -> Result<Sorted, CaptureError> {
        let mut confirmed = Sorted::default();
        confirmed.commit.scheme.clone_from(&self.scheme.id);
        for (key, mut before) in unsure {
            for attempt in 0..MAX_REREADS {
                let asked_at = self.store.last_seq(&self.scheme.id)?;
                let documents = self.read_keys(std::slice::from_ref(&key)).await?;
                let Some(document) = documents.into_iter().next() else { break };
                let same = before.as_ref() == Some(&document.bytes);
                let bytes = document.bytes.clone();
                let sorted = self.sort(vec![document], asked_at, same)?;
                if sorted.suspects.is_empty() {
                    merge(&mut confirmed, sorted);
                    break;
                }
                before = Some(bytes);
                if attempt + 1 == MAX_REREADS {
                    tracing::warn!(scheme = %self.scheme.id, %key, "the source gives older versions again and again, left for the next run");
                }
            }
        }
        Ok(confirmed)
    }

    async fn read_keys(&self, keys: &[Key]) -> Result<Vec<RawDocument>, CaptureError> {
        let at_once = self.plan.call.by_key;
        if at_once == 0 {
            return Ok(Vec::new());
        }
        let parts = self.plan.paths.key.len();
        let texts: Vec<Vec<String>> = keys
            .iter()
            .filter_map(|key| key.parts(parts).map(|parts| parts.into_iter().map(str::to_owned).collect()))
            .collect();
        self.read_texts(&texts, false).await
    }

    async fn read_texts(&self, texts: &[Vec<String>], by_number: bool) -> Result<Vec<RawDocument>, CaptureError> {
        let mut documents = Vec::new();
        for keys in texts.chunks(self.plan.call.by_key.max(1)) {
            let question = Question::Keys { source: &self.scheme.source, keys, by_number };
            let page = self.asker.ask(&question).await.map_err(|e| self.source_error("documents by key", e))?;
            documents.extend(page.documents);
        }
        Ok(documents)
    }

    /// Documents in quarantine are asked for again by key (rule 25).
    async fn ask_quarantined(&self, run: &mut Run) -> Result<(), CaptureError> {
        let keys: Vec<Key> = self.store.quarantined(&self.scheme.id)?.into_iter().map(|record| record.key).collect();
        let keys: Vec<Key> = keys.into_iter().filter(|key| !key.as_str().starts_with("digest:")).collect();
        if !keys.is_empty() && self.plan.call.by_key > 0 {
            let asked_at = self.store.last_seq(&self.scheme.id)?;
            let documents = self.read_keys(&keys).await?;
            self.store_page(documents, asked_at, run).await?;
        }
        Ok(())
    }

    /// Reads documents by key or number from the source now, past filter and window (补单).
    pub async fn pull(&self, texts: &[String]) -> Result<Pulled, CaptureError> {
        if self.plan.call.by_key == 0 {
            return Err(CaptureError::Absurd(format!("`{}` can't be asked by key", self.scheme.source.call)));
        }
        let mut pulled = Pulled::default();
        for text in texts {
            let mut keys = vec![Key::from_text(text.as_str())];
            keys.extend(self.store.by_number(&self.scheme.id, text)?);
            let asked_at = self.store.last_seq(&self.scheme.id)?;
            let mut documents = self.read_keys(&keys).await.or_else(|error| match error {
                // A number is no key of the source's kind: it refuses the question, and is asked by number below.
                CaptureError::Source { .. } => Ok(Vec::new()),
                other => Err(other),
            })?;
            if documents.is_empty() {
                documents = self.read_texts(&[vec![text.clone()]], true).await?;
            }
            let met = self.store_page(documents, asked_at, &mut Run::default()).await?;
            if met.is_empty() {
                pulled.missing.push(text.clone());
            }
            pulled.found.extend(met.into_iter().map(|(key, _, _)| key));
        }
        Ok(pulled)
    }

    fn sort(&self, documents: Vec<RawDocument>, asked_at: u64, confirmed: bool) -> Result<Sorted, StoreError> {
        let sorter = Sorter {
            plan: &self.plan,
            store: &*self.store,
            scheme: &self.scheme.id,
            zone: &self.zone,
            now: self.now(),
        };
        sorter.sort(documents, asked_at, confirmed)
    }

    /// Stores what was sorted; returns the keys whose head moved meanwhile.
    async fn commit(&self, sorted: Sorted, run: &mut Run) -> Result<Vec<Key>, CaptureError> {
        sorted.count(run);
        if sorted.is_empty() {
            return Ok(Vec::new());
        }
        let done = self.store.commit_capture(sorted.commit).await?;
        self.changed.notify_waiters();
        Ok(done.stale)
    }

    fn source_error(&self, what: &str, error: AskError) -> CaptureError {
        match error {
            AskError::Stopped => CaptureError::Stopped,
            AskError::Fault(fault) => {
                CaptureError::Source { what: format!("`{}` {what}", self.scheme.source.call), why: fault.words }
            }
        }
    }

    fn now(&self) -> Time {
        self.asker.clock.now()
    }
}

type Met = Vec<(Key, [u8; 32], Option<Time>)>;

/// How a scan began.
enum Begun {
    Afresh,
    Resumed,
}

enum Read {
    Complete(Option<Time>),
    Unstable(Scan),
}

#[derive(Default)]
struct Pass {
    pages: u64,
    tally: Tally,
    seen: Option<Time>,
}

fn merge(into: &mut Sorted, from: Sorted) {
    into.commit.at = from.commit.at;
    into.commit.captured.extend(from.commit.captured);
    into.commit.touched.extend(from.commit.touched);
    into.commit.quarantined.extend(from.commit.quarantined);
    into.commit.cleared.extend(from.commit.cleared);
    into.met.extend(from.met);
    into.unchanged += from.unchanged;
}
