//! Switches: what a simulated system does where protocols are uncertain or installations differ. Set by
//! `--switch NAME=VALUE` and `POST /switches`; a name may be narrowed to one system: `jushuitan.latency=200ms`.

use std::sync::Arc;

use crate::clock::read_duration;
use crate::sandbox::wire::System;

/// One switch as listed for people and checked when set.
#[derive(Debug, Clone, Copy)]
pub struct Switch {
    /// Its name.
    pub name: &'static str,
    /// The values allowed, the default first: words separated by `|`, or `DURATION`, `NUMBER`, `TEXT`.
    pub values: &'static str,
    /// What it changes.
    pub meaning: &'static str,
}

/// Switches of the server around every system.
pub const COMMON: [Switch; 1] =
    [Switch { name: "latency", values: "DURATION", meaning: "every answer waits so long; default 0ms" }];

/// Whether the switch exists and may have this value; the error is a sentence that lists what is allowed.
pub fn check(systems: &[Arc<dyn System>], name: &str, value: &str) -> Result<(), String> {
    let (system, bare) = match name.split_once('.') {
        Some((system, bare)) => (Some(system), bare),
        None => (None, name),
    };
    let mut known = COMMON.to_vec();
    for one in systems.iter().filter(|one| system.is_none_or(|name| name == one.name())) {
        known.extend_from_slice(one.switches());
    }
    if system.is_some_and(|name| systems.iter().all(|one| one.name() != name)) {
        let names: Vec<_> = systems.iter().map(|one| format!("`{}`", one.name())).collect();
        return Err(format!("no system `{}`; there are {}", system.unwrap_or_default(), names.join(", ")));
    }
    // Two systems may give one name different values: either will do.
    let named: Vec<_> = known.iter().filter(|switch| switch.name == bare).collect();
    if named.is_empty() {
        let names: Vec<_> = known.iter().map(|switch| format!("`{}`", switch.name)).collect();
        return Err(format!("unknown switch `{name}`; allowed: {}", names.join(", ")));
    }
    if named.iter().any(|switch| allows(switch.values, value)) {
        return Ok(());
    }
    let values: Vec<_> = named.iter().map(|switch| format!("`{}`", switch.values)).collect();
    Err(format!("switch `{name}` can't be `{value}`; allowed: {}", values.join(", ")))
}

fn allows(values: &str, value: &str) -> bool {
    match values {
        "DURATION" => read_duration(value).is_some(),
        "NUMBER" => value.parse::<u64>().is_ok(),
        "TEXT" => true,
        words => words.split('|').any(|word| word == value),
    }
}
