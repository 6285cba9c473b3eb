//! Scheme files: what the user wrote about one flow of documents, read with positions and checked at once. The
//! machinery (YAML to trees, tables of keys, their check) serves the configuration and the connectors' settings too.

pub mod tree;
pub mod yaml;
mod slip;
pub mod fill;
pub mod keys;
pub mod check;
mod scalar;
mod get;
pub mod json_schema;
pub mod transport;
pub mod types;
pub mod table;
mod read;
mod read_target;
mod semantics;
mod folder;
#[cfg(test)]
mod tests;

pub use folder::{files, load_all, read_all};
pub use types::{
    BaselineMissing, DiffRules, Entry, FieldSpec, Identity, InDoubt, Initial, Mode, Numbers, Operation, Retry, Scheme,
    Source, Start, Sweep, Target,
};
