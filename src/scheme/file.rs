//! A scheme together with its tree, for checks that point into the file: of paths against the fields a call reads, of
//! conditions, of calls and options.

use super::semantics::{is_member, is_over_change};
use super::tree::{Name, Node, Value};
use super::types::Scheme;
use crate::query::{Condition, Query};

/// A scheme and the tree it was read from.
#[derive(Debug, Clone)]
pub struct SchemeFile {
    /// The scheme.
    pub scheme: Scheme,
    /// The file's tree.
    pub root: Node,
}

/// An expression and the scalar it was read from; [`Node::inside`] tells where a part of it stands.
#[derive(Debug, Clone)]
pub struct Placed<E> {
    /// The expression.
    pub expression: E,
    /// The scalar.
    pub node: Node,
}

/// A scheme without its file: what is read from a file alone can then not be told with positions.
impl From<Scheme> for SchemeFile {
    fn from(scheme: Scheme) -> Self {
        let root = Node { at: scheme.source.at.clone(), value: Value::Null };
        Self { scheme, root }
    }
}

impl SchemeFile {
    /// Every path into the document that the source and the diff rules name: `key`, `number`, `time`, `cursor`,
    /// `ignore`, `numeric`, the lists of `lists`, and the amounts of `reconcile`. Those whose form was told as a fault are left out.
    pub fn document_paths(&self) -> Vec<Placed<Query>> {
        let members = self.several("source", &["key", "number", "time", "cursor"]);
        let mut paths: Vec<Placed<Query>> = members.filter(|path| is_member(&path.expression)).collect();
        paths.extend(self.several("diff", &["ignore", "numeric"]));
        paths.extend(self.lists().filter_map(|(list, _)| placed_query(list)));
        paths.extend(self.sums());
        paths
    }

    /// Each list of `lists` with the path of its elements' key, in which `$` is the element.
    pub fn list_keys(&self) -> Vec<(Query, Placed<Query>)> {
        self.lists().filter_map(|(list, key)| Some((list.query()?, placed_query(key.clone())?))).collect()
    }

    /// The queries under keys of a part of the file.
    fn several(&self, part: &str, keys: &[&str]) -> impl Iterator<Item = Placed<Query>> {
        let part = self.root.get(part);
        let nodes = keys.iter().flat_map(move |key| part.map(|part| part.get_several(key)).unwrap_or_default());
        nodes.cloned().filter_map(placed_query)
    }

    /// The amounts that `reconcile` sums.
    fn sums(&self) -> impl Iterator<Item = Placed<Query>> {
        let sums = self.root.get("reconcile").map(|node| node.get_entries("sums")).unwrap_or_default();
        sums.iter().filter_map(|(_, node)| placed_query(node.clone()))
    }

    /// The entries of `lists`: path of the list, path of the key.
    fn lists(&self) -> impl Iterator<Item = (Node, &Node)> {
        let entries = self.root.get("diff").map(|diff| diff.get_entries("lists")).unwrap_or_default();
        entries.iter().map(|(Name { at, text }, key)| (Node { at: at.clone(), value: Value::Plain(text.clone()) }, key))
    }

    /// Every condition over a change (`when` of targets and of their operations) that reads what there is in one. Paths of
    /// changes that it names count as read.
    pub fn change_conditions(&self) -> Vec<Placed<Condition>> {
        let nodes = self.targets().flat_map(|target| std::iter::once(target).chain(target.get_several("operations")));
        let conditions = nodes.filter_map(|node| placed_condition(node, "when"));
        let conditions = conditions.filter(|condition| is_over_change(&condition.expression));
        conditions.map(|Placed { expression, node }| Placed { expression: expression.over_change(), node }).collect()
    }

    /// Every condition over a version (`compare` of targets), in which `@` is the document.
    pub fn version_conditions(&self) -> Vec<Placed<Condition>> {
        self.targets().filter_map(|target| placed_condition(target, "compare")).collect()
    }

    /// Targets, each followed by its write-back.
    fn targets(&self) -> impl Iterator<Item = &Node> {
        let targets = self.root.get_entries("targets").iter();
        targets.flat_map(|(_, target)| std::iter::once(target).chain(target.get("writeback")))
    }
}

fn placed_query(node: Node) -> Option<Placed<Query>> {
    Some(Placed { expression: node.query()?, node })
}

fn placed_condition(node: &Node, key: &str) -> Option<Placed<Condition>> {
    Some(Placed { expression: node.get_condition(key)?, node: node.get(key)?.clone() })
}
