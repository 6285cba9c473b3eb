//! The expressions users write: guarded JSONPath queries, conditions evaluated exactly, filters, templates
//! (interface.md section 4). The only owner of `jsonpath-rust`. Pure: values in, value or fault out.

/// A slip in an expression: where in its text, and what is allowed instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slip {
    /// Offset in characters from the begin of the expression's text.
    pub offset: usize,
    /// What is wrong and what is allowed; where the slip is a usual one, the corrected text.
    pub message: String,
}
