//! Schemes, runs, and the service itself.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State as Extract;
use axum::http::StatusCode;
use serde::Serialize;

use crate::api::answer::{Answer, Problem};
use crate::api::extract::{Path, Query};
use crate::api::page::{Paging, cursor};
use crate::api::server::State;
use crate::engine::Unit;
use crate::engine::view::{RunView, SchemeStatus, status};
use crate::store::Origin;

/// The service.
#[derive(Serialize)]
pub struct InfoAnswer {
    version: &'static str,
    pid: u32,
    database_bytes: u64,
    database_format: u64,
    /// In another epoch the same sequence number of a change log is another change.
    database_epoch: u64,
    database_origin: Origin,
    /// Why nothing can be written at the moment.
    #[serde(skip_serializing_if = "Option::is_none")]
    database_trouble: Option<String>,
    uptime_seconds: u64,
    started: String,
}

/// A list.
#[derive(Serialize)]
pub struct List<T> {
    items: Vec<T>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cursor: Option<String>,
}

impl<T> List<T> {
    /// A page of a list and where it goes on.
    pub fn new(items: Vec<T>, cursor: Option<String>) -> Self {
        Self { items, cursor }
    }
}

/// One scheme with its definition; secrets never stand in schemes.
#[derive(Serialize)]
pub struct SchemeAnswer {
    #[serde(flatten)]
    status: SchemeStatus,
    definition: String,
}

/// Alive, also where the database can't be written at the moment: it goes on by itself.
pub async fn healthz(Extract(state): Extract<Arc<State>>) -> Json<BTreeMap<&'static str, &'static str>> {
    let status = if state.engine.store.trouble().is_none() { "ok" } else { "the database can't be written" };
    Json(BTreeMap::from([("status", status)]))
}

/// Ready: the store answers and can be written.
pub async fn readyz(Extract(state): Extract<Arc<State>>) -> Answer<BTreeMap<&'static str, &'static str>> {
    let ready = state.engine.store.info();
    ready.map_err(|error| Problem::new(StatusCode::SERVICE_UNAVAILABLE, error.to_string()))?;
    if let Some(trouble) = state.engine.store.trouble() {
        return Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, trouble));
    }
    if state.engine.stop.is_cancelled() {
        return Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "the service is stopping"));
    }
    Ok(Json(BTreeMap::from([("status", "ready")])))
}

/// The service.
pub async fn info(Extract(state): Extract<Arc<State>>) -> Answer<InfoAnswer> {
    let info = state.engine.store.info()?;
    Ok(Json(InfoAnswer {
        version: env!("CARGO_PKG_VERSION"),
        pid: std::process::id(),
        database_bytes: info.bytes,
        database_format: info.format,
        database_epoch: info.lineage.epoch,
        database_origin: info.lineage.origin,
        database_trouble: state.engine.store.trouble(),
        uptime_seconds: state.engine.clock.now().since(state.started).as_secs(),
        started: state.started.to_string(),
    }))
}

/// All schemes.
pub async fn list(Extract(state): Extract<Arc<State>>) -> Answer<List<SchemeStatus>> {
    let all = state.engine.units.iter().map(|unit| status_of(&state, unit));
    Ok(Json(List::new(all.collect::<Result<_, _>>()?, None)))
}

/// One scheme.
pub async fn one(Extract(state): Extract<Arc<State>>, Path(scheme): Path<String>) -> Answer<SchemeAnswer> {
    let unit = unit(&state, &scheme)?;
    let definition = std::fs::read_to_string(&unit.scheme.file).unwrap_or_default();
    Ok(Json(SchemeAnswer { status: status_of(&state, unit)?, definition }))
}

/// Its runs, newest first.
pub async fn runs(
    Extract(state): Extract<Arc<State>>,
    Path(scheme): Path<String>,
    Query(paging): Query<Paging>,
) -> Answer<List<RunView>> {
    unit(&state, &scheme)?;
    let before = paging.cursor()?.and_then(|parts| parts.first()?.parse().ok());
    let limit = paging.limit()?;
    let runs = state.engine.store.runs(&scheme, before, limit)?;
    let next = runs.last().filter(|_| runs.len() == limit).map(|run| cursor(&[&run.id.to_string()]));
    Ok(Json(List::new(runs.iter().map(RunView::from).collect(), next)))
}

/// One run.
pub async fn run(Extract(state): Extract<Arc<State>>, Path((scheme, id)): Path<(String, u64)>) -> Answer<RunView> {
    unit(&state, &scheme)?;
    let found = state.engine.store.runs(&scheme, Some(id.saturating_add(1)), 1)?;
    let found = found.first().filter(|run| run.id == id).map(RunView::from);
    found.map(Json).ok_or_else(|| Problem::missing(format!("`{scheme}` has no run {id}")))
}

/// The scheme of a name.
pub fn unit<'a>(state: &'a State, scheme: &str) -> Result<&'a Arc<Unit>, Problem> {
    state.engine.unit(scheme).ok_or_else(|| {
        let known: Vec<&str> = state.engine.units.iter().map(|unit| unit.scheme.id.as_str()).collect();
        Problem::missing(format!("there is no scheme `{scheme}`; known: {}", known.join(", ")))
    })
}

fn status_of(state: &State, unit: &Unit) -> Result<SchemeStatus, Problem> {
    let mut found = status(&*state.engine.store, &unit.scheme, state.engine.clock.now())?;
    unit.add_live(&mut found);
    Ok(found)
}
