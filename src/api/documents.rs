//! Stored documents.

use std::sync::Arc;

use axum::Json;
use axum::extract::State as Extract;
use axum::http::HeaderMap;
use serde::{Deserialize, Serialize};

use crate::api::answer::{Answer, Problem, language};
use crate::api::extract::{Path, Query};
use crate::api::page::{Paging, cursor};
use crate::api::schemes::{List, unit};
use crate::api::server::State;
use crate::clock::Zone;
use crate::engine::view::{DocumentDetail, DocumentQuery, DocumentView, documents, explain, find_keys, show};
use crate::name::Key;
use crate::reason::{Language, State as DeliveryState};
use crate::store::DocumentFilter;

/// What a list of documents takes beside paging.
#[derive(Debug, Default, Deserialize)]
pub struct Filter {
    #[serde(default)]
    prefix: String,
    state: Option<String>,
    changed_since: Option<String>,
}

#[derive(Debug, Deserialize)]
pub struct ByKey {
    key: String,
}

#[derive(Debug, Deserialize)]
pub struct Search {
    q: String,
}

/// Sentences about one document.
#[derive(Serialize)]
pub struct Sentences {
    scheme: String,
    key: String,
    sentences: Vec<String>,
}

/// Documents of a scheme.
pub async fn list(
    Extract(state): Extract<Arc<State>>,
    Path(scheme): Path<String>,
    Query(paging): Query<Paging>,
    Query(filter): Query<Filter>,
    headers: HeaderMap,
) -> Answer<List<DocumentView>> {
    let unit = unit(&state, &scheme)?;
    let changed_since = match filter.changed_since.as_deref() {
        None => None,
        Some(text) => Some(Zone::utc().read(text).ok_or_else(|| {
            Problem::wrong(format!("`changed_since={text}` is no time; allowed: 2026-01-31T08:00:00Z"))
        })?),
    };
    let query = DocumentQuery {
        filter: DocumentFilter { prefix: filter.prefix, after: paging.after()?, changed_since, limit: paging.limit()? },
        state: filter.state.as_deref().map(state_of).transpose()?,
        language: language(&headers),
    };
    let (found, next) = documents(&*state.engine.store, &unit.scheme, &query)?;
    Ok(Json(List::new(found, next.map(|key| cursor(&[key.as_str()])))))
}

/// The state of a word.
pub fn state_of(word: &str) -> Result<DeliveryState, Problem> {
    DeliveryState::from_word(word).ok_or_else(|| {
        let known: Vec<&str> = DeliveryState::ALL.iter().map(|state| state.as_str()).collect();
        Problem::wrong(format!("`{word}` is no state; allowed: {}", known.join(", ")))
    })
}

/// One document by key or number.
pub async fn one(
    Extract(state): Extract<Arc<State>>,
    Path((scheme, key)): Path<(String, String)>,
    headers: HeaderMap,
) -> Answer<DocumentDetail> {
    detail(&state, &scheme, &key, None, language(&headers))
}

/// One document by a key that can't stand in a path.
pub async fn by_key(
    Extract(state): Extract<Arc<State>>,
    Path(scheme): Path<String>,
    Query(query): Query<ByKey>,
    headers: HeaderMap,
) -> Answer<DocumentDetail> {
    detail(&state, &scheme, &query.key, None, language(&headers))
}

/// The versions of a document that are stored.
pub async fn versions(
    Extract(state): Extract<Arc<State>>,
    Path((scheme, key)): Path<(String, String)>,
) -> Answer<List<u64>> {
    unit(&state, &scheme)?;
    let key = only(&state, &scheme, &key)?;
    Ok(Json(List::new(state.engine.store.versions(&scheme, &key)?, None)))
}

/// One stored version.
pub async fn version(
    Extract(state): Extract<Arc<State>>,
    Path((scheme, key, version)): Path<(String, String, u64)>,
    headers: HeaderMap,
) -> Answer<DocumentDetail> {
    detail(&state, &scheme, &key, Some(version), language(&headers))
}

/// Why a document was or was not sent.
pub async fn explained(
    Extract(state): Extract<Arc<State>>,
    Path((scheme, key)): Path<(String, String)>,
    headers: HeaderMap,
) -> Answer<Sentences> {
    let unit = unit(&state, &scheme)?;
    // Of a document that was never captured there is something to say too.
    let key = only_or_none(&state, &scheme, &key)?.unwrap_or_else(|| Key::from_text(key));
    let sentences = explain(&*state.engine.store, &unit.scheme, &key, language(&headers))?;
    Ok(Json(Sentences { scheme, key: key.to_string(), sentences }))
}

/// Documents of all schemes by number or key.
pub async fn search(
    Extract(state): Extract<Arc<State>>,
    Query(query): Query<Search>,
    headers: HeaderMap,
) -> Answer<List<DocumentDetail>> {
    let mut found = Vec::new();
    for unit in &state.engine.units {
        for key in find_keys(&*state.engine.store, &unit.scheme.id, &query.q)? {
            found.extend(show(&*state.engine.store, &unit.scheme, &key, None, state.shown(language(&headers)))?);
        }
    }
    Ok(Json(List::new(found, None)))
}

fn detail(state: &State, scheme: &str, text: &str, version: Option<u64>, language: Language) -> Answer<DocumentDetail> {
    let unit = unit(state, scheme)?;
    let key = only(state, scheme, text)?;
    let found = show(&*state.engine.store, &unit.scheme, &key, version, state.shown(language))?;
    found.map(Json).ok_or_else(|| Problem::missing(format!("`{scheme}` has no such document or version of `{key}`")))
}

/// The one key a text names.
fn only(state: &State, scheme: &str, text: &str) -> Result<Key, Problem> {
    let key = only_or_none(state, scheme, text)?;
    key.ok_or_else(|| Problem::missing(format!("`{scheme}` has no document with key or number `{text}`")))
}

/// The key a text names, if any; several documents of one number are listed.
fn only_or_none(state: &State, scheme: &str, text: &str) -> Result<Option<Key>, Problem> {
    let mut keys = find_keys(&*state.engine.store, scheme, text)?;
    if keys.len() > 1 {
        let keys: Vec<&str> = keys.iter().map(Key::as_str).collect();
        return Err(Problem::wrong(format!("several documents have the number `{text}`: {}", keys.join(", "))));
    }
    Ok(keys.pop())
}
