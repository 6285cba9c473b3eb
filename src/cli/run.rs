//! `run`: the service, until SIGTERM or Ctrl-C; a second signal ends at once.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use tokio_util::sync::CancellationToken;

use crate::api;
use crate::cli::context::{Context, read_tables};
use crate::cli::output::{Exit, Failure, say, start_service_log, tell_left_out};
use crate::cli::remote::ServiceFile;
use crate::config::Config;
use crate::crash;
use crate::engine::operate::{Action, Selection};
use crate::engine::{Engine, serve};
use crate::mapping::Tables;

/// How often table files are looked at.
const TABLES_EVERY: Duration = Duration::from_secs(5);

pub async fn run(context: &Context) -> Result<Exit, Failure> {
    let (mut checked, left_out) = context.check_sound()?;
    tell_left_out(&left_out);
    start_service_log(&checked.config.log, context.verbose)?;
    left_out.iter().for_each(|fault| tracing::error!(%fault, "a scheme at fault is left out"));
    let stop = CancellationToken::new();
    stop_on_signal(stop.clone());
    let engine = context.engine(&mut checked, stop.clone()).await?;
    let server = api::Server::bind(Arc::clone(&engine), &checked.config).await;
    let server = server.map_err(|error| Failure::failed(error.to_string()))?;
    let service = ServiceFile::write(&checked.config, server.address(), server.token())?;
    say(format_args!("deltaferry runs; status at http://{}/api/v1/schemes", server.address()));
    let watching = tokio::spawn(watch_tables(Arc::clone(&engine), checked.config.clone(), Arc::clone(&checked.tables)));
    let answering = tokio::spawn(server.serve(stop.clone()));
    serve(&engine, checked.config.retention).await;
    stop.cancel();
    // Both end with the stop token; a failure there was logged where it happened.
    let _ = tokio::join!(watching, answering);
    service.remove();
    crash::point("stop.finished");
    engine.store.close();
    say("stopped; everything under way was finished");
    Ok(Exit::Done)
}

/// Cancels at the first signal; ends the process at the second.
pub fn stop_on_signal(stop: CancellationToken) {
    tokio::spawn(async move {
        wait_for_signal().await;
        tracing::info!("stopping: what is under way is finished; a second signal ends at once");
        stop.cancel();
        crash::point("stop.asked");
        wait_for_signal().await;
        std::process::exit(i32::from(u8::from(true)));
    });
}

#[cfg(unix)]
async fn wait_for_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => {
            tokio::select! { _ = tokio::signal::ctrl_c() => {}, _ = terminate.recv() => {} }
        }
        // Without a handler for SIGTERM the system ends the process by itself; Ctrl-C still works.
        Err(_) => drop(tokio::signal::ctrl_c().await),
    }
}

#[cfg(not(unix))]
async fn wait_for_signal() {
    drop(tokio::signal::ctrl_c().await);
}

/// Reads the cross-reference tables again when a file changes; documents that waited for a code are tried at once.
async fn watch_tables(engine: Arc<Engine>, config: Config, tables: Arc<RwLock<Arc<Tables>>>) {
    let stamps = |config: &Config| -> Vec<Option<SystemTime>> {
        config.tables.iter().map(|file| std::fs::metadata(&file.path).and_then(|meta| meta.modified()).ok()).collect()
    };
    let mut known = stamps(&config);
    while !engine.stop.is_cancelled() {
        tokio::select! {
            () = engine.clock.sleep(TABLES_EVERY) => {}
            () = engine.stop.cancelled() => return,
        }
        let now = stamps(&config);
        if now == known {
            continue;
        }
        known = now;
        let mut faults = Vec::new();
        let read = read_tables(&config, &mut faults);
        if faults.is_empty() {
            *tables.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(read);
            tracing::info!("cross-reference tables read again");
            retry_missing(&engine).await;
        } else {
            let told: Vec<String> = faults.iter().map(ToString::to_string).collect();
            tracing::error!(faults = told.join("; "), "the tables are at fault; the ones read before stay in use");
        }
    }
}

/// Queues what was rejected or waits because a code was missing.
async fn retry_missing(engine: &Engine) {
    for unit in &engine.units {
        for worker in &unit.workers {
            match engine.keys_missing_codes(&unit.scheme.id, &worker.plan().name) {
                Ok(keys) if keys.is_empty() => {}
                Ok(keys) => {
                    let selection = Selection {
                        scheme: Some(unit.scheme.id.clone()),
                        target: Some(worker.plan().name.clone()),
                        keys,
                        ..Selection::default()
                    };
                    if let Err(error) = engine.act(&selection, &Action::Retry).await {
                        tracing::error!(%error, "documents that miss codes could not be queued");
                    }
                }
                Err(error) => tracing::error!(%error, "documents that miss codes could not be found"),
            }
        }
    }
}
