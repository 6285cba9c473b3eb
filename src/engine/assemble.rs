//! Joins what is ready with the store into a running engine.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::capture::Capture;
use crate::clock::{Clock, Zone};
use crate::delivery::{TargetPlan, Worker};
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
    let changed: BTreeMap<String, Arc<Notify>> =
        ready.iter().map(|ready| (ready.scheme.id.clone(), Arc::new(Notify::new()))).collect();
    let mut lookers: BTreeMap<String, Vec<Arc<Notify>>> = BTreeMap::new();
    for ready in &ready {
        for mirror in ready.targets.iter().flat_map(TargetPlan::mirrors) {
            lookers.entry(mirror).or_default().extend(changed.get(&ready.scheme.id).cloned());
        }
    }
    let units = ready
        .into_iter()
        .map(|ready| {
            let changed = changed.get(&ready.scheme.id).cloned().unwrap_or_default();
            let lookers = lookers.remove(&ready.scheme.id).unwrap_or_default();
            let capture = Capture::new(
                Arc::clone(&ready.scheme),
                ready.capture,
                ready.connector,
                Arc::clone(&store),
                (Arc::clone(&clock), zone.clone()),
                Arc::clone(&changed),
                stop.clone(),
            )
            .with_lookers(lookers);
            let workers = ready
                .targets
                .into_iter()
                .map(|plan| Worker::new(plan, Arc::clone(&store), Arc::clone(&clock), stop.clone()))
                .collect();
            let (run_now, sweep_now, live) = (Notify::new(), Notify::new(), Mutex::new(Live::default()));
            Arc::new(Unit { scheme: ready.scheme, capture, workers, changed, run_now, sweep_now, live })
        })
        .collect();
    Arc::new(Engine { units, store, clock, stop })
}
