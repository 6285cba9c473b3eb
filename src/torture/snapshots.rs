//! What capture leaves: the feed (I7), heads and bodies that agree with it, the watermark (I6).

use std::collections::HashMap;

use crate::change::{Change, ChangeKind};
use crate::clock::Time;
use crate::name::Key;
use crate::store::{DocumentFilter, Store, StoreError};
use crate::torture::invariants::{AT_ONCE, Broken};

/// Checks a scheme.
pub(super) fn check(store: &dyn Store, scheme: &str, broken: &mut Broken) -> Result<(), StoreError> {
    let newest = feed(store, scheme, broken)?;
    let latest = heads(store, scheme, &newest, broken)?;
    let quarantined = store.quarantined(scheme)?.into_iter().filter_map(|record| record.source_time).max();
    let watermark = store.progress(scheme)?.and_then(|progress| progress.watermark);
    let (_, tombstones) = store.document_count(scheme)?;
    // A tombstone need not keep the time that the watermark was moved by.
    if tombstones == 0 {
        broken.expect(watermark <= latest.max(quarantined), "I6", || {
            format!("the watermark {watermark:?} of `{scheme}` lies after every document ({latest:?})")
        });
    }
    Ok(())
}

/// The newest change of each document. Offsets follow each other without gaps, from wherever the log begins, and a
/// document's versions follow each other.
fn feed(store: &dyn Store, scheme: &str, broken: &mut Broken) -> Result<HashMap<Key, Change>, StoreError> {
    let last = store.last_seq(scheme)?;
    let mut newest: HashMap<Key, Change> = HashMap::new();
    let mut expected = None;
    let mut after = 0;
    loop {
        let page = store.changes(scheme, after, AT_ONCE)?;
        let Some(end) = page.last().map(|change| change.seq) else { break };
        after = end;
        for change in page {
            let seq = change.seq;
            broken.expect(expected.is_none_or(|expected| expected == seq), "I7", || {
                format!("the log of `{scheme}` goes on with {seq}, not with {expected:?}")
            });
            expected = Some(seq + 1);
            let before = newest.get(&change.key).map(|before| before.to);
            let follows = change.to == change.from + 1 && before.is_none_or(|before| before == change.from);
            broken.expect(follows, "I7", || format!("`{scheme}`: {change:?} follows version {before:?}"));
            newest.insert(change.key.clone(), change);
        }
    }
    let ends = expected.map_or(last, |expected| expected - 1);
    broken.expect(ends == last, "I7", || format!("the log of `{scheme}` ends with {ends}, its number is {last}"));
    Ok(newest)
}

/// Heads are those of the newest changes, and have their bodies. Returns the latest source time.
fn heads(
    store: &dyn Store,
    scheme: &str,
    newest: &HashMap<Key, Change>,
    broken: &mut Broken,
) -> Result<Option<Time>, StoreError> {
    let mut filter = DocumentFilter { limit: AT_ONCE, ..DocumentFilter::default() };
    let (mut live, mut gone, mut met, mut latest) = (0, 0, 0, None);
    loop {
        let page = store.documents(scheme, &filter)?;
        let Some((last, _)) = page.last() else { break };
        filter.after = Some(last.clone());
        for (key, head) in page {
            latest = latest.max(head.source_time);
            *(if head.is_tombstone() { &mut gone } else { &mut live }) += 1;
            if let Some(change) = newest.get(&key) {
                met += 1;
                let agrees = (change.to, change.seq) == (head.version, head.seq)
                    && (change.kind == ChangeKind::Deleted) == head.is_tombstone();
                broken.expect(agrees, "I6", || {
                    format!("the head of `{scheme}/{key}` is {head:?}, its change {change:?}")
                });
            }
            let has_body = store.body(scheme, &key, head.version)?.is_some();
            broken.expect(has_body != head.is_tombstone(), "I6", || {
                format!("`{scheme}/{key}` version {}: body {has_body}", head.version)
            });
        }
    }
    broken.expect(met == newest.len(), "I6", || {
        format!("of {} documents in the log of `{scheme}`, {met} have a head", newest.len())
    });
    let counted = store.document_count(scheme)?;
    broken.expect(counted == (live, gone), "I8", || {
        format!("`{scheme}` counts {counted:?} documents, there are {:?}", (live, gone))
    });
    Ok(latest)
}
