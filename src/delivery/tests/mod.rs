//! Tests of delivery by rule, over the in-memory store and a connector that plays a script.
#![allow(clippy::unwrap_used)]

mod double;
mod doubt;
mod find;
mod lookups;
mod operate;
mod order;
mod owner;
mod retry;
mod steps;
mod support;
mod transitions;
mod writeback;
