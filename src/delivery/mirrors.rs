//! Look-ups in other schemes' snapshots, by index (rules.md 16); tables are asked as they are now.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde_json::Value;

use crate::document::Head;
use crate::mapping::{Hit, Hits, Lookups, Source};
use crate::name::Key;
use crate::query::{self, Query, Scope};
use crate::scalar::{self, index_text};
use crate::store::{Mark, Store, StoreError};

/// Most documents that one field may have alike where several fields are asked together.
const MOST: usize = 1000;

/// The look-ups of one document's mapping: remembers where each mirror stood before it was asked first, and what it
/// answered, for a line asks the same mirror several times, and many lines ask for the same.
pub struct Mirrors<'a> {
    store: &'a dyn Store,
    tables: Arc<dyn Lookups + Send + Sync>,
    marks: RefCell<BTreeMap<String, Mark>>,
    answers: RefCell<HashMap<Asked, Found>>,
    error: RefCell<Option<StoreError>>,
}

impl<'a> Mirrors<'a> {
    /// Over the store's mirrors and these tables.
    pub fn new(store: &'a dyn Store, tables: Arc<dyn Lookups + Send + Sync>) -> Self {
        Self { store, tables, marks: RefCell::default(), answers: RefCell::default(), error: RefCell::default() }
    }

    /// Where a mirror stood before it was asked; none for one that was not, or is a table.
    pub fn mark(&self, lookup: &str) -> Option<Mark> {
        self.marks.borrow().get(lookup).copied()
    }

    /// Why the store could not be asked: then nothing follows from what was not found.
    pub fn into_error(self) -> Option<StoreError> {
        self.error.into_inner()
    }

    fn find_in(&self, scheme: &str, by: &[(String, String)]) -> Result<Found, StoreError> {
        let known = self.mark(scheme);
        let mark = known.map_or_else(|| self.store.mark(scheme), Ok)?;
        self.marks.borrow_mut().insert(scheme.to_owned(), mark);
        let mut keys: Option<Vec<Key>> = None;
        for (path, text) in by {
            let Some(asked) = index_text(text) else { return Ok(Ok(Hits::Nothing)) };
            let Some(found) = self.store.lookup(scheme, path, &asked, MOST)? else { return Ok(Ok(Hits::NotReady)) };
            if by.len() > 1 && found.len() == MOST {
                let why =
                    format!("{MOST} documents or more of `{scheme}` have `{path}` = `{text}`: too many to compare");
                return Ok(Err(why));
            }
            keys = Some(match keys {
                Some(keys) => keys.into_iter().filter(|key| found.binary_search(key).is_ok()).collect(),
                None => found,
            });
        }
        let keys = keys.unwrap_or_default();
        let Some(first) = keys.first() else {
            return Ok(Ok(match mark.complete {
                true if self.was_deleted(scheme, by)? => Hits::Deleted,
                true => Hits::Nothing,
                false => Hits::NotReady,
            }));
        };
        let Some(first) = self.snapshot(scheme, first)? else { return Ok(Ok(Hits::NotReady)) };
        Ok(Ok(if keys.len() == 1 { Hits::One(first) } else { Hits::Several { count: keys.len(), first } }))
    }

    /// Whether a document that is known as deleted had these texts. It is found by its number, as the ones that people
    /// look up by mostly are; of others it is not known.
    fn was_deleted(&self, scheme: &str, by: &[(String, String)]) -> Result<bool, StoreError> {
        for (_, number) in by {
            for key in self.store.by_number(scheme, number)? {
                let head = self.store.heads(scheme, std::slice::from_ref(&key))?.into_iter().flatten().next();
                let Some(head) = head.filter(Head::is_tombstone) else { continue };
                let body = self.store.body(scheme, &key, head.version.saturating_sub(1))?;
                let Some(last) = body.and_then(|body| serde_json::from_slice::<Value>(&body).ok()) else { continue };
                let scope = Scope { document: &last, elements: &[], receipt: None };
                let had = |(path, text): &(String, String)| match Query::parse(path).ok()?.find(&scope) {
                    query::Found::One(value) => Some(index_text(&scalar::plain(value)?)? == index_text(text)?),
                    query::Found::Nothing | query::Found::Many(_) => None,
                };
                if by.iter().all(|asked| had(asked) == Some(true)) {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// The newest snapshot; none if it went away since the index was asked.
    fn snapshot(&self, scheme: &str, key: &Key) -> Result<Option<Hit>, StoreError> {
        let head = self.store.heads(scheme, std::slice::from_ref(key))?.into_iter().flatten().next();
        let Some(head) = head.filter(|head| !head.is_tombstone()) else { return Ok(None) };
        let body = self.store.body(scheme, key, head.version)?;
        let document = body.and_then(|body| serde_json::from_slice(&body).ok());
        Ok(document.map(|document| Hit { origin: key.to_string(), document }))
    }
}

/// A scheme, and the paths and texts it is asked by.
type Asked = (String, Vec<(String, String)>);
/// What a mirror has, or in words why it can't be asked so.
type Found = Result<Hits, String>;

impl Lookups for Mirrors<'_> {
    fn find(&self, source: &Source, by: &[(String, String)]) -> Result<Hits, String> {
        let Source::Scheme(scheme) = source else { return self.tables.find(source, by) };
        let asked = (scheme.clone(), by.to_vec());
        if let Some(found) = self.answers.borrow().get(&asked) {
            return found.clone();
        }
        match self.find_in(scheme, by) {
            Ok(found) => {
                self.answers.borrow_mut().insert(asked, found.clone());
                found
            }
            // What is damaged is read again, which moves the mirror on.
            Err(StoreError::Damaged { .. }) => Ok(Hits::NotReady),
            Err(error) => {
                *self.error.borrow_mut() = Some(error);
                Ok(Hits::NotReady)
            }
        }
    }
}
