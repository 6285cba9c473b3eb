//! Delivery: brings each document's newest version to each target, one worker a target (design.md sections 2.3 to
//! 2.6). It reads the change log and never captures anything.

mod backoff;
mod breaker;
mod classify;
mod compose;
mod decide;
mod doubt;
mod find;
mod half_open;
mod judge;
mod mirrors;
pub mod operate;
mod park;
mod plan;
mod read_back;
mod ready;
mod resend;
mod send;
mod settle;
mod stale;
mod target;
mod terms;
#[cfg(test)]
mod tests;
mod worker;
mod writeback;

pub use breaker::Opened;
pub use classify::{Policy, policy};
pub use stale::stale;
pub use target::{CallPlan, LookupsNow, TargetPlan};
pub use worker::{PassReport, Worker};
pub use writeback::WritesBack;
