//! From a document to what is sent: the mapped payload, its hash, and the exact bytes with the receipt's ids.

use serde_json::Value;

use crate::connector::Outgoing;
use crate::delivery::judge::receipt_value;
use crate::delivery::target::{CallPlan, TargetPlan};
use crate::mapping::{MapFault, MapFaultKind, Miss};
use crate::name::Key;
use crate::reason::{Code, MissingCode, Reason, State};
use crate::receipt::Receipt;

/// A document ready to be claimed.
#[derive(Debug)]
pub struct Composed {
    /// BLAKE3 of call, options and mapped payload, without receipt ids (rule 28).
    pub payload_hash: String,
    /// What goes to the connector.
    pub outgoing: Outgoing,
}

/// Why there is nothing to send: the state and reason the document gets.
#[derive(Debug)]
pub struct Stop {
    pub state: State,
    pub reason: Reason,
}

impl Stop {
    fn mapping(path: impl Into<String>, why: impl Into<String>) -> Self {
        let params = [("path", path.into()), ("why", why.into())];
        Self { state: State::Rejected, reason: Reason::new(Code::Mapping, params) }
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
) -> Result<Composed, Stop> {
    let (payload, lines) = match (&call.mapping, document) {
        (Some(mapping), Some(document)) => {
            let told = told.map(receipt_value);
            let lookups = (plan.lookups)();
            let mapped = mapping.evaluate(document, told.as_ref(), &*lookups).map_err(stop_of)?;
            let lines = mapped.lines.into_iter().map(|list| (list.path.join("."), list.keys)).collect();
            (mapped.payload, lines)
        }
        (Some(_), None) => return Err(Stop::mapping("", "the document is deleted, so there is nothing to map")),
        (None, _) => (Value::Null, Vec::new()),
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
    Ok(Composed { payload_hash: payload_hash(call, &payload), outgoing })
}

/// The number under which the target document is found again: from the payload, else from the receipt.
pub fn number_of(call: &CallPlan, payload: &Value, receipt: Option<&Receipt>) -> Result<Option<String>, Stop> {
    let known = receipt.and_then(|receipt| receipt.number.clone());
    let Some(field) = call.spec.number_field.as_deref().filter(|_| call.mapping.is_some()) else { return Ok(known) };
    match payload.get(field) {
        Some(Value::String(text)) if !text.trim().is_empty() => Ok(Some(text.clone())),
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
fn attempt_id() -> String {
    let mut bytes = [0; 16];
    if getrandom::fill(&mut bytes).is_err() {
        // Without the system's randomness an id need only differ from the others of this database.
        bytes = fastrand::u128(..).to_le_bytes();
    }
    hex::encode(bytes)
}

fn stop_of(fault: MapFault) -> Stop {
    match fault.kind {
        MapFaultKind::Document => Stop::mapping(fault.path, fault.message),
        MapFaultKind::Missing(misses) => {
            let mut stop = Stop::mapping(fault.path, fault.message);
            stop.reason.missing = missing(&misses);
            stop
        }
        MapFaultKind::Waiting { misses, .. } | MapFaultKind::NotReady(misses) => {
            let lookups: Vec<&str> = misses.iter().map(|miss| miss.lookup.as_str()).collect();
            let codes: Vec<String> = misses.iter().flat_map(|m| &m.codes).map(|(f, t)| format!("{f}={t}")).collect();
            let params = [("lookup", lookups.join(", ")), ("codes", codes.join(", "))];
            let mut reason = Reason::new(Code::Lookup, params);
            reason.missing = missing(&misses);
            Stop { state: State::Waiting, reason }
        }
    }
}

fn missing(misses: &[Miss]) -> Vec<MissingCode> {
    misses.iter().map(|miss| MissingCode { lookup: miss.lookup.clone(), codes: miss.codes.clone() }).collect()
}
