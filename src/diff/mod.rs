//! What counts as a change: identity, raw-hash gate, canonical form and hash, field-level differences
//! (design.md section 2.8; rules.md 9, 20, 30). Pure: values in, value or fault out.
//!
//! The way of one document as captured:
//!
//! 1. [`extract`] reads its key, number, time and row version out of the bytes, without parsing the rest;
//! 2. [`Gate::raw_hash`] of the bytes equals the stored one: known, nothing else is done;
//! 3. [`Document::parse`] reads it strictly: a fault quarantines it;
//! 4. [`Differ::hash`] equals the stored one: content is the same, though the bytes differ;
//! 5. [`Differ::delta`] tells what differs, field by field; [`json_patch`] the same as an exact edit script;
//! 6. [`Differ::is_echo`] tells whether that is only what we wrote there ourselves (rule 22).

mod extract;
mod gate;
mod identity;

mod document;
mod parse;
mod scan;

mod path;
mod rules;

mod canonical;
mod delta;
mod differ;
mod echo;
mod lines;
mod patch;

pub use delta::{ChangeOp, FieldChange};
pub use differ::Differ;
pub use document::Document;
pub use echo::{Echo, at, put};
pub use extract::extract;
pub use gate::{CANONICAL_FORM, Gate, fingerprint};
pub use identity::{ExtractFault, Identity, Paths};
pub use parse::{ParseFault, parse};
pub use patch::{PatchOp, PatchVerb, json_patch};
pub use rules::{DiffRules, Numbers, RulePath, Step};

#[cfg(test)]
mod tests;
