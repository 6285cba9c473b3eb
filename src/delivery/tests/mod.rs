//! Tests of delivery by rule, over the in-memory store and a connector that plays a script.
#![allow(clippy::unwrap_used)]

mod breaker;
mod double;
mod doubt;
mod find;
mod lookups;
mod operate;
mod order;
mod outage;
mod owner;
mod read_back;
mod resend;
mod retry;
mod support;
mod terms;
mod transitions;
mod writeback;
