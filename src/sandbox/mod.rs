//! The simulated systems: faithful to their wire protocols, judge of the tests, shown by `demo`. They share no
//! code with the connectors, and import nothing of ours but the vocabulary.

pub mod wire;

mod fault_kind;
pub mod faults;
pub mod goods;
pub mod ledger;
pub mod partners;
pub mod shared;
pub mod switches;

pub mod jushuitan;
pub mod kingdee;
pub mod okki;

pub mod verdict;
pub mod verdict_orders;

mod access;

mod control;
mod folder;
mod running;
mod server;
#[cfg(test)]
mod stopped;
mod tamper;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

pub use access::{configuration, credentials};
pub use folder::Folder;
pub use running::{MAX_DOCUMENTS, Options, Running, Sandbox, StartError};
