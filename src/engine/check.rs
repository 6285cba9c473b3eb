//! Checks schemes against what their systems can do, all faults at once, and makes them ready. No I/O.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::capture::{CapturePlan, DetailPlan, diff_rules};
use crate::clock::Zone;
use crate::connector::Connector;
use crate::delivery::{LookupsNow, TargetPlan};
use crate::diff::Differ;
use crate::engine::check_target::TargetCheck;
use crate::engine::mirrors::{KnownMirrors, index_of};
use crate::fault::{Fault, Position, nearest};
use crate::mapping::{Fields, Tables, condition_reads};
use crate::query::{Condition, Query};
use crate::scheme::tree::Node;
use crate::scheme::{Entry, Mode, Placed, Scheme, SchemeFile};

/// A system that schemes may name.
#[derive(Clone)]
pub struct SystemReady {
    /// Its connector.
    pub connector: Arc<dyn Connector>,
    /// The settle time of its targets, where the configuration sets one.
    pub settle: Option<Duration>,
    /// Requests at once.
    pub concurrency: usize,
}

/// What schemes are checked against.
pub struct Surroundings {
    /// Systems by name.
    pub systems: BTreeMap<String, SystemReady>,
    /// Cross-reference tables as they are now.
    pub tables: Arc<Tables>,
    /// Gives the look-ups of later: tables are reloaded.
    pub lookups: LookupsNow,
    /// Zone of source times that carry none.
    pub zone: Zone,
}

/// A scheme made ready.
pub struct Ready {
    /// As read.
    pub scheme: Arc<Scheme>,
    /// Its source made ready.
    pub capture: CapturePlan,
    /// Its system's connector.
    pub connector: Arc<dyn Connector>,
    /// Its targets made ready.
    pub targets: Vec<TargetPlan>,
}

/// Checks schemes and makes those without fault ready. Faults come in the order of files and lines. A scheme that
/// names an unknown system is not made ready; that fault is told where configuration and schemes are read together.
pub fn check<S: Into<SchemeFile>>(schemes: Vec<S>, around: &Surroundings) -> (Vec<Ready>, Vec<Fault>) {
    let mut faults = Vec::new();
    let mut ready = Vec::new();
    let schemes: Vec<SchemeFile> = schemes.into_iter().map(Into::into).collect();
    let mirrors = KnownMirrors::new(&schemes, around);
    for scheme in &schemes {
        let before = faults.len();
        let made = check_scheme(scheme, around, &mirrors, &mut faults);
        if let Some(made) = made
            && faults.len() == before
        {
            ready.push(made);
        }
    }
    let index = index_of(ready.iter().flat_map(|ready| &ready.targets));
    for ready in &mut ready {
        ready.capture.index = index.get(&ready.scheme.id).cloned().unwrap_or_default();
    }
    faults.sort();
    faults.dedup();
    (ready, faults)
}

fn check_scheme(
    file: &SchemeFile,
    around: &Surroundings,
    mirrors: &KnownMirrors,
    faults: &mut Vec<Fault>,
) -> Option<Ready> {
    let scheme = Arc::new(file.scheme.clone());
    let source = &scheme.source;
    let system = around.systems.get(&source.system);
    let call = system.and_then(|system| {
        let call = system.connector.source_call(&source.call);
        if call.is_none() {
            faults.push(unknown("call", &source.call, &source.call_at, &system.connector.calls().0));
        }
        call
    });
    let (Some(system), Some(call)) = (system, call) else {
        // The targets' systems and calls are still told.
        let check = TargetCheck { scheme: &scheme, around, mirrors, fields: None, by_key: None, differ: None };
        for target in &scheme.targets {
            check.check(target, faults);
        }
        return None;
    };
    for (name, _) in &source.params {
        if !call.params.is_empty() && !call.params.contains(&name.text.as_str()) {
            faults.push(unknown("parameter", &name.text, &name.at, &call.params));
        }
    }
    faults.extend(system.connector.check_source(source));
    if !call.windows && source.mode != Mode::Full {
        let message = format!("`{}` can't be asked for a span of time: write `mode: full`", source.call);
        faults.push(Fault::new(source.call_at.clone(), message));
    } else if source.mode == Mode::Cursor && !system.connector.follows(source) {
        let message = format!("`{}` can't be asked for rows by their version: write `mode: window`", source.call);
        faults.push(Fault::new(source.call_at.clone(), message));
    }
    let listed = listed_fields(&scheme, &call.fields);
    let detail = check_detail(&scheme, system, listed.as_ref(), faults);
    let fields = fields_of(&scheme, system);
    if let Some(fields) = &fields {
        check_paths(file, fields, listed.as_ref(), faults);
    }
    let numeric = detail.as_ref().map_or(&call.numeric, |detail| &detail.numeric);
    let differ = match diff_rules(&scheme, numeric) {
        Ok(rules) => Some(Differ::new(&rules)),
        Err(_) => None, // told below, by the capture plan
    };
    let by_key = Some(call.by_key);
    let capture = CapturePlan::new(&scheme, call, detail).map_err(|fault| {
        faults.push(Fault::new(source.at.clone(), fault.to_string()));
    });
    let check = TargetCheck { scheme: &scheme, around, mirrors, fields: fields.as_ref(), by_key, differ };
    let targets: Vec<Option<Vec<TargetPlan>>> =
        scheme.targets.iter().map(|target| check.check(target, faults)).collect();
    let targets = targets.into_iter().collect::<Option<Vec<_>>>()?.into_iter().flatten().collect();
    let connector = Arc::clone(&system.connector);
    Some(Ready { connector, capture: capture.ok()?, targets, scheme })
}

/// A fault that names what is unknown, the nearest known name, and what is allowed.
pub(super) fn unknown(what: &str, name: &str, at: &Position, known: &[&str]) -> Fault {
    let hint = nearest(name, known.iter().copied()).map(|near| format!("did you mean `{near}`? ")).unwrap_or_default();
    let allowed: Vec<String> = known.iter().map(|one| format!("`{one}`")).collect();
    let allowed = if allowed.is_empty() { "none".to_owned() } else { allowed.join(", ") };
    Fault::new(at.clone(), format!("unknown {what} `{name}`: {hint}allowed: {allowed}"))
}

/// The detail call made ready; its parameters are read from the listed document.
fn check_detail(
    scheme: &Scheme,
    system: &SystemReady,
    listed: Option<&Fields>,
    faults: &mut Vec<Fault>,
) -> Option<DetailPlan> {
    let detail = scheme.source.detail.as_ref()?;
    let Some(call) = system.connector.detail_call(&detail.call) else {
        let message = format!("unknown detail call `{}`: it reads no single documents", detail.call);
        faults.push(Fault::new(detail.call_at.clone(), message));
        return None;
    };
    for param in &detail.params {
        if !call.params.is_empty() && !call.params.contains(&param.name.text.as_str()) {
            faults.push(unknown("parameter", &param.name.text, &param.name.at, &call.params));
        }
        for query in param.value.queries() {
            if let Some(listed) = listed {
                check_query(query, listed, &param.node, faults);
            }
        }
    }
    if let Some(listed) = listed {
        for query in &scheme.source.key {
            if let Err(slip) = listed.check_query(query, &[]) {
                let message = format!("`key` reads what is listed, too: {}", slip.message);
                faults.push(Fault::new(detail.at.clone(), message));
            }
        }
    }
    Some(DetailPlan::new(detail, call, &scheme.source.key))
}

/// The fields documents of a scheme have, read whole where it has a detail; none where nothing is known of them.
pub(super) fn fields_of(scheme: &Scheme, system: &SystemReady) -> Option<Fields> {
    let connector = &system.connector;
    match &scheme.source.detail {
        Some(detail) => {
            let fields = connector.detail_call(&detail.call)?.fields;
            (!fields.is_empty()).then(|| Fields::from_names(fields))
        }
        None => listed_fields(scheme, &connector.source_call(&scheme.source.call)?.fields),
    }
}

/// The fields documents of the source are listed with; none where nothing is known of them.
fn listed_fields(scheme: &Scheme, described: &[String]) -> Option<Fields> {
    let mut names = described.to_vec();
    names.extend(scheme.source.fields.iter().map(|field| field.name.clone()));
    names.extend(scheme.source.entries.iter().flat_map(Entry::names));
    (!names.is_empty()).then(|| Fields::from_names(names))
}

/// Paths and conditions that name a field not read, or one that `diff.ignore` leaves out of every change.
fn check_paths(file: &SchemeFile, fields: &Fields, listed: Option<&Fields>, faults: &mut Vec<Fault>) {
    // Number and time of a document that is read whole may stand in what is listed alone.
    let listed = listed.filter(|_| file.scheme.source.detail.is_some());
    for Placed { expression, node } in file.document_paths() {
        let is_key = file.scheme.source.key.iter().any(|key| key.text() == expression.text());
        if is_key || listed.is_none_or(|listed| listed.check_query(&expression, &[]).is_err()) {
            check_query(&expression, fields, &node, faults);
        }
    }
    let input = fields.of_condition();
    for Placed { expression, node } in file.change_conditions() {
        check_condition(&expression, &input, &node, faults);
        for query in expression.queries() {
            for ignored in &file.scheme.diff.ignore {
                if condition_reads(query, ignored) {
                    let (path, ignored) = (query.text(), ignored.text());
                    let message = format!("`{path}` reads `{ignored}`, which `diff.ignore` leaves out of every change");
                    faults.push(Fault::new(inside(&node, path), message));
                }
            }
        }
    }
    for Placed { expression, node } in file.version_conditions() {
        check_condition(&expression, fields, &node, faults);
    }
}

fn check_condition(condition: &Condition, known: &Fields, node: &Node, faults: &mut Vec<Fault>) {
    for query in condition.queries() {
        check_query(query, known, node, faults);
    }
}

fn check_query(query: &Query, known: &Fields, node: &Node, faults: &mut Vec<Fault>) {
    if let Err(slip) = known.check_query(query, &[]) {
        let begin = node.text().and_then(|text| text.find(query.text()).map(|at| text[..at].chars().count()));
        faults.push(Fault::new(node.inside(begin.unwrap_or(0) + slip.offset), slip.message));
    }
}

/// Where a part of a scalar's text stands.
fn inside(node: &Node, part: &str) -> Position {
    let offset = node.text().and_then(|text| text.find(part).map(|at| text[..at].chars().count()));
    node.inside(offset.unwrap_or(0))
}
