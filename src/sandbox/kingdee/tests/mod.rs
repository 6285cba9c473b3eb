#![allow(clippy::unwrap_used)]

mod access;
mod edits;
mod faults;
mod operations;
mod order_edits;
mod orders;
mod queries;
mod saves;
mod support;
