//! What a system saw done, against what the store says was attempted: every effect belongs to an attempt of its own
//! that was durable before it (I2), and the effects of a document come in the order of its attempts.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::name::Key;
use crate::sandbox::ledger::{Effect, Entry};
use crate::store::{Attempt, Store, StoreError};
use crate::torture::standings;

/// Effects of a target's documents without an attempt, done twice, or out of order. `entries` are the target
/// system's; those of other documents are left out.
///
/// # Errors
/// Only where the store can't be read.
pub fn unaccounted(
    store: &dyn Store,
    scheme: &str,
    target: &str,
    entries: &[Entry],
) -> Result<Vec<String>, StoreError> {
    let mut by_number: BTreeMap<&str, Vec<&Entry>> = BTreeMap::new();
    for entry in entries.iter().filter(|entry| matches!(entry.effect, Effect::Create | Effect::Update)) {
        by_number.entry(&entry.document).or_default().push(entry);
    }
    let mut wrong = Vec::new();
    standings::each(store, scheme, target, |key, _| {
        let attempts = store.attempts(scheme, target, key)?;
        let Some(number) = attempts.iter().find_map(|attempt| attempt.number.clone()) else { return Ok(()) };
        let effects = by_number.remove(number.as_str()).unwrap_or_default();
        wrong.extend(in_order(key, &attempts, &effects));
        Ok(())
    })?;
    wrong.extend(by_number.keys().map(|number| format!("I2: `{number}` was written without any attempt")));
    Ok(wrong)
}

/// Gives each effect the first attempt after the one before that sent this content.
fn in_order(key: &Key, attempts: &[Attempt], effects: &[&Entry]) -> Option<String> {
    let sent: Vec<(u32, Value)> =
        attempts.iter().filter_map(|attempt| Some((attempt.n, serde_json::from_str(&attempt.payload).ok()?))).collect();
    let mut last = 0;
    for effect in effects {
        let fits = |n: &u32, payload: &Value| *n > last && is_part(payload, &effect.payload);
        match sent.iter().find(|(n, payload)| fits(n, payload)) {
            Some((n, _)) => last = *n,
            None => {
                let known: Vec<u32> =
                    sent.iter().filter(|(_, payload)| is_part(payload, &effect.payload)).map(|(n, _)| *n).collect();
                return Some(format!(
                    "I2: effect {} on `{key}` ({:?}) is of no attempt after {last}; this content was sent by {known:?}",
                    effect.n, effect.effect
                ));
            }
        }
    }
    None
}

/// Whether everything of a payload stands in what arrived; a connector may add ids to it.
#[allow(clippy::cmp_owned, reason = "the text of a JSON value is compared, not the value")]
fn is_part(payload: &Value, arrived: &Value) -> bool {
    match (payload, arrived) {
        (Value::Object(payload), Value::Object(arrived)) => {
            payload.iter().all(|(name, value)| arrived.get(name).is_some_and(|there| is_part(value, there)))
        }
        (Value::Array(payload), Value::Array(arrived)) => {
            payload.len() == arrived.len() && payload.iter().zip(arrived).all(|(one, there)| is_part(one, there))
        }
        (payload, arrived) => payload.to_string() == arrived.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::clock::Time;

    fn attempt(n: u32, revision: u64) -> Attempt {
        Attempt {
            n,
            id: format!("a{n}"),
            change_key: format!("k{n}"),
            version: revision,
            call: "save".into(),
            form: None,
            account: "a".into(),
            number: Some("N1".into()),
            target_id: None,
            step: false,
            terms: crate::store::Terms::default(),
            payload: json!({ "no": "N1", "rev": revision, "lines": [{ "qty": 1 }] }).to_string(),
            payload_hash: "h".into(),
            lines: Vec::new(),
            looked_up: Vec::new(),
            at: Time(0),
            answered: None,
            outcome: None,
            words: None,
            decision: None,
        }
    }

    fn effect(n: u64, revision: u64) -> Entry {
        Entry {
            n,
            at: String::new(),
            system: "kingdee".into(),
            call: "save".into(),
            document: "N1".into(),
            effect: Effect::Update,
            payload: json!({ "FID": 7, "no": "N1", "rev": revision, "lines": [{ "FEntryID": 1, "qty": 1 }] }),
        }
    }

    #[test]
    fn an_effect_twice_out_of_order_or_of_no_attempt_is_found() {
        let attempts = [attempt(1, 1), attempt(2, 1), attempt(3, 2)];
        let is_wrong = |revisions: &[u64]| {
            let effects: Vec<Entry> = (1..).zip(revisions).map(|(n, revision)| effect(n, *revision)).collect();
            in_order(&Key::from_text("1"), &attempts, &effects.iter().collect::<Vec<_>>()).is_some()
        };
        for fine in [&[][..], &[1], &[1, 2], &[1, 1, 2], &[2]] {
            assert!(!is_wrong(fine), "{fine:?}");
        }
        for wrong in [&[1, 1, 1][..], &[2, 1], &[2, 2], &[3]] {
            assert!(is_wrong(wrong), "{wrong:?}");
        }
    }
}
