//! Delivery: brings each document's newest version to each target, one worker a target (design.md sections 2.3 to
//! 2.6). It reads the change log and never captures anything.

mod adopt;
mod backoff;
mod batch;
mod breaker;
mod classify;
mod compose;
mod course;
mod decide;
mod doubt;
mod fill;
mod find;
mod half_open;
mod hours;
mod judge;
mod mirrors;
mod moved;
pub mod operate;
mod park;
mod plan;
mod proof;
mod read_back;
mod ready;
mod reconcile;
mod resend;
mod restore;
mod send;
mod settle;
mod stale;
mod steps;
mod target;
mod terms;
#[cfg(test)]
mod tests;
mod worker;
mod writeback;

pub use breaker::Opened;
pub use classify::{Policy, policy};
pub use reconcile::{Held, Told, created_anew};
pub use stale::stale;
pub use target::{CallPlan, LookupsNow, TargetPlan};
pub use worker::{PassReport, Worker};
pub use writeback::WritesBack;
