//! Starting and stopping a sandbox.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use serde_json::Value;
use thiserror::Error;
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use crate::clock::Clock;
use crate::sandbox::control::{self, Control};
use crate::sandbox::faults::Fault;
use crate::sandbox::ledger::Entry;
use crate::sandbox::server::{self, House};
use crate::sandbox::shared::Shared;
use crate::sandbox::wire::System;
use crate::sandbox::{jushuitan, kingdee, okki};

/// The control API's port, counted from the first.
const CONTROL: u16 = 9;
/// Most documents of one seed.
pub const MAX_DOCUMENTS: u64 = 1_000_000;

/// The systems and their ports, counted from the first.
fn systems(shared: &Arc<Shared>) -> Vec<(u16, Arc<dyn System>)> {
    vec![
        (0, Arc::new(jushuitan::Server::new(Arc::clone(shared)))),
        (1, Arc::new(kingdee::Server::new(Arc::clone(shared)))),
        (2, Arc::new(okki::Server::new(Arc::clone(shared)))),
    ]
}

/// What a sandbox begins with.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The number that documents are made from.
    pub seed: u64,
    /// How many documents each system gets.
    pub documents: u64,
    /// The first port; 0: every port is chosen by the operating system.
    pub port: u16,
    /// Names and values of switches.
    pub switches: Vec<(String, String)>,
}

/// Why a sandbox did not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// A switch or number that is not allowed, in a sentence.
    #[error("{0}")]
    Options(String),
    /// A port could not be had.
    #[error("can't listen on 127.0.0.1:{port}")]
    Listen {
        /// The port asked for.
        port: u16,
        /// Why.
        source: std::io::Error,
    },
}

/// The simulated systems.
pub struct Sandbox;

impl Sandbox {
    /// Seeds the systems and serves them, and the control API, on loopback. When it returns, all ports answer.
    pub async fn start(options: Options, clock: Arc<dyn Clock>) -> Result<Running, StartError> {
        let shared = Arc::new(Shared::new(clock));
        let systems = systems(&shared);
        let plain: Vec<Arc<dyn System>> = systems.iter().map(|(_, system)| Arc::clone(system)).collect();
        let control = Arc::new(Control { shared: Arc::clone(&shared), systems: plain });
        control.set_switches(&options.switches).map_err(StartError::Options)?;
        let mut bound = Vec::new();
        for (at, system) in systems {
            bound.push((listen(options.port, at).await?, system));
        }
        let (control_listener, control_address) = listen(options.port, CONTROL).await?;
        let seeding = Arc::clone(&control);
        let seeded = tokio::task::spawn_blocking(move || seeding.seed(None, options.seed, options.documents)).await;
        seeded.map_err(|error| StartError::Options(error.to_string()))?.map_err(StartError::Options)?;

        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let mut addresses = Vec::new();
        for ((listener, address), system) in bound {
            addresses.push((system.name(), address));
            let house = Arc::new(House { system, shared: Arc::clone(&shared) });
            tasks.spawn(server::serve(listener, house, stop.clone(), tasks.clone()));
        }
        tasks.spawn(control::serve(control_listener, Arc::clone(&control), stop.clone()));
        tasks.close();
        Ok(Running { control, addresses, control_address, tasks, stop: stop.drop_guard() })
    }
}

async fn listen(first: u16, at: u16) -> Result<(TcpListener, SocketAddr), StartError> {
    let port = match first {
        0 => 0,
        first => first
            .checked_add(at)
            .ok_or_else(|| StartError::Options(format!("port `{first}` leaves no room for ten ports")))?,
    };
    let bound = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await;
    let bound = bound.and_then(|listener| listener.local_addr().map(|address| (listener, address)));
    bound.map_err(|source| StartError::Listen { port, source })
}

/// A running sandbox. Dropping it stops it without waiting.
pub struct Running {
    control: Arc<Control>,
    addresses: Vec<(&'static str, SocketAddr)>,
    control_address: SocketAddr,
    tasks: TaskTracker,
    stop: DropGuard,
}

impl Running {
    /// Names and addresses of the systems.
    pub fn addresses(&self) -> &[(&'static str, SocketAddr)] {
        &self.addresses
    }

    /// A system's address as `http://127.0.0.1:PORT`.
    pub fn url(&self, system: &str) -> Option<String> {
        let (_, address) = self.addresses.iter().find(|(name, _)| *name == system)?;
        Some(format!("http://{address}"))
    }

    /// The control API's address as `http://127.0.0.1:PORT`.
    pub fn control_url(&self) -> String {
        format!("http://{}", self.control_address)
    }

    /// What the systems share: faults, switches, clocks.
    pub fn shared(&self) -> &Shared {
        &self.control.shared
    }

    /// Sets faults; none if one of them is not allowed: then the error is a sentence that lists what is.
    pub fn set_faults(&self, faults: Vec<Fault>) -> Result<(), String> {
        self.control.set_faults(faults)
    }

    /// A system, to seed, edit or look at without the control API.
    pub fn system(&self, name: &str) -> Option<&Arc<dyn System>> {
        self.control.systems.iter().find(|system| system.name() == name)
    }

    /// Every effect so far.
    pub fn ledger(&self) -> Vec<Entry> {
        self.control.shared.ledger.entries()
    }

    /// A system's current documents; none for a system that is not there.
    pub fn documents(&self, system: &str) -> Vec<Value> {
        let text = self.system(system).map(|system| system.documents()).unwrap_or_default();
        serde_json::from_str(&text).unwrap_or_default()
    }

    /// The current documents of one of a system's forms; none where there is no such form.
    pub fn documents_of(&self, system: &str, form: &str) -> Vec<Value> {
        let text = self.system(system).and_then(|system| system.documents_of(form).ok()).unwrap_or_default();
        serde_json::from_str(&text).unwrap_or_default()
    }

    /// Stops serving, and returns when every connection is closed.
    pub async fn shutdown(self) {
        drop(self.stop);
        self.tasks.wait().await;
    }
}
