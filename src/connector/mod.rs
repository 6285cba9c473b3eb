//! Connectors: the code that speaks one kind of system's protocol, behind one trait. A connector cannot reach the
//! store, never retries and never waits by itself (the transport's pace excepted): that is the engine's.

pub mod registry;
pub mod traits;

mod charset;
mod http;
mod judging;
pub mod kept;
mod normal;
pub mod pace;
pub mod params;
mod reply;

pub mod jushuitan;
pub mod kingdee;
pub mod okki;

#[cfg(test)]
mod scripted;

pub use http::install_provider;
pub use normal::is_same;
pub use traits::{
    CallSpec, Connector, Deferred, DetailCall, Fault, FaultKind, FetchRequest, Finding, Look, Outcome, Outgoing, Page,
    Probe, SourceCall, TargetCall, Window,
};
