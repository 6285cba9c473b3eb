//! Stored documents.

use serde::Serialize;
use serde_json::value::RawValue;

use crate::capture::source_paths;
use crate::clock::{Time, Zone};
use crate::diff::extract;
use crate::document::Head;
use crate::engine::view::delivery::{StateView, state_view};
use crate::engine::view::mask::Mask;
use crate::engine::view::status::target_names;
use crate::name::Key;
use crate::reason::{Language, State};
use crate::scheme::Scheme;
use crate::store::{DocumentFilter, Store, StoreError};

/// Changes looked at at once.
const CHANGES: u64 = 1_000;

/// One document in a list.
#[derive(Debug, Clone, Serialize)]
pub struct DocumentView {
    /// Scheme id.
    pub scheme: String,
    /// Key.
    pub key: String,
    /// Number.
    pub number: Option<String>,
    /// Version.
    pub version: u64,
    /// Whether it is known as deleted.
    pub deleted: bool,
    /// Canonical hash, hexadecimal; kept of the newest version only.
    pub hash: Option<String>,
    /// When this version was captured, RFC 3339; none where the change log does not reach back to it any more.
    pub captured_at: Option<String>,
    /// Source time, RFC 3339.
    pub source_time: Option<String>,
    /// The document's state towards each target, whichever version is shown.
    pub targets: Vec<StateView>,
}

/// How documents are shown.
#[derive(Clone, Copy)]
pub struct Shown<'a> {
    /// Which fields are not.
    pub mask: &'a Mask,
    /// Zone of source times that carry none.
    pub zone: &'a Zone,
    /// Language of reasons.
    pub language: Language,
}

/// One document whole.
#[derive(Debug, Serialize)]
pub struct DocumentDetail {
    /// As in a list.
    #[serde(flatten)]
    pub head: DocumentView,
    /// Versions that are stored.
    pub versions: Vec<u64>,
    /// Why it stands in quarantine, if it does.
    pub quarantined: Option<String>,
    /// The snapshot as captured, digit for digit, personal data masked.
    pub document: Option<Box<RawValue>>,
}

/// What to list.
#[derive(Debug, Clone, Default)]
pub struct DocumentQuery {
    /// Filter by key, time and page.
    pub filter: DocumentFilter,
    /// Only documents in this state towards some target.
    pub state: Option<State>,
    /// Language of reasons.
    pub language: Language,
}

/// Lists documents in key order. The second value is the key to go on after, none at the end.
pub fn documents(
    store: &dyn Store,
    scheme: &Scheme,
    query: &DocumentQuery,
) -> Result<(Vec<DocumentView>, Option<Key>), StoreError> {
    let limit = query.filter.limit.max(1);
    let mut filter = query.filter.clone();
    let mut found = Vec::new();
    loop {
        let page = store.documents(&scheme.id, &filter)?;
        let full = page.len() >= limit;
        let last = page.last().map(|(key, _)| key.clone());
        for (key, head) in page {
            let view = document_view(store, scheme, &key, &head, query.language)?;
            let wanted = query.state.is_none_or(|state| view.targets.iter().any(|t| t.state == state.as_str()));
            if wanted {
                found.push(view);
            }
            if found.len() == limit {
                return Ok((found, Some(key)));
            }
        }
        if !full {
            return Ok((found, None));
        }
        filter.after = last;
    }
}

/// The keys a text names: the key itself where there is such a document, else every document of that number.
pub fn find_keys(store: &dyn Store, scheme: &str, text: &str) -> Result<Vec<Key>, StoreError> {
    let key = Key::from_text(text);
    if store.heads(scheme, std::slice::from_ref(&key))?.into_iter().flatten().next().is_some()
        || store.quarantine(scheme, &key)?.is_some()
    {
        return Ok(vec![key]);
    }
    store.by_number(scheme, text)
}

/// One document whole, in its newest version or another one that is stored; none if there is no such document.
pub fn show(
    store: &dyn Store,
    scheme: &Scheme,
    key: &Key,
    version: Option<u64>,
    shown: Shown<'_>,
) -> Result<Option<DocumentDetail>, StoreError> {
    let Some(head) = store.heads(&scheme.id, std::slice::from_ref(key))?.into_iter().flatten().next() else {
        return Ok(None);
    };
    let body = store.body(&scheme.id, key, version.unwrap_or(head.version))?;
    if version.is_some() && body.is_none() {
        return Ok(None);
    }
    let mut view = document_view(store, scheme, key, &head, shown.language)?;
    if let Some((version, body)) = version.filter(|version| *version != head.version).zip(body.as_deref()) {
        become_older(&mut view, scheme, (version, body), shown.zone);
        view.captured_at = captured_at(store, &scheme.id, key, (version, head.seq))?.map(|at| at.to_string());
    }
    let text = body.and_then(|bytes| shown.mask.apply(&bytes));
    Ok(Some(DocumentDetail {
        head: view,
        versions: store.versions(&scheme.id, key)?,
        quarantined: store.quarantine(&scheme.id, key)?.map(|record| record.why),
        document: text.and_then(|text| RawValue::from_string(text).ok()),
    }))
}

/// Makes the newest version's head that of an older one, as far as its stored text tells.
fn become_older(view: &mut DocumentView, scheme: &Scheme, (version, body): (u64, &[u8]), zone: &Zone) {
    // A version from before the key or its paths were changed may not show them any more.
    let identity = source_paths(&scheme.source).ok().and_then(|paths| extract(body, &paths).ok());
    let time = identity.as_ref().and_then(|one| one.time_texts.iter().filter_map(|text| zone.read(text)).max());
    view.version = version;
    // What is deleted has no text.
    view.deleted = false;
    view.hash = None;
    view.source_time = time.map(|time| time.to_string());
    view.number = identity.and_then(|identity| identity.number);
}

/// When an older version was captured: its change lies before that of the newest one, and is looked for from there
/// backwards.
fn captured_at(
    store: &dyn Store,
    scheme: &str,
    key: &Key,
    (version, newest): (u64, u64),
) -> Result<Option<Time>, StoreError> {
    let begin = store.trimmed(scheme)?;
    let mut end = newest;
    while end > begin {
        let after = end.saturating_sub(CHANGES).max(begin);
        let changes = match store.changes(scheme, after, usize::try_from(end - after).unwrap_or(usize::MAX)) {
            // Forgotten meanwhile.
            Err(StoreError::Trimmed { .. }) => return Ok(None),
            read => read?,
        };
        if let Some(found) = changes.iter().find(|change| change.to == version && change.key == *key) {
            return Ok(Some(found.at));
        }
        end = after;
    }
    Ok(None)
}

fn document_view(
    store: &dyn Store,
    scheme: &Scheme,
    key: &Key,
    head: &Head,
    language: Language,
) -> Result<DocumentView, StoreError> {
    let targets = target_names(scheme)
        .into_iter()
        .filter_map(|target| state_view(store, scheme, &target, key, language).transpose())
        .collect::<Result<_, _>>()?;
    Ok(DocumentView {
        scheme: scheme.id.clone(),
        key: key.to_string(),
        number: head.number.clone(),
        version: head.version,
        deleted: head.is_tombstone(),
        hash: head.canonical_hash.map(hex::encode),
        captured_at: Some(head.captured_at.to_string()),
        source_time: head.source_time.map(|time| time.to_string()),
        targets,
    })
}
