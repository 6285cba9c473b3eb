//! From what the user wrote to a [`Mapping`]: all faults of a mapping at once, each at its position.

use serde_json::Value as Json;

use super::placed::Placed;
use super::plan::{Each, Gives, If, Mapping, Plan};
use super::suggest::suggest;
use super::{compile_lookup, text};
use crate::fault::Fault;
use crate::query::{Condition, Pipe, Query, Slip, Template};
use crate::scheme::tree::{Name, Node, Value};

/// Deeper mappings are refused: compiling and evaluating recurse. No target document is half as deep.
const MAX_DEPTH: usize = 64;

/// The keys that mean something to the mapping; any other that begins with `$` is a fault.
const OPERATORS: [&str; 6] = ["$each", "$key", "$when", "$if", "$lookup", "$const"];

impl Mapping {
    /// Compiles the value of a target's `mapping:`. Faults are added to `faults`; with any, there is no mapping.
    pub fn compile(node: &Node, faults: &mut Vec<Fault>) -> Option<Self> {
        let Some(entries) = node.map() else {
            faults.push(Fault::new(
                node.at.clone(),
                format!("a mapping has the shape of the target document: keys and values, not {}", node.kind()),
            ));
            return None;
        };
        let before = faults.len();
        let has = |key: &str| entries.iter().find(|(name, _)| name.text == key);
        if let (Some((name, _)), None) = (has("$when"), has("$each")) {
            faults.push(Fault::new(
                name.at.clone(),
                "`$when` has nothing here to be left out of: which documents are sent says the target's `when`",
            ));
        }
        let root = Compiler { faults, depth: 0 }.plan(node)?;
        (faults.len() == before).then_some(Self { root })
    }
}

/// Walks the tree the user wrote.
pub(super) struct Compiler<'f> {
    pub faults: &'f mut Vec<Fault>,
    depth: usize,
}

impl Compiler<'_> {
    /// Compiles any value of a mapping.
    pub fn plan(&mut self, node: &Node) -> Option<Plan> {
        match &node.value {
            Value::Map(entries) => self.nested(node, |this| this.object(node, entries)),
            Value::List(elements) => self.nested(node, |this| {
                let plans: Vec<_> = elements.iter().map(|element| this.element(element)).collect();
                plans.into_iter().collect::<Option<_>>().map(|plans| always(Gives::List(plans)))
            }),
            Value::Null | Value::Plain(_) | Value::Quoted(_) | Value::Secret(_) => self.scalar(node).map(always),
        }
    }

    /// Compiles an element of a list.
    fn element(&mut self, node: &Node) -> Option<Plan> {
        if gives_list(node) {
            let message = "`$each` gives a list itself: write it without `-`; here it would be a list within the list";
            self.faults.push(Fault::new(node.at.clone(), message));
        }
        self.plan(node)
    }

    /// Compiles what a list or mapping holds, unless it lies too deep.
    fn nested<T>(&mut self, node: &Node, compile: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        if self.depth == MAX_DEPTH {
            self.faults.push(Fault::new(node.at.clone(), format!("a mapping nests at most {MAX_DEPTH} deep")));
            return None;
        }
        self.depth += 1;
        let compiled = compile(self);
        self.depth -= 1;
        compiled
    }

    fn scalar(&mut self, node: &Node) -> Option<Gives> {
        match node.text() {
            Some(text) if text.starts_with(['$', '@']) => self.pipe(node).map(Gives::Pipe),
            Some(text) if Template::is_template(text) => {
                Placed::parse(node, Template::parse, "a template", self.faults).map(Gives::Template)
            }
            _ => self.literal(node).map(Gives::Literal),
        }
    }

    /// A value that stands for itself, of any depth.
    fn literal(&mut self, node: &Node) -> Option<Json> {
        match &node.value {
            Value::List(elements) => self.nested(node, |this| {
                let values: Vec<_> = elements.iter().map(|element| this.literal(element)).collect();
                values.into_iter().collect::<Option<_>>().map(Json::Array)
            }),
            Value::Map(entries) => self.nested(node, |this| {
                let values: Vec<_> =
                    entries.iter().map(|(name, value)| Some((name.text.clone(), this.literal(value)?))).collect();
                values.into_iter().collect::<Option<_>>().map(Json::Object)
            }),
            Value::Secret(_) => {
                let message = "a secret can't be mapped: payloads are stored and shown";
                self.faults.push(Fault::new(node.at.clone(), message));
                None
            }
            Value::Null => Some(Json::Null),
            Value::Quoted(text) => Some(Json::String(text.clone())),
            Value::Plain(text) => Some(text::literal(text)),
        }
    }

    /// A query with filters; a text that only looks like one gets told how a literal is written.
    pub fn pipe(&mut self, node: &Node) -> Option<Placed<Pipe>> {
        let parse = |text: &str| {
            Pipe::parse(text).map_err(|slip| {
                let message = match text.trim_start_matches(['$', '@']).chars().next() {
                    Some('.' | '[' | '|' | ' ') => slip.message,
                    _ if text.starts_with("$receipt") => slip.message,
                    _ => format!("{}; a literal is written {{ $const: '{text}' }}", slip.message),
                };
                Slip { message, ..slip }
            })
        };
        Placed::parse(node, parse, "a query", self.faults)
    }

    fn condition(&mut self, node: &Node) -> Option<Placed<Condition>> {
        Placed::parse(node, Condition::parse, "a condition", self.faults)
    }

    fn object(&mut self, node: &Node, entries: &[(Name, Node)]) -> Option<Plan> {
        let before = self.faults.len();
        for (name, _) in entries.iter().filter(|(name, _)| name.text.starts_with('$')) {
            if !OPERATORS.contains(&name.text.as_str()) {
                self.unknown(name, "a key of a mapping that begins with `$`", &OPERATORS);
            }
        }
        let present: Vec<&Name> = entries
            .iter()
            .map(|(name, _)| name)
            .filter(|name| matches!(name.text.as_str(), "$each" | "$if" | "$lookup" | "$const"))
            .collect();
        if let [first, second, ..] = present.as_slice() {
            let message = format!("`{}` and `{}` can't stand in one object", first.text, second.text);
            self.faults.push(Fault::new(second.at.clone(), message));
        }
        let operator = present.first().map(|name| name.text.as_str());
        let mut when = node.get("$when").and_then(|condition| self.condition(condition));
        if operator != Some("$each")
            && let Some((name, _)) = entries.iter().find(|(name, _)| name.text == "$key")
        {
            self.faults.push(Fault::new(name.at.clone(), "`$key` stands beside `$each` and nowhere else"));
        }
        let plan = match operator {
            Some("$each") => self.each(node, entries, when.take()),
            Some("$if") => self.branches(node, entries),
            Some("$lookup") => compile_lookup::lookup(self, node, entries).map(|found| Gives::Lookup(Box::new(found))),
            Some("$const") => self.constant(node, entries),
            _ => self.fields(entries).map(Gives::Object),
        };
        (self.faults.len() == before).then_some(Plan { when, gives: plan? })
    }

    /// The keys of an object that are the target's.
    fn fields(&mut self, entries: &[(Name, Node)]) -> Option<Vec<(String, Plan)>> {
        let own = entries.iter().filter(|(name, _)| !name.text.starts_with('$'));
        let plans: Vec<_> = own.map(|(name, value)| Some((name.text.clone(), self.plan(value)?))).collect();
        plans.into_iter().collect()
    }

    fn each(&mut self, node: &Node, entries: &[(Name, Node)], when: Option<Placed<Condition>>) -> Option<Gives> {
        let source = node.get("$each")?;
        let optional = source.text().is_some_and(|text| split_optional(text).1);
        let over = Placed::parse(source, |text| each_query(split_optional(text).0), "a query", self.faults);
        let key = node.get("$key").and_then(|key| self.pipe(key));
        let fields = self.fields(entries);
        if fields.as_ref().is_some_and(Vec::is_empty) {
            let message = "`$each` needs sibling keys: the fields of each element";
            self.faults.push(Fault::new(node.at.clone(), message));
        }
        Some(Gives::Each(Box::new(Each { over: over?, optional, when, key, fields: fields? })))
    }

    fn branches(&mut self, node: &Node, entries: &[(Name, Node)]) -> Option<Gives> {
        self.only(entries, "`$if`", &["then", "else", "$when"]);
        let condition = self.condition(node.get("$if")?);
        let then = node.get("then");
        if then.is_none() {
            let message = "`$if` needs `then`: { $if: CONDITION, then: …, else: … }";
            self.faults.push(Fault::new(node.at.clone(), message));
        }
        let then = then.and_then(|value| self.plan(value));
        let otherwise = node.get("else").and_then(|value| self.plan(value));
        Some(Gives::If(Box::new(If { condition: condition?, then: then?, otherwise })))
    }

    fn constant(&mut self, node: &Node, entries: &[(Name, Node)]) -> Option<Gives> {
        self.only(entries, "`$const`", &["$when"]);
        self.literal(node.get("$const")?).map(Gives::Literal)
    }

    /// Faults every key that an operator does not know; those with `$` are told by [`Compiler::object`].
    pub fn only(&mut self, entries: &[(Name, Node)], operator: &str, allowed: &[&str]) {
        let plain = entries.iter().map(|(name, _)| name).filter(|name| !name.text.starts_with('$'));
        for name in plain.filter(|name| !allowed.contains(&name.text.as_str())) {
            self.unknown(name, &format!("a key beside {operator}"), allowed);
        }
    }

    fn unknown(&mut self, name: &Name, what: &str, allowed: &[&str]) {
        let hint = suggest(&name.text, "allowed are", allowed.iter().copied());
        let message = format!("`{}` is not {what}: {hint}", name.text);
        self.faults.push(Fault::new(name.at.clone(), message));
    }
}

/// Whether a value gives the list of an `$each`.
fn gives_list(node: &Node) -> bool {
    let branch = |key: &str| node.get("$if").and(node.get(key)).is_some_and(gives_list);
    node.get("$each").is_some() || branch("then") || branch("else")
}

fn always(gives: Gives) -> Plan {
    Plan { when: None, gives }
}

/// The query of an `$each`, and whether `| optional` follows it.
fn split_optional(text: &str) -> (&str, bool) {
    let query = text.trim_end().strip_suffix("optional").and_then(|rest| rest.trim_end().strip_suffix('|'));
    query.map_or((text, false), |query| (query.trim_end(), true))
}

fn each_query(text: &str) -> Result<Query, Slip> {
    Query::parse_with_pipes(text).map_err(|slip| match Pipe::parse(text) {
        Ok(_) => Slip { offset: 0, message: "`$each` takes a query and at most `| optional` behind it".to_owned() },
        Err(_) => slip,
    })
}
