//! Walking the deliveries of a state page by page: bounded memory, and no read held between two pages.

use crate::name::Key;
use crate::reason::State;
use crate::store::delivery::Delivery;
use crate::store::traits::{Store, StoreError};

/// Rows of one page.
const PAGE: usize = 400;

/// The deliveries of one target in a state, in key order, a page at a time; never an empty page. Rows may be written
/// between two pages: each page is what stands then behind the last key of the one before. Ends after an error.
pub fn pages<'a>(
    store: &'a dyn Store,
    scheme: &'a str,
    target: &'a str,
    state: State,
) -> impl Iterator<Item = Result<Vec<(Key, Delivery)>, StoreError>> + 'a {
    let mut after: Option<Key> = None;
    let mut ended = false;
    std::iter::from_fn(move || {
        if ended {
            return None;
        }
        let page = store.deliveries(scheme, target, Some(state), after.as_ref(), PAGE);
        after = page.as_ref().ok().and_then(|rows| rows.last()).map(|(key, _)| key.clone());
        ended = after.is_none();
        page.map(|rows| (!rows.is_empty()).then_some(rows)).transpose()
    })
}
