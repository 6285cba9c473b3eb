//! Documents that a target has not planned yet: they have no row of their own, and wait for `decide` or for their turn.

use crate::document::Head;
use crate::engine::view::status::is_writeback;
use crate::name::Key;
use crate::reason::{Code, Reason, State};
use crate::scheme::Scheme;
use crate::store::{DocumentFilter, Store, StoreError};

/// Documents looked at at once.
const PAGE: usize = 400;

/// How a document without a row stands: it waits until the target is told what to do, then for its turn. None for a
/// write-back, which it concerns only once its target has accepted it.
pub fn unplanned_state(
    store: &dyn Store,
    scheme: &Scheme,
    target: &str,
) -> Result<Option<(State, Option<Reason>)>, StoreError> {
    if is_writeback(scheme, target) {
        return Ok(None);
    }
    let told = store.target(&scheme.id, target)?.is_some_and(|state| state.answer.is_some());
    Ok(Some(if told { (State::Pending, None) } else { (State::Waiting, Some(Reason::new(Code::Decision, []))) }))
}

/// How many documents a target has not planned yet; not for write-backs.
pub fn unplanned_count(store: &dyn Store, scheme: &str, target: &str) -> Result<u64, StoreError> {
    let (live, gone) = store.document_count(scheme)?;
    let planned: u64 = store.counts(scheme, target)?.values().sum();
    Ok((live + gone).saturating_sub(planned))
}

/// The first of them after a key, in key order.
pub fn unplanned(
    store: &dyn Store,
    scheme: &str,
    target: &str,
    after: Option<&Key>,
    limit: usize,
) -> Result<Vec<(Key, Head)>, StoreError> {
    let mut found = Vec::new();
    // Where all are planned, nothing is walked through.
    if limit == 0 || unplanned_count(store, scheme, target)? == 0 {
        return Ok(found);
    }
    let mut filter = DocumentFilter { after: after.cloned(), limit: PAGE, ..DocumentFilter::default() };
    loop {
        let page = store.documents(scheme, &filter)?;
        let Some((last, _)) = page.last() else { return Ok(found) };
        filter.after = Some(last.clone());
        for (key, head) in page {
            if store.delivery(scheme, target, &key)?.is_none() {
                found.push((key, head));
            }
            if found.len() == limit {
                return Ok(found);
            }
        }
    }
}
