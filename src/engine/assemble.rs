//! Joins what is ready with the store into a running engine.

use std::sync::{Arc, Mutex};

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::capture::Capture;
use crate::clock::{Clock, Zone};
use crate::delivery::Worker;
use crate::engine::check::Ready;
use crate::engine::unit::{Engine, Live, Unit};
use crate::store::Store;

/// Joins schemes made ready with a store. Nothing runs yet; [`Engine::prepare`] comes next.
pub fn assemble(
    ready: Vec<Ready>,
    store: Arc<dyn Store>,
    (clock, zone): (Arc<dyn Clock>, Zone),
    stop: CancellationToken,
) -> Arc<Engine> {
    let units = ready
        .into_iter()
        .map(|ready| {
            let changed = Arc::new(Notify::new());
            let capture = Capture::new(
                Arc::clone(&ready.scheme),
                ready.capture,
                ready.connector,
                Arc::clone(&store),
                (Arc::clone(&clock), zone.clone()),
                Arc::clone(&changed),
                stop.clone(),
            );
            let workers = ready
                .targets
                .into_iter()
                .map(|plan| Worker::new(plan, Arc::clone(&store), Arc::clone(&clock), stop.clone()))
                .collect();
            let (run_now, live) = (Notify::new(), Mutex::new(Live::default()));
            Arc::new(Unit { scheme: ready.scheme, capture, workers, changed, run_now, live })
        })
        .collect();
    Arc::new(Engine { units, store, clock, stop })
}
