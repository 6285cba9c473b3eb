//! Checks one target against its system's call and makes it ready.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::clock::print_duration;
use crate::connector::{CallSpec, TargetCall};
use crate::delivery::{CallPlan, TargetPlan};
use crate::diff::Differ;
use crate::engine::check::{Surroundings, SystemReady, unknown};
use crate::engine::check_writeback::addressed_by_key;
use crate::engine::mirrors::KnownMirrors;
use crate::fault::{Fault, Position};
use crate::mapping::{Fields, Mapping, Tables};
use crate::query::Condition;
use crate::scheme::tree::{Name, Node, Value as Tree};
use crate::scheme::{InDoubt, Initial, Operation, Scheme, Target};

/// Documents a request where neither the scheme nor the call says.
const DEFAULT_BATCH: usize = 20;

/// What a target is checked with.
pub(super) struct TargetCheck<'a> {
    pub scheme: &'a Scheme,
    pub around: &'a Surroundings,
    pub mirrors: &'a KnownMirrors,
    /// Fields of the source; none: unknown.
    pub fields: Option<&'a Fields>,
    /// Documents of the source that can be asked for by key in one request; none: unknown.
    pub by_key: Option<usize>,
    /// None where the source itself is at fault: then nothing becomes ready, faults are told all the same.
    pub differ: Option<Differ>,
}

impl TargetCheck<'_> {
    /// Checks a target and its write-back; ready only if there is no fault.
    pub fn check(&self, target: &Target, faults: &mut Vec<Fault>) -> Option<Vec<TargetPlan>> {
        let told = self.check_one(target, None, faults);
        let back = target.writeback.as_ref().map(|back| self.check_one(back, Some(&target.name), faults));
        let mut plans = vec![told?];
        plans.extend(back.map_or(Some(None), |back| back.map(Some))?);
        Some(plans)
    }

    /// Checks a target, or the write-back of another.
    fn check_one(&self, target: &Target, of: Option<&str>, faults: &mut Vec<Fault>) -> Option<TargetPlan> {
        let before = faults.len();
        let back = of.map(|of| self.writes_back(of, target, faults));
        let system = self.around.systems.get(&target.system);
        let mut calls = Vec::new();
        if back.is_some() {
            self.no_steps(target, faults);
        }
        for operation in &target.operations {
            calls.extend(self.operation(target, operation, system, faults));
        }
        calls.extend(self.own_call(target, back.is_some(), system, faults));
        let (system, main) = (system?, calls.last()?);
        let in_doubt = match target.in_doubt {
            _ if back.is_some() => self.back_in_doubt(target),
            Some(rule) => rule,
            None if main.call.probes => InDoubt::Probe,
            None => InDoubt::Hold,
        };
        if back.is_none() && in_doubt == InDoubt::Probe && !main.call.probes {
            let message = format!("`in_doubt: probe`: `{}` can't be probed; allowed: `resend`, `hold`", target.call);
            faults.push(Fault::new(target.at.clone(), message));
        }
        let initial = target.initial.or(self.scheme.initial);
        if back.is_none() && initial == Some(Initial::Adopt) && !main.call.probes {
            let message = format!("`initial: adopt`: `{}` can't be probed; allowed: `baseline`, `send`", target.call);
            faults.push(Fault::new(target.at.clone(), message));
        }
        let batch = target.batch.unwrap_or(DEFAULT_BATCH.min(main.call.max_batch));
        check_settle(target, system, &calls, batch, faults);
        if back.is_none() && in_doubt == (InDoubt::Resend { remembers: None }) {
            check_remembers(target, &calls, faults);
        }
        let uses_changed =
            calls.iter().filter_map(|call| call.when.as_ref()).any(|when| when.text().contains("changed"));
        if back.is_some() {
            calls.iter_mut().for_each(|call| addressed_by_key(call, system));
        }
        let back = back.map_or(Some(None), |back| back.map(Some))?;
        let differ = self.differ.clone()?;
        (faults.len() == before).then(|| TargetPlan {
            scheme: self.scheme.id.clone(),
            name: target.name.clone(),
            connector: Arc::clone(&system.connector),
            account: system.connector.account(),
            compare: target.compare.clone(),
            differ,
            uses_changed,
            times: self.scheme.source.times(),
            hours: target.hours,
            zone: self.around.zone.clone(),
            in_doubt,
            settle: target.settle.or(system.settle),
            baseline_missing: target.baseline_missing,
            retry: target.retry,
            batch,
            concurrency: system.concurrency,
            rules: rules_fingerprint(target),
            lookups: Arc::clone(&self.around.lookups),
            calls,
            writeback: target.write_back(&self.scheme.source),
            back,
        })
    }

    fn own_call(
        &self,
        target: &Target,
        is_back: bool,
        system: Option<&SystemReady>,
        faults: &mut Vec<Fault>,
    ) -> Option<CallPlan> {
        let call = known_call(system?, &target.call, &target.call_at, faults)?;
        if call.form && target.form.is_none() {
            let message = format!("`form` is missing: `{}` needs one, such as `SAL_OUTSTOCK`", target.call);
            faults.push(Fault::new(target.at.clone(), message));
        }
        let number = target.identity.number.clone().or_else(|| call.number.map(str::to_owned));
        let mapping = self.mapping(target.mapping.as_ref(), &call, (&target.call, &target.at), faults);
        if call.mapped && target.mapping.is_some() && !is_back {
            check_number(target, number.as_deref(), &call, faults);
        }
        let options = self.options(&target.options, &call, faults);
        let mut plan = CallPlan {
            when: target.when.clone(),
            spec: CallSpec {
                call: target.call.clone(),
                form: target.form.clone(),
                options,
                number_field: number,
                compare: target.identity.compare.clone(),
            },
            mapping: mapping?,
            call,
            before: Vec::new(),
            after: Vec::new(),
        };
        self.steps(&mut plan, &target.steps, (target, system?), faults);
        Some(plan)
    }

    fn operation(
        &self,
        target: &Target,
        operation: &Operation,
        system: Option<&SystemReady>,
        faults: &mut Vec<Fault>,
    ) -> Option<CallPlan> {
        let call = known_call(system?, &operation.call, &operation.call_at, faults)?;
        let mapping = self.mapping(operation.mapping.as_ref(), &call, (&operation.call, &operation.at), faults);
        let options = self.own_or_shared_options(operation.options.as_deref(), target, &call, faults);
        let mut plan = CallPlan {
            when: operation.when.clone(),
            spec: CallSpec {
                call: operation.call.clone(),
                form: target.form.clone(),
                options,
                number_field: target.identity.number.clone().or_else(|| call.number.map(str::to_owned)),
                compare: target.identity.compare.clone(),
            },
            mapping: mapping?,
            call,
            before: Vec::new(),
            after: Vec::new(),
        };
        self.steps(&mut plan, &operation.steps, (target, system?), faults);
        Some(plan)
    }

    /// The options of an operation or a step. The target's belong to its own call; of them others take those that
    /// they know.
    pub(super) fn own_or_shared_options(
        &self,
        own: Option<&[(Name, Node)]>,
        target: &Target,
        call: &TargetCall,
        faults: &mut Vec<Fault>,
    ) -> Map<String, Value> {
        match own {
            Some(options) => self.options(options, call, faults),
            None => {
                let shared: Vec<(Name, Node)> = target
                    .options
                    .iter()
                    .filter(|(name, _)| call.options.contains(&name.text.as_str()))
                    .cloned()
                    .collect();
                self.options(&shared, call, faults)
            }
        }
    }

    /// The compiled mapping: `Some(None)` for a call that needs none.
    #[allow(clippy::option_option, reason = "the outer one says whether there were faults")]
    fn mapping(
        &self,
        node: Option<&Node>,
        call: &TargetCall,
        (name, at): (&str, &Position),
        faults: &mut Vec<Fault>,
    ) -> Option<Option<Mapping>> {
        match node {
            None if call.mapped => {
                faults.push(Fault::new(at.clone(), format!("`mapping` is missing: `{name}` needs one")));
                None
            }
            None => Some(None),
            Some(node) => {
                let mapping = Mapping::compile(node, faults)?;
                if let Some(fields) = self.fields {
                    mapping.check_fields(fields, faults);
                }
                mapping.check_ignored(&self.scheme.diff.ignore, faults);
                if call.updates {
                    mapping.check_keys(faults);
                }
                mapping.check_lookups(&self.mirrors.fields, faults);
                mapping.check_lookups_ignored(&self.mirrors.ignored, faults);
                Some(Some(mapping))
            }
        }
    }

    /// Options as JSON, read as a mapping's literals are.
    fn options(&self, options: &[(Name, Node)], call: &TargetCall, faults: &mut Vec<Fault>) -> Map<String, Value> {
        for (name, _) in options {
            if !call.options.contains(&name.text.as_str()) {
                faults.push(unknown("option", &name.text, &name.at, call.options));
            }
        }
        let Some((first, _)) = options.first() else { return Map::new() };
        let node = Node { at: first.at.clone(), value: Tree::Map(options.to_vec()) };
        let Some(literal) = Mapping::compile(&node, faults) else { return Map::new() };
        match literal.evaluate(&Value::Null, None, &Tables::default()) {
            Ok(mapped) => match mapped.payload {
                Value::Object(options) => options,
                _ => Map::new(),
            },
            Err(fault) => {
                faults.push(Fault::new(node.at.clone(), format!("`options`: {fault}")));
                Map::new()
            }
        }
    }
}

fn known_call(system: &SystemReady, name: &str, at: &Position, faults: &mut Vec<Fault>) -> Option<TargetCall> {
    let call = system.connector.target_call(name);
    if call.is_none() {
        faults.push(unknown("call", name, at, &system.connector.calls().1));
    }
    call
}

/// What is asked, or sent again, before the system must have come to an end could find or do the wrong (rule 6).
fn check_settle(target: &Target, system: &SystemReady, calls: &[CallPlan], batch: usize, faults: &mut Vec<Fault>) {
    if system.connector.is_loopback() {
        return;
    }
    let Some(settle) = target.settle.or(system.settle) else { return };
    let limit = |call: &CallPlan| (call.call.settle)(batch.min(call.call.max_batch).max(1));
    if let Some(call) = calls.iter().max_by_key(|call| limit(call)).filter(|call| settle < limit(call)) {
        let (name, settle, limit) = (&call.spec.call, print_duration(settle), print_duration(limit(call)));
        let message = format!(
            "`settle` is {settle}, but `{name}` may go on for {limit} after we gave up waiting: allowed: {limit} or more"
        );
        faults.push(Fault::new(target.at.clone(), message));
    }
}

/// The same bytes are safe only where they replace a document by its number, or while the target remembers our key
/// (rule 18).
fn check_remembers(target: &Target, calls: &[CallPlan], faults: &mut Vec<Fault>) {
    let keyed = |call: &&CallPlan| call.mapping.is_some() && !call.call.overwrites;
    if let Some(call) = calls.iter().find(keyed) {
        let message = format!(
            "`in_doubt: resend` needs `remembers`, how long the target remembers our key: `{}` does not replace a document by its number",
            call.spec.call
        );
        faults.push(Fault::new(target.at.clone(), message));
    }
}

/// A document that could not be found again could not be proved delivered.
fn check_number(target: &Target, number: Option<&str>, call: &TargetCall, faults: &mut Vec<Fault>) {
    let mapped = |field: &str| target.mapping.as_ref().is_some_and(|mapping| mapping.get(field).is_some());
    match number {
        Some(field) if !mapped(field) => {
            let message = format!("`identity.number` names `{field}`, which the mapping does not fill");
            faults.push(Fault::new(target.at.clone(), message));
        }
        None if call.probes && target.in_doubt.is_none_or(|rule| rule == InDoubt::Probe) => {
            let message =
                "`identity.number` is missing: it names the payload's field under which the document is found again";
            faults.push(Fault::new(target.at.clone(), message));
        }
        Some(_) | None => {}
    }
}

/// Changes when the target's calls, conditions or mappings do: rejected documents are then tried again.
fn rules_fingerprint(target: &Target) -> String {
    let mut hasher = blake3::Hasher::new();
    let mut part = |text: &str| {
        hasher.update(&(text.len() as u64).to_le_bytes());
        hasher.update(text.as_bytes());
    };
    part(&target.call);
    part(target.form.as_deref().unwrap_or_default());
    part(target.when.as_ref().map_or("", Condition::text));
    part(&target.mapping.as_ref().map(text_of).unwrap_or_default());
    for (name, value) in &target.options {
        part(&name.text);
        part(&text_of(value));
    }
    for operation in &target.operations {
        part(&operation.call);
        part(operation.when.as_ref().map_or("", Condition::text));
        part(&operation.mapping.as_ref().map(text_of).unwrap_or_default());
    }
    let operations = target.operations.iter().map(|operation| &operation.steps);
    for step in operations.chain([&target.steps]).flat_map(|steps| steps.before.iter().chain(&steps.after)) {
        part(&step.call);
        for (name, value) in step.options.iter().flatten() {
            part(&name.text);
            part(&text_of(value));
        }
    }
    hasher.finalize().to_hex()[..32].to_owned()
}

/// A tree as text without positions.
fn text_of(node: &Node) -> String {
    match &node.value {
        Tree::Null => "~".to_owned(),
        Tree::Plain(text) => text.clone(),
        Tree::Quoted(text) => format!("{text:?}"),
        Tree::Secret(_) => "***".to_owned(),
        Tree::List(elements) => format!("[{}]", elements.iter().map(text_of).collect::<Vec<_>>().join(",")),
        Tree::Map(entries) => {
            let entries: Vec<String> = entries.iter().map(|(n, v)| format!("{}:{}", n.text, text_of(v))).collect();
            format!("{{{}}}", entries.join(","))
        }
    }
}
