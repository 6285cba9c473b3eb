#![allow(clippy::unwrap_used)]

mod access;
mod control;
mod faults;
mod lookups;
mod orders;
mod pushes;
mod rows;
mod support;
