//! Sweeps in the running service: when they are due, or when a person asks, beside the normal runs.

use std::time::Duration;

use crate::capture::{CaptureError, Swept};
use crate::engine::operate::OperateError;
use crate::engine::unit::{Engine, Unit};
use crate::engine::view::next_sweep;

/// Longest sleep before it is looked at again whether a sweep is due.
const LOOK_AGAIN: Duration = Duration::from_secs(60);

/// Sweeps a scheme when it is due, until stopped.
pub(super) async fn sweep_on_schedule(engine: &Engine, unit: &Unit) {
    let mut asked = false;
    // A sweep that was cut short, or refused, goes on when the next run is due, not at once.
    let mut not_before = None;
    while !engine.stop.is_cancelled() {
        let now = engine.clock.now();
        let due = next_sweep(&*engine.store, &unit.scheme).unwrap_or_else(|error| {
            tracing::error!(scheme = %unit.scheme.id, %error, "it could not be looked up when the next sweep is due");
            None
        });
        let due = due.max(not_before.filter(|_| due.is_some()));
        if asked || due.is_some_and(|due| due <= now) {
            let result = unit.capture.sweep().await;
            tell(unit, &result);
            not_before = result.is_err().then(|| unit.scheme.schedule.next(engine.clock.now()));
            asked = false;
            continue;
        }
        let wait = due.map_or(LOOK_AGAIN, |due| due.since(now).min(LOOK_AGAIN));
        // Before the first run there is nothing to sweep: what it stores may make a sweep due.
        let is_first = due.is_none() && unit.scheme.source.sweep.is_some();
        tokio::select! {
            () = engine.clock.sleep(wait) => {}
            () = unit.sweep_now.notified() => asked = true,
            () = unit.changed.notified(), if is_first => {}
            () = engine.stop.cancelled() => {}
        }
    }
}

fn tell(unit: &Unit, result: &Result<Swept, CaptureError>) {
    let id = &unit.scheme.id;
    match result {
        Ok(Swept { run, .. }) => {
            tracing::info!(scheme = %id, documents = run.documents, new = run.new, changed = run.changed, deleted = run.deleted, "swept");
        }
        Err(CaptureError::Stopped | CaptureError::Paused(_)) => {}
        Err(error) => tracing::warn!(scheme = %id, %error, "the sweep stopped early; it goes on from what is stored"),
    }
}

impl Engine {
    /// Begins a sweep now instead of when it is due.
    ///
    /// # Errors
    ///
    /// [`OperateError::NotNow`] where the service would not sweep it: the scheme is disabled or paused.
    pub fn sweep_now(&self, scheme: &str) -> Result<(), OperateError> {
        self.must_read(scheme)?.sweep_now.notify_one();
        Ok(())
    }

    /// Sweeps to the end, or until the sweep asks.
    pub async fn sweep(&self, scheme: &str) -> Result<Swept, OperateError> {
        Ok(self.known(scheme)?.capture.sweep().await?)
    }

    /// A person lets the mass deletion that a sweep asked about go on.
    pub async fn confirm_sweep(&self, scheme: &str, run: u64) -> Result<Swept, OperateError> {
        let unit = self.known(scheme)?;
        let swept = unit.capture.confirm_sweep(run).await.map_err(|error| match error {
            CaptureError::Unasked { .. } => OperateError::Refused(error.to_string()),
            other => other.into(),
        })?;
        unit.changed.notify_waiters();
        Ok(swept)
    }
}
