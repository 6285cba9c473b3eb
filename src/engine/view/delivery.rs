//! Deliveries: what waits, was rejected or is in doubt, each with its reason.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::document::Head;
use crate::engine::view::status::target_names;
use crate::engine::view::unplanned::{unplanned, unplanned_state};
use crate::name::Key;
use crate::reason::{Code, Language, MissingCode, Reason, State};
use crate::scheme::Scheme;
use crate::store::{Attempt, Delivery, Store, StoreError, pages};

/// A document's state towards one target.
#[derive(Debug, Clone, Serialize)]
pub struct StateView {
    /// Target name.
    pub target: String,
    /// State.
    pub state: &'static str,
    /// Sub-reason.
    pub reason: Option<&'static str>,
    /// The reason as a sentence.
    pub text: String,
}

/// One delivery.
#[derive(Debug, Clone, Serialize)]
pub struct DeliveryView {
    /// `SCHEME/TARGET/KEY`.
    pub id: String,
    /// Scheme id.
    pub scheme: String,
    /// Target name.
    pub target: String,
    /// Document key.
    pub key: String,
    /// Document number.
    pub number: Option<String>,
    /// State.
    pub state: &'static str,
    /// Sub-reason.
    pub reason: Option<&'static str>,
    /// The reason as a sentence.
    pub text: String,
    /// The target's own words.
    pub words: Option<String>,
    /// The version the state speaks of.
    pub version: u64,
    /// The newest version planned.
    pub newest: u64,
    /// Sends of this version that count.
    pub tries: u32,
    /// When it is looked at again, RFC 3339.
    pub due: Option<String>,
    /// In this state since, RFC 3339.
    pub since: String,
    /// The target document's id.
    pub target_id: Option<String>,
    /// The target document's number.
    pub target_number: Option<String>,
}

/// One attempt as shown: never the payload of others' data beyond what was sent.
#[derive(Debug, Clone, Serialize)]
pub struct AttemptView {
    /// From 1.
    pub n: u32,
    /// Random id.
    pub id: String,
    /// Change key.
    pub change_key: String,
    /// Version sent.
    pub version: u64,
    /// Call.
    pub call: String,
    /// RFC 3339.
    pub at: String,
    /// RFC 3339; none while open.
    pub answered: Option<String>,
    /// What came of it.
    pub outcome: Option<String>,
    /// The target's words.
    pub words: Option<String>,
    /// What was decided on it.
    pub decision: Option<String>,
}

impl From<&Attempt> for AttemptView {
    fn from(attempt: &Attempt) -> Self {
        Self {
            n: attempt.n,
            id: attempt.id.clone(),
            change_key: attempt.change_key.clone(),
            version: attempt.version,
            call: attempt.call.clone(),
            at: attempt.at.to_string(),
            answered: attempt.answered.map(|time| time.to_string()),
            outcome: attempt.outcome.clone(),
            words: attempt.words.clone(),
            decision: attempt.decision.clone(),
        }
    }
}

/// What to list.
#[derive(Debug, Clone)]
pub struct DeliveryQuery {
    /// Only this target.
    pub target: Option<String>,
    /// Only this state; none: everything that is not settled.
    pub state: Option<State>,
    /// Go on after this (target, key).
    pub after: Option<Place>,
    /// At most this many.
    pub limit: usize,
    /// Language of sentences.
    pub language: Language,
}

/// A code to add to a table or mirror, with the documents that wait for it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct MissingView {
    /// `table.NAME` or a scheme's id.
    pub lookup: String,
    /// Columns and texts.
    pub codes: Vec<(String, String)>,
}

/// Where a list goes on: after this key of this target.
pub type Place = (String, Key);

/// Lists deliveries of a scheme, targets by name and each in key order, with the documents a target has not planned
/// yet. The second value is where to go on, none at the end: each row comes once, however a list is cut.
pub fn deliveries(
    store: &dyn Store,
    scheme: &Scheme,
    query: &DeliveryQuery,
) -> Result<(Vec<DeliveryView>, Option<Place>), StoreError> {
    let mut found: Vec<DeliveryView> = Vec::new();
    let states: Vec<State> = match query.state {
        Some(state) => vec![state],
        None => State::ALL.into_iter().filter(|state| !state.is_settled()).collect(),
    };
    // By name, not in the file's order: a place must tell which targets come before it.
    let mut targets = target_names(scheme);
    targets.sort();
    for target in targets {
        if query.target.as_ref().is_some_and(|wanted| *wanted != target) {
            continue;
        }
        let after = match &query.after {
            Some((reached, _)) if *reached > target => continue,
            Some((reached, key)) if *reached == target => Some(key),
            _ => None,
        };
        let left = query.limit.saturating_sub(found.len());
        let mut rows: Vec<(Key, Row)> = Vec::new();
        for state in &states {
            let some = store.deliveries(&scheme.id, &target, Some(*state), after, left + 1)?;
            rows.extend(some.into_iter().map(|(key, row)| (key, Row::Planned(Box::new(row)))));
        }
        let unplanned_here = unplanned_state(store, scheme, &target)?.filter(|(state, _)| states.contains(state));
        if let Some(standing) = unplanned_here {
            for (key, head) in unplanned(store, &scheme.id, &target, after, left + 1)? {
                let view = unplanned_view((&scheme.id, &target, &key), head, standing.clone(), query.language);
                rows.push((key, Row::Unplanned(Box::new(view))));
            }
        }
        rows.sort_by(|a, b| a.0.cmp(&b.0));
        for (key, row) in rows {
            if found.len() == query.limit {
                let last = found.last().map(|view| (view.target.clone(), Key::from_text(view.key.as_str())));
                return Ok((found, last));
            }
            found.push(match row {
                Row::Planned(row) => delivery_view(store, &scheme.id, &target, &key, &row, query.language)?,
                Row::Unplanned(view) => *view,
            });
        }
    }
    Ok((found, None))
}

/// A document in a list of deliveries.
enum Row {
    Planned(Box<Delivery>),
    Unplanned(Box<DeliveryView>),
}

/// A document that a target has not planned yet, as shown.
fn unplanned_view(
    (scheme, target, key): (&str, &str, &Key),
    head: Head,
    (state, reason): (State, Option<Reason>),
    language: Language,
) -> DeliveryView {
    DeliveryView {
        id: format!("{scheme}/{target}/{key}"),
        scheme: scheme.to_owned(),
        target: target.to_owned(),
        key: key.to_string(),
        number: head.number,
        state: state.as_str(),
        reason: reason.as_ref().map(|reason| reason.code.as_str()),
        text: reason.map(|reason| reason.sentence(language)).unwrap_or_default(),
        words: None,
        version: head.version,
        newest: head.version,
        tries: 0,
        due: None,
        since: head.captured_at.to_string(),
        target_id: None,
        target_number: None,
    }
}

/// One delivery as shown.
pub fn delivery_view(
    store: &dyn Store,
    scheme: &str,
    target: &str,
    key: &Key,
    row: &Delivery,
    language: Language,
) -> Result<DeliveryView, StoreError> {
    let head = store.heads(scheme, std::slice::from_ref(key))?.into_iter().flatten().next();
    Ok(DeliveryView {
        id: format!("{scheme}/{target}/{key}"),
        scheme: scheme.to_owned(),
        target: target.to_owned(),
        key: key.to_string(),
        number: head.and_then(|head| head.number),
        state: row.state.as_str(),
        reason: row.reason.as_ref().map(|reason| reason.code.as_str()),
        text: row.reason.as_ref().map(|reason| reason.sentence(language)).unwrap_or_default(),
        words: row.reason.as_ref().and_then(|reason| reason.words.clone()),
        version: row.version,
        newest: row.newest,
        tries: row.tries,
        due: row.due.map(|due| due.to_string()),
        since: row.since.to_string(),
        target_id: row.receipt.as_ref().and_then(|receipt| receipt.id.clone()),
        target_number: row.receipt.as_ref().and_then(|receipt| receipt.number.clone()),
    })
}

/// A document's state towards a target, planned or not. None for a write-back before its target accepted the document.
pub fn state_view(
    store: &dyn Store,
    scheme: &Scheme,
    target: &str,
    key: &Key,
    language: Language,
) -> Result<Option<StateView>, StoreError> {
    let (state, reason) = match store.delivery(&scheme.id, target, key)? {
        Some(row) => (row.state, row.reason),
        None => match unplanned_state(store, scheme, target)? {
            Some(unplanned) => unplanned,
            None => return Ok(None),
        },
    };
    Ok(Some(StateView {
        target: target.to_owned(),
        state: state.as_str(),
        reason: reason.as_ref().map(|reason| reason.code.as_str()),
        text: reason.map(|reason| reason.sentence(language)).unwrap_or_default(),
    }))
}

/// The codes that look-ups of a scheme did not find, each once.
pub fn missing(store: &dyn Store, scheme: &Scheme) -> Result<Vec<MissingView>, StoreError> {
    let mut found: BTreeSet<MissingView> = BTreeSet::new();
    for target in target_names(scheme) {
        for state in [State::Rejected, State::Waiting] {
            for page in pages(store, &scheme.id, &target, state) {
                for code in page?.into_iter().filter_map(|(_, row)| row.reason).flat_map(|reason| reason.missing) {
                    let MissingCode { lookup, codes } = code;
                    found.insert(MissingView { lookup, codes });
                }
            }
        }
    }
    Ok(found.into_iter().collect())
}

/// Whether a document was adopted although the target holds another content.
pub fn differs(row: &Delivery) -> bool {
    row.state == State::Delivered && row.reason.as_ref().is_some_and(|reason| reason.code == Code::AdoptedDiffers)
}

/// Documents of a scheme adopted although the target holds another content, target by target in key order; and
/// whether there are more than asked for.
pub fn different(
    store: &dyn Store,
    scheme: &Scheme,
    query: &DeliveryQuery,
) -> Result<(Vec<DeliveryView>, bool), StoreError> {
    let mut found = Vec::new();
    for target in target_names(scheme) {
        if query.target.as_ref().is_some_and(|wanted| *wanted != target) {
            continue;
        }
        for page in pages(store, &scheme.id, &target, State::Delivered) {
            for (key, row) in page?.into_iter().filter(|(_, row)| differs(row)) {
                if found.len() == query.limit {
                    return Ok((found, true));
                }
                found.push(delivery_view(store, &scheme.id, &target, &key, &row, query.language)?);
            }
        }
    }
    Ok((found, false))
}
