//! The systems of the configuration. What a connector takes stays a tree that the connector checks by its own table.

use std::path::Path;

use super::table::SYSTEM;
use crate::fault::{Fault, Position};
use crate::scheme::Scheme;
use crate::scheme::check::suggest;
use crate::scheme::transport::Transport;
use crate::scheme::tree::{Name, Node, Value};

/// The connectors by name (interface.md section 1).
pub const CONNECTORS: [&str; 4] = ["jushuitan", "kingdee", "okki", "http"];

/// One business system at one address with one account.
#[derive(Debug, Clone)]
pub struct SystemConfig {
    /// Its name.
    pub name: String,
    /// Where its name stands.
    pub at: Position,
    /// The connector that speaks to it.
    pub connector: String,
    /// Where the connector's name stands: what its settings miss is told there.
    pub connector_at: Position,
    /// The connector's settings, unchecked.
    pub settings: Node,
    /// How it is spoken to.
    pub transport: Transport,
}

impl SystemConfig {
    /// Reads a checked system. Without a connector that is known, its name and settings are empty, which is a fault.
    pub(super) fn read(name: &Name, node: &Node, folder: &Path, faults: &mut Vec<Fault>) -> Self {
        let entries = node.map().unwrap_or_default();
        let mut connectors = entries.iter().filter(|(key, _)| CONNECTORS.contains(&key.text.as_str()));
        let connector = connectors.next();
        for (other, _) in connectors {
            let message = format!("`{}` stands beside another connector: a system has one", other.text);
            faults.push(Fault::new(other.at.clone(), message));
        }
        let unknown = entries.iter().any(|(key, _)| SYSTEM.key(&key.text).is_none());
        if connector.is_none() && !unknown {
            let message = format!("`{}` needs a connector: one of `{}`", name.text, CONNECTORS.join("`, `"));
            faults.push(Fault::new(name.at.clone(), message));
        }
        let nothing = Node { at: name.at.clone(), value: Value::Map(Vec::new()) };
        Self {
            name: name.text.clone(),
            at: name.at.clone(),
            connector: connector.map(|(key, _)| key.text.clone()).unwrap_or_default(),
            connector_at: connector.map_or(&name.at, |(key, _)| &key.at).clone(),
            settings: connector.map_or(nothing, |(_, settings)| settings.clone()),
            transport: node.get("transport").map(|node| Transport::read(node, folder)).unwrap_or_default(),
        }
    }
}

/// Adds a fault for each system that a scheme names and the configuration does not have.
pub(super) fn check_named(scheme: &Scheme, known: &[&str], faults: &mut Vec<Fault>) {
    let targets = scheme.targets.iter().flat_map(|target| std::iter::once(target).chain(target.writeback.as_deref()));
    let named = targets.map(|target| (&target.system, &target.system_at));
    for (system, at) in std::iter::once((&scheme.source.system, &scheme.source.system_at)).chain(named) {
        // A missing name has been told already.
        if system.is_empty() || known.contains(&system.as_str()) {
            continue;
        }
        let message = format!("unknown system `{system}`: {}", suggest(system, "known are", known.iter().copied()));
        faults.push(Fault::new(at.clone(), message));
    }
}
