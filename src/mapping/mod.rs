//! From a document to the payload a target is told (interface.md section 4, "Mapping"): compiled once with all
//! faults at their positions, then evaluated per document. Pure: a document in, a payload or a fault out.

mod again;
mod check;
mod compile;
mod compile_lookup;
mod evaluate;
mod evaluate_lookup;
mod fault;
mod fields;
mod lookup;
mod placed;
mod plan;
mod reach;
mod suggest;
mod table_file;
mod tables;
#[cfg(test)]
mod tests;
mod text;
mod trail;

pub use again::gives_the_same;
pub use check::Use;
pub use evaluate::{LineList, Mapped};
pub use fault::{MapFault, MapFaultKind, Miss, Why};
pub use fields::Fields;
pub use lookup::{By, Hit, Hits, Lookup, Lookups, OnMiss, Source, Take};
pub use plan::Mapping;
pub use reach::condition_reads;
pub use tables::{Table, Tables};
