//! From a document to its payload.

use std::collections::{BTreeMap, HashSet};

use serde_json::{Map, Value};

use super::evaluate_lookup::Missed;
use super::fault::{MapFault, MapFaultKind};
use super::lookup::Lookups;
use super::placed::Placed;
use super::plan::{Each, Gives, Mapping, Plan};
use super::text;
use super::trail::Trail;
use crate::looked_up::{LookedUp, Question};
use crate::query::{Condition, EvalFault, Found, Outcome, Pipe, Scope};

/// A payload, and what the delivery has to know about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Mapped {
    /// What the target is told: the mapping's shape, key order and digits.
    pub payload: Value,
    /// The source lines of each `$each` list that has a `$key`, parents before what they contain.
    pub lines: Vec<LineList>,
    /// What look-ups gave, each question once.
    pub looked_up: Vec<LookedUp>,
}

/// Which source lines the elements of one list of the payload came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineList {
    /// The list's place by names: `["FEntity"]`. A list within the element of another names that element by its
    /// `$key` (by its index, from 0, where it has none): `["FEntity", "7001", "FSerials"]`.
    pub path: Vec<String>,
    /// The list's place as a JSON Pointer into the payload (RFC 6901): `/FEntity`, `/FEntity/0/FSerials`.
    pub pointer: String,
    /// The `$key` of each element, in the payload's order.
    pub keys: Vec<String>,
}

impl Mapping {
    /// Maps a document. `receipt` is what `$receipt` reads.
    ///
    /// # Errors
    /// A fault of the document ends the evaluation where it is met; codes that look-ups miss are collected first, so
    /// that all of a document are told at once.
    pub fn evaluate(
        &self,
        document: &Value,
        receipt: Option<&Value>,
        lookups: &dyn Lookups,
    ) -> Result<Mapped, MapFault> {
        let mut run = Evaluation {
            document,
            receipt,
            lookups,
            trail: Trail::default(),
            lines: Vec::new(),
            looked_up: BTreeMap::new(),
            missed: Missed::default(),
        };
        let payload = run.plan(&self.root, &[])?;
        if let Some(fault) = run.missed.into_fault() {
            return Err(fault);
        }
        let payload = payload.ok_or_else(|| MapFault {
            path: String::new(),
            message: "the mapping gives nothing for this document".to_owned(),
            kind: MapFaultKind::Document,
        })?;
        let looked_up = run.looked_up.into_iter().map(|(question, value)| LookedUp { question, value });
        Ok(Mapped { payload, lines: run.lines, looked_up: looked_up.collect() })
    }
}

/// One document's evaluation. Values are `None` where the key or element is left out.
pub(super) struct Evaluation<'a> {
    document: &'a Value,
    receipt: Option<&'a Value>,
    pub lookups: &'a dyn Lookups,
    pub trail: Trail<'a>,
    lines: Vec<LineList>,
    pub looked_up: BTreeMap<Question, Value>,
    pub missed: Missed,
}

impl<'a> Evaluation<'a> {
    /// The value of a plan in the scope of `elements`, outermost first.
    pub fn plan(&mut self, plan: &'a Plan, elements: &[&Value]) -> Result<Option<Value>, MapFault> {
        if !self.holds(plan.when.as_ref(), elements)? {
            return Ok(None);
        }
        match &plan.gives {
            Gives::Literal(value) => Ok(Some(value.clone())),
            Gives::Pipe(pipe) => self.outcome(pipe.expression.evaluate(&self.scope(elements))),
            Gives::Template(template) => self.outcome(template.expression.evaluate(&self.scope(elements))),
            Gives::List(plans) => self.list(plans, elements).map(Some),
            Gives::Object(fields) => self.object(fields, elements).map(Some),
            Gives::Each(each) => self.each(each, elements),
            Gives::If(branches) => {
                if self.holds(Some(&branches.condition), elements)? {
                    return self.plan(&branches.then, elements);
                }
                branches.otherwise.as_ref().map_or(Ok(None), |otherwise| self.plan(otherwise, elements))
            }
            Gives::Lookup(lookup) => self.look_up(lookup, elements),
        }
    }

    fn scope<'s>(&self, elements: &'s [&'s Value]) -> Scope<'s>
    where
        'a: 's,
    {
        Scope { document: self.document, elements, receipt: self.receipt }
    }

    fn holds(&self, condition: Option<&Placed<Condition>>, elements: &[&Value]) -> Result<bool, MapFault> {
        let Some(condition) = condition else { return Ok(true) };
        condition.expression.holds(&self.scope(elements)).map_err(|fault| self.fault(fault.to_string()))
    }

    /// What a pipe or template gave; `optional` leaves out.
    pub fn outcome(&self, outcome: Result<Outcome, EvalFault>) -> Result<Option<Value>, MapFault> {
        match outcome {
            Ok(Outcome::Value(value)) => Ok(Some(value)),
            Ok(Outcome::Omit) => Ok(None),
            Err(fault) => Err(self.fault(fault.to_string())),
        }
    }

    fn object(&mut self, fields: &'a [(String, Plan)], elements: &[&Value]) -> Result<Value, MapFault> {
        let mut object = Map::with_capacity(fields.len());
        for (name, plan) in fields {
            self.trail.enter(name);
            if let Some(value) = self.plan(plan, elements)? {
                object.insert(name.clone(), value);
            }
            self.trail.leave();
        }
        Ok(Value::Object(object))
    }

    fn list(&mut self, plans: &'a [Plan], elements: &[&Value]) -> Result<Value, MapFault> {
        let mut list = Vec::with_capacity(plans.len());
        for (index, plan) in plans.iter().enumerate() {
            self.trail.enter_element(index, list.len());
            list.extend(self.plan(plan, elements)?);
            self.trail.leave();
        }
        Ok(Value::Array(list))
    }

    fn each(&mut self, each: &'a Each, elements: &[&Value]) -> Result<Option<Value>, MapFault> {
        let Some(sources) = self.sources(each, elements)? else { return Ok(None) };
        let slot = self.lines.len();
        if each.key.is_some() {
            let (path, pointer) = (self.trail.names(), self.trail.pointer());
            self.lines.push(LineList { path, pointer, keys: Vec::new() });
        }
        let mut list = Vec::with_capacity(sources.len());
        let mut keys = Vec::new();
        let mut known = HashSet::new();
        for (index, source) in sources.into_iter().enumerate() {
            let inner = [elements, &[source]].concat();
            self.trail.enter_element(index, list.len());
            if self.holds(each.when.as_ref(), &inner)? {
                if let Some(pipe) = &each.key {
                    let key = self.key(pipe, &inner)?;
                    if !known.insert(key.clone()) {
                        let text = pipe.expression.text();
                        return Err(self.fault(format!("`$key` `{text}`: `{key}` names two elements of the list")));
                    }
                    self.trail.key_element(&key);
                    keys.push(key);
                }
                list.push(self.object(&each.fields, &inner)?);
            }
            self.trail.leave();
        }
        if each.key.is_some()
            && let Some(lines) = self.lines.get_mut(slot)
        {
            lines.keys = keys;
        }
        Ok(Some(Value::Array(list)))
    }

    /// The source elements of an `$each`; `None` leaves the list out.
    fn sources<'s>(&self, each: &Each, elements: &'s [&'s Value]) -> Result<Option<Vec<&'s Value>>, MapFault>
    where
        'a: 's,
    {
        let query = &each.over.expression;
        let found = query.try_find(&self.scope(elements)).map_err(|fault| self.fault(fault.to_string()))?;
        let sources = match found {
            Found::Nothing if !each.optional && query.is_singular() => {
                return Err(self.fault(format!("`$each` `{}` finds nothing in the document", query.text())));
            }
            Found::Nothing | Found::One(Value::Null) => Vec::new(),
            Found::One(Value::Array(list)) => list.iter().collect(),
            Found::One(other) => {
                let (text, kind) = (query.text(), text::kind(other));
                return Err(self.fault(format!("`$each` `{text}` finds {kind}, it needs a list")));
            }
            Found::Many(list) => list,
        };
        Ok((!(sources.is_empty() && each.optional)).then_some(sources))
    }

    /// The `$key` of an element (rules.md 12).
    fn key(&self, pipe: &Placed<Pipe>, elements: &[&Value]) -> Result<String, MapFault> {
        let pipe = &pipe.expression;
        let value = self.outcome(pipe.evaluate(&self.scope(elements)))?.unwrap_or(Value::Null);
        match text::plain(&value) {
            Some(key) if !key.trim().is_empty() => Ok(key),
            Some(_) => Err(self.fault(format!("`$key` `{}` is null or blank", pipe.text()))),
            None => {
                let kind = text::kind(&value);
                Err(self.fault(format!("`$key` `{}` gives {kind}, it needs a text or a number", pipe.text())))
            }
        }
    }

    /// A fault of the document, here.
    pub fn fault(&self, message: impl Into<String>) -> MapFault {
        MapFault { path: self.trail.to_string(), message: message.into(), kind: MapFaultKind::Document }
    }
}
