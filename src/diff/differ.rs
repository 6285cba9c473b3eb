//! The rules of a scheme made ready: hashes and differences under them.

use crate::diff::canonical;
use crate::diff::delta::{Delta, FieldChange};
use crate::diff::document::Document;
use crate::diff::rules::{DiffRules, Numbers, Rule, RuleTree};

/// Compares documents under a scheme's rules.
#[derive(Debug, Clone)]
pub struct Differ {
    rules: RuleTree,
    numbers: Numbers,
}

impl Differ {
    /// Makes rules ready. Done once per scheme.
    pub fn new(rules: &DiffRules) -> Self {
        Self { rules: RuleTree::new(rules), numbers: rules.numbers }
    }

    /// BLAKE3 of the document's canonical form: equal where the documents are equal under the rules. Member order
    /// never counts.
    pub fn hash(&self, document: &Document<'_>) -> [u8; 32] {
        let mut form = Vec::with_capacity(document.text.len() + document.text.len() / 4);
        let root = Rule::root(&self.rules);
        if !root.ignored() {
            canonical::write(document.root(), root, self.numbers, &mut form);
        }
        *blake3::hash(&form).as_bytes()
    }

    /// What differs, field by field. Empty exactly where the hashes are equal.
    pub fn delta(&self, before: &Document<'_>, after: &Document<'_>) -> Vec<FieldChange> {
        Delta::between(before.root(), after.root(), Rule::root(&self.rules), self.numbers)
    }
}
