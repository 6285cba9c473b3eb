//! The rules of a scheme made ready: hashes and differences under them.

use crate::diff::delta::FieldChange;
use crate::diff::document::Document;
use crate::diff::rules::DiffRules;

/// Compares documents under a scheme's rules.
#[derive(Debug, Clone)]
pub struct Differ {}

impl Differ {
    /// Makes rules ready. Done once per scheme.
    pub fn new(_rules: &DiffRules) -> Self {
        todo!()
    }

    /// BLAKE3 of the document's canonical form.
    pub fn hash(&self, _document: &Document<'_>) -> [u8; 32] {
        todo!()
    }

    /// What differs, field by field. Empty exactly where the hashes are equal.
    pub fn delta(&self, _before: &Document<'_>, _after: &Document<'_>) -> Vec<FieldChange> {
        todo!()
    }
}
