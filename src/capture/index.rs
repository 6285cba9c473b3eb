//! The values that look-ups find snapshots by: taken from each captured document, and from what was stored before a
//! look-up asked for them.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::capture::scan::Capture;
use crate::name::Key;
use crate::query::{Found, Query, Scope};
use crate::scalar;
use crate::store::{DocumentFilter, IndexFill, IndexValues, StoreError};

/// Documents whose values are stored in one go while an index is filled.
const AT_ONCE: usize = 200;

/// A document's values under the paths that look-ups ask by; what is no scalar, or blank, has none.
pub fn values(index: &[Query], document: &[u8]) -> IndexValues {
    if index.is_empty() {
        return Vec::new();
    }
    let Ok(document) = serde_json::from_slice::<Value>(document) else { return Vec::new() };
    let scope = Scope { document: &document, elements: &[], receipt: None };
    let text = |query: &Query| match query.find(&scope) {
        Found::One(value) => scalar::index_text(&scalar::plain(value)?),
        Found::Nothing | Found::Many(_) => None,
    };
    index.iter().filter_map(|query| Some((query.text().to_owned(), text(query)?))).collect()
}

impl Capture {
    /// Tells the store by which paths look-ups ask, and fills what is new, or was lost, from the stored snapshots;
    /// after a stop it begins anew.
    pub async fn prepare_index(&self) -> Result<(), StoreError> {
        let scheme = &self.scheme.id;
        let wanted: BTreeSet<String> = self.plan.index.iter().map(|query| query.text().to_owned()).collect();
        if !self.store.indexed(scheme)?.keys().eq(wanted.iter()) {
            self.store.set_indexed(scheme, wanted).await?;
        }
        let open = self.store.indexed(scheme)?.into_iter().filter(|(_, filled)| !filled);
        let open: Vec<String> = open.map(|(path, _)| path).collect();
        if open.is_empty() {
            return Ok(());
        }
        let mut filter = DocumentFilter { limit: AT_ONCE, ..DocumentFilter::default() };
        loop {
            let documents = self.store.documents(scheme, &filter)?;
            filter.after = documents.last().map(|(key, _)| key.clone());
            let whole = documents.len() < AT_ONCE;
            let mut entries = Vec::with_capacity(documents.len());
            for (key, head) in documents.into_iter().filter(|(_, head)| !head.is_tombstone()) {
                if let Some(values) = self.stored_values(&key, head.version)? {
                    entries.push((key, head.version, values));
                }
            }
            let ready = if whole { open.clone() } else { Vec::new() };
            self.store.fill_index(IndexFill { scheme: scheme.clone(), entries, ready }).await?;
            if whole {
                tracing::info!(scheme = %scheme, paths = ?open, "snapshots can be looked up");
                self.notify();
                return Ok(());
            }
        }
    }

    /// The values of a stored version; none of one that is damaged: it is read from the source again, and indexed.
    fn stored_values(&self, key: &Key, version: u64) -> Result<Option<IndexValues>, StoreError> {
        match self.store.body(&self.scheme.id, key, version) {
            Ok(body) => Ok(body.map(|body| values(&self.plan.index, &body))),
            Err(StoreError::Damaged { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}
