#![allow(clippy::unwrap_used)]

mod access;
mod edits;
mod faults;
mod operations;
mod queries;
mod saves;
mod support;
