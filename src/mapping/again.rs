//! Asking a look-up again: whether it gives what a payload once took (rules.md 16).

use serde_json::Value;

use super::lookup::{Hits, Lookups, Source};
use crate::looked_up::LookedUp;
use crate::query::{Outcome, Pipe, Scope};
use crate::scalar;

/// Whether a look-up would give now what it gave then. Of several hits the first counts. While a mirror is not ready,
/// or where what was asked can't be asked any more, nothing is known, which is no change.
pub fn gives_the_same(kept: &LookedUp, lookups: &dyn Lookups) -> bool {
    let question = &kept.question;
    let Some(source) = Source::read(&question.lookup) else { return true };
    let hit = match lookups.find(&source, &question.by) {
        Ok(Hits::One(hit) | Hits::Several { first: hit, .. }) => hit,
        Ok(Hits::Nothing | Hits::Deleted) => return kept.value.is_null(),
        Ok(Hits::NotReady) | Err(_) => return true,
    };
    let now = match Pipe::parse(&question.take) {
        Ok(pipe) => match pipe.evaluate(&Scope { document: &hit.document, elements: &[], receipt: None }) {
            Ok(Outcome::Value(value)) => value,
            Ok(Outcome::Omit) | Err(_) => Value::Null,
        },
        // The bare name of a table's column.
        Err(_) => hit.document.get(&question.take).cloned().unwrap_or(Value::Null),
    };
    match (scalar::plain(&now), scalar::plain(&kept.value)) {
        // Blank text is a miss like null, and kept as null.
        (Some(now), Some(then)) => now == then || (now.trim().is_empty() && kept.value.is_null()),
        _ => now == kept.value,
    }
}
