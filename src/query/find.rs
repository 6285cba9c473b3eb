//! Evaluation of paths and conditions over a document.

use std::borrow::Cow;

use serde_json::Value;

use super::expression::{Base, Logical, Operand, Path, Segment, Selector};
use super::pattern::{self, Pattern};
use super::{EvalFault, Outcome, Root, Scope};

/// Where an expression stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Here<'a> {
    scope: Scope<'a>,
    /// The current node, in a filter.
    node: Option<&'a Value>,
}

impl<'a> Here<'a> {
    /// Outside of any filter.
    pub fn new(scope: &Scope<'a>) -> Self {
        Self { scope: *scope, node: None }
    }

    fn root(&self, root: Root) -> Option<&'a Value> {
        match root {
            Root::Document => Some(self.scope.document),
            Root::Receipt => self.scope.receipt,
            Root::Element(n) => match (self.scope.elements.len() + 1).checked_sub(n)? {
                0 => Some(self.scope.document),
                depth => self.scope.elements.get(depth - 1).copied(),
            },
        }
    }

    fn base(&self, base: Base) -> Option<&'a Value> {
        match (base, self.node) {
            (Base::Root(root), _) => self.root(root),
            (Base::Current, Some(node)) => Some(node),
            (Base::Current, None) => self.root(Root::Element(1)),
        }
    }
}

impl Path {
    /// What a singular path finds.
    pub fn one<'a>(&self, here: &Here<'a>) -> Option<&'a Value> {
        self.segments.iter().try_fold(here.base(self.base)?, |node, segment| match segment {
            Segment::Name(name) => node.get(name),
            Segment::Index(index) => element(node, *index),
            Segment::Children(_) | Segment::Descendants(_) => None,
        })
    }

    /// What it finds, in RFC 9535's order.
    pub fn all<'a>(&self, here: &Here<'a>) -> Result<Vec<&'a Value>, EvalFault> {
        let mut nodes: Vec<&'a Value> = here.base(self.base).into_iter().collect();
        for segment in &self.segments {
            let mut found = Vec::new();
            for node in nodes {
                match segment {
                    Segment::Name(name) => found.extend(node.get(name)),
                    Segment::Index(index) => found.extend(element(node, *index)),
                    Segment::Children(selectors) => select(selectors, node, here, &mut found)?,
                    Segment::Descendants(selectors) => descend(selectors, node, here, &mut found)?,
                }
            }
            nodes = found;
        }
        Ok(nodes)
    }
}

/// The selected children of a node, selector by selector.
fn select<'a>(
    selectors: &[Selector],
    node: &'a Value,
    here: &Here<'a>,
    found: &mut Vec<&'a Value>,
) -> Result<(), EvalFault> {
    for selector in selectors {
        match selector {
            Selector::Name(name) => found.extend(node.get(name)),
            Selector::Index(index) => found.extend(element(node, *index)),
            Selector::Wildcard => found.extend(children(node)),
            Selector::Slice { start, end, step } => slice(node, *start, *end, *step, found),
            Selector::Filter(filter) => {
                for child in children(node) {
                    if filter.holds(&Here { scope: here.scope, node: Some(child) })? {
                        found.push(child);
                    }
                }
            }
        }
    }
    Ok(())
}

/// The selected children of a node and of its descendants, a node before its descendants. Recursion is bounded by
/// the depth of the document, 128 where it was parsed.
fn descend<'a>(
    selectors: &[Selector],
    node: &'a Value,
    here: &Here<'a>,
    found: &mut Vec<&'a Value>,
) -> Result<(), EvalFault> {
    select(selectors, node, here, found)?;
    children(node).try_for_each(|child| descend(selectors, child, here, found))
}

fn children(node: &Value) -> impl Iterator<Item = &Value> {
    let elements = node.as_array().into_iter().flatten();
    let members = node.as_object().into_iter().flat_map(serde_json::Map::values);
    elements.chain(members)
}

/// The element at an index, from the end if negative.
fn element(node: &Value, index: i64) -> Option<&Value> {
    let elements = node.as_array()?;
    let distance = usize::try_from(index.unsigned_abs()).ok()?;
    elements.get(if index < 0 { elements.len().checked_sub(distance)? } else { distance })
}

/// RFC 9535, 2.3.4.2.2.
fn slice<'a>(node: &'a Value, start: Option<i64>, end: Option<i64>, step: i64, found: &mut Vec<&'a Value>) {
    let Some(elements) = node.as_array() else { return };
    let length = i64::try_from(elements.len()).unwrap_or(i64::MAX);
    let from_begin = |index: i64| if index < 0 { length.saturating_add(index) } else { index };
    let mut push = |index: i64| found.extend(usize::try_from(index).ok().and_then(|index| elements.get(index)));
    if step > 0 {
        let mut index = from_begin(start.unwrap_or(0)).clamp(0, length);
        let end = from_begin(end.unwrap_or(length)).clamp(0, length);
        while index < end {
            push(index);
            index = index.saturating_add(step);
        }
    } else if step < 0 {
        let mut index = start.map_or(length - 1, from_begin).clamp(-1, length - 1);
        let end = end.map_or(-1, |end| from_begin(end).clamp(-1, length - 1));
        while index > end {
            push(index);
            index = index.saturating_add(step);
        }
    }
}

impl Logical {
    /// Whether it holds here.
    pub fn holds(&self, here: &Here<'_>) -> Result<bool, EvalFault> {
        match self {
            Self::Or(parts) => any(parts, here, true),
            Self::And(parts) => Ok(!any(parts, here, false)?),
            Self::Not(inner) => Ok(!inner.holds(here)?),
            Self::Exists(path) if path.is_singular() => Ok(path.one(here).is_some()),
            Self::Exists(path) => Ok(!path.all(here)?.is_empty()),
            Self::Compare(left, comparison, right) => {
                Ok(comparison.holds(left.value(here)?.as_deref(), right.value(here)?.as_deref()))
            }
            Self::Matches(text, pattern) => {
                let text = text.value(here)?;
                let Some(Value::String(text)) = text.as_deref() else { return Ok(false) };
                match pattern {
                    Pattern::Fixed(regex) => Ok(regex.is_match(text)),
                    Pattern::Of { operand, whole } => match operand.value(here)?.as_deref() {
                        Some(Value::String(written)) => {
                            Ok(pattern::compile(written, *whole).is_some_and(|regex| regex.is_match(text)))
                        }
                        _ => Ok(false),
                    },
                }
            }
        }
    }
}

/// Whether any part comes out as `wanted`; later parts are not asked then.
fn any(parts: &[Logical], here: &Here<'_>, wanted: bool) -> Result<bool, EvalFault> {
    for part in parts {
        if part.holds(here)? == wanted {
            return Ok(true);
        }
    }
    Ok(false)
}

impl Operand {
    /// Its value here; `None` where it has none (RFC 9535's Nothing).
    fn value<'v, 'a: 'v>(&'v self, here: &Here<'a>) -> Result<Option<Cow<'v, Value>>, EvalFault> {
        Ok(match self {
            Self::Literal(value) => Some(Cow::Borrowed(value)),
            Self::Path(path) => path.one(here).map(Cow::Borrowed),
            Self::Count(path) => Some(Cow::Owned(Value::from(path.all(here)?.len()))),
            Self::Only(path) => match path.all(here)?.as_slice() {
                [only] => Some(Cow::Borrowed(*only)),
                _ => None,
            },
            Self::Length(operand) => operand.value(here)?.as_deref().and_then(length).map(Cow::Owned),
            Self::Pipe(pipe) => {
                // Where the pipe stands in a filter, its `@` is the current node.
                let mut elements = here.scope.elements.to_vec();
                elements.extend(here.node);
                match pipe.evaluate(&Scope { elements: &elements, ..here.scope })? {
                    Outcome::Value(value) => Some(Cow::Owned(value)),
                    Outcome::Omit => None,
                }
            }
        })
    }
}

/// RFC 9535's `length`: of characters, elements or members.
fn length(value: &Value) -> Option<Value> {
    Some(Value::from(match value {
        Value::String(text) => text.chars().count(),
        Value::Array(elements) => elements.len(),
        Value::Object(members) => members.len(),
        _ => return None,
    }))
}
