//! Reading one window, or everything: its pages in passes, until what was met is sure to be all of it.

use std::time::Duration;

use crate::capture::ask::Question;
use crate::capture::page::{Asked, latest_time};
use crate::capture::scan::{Capture, CaptureError};
use crate::capture::tally::{Digest, Tally};
use crate::capture::window::split;
use crate::clock::Time;
use crate::connector::{FetchRequest, Page, Window};
use crate::crash;
use crate::diff::extract;
use crate::document::RawDocument;
use crate::name::Key;
use crate::scheme::Start;
use crate::store::Run;
use crate::watermark::{Held, Progress, Scan};

/// Passes over one window before it is split.
pub(super) const MAX_PASSES: u32 = 4;
/// Passes over a window that can't be split before the run gives up.
const LAST_PASSES: u32 = 20;
/// Pages in a row without any document that the pass had not met; more is a source that goes in a circle (rule 30).
pub(super) const BARREN_PAGES: u32 = 20;
/// Pages of one pass; more is a source that never ends.
pub(super) const MAX_PAGES: u64 = 1_000_000;

impl Capture {
    /// Reads a window, or everything: where rows may shift between its pages, or the source counts more documents
    /// than it showed, until two passes met the same documents with the same content; if none of the passes agree, a
    /// window is to be halved. `progress` moves with the pages where their positions survive a restart.
    pub(super) async fn read_window(
        &self,
        progress: &mut Progress,
        scan: &Scan,
        run: &mut Run,
    ) -> Result<Read, CaptureError> {
        let call = &self.plan.call;
        let mut seen: Option<Time> = None;
        let mut sighted = None;
        let mut before = None;
        for passes in 1..=LAST_PASSES {
            let pass = self.read_pass(progress, scan, run).await?;
            seen = seen.max(pass.seen);
            sighted = sighted.or_else(|| pass.sighted.clone());
            if pass.is_sure(before, call.shifts) {
                if !pass.is_whole() {
                    tracing::warn!(scheme = %self.scheme.id, total = pass.total, met = pass.tally.count(), "the source counts more documents than it shows");
                    self.note_partial().await?;
                }
                return Ok(Read::Complete { seen, sighted });
            }
            before = Some(pass.digest());
            if passes >= MAX_PASSES
                && !self.is_full()
                && let Some(half) = split(scan, call.grain.max(Duration::from_secs(1)))
            {
                tracing::info!(scheme = %self.scheme.id, end = %half.end, "documents change while they are read, window halved");
                return Ok(Read::Unstable(half));
            }
        }
        let what = self.span(scan);
        Err(CaptureError::Absurd(format!("the documents{what} change faster than they can be read")))
    }

    async fn read_pass(&self, progress: &mut Progress, scan: &Scan, run: &mut Run) -> Result<Pass, CaptureError> {
        // A sweep moves no progress.
        let resumable = self.plan.call.resumable && !self.plan.call.shifts && !run.sweep;
        let window = self.window(scan.begin, scan.end);
        let position = progress.scan.as_ref().and_then(|scan| scan.position.clone()).filter(|_| resumable);
        let mut pass = Pass { resumed: position.is_some(), position, seen: progress.seen, ..Pass::default() };
        let swept = !progress.trail.is_empty() && progress.complete_to.is_some();
        loop {
            let what = || format!("page{}", self.span(scan));
            let (asked, page) = self.page(window, pass.position.as_deref(), what).await?;
            crash::point("capture.page_received");
            pass.take(&page);
            run.pages += 1;
            run.documents += page.documents.len() as u64;
            let mut met = Vec::new();
            pass.sighted = pass.sighted.or_else(|| self.sighted(&page.documents, progress, scan));
            let documents = match window {
                Some(_) => page.documents,
                None => self.since_start(page.documents, progress.start, |key, time, raw_hash| {
                    pass.meet(key, time, raw_hash);
                    met.push(key.clone());
                }),
            };
            let mut sorted = self.sort(self.whole(documents, false).await?, asked, false)?;
            sorted.swept = swept;
            self.defer(page.deferred, &mut sorted);
            // What is listed is there, whatever else becomes of it.
            met.extend(sorted.gone.iter().map(|(key, _, _)| key.clone()));
            sorted.commit.met = met;
            if let Some(Window { begin, .. }) = window {
                sorted.place_nameless(begin);
            }
            for (key, raw_hash, time) in sorted.met.iter().chain(&sorted.gone) {
                pass.meet(key, *time, raw_hash);
                pass.seen = pass.seen.max(time.filter(|time| *time <= scan.end));
            }
            let step = page.next.as_ref().filter(|_| resumable).map(|next| {
                let here = Scan { position: Some(next.clone()), ..scan.clone() };
                Progress { scan: Some(here), seen: pass.seen, ..progress.clone() }
            });
            self.store_page(sorted, step.map(|to| (&mut *progress, to)), run).await?;
            if !pass.go_on(page.next)? {
                return Ok(pass);
            }
        }
    }

    /// What a request for a span asks for; nothing where everything is read. Where the source's clock shows an hour
    /// twice, a window begun in it would leave out what is shown before it.
    pub(super) fn window(&self, begin: Time, end: Time) -> Option<Window> {
        (!self.is_full()).then(|| Window { begin: self.zone.before_repeat(begin), end })
    }

    /// Asks for a page, and says when; `what` it is, for a message.
    pub(super) async fn page(
        &self,
        window: Option<Window>,
        position: Option<&str>,
        what: impl Fn() -> String,
    ) -> Result<(Asked, Page), CaptureError> {
        if self.asker.stop.is_cancelled() {
            return Err(CaptureError::Stopped);
        }
        let asked = self.asked()?;
        let request = FetchRequest { source: &self.scheme.source, window, position };
        let page = self.asker.ask(&Question::Page(request)).await;
        Ok((asked, page.map_err(|error| self.source_error(&what(), error))?))
    }

    /// The window being read, for messages; nothing where everything is.
    fn span(&self, scan: &Scan) -> String {
        if self.is_full() {
            return String::new();
        }
        format!(" of {} … {}", self.zone.print(scan.begin), self.zone.print(scan.end))
    }

    /// Without windows, `start` leaves out what lies before it by the time it is listed with; that is only counted.
    pub(super) fn since_start(
        &self,
        documents: Vec<RawDocument>,
        start: Time,
        mut count: impl FnMut(&Key, Option<Time>, &[u8; 32]),
    ) -> Vec<RawDocument> {
        if self.scheme.source.start == Start::Everything {
            return documents;
        }
        let mut is_late = |document: &RawDocument| {
            let Ok(identity) = extract(&document.bytes, &self.plan.paths) else { return true };
            let time = latest_time(&identity, &self.zone);
            let early = time.is_some_and(|time| time < start);
            if early {
                count(&identity.key, time, &self.plan.gate.raw_hash(&document.bytes));
            }
            !early
        };
        documents.into_iter().filter(|document| is_late(document)).collect()
    }
}

/// A window as read.
pub enum Read {
    /// Completely.
    Complete {
        /// Greatest source time met.
        seen: Option<Time>,
        /// A row version to begin with, where none was held.
        sighted: Option<Held>,
    },
    /// Not twice alike: its first half is to be read.
    Unstable(Scan),
}

/// One pass over a window: how far it has come, and what was met.
#[derive(Default)]
pub(super) struct Pass {
    /// Where it goes on; none: at its first page.
    pub position: Option<String>,
    pages: u64,
    /// Answers these were put together from.
    answers: u64,
    tally: Tally,
    /// Whether the page at hand held a document that was not met before.
    fresh: bool,
    /// Pages in a row without any.
    barren: u32,
    seen: Option<Time>,
    /// How many documents the source counts.
    total: Option<u64>,
    /// A row version to begin with, where none was held.
    sighted: Option<Held>,
    /// Begun in the window's middle.
    resumed: bool,
}

impl Pass {
    /// Counts a page.
    pub fn take(&mut self, page: &Page) {
        self.pages += 1;
        self.answers += 1 + page.more_answers;
        self.total = page.total;
        self.fresh = false;
    }

    /// Counts a document.
    pub fn meet(&mut self, key: &Key, time: Option<Time>, raw_hash: &[u8; 32]) {
        self.fresh |= self.tally.add(key, time, raw_hash);
    }

    /// Whether there is another page; a source that goes in a circle has none (rule 30).
    pub fn go_on(&mut self, next: Option<String>) -> Result<bool, CaptureError> {
        self.barren = if self.fresh { 0 } else { self.barren + 1 };
        let Some(next) = next else { return Ok(false) };
        if Some(&next) == self.position.as_ref() || self.barren > BARREN_PAGES || self.pages >= MAX_PAGES {
            return Err(CaptureError::Absurd(format!(
                "the source gives the same documents again and again, last on page `{next}`"
            )));
        }
        self.position = Some(next);
        Ok(true)
    }

    /// Whether what was met is sure to be all: the pass before met the same, or nothing can have slipped through.
    pub fn is_sure(&self, before: Option<Digest>, shifts: bool) -> bool {
        before == Some(self.tally.digest()) || (self.is_whole() && (!shifts || self.answers <= 1))
    }

    /// What the next pass is compared with.
    pub fn digest(&self) -> Digest {
        self.tally.digest()
    }

    /// Whether as many documents were met as the source counts, where it does.
    fn is_whole(&self) -> bool {
        self.resumed || self.total.is_none_or(|total| self.tally.count() >= total)
    }
}
