//! 金蝶云星空 (protocols/kingdee.md): sessions; as a source bills read whole; as a target saves with a result per bill,
//! operations by id, probes.

mod keys;
mod settings;
mod sign;

mod faults;
mod status;

mod login;
mod session;

mod client;

mod calls;
mod payload;

mod content;
mod lines;
mod shape;

mod select;

mod source;

mod operate;
mod query;
mod save;

mod judge;

mod connector;

pub use client::Client;
pub use connector::Kingdee;
pub use keys::{KEYS, check, connect};
pub use settings::{Application, KingdeeSettings, Login, SignDigest, TimeUnit};

#[cfg(test)]
mod tests;
