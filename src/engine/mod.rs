//! The engine: joins configuration, connectors and store into running schemes; one supervised task for each scheme
//! and each target. What it shows is in [`view`], what people may do in [`operate`].

mod assemble;
mod check;
mod check_steps;
mod check_target;
mod check_writeback;
mod choose;
mod decide;
mod mirrors;
mod once;
pub mod operate;
pub mod reconcile;
mod retention;
mod serve;
mod sweep;
#[cfg(test)]
mod tests;
mod unit;
pub mod view;

pub use assemble::assemble;
pub use check::{Ready, Surroundings, SystemReady, check};
pub use decide::Decided;
pub use once::{OnceOptions, once};
pub use serve::serve;
pub use unit::{Engine, Live, Unit};
