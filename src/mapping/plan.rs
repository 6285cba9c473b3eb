//! The compiled form of a mapping: the shape of the target document with an expression at each leaf.

use serde_json::Value;

use super::lookup::Lookup;
use super::placed::Placed;
use crate::query::{Condition, Pipe, Query, Template};

/// A compiled mapping. Made by [`Mapping::compile`], checked against what is known of the source by
/// [`Mapping::check_fields`] and its kin, run by [`Mapping::evaluate`].
#[derive(Debug, Clone)]
pub struct Mapping {
    pub(super) root: Plan,
}

/// What gives one value of the payload, or leaves it out.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    /// `$when`: the value is left out unless this holds. At an `$each` it stands in [`Each::when`] instead.
    pub when: Option<Placed<Condition>>,
    pub gives: Gives,
}

/// How a value is made.
#[derive(Debug, Clone)]
pub(super) enum Gives {
    Literal(Value),
    Pipe(Placed<Pipe>),
    Template(Placed<Template>),
    List(Vec<Plan>),
    Object(Vec<(String, Plan)>),
    Each(Box<Each>),
    If(Box<If>),
    Lookup(Box<Lookup>),
}

/// `$each` with its sibling keys: one object per element of the source.
#[derive(Debug, Clone)]
pub(super) struct Each {
    pub over: Placed<Query>,
    /// `| optional`: nothing found leaves the list out.
    pub optional: bool,
    /// `$when`, tested per element.
    pub when: Option<Placed<Condition>>,
    pub key: Option<Placed<Pipe>>,
    pub fields: Vec<(String, Plan)>,
}

/// `$if`, `then`, `else`.
#[derive(Debug, Clone)]
pub(super) struct If {
    pub condition: Placed<Condition>,
    pub then: Plan,
    pub otherwise: Option<Plan>,
}
