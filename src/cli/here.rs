//! What verbs do themselves where no service runs.

use tokio_util::sync::CancellationToken;

use crate::cli::context::Context;
use crate::cli::once::chosen;
use crate::cli::output::Failure;
use crate::cli::run::stop_on_signal;
use crate::engine::Engine;
use crate::engine::view::{state_view, target_names};
use crate::name::Key;
use crate::reason::State;

/// Opens everything for a verb about one scheme, does some work, and closes.
pub async fn work_here<T>(
    context: &Context,
    scheme: &str,
    work: impl AsyncFnOnce(&Engine) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let mut checked = context.check_for(&[scheme])?;
    let stop = CancellationToken::new();
    stop_on_signal(stop.clone());
    let engine = context.engine(&mut checked, stop).await?;
    let done = work(&engine).await;
    engine.store.close();
    done
}

/// Delivers what is due of a scheme.
pub async fn deliver(engine: &Engine, scheme: &str) -> Result<(), Failure> {
    for unit in chosen(engine, &[scheme.to_owned()])? {
        for worker in &unit.workers {
            worker.pass().await?;
        }
    }
    Ok(())
}

/// How many of these documents are not settled at some target.
pub fn left_of(context: &Context, engine: &Engine, scheme: &str, keys: &[Key]) -> Result<u64, Failure> {
    let unit = engine.known(scheme)?;
    let mut left = 0;
    for key in keys {
        let mut open = false;
        for target in target_names(&unit.scheme) {
            let view = state_view(&*engine.store, &unit.scheme, &target, key, context.language)?;
            open |= view.and_then(|view| State::from_word(view.state)).is_some_and(|state| !state.is_settled());
        }
        left += u64::from(open);
    }
    Ok(left)
}
