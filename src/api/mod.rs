//! The status API (interface.md section 5): JSON under `/api/v1`, errors as `application/problem+json` (RFC 9457).
//! Reading is free of side effects; actions are POST and take the words of the command line.

mod access;
mod actions;
mod answer;
mod database;
mod deliveries;
mod documents;
mod extract;
mod page;
mod schemes;
mod server;

pub use server::{BindError, Server};
