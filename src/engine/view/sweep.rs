//! Sweeps as shown: the one under way or the last, what waits for a word, and when the next one begins.

use serde::Serialize;

use crate::clock::Time;
use crate::document::Head;
use crate::name::Key;
use crate::scheme::{Mode, Scheme};
use crate::store::{Store, StoreError, SweepStage, SweepState};

/// A scheme's sweep.
#[derive(Debug, Clone, Serialize)]
pub struct SweepStatus {
    /// Its run: what `sweep SCHEME --confirm RUN` takes.
    pub run: u64,
    /// `reading`, `judging`, `deleting`, `stopped` (it asks before it deletes so many), or `ended`.
    pub stage: &'static str,
    /// RFC 3339.
    pub started: String,
    /// RFC 3339.
    pub ended: Option<String>,
    /// Source time from which it reads; none: everything.
    pub from: Option<String>,
    /// Documents it could have met.
    pub known: u64,
    /// Of these, the ones it did not meet.
    pub missing: u64,
    /// Documents that became deletions.
    pub deleted: u64,
    /// The mass deletion that waits for a person's word.
    pub asks: Option<SweepQuestion>,
}

/// A mass deletion that waits for a person's word.
#[derive(Debug, Clone, Serialize)]
pub struct SweepQuestion {
    /// The run that asked: `sweep SCHEME --confirm RUN`.
    pub run: u64,
    /// How many documents it is about at most.
    pub missing: u64,
    /// In words.
    pub text: String,
}

/// A sweep as shown.
pub fn sweep_status(scheme: &str, sweep: &SweepState) -> SweepStatus {
    let asks = sweep.ask.map(|ask| SweepQuestion {
        run: ask.run,
        missing: ask.missing,
        text: format!(
            "{} documents are not shown by the source any more; look there, then `deltaferry sweep {scheme} \
             --confirm {}` deletes them",
            ask.missing, ask.run
        ),
    });
    SweepStatus {
        run: sweep.run,
        stage: match sweep.stage {
            SweepStage::Reading { .. } => "reading",
            SweepStage::Judging | SweepStage::Confirming { .. } => "judging",
            SweepStage::Deleting { .. } => "deleting",
            SweepStage::Stopped => "stopped",
            SweepStage::Ended => "ended",
        },
        started: sweep.started.to_string(),
        ended: sweep.ended.map(|time| time.to_string()),
        from: sweep.span.map(|span| span.begin.to_string()),
        known: sweep.known,
        missing: sweep.missing,
        deleted: sweep.deleted,
        asks,
    }
}

/// When a scheme's next sweep begins, or at once what one that was cut short goes on with; none where there is nothing
/// to sweep yet, or every run is a sweep.
pub fn next_sweep(store: &dyn Store, scheme: &Scheme) -> Result<Option<Time>, StoreError> {
    let schedule = scheme.source.sweep.as_ref().and_then(|sweep| sweep.schedule.as_ref());
    let Some(schedule) = schedule.filter(|_| scheme.source.mode != Mode::Full) else { return Ok(None) };
    let Some(progress) = store.progress(&scheme.id)? else { return Ok(None) };
    Ok(Some(match store.sweep(&scheme.id)? {
        Some(sweep) if sweep.is_under_way() => sweep.started,
        Some(sweep) => schedule.next(sweep.ended.unwrap_or(sweep.started)),
        None => schedule.next(progress.first_start),
    }))
}

/// What a sweep has to say of a document, in English and Chinese.
pub fn of_document(
    store: &dyn Store,
    scheme: &str,
    key: &Key,
    head: &Head,
) -> Result<Option<(String, String)>, StoreError> {
    if head.is_tombstone() {
        let english = "the source does not have it any more: a complete sweep did not meet it, and it was asked for by key, or missing from two sweeps";
        return Ok(Some((
            english.to_owned(),
            "源系统已不再有此单据:完整的漏单补救未读到它,并已按主键确认,或连续两次补救均未读到".to_owned(),
        )));
    }
    let Some(sweep) = store.sweep(scheme)? else { return Ok(None) };
    let is_missing = sweep.is_complete()
        && sweep.missing > 0
        && head.seq <= sweep.seq
        && head.source_time.is_some_and(|time| sweep.span.is_none_or(|span| span.begin <= time && time < span.end))
        && store.seen(scheme, sweep.run, std::slice::from_ref(key))? == [false];
    if !is_missing {
        return Ok(None);
    }
    let run = sweep.ask.map_or(sweep.run, |ask| ask.run);
    Ok(Some(match sweep.stage {
        SweepStage::Stopped => (
            format!(
                "sweep {run} did not meet it at the source; with {} others its deletion waits for `deltaferry sweep {scheme} --confirm {run}`",
                sweep.missing.saturating_sub(1)
            ),
            format!(
                "第 {run} 次运行的漏单补救未读到它;它与另外 {} 个单据的删除等待 `deltaferry sweep {scheme} --confirm {run}` 确认",
                sweep.missing.saturating_sub(1)
            ),
        ),
        _ => (
            format!("sweep {run} did not meet it at the source; that alone deletes nothing"),
            format!("第 {run} 次运行的漏单补救未读到它;仅凭这一点不会删除"),
        ),
    }))
}
