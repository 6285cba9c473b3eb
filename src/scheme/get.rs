//! Typed values out of checked trees. What is absent or (already told as a fault) wrong gives `None`.

use std::net::SocketAddr;
use std::time::Duration;

use super::scalar;
use super::tree::{Name, Node, Value};
use crate::clock::read_duration;
use crate::query::{Condition, Query};
use crate::secret::Secret;

impl Node {
    /// The scalar's text, filled-in values too: for use, never to be shown.
    pub fn scalar(&self) -> Option<&str> {
        match &self.value {
            Value::Secret(secret) => Some(secret.reveal()),
            _ => self.text(),
        }
    }

    /// The text under a key.
    pub fn get_text(&self, key: &str) -> Option<String> {
        self.get(key)?.scalar().map(str::to_owned)
    }

    /// The secret under a key.
    pub fn get_secret(&self, key: &str) -> Option<Secret> {
        self.get(key)?.scalar().map(Secret::new)
    }

    /// The boolean under a key.
    pub fn get_bool(&self, key: &str) -> Option<bool> {
        scalar::boolean(self.get(key)?.scalar()?)
    }

    /// The whole number under a key.
    pub fn get_integer<N: TryFrom<u64>>(&self, key: &str) -> Option<N> {
        N::try_from(scalar::integer(self.get(key)?.scalar()?)?).ok()
    }

    /// The duration under a key.
    pub fn get_duration(&self, key: &str) -> Option<Duration> {
        read_duration(self.get(key)?.scalar()?)
    }

    /// The number of bytes under a key.
    pub fn get_size(&self, key: &str) -> Option<u64> {
        scalar::size(self.get(key)?.scalar()?)
    }

    /// The share under a key, in tenths of a percent.
    pub fn get_share(&self, key: &str) -> Option<u32> {
        scalar::share(self.get(key)?.scalar()?)
    }

    /// The address under a key.
    pub fn get_address(&self, key: &str) -> Option<SocketAddr> {
        scalar::address(self.get(key)?.scalar()?)
    }

    /// The query under a key.
    pub fn get_query(&self, key: &str) -> Option<Query> {
        self.get(key)?.query()
    }

    /// The condition under a key.
    pub fn get_condition(&self, key: &str) -> Option<Condition> {
        Condition::parse(self.get(key)?.text()?).ok()
    }

    /// The values under a key that holds one or a list of them.
    pub fn get_several(&self, key: &str) -> &[Node] {
        match self.get(key) {
            Some(Node { value: Value::List(elements), .. }) => elements,
            Some(single) => std::slice::from_ref(single),
            None => &[],
        }
    }

    /// The texts under a key that holds one or a list of them.
    pub fn get_texts(&self, key: &str) -> Vec<String> {
        self.get_several(key).iter().filter_map(Node::scalar).map(str::to_owned).collect()
    }

    /// The queries under a key that holds one or a list of them.
    pub fn get_queries(&self, key: &str) -> Vec<Query> {
        self.get_several(key).iter().filter_map(Node::query).collect()
    }

    /// The entries of the mapping under a key.
    pub fn get_entries(&self, key: &str) -> &[(Name, Node)] {
        self.get(key).and_then(Node::map).unwrap_or_default()
    }

    /// The one entry of an externally tagged mapping under a key.
    pub fn get_tagged(&self, key: &str) -> Option<&(Name, Node)> {
        self.get_entries(key).first()
    }

    /// This scalar as a query.
    pub fn query(&self) -> Option<Query> {
        Query::parse(self.text()?).ok()
    }
}
