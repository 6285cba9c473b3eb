//! Field-level differences between two documents.

use serde::Serialize;
use serde_json::Value;

/// One difference: an element of `changed` in conditions (interface.md section 4).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FieldChange {
    /// Where, with `[*]` for list elements: `$.FSaleOrderEntry[*].FQty`. A line added or removed: `$.LIST[*]`.
    pub path: String,
    /// What happened there.
    pub op: ChangeOp,
    /// The value before; none for an addition.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Value>,
    /// The value after; none for a removal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<Value>,
    /// Key of the line, within a list matched by key: the innermost one's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Whether the line's key was missing or repeated, so that lines were paired by content (rule 20).
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub approximate: bool,
}

/// What happened to a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ChangeOp {
    /// It was not there before.
    Add,
    /// It is gone.
    Remove,
    /// It has another value.
    Replace,
}
