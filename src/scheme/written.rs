//! Which fields of the source document a write-back writes: the leaves of its mapping, each with the field under which
//! the source gives it back.

use super::tree::{Name, Node, Value};
use super::types::{Source, Target};
use crate::fault::Position;

/// A field that a write-back writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Where the mapping names it.
    pub at: Position,
    /// Its path in the payload.
    pub payload: Vec<String>,
    /// Its path in the source's documents: the name that `fields` give it, else the same path.
    pub document: Vec<String>,
}

/// A write-back as seen from the documents it writes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WriteBack {
    /// The target's name, `T.writeback`.
    pub target: String,
    /// The fields it writes.
    pub written: Vec<Written>,
}

impl Target {
    /// Its write-back, if it has one.
    pub fn write_back(&self, source: &Source) -> Option<WriteBack> {
        let back = self.writeback.as_ref()?;
        Some(WriteBack { target: back.name.clone(), written: back.written(source) })
    }

    /// The fields its mappings write, as fields of the source's documents. Lists are left out.
    pub fn written(&self, source: &Source) -> Vec<Written> {
        let mut written = Vec::new();
        self.mappings().for_each(|mapping| leaves(mapping, &mapping.at, &mut Vec::new(), source, &mut written));
        written
    }

    /// Where its mappings write lists.
    pub fn written_lists(&self) -> Vec<Position> {
        let mut lists = Vec::new();
        self.mappings().for_each(|mapping| find_lists(mapping, &mut lists));
        lists
    }

    /// Its own mapping and those of its operations.
    fn mappings(&self) -> impl Iterator<Item = &Node> {
        self.mapping.iter().chain(self.operations.iter().filter_map(|operation| operation.mapping.as_ref()))
    }
}

/// Whether a mapping's object gives a value by an operator (`$if`, `$lookup`, `$const`) instead of having its shape.
fn is_operator(entries: &[(Name, Node)]) -> bool {
    entries.iter().any(|(name, _)| name.text.starts_with('$') && name.text != "$when")
}

fn leaves(node: &Node, at: &Position, path: &mut Vec<String>, source: &Source, out: &mut Vec<Written>) {
    match &node.value {
        Value::List(_) => {}
        Value::Map(entries) if !is_operator(entries) => {
            for (name, value) in entries.iter().filter(|(name, _)| !name.text.starts_with('$')) {
                path.push(name.text.clone());
                leaves(value, &name.at, path, source, out);
                path.pop();
            }
        }
        Value::Map(entries) if entries.iter().any(|(name, _)| name.text == "$each") => {}
        _ => {
            let dotted = path.join(".");
            let named = source.fields.iter().find(|field| field.field == dotted);
            let document = named.map_or_else(|| path.clone(), |field| vec![field.name.clone()]);
            out.push(Written { at: at.clone(), payload: path.clone(), document });
        }
    }
}

fn find_lists(node: &Node, out: &mut Vec<Position>) {
    match &node.value {
        Value::List(_) => out.push(node.at.clone()),
        Value::Map(entries) if entries.iter().any(|(name, _)| name.text == "$each") => out.push(node.at.clone()),
        Value::Map(entries) if !is_operator(entries) => entries.iter().for_each(|(_, value)| find_lists(value, out)),
        _ => {}
    }
}
