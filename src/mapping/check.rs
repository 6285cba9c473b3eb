//! What `check` asks of a compiled mapping: known fields, ignored paths, keys of lists, look-ups.

use std::collections::BTreeMap;

use super::fields::Fields;
use super::lookup::{Lookup, Source, Take};
use super::placed::{Placed, locate};
use super::plan::{Each, Gives, Mapping, Plan};
use super::reach::reads;
use super::suggest::suggest;
use crate::fault::{Fault, Position};
use crate::query::{Condition, Query};
use crate::scheme::tree::Node;

/// A query of a mapping, and where it stands.
#[derive(Debug, Clone)]
pub struct Use<'m> {
    /// The query.
    pub query: &'m Query,
    /// The queries of the `$each` it stands in, outermost first.
    pub each: Vec<&'m Query>,
    /// Whether what it finds goes into the payload as a whole, with everything in it.
    pub copies: bool,
    node: &'m Node,
}

impl Use<'_> {
    /// Where it stands in the file.
    pub fn at(&self) -> Position {
        locate(self.node, self.query, self.query.text())
    }
}

impl Mapping {
    /// Everything the mapping reads of document and receipt, in its order; what filters read, too.
    pub fn queries(&self) -> Vec<Use<'_>> {
        let mut walk = Walk::default();
        walk.plan(&self.root);
        walk.uses
    }

    /// All look-ups, in the mapping's order.
    pub fn lookups(&self) -> Vec<&Lookup> {
        let mut walk = Walk::default();
        walk.plan(&self.root);
        walk.lookups
    }

    /// Faults every path that names a field the source does not read.
    pub fn check_fields(&self, known: &Fields, faults: &mut Vec<Fault>) {
        for place in self.queries() {
            if let Err(unknown) = known.reach(place.query, &place.each) {
                tell(faults, Fault::new(locate(place.node, place.query, &unknown.part), unknown.message));
            }
        }
    }

    /// Faults every path that reads what `diff.ignore` leaves out: what changes there would never be told (rule 9).
    pub fn check_ignored(&self, ignore: &[Query], faults: &mut Vec<Fault>) {
        for place in self.queries() {
            for ignored in ignore {
                if reads(place.query, &place.each, place.copies, ignored) {
                    let (path, ignored) = (place.query.text(), ignored.text());
                    let message = format!("`{path}` reads `{ignored}`, which `diff.ignore` leaves out of every change");
                    tell(faults, Fault::new(place.at(), message));
                }
            }
        }
    }

    /// Faults every `$each` without `$key`, for a target that can update: without it an update could not tell which
    /// line changed.
    pub fn check_keys(&self, faults: &mut Vec<Fault>) {
        let mut walk = Walk::default();
        walk.plan(&self.root);
        for each in walk.lists.into_iter().filter(|each| each.key.is_none()) {
            let message = "`$each` needs `$key` beside it, naming the source line: an update changes lines by it";
            faults.push(Fault::new(each.over.node.at.clone(), message));
        }
    }

    /// Faults every look-up in an unknown table or scheme, and every unknown column or path. `known` are the names
    /// as look-ups write them (`table.NAME` or a scheme's id), with their fields where these are known.
    pub fn check_lookups(&self, known: &BTreeMap<String, Option<Fields>>, faults: &mut Vec<Fault>) {
        for lookup in self.lookups() {
            let name = lookup.source.to_string();
            match known.get(&name) {
                Some(Some(fields)) => check_lookup(lookup, fields, faults),
                Some(None) => {}
                None => {
                    let what = match lookup.source {
                        Source::Table(_) => "table",
                        Source::Scheme(_) => "scheme",
                    };
                    let hint = suggest(&name, "known are", known.keys().map(String::as_str));
                    let message = format!("unknown {what} `{name}`: {hint}");
                    faults.push(Fault::new(lookup.at.clone(), message));
                }
            }
        }
    }
}

impl Mapping {
    /// Faults every look-up that finds or takes what the `diff.ignore` of the scheme it asks leaves out: what changes
    /// there would never be noticed (rule 9). `ignored` are these paths by scheme.
    pub fn check_lookups_ignored(&self, ignored: &BTreeMap<String, Vec<Query>>, faults: &mut Vec<Fault>) {
        for lookup in self.lookups() {
            let name = lookup.source.to_string();
            for ignored in ignored.get(&name).into_iter().flatten() {
                for (query, at) in lookup.paths().into_iter().filter(|(query, _)| reads(query, &[], true, ignored)) {
                    let (path, ignored) = (query.text(), ignored.text());
                    let message =
                        format!("in `{name}`: `{path}` reads `{ignored}`, which its `diff.ignore` leaves out");
                    tell(faults, Fault::new(at.clone(), message));
                }
            }
        }
    }
}

impl Lookup {
    /// What it reads of the snapshots of a scheme, and where that is named.
    fn paths(&self) -> Vec<(&Query, &Position)> {
        let taken = match &self.take {
            Take::Column(_) => Vec::new(),
            Take::Path(pipe) => pipe.queries(),
        };
        let by = self.by.iter().filter_map(|by| Some((by.path.as_ref()?, &by.at)));
        by.chain(taken.into_iter().map(|query| (query, &self.take_at))).collect()
    }
}

/// Adds a fault once: an expression may hold the same query twice.
fn tell(faults: &mut Vec<Fault>, fault: Fault) {
    if !faults.contains(&fault) {
        faults.push(fault);
    }
}

fn check_lookup(lookup: &Lookup, known: &Fields, faults: &mut Vec<Fault>) {
    let name = &lookup.source;
    let mut column = |column: &str, at: &Position| {
        if known.child(column).is_none() {
            let hint = suggest(column, "known are", known.names());
            faults.push(Fault::new(at.clone(), format!("`{name}` has no column `{column}`: {hint}")));
        }
    };
    for by in lookup.by.iter().filter(|by| by.path.is_none()) {
        column(&by.field, &by.at);
    }
    if let Take::Column(taken) = &lookup.take {
        column(taken, &lookup.take_at);
    }
    for (query, at) in lookup.paths() {
        if let Err(unknown) = known.reach(query, &[]) {
            faults.push(Fault::new(at.clone(), format!("in `{name}`: {}", unknown.message)));
        }
    }
}

/// Collects what a mapping holds.
#[derive(Default)]
struct Walk<'m> {
    each: Vec<&'m Query>,
    uses: Vec<Use<'m>>,
    lookups: Vec<&'m Lookup>,
    lists: Vec<&'m Each>,
}

impl<'m> Walk<'m> {
    fn plan(&mut self, plan: &'m Plan) {
        self.condition(plan.when.as_ref());
        match &plan.gives {
            Gives::Literal(_) => {}
            Gives::Pipe(pipe) => self.uses(pipe.expression.reads(), &pipe.node),
            Gives::Template(template) => self.uses(template.expression.reads(), &template.node),
            Gives::List(plans) => plans.iter().for_each(|plan| self.plan(plan)),
            Gives::Object(fields) => fields.iter().for_each(|(_, plan)| self.plan(plan)),
            Gives::Each(each) => self.each(each),
            Gives::If(branches) => {
                self.condition(Some(&branches.condition));
                self.plan(&branches.then);
                branches.otherwise.iter().for_each(|otherwise| self.plan(otherwise));
            }
            Gives::Lookup(lookup) => {
                self.lookups.push(lookup);
                lookup.by.iter().for_each(|by| self.plan(&by.value));
            }
        }
    }

    fn each(&mut self, each: &'m Each) {
        self.lists.push(each);
        self.uses(decides(each.over.expression.queries()), &each.over.node);
        self.each.push(&each.over.expression);
        self.condition(each.when.as_ref());
        if let Some(key) = &each.key {
            self.uses(key.expression.reads(), &key.node);
        }
        each.fields.iter().for_each(|(_, plan)| self.plan(plan));
        self.each.pop();
    }

    fn condition(&mut self, condition: Option<&'m Placed<Condition>>) {
        if let Some(condition) = condition {
            self.uses(decides(condition.expression.queries()), &condition.node);
        }
    }

    /// Notes queries, each with whether it gives its value to the payload as it is.
    fn uses(&mut self, reads: Vec<(&'m Query, bool)>, node: &'m Node) {
        let each = self.each.clone();
        self.uses.extend(reads.into_iter().map(|(query, copies)| Use { query, each: each.clone(), copies, node }));
    }
}

/// Queries that decide, and give nothing to the payload themselves.
fn decides(queries: Vec<&Query>) -> Vec<(&Query, bool)> {
    queries.into_iter().map(|query| (query, false)).collect()
}
