//! `once`: captures and delivers until nothing more is due, then ends.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::capture::CaptureError;
use crate::delivery::Worker;
use crate::engine::unit::{Engine, Unit};
use crate::store::{Run, StoreError};
use crate::watermark::Progress;

/// Told of a scheme's run and progress after each window.
pub type OnProgress = Arc<dyn Fn(&str, &Run, &Progress) + Send + Sync>;

/// How `once` runs.
#[derive(Clone)]
pub struct OnceOptions {
    /// How long to wait, in all, for retries and settle times that are due later.
    pub wait: Duration,
    /// Told of a scheme's progress.
    pub progress: OnProgress,
}

/// Runs schemes once, all at the same time, after the schemes they look up in were captured. Returns the run of each,
/// of these too, or why it stopped early; what was captured is delivered either way.
pub async fn once(
    engine: &Arc<Engine>,
    units: Vec<Arc<Unit>>,
    options: OnceOptions,
) -> Result<Vec<(String, Result<Run, CaptureError>)>, StoreError> {
    let asked: BTreeSet<String> = units.iter().flat_map(|unit| unit.mirrors()).collect();
    let mut captures = JoinSet::new();
    for mirror in asked.iter().filter_map(|scheme| engine.unit(scheme)) {
        let (mirror, options) = (Arc::clone(mirror), options.clone());
        captures.spawn(async move { (mirror.scheme.id.clone(), capture(&mirror, &options).await) });
    }
    let mut results = BTreeMap::new();
    while let Some(joined) = captures.join_next().await {
        let (id, result) = joined.map_err(|panic| StoreError::Io(format!("a scheme's task failed: {panic}")))?;
        results.insert(id, result);
    }
    let mut tasks = JoinSet::new();
    for unit in units {
        let (engine, options) = (Arc::clone(engine), options.clone());
        let captured = results.remove(&unit.scheme.id);
        tasks.spawn(async move { run_unit(&engine, unit, options, captured).await });
    }
    let mut refused = None;
    while let Some(joined) = tasks.join_next().await {
        match joined.unwrap_or_else(|panic| Err(StoreError::Io(format!("a scheme's task failed: {panic}")))) {
            Ok((id, result)) => drop(results.insert(id, result)),
            // The others go on to their end.
            Err(error) => drop(refused.get_or_insert(error)),
        }
    }
    refused.map_or_else(|| Ok(results.into_iter().collect()), Err)
}

/// What came of a scheme's capture.
type Captured = Result<Run, CaptureError>;

async fn capture(unit: &Unit, options: &OnceOptions) -> Captured {
    let id = &unit.scheme.id;
    unit.capture.run(&|run, progress| (options.progress)(id, run, progress)).await.map(|outcome| outcome.run)
}

/// Captures a scheme, unless that was done before, and delivers beside and after it.
async fn run_unit(
    engine: &Arc<Engine>,
    unit: Arc<Unit>,
    options: OnceOptions,
    before: Option<Captured>,
) -> Result<(String, Captured), StoreError> {
    let captured = CancellationToken::new();
    let mut targets = JoinSet::new();
    // Each write-back goes on until its target has come to an end.
    let ends: Vec<(Arc<Worker>, CancellationToken)> =
        unit.workers.iter().map(|worker| (Arc::clone(worker), CancellationToken::new())).collect();
    for (worker, end) in &ends {
        let of = worker.plan().back.as_ref().map(|back| &back.of);
        let before = ends.iter().find(|(other, _)| Some(&other.plan().name) == of).map_or(&captured, |(_, end)| end);
        let (engine, unit, worker, wait) = (Arc::clone(engine), Arc::clone(&unit), Arc::clone(worker), options.wait);
        let (before, end) = (before.clone(), end.clone().drop_guard());
        targets.spawn(async move {
            let _end = end;
            drain(&engine, &unit, &worker, &before, wait).await
        });
    }
    let result = match before {
        Some(captured) => captured,
        None => capture(&unit, &options).await,
    };
    captured.cancel();
    while let Some(joined) = targets.join_next().await {
        joined.map_err(|panic| StoreError::Io(format!("a delivery task failed: {panic}")))??;
    }
    Ok((unit.scheme.id.clone(), result))
}

/// Delivers until what comes before (the capture, or a write-back's target) has ended and nothing is due within what is left of the wait.
async fn drain(
    engine: &Engine,
    unit: &Unit,
    worker: &Arc<Worker>,
    captured: &CancellationToken,
    mut wait: Duration,
) -> Result<(), StoreError> {
    loop {
        // Asked for before the pass, so that a commit during it wakes the next one.
        let changed = unit.changed.notified();
        tokio::pin!(changed);
        changed.as_mut().enable();
        let finished = captured.is_cancelled();
        let report = worker.pass().await?;
        if report.delivered > 0 && worker.plan().writeback.is_some() {
            unit.changed.notify_waiters();
        }
        if engine.stop.is_cancelled() {
            return Ok(());
        }
        let until_due = report.next_due.map(|due| due.since(engine.clock.now()));
        if !finished {
            let pause = until_due.unwrap_or(Duration::from_secs(3600));
            tokio::select! {
                () = changed => {}
                () = captured.cancelled() => {}
                () = engine.clock.sleep(pause) => {}
                () = engine.stop.cancelled() => return Ok(()),
            }
            continue;
        }
        match until_due {
            Some(pause) if pause <= wait => {
                // A grain more than nothing, so that a due time of this very instant is not asked for in a circle.
                let pause = pause.max(Duration::from_millis(1));
                wait = wait.saturating_sub(pause);
                tokio::select! {
                    () = engine.clock.sleep(pause) => {}
                    () = engine.stop.cancelled() => return Ok(()),
                }
            }
            Some(_) | None => return Ok(()),
        }
    }
}
