//! Tests of capture by rule, over the in-memory store and a source that plays a script.
#![allow(clippy::unwrap_used)]

mod documents;
mod echo;
mod full;
mod poison;
mod support;
mod windows;
