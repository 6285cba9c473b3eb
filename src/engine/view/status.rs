//! Status of schemes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::capture::Advance;
use crate::clock::Time;
use crate::delivery::Opened;
use crate::engine::view::sweep::{SweepStatus, next_sweep, sweep_status};
use crate::reason::State;
use crate::scheme::{Mode, Scheme};
use crate::store::{Run, Store, StoreError, TargetAnswer};

/// One scheme's status.
#[derive(Debug, Clone, Serialize)]
pub struct SchemeStatus {
    /// Scheme id.
    pub scheme: String,
    /// Title.
    pub title: String,
    /// Whether it runs.
    pub enabled: bool,
    /// Why its capture is paused.
    pub paused: Option<String>,
    /// Greatest source time captured completely.
    pub watermark: Option<String>,
    /// End up to which windows were walked.
    pub walked_to: Option<String>,
    /// End of the last complete scan: in `mode: full`, when everything was last read.
    pub complete_to: Option<String>,
    /// Seconds from the end of the last complete scan to now; none before the first.
    pub behind: Option<u64>,
    /// End of the scan under way, if one is.
    pub scanning_to: Option<String>,
    /// How far the scan under way has come; none where everything is read in each run.
    pub scanning: Option<ScanView>,
    /// Live documents.
    pub documents: u64,
    /// Documents known as deleted.
    pub deleted: u64,
    /// Documents that could not be read.
    pub quarantined: u64,
    /// Last sequence number of the change log.
    pub last_seq: u64,
    /// The last run.
    pub last_run: Option<RunView>,
    /// When the next run begins; known to the running service only.
    pub next_run: Option<String>,
    /// The sweep under way, or the last.
    pub sweep: Option<SweepStatus>,
    /// When the next sweep begins.
    pub next_sweep: Option<String>,
    /// Its targets.
    pub targets: Vec<TargetStatus>,
}

/// A scan under way, as shown.
#[derive(Debug, Clone, Serialize)]
pub struct ScanView {
    /// The window being read, from 1 within the run.
    pub window: u64,
    /// Source time up to which it was read.
    pub reached: String,
    /// Its end.
    pub to: String,
    /// The share done, from 0 to 1.
    pub share: f64,
    /// About how many seconds it will take at the run's speed; none before there is any.
    pub left_seconds: Option<u64>,
    /// The same as a sentence.
    #[serde(skip)]
    pub sentence: String,
}

impl From<Advance> for ScanView {
    fn from(advance: Advance) -> Self {
        Self {
            window: advance.window,
            reached: advance.reached.to_string(),
            to: advance.to.to_string(),
            share: f64::from(advance.share) / 1000.0,
            left_seconds: advance.left.map(|left| left.as_secs()),
            sentence: advance.to_string(),
        }
    }
}

/// One target's status.
#[derive(Debug, Clone, Serialize)]
pub struct TargetStatus {
    /// Target name.
    pub target: String,
    /// What it was told to do with documents it did not know; none: it waits for `decide`.
    pub answer: Option<String>,
    /// Documents that wait for `decide`; none where it was told.
    pub undecided: Option<u64>,
    /// What told documents belong to, where the target is another account, form or identity now.
    pub moved_from: Option<String>,
    /// The database was restored, and capture has not yet caught up: until then nothing is sent.
    pub restored: bool,
    /// Why it is paused.
    pub paused: Option<String>,
    /// Documents by state. Documents the target has not yet planned count as `pending`, or as `waiting` before it
    /// was told what to do; the sum is the number of documents captured. A write-back counts those its target has
    /// accepted.
    pub counts: BTreeMap<&'static str, u64>,
    /// Earliest due time.
    pub oldest_due: Option<String>,
    /// The open circuit breaker: several documents in a row got no answer, and the target is left alone until a test
    /// is answered. Known to the running service only.
    pub breaker: Option<BreakerView>,
}

/// An open circuit breaker as shown.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct BreakerView {
    /// Open since; RFC 3339.
    pub open_since: String,
    /// The next test, if anything is due then; RFC 3339.
    pub next_test: String,
    /// What the last failure said.
    pub why: String,
}

impl From<Opened> for BreakerView {
    fn from(opened: Opened) -> Self {
        let Opened { since, next_test, why } = opened;
        Self { open_since: since.to_string(), next_test: next_test.to_string(), why }
    }
}

/// A run as shown.
#[derive(Debug, Clone, Serialize)]
pub struct RunView {
    /// From 1 within the scheme.
    pub id: u64,
    /// RFC 3339.
    pub started: Option<String>,
    /// RFC 3339; none while it runs, or if the process died.
    pub ended: Option<String>,
    /// Milliseconds it took.
    pub duration_ms: Option<u64>,
    /// Windows completed.
    pub windows: u64,
    /// Pages read.
    pub pages: u64,
    /// Documents met.
    pub documents: u64,
    /// First seen.
    pub new: u64,
    /// Changed.
    pub changed: u64,
    /// Unchanged.
    pub unchanged: u64,
    /// Unreadable.
    pub quarantined: u64,
    /// Known as deleted by it.
    pub deleted: u64,
    /// Whether it is a sweep.
    pub sweep: bool,
    /// Why it stopped early.
    pub error: Option<String>,
}

impl From<&Run> for RunView {
    fn from(run: &Run) -> Self {
        let took = run.started.zip(run.ended).map(|(started, ended)| ended.since(started));
        Self {
            id: run.id,
            started: run.started.map(|time| time.to_string()),
            ended: run.ended.map(|time| time.to_string()),
            duration_ms: took.map(|took| u64::try_from(took.as_millis()).unwrap_or(u64::MAX)),
            windows: run.windows,
            pages: run.pages,
            documents: run.documents,
            new: run.new,
            changed: run.changed,
            unchanged: run.unchanged,
            quarantined: run.quarantined,
            deleted: run.deleted,
            sweep: run.sweep,
            error: run.error.clone(),
        }
    }
}

/// One scheme's status as stored.
pub fn status(store: &dyn Store, scheme: &Scheme, now: Time) -> Result<SchemeStatus, StoreError> {
    let id = &scheme.id;
    let progress = store.progress(id)?;
    let (documents, deleted) = store.document_count(id)?;
    let text = |time: Option<Time>| time.map(|time| time.to_string());
    let targets = target_names(scheme)
        .into_iter()
        .map(|target| {
            let known = if is_writeback(scheme, &target) { 0 } else { documents + deleted };
            target_status(store, id, &target, known)
        })
        .collect::<Result<_, _>>()?;
    let last_run = store.runs(id, None, 1)?.into_iter().next();
    let scanning = last_run.as_ref().zip(progress.as_ref()).filter(|_| scheme.source.mode != Mode::Full);
    Ok(SchemeStatus {
        scheme: id.clone(),
        title: scheme.title.clone(),
        enabled: scheme.enabled,
        paused: store.paused(id)?,
        watermark: text(progress.as_ref().and_then(|p| p.watermark)),
        walked_to: text(progress.as_ref().and_then(|p| p.walked_to)),
        complete_to: text(progress.as_ref().and_then(|p| p.complete_to)),
        behind: progress.as_ref().and_then(|p| p.complete_to).map(|to| now.since(to).as_secs()),
        scanning_to: text(progress.as_ref().and_then(|p| p.scan.as_ref()).map(|scan| scan.to)),
        scanning: scanning.and_then(|(run, progress)| Advance::of(run, progress)).map(ScanView::from),
        documents,
        deleted,
        quarantined: store.quarantined(id)?.len() as u64,
        last_seq: store.last_seq(id)?,
        last_run: last_run.as_ref().map(RunView::from),
        next_run: None,
        sweep: store.sweep(id)?.map(|sweep| sweep_status(id, &sweep)),
        next_sweep: text(next_sweep(store, scheme)?),
        targets,
    })
}

/// Names of a scheme's targets, write-backs included.
pub fn target_names(scheme: &Scheme) -> Vec<String> {
    let mut names = Vec::new();
    for target in &scheme.targets {
        names.push(target.name.clone());
        names.extend(target.writeback.as_ref().map(|back| back.name.clone()));
    }
    names
}

/// Whether a target of a scheme is a write-back. A document concerns it only once its target has accepted it.
pub fn is_writeback(scheme: &Scheme, target: &str) -> bool {
    scheme.targets.iter().filter_map(|target| target.writeback.as_ref()).any(|back| back.name == target)
}

fn target_status(store: &dyn Store, scheme: &str, target: &str, known: u64) -> Result<TargetStatus, StoreError> {
    let state = store.target(scheme, target)?;
    let answer = state.as_ref().and_then(|state| state.answer.clone());
    let stored = store.counts(scheme, target)?;
    let planned: u64 = stored.values().sum();
    let mut counts: BTreeMap<&'static str, u64> = State::ALL.iter().map(|state| (state.as_str(), 0)).collect();
    for (state, count) in stored {
        counts.insert(state.as_str(), count);
    }
    let undecided = answer.is_none().then_some(known);
    let unplanned = if answer.is_some() { State::Pending } else { State::Waiting };
    *counts.entry(unplanned.as_str()).or_default() += known.saturating_sub(planned);
    Ok(TargetStatus {
        target: target.to_owned(),
        answer: answer.map(|answer| match answer {
            TargetAnswer::Send { since: None } => "send".to_owned(),
            TargetAnswer::Send { since: Some(since) } => format!("send since {since}"),
            TargetAnswer::Baseline { instant } => format!("baseline at {instant}"),
            TargetAnswer::Adopt => "adopt".to_owned(),
        }),
        undecided,
        moved_from: state.as_ref().and_then(|state| state.moved_from.clone()),
        restored: state.as_ref().is_some_and(|state| state.restored),
        paused: state.and_then(|state| state.paused),
        counts,
        oldest_due: store.next_due(scheme, target)?.map(|due| due.to_string()),
        breaker: None,
    })
}
