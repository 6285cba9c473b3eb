//! deltaferry captures business documents from systems that have no change stream, keeps a snapshot and a
//! content hash of each, and ferries only the differences to other systems.
//!
//! # The data's way
//!
//! ```text
//! data     system =fetch=> capture -> diff -> store -> mapping -> delivery =send=> system
//!                  \________ one commit ________/  \_______ one commit per batch ______/
//! imports  cli -> api -> engine -> { capture, delivery } -> { connector, diff, mapping, store } -> scheme -> query -> vocabulary
//! ```
//!
//! # Reading order
//!
//! [`clock`], [`name`], [`decimal`], [`scalar`], [`row_version`], [`document`], [`change`], [`reason`], [`receipt`], [`watermark`] are the
//! vocabulary; [`query`] holds the expressions users write (paths, conditions, filters); [`config`] and
//! [`scheme`] what they wrote; [`connector`], [`diff`], [`mapping`] and [`store`] are the four independent parts;
//! [`capture`] and [`delivery`] join them; [`engine`] runs both; [`api`] and [`cli`] show it. [`sandbox`] simulates the
//! systems, [`torture`] proves the whole between them.
//!
//! # Absences
//!
//! - The store imports no connector, scheme, mapping or HTTP.
//! - A connector cannot reach the store, so it can't move a watermark.
//! - `diff` and `mapping` are pure: values in, value or fault out.
//! - Capture and delivery never call each other: they meet in the store's change log.
//! - The sandbox, judge of the tests, imports only the vocabulary.
//!
//! A test (`tests/it/tidy.rs`) holds these.

pub mod api;
pub mod capture;
pub mod caught;
pub mod change;
pub mod cli;
pub mod clock;
pub mod config;
pub mod connector;
pub mod crash;
pub mod decimal;
pub mod delivery;
pub mod diff;
pub mod document;
pub mod engine;
pub mod fault;
pub mod files;
pub mod hours;
pub mod looked_up;
pub mod mapping;
pub mod name;
pub mod query;
pub mod reason;
pub mod receipt;
pub mod row_version;
pub mod sandbox;
pub mod scalar;
pub mod scheme;
pub mod secret;
pub mod store;
pub mod torture;
pub mod watermark;
