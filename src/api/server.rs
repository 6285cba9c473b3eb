//! Binding, routing and ending.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware;
use axum::routing::{get, post};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::api::access::{Access, guard};
use crate::api::{actions, database, deliveries, documents, schemes};
use crate::clock::{Time, Zone};
use crate::config::Config;
use crate::engine::Engine;
use crate::engine::view::{Mask, Shown};
use crate::reason::Language;
use crate::secret::Secret;

/// Largest body of an action.
const MAX_BODY: usize = 1 << 20;
/// How long open connections may take to end after the service was told to stop.
const GRACE: Duration = Duration::from_secs(5);

/// Why the API could not be served.
#[derive(Debug, thiserror::Error)]
#[error("the status API can't listen on `{listen}`: {source}; set `api.listen`, or stop what uses the port")]
pub struct BindError {
    listen: SocketAddr,
    source: std::io::Error,
}

/// What every handler sees.
pub struct State {
    /// What runs.
    pub engine: Arc<Engine>,
    /// When the service started.
    pub started: Time,
    access: Access,
    mask: Mask,
    zone: Zone,
}

impl State {
    /// How documents are shown to somebody who reads this language.
    pub fn shown(&self, language: Language) -> Shown<'_> {
        Shown { mask: &self.mask, zone: &self.zone, language }
    }

    /// Who may do what.
    pub fn access(&self) -> &Access {
        &self.access
    }
}

/// The API, bound and ready to serve.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    state: Arc<State>,
}

impl Server {
    /// Takes the address. TLS is ended by a proxy in front (`behind_proxy`).
    pub async fn bind(engine: Arc<Engine>, config: &Config) -> Result<Self, BindError> {
        let listen = config.api.listen;
        let bound = TcpListener::bind(listen).await;
        let bound = bound.and_then(|listener| listener.local_addr().map(|address| (listener, address)));
        let (listener, address) = bound.map_err(|source| BindError { listen, source })?;
        let started = engine.clock.now();
        let access = Access::new(config.api.read.clone(), config.api.operate.clone(), address);
        Ok(Self {
            listener,
            address,
            state: Arc::new(State {
                engine,
                started,
                access,
                mask: Mask::new(&config.mask),
                zone: config.zone.clone(),
            }),
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The token for verbs of the same user on this machine, good until this server ends.
    pub fn token(&self) -> Option<&Secret> {
        self.state.access.local()
    }

    /// Serves until stopped, then gives open connections a few seconds.
    pub async fn serve(self, stop: CancellationToken) {
        let clock = Arc::clone(&self.state.engine.clock);
        let app = router(self.state);
        let stopped = stop.clone();
        let serving = axum::serve(self.listener, app).with_graceful_shutdown(async move { stopped.cancelled().await });
        let deadline = async {
            stop.cancelled().await;
            clock.sleep(GRACE).await;
        };
        tokio::select! {
            ended = serving => if let Err(error) = ended { tracing::error!(%error, "the status API ended") },
            () = deadline => {}
        }
    }
}

fn router(state: Arc<State>) -> Router {
    let v1 = Router::new()
        .route("/info", get(schemes::info))
        .route("/schemes", get(schemes::list))
        .route("/schemes/{scheme}", get(schemes::one))
        .route("/schemes/{scheme}/runs", get(schemes::runs))
        .route("/schemes/{scheme}/runs/{id}", get(schemes::run))
        .route("/schemes/{scheme}/run", post(actions::run_now))
        .route("/schemes/{scheme}/pause", post(actions::pause))
        .route("/schemes/{scheme}/resume", post(actions::resume))
        .route("/schemes/{scheme}/pull", post(actions::pull))
        .route("/schemes/{scheme}/sweep", post(actions::sweep))
        .route("/schemes/{scheme}/decide", post(actions::decide))
        .route("/schemes/{scheme}/reconcile", post(actions::reconcile))
        .route("/schemes/{scheme}/targets/{target}/pause", post(actions::pause_target))
        .route("/schemes/{scheme}/targets/{target}/resume", post(actions::resume_target))
        .route("/schemes/{scheme}/documents", get(documents::list))
        .route("/schemes/{scheme}/documents/by-key", get(documents::by_key))
        .route("/schemes/{scheme}/documents/{key}", get(documents::one))
        .route("/schemes/{scheme}/documents/{key}/versions", get(documents::versions))
        .route("/schemes/{scheme}/documents/{key}/versions/{version}", get(documents::version))
        .route("/schemes/{scheme}/documents/{key}/explain", get(documents::explained))
        .route("/search", get(documents::search))
        .route("/db/backup", post(database::backup))
        .route("/deliveries", get(deliveries::list))
        .route("/deliveries/act", post(actions::act))
        .route("/deliveries/{id}/retry", post(deliveries::retry))
        .route("/deliveries/{id}/discard", post(deliveries::discard))
        .route("/deliveries/{id}/resolve", post(deliveries::resolve))
        .fallback(crate::api::answer::not_found);
    Router::new()
        .route("/healthz", get(schemes::healthz))
        .route("/readyz", get(schemes::readyz))
        .nest("/api/v1", v1)
        .fallback(crate::api::answer::not_found)
        .method_not_allowed_fallback(crate::api::extract::other_method)
        .layer(middleware::from_fn_with_state(Arc::clone(&state), guard))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(state)
}
