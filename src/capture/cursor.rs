//! Following a row version (rules.md 27): rows come in the order of their versions, from the one held an overlap ago.
//!
//! Where no version is held yet, windows of time are walked from the scheme's start as in window mode, and the first
//! version is one of a little earlier than the walk. Where nothing comes although the row itself that is asked from
//! should come again, the versions may have been restarted: then the windows since the last read are looked at. What
//! these, or a sweep, find new or changed below the version to go on from sends reading back to it, with an alarm.

use crate::capture::ask::Question;
use crate::capture::page::{Sorted, latest_time, row_version};
use crate::capture::read::{BARREN_PAGES, MAX_PAGES};
use crate::capture::scan::{Capture, CaptureError, OnProgress};
use crate::capture::trail::{hold, resume_point};
use crate::capture::window::{begin_scan, next_begin};
use crate::change::ChangeKind;
use crate::clock::Time;
use crate::connector::Window;
use crate::crash;
use crate::diff::{Identity, extract};
use crate::document::RawDocument;
use crate::row_version::RowVersion;
use crate::scheme::Mode;
use crate::store::{Run, StoreError};
use crate::watermark::{Held, Progress, Scan};

/// What following the row version came to.
pub enum Followed {
    /// Everything there is; with the greatest source time met.
    Complete(Option<Time>),
    /// Nothing at all: the row that was asked from is gone, or row versions were restarted.
    Nothing,
}

impl Capture {
    /// Whether it follows a row version.
    pub(super) fn is_cursor(&self) -> bool {
        self.scheme.source.mode == Mode::Cursor
    }

    /// Begins a scan up to `to`. Tells the row version it went back to, if it had to.
    pub(super) async fn begin_cursor(
        &self,
        progress: &mut Progress,
        to: Time,
    ) -> Result<(Option<Scan>, Option<RowVersion>), CaptureError> {
        let rewound = self.store.rewind(&self.scheme.id)?;
        if let Some(cursor) = &rewound {
            tracing::warn!(scheme = %self.scheme.id, %cursor, "reading goes back to this row version");
            progress.trail = vec![Held { cursor: cursor.clone(), at: to }];
        }
        if let Some(cursor) = resume_point(&progress.trail, progress.complete_to, self.plan.lengths.overlap).cloned() {
            let begin = next_begin(progress, self.plan.lengths).min(to);
            return Ok((Some(Scan { to, begin, end: to, position: None, cursor: Some(cursor) }), rewound));
        }
        progress.trail.extend(self.sight(to).await?);
        Ok((begin_scan(progress, to, self.plan.lengths), rewound))
    }

    /// The lowest row version of a page of documents that changed an overlap ago or earlier: what is written from now
    /// on, or late, has a higher one. None where nothing changed within a window's length.
    async fn sight(&self, to: Time) -> Result<Option<Held>, CaptureError> {
        let end = to.minus(self.plan.lengths.overlap);
        let window = Some(Window { begin: end.minus(self.plan.lengths.window), end });
        let (_, page) = self.page(window, None, || "first row version".to_owned()).await?;
        Ok(self.versions(&page.documents).into_iter().min().map(|cursor| Held { cursor, at: end }))
    }

    /// Where a walk of windows begins without any row version: the lowest of the first page on which a document shows
    /// that changed an overlap ago or earlier. A later one tells nothing: a lower version may still come.
    pub(super) fn sighted(&self, documents: &[RawDocument], progress: &Progress, scan: &Scan) -> Option<Held> {
        if !self.is_cursor() || !progress.trail.is_empty() {
            return None;
        }
        let at = scan.to.minus(self.plan.lengths.overlap);
        let settled = self
            .identities(documents)
            .filter(|identity| latest_time(identity, &self.zone).is_some_and(|time| time <= at));
        settled.filter_map(|identity| row_version(&identity)).min().map(|cursor| Held { cursor, at })
    }

    /// The row versions of documents that have one, in the order they came.
    fn versions(&self, documents: &[RawDocument]) -> Vec<RowVersion> {
        self.identities(documents).filter_map(|identity| row_version(&identity)).collect()
    }

    /// What identifies the documents that can be read.
    fn identities(&self, documents: &[RawDocument]) -> impl Iterator<Item = Identity> {
        documents.iter().filter_map(|document| extract(&document.bytes, &self.plan.paths).ok())
    }

    /// Reads rows from the scan's row version to the last there is; `progress` moves with each page.
    pub(super) async fn follow(
        &self,
        progress: &mut Progress,
        run: &mut Run,
        on_progress: OnProgress<'_>,
    ) -> Result<Followed, CaptureError> {
        let (mut position, mut furthest, mut barren, mut pages) = (None::<String>, None::<RowVersion>, 0, 0);
        let mut is_ordered = true;
        loop {
            if self.asker.stop.is_cancelled() {
                return Err(CaptureError::Stopped);
            }
            let Some(scan) = progress.scan.clone() else { return Ok(Followed::Nothing) };
            let Some(from) = scan.cursor.clone() else { return Ok(Followed::Nothing) };
            let asked = self.asked()?;
            let rows = Question::Rows { source: &self.scheme.source, from: &from, position: position.as_deref() };
            let page = self.asker.ask(&rows).await;
            let page = page.map_err(|e| self.source_error(&format!("page from row version {from}"), e))?;
            crash::point("capture.page_received");
            pages += 1;
            run.pages += 1;
            run.documents += page.documents.len() as u64;
            if pages == 1 && page.documents.is_empty() && page.next.is_none() {
                return Ok(Followed::Nothing);
            }
            let versions = self.versions(&page.documents);
            // Rows out of order would be jumped over: from then on pages are taken one after the other.
            is_ordered &= versions.is_sorted() && versions.first().is_none_or(|first| Some(first) >= furthest.as_ref());
            furthest = furthest.max(versions.into_iter().max());
            let here = furthest.clone().filter(|furthest| is_ordered && *furthest > from);
            let is_last = page.next.is_none();
            let documents = self.since_start(page.documents, progress.start, |_, _, _| {});
            let mut sorted = self.sort(self.whole(documents, false).await?, asked, false)?;
            self.defer(page.deferred, &mut sorted);
            let (mut to, mut is_told) = (progress.clone(), false);
            let times: Vec<Time> = sorted.met.iter().chain(&sorted.gone).filter_map(|(_, _, time)| *time).collect();
            // Rows come about in the order of their times; where reading has gone back they are older than its begin.
            sorted.place_nameless(times.iter().copied().min().map_or(scan.begin, |time| time.min(scan.begin)));
            to.seen = times.into_iter().filter(|time| *time <= scan.to).max().max(to.seen);
            if let Some(here) = here.as_ref().or(furthest.as_ref()).filter(|_| here.is_some() || is_last) {
                is_told = hold(&mut to.trail, here, self.source_now(), &scan, self.plan.lengths.overlap);
                to.scan = Some(Scan { cursor: Some(here.clone()), ..scan });
            }
            let seen = to.seen;
            self.store_page(sorted, Some((progress, to)), run).await?;
            self.tell(run, progress, is_told, on_progress);
            barren = if here.is_some() { 0 } else { barren + 1 };
            match page.next {
                None => return Ok(Followed::Complete(seen)),
                Some(_) if here.is_some() => position = None,
                Some(next) if Some(&next) == position.as_ref() || barren > BARREN_PAGES || pages >= MAX_PAGES => {
                    let what =
                        format!("the source gives no rows beyond row version {from}, and yet says there are more");
                    return Err(CaptureError::Absurd(what));
                }
                Some(next) => position = Some(next),
            }
        }
    }

    /// Of a commit that looks at what should be known already (`swept`): the lowest row version of what is new or
    /// changed, where it lies below the one to go on from. It is kept with the commit; the next scan goes back to it.
    pub(super) fn note_swept(&self, sorted: &mut Sorted) -> Result<(), StoreError> {
        if !sorted.swept || !self.is_cursor() {
            return Ok(());
        }
        let commit = &mut sorted.commit;
        let told = commit.captured.iter().filter(|captured| captured.kind != ChangeKind::Deleted);
        let lowest = told.filter_map(|captured| commit.row_versions.get(&captured.key)).min();
        let Some(lowest) = lowest else { return Ok(()) };
        let Some(progress) = self.store.progress(&self.scheme.id)? else { return Ok(()) };
        let Some(resume) = resume_point(&progress.trail, progress.complete_to, self.plan.lengths.overlap) else {
            return Ok(());
        };
        if lowest < resume {
            tracing::warn!(scheme = %self.scheme.id, %lowest, %resume,
                "documents were found new or changed below the row version that reading goes on from: it goes back");
            commit.rewind = Some(lowest.clone());
        }
        Ok(())
    }

    /// Our time or the source's, whichever is earlier.
    pub(super) fn source_now(&self) -> Time {
        let now = self.now();
        let offset = self.asker.connector.clock_offset().unwrap_or(0);
        now.min(Time(now.0.saturating_add(offset)))
    }
}

/// The progress after rows were followed to the last.
pub fn complete_follow(progress: &Progress, seen: Option<Time>, overlap: std::time::Duration) -> Progress {
    let mut next = progress.clone();
    let Some(scan) = next.scan.take() else { return next };
    next.watermark = next.watermark.max(seen.filter(|time| *time <= scan.to));
    next.walked_to = next.walked_to.max(Some(scan.to.minus(overlap)));
    next.complete_to = Some(scan.to);
    next.seen = None;
    next
}
