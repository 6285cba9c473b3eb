//! Scheme files: what the user wrote about one flow of documents, read with positions and checked at once.

pub mod tree;
