//! Tests of delivery by rule, over the in-memory store and a connector that plays a script.
#![allow(clippy::unwrap_used)]

mod adopt;
mod clock;
mod double;
mod doubt;
mod find;
mod lookups;
mod moved;
mod operate;
mod order;
mod owner;
mod proof;
mod restore;
mod retention;
mod retry;
mod steps;
mod support;
mod transitions;
mod writeback;
