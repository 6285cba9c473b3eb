//! History is forgotten once a day, as `retention` says (rule 17).

use std::time::Duration;

use crate::config::Retention;
use crate::engine::unit::Engine;
use crate::store::{StoreError, Trim, Trimmed};

/// After the start of the service, when what is due has begun.
const FIRST: Duration = Duration::from_secs(60);
/// From one time to the next.
const EVERY: Duration = Duration::from_secs(86_400);
/// Documents looked through in one transaction.
const AT_ONCE: usize = 500;

/// Forgets what is not to be kept, a minute after the start and then daily, until stopped.
pub(super) async fn trim_daily(engine: &Engine, retention: Retention) {
    let mut wait = FIRST;
    loop {
        tokio::select! {
            () = engine.clock.sleep(wait) => {}
            () = engine.stop.cancelled() => return,
        }
        for unit in &engine.units {
            let scheme = &unit.scheme.id;
            match engine.trim(scheme, retention).await {
                Ok(Trimmed { bodies, attempts, changes, runs, .. }) if bodies + attempts + changes + runs > 0 => {
                    tracing::info!(%scheme, versions = bodies, attempts, changes, runs, "history is forgotten");
                }
                Ok(_) => {}
                Err(error) => tracing::warn!(%scheme, %error, "history is not forgotten, tried again tomorrow"),
            }
        }
        wait = EVERY;
    }
}

impl Engine {
    /// Forgets what of a scheme's history is not to be kept, in bounded transactions; what that was. Ends early when
    /// the engine is stopped.
    pub async fn trim(&self, scheme: &str, retention: Retention) -> Result<Trimmed, StoreError> {
        let now = self.clock.now();
        let mut trim = Trim {
            scheme: scheme.to_owned(),
            versions: retention.versions,
            before_history: now.minus(retention.history),
            before_runs: now.minus(retention.runs),
            after: None,
            limit: AT_ONCE,
        };
        let mut sum = Trimmed::default();
        loop {
            let done = self.store.trim(trim.clone()).await?;
            sum.bodies += done.bodies;
            sum.attempts += done.attempts;
            sum.changes += done.changes;
            sum.runs += done.runs;
            if !done.more || self.stop.is_cancelled() {
                return Ok(sum);
            }
            trim.after = done.after;
        }
    }
}
