//! Expressions together with the scalar they were written in, so that a fault points into its text.

use crate::fault::{Fault, Position};
use crate::query::{Query, Slip};
use crate::scheme::tree::Node;

/// An expression and the scalar it was read from.
#[derive(Debug, Clone)]
pub(super) struct Placed<E> {
    pub expression: E,
    pub node: Node,
}

impl<E> Placed<E> {
    /// Reads the expression of a scalar; a slip, or what is no text at all, becomes a fault.
    pub fn parse(
        node: &Node,
        parse: impl FnOnce(&str) -> Result<E, Slip>,
        expected: &str,
        faults: &mut Vec<Fault>,
    ) -> Option<Self> {
        let Some(text) = node.text() else {
            faults.push(Fault::new(node.at.clone(), format!("{} stands where {expected} is expected", node.kind())));
            return None;
        };
        match parse(text) {
            Ok(expression) => Some(Self { expression, node: node.clone() }),
            Err(slip) => {
                faults.push(Fault::new(node.inside(slip.offset), slip.message));
                None
            }
        }
    }
}

/// Where a part of a query (a name) stands in the scalar whose expression reads it. What a filter reads has a text
/// of its own making, which the scalar does not hold: there the part alone is looked for.
pub(super) fn locate(node: &Node, query: &Query, part: &str) -> Position {
    let text = node.text().unwrap_or_default();
    let bytes = match text.find(query.text()) {
        Some(begin) => begin + query.text().find(part).unwrap_or_default(),
        None => text.find(part).unwrap_or_default(),
    };
    node.inside(text.get(..bytes).unwrap_or_default().chars().count())
}
