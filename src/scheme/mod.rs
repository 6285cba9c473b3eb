//! Scheme files: what the user wrote about one flow of documents, read with positions and checked at once.

pub mod tree;
pub mod types;

pub use types::{
    BaselineMissing, DiffRules, Entry, FieldSpec, Identity, InDoubt, Initial, Mode, Numbers, Operation, Retry, Scheme,
    Source, Start, Sweep, Target,
};
