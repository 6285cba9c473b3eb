//! Faults set by command line and control API, aimed at a system, a call, a document and the n-th hit.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use crate::clock::read_duration;
use crate::sandbox::wire::System;

use super::fault_kind::By;
pub use super::fault_kind::Kind;

/// Farthest that a `by` reaches: more than a hundred years would leave the calendar.
const FARTHEST: u64 = 100 * 365 * 86_400_000;

/// A fault as set: it strikes on the `nth` (from 1) matching hit and the `times - 1` hits after it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// System name; every system if absent.
    #[serde(default)]
    pub system: Option<String>,
    /// Call in the vendor's words; every call if absent.
    #[serde(default)]
    pub call: Option<String>,
    /// A document's number; every document if absent.
    #[serde(default)]
    pub document: Option<String>,
    /// First matching hit that is struck, from 1.
    #[serde(default = "one")]
    pub nth: u64,
    /// What goes wrong.
    pub fault: Kind,
    /// How many hits are struck.
    #[serde(default = "one")]
    pub times: u64,
    /// How long or how far, in milliseconds, where the kind takes it; written `5s`, `-8h`.
    #[serde(default, deserialize_with = "span")]
    pub by: Option<i64>,
    /// Which field, where the kind takes one.
    #[serde(default)]
    pub field: Option<String>,
    /// Matching hits so far.
    #[serde(skip)]
    pub hits: u64,
}

/// A fault that strikes now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Struck {
    /// What goes wrong.
    pub kind: Kind,
    /// Its `by` in milliseconds, or the kind's own.
    pub by: i64,
    /// Its `field`; blank if it has none.
    pub field: String,
}

impl Struck {
    /// Its `by` as a wait.
    pub fn wait(&self) -> Duration {
        Duration::from_millis(u64::try_from(self.by).unwrap_or(0))
    }
}

fn one() -> u64 {
    1
}

fn span<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    if value.is_null() {
        return Ok(None);
    }
    let millis = millis(&value);
    let wrong = || format!("`by` is a duration such as `10m` or `-8h`, or milliseconds, not `{value}`");
    millis.map(Some).ok_or_else(|| serde::de::Error::custom(wrong()))
}

/// A signed duration, or a number of milliseconds, in milliseconds.
pub fn millis(span: &Value) -> Option<i64> {
    let millis = match span {
        Value::Number(number) => number.as_i64()?,
        Value::String(text) => {
            let (sign, size) = text.trim().strip_prefix('-').map_or((1, text.trim()), |size| (-1, size));
            let size: Duration = read_duration(size.trim_start_matches('+'))?;
            i64::try_from(size.as_millis()).ok()?.checked_mul(sign)?
        }
        _ => return None,
    };
    (millis.unsigned_abs() <= FARTHEST).then_some(millis)
}

impl Fault {
    /// Reads a fault as the control API takes it. The error is a sentence that lists what is allowed.
    pub fn of_json(value: Value) -> Result<Self, String> {
        let fault: Self = serde_json::from_value(value).map_err(|error| format!("bad fault: {error}"))?;
        if fault.nth == 0 || fault.times == 0 {
            return Err("`nth` and `times` count from 1".to_owned());
        }
        fault.check_more()?;
        Ok(fault)
    }

    /// Reads `system=kingdee,call=batchSave,fault=reset_after,nth=3,times=2` as the command line takes it.
    pub fn of_text(text: &str) -> Result<Self, String> {
        let mut members = Map::new();
        for pair in text.split(',').map(str::trim).filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').ok_or_else(|| {
                format!("bad fault: `{pair}` has no value; write it as `system=kingdee,fault=reset_after,nth=3`")
            })?;
            let (name, value) = (name.trim(), value.trim());
            let value = match (name, value.parse::<u64>()) {
                ("nth" | "times", Ok(number)) => Value::from(number),
                _ => Value::from(value),
            };
            if members.insert(name.to_owned(), value).is_some() {
                return Err(format!("bad fault: `{name}` stands twice in `{text}`"));
            }
        }
        Self::of_json(Value::Object(members))
    }

    /// `by` and `field` stand where the kind takes them.
    fn check_more(&self) -> Result<(), String> {
        let name = self.fault.name();
        match (self.fault.by(), self.by) {
            (By::None, Some(_)) => return Err(format!("`{name}` takes no `by`")),
            (By::Move, None) => return Err(format!("`{name}` needs `by`, a duration such as `10m` or `-8h`")),
            (By::Wait(_), Some(..0)) => return Err(format!("`by` of `{name}` is a wait, not a negative one")),
            _ => {}
        }
        let has_field = self.field.as_deref().is_some_and(|field| !field.is_empty());
        match self.fault {
            Kind::IgnoreField if !has_field => Err(format!("`{name}` needs `field`, the name of the one to drop")),
            Kind::IgnoreField => Ok(()),
            _ if self.field.is_some() => Err(format!("`{name}` takes no `field`")),
            _ => Ok(()),
        }
    }

    /// Whether these systems can play it. The error is a sentence that lists what is allowed.
    pub fn check_aim(&self, systems: &[Arc<dyn System>]) -> Result<(), String> {
        let chosen = systems.iter().filter(|one| self.system.as_deref().is_none_or(|name| name == one.name()));
        let chosen: Vec<_> = chosen.collect();
        let list = |names: Vec<&str>| names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        if chosen.is_empty() {
            let names = systems.iter().map(|system| system.name()).collect();
            return Err(format!("no system `{}`; there are {}", self.system.as_deref().unwrap_or(""), list(names)));
        }
        if !chosen.iter().any(|system| self.fault.is_played_by(system.name())) {
            let names = systems.iter().map(|system| system.name()).filter(|name| self.fault.is_played_by(name));
            let name = self.system.as_deref().unwrap_or("");
            return Err(format!("`{name}` can't play `{}`; allowed: {}", self.fault.name(), list(names.collect())));
        }
        let calls: Vec<&str> = chosen.iter().flat_map(|system| system.calls()).collect();
        match self.call.as_deref().filter(|call| !calls.iter().any(|known| known.eq_ignore_ascii_case(call))) {
            Some(call) => Err(format!("no call `{call}`; allowed: {}", list(calls))),
            None => Ok(()),
        }
    }

    fn strikes_at(&self, system: &str, call: &str, documents: &[String]) -> bool {
        self.system.as_deref().is_none_or(|s| s == system)
            && self.fault.is_played_by(system)
            && self.call.as_deref().is_none_or(|c| c.eq_ignore_ascii_case(call))
            && self.document.as_deref().is_none_or(|d| documents.iter().any(|one| one == d))
    }

    fn struck(&self) -> Struck {
        let own = match self.fault.by() {
            By::Wait(millis) => millis,
            By::None | By::Move => 0,
        };
        let field = self.field.clone().unwrap_or_default();
        Struck { kind: self.fault, by: self.by.unwrap_or(own), field }
    }
}

/// The faults set and not yet used up.
#[derive(Debug, Default)]
pub struct Faults {
    set: Mutex<Vec<Fault>>,
    struck: Mutex<Vec<(String, Kind)>>,
}

impl Faults {
    /// Adds a fault.
    pub fn add(&self, fault: Fault) {
        self.set.lock().unwrap_or_else(PoisonError::into_inner).push(fault);
    }

    /// Removes every fault.
    pub fn clear(&self) {
        self.set.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Counts a hit on every matching fault and returns the first that strikes. Called once per request.
    pub fn strike(&self, system: &str, call: &str, documents: &[String]) -> Option<Struck> {
        let mut set = self.set.lock().unwrap_or_else(PoisonError::into_inner);
        let mut struck = None;
        for fault in set.iter_mut().filter(|fault| fault.strikes_at(system, call, documents)) {
            fault.hits += 1;
            if struck.is_none() && fault.hits >= fault.nth && fault.hits < fault.nth.saturating_add(fault.times) {
                struck = Some(fault.struck());
            }
        }
        set.retain(|fault| fault.hits + 1 < fault.nth.saturating_add(fault.times));
        drop(set);
        self.note(call, struck.as_ref());
        struck
    }

    fn note(&self, call: &str, struck: Option<&Struck>) {
        if let Some(struck) = struck {
            self.struck.lock().unwrap_or_else(PoisonError::into_inner).push((call.to_owned(), struck.kind));
        }
    }

    /// Every fault that struck so far, with the call.
    pub fn struck(&self) -> Vec<(String, Kind)> {
        self.struck.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[cfg(test)]
mod tests;
