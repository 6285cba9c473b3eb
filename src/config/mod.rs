//! The configuration file: systems, tables, API, alerts, and where data and schemes lie (interface.md section 3).
//! Validated without touching any system; all faults are told at once.

mod api;
mod everything;
mod load;
mod systems;
pub mod table;
#[cfg(test)]
mod tests;

pub use api::{Api, Tls};
pub use everything::{load_everything, read_everything};
pub use load::{Config, Filled, Log, Options, Retention, TableFile};
pub use systems::{CONNECTORS, SystemConfig};
