//! What people do and see: words that name documents, lists and their pages, what a scheme that does not run answers.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod lists;
mod people;
mod support;
