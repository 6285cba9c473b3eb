//! What a payload took from look-ups, kept with its attempt so that a change of it is noticed (rules.md 16).

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What a look-up was asked.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Question {
    /// `table.NAME` or the scheme's id.
    pub lookup: String,
    /// Columns or paths, and the trimmed texts asked for.
    pub by: Vec<(String, String)>,
    /// What is taken, as written.
    pub take: String,
}

/// What a payload took from a look-up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LookedUp {
    /// What was asked.
    pub question: Question,
    /// What was taken; null after a miss that `miss: null` allows.
    pub value: Value,
}
