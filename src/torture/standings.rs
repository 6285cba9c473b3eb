//! What delivery leaves: open attempts (I1, I2), their bytes (I3), what settles them (I4), order (I5), and that no
//! document is missing (I8).

use std::collections::{BTreeMap, HashMap};

use crate::clock::Time;
use crate::name::Key;
use crate::reason::State;
use crate::store::{Attempt, Delivery, Store, StoreError};
use crate::torture::invariants::{AT_ONCE, Broken};

/// Walks the deliveries of a target.
pub(super) fn each(
    store: &dyn Store,
    scheme: &str,
    target: &str,
    mut look: impl FnMut(&Key, &Delivery) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut after = None;
    loop {
        let page = store.deliveries(scheme, target, None, after.as_ref(), AT_ONCE)?;
        let Some((last, _)) = page.last() else { return Ok(()) };
        after = Some(last.clone());
        for (key, row) in &page {
            look(key, row)?;
        }
    }
}

/// Checks a target.
pub(super) fn check(store: &dyn Store, scheme: &str, target: &str, broken: &mut Broken) -> Result<(), StoreError> {
    let mut counts: BTreeMap<State, u64> = BTreeMap::new();
    let mut due: Vec<(Time, Key)> = Vec::new();
    let mut newest: HashMap<Key, u64> = HashMap::new();
    let mut keys: HashMap<String, (Key, u64, String)> = HashMap::new();
    each(store, scheme, target, |key, row| {
        *counts.entry(row.state).or_default() += 1;
        due.extend(row.due.map(|due| (due, key.clone())));
        newest.insert(key.clone(), row.newest);
        let attempts = store.attempts(scheme, target, key)?;
        let name = format!("{scheme}/{target}/{key}");
        open(&name, row, &attempts, broken);
        settled(&name, row, &attempts, broken);
        for attempt in &attempts {
            let told = (key.clone(), attempt.version, attempt.payload_hash.clone());
            let before = keys.entry(attempt.change_key.clone()).or_insert_with(|| told.clone());
            broken.expect(*before == told, "I3", || format!("{name}: {told:?} and {before:?} have one change key"));
        }
        if let Some(identity) = row.identity.as_ref().filter(|_| row.receipt.is_some()) {
            let owner = store.owner(identity)?;
            let own = (scheme.to_owned(), target.to_owned(), key.clone());
            broken.expect(owner.as_ref() == Some(&own), "I1", || format!("{name}: `{identity}` belongs to {owner:?}"));
        }
        Ok(())
    })?;
    let counted: BTreeMap<State, u64> =
        store.counts(scheme, target)?.into_iter().filter(|(_, count)| *count > 0).collect();
    broken.expect(counted == counts, "I8", || format!("{scheme}/{target} counts {counted:?}, there are {counts:?}"));
    due.sort();
    let mut queued = store.due(scheme, target, Time(i64::MAX), usize::MAX)?;
    queued.sort();
    broken.expect(queued == due, "I8", || {
        format!("{scheme}/{target}: {} documents are queued, {} are due", queued.len(), due.len())
    });
    planned(store, (scheme, target), &newest, broken)
}

/// At most one attempt is open, and it is stored whole.
fn open(name: &str, row: &Delivery, attempts: &[Attempt], broken: &mut Broken) {
    for attempt in attempts.iter().filter(|attempt| attempt.outcome.is_none()) {
        let is_open = row.attempt == Some(attempt.n) && row.state == State::InFlight;
        broken.expect(is_open, "I1", || format!("{name}: attempt {} is open beside {row:?}", attempt.n));
    }
    let is_open = matches!(row.state, State::InFlight | State::InDoubt);
    broken.expect(row.attempt.is_none() || is_open, "I1", || format!("{name}: an attempt stays with {row:?}"));
    let own = row.attempt.and_then(|n| attempts.iter().find(|attempt| attempt.n == n));
    let is_stored = own.is_some_and(|own| !own.id.is_empty() && !own.payload.is_empty());
    broken.expect(is_stored || (row.attempt.is_none() && row.state != State::InFlight), "I2", || {
        format!("{name}: the attempt of {row:?} is not stored")
    });
}

/// What is settled was settled by its own attempt, and versions never go back.
fn settled(name: &str, row: &Delivery, attempts: &[Attempt], broken: &mut Broken) {
    let numbers: Vec<u32> = attempts.iter().map(|attempt| attempt.n).collect();
    let first = numbers.first().copied().unwrap_or(row.attempts + 1);
    broken.expect(numbers.iter().copied().eq(first..=row.attempts), "I4", || {
        format!("{name}: {} attempts were made, stored are {numbers:?}", row.attempts)
    });
    let versions: Vec<u64> = attempts.iter().map(|attempt| attempt.version).collect();
    broken.expect(versions.is_sorted(), "I5", || format!("{name}: versions were sent in the order {versions:?}"));
    let Some(base) = &row.base else {
        broken.expect(row.state != State::Delivered, "I5", || format!("{name}: delivered, and never told: {row:?}"));
        return;
    };
    broken.expect(base.version <= row.newest, "I5", || format!("{name}: told more than there is: {row:?}"));
    if let Some(n) = base.attempt {
        let own = attempts.iter().find(|attempt| attempt.n == n);
        // What was found there counts as told: nothing was sent.
        let is_told = |own: &Attempt| matches!(own.outcome.as_deref(), Some("accepted" | "adopted"));
        let matches = own.is_some_and(|own| own.version == base.version && is_told(own));
        broken.expect(matches, "I4", || format!("{name}: the base {base:?} was told by {own:?}"));
    }
    if row.state == State::Delivered {
        let is_newest = base.told && base.version == row.version && row.attempt.is_none();
        let is_decided = row.newest == row.version || row.due.is_some();
        broken.expect(is_newest && is_decided, "I5", || format!("{name}: delivered, but {row:?}"));
    }
}

/// Every change up to the target's position is in a row; write-backs have no position of their own.
fn planned(
    store: &dyn Store,
    (scheme, target): (&str, &str),
    newest: &HashMap<Key, u64>,
    broken: &mut Broken,
) -> Result<(), StoreError> {
    let position = store.target(scheme, target)?.map_or(0, |state| state.position);
    let last = store.last_seq(scheme)?;
    broken.expect(position <= last, "I8", || format!("{scheme}/{target} stands at {position} of {last} changes"));
    let mut after = 0;
    loop {
        let page = store.changes(scheme, after, AT_ONCE)?;
        let Some(end) = page.last().map(|change| change.seq) else { return Ok(()) };
        after = end;
        for change in page.into_iter().filter(|change| change.seq <= position) {
            let known = newest.get(&change.key).copied();
            broken.expect(known >= Some(change.to), "I8", || {
                format!("{scheme}/{target}/{}: version {} was passed, known is {known:?}", change.key, change.to)
            });
        }
    }
}
