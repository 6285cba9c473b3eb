//! Scheme files: what the user wrote about one flow of documents, read with positions and checked at once. The
//! machinery (YAML to trees, tables of keys, their check) serves the configuration and the connectors' settings too.

pub mod tree;

pub mod fill;
mod slip;
pub mod yaml;

pub mod check;
mod get;
pub mod json_schema;
pub mod keys;
mod scalar;

mod file;
mod folder;
mod read;
mod read_target;
mod semantics;
pub mod table;
pub mod transport;
pub mod types;
mod written;

#[cfg(test)]
mod tests;

pub use file::{Placed, SchemeFile};
pub use folder::{files, load_all, read_all};
pub use types::{
    BaselineMissing, Detail, DetailParam, DetailWhen, DiffRules, Entry, FieldSpec, Identity, InDoubt, Initial, Mode,
    Numbers, Operation, Reconcile, Retry, Scheme, Source, Start, StepCall, Steps, Sweep, Target, name_of,
};
pub use written::{WriteBack, Written};
