//! 聚水潭 as a source (protocols/jushuitan.md): both gateways, signed calls, pages that may shift.

mod settings;

mod sign;

mod gateway;

mod envelope;
mod faults;

mod calls;
mod fields;

mod account;
mod check;
mod connector;
mod pieces;
mod renewal;
mod token;

pub use connector::Jushuitan;
pub use settings::{App, Gateway, JushuitanSettings, KEYS, connect};

#[cfg(test)]
mod tests;
