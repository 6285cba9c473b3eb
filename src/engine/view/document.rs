//! Stored documents.

use serde::Serialize;
use serde_json::value::RawValue;

use crate::document::Head;
use crate::engine::view::delivery::{StateView, state_view};
use crate::engine::view::mask::Mask;
use crate::engine::view::status::target_names;
use crate::name::Key;
use crate::reason::{Language, State};
use crate::scheme::Scheme;
use crate::store::{DocumentFilter, Store, StoreError};

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
    /// Canonical hash, hexadecimal.
    pub hash: Option<String>,
    /// When this version was captured, RFC 3339.
    pub captured_at: String,
    /// Source time, RFC 3339.
    pub source_time: Option<String>,
    /// State towards each target.
    pub targets: Vec<StateView>,
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
    (mask, language): (&Mask, Language),
) -> Result<Option<DocumentDetail>, StoreError> {
    let Some(head) = store.heads(&scheme.id, std::slice::from_ref(key))?.into_iter().flatten().next() else {
        return Ok(None);
    };
    let body = store.body(&scheme.id, key, version.unwrap_or(head.version))?;
    if version.is_some() && body.is_none() {
        return Ok(None);
    }
    let text = body.and_then(|bytes| mask.apply(&bytes));
    Ok(Some(DocumentDetail {
        head: document_view(store, scheme, key, &head, language)?,
        versions: store.versions(&scheme.id, key)?,
        quarantined: store.quarantine(&scheme.id, key)?.map(|record| record.why),
        document: text.and_then(|text| RawValue::from_string(text).ok()),
    }))
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
        captured_at: head.captured_at.to_string(),
        source_time: head.source_time.map(|time| time.to_string()),
        targets,
    })
}
