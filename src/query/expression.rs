//! The compiled form of paths and conditions.

use serde_json::Value;

use super::pattern::Pattern;
use super::{Pipe, Query, Root, Step};

/// Where a path begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Base {
    /// At a root of the scope.
    Root(Root),
    /// `@` of an expression: in a filter its current node, in a condition the innermost element.
    Current,
}

/// A path.
#[derive(Debug, Clone)]
pub(super) struct Path {
    pub base: Base,
    pub segments: Vec<Segment>,
}

/// A segment of a path.
#[derive(Debug, Clone)]
pub(super) enum Segment {
    /// The member of a name.
    Name(String),
    /// The element at an index, from the end if negative.
    Index(i64),
    /// The children selected, selector by selector.
    Children(Vec<Selector>),
    /// The same, of the node and all its descendants.
    Descendants(Vec<Selector>),
}

/// A selector.
#[derive(Debug, Clone)]
pub(super) enum Selector {
    Name(String),
    Index(i64),
    Wildcard,
    Slice { start: Option<i64>, end: Option<i64>, step: i64 },
    Filter(Logical),
}

/// A condition.
#[derive(Debug, Clone)]
pub(super) enum Logical {
    Or(Vec<Logical>),
    And(Vec<Logical>),
    Not(Box<Logical>),
    /// The path finds something.
    Exists(Path),
    /// `match` and `search`.
    Matches(Operand, Pattern),
    Compare(Operand, Comparison, Operand),
}

/// A comparison operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// What gives one value, or none.
#[derive(Debug, Clone)]
pub(super) enum Operand {
    Literal(Value),
    /// A singular path.
    Path(Path),
    Pipe(Box<Pipe>),
    /// `length(…)`.
    Length(Box<Operand>),
    /// `count(…)`.
    Count(Path),
    /// `value(…)`.
    Only(Path),
}

impl Path {
    /// Whether it finds at most one value by its form.
    pub fn is_singular(&self) -> bool {
        self.segments.iter().all(|segment| matches!(segment, Segment::Name(_) | Segment::Index(_)))
    }

    /// Its steps.
    pub fn steps(&self) -> Vec<Step> {
        self.segments.iter().flat_map(Segment::steps).collect()
    }

    /// Every path its filters read, seen from the scope.
    fn inner_reads(&self, here: &Trail, out: &mut Vec<Trail>) {
        let mut steps = here.steps.clone();
        for segment in &self.segments {
            let (Segment::Children(selectors) | Segment::Descendants(selectors)) = segment else {
                steps.extend(segment.steps());
                continue;
            };
            steps.extend(segment.steps());
            for selector in selectors {
                if let Selector::Filter(filter) = selector {
                    filter.reads(Some(&Trail { root: here.root, steps: steps.clone() }), out);
                }
            }
        }
    }

    /// The trail it begins at; `node` is the current node of the filter it stands in.
    fn begin(&self, node: Option<&Trail>) -> Trail {
        match (self.base, node) {
            (Base::Root(root), _) => Trail { root, steps: Vec::new() },
            (Base::Current, Some(node)) => node.clone(),
            (Base::Current, None) => Trail { root: Root::Element(1), steps: Vec::new() },
        }
    }

    fn reads(&self, node: Option<&Trail>, out: &mut Vec<Trail>) {
        let begin = self.begin(node);
        self.inner_reads(&begin, out);
        let mut steps = begin.steps;
        steps.extend(self.steps());
        out.push(Trail { root: begin.root, steps });
    }

    /// What the filters of a query read.
    pub fn filter_reads(&self, root: Root) -> Vec<Trail> {
        let mut out = Vec::new();
        self.inner_reads(&Trail { root, steps: Vec::new() }, &mut out);
        out
    }
}

impl Segment {
    fn steps(&self) -> Vec<Step> {
        let several = |selectors: &[Selector]| match selectors {
            [Selector::Name(name)] => Step::Name(name.clone()),
            [Selector::Index(index)] => Step::Index(*index),
            _ => Step::Wildcard,
        };
        match self {
            Self::Name(name) => vec![Step::Name(name.clone())],
            Self::Index(index) => vec![Step::Index(*index)],
            Self::Children(selectors) => vec![several(selectors)],
            Self::Descendants(selectors) => vec![Step::Descendant, several(selectors)],
        }
    }
}

/// A path read somewhere in an expression, without its filters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Trail {
    pub root: Root,
    pub steps: Vec<Step>,
}

impl Logical {
    /// Every path it reads, seen from the scope. `node`: the current node, where it is a filter.
    pub fn reads(&self, node: Option<&Trail>, out: &mut Vec<Trail>) {
        match self {
            Self::Or(parts) | Self::And(parts) => parts.iter().for_each(|part| part.reads(node, out)),
            Self::Not(inner) => inner.reads(node, out),
            Self::Exists(path) => path.reads(node, out),
            Self::Matches(operand, pattern) => {
                operand.reads(node, out);
                if let Pattern::Of { operand, .. } = pattern {
                    operand.reads(node, out);
                }
            }
            Self::Compare(left, _, right) => {
                left.reads(node, out);
                right.reads(node, out);
            }
        }
    }
}

impl Operand {
    fn reads(&self, node: Option<&Trail>, out: &mut Vec<Trail>) {
        match self {
            Self::Literal(_) => {}
            Self::Path(path) | Self::Count(path) | Self::Only(path) => path.reads(node, out),
            Self::Length(operand) => operand.reads(node, out),
            Self::Pipe(pipe) => out.extend(pipe.queries().into_iter().map(|query| seen_from(node, query))),
        }
    }
}

/// A query of a pipe that stands in a filter: there its `@` is the filter's current node.
fn seen_from(node: Option<&Trail>, query: &Query) -> Trail {
    match (node, query.root()) {
        (Some(node), Root::Element(1)) => {
            Trail { root: node.root, steps: node.steps.iter().cloned().chain(query.steps()).collect() }
        }
        (Some(_), Root::Element(n)) => Trail { root: Root::Element(n - 1), steps: query.steps() },
        (_, root) => Trail { root, steps: query.steps() },
    }
}
