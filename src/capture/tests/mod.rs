//! Tests of capture by rule, over the in-memory store and a source that plays a script.
#![allow(clippy::unwrap_used)]

mod clock;
mod documents;
mod echo;
mod full;
mod support;
mod windows;
