//! Tests of capture by rule, over the in-memory store and a source that plays a script.
#![allow(clippy::unwrap_used)]

mod blame;
mod clock;
mod cursor;
mod documents;
mod echo;
mod full;
mod living;
mod poison;
mod support;
mod survey;
mod sweeps;
mod windows;
