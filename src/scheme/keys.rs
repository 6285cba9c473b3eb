//! The description of what may be written: tables of keys, each with its kind. Configuration, schemes, transports
//! and every connector's settings have one; [`check`](super::check::check) walks a tree against it, and
//! [`json_schema`](super::json_schema::json_schema) turns it into a JSON Schema for editors.

use std::time::Duration;

/// The keys a mapping may have.
#[derive(Debug)]
pub struct Table {
    /// Its name in the JSON Schema; unique among the tables reachable from one root.
    pub name: &'static str,
    /// The keys, in the order in which they are told.
    pub keys: &'static [KeySpec],
}

/// One key.
#[derive(Debug)]
pub struct KeySpec {
    /// The key.
    pub name: &'static str,
    /// What its value must be.
    pub kind: Kind,
    /// Whether it must, may or can't be given yet.
    pub need: Need,
    /// What it means, for editors.
    pub about: &'static str,
}

/// Whether a key must be given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// It must.
    Required,
    /// It may.
    Optional,
    /// It is part of the interface and refused with the words "not supported yet".
    Later,
}

/// What a value must be.
#[derive(Debug)]
pub enum Kind {
    /// Any scalar, taken as its source text.
    Text,
    /// A name of a system, target, scheme or table ([`crate::name::is_name`]).
    Name,
    /// An `http` or `https` address.
    Url,
    /// `host:port` with an IP address, or `localhost:port`.
    Address,
    /// A secret: filled in by `${env:…}` or `${file:…}`.
    Secret,
    /// `true` or `false`.
    Bool,
    /// A whole number.
    Integer {
        /// Smallest.
        min: u64,
        /// Largest.
        max: u64,
    },
    /// A duration such as `5m`.
    Duration {
        /// Shortest.
        min: Duration,
    },
    /// A share such as `5%`, in tenths of a percent.
    Share,
    /// A number of bytes such as `64MB`.
    Size,
    /// A rate such as `5/s` or `100/min`.
    Rate {
        /// Whether `none` may stand for no limit.
        none: bool,
    },
    /// A time, or a duration back from now.
    Start,
    /// A cron expression.
    Cron,
    /// Hours of a day such as `06:00-23:00`.
    Hours,
    /// A time zone by its IANA name.
    Zone,
    /// One of several words.
    Choice(&'static [&'static str]),
    /// A query.
    Query,
    /// A condition.
    Condition,
    /// A list of one kind.
    List(&'static Kind),
    /// A mapping from freely chosen keys to values of one kind.
    Map(Names, &'static Kind),
    /// A mapping with the keys of a table.
    Keys(&'static Table),
    /// A mapping with exactly one of the keys of a table (`{ connector: { … } }`).
    OneOf(&'static Table),
    /// Several kinds, told apart by the shape of the value.
    Shape {
        /// What a scalar must be; none: a scalar is refused.
        scalar: Option<&'static Kind>,
        /// What a list must be.
        list: Option<&'static Kind>,
        /// What a mapping must be.
        map: Option<&'static Kind>,
    },
    /// A mapping whose content another part checks (parameters, options, mappings).
    AnyMap,
    /// Anything; another part checks it.
    Any,
}

/// What the keys of a [`Kind::Map`] must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Names {
    /// Names ([`crate::name::is_name`]).
    Name,
    /// Any text.
    Text,
    /// Queries.
    Query,
}

/// A text or a list of texts.
pub const TEXTS: Kind = Kind::Shape { scalar: Some(&Kind::Text), list: Some(&Kind::List(&Kind::Text)), map: None };

/// A query or a list of queries.
pub const QUERIES: Kind = Kind::Shape { scalar: Some(&Kind::Query), list: Some(&Kind::List(&Kind::Query)), map: None };

/// A duration above zero.
pub const SPAN: Kind = Kind::Duration { min: Duration::from_millis(1) };

impl KeySpec {
    /// A key that must be given.
    pub const fn required(name: &'static str, kind: Kind, about: &'static str) -> Self {
        Self { name, kind, need: Need::Required, about }
    }

    /// A key that may be given.
    pub const fn optional(name: &'static str, kind: Kind, about: &'static str) -> Self {
        Self { name, kind, need: Need::Optional, about }
    }

    /// A key of the interface that is not supported yet.
    pub const fn later(name: &'static str, kind: Kind, about: &'static str) -> Self {
        Self { name, kind, need: Need::Later, about }
    }
}

impl Table {
    /// The key of a name.
    pub fn key(&self, name: &str) -> Option<&'static KeySpec> {
        self.keys.iter().find(|key| key.name == name)
    }

    /// The names of the keys that can be given.
    pub fn allowed(&self) -> impl Iterator<Item = &'static str> {
        self.keys.iter().filter(|key| key.need != Need::Later).map(|key| key.name)
    }
}
