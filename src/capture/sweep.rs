//! Sweeps (漏单补救, rules.md 23): what the windows of the last weeks hold is read again and stored like any capture;
//! then what is known and was not met may be gone ([`super::vanish`]). A sweep is a run of its own beside the normal
//! ones: it moves no progress, each of its steps is durable, and between two steps a normal run may take its turn.
//! Where every run reads everything, the run itself is the sweep.
//!
//! # Crash points
//!
//! | point | where |
//! |---|---|
//! | `sweep.begun` | it has begun, and seen-tables of older ones are dropped |
//! | `sweep.window_read` | a window is read, and that is not noted yet |
//! | `sweep.missing_found` | some documents are known to be gone, none of these is stored as deleted |
//! | `sweep.deletions_stored` | some deletions are stored, others may follow |
//! | `sweep.before_end` | everything is stored but that it has ended |

use std::time::Duration;

use crate::capture::page::Sorted;
use crate::capture::read::Read;
use crate::capture::scan::{Capture, CaptureError};
use crate::clock::Time;
use crate::crash;
use crate::name::Key;
use crate::scheme::Sweep;
use crate::store::{CaptureCommit, Captured, Run, Span, StoreError, SweepStage, SweepState, SweepStep};
use crate::watermark::{Progress, Scan};

/// What a scheme that says nothing of sweeps is swept with when a person asks for one.
const UNSAID: Sweep = Sweep { schedule: None, back: Duration::from_secs(30 * 86_400), deletes: false, max_deletes: 50 };

/// What a sweep came to.
#[derive(Debug, Clone, Default)]
pub struct Swept {
    /// Its run.
    pub run: Run,
    /// How it ended; none where every run reads everything and the scheme says nothing of sweeps.
    pub sweep: Option<SweepState>,
}

impl Capture {
    /// Begins a sweep, or goes on with the one under way, up to its end or until it asks. Where every run reads
    /// everything, that is a run.
    pub async fn sweep(&self) -> Result<Swept, CaptureError> {
        if self.is_full() {
            let outcome = self.run(&|_, _| {}).await?;
            let sweep = self.store.sweep(&self.scheme.id)?.filter(|_| self.scheme.source.sweep.is_some());
            return Ok(Swept { run: outcome.run, sweep });
        }
        {
            let _turn = self.turn.lock().await;
            self.open_sweep().await?;
        }
        self.go_on().await
    }

    /// A person lets the mass deletion that a sweep asked about go on.
    pub async fn confirm_sweep(&self, run: u64) -> Result<Swept, CaptureError> {
        {
            let _turn = self.turn.lock().await;
            let asking = self.store.sweep(&self.scheme.id)?.and_then(|sweep| Some((sweep.ask?, sweep)));
            // Where runs follow each other fast, the question may be an earlier run's by the time it is answered.
            let asking = asking.filter(|(ask, sweep)| (ask.run..=sweep.run).contains(&run));
            let Some((ask, sweep)) = asking else {
                return Err(CaptureError::Unasked { scheme: self.scheme.id.clone(), run });
            };
            let mut to = SweepState { allowed: Some(ask.missing), ask: None, ..sweep.clone() };
            if sweep.stage == SweepStage::Stopped {
                to.stage = SweepStage::Deleting { after: None };
            }
            let mut record = self.run_of(&sweep)?;
            record.ended = None;
            self.sweep_step(&sweep, to, &mut record, CaptureCommit::default()).await?;
        }
        self.go_on().await
    }

    /// Takes step after step, each in its turn.
    async fn go_on(&self) -> Result<Swept, CaptureError> {
        loop {
            let _turn = self.turn.lock().await;
            self.must_run()?;
            let Some(sweep) = self.store.sweep(&self.scheme.id)? else { return Ok(Swept::default()) };
            let mut run = self.run_of(&sweep)?;
            // Where every run reads everything, only that run can go on with reading.
            let is_read_by_run = matches!(sweep.stage, SweepStage::Reading { window: None });
            if !sweep.is_under_way() || is_read_by_run || sweep.fingerprint != self.plan.fingerprint {
                return Ok(Swept { run, sweep: Some(sweep) });
            }
            if let Err(error) = self.advance(&sweep, &mut run).await {
                run.error = Some(error.to_string());
                let scheme = self.scheme.id.clone();
                let commit = CaptureCommit { scheme, run: Some(run), ..CaptureCommit::default() };
                self.store.commit_capture(commit).await?;
                return Err(error);
            }
        }
    }

    /// One durable step of a sweep that is under way; its stage afterwards stands in the store.
    async fn advance(&self, sweep: &SweepState, run: &mut Run) -> Result<(), CaptureError> {
        if self.asker.stop.is_cancelled() {
            return Err(CaptureError::Stopped);
        }
        match &sweep.stage {
            SweepStage::Reading { window } => self.sweep_window(sweep, *window, run).await,
            SweepStage::Judging | SweepStage::Confirming { .. } | SweepStage::Deleting { .. }
                if !self.sweeps().deletes =>
            {
                self.end_sweep(sweep, run).await
            }
            SweepStage::Judging => self.judge(sweep, run).await,
            SweepStage::Confirming { after, gone } => self.confirm_gone(sweep, (after.clone(), *gone), run).await,
            SweepStage::Deleting { after } => self.delete_gone(sweep, after.clone(), run).await,
            SweepStage::Stopped | SweepStage::Ended => Ok(()),
        }
    }

    /// Reads the next window like any other.
    async fn sweep_window(&self, sweep: &SweepState, window: Option<Span>, run: &mut Run) -> Result<(), CaptureError> {
        let (Some(window), Some(span), Some(stored)) = (window, sweep.span, self.store.progress(&self.scheme.id)?)
        else {
            return Err(CaptureError::Absurd("a sweep without windows is read by its run".to_owned()));
        };
        // One begun when `window` was longer ends where one of now would.
        let window = Span { end: window.end.min(window.begin.plus(self.plan.lengths.window)), ..window };
        if window.begin == span.begin {
            // Documents in quarantine are asked for at each sweep (rule 25).
            self.ask_quarantined(run).await?;
        }
        let scan = Scan { to: span.end, begin: window.begin, end: window.end, position: None, cursor: None };
        // Pages are told the scheme's start, and move nothing.
        let mut progress = Progress { scan: None, seen: None, ..stored };
        let window = match self.read_window(&mut progress, &scan, run).await? {
            Read::Unstable(half) => Some(Span { begin: half.begin, end: half.end }),
            Read::Complete { .. } => {
                run.windows += 1;
                // What was split grows back by doubling.
                let length = self.plan.lengths.window.min(window.end.since(window.begin) * 2);
                let next = Span { begin: window.end, end: window.end.plus(length).min(span.end) };
                (window.end < span.end).then_some(next)
            }
        };
        crash::point("sweep.window_read");
        // Reading may have found that not all was shown.
        let Some(sweep) = &self.store.sweep(&self.scheme.id)? else { return Ok(()) };
        let stage = match window {
            Some(window) => SweepStage::Reading { window: Some(window) },
            None => SweepStage::Judging,
        };
        self.sweep_step(sweep, SweepState { stage, ..sweep.clone() }, run, CaptureCommit::default()).await
    }

    /// Makes sure that a sweep is under way: the stored one, or a new one of which the end is frozen (rule 2).
    async fn open_sweep(&self) -> Result<(), CaptureError> {
        self.must_run()?;
        let Some(progress) = self.store.progress(&self.scheme.id)? else {
            return Err(CaptureError::Absurd(
                "nothing was captured yet: the first run comes before a sweep".to_owned(),
            ));
        };
        self.must_be_decided(&progress)?;
        let stored = self.store.sweep(&self.scheme.id)?;
        let is_ours = |sweep: &SweepState| sweep.is_under_way() && sweep.fingerprint == self.plan.fingerprint;
        if stored.as_ref().is_some_and(is_ours) {
            return Ok(());
        }
        let end = self.scan_end().await?.whole_seconds();
        let begin = end.minus(self.sweeps().back).max(progress.start).whole_seconds();
        if begin >= end {
            let (begin, end) = (self.zone.print(begin), self.zone.print(end));
            return Err(CaptureError::Absurd(format!("nothing to sweep from {begin} to {end}: check the clocks")));
        }
        let first = Span { begin, end: begin.plus(self.plan.lengths.window).min(end) };
        let mut run = Run { id: self.next_run()?, started: Some(self.now()), sweep: true, ..Run::default() };
        let stage = SweepStage::Reading { window: Some(first) };
        let to = self.new_sweep(stored.as_ref(), run.id, Some(Span { begin, end }), stage)?;
        let commit = self.step_commit(stored, to, &mut run, CaptureCommit::default());
        self.store.commit_capture(commit).await?;
        crash::point("sweep.begun");
        Ok(())
    }

    /// A sweep that begins now, after the one that is stored.
    fn new_sweep(
        &self,
        stored: Option<&SweepState>,
        run: u64,
        span: Option<Span>,
        stage: SweepStage,
    ) -> Result<SweepState, StoreError> {
        let previous = stored.and_then(|stored| match stored.is_complete() && !stored.partial {
            true => Some(stored.as_earlier()),
            false => stored.previous.clone(),
        });
        Ok(SweepState {
            run,
            started: self.now(),
            ended: None,
            seq: self.store.last_seq(&self.scheme.id)?,
            span,
            fingerprint: self.plan.fingerprint.clone(),
            stage,
            partial: false,
            known: 0,
            missing: 0,
            deleted: 0,
            ask: stored.and_then(|stored| stored.ask),
            allowed: None,
            previous: previous.filter(|previous| previous.fingerprint == self.plan.fingerprint),
        })
    }

    /// The step that begins a sweep together with a run that reads everything.
    pub(super) fn sweep_of_full(&self, run: u64) -> Result<Option<SweepStep>, StoreError> {
        if !self.is_full() || self.scheme.source.sweep.is_none() {
            return Ok(None);
        }
        let from = self.store.sweep(&self.scheme.id)?;
        let to = self.new_sweep(from.as_ref(), run, None, SweepStage::Reading { window: None })?;
        Ok(Some(SweepStep { from, to }))
    }

    /// After a run has read everything: its sweep is complete.
    pub(super) async fn complete_full_sweep(&self, run: &mut Run) -> Result<(), CaptureError> {
        let stored = self.store.sweep(&self.scheme.id)?.filter(|_| self.scheme.source.sweep.is_some());
        let Some(sweep) = stored.filter(|sweep| sweep.fingerprint == self.plan.fingerprint) else { return Ok(()) };
        if sweep.stage == (SweepStage::Reading { window: None }) {
            let to = SweepState { stage: SweepStage::Judging, ..sweep.clone() };
            self.sweep_step(&sweep, to, run, CaptureCommit::default()).await?;
        }
        self.finish_sweep(run).await
    }

    /// Goes on with the sweep of an earlier run. What keeps it from its end keeps nothing from being read.
    pub(super) async fn finish_older_sweep(&self, run: &mut Run) -> Result<(), CaptureError> {
        match self.finish_sweep(run).await {
            Err(error @ (CaptureError::Source { .. } | CaptureError::Refused { .. } | CaptureError::Absurd(_))) => {
                tracing::warn!(scheme = %self.scheme.id, %error, "an earlier sweep did not end: everything is read anew");
                Ok(())
            }
            ended => ended,
        }
    }

    /// Goes on with a sweep that has read everything, within a run that has its turn.
    pub(super) async fn finish_sweep(&self, run: &mut Run) -> Result<(), CaptureError> {
        let is_ours = |sweep: &SweepState| {
            sweep.is_complete() && sweep.is_under_way() && sweep.fingerprint == self.plan.fingerprint
        };
        while let Some(sweep) = self.store.sweep(&self.scheme.id)?.filter(is_ours) {
            self.advance(&sweep, run).await?;
        }
        Ok(())
    }

    /// Makes a step of the sweep durable, with what goes with it.
    pub(super) async fn sweep_step(
        &self,
        from: &SweepState,
        to: SweepState,
        run: &mut Run,
        with: CaptureCommit,
    ) -> Result<(), CaptureError> {
        let commit = self.step_commit(Some(from.clone()), to, run, with);
        let news = !commit.captured.is_empty();
        self.store.commit_capture(commit).await?;
        if news {
            self.notify();
        }
        Ok(())
    }

    fn step_commit(
        &self,
        from: Option<SweepState>,
        to: SweepState,
        run: &mut Run,
        with: CaptureCommit,
    ) -> CaptureCommit {
        if run.sweep {
            run.error = None;
            run.ended = to.ended.or((to.stage == SweepStage::Stopped).then(|| self.now()));
        }
        let step = Some(SweepStep { from, to });
        let scheme = self.scheme.id.clone();
        CaptureCommit { scheme, at: Some(self.now()), sweep: step, run: Some(run.clone()), ..with }
    }

    /// The record of a sweep's run.
    fn run_of(&self, sweep: &SweepState) -> Result<Run, StoreError> {
        let stored = self.store.runs(&self.scheme.id, Some(sweep.run + 1), 1)?.into_iter().next();
        let anew =
            || Run { id: sweep.run, started: Some(sweep.started), sweep: sweep.span.is_some(), ..Run::default() };
        Ok(stored.filter(|run| run.id == sweep.run).unwrap_or_else(anew))
    }

    /// The source counts more than it shows, however often it is read: a sweep under way is not known to be complete.
    pub(super) async fn note_partial(&self) -> Result<(), CaptureError> {
        let stored = self.store.sweep(&self.scheme.id)?;
        let Some(sweep) = stored.filter(|sweep| !sweep.is_complete() && !sweep.partial) else { return Ok(()) };
        let step = SweepStep { to: SweepState { partial: true, ..sweep.clone() }, from: Some(sweep) };
        let scheme = self.scheme.id.clone();
        self.store.commit_capture(CaptureCommit { scheme, sweep: Some(step), ..CaptureCommit::default() }).await?;
        Ok(())
    }

    /// What the scheme says of sweeps.
    pub(super) fn sweeps(&self) -> &Sweep {
        self.scheme.source.sweep.as_ref().unwrap_or(&UNSAID)
    }

    /// While a sweep is open, what a page met goes to its seen-table in the page's own commit, once (rule 23).
    pub(super) fn note_met(&self, sorted: &mut Sorted) -> Result<(), StoreError> {
        let mut keys: Vec<Key> = std::mem::take(&mut sorted.commit.met);
        let Some(sweep) = self.store.sweep(&self.scheme.id)?.filter(SweepState::is_open) else { return Ok(()) };
        keys.extend(sorted.met.iter().map(|(key, _, _)| key.clone()));
        let seen = self.store.seen(&self.scheme.id, sweep.run, &keys)?;
        sorted.commit.met = keys.into_iter().zip(seen).filter(|(_, seen)| !seen).map(|(key, _)| key).collect();
        Ok(())
    }

    /// Every document that a sweep found new or changed passes here, once it is stored: the incremental reads had
    /// missed it, or had not come to it yet.
    pub(super) fn found_by_sweep(&self, found: &[Captured]) {
        for Captured { key, kind, source_time, .. } in found {
            let time = source_time.map_or_else(|| "-".to_owned(), |time: Time| time.to_string());
            tracing::info!(scheme = %self.scheme.id, %key, kind = kind.as_str(), time, "found by the sweep");
        }
    }
}
