//! Actions on schemes and on many deliveries at once, in the words of the command line.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State as Extract;
use serde::{Deserialize, Serialize};

use crate::api::answer::{Answer, Problem};
use crate::api::extract::{Body, Path};
use crate::api::server::State;
use crate::clock::Zone;
use crate::engine::Decided;
use crate::engine::operate::{Acted, Action, Selection};
use crate::engine::reconcile::{Reconciled, Wanted};
use crate::scheme::Initial;

#[derive(Debug, Deserialize)]
pub struct Pull {
    keys: Vec<String>,
}

/// What `pull` found.
#[derive(Serialize)]
pub struct Pulled {
    found: Vec<String>,
    missing: Vec<String>,
}

#[derive(Debug, Deserialize)]
pub struct Decide {
    how: String,
    #[serde(default)]
    target: Option<String>,
    #[serde(default)]
    since: Option<String>,
}

#[derive(Debug, Deserialize)]
pub struct Sweep {
    #[serde(default)]
    confirm: Option<u64>,
}

#[derive(Debug, Deserialize)]
pub struct Act {
    selection: Selection,
    action: Action,
}

type Done = BTreeMap<&'static str, usize>;

/// Begins a run now.
pub async fn run_now(Extract(state): Extract<Arc<State>>, Path(scheme): Path<String>) -> Answer<Done> {
    state.engine.run_now(&scheme)?;
    Ok(Json(Done::from([("started", 1)])))
}

/// Pauses a scheme's capture.
pub async fn pause(Extract(state): Extract<Arc<State>>, Path(scheme): Path<String>) -> Answer<Done> {
    set_pause(&state, &scheme, None, true).await
}

/// Resumes it.
pub async fn resume(Extract(state): Extract<Arc<State>>, Path(scheme): Path<String>) -> Answer<Done> {
    set_pause(&state, &scheme, None, false).await
}

/// Pauses a target.
pub async fn pause_target(
    Extract(state): Extract<Arc<State>>,
    Path((scheme, target)): Path<(String, String)>,
) -> Answer<Done> {
    set_pause(&state, &scheme, Some(&target), true).await
}

/// Resumes it.
pub async fn resume_target(
    Extract(state): Extract<Arc<State>>,
    Path((scheme, target)): Path<(String, String)>,
) -> Answer<Done> {
    set_pause(&state, &scheme, Some(&target), false).await
}

async fn set_pause(state: &State, scheme: &str, target: Option<&str>, pause: bool) -> Answer<Done> {
    state.engine.pause(scheme, target, pause.then(|| "by a person".to_owned())).await?;
    Ok(Json(Done::from([("changed", 1)])))
}

/// Reads documents from the source now.
pub async fn pull(
    Extract(state): Extract<Arc<State>>,
    Path(scheme): Path<String>,
    Body(body): Body<Pull>,
) -> Answer<Pulled> {
    // What is read of a scheme that nothing delivers would lie there unsaid.
    state.engine.must_run(&scheme)?;
    let pulled = state.engine.pull(&scheme, &body.keys).await?;
    let found = pulled.found.iter().map(ToString::to_string).collect();
    Ok(Json(Pulled { found, missing: pulled.missing }))
}

/// Begins a sweep now, or lets the mass deletion that one asked about go on.
pub async fn sweep(
    Extract(state): Extract<Arc<State>>,
    Path(scheme): Path<String>,
    body: Option<Body<Sweep>>,
) -> Answer<Done> {
    // Deletions that nothing delivers would lie there unsaid, too.
    state.engine.must_run(&scheme)?;
    let Some(run) = body.and_then(|Body(body)| body.confirm) else {
        state.engine.sweep_now(&scheme)?;
        return Ok(Json(Done::from([("started", 1)])));
    };
    let swept = state.engine.confirm_sweep(&scheme, run).await?;
    let deleted = swept.sweep.map_or(0, |sweep| usize::try_from(sweep.deleted).unwrap_or(usize::MAX));
    Ok(Json(Done::from([("deleted", deleted)])))
}

/// Answers what waits to be told.
pub async fn decide(
    Extract(state): Extract<Arc<State>>,
    Path(scheme): Path<String>,
    Body(body): Body<Decide>,
) -> Answer<Decided> {
    let how = match body.how.as_str() {
        "send" => Initial::Send,
        "baseline" => Initial::Baseline,
        "adopt" => Initial::Adopt,
        other => return Err(Problem::wrong(format!("`how` is `{other}`; allowed: `adopt`, `baseline`, `send`"))),
    };
    let since = match &body.since {
        None => None,
        Some(text) => {
            let time = Zone::utc().read(text);
            Some(time.ok_or_else(|| Problem::wrong(format!("`since` is `{text}`; allowed: 2026-01-31T08:00:00Z")))?)
        }
    };
    Ok(Json(state.engine.decide(&scheme, body.target.as_deref(), how, since).await?))
}

/// Compares source, store and targets.
pub async fn reconcile(
    Extract(state): Extract<Arc<State>>,
    Path(scheme): Path<String>,
    Body(body): Body<Wanted>,
) -> Answer<Reconciled> {
    Ok(Json(state.engine.reconcile(&scheme, &body).await?))
}

/// Moves many deliveries at once.
pub async fn act(Extract(state): Extract<Arc<State>>, Body(body): Body<Act>) -> Answer<Acted> {
    Ok(Json(state.engine.act(&body.selection, &body.action).await?))
}
