//! 小满 OKKI as a source and a target (protocols/okki.md): one token for an account, an envelope whose failures are
//! read by their words, lists by page number, and orders that are overwritten row by row.

mod settings;

mod oauth;
mod token;

mod envelope;
mod faults;

mod client;

mod calls;
mod fields;
mod listing;

mod content;
mod order;
mod pairing;

mod payload;
mod stages;

mod answer;
mod compare;

mod judge;
mod push;

mod connector;

pub use client::Client;
pub use connector::Okki;
pub use settings::{Credential, Grant, KEYS, OkkiSettings, connect};

#[cfg(test)]
mod tests;
