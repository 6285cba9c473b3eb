//! Tests of the embedded store alone: power loss, a failing disk, decay, opening.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod care;
mod decay;
mod disk;
mod flips;
mod kill;
mod lineage;
mod open;
mod power;
pub(super) mod random;
pub(super) mod samples;
mod storage;
