//! The difference between two documents as JSON Patch (RFC 6902) with old values.

use serde::Serialize;
use serde_json::Value;

/// One operation of a patch.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PatchOp {
    /// What to do.
    pub op: PatchVerb,
    /// Where: a JSON Pointer (RFC 6901).
    pub path: String,
    /// The value to put there; none for a removal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
    /// The value that was there; none for an addition.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub old: Option<Value>,
}

/// The operations used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PatchVerb {
    /// Put a value where none was.
    Add,
    /// Take a value away.
    Remove,
    /// Put a value in another's place.
    Replace,
}

/// The operations that turn `before` into `after` exactly: every difference counts, no rules apply, numbers are
/// compared by their text (12.50 differs from 12.5). Member order does not count.
pub fn json_patch(_before: &Value, _after: &Value) -> Vec<PatchOp> {
    todo!()
}
