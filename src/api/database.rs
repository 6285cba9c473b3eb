//! Care of the database that this service has open.

use std::path::PathBuf;
use std::sync::Arc;

use axum::Json;
use axum::extract::State as Extract;
use axum::http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};

use crate::api::answer::{Answer, Problem};
use crate::api::extract::Body;
use crate::api::server::State;
use crate::store::StoreError;

#[derive(Debug, Deserialize)]
pub struct Backup {
    file: PathBuf,
}

/// What a backup came to.
#[derive(Serialize)]
pub struct BackedUp {
    file: PathBuf,
    bytes: u64,
}

/// Writes a backup to a new file of this machine. Only for verbs of the service's own user: nobody else may name files
/// here.
pub async fn backup(
    Extract(state): Extract<Arc<State>>,
    headers: HeaderMap,
    Body(Backup { file }): Body<Backup>,
) -> Answer<BackedUp> {
    if !state.access().is_local(&headers) {
        return Err(Problem::new(
            StatusCode::FORBIDDEN,
            "backups are made by `deltaferry db backup FILE` on this machine",
        ));
    }
    if !file.is_absolute() {
        return Err(Problem::wrong("`file` is no absolute path"));
    }
    let (store, to) = (Arc::clone(&state.engine.store), file.clone());
    let written = tokio::task::spawn_blocking(move || store.backup(&to)).await;
    let bytes = written.map_err(|panic| Problem::new(StatusCode::INTERNAL_SERVER_ERROR, panic.to_string()))?;
    let bytes = bytes.map_err(|error| match error {
        StoreError::Exists(_) => Problem::new(StatusCode::CONFLICT, error.to_string()),
        StoreError::Io(why) => {
            Problem::new(StatusCode::INTERNAL_SERVER_ERROR, format!("the backup could not be made: {why}"))
        }
        error => error.into(),
    })?;
    tracing::info!(file = %file.display(), bytes, "backup written");
    Ok(Json(BackedUp { file, bytes }))
}
