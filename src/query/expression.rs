//! The compiled form of paths and conditions.

use serde_json::Value;

use super::pattern::Pattern;
use super::{Pipe, Root, Step};

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

    /// Whether it picks some of several children: by a filter, a slice or several selectors.
    pub fn picks(&self) -> bool {
        use Selector::{Index, Name, Wildcard};
        self.segments.iter().any(|segment| match segment {
            Segment::Name(_) | Segment::Index(_) => false,
            Segment::Children(selectors) | Segment::Descendants(selectors) => {
                !matches!(selectors.as_slice(), [Name(_) | Index(_) | Wildcard])
            }
        })
    }

    /// Its steps.
    pub fn steps(&self) -> Vec<Step> {
        self.segments.iter().flat_map(Segment::steps).collect()
    }
}

impl Segment {
    /// The steps it takes.
    pub fn steps(&self) -> Vec<Step> {
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
