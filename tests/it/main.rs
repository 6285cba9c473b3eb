//! The integration tests: one binary. What each file is for stands in its first line.

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr)]

mod simulate;
mod support;
mod tidy;
