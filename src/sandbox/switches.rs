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

/// The full names, `SYSTEM.NAME`, that setting a switch to this value concerns: one if it is narrowed, else every
/// system that knows it. The error is a sentence that lists what is allowed.
pub fn resolve(systems: &[Arc<dyn System>], name: &str, value: &str) -> Result<Vec<String>, String> {
    let (narrowed, bare) = match name.split_once('.') {
        Some((system, bare)) => (Some(system), bare),
        None => (None, name),
    };
    let chosen: Vec<_> = systems.iter().filter(|one| narrowed.is_none_or(|name| name == one.name())).collect();
    if let (Some(system), []) = (narrowed, chosen.as_slice()) {
        return Err(format!("no system `{system}`; there are {}", list(systems.iter().map(|one| one.name()))));
    }
    let (mut names, mut values) = (Vec::new(), Vec::new());
    for system in &chosen {
        for switch in COMMON.iter().chain(system.switches()).filter(|switch| switch.name == bare) {
            values.push(switch.values);
            if allows(switch.values, value) {
                names.push(format!("{}.{bare}", system.name()));
            }
        }
    }
    if values.is_empty() {
        let known = chosen.iter().flat_map(|system| system.switches()).chain(&COMMON).map(|switch| switch.name);
        return Err(format!("unknown switch `{name}`; allowed: {}", list(known)));
    }
    if names.is_empty() {
        return Err(format!("switch `{name}` can't be `{value}`; allowed: {}", list(values.into_iter())));
    }
    Ok(names)
}

fn list<'a>(words: impl Iterator<Item = &'a str>) -> String {
    words.map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

fn allows(values: &str, value: &str) -> bool {
    match values {
        "DURATION" => read_duration(value).is_some(),
        "NUMBER" => value.parse::<u64>().is_ok(),
        "TEXT" => true,
        words => words.split('|').any(|word| word == value),
    }
}
