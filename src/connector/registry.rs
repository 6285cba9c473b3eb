//! The kinds of connectors, one line each, and how a system of the configuration becomes a connector.

use std::sync::Arc;
use std::time::Duration;

use url::Url;

use super::http::Http;
use super::kept::KeptTokens;
use super::pace::Paces;
use super::{Connector, jushuitan, kingdee, okki};
use crate::clock::{Clock, Zone};
use crate::fault::{Fault, Position};
use crate::scheme::check::{self, LiteralSecrets};
use crate::scheme::keys::Table;
use crate::scheme::transport::{Limit, Rate, Transport};
use crate::scheme::tree::Node;
use crate::secret::Secret;

/// A kind of connector.
#[derive(Debug)]
pub struct Kind {
    /// Its name in the configuration.
    pub name: &'static str,
    /// The keys of its settings.
    pub keys: &'static Table,
    /// What the table can't say.
    check: fn(&Node, &mut Vec<Fault>),
    /// Makes a connector of checked settings; the error says which can't be used.
    connect: fn(&Node, &Transport, &Environment) -> Made,
}

/// A connector, or which of its settings can't be used.
pub type Made = Result<Arc<dyn Connector>, String>;

/// Every kind.
pub static KINDS: &[Kind] = &[
    Kind { name: "jushuitan", keys: &jushuitan::KEYS, check: |_, _| {}, connect: jushuitan::connect },
    Kind { name: "kingdee", keys: &kingdee::KEYS, check: kingdee::check, connect: kingdee::connect },
    Kind { name: "okki", keys: &okki::KEYS, check: |_, _| {}, connect: okki::connect },
];

/// What all connectors of a process share.
#[derive(Clone)]
pub struct Environment {
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Zone of source times that carry none.
    pub zone: Zone,
    /// One rate budget for each account.
    pub paces: Arc<Paces>,
    /// Tokens that outlive the process.
    pub tokens: Arc<KeptTokens>,
}

/// A system's settings as written: kind of connector, where its name stands, and what it was given.
#[derive(Debug, Clone, Copy)]
pub struct Settings<'a> {
    /// The connector's name.
    pub kind: &'a str,
    /// Where it stands: what the settings miss is told there.
    pub at: &'a Position,
    /// Its settings.
    pub node: &'a Node,
}

/// What a kind of system stands, where the transport does not say.
#[derive(Debug, Clone, Copy)]
pub struct Defaults {
    /// Rate limits.
    pub limits: &'static [Limit],
    /// Requests under way at once.
    pub concurrency: u32,
    /// Longest wait for a whole answer.
    pub timeout: Duration,
}

/// Checks settings without touching the system.
pub fn check(settings: &Settings<'_>, secrets: LiteralSecrets, faults: &mut Vec<Fault>) {
    match kind(settings) {
        Ok(kind) => {
            check::check(settings.node, settings.at, kind.keys, secrets, faults);
            (kind.check)(settings.node, faults);
        }
        Err(fault) => faults.push(fault),
    }
}

/// Makes the connector of a system; nothing is sent yet.
///
/// # Errors
/// All faults of the settings, literal secrets apart, and what of settings or transport can't be used here (a file of
/// certificates that can't be read).
pub fn connect(
    settings: &Settings<'_>,
    transport: &Transport,
    environment: &Environment,
) -> Result<Arc<dyn Connector>, Vec<Fault>> {
    let mut faults = Vec::new();
    check(settings, LiteralSecrets::Allowed, &mut faults);
    if !faults.is_empty() {
        return Err(faults);
    }
    let kind = kind(settings).map_err(|fault| vec![fault])?;
    (kind.connect)(settings.node, transport, environment)
        .map_err(|message| vec![Fault::new(settings.at.clone(), message)])
}

fn kind(settings: &Settings<'_>) -> Result<&'static Kind, Fault> {
    KINDS.iter().find(|kind| kind.name == settings.kind).ok_or_else(|| {
        let known: Vec<String> = KINDS.iter().map(|kind| format!("`{}`", kind.name)).collect();
        let message = format!("no connector `{}` in this version; there are {}", settings.kind, known.join(", "));
        Fault::new(settings.at.clone(), message)
    })
}

impl Environment {
    /// The client of an account at `base`, with the account's one budget.
    pub(super) fn http(
        &self,
        account: &str,
        base: &Url,
        transport: &Transport,
        defaults: Defaults,
        secrets: Vec<Secret>,
    ) -> Result<Http, String> {
        let limits = match &transport.rate {
            Rate::Connector => defaults.limits,
            Rate::Unlimited => &[],
            Rate::Limits(limits) => limits,
        };
        let concurrency = transport.concurrency.unwrap_or(defaults.concurrency);
        let concurrency = usize::try_from(concurrency).unwrap_or(usize::MAX);
        let pace = self.paces.of(account, &self.clock, limits, concurrency);
        Http::new(transport, defaults.timeout, base, pace, Arc::clone(&self.clock), secrets)
    }
}

#[cfg(test)]
mod tests;
