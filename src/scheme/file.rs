//! A scheme together with its tree, for checks that point into the file: of paths against the fields a call reads, of
//! conditions, of calls and options.

use super::tree::{Node, Value};
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
    /// `ignore`, `numeric`, and the lists of `lists`.
    pub fn document_paths(&self) -> Vec<Placed<Query>> {
        let several = |part: &str, keys: &[&str]| -> Vec<Node> {
            let part = self.root.get(part);
            keys.iter().flat_map(|key| part.map(|part| part.get_several(key)).unwrap_or_default()).cloned().collect()
        };
        let mut nodes = several("source", &["key", "number", "time", "cursor"]);
        nodes.extend(several("diff", &["ignore", "numeric"]));
        nodes.extend(self.lists().into_iter().map(|(list, _)| list));
        nodes.into_iter().filter_map(|node| Some(Placed { expression: node.query()?, node })).collect()
    }

    /// Each list of `lists` with the path of its elements' key, in which `$` is the element.
    pub fn list_keys(&self) -> Vec<(Query, Placed<Query>)> {
        let one = |(list, key): (Node, Node)| Some((list.query()?, Placed { expression: key.query()?, node: key }));
        self.lists().into_iter().filter_map(one).collect()
    }

    fn lists(&self) -> Vec<(Node, Node)> {
        let entries = self.root.get("diff").map(|diff| diff.get_entries("lists")).unwrap_or_default();
        let node = |name: &super::tree::Name| Node { at: name.at.clone(), value: Value::Plain(name.text.clone()) };
        entries.iter().map(|(name, key)| (node(name), key.clone())).collect()
    }

    /// Every condition over a change (`when` of targets and of their operations).
    pub fn change_conditions(&self) -> Vec<Placed<Condition>> {
        let targets = self.root.get_entries("targets").iter().map(|(_, target)| target);
        let nodes = targets.flat_map(|target| std::iter::once(target).chain(target.get_several("operations")));
        nodes.filter_map(|node| placed_condition(node, "when")).collect()
    }

    /// Every condition over a version (`compare` of targets), in which `@` is the document.
    pub fn version_conditions(&self) -> Vec<Placed<Condition>> {
        let targets = self.root.get_entries("targets").iter();
        targets.filter_map(|(_, target)| placed_condition(target, "compare")).collect()
    }
}

fn placed_condition(node: &Node, key: &str) -> Option<Placed<Condition>> {
    Some(Placed { expression: node.get_condition(key)?, node: node.get(key)?.clone() })
}
