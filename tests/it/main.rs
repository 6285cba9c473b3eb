//! The integration tests: one binary. What each file is for stands in its first line.

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr)]
#![allow(clippy::cmp_owned, reason = "the text of a JSON value is compared, not the value")]

mod adopt;
mod api;
mod bills;
mod changed_orders;
mod check;
mod clocks;
mod content;
mod database;
mod deltas;
mod demo;
mod fault_table;
mod faults;
mod first_day;
mod independence;
mod orders;
mod people;
mod reconcile;
mod recovery;
mod restored;
mod rule_table;
mod samples;
mod secrets;
mod service;
mod simulate;
mod source_trouble;
mod steps;
mod support;
mod sweeps;
mod target_trouble;
mod tidy;
mod tokens;
mod windows;
mod writeback;
