//! What verbs do themselves where no service runs.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::cli::context::Context;
use crate::cli::once::chosen;
use crate::cli::output::Failure;
use crate::cli::run::stop_on_signal;
use crate::engine::Engine;
use crate::engine::operate::OperateError;

/// Opens everything, does some work, delivers what is due of a scheme then if that is to be, and closes.
pub async fn work_here<T>(
    context: &Context,
    (scheme, delivers): (&str, bool),
    work: impl AsyncFnOnce(&Engine) -> Result<T, OperateError>,
) -> Result<T, Failure> {
    let stop = CancellationToken::new();
    stop_on_signal(stop.clone());
    let engine = context.engine(&mut context.check()?, stop).await?;
    let done = work(&engine).await;
    let delivered = if done.is_ok() && delivers { deliver(&engine, scheme).await } else { Ok(()) };
    engine.store.close();
    delivered?;
    Ok(done?)
}

async fn deliver(engine: &Arc<Engine>, scheme: &str) -> Result<(), Failure> {
    for unit in chosen(engine, &[scheme.to_owned()])? {
        for worker in &unit.workers {
            worker.pass().await?;
        }
    }
    Ok(())
}
