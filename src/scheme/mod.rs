//! Scheme files: what the user wrote about one flow of documents, read with positions and checked at once. The
//! machinery (YAML to trees, tables of keys, their check) serves the configuration and the connectors' settings too.

pub mod check;
pub mod fill;
mod folder;
mod get;
pub mod json_schema;
pub mod keys;
mod read;
mod read_target;
mod scalar;
mod semantics;
mod slip;
pub mod table;
#[cfg(test)]
mod tests;
pub mod transport;
pub mod tree;
pub mod types;
pub mod yaml;

pub use folder::{files, load_all, read_all};
pub use types::{
    BaselineMissing, DiffRules, Entry, FieldSpec, Identity, InDoubt, Initial, Mode, Numbers, Operation, Retry, Scheme,
    Source, Start, Sweep, Target,
};
