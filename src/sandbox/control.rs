//! The control API: seeds, edits, clocks, faults, switches, and the judge's view (interface.md 6).

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::sandbox::faults::{Fault, millis};
use crate::sandbox::running::MAX_DOCUMENTS;
use crate::sandbox::shared::Shared;
use crate::sandbox::switches;
use crate::sandbox::wire::System;

/// Largest body: edits carry single documents.
const MAX_BODY: usize = 16 << 20;

/// What the control API reaches. Errors are sentences, told with status 400.
pub struct Control {
    /// Ledger, faults, switches, clocks.
    pub shared: Arc<Shared>,
    /// Every system.
    pub systems: Vec<Arc<dyn System>>,
}

impl Control {
    /// The named system, or all.
    fn chosen(&self, name: Option<&str>) -> Result<Vec<&Arc<dyn System>>, String> {
        let Some(name) = name else { return Ok(self.systems.iter().collect()) };
        match self.systems.iter().find(|system| system.name() == name) {
            Some(system) => Ok(vec![system]),
            None => {
                let names: Vec<_> = self.systems.iter().map(|system| format!("`{}`", system.name())).collect();
                Err(format!("no system `{name}`; there are {}", names.join(", ")))
            }
        }
    }

    /// Fills one system, or all, and begins the ledger anew.
    pub fn seed(&self, system: Option<&str>, seed: u64, documents: u64) -> Result<(), String> {
        if documents > MAX_DOCUMENTS {
            return Err(format!("`documents` is at most {MAX_DOCUMENTS}, not `{documents}`"));
        }
        let chosen = self.chosen(system)?;
        self.shared.ledger.clear();
        chosen.into_iter().for_each(|system| system.seed(seed, documents));
        Ok(())
    }

    /// Sets switches; none if one of them is not allowed.
    pub fn set_switches(&self, switches: &[(String, String)]) -> Result<(), String> {
        let mut full = Vec::new();
        for (name, value) in switches {
            let names = switches::resolve(&self.systems, name, value)?;
            full.extend(names.into_iter().map(|name| (name, value)));
        }
        full.iter().for_each(|(name, value)| self.shared.set_switch(name, value));
        Ok(())
    }

    /// Sets faults; none if one of them is not allowed.
    pub fn set_faults(&self, faults: Vec<Fault>) -> Result<(), String> {
        faults.iter().try_for_each(|fault| fault.check_aim(&self.systems))?;
        faults.into_iter().for_each(|fault| self.shared.faults.add(fault));
        Ok(())
    }

    fn edit(&self, mut body: Map<String, Value>) -> Result<Vec<String>, String> {
        let system = body.shift_remove("system");
        let system = system.as_ref().and_then(Value::as_str).ok_or("say which `system`")?;
        let body = Value::Object(body);
        let mut edited = Vec::new();
        for system in self.chosen(Some(system))? {
            edited.extend(system.edit(&body)?);
        }
        Ok(edited)
    }
}

/// Serves until stopped.
pub async fn serve(listener: TcpListener, control: Arc<Control>, stop: CancellationToken) {
    let router = Router::new()
        .route("/seed", post(seed))
        .route("/edit", post(edit))
        .route("/clock", post(clock))
        .route("/faults", post(faults))
        .route("/faults/clear", post(clear_faults))
        .route("/switches", post(set_switches))
        .route("/sessions/kill", post(kill_sessions))
        .route("/ledger", get(ledger))
        .route("/ledger/clear", post(clear_ledger))
        .route("/documents", get(documents))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(control);
    // An accept that fails is tried again by axum itself; nothing else can fail.
    let _ = axum::serve(listener, router).with_graceful_shutdown(stop.cancelled_owned()).await;
}

/// A sentence for the person who sent the body.
struct Bad(String);

impl IntoResponse for Bad {
    fn into_response(self) -> Response {
        told(StatusCode::BAD_REQUEST, json!({ "error": self.0 }).to_string())
    }
}

impl From<String> for Bad {
    fn from(sentence: String) -> Self {
        Self(sentence)
    }
}

fn told(status: StatusCode, json: String) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json; charset=utf-8")], json).into_response()
}

fn done() -> Response {
    told(StatusCode::OK, "{}".to_owned())
}

fn read<T: DeserializeOwned>(body: &Bytes) -> Result<T, Bad> {
    serde_json::from_slice(body).map_err(|error| Bad(format!("bad body: {error}")))
}

/// Runs what may take long beside the sockets.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> Result<T, String> + Send + 'static) -> Result<T, Bad> {
    tokio::task::spawn_blocking(work).await.map_err(|error| Bad(error.to_string()))?.map_err(Bad)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Seed {
    system: Option<String>,
    seed: u64,
    documents: u64,
}

async fn seed(State(control): State<Arc<Control>>, body: Bytes) -> Result<Response, Bad> {
    let Seed { system, seed, documents } = read(&body)?;
    aside(move || control.seed(system.as_deref(), seed, documents)).await?;
    Ok(done())
}

async fn edit(State(control): State<Arc<Control>>, body: Bytes) -> Result<Response, Bad> {
    let body = read(&body)?;
    let edited = aside(move || control.edit(body)).await?;
    Ok(told(StatusCode::OK, json!({ "edited": edited }).to_string()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Move {
    system: Option<String>,
    offset: Value,
}

async fn clock(State(control): State<Arc<Control>>, body: Bytes) -> Result<Response, Bad> {
    let Move { system, offset } = read(&body)?;
    let millis = millis(&offset).ok_or_else(|| {
        Bad(format!("`offset` is a duration such as `10m` or `-8h`, or milliseconds, not `{offset}`"))
    })?;
    for system in control.chosen(system.as_deref())? {
        control.shared.set_offset(system.name(), millis);
    }
    Ok(done())
}

/// One fault, or a list of them.
async fn faults(State(control): State<Arc<Control>>, body: Bytes) -> Result<Response, Bad> {
    let list = match read(&body)? {
        Value::Array(list) => list,
        one => vec![one],
    };
    let faults = list.into_iter().map(Fault::of_json).collect::<Result<Vec<_>, _>>()?;
    control.set_faults(faults)?;
    Ok(done())
}

async fn clear_faults(State(control): State<Arc<Control>>) -> Response {
    control.shared.faults.clear();
    done()
}

async fn set_switches(State(control): State<Arc<Control>>, body: Bytes) -> Result<Response, Bad> {
    let switches: Map<String, Value> = read(&body)?;
    let text = |(name, value): (String, Value)| match value {
        Value::String(text) => Ok((name, text)),
        Value::Number(_) | Value::Bool(_) => Ok((name, value.to_string())),
        _ => Err(Bad(format!("switch `{name}` takes a text, a number or a bool"))),
    };
    let switches = switches.into_iter().map(text).collect::<Result<Vec<_>, _>>()?;
    control.set_switches(&switches)?;
    Ok(done())
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    system: Option<String>,
}

async fn kill_sessions(State(control): State<Arc<Control>>, body: Bytes) -> Result<Response, Bad> {
    let Named { system } = if body.is_empty() { Named::default() } else { read(&body)? };
    control.chosen(system.as_deref())?.into_iter().for_each(|system| system.kill_sessions());
    Ok(done())
}

async fn ledger(State(control): State<Arc<Control>>) -> Result<Response, Bad> {
    let entries = aside(move || serde_json::to_string(&control.shared.ledger.entries()).map_err(|e| e.to_string()));
    Ok(told(StatusCode::OK, entries.await?))
}

async fn clear_ledger(State(control): State<Arc<Control>>) -> Response {
    control.shared.ledger.clear();
    done()
}

/// Which documents the judge wants: a system's, of one of its forms if it has several.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    system: Option<String>,
    form: Option<String>,
}

async fn documents(State(control): State<Arc<Control>>, Query(wanted): Query<Wanted>) -> Result<Response, Bad> {
    let Some(system) = wanted.system else { return Err(Bad("say which `system`".to_owned())) };
    let text = aside(move || {
        let chosen = control.chosen(Some(&system))?;
        chosen
            .into_iter()
            .map(|one| wanted.form.as_ref().map_or(Ok(one.documents()), |form| one.documents_of(form)))
            .collect()
    });
    Ok(told(StatusCode::OK, text.await?))
}
