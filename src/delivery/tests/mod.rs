//! Tests of delivery by rule, over the in-memory store and a connector that plays a script.
#![allow(clippy::unwrap_used)]

mod adopt;
mod breaker;
mod clock;
mod double;
mod doubt;
mod find;
#[cfg(unix)]
mod killed;
mod lookups;
mod moved;
mod operate;
mod order;
mod outage;
mod owner;
mod proof;
mod read_back;
mod resend;
mod restore;
mod retention;
mod retry;
mod steps;
mod support;
mod terms;
mod transitions;
mod writeback;
