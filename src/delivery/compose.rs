//! From a document to what is sent: the mapped payload, its hash, and the exact bytes with the receipt's ids.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use crate::connector::Outgoing;
use crate::delivery::judge::receipt_value;
use crate::delivery::mirrors::Mirrors;
use crate::delivery::target::{CallPlan, TargetPlan};
use crate::looked_up::LookedUp;
use crate::mapping::{MapFault, MapFaultKind, Miss, Source, Why};
use crate::name::Key;
use crate::reason::{Code, MissingCode, Reason, State};
use crate::receipt::Receipt;
use crate::store::Mark;

/// A document ready to be claimed.
#[derive(Debug)]
pub struct Composed {
    /// BLAKE3 of call, options and mapped payload, without receipt ids (rule 28).
    pub payload_hash: String,
    /// What the mapping took from look-ups.
    pub looked_up: Vec<LookedUp>,
    /// What goes to the connector.
    pub outgoing: Outgoing,
    /// The change key of the attempt whose bytes these are, where they are sent again (rule 18).
    pub change_key: Option<String>,
}

/// Why there is nothing to send: the state and reason the document gets.
#[derive(Debug)]
pub struct Stop {
    pub state: State,
    pub reason: Reason,
    /// What look-ups did not find, where that is why.
    pub lack: Option<Box<Lack>>,
}

/// What a document lacks.
#[derive(Debug)]
pub struct Lack {
    /// Where in the mapping.
    pub path: String,
    /// What is missing, in words.
    pub why: String,
    /// The mirrors that lack something, as they stood before they were asked.
    pub parked: BTreeMap<String, Mark>,
    /// How long it may wait.
    pub at_most: Option<Duration>,
    /// Something is missing in a table, which nobody tells of when it comes.
    pub in_tables: bool,
}

impl Stop {
    fn mapping(path: impl Into<String>, why: impl Into<String>) -> Self {
        let params = [("path", path.into()), ("why", why.into())];
        Self { state: State::Rejected, reason: Reason::new(Code::Mapping, params), lack: None }
    }
}

/// Maps a document for a call and makes its exact bytes. `told` is what the mapping reads as `$receipt`; `receipt`
/// names the document that is written.
pub fn compose(
    plan: &TargetPlan,
    call: &CallPlan,
    document: Option<&Value>,
    told: Option<&Receipt>,
    receipt: Option<&Receipt>,
    mirrors: &Mirrors<'_>,
) -> Result<Composed, Stop> {
    let (payload, lines, looked_up) = match (&call.mapping, document) {
        (Some(mapping), Some(document)) => {
            let told = told.map(receipt_value);
            let mapped = mapping.evaluate(document, told.as_ref(), mirrors);
            let mapped = mapped.map_err(|fault| stop_of(fault, mirrors))?;
            let lines = mapped.lines.into_iter().map(|list| (list.path.join("."), list.keys)).collect();
            (mapped.payload, lines, mapped.looked_up)
        }
        (Some(_), None) => return Err(Stop::mapping("", "the document is deleted, so there is nothing to map")),
        (None, _) => (Value::Null, Vec::new(), Vec::new()),
    };
    let number = number_of(call, &payload, receipt)?;
    let prepared = plan.connector.prepare(&call.spec, &payload, &lines, receipt);
    let prepared = prepared.map_err(|why| Stop::mapping("", why))?;
    let outgoing = Outgoing {
        attempt: attempt_id(),
        payload: prepared,
        number,
        target_id: receipt.and_then(|receipt| receipt.id.clone()),
        lines,
    };
    Ok(Composed { payload_hash: payload_hash(call, &payload), looked_up, outgoing, change_key: None })
}

/// The number under which the target document is found again: from the payload, else from the receipt.
pub fn number_of(call: &CallPlan, payload: &Value, receipt: Option<&Receipt>) -> Result<Option<String>, Stop> {
    let known = receipt.and_then(|receipt| receipt.number.clone());
    let Some(field) = call.spec.number_field.as_deref().filter(|_| call.mapping.is_some()) else { return Ok(known) };
    match payload.get(field) {
        Some(Value::String(text)) if !text.trim().is_empty() => Ok(Some(text.trim().to_owned())),
        Some(Value::Number(number)) => Ok(Some(number.to_string())),
        _ => Err(Stop::mapping(field, "the document's number is blank, so it could not be found again")),
    }
}

fn payload_hash(call: &CallPlan, payload: &Value) -> String {
    let mut hasher = blake3::Hasher::new();
    for part in [
        call.spec.call.as_str(),
        call.spec.form.as_deref().unwrap_or_default(),
        &serde_json::to_string(&call.spec.options).unwrap_or_default(),
        &payload.to_string(),
    ] {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    hasher.finalize().to_hex().to_string()
}

/// The change key: a second worker derives the same one (design.md 2.4).
pub fn change_key(plan: &TargetPlan, key: &Key, version: u64, payload_hash: &str, replays: u32) -> String {
    let mut hasher = blake3::Hasher::new();
    let (version, replays) = (version.to_string(), replays.to_string());
    for part in [&plan.scheme, &plan.name, key.as_str(), &version, payload_hash, &replays] {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    hasher.finalize().to_hex()[..32].to_owned()
}

/// A random id for one send.
pub fn attempt_id() -> String {
    let mut bytes = [0; 16];
    if getrandom::fill(&mut bytes).is_err() {
        // Without the system's randomness an id need only differ from the others of this database.
        bytes = fastrand::u128(..).to_le_bytes();
    }
    hex::encode(bytes)
}

fn stop_of(fault: MapFault, mirrors: &Mirrors<'_>) -> Stop {
    let misses = fault.kind.misses();
    if misses.is_empty() {
        return Stop::mapping(fault.path, fault.message);
    }
    let asked = misses.iter().filter_map(|miss| Some((miss.lookup.clone(), mirrors.mark(&miss.lookup)?)));
    let lack = |at_most: Option<Duration>| Lack {
        path: fault.path.clone(),
        why: fault.message.clone(),
        parked: asked.clone().collect(),
        at_most,
        in_tables: misses.iter().any(|miss| matches!(Source::read(&miss.lookup), Some(Source::Table(_)))),
    };
    let (state, reason, at_most) = match &fault.kind {
        MapFaultKind::Document | MapFaultKind::Missing(_) => {
            (State::Rejected, Stop::mapping(&fault.path, &fault.message).reason, None)
        }
        MapFaultKind::Waiting { at_most, .. } => {
            let all_deleted = misses.iter().all(|miss| miss.why == Why::Deleted);
            let code = if all_deleted { Code::LookupDeleted } else { Code::Lookup };
            (State::Waiting, waits(code, misses), *at_most)
        }
        MapFaultKind::NotReady(_) => (State::Waiting, waits(Code::LookupNotReady, misses), None),
    };
    // Of what a mirror can't tell yet nothing is known to be missing.
    let known = if reason.code == Code::LookupNotReady { Vec::new() } else { missing(misses) };
    Stop { state, reason: Reason { missing: known, ..reason }, lack: Some(Box::new(lack(at_most))) }
}

fn waits(code: Code, misses: &[Miss]) -> Reason {
    let lookups = once_each(misses.iter().map(|miss| miss.lookup.as_str()));
    let codes = once_each(misses.iter().flat_map(|m| &m.codes).map(|(f, t)| format!("{f}={t}")));
    Reason::new(code, [("lookup", lookups.join(", ")), ("codes", codes.join(", "))])
}

/// The codes to be added; of several documents with one code, none is.
fn missing(misses: &[Miss]) -> Vec<MissingCode> {
    let absent = misses.iter().filter(|miss| !matches!(miss.why, Why::Several { .. }));
    once_each(absent.map(|miss| MissingCode { lookup: miss.lookup.clone(), codes: miss.codes.clone() }))
}

/// In the order they came: several lines, or several fields of one look-up, may lack the same code.
fn once_each<T: PartialEq>(all: impl Iterator<Item = T>) -> Vec<T> {
    let mut found = Vec::new();
    for one in all {
        if !found.contains(&one) {
            found.push(one);
        }
    }
    found
}
