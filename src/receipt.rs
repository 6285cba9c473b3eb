//! Receipts: what a target answered when it accepted a document.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What the target answered: the document's id and number there, the ids of its lines, returned fields.
/// In queries `$receipt.id`, `$receipt.number`, `$receipt.lines['FEntity'][key]`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Receipt {
    /// The document's id at the target, as text (systems answer numbers or texts).
    pub id: Option<String>,
    /// Its number there.
    pub number: Option<String>,
    /// List path in the payload → `$key` of the source line → id of the target line.
    #[serde(default)]
    pub lines: BTreeMap<String, BTreeMap<String, String>>,
    /// List path in the payload → id of the target line → what the target told of it besides its id: what addressing
    /// the line needs once no payload names it any more.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub told: BTreeMap<String, BTreeMap<String, BTreeMap<String, String>>>,
}
