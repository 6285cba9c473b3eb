//! `run`: the service. One task for each scheme's capture and each target, restarted when one ends unexpectedly,
//! until the stop token is cancelled; what is under way is finished first.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use crate::capture::CaptureError;
use crate::clock::Time;
use crate::config::Retention;
use crate::delivery::Worker;
use crate::engine::retention::trim_daily;
use crate::engine::sweep::sweep_on_schedule;
use crate::engine::unit::{Engine, Unit};

/// Wait after a task ended unexpectedly, or the store refused.
const RESTART: Duration = Duration::from_secs(5);
/// Longest sleep before the store is looked at again without any event.
const IDLE: Duration = Duration::from_secs(600);

/// Runs every enabled scheme until stopped, and forgets history as told.
pub async fn serve(engine: &Arc<Engine>, retention: Retention) {
    let mut tasks = JoinSet::new();
    let engine_ = Arc::clone(engine);
    tasks.spawn(async move {
        supervise(&engine_, || {
            let engine = Arc::clone(&engine_);
            async move { trim_daily(&engine, retention).await }
        })
        .await;
    });
    for unit in engine.units.iter().filter(|unit| unit.scheme.enabled) {
        let (engine_, unit_) = (Arc::clone(engine), Arc::clone(unit));
        tasks.spawn(async move {
            supervise(&engine_, || {
                let (engine, unit) = (Arc::clone(&engine_), Arc::clone(&unit_));
                async move { capture_on_schedule(&engine, &unit).await }
            })
            .await;
        });
        let (engine_, unit_) = (Arc::clone(engine), Arc::clone(unit));
        tasks.spawn(async move {
            supervise(&engine_, || {
                let (engine, unit) = (Arc::clone(&engine_), Arc::clone(&unit_));
                async move { sweep_on_schedule(&engine, &unit).await }
            })
            .await;
        });
        for worker in &unit.workers {
            let (engine_, unit_, worker_) = (Arc::clone(engine), Arc::clone(unit), Arc::clone(worker));
            tasks.spawn(async move {
                supervise(&engine_, || {
                    let (engine, unit, worker) = (Arc::clone(&engine_), Arc::clone(&unit_), Arc::clone(&worker_));
                    async move { deliver(&engine, &unit, &worker).await }
                })
                .await;
            });
        }
    }
    while tasks.join_next().await.is_some() {}
}

/// Starts a task again when it panics, until stopped.
async fn supervise<F>(engine: &Engine, start: impl Fn() -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    while !engine.stop.is_cancelled() {
        match tokio::spawn(start()).await {
            Ok(()) => return,
            Err(panic) => {
                tracing::error!(%panic, "a task ended unexpectedly, starting it again");
                pause(engine, RESTART).await;
            }
        }
    }
}

async fn capture_on_schedule(engine: &Engine, unit: &Unit) {
    let id = &unit.scheme.id;
    while !engine.stop.is_cancelled() {
        unit.set_live(|live| live.running = true);
        let result = unit.capture.run(&|_, _| {}).await;
        let next = unit.scheme.schedule.next(engine.clock.now());
        match &result {
            Ok(outcome) => {
                let run = &outcome.run;
                tracing::info!(scheme = %id, documents = run.documents, new = run.new, changed = run.changed, "captured");
            }
            Err(CaptureError::Stopped) => {}
            Err(error) => tracing::warn!(scheme = %id, %error, "the run stopped early; it goes on from what is stored"),
        }
        unit.set_live(|live| {
            live.running = false;
            live.next_run = Some(next);
            live.last_error = result.err().map(|error| error.to_string());
        });
        tokio::select! {
            () = wait_until(engine, unit, next) => {}
            () = unit.run_now.notified() => {}
            () = engine.stop.cancelled() => {}
        }
    }
}

/// Waits for the next run, in steps: where our clock is set meanwhile, the schedule counts from what it shows then.
async fn wait_until(engine: &Engine, unit: &Unit, mut next: Time) {
    loop {
        let now = engine.clock.now();
        next = next.min(unit.scheme.schedule.next(now));
        let left = next.since(now);
        if left.is_zero() {
            return;
        }
        engine.clock.sleep(left.min(IDLE)).await;
    }
}

async fn deliver(engine: &Engine, unit: &Unit, worker: &Arc<Worker>) {
    while !engine.stop.is_cancelled() {
        // Asked for before the pass, so that a commit during it wakes the next one.
        let changed = unit.changed.notified();
        tokio::pin!(changed);
        changed.as_mut().enable();
        let wait = match worker.pass().await {
            Ok(report) => {
                if report.delivered > 0 && worker.plan().writeback.is_some() {
                    unit.changed.notify_waiters();
                }
                report.next_due.map_or(IDLE, |due| due.since(engine.clock.now()).min(IDLE))
            }
            Err(error) => {
                tracing::error!(scheme = %unit.scheme.id, target = %worker.plan().name, %error, "the store refused");
                RESTART
            }
        };
        tokio::select! {
            () = engine.clock.sleep(wait.max(Duration::from_millis(1))) => {}
            () = changed => {}
            () = engine.stop.cancelled() => {}
        }
    }
}

async fn pause(engine: &Engine, wait: Duration) {
    tokio::select! {
        () = engine.clock.sleep(wait) => {}
        () = engine.stop.cancelled() => {}
    }
}
