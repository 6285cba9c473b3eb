//! Deliveries of one target become durable, with the write-backs they make due: each write checked against what the
//! store holds, then all written.

use std::collections::BTreeMap;

use super::key::{KeyBytes, KeyReader};
use super::rows::{ON, STOP};
use super::tables::{Owner, SchemeRow, code, of_delivery, of_scheme, of_target};
use super::transaction::Tables;
use super::value::{from_json, to_count, to_json};
use crate::clock::Time;
use crate::name::Key;
use crate::reason::State;
use crate::store::{Attempt, Delivery, DeliveryCommit, DeliveryWrite, Queued, StoreError, TargetState, WriteResult};

/// What a commit will write.
pub(super) struct DeliveryPlan<'c> {
    scheme: &'c str,
    target: &'c str,
    /// Rows by their key: as they were and as they will be.
    rows: BTreeMap<KeyBytes, Moved<'c>>,
    attempts: Vec<(KeyBytes, &'c Attempt)>,
    /// Owners as they will be; none: free.
    identities: BTreeMap<&'c str, Option<Owner>>,
    /// By target.
    counts: BTreeMap<(&'c str, State), u64>,
    /// The target's state where its position moves.
    state: Option<TargetState>,
    known_scheme: bool,
    results: Vec<WriteResult>,
}

struct Moved<'c> {
    target: &'c str,
    key: &'c Key,
    before: Option<Delivery>,
    after: Delivery,
}

/// Looks at what the store holds and decides. A conflict is an error; a write that can't be is only left out.
pub(super) fn plan<'c>(tables: &Tables<'_>, commit: &'c DeliveryCommit) -> Result<DeliveryPlan<'c>, StoreError> {
    let DeliveryCommit { scheme, target, step: _, position, writes } = commit;
    let mut plan = DeliveryPlan {
        state: None,
        known_scheme: tables.schemes.get(&of_scheme(scheme), from_json::<SchemeRow>)?.is_some(),
        rows: BTreeMap::new(),
        attempts: Vec::new(),
        identities: BTreeMap::new(),
        counts: BTreeMap::new(),
        results: Vec::with_capacity(writes.len()),
        scheme,
        target,
    };
    let moved = position.map(|step| plan.check_position(tables, step)).transpose()?;
    for write in writes {
        let result = plan.check(tables, write)?;
        plan.results.push(result);
    }
    for (write, result) in writes.iter().zip(&plan.results.clone()) {
        if let (Some(queued), WriteResult::Written(_)) = (&write.queue, result) {
            plan.queue(tables, &write.key, queued)?;
        }
    }
    // A decision that was left out has to be made again, so the position must not pass its change.
    plan.state = moved.filter(|_| plan.results.iter().all(|result| matches!(result, WriteResult::Written(_))));
    plan.count(tables)?;
    Ok(plan)
}

impl<'c> DeliveryPlan<'c> {
    fn check_position(&self, tables: &Tables<'_>, (from, to): (u64, u64)) -> Result<TargetState, StoreError> {
        let stored = tables.targets.get(&of_target(self.scheme, self.target), from_json::<TargetState>)?;
        let state = stored.unwrap_or_default();
        if state.position != from {
            return Err(StoreError::Conflict(format!(
                "position of target `{}` of `{}` is {}, the step begins at {from}",
                self.target, self.scheme, state.position
            )));
        }
        Ok(TargetState { position: to, ..state })
    }

    fn check(&mut self, tables: &Tables<'_>, write: &'c DeliveryWrite) -> Result<WriteResult, StoreError> {
        let DeliveryWrite { key, expect, row, attempt, claim, release, queue: _ } = write;
        let place = of_delivery(self.scheme, self.target, key);
        let before = self.row(tables, &place)?;
        if before.as_ref().map_or(0, |row| row.rev) != *expect {
            return Ok(WriteResult::Changed);
        }
        for (mirror, mark) in &row.parked {
            if mark.is_passed_by(super::index::mark_now(tables, mirror)?) {
                return Ok(WriteResult::Changed);
            }
        }
        let ours = Owner { scheme: self.scheme.to_owned(), target: self.target.to_owned(), key: key.clone() };
        if let Some(identity) = claim
            && let Some(owner) = self.owner(tables, identity)?
            && owner != ours
        {
            return Ok(WriteResult::Owned(owner.scheme, owner.target, owner.key));
        }
        if let Some(identity) = release
            && self.owner(tables, identity)?.as_ref() == Some(&ours)
        {
            self.identities.insert(identity, None);
        }
        if let Some(identity) = claim {
            self.identities.insert(identity, Some(ours));
        }
        if let Some(attempt) = attempt {
            self.attempts.push((place.clone().u32(attempt.n), attempt));
        }
        let rev = expect.saturating_add(1);
        let after = Delivery { rev, ..row.clone() };
        self.put(place, Moved { target: self.target, key, before, after });
        Ok(WriteResult::Written(rev))
    }

    /// The row as this commit has left it so far.
    fn row(&self, tables: &Tables<'_>, place: &KeyBytes) -> Result<Option<Delivery>, StoreError> {
        match self.rows.get(place) {
            Some(moved) => Ok(Some(moved.after.clone())),
            None => tables.deliveries.get(place, from_json::<Delivery>),
        }
    }

    fn put(&mut self, place: KeyBytes, moved: Moved<'c>) {
        match self.rows.get_mut(&place) {
            Some(known) => known.after = moved.after,
            None => {
                self.rows.insert(place, moved);
            }
        }
    }

    /// Makes the document's delivery to another target due.
    fn queue(&mut self, tables: &Tables<'_>, key: &'c Key, queued: &'c Queued) -> Result<(), StoreError> {
        let place = of_delivery(self.scheme, &queued.target, key);
        let before = self.row(tables, &place)?;
        let after = queued.onto(before.clone());
        self.put(place, Moved { target: &queued.target, key, before, after });
        Ok(())
    }

    fn owner(&self, tables: &Tables<'_>, identity: &str) -> Result<Option<Owner>, StoreError> {
        match self.identities.get(identity) {
            Some(owner) => Ok(owner.clone()),
            None => tables.identities.get(&KeyBytes::new().text(identity), from_json),
        }
    }

    /// How many rows of each state there will be.
    fn count(&mut self, tables: &Tables<'_>) -> Result<(), StoreError> {
        let mut changes: BTreeMap<(&str, State), i64> = BTreeMap::new();
        for moved in self.rows.values() {
            if let Some(before) = &moved.before {
                *changes.entry((moved.target, before.state)).or_default() -= 1;
            }
            *changes.entry((moved.target, moved.after.state)).or_default() += 1;
        }
        for ((target, state), by) in changes.into_iter().filter(|(_, by)| *by != 0) {
            let place = of_target(self.scheme, target).u8(code(state));
            let count = tables.counts.get(&place, to_count)?.unwrap_or(0);
            self.counts.insert((target, state), count.saturating_add_signed(by));
        }
        Ok(())
    }

    /// Writes what was planned.
    pub(super) fn write(self, tables: &mut Tables<'_>) -> Result<Vec<WriteResult>, StoreError> {
        for (at, Moved { target, key, before, after }) in &self.rows {
            tables.deliveries.put(at, &to_json(after))?;
            index(tables, &of_target(self.scheme, target), key, before.as_ref(), Some(after))?;
        }
        for (at, attempt) in &self.attempts {
            tables.attempts.put(at, &to_json(*attempt))?;
        }
        for (identity, owner) in &self.identities {
            let at = KeyBytes::new().text(identity);
            match owner {
                Some(owner) => tables.identities.put(&at, &to_json(owner))?,
                None => tables.identities.remove(&at)?,
            }
        }
        for ((target, state), count) in &self.counts {
            put_count(tables, &of_target(self.scheme, target), *state, *count)?;
        }
        if let Some(state) = &self.state {
            tables.targets.put(&of_target(self.scheme, self.target), &to_json(state))?;
        }
        if !self.known_scheme {
            tables.schemes.put(&of_scheme(self.scheme), &to_json(&SchemeRow::default()))?;
        }
        Ok(self.results)
    }
}

/// Deliveries whose due time is to be cut.
pub(super) struct CutPlan {
    place: KeyBytes,
    rows: Vec<(Key, Delivery, Delivery)>,
}

/// The deliveries due later than a time, the latest first.
pub(super) fn plan_cut(
    tables: &Tables<'_>,
    scheme: &str,
    target: &str,
    latest: Time,
    limit: usize,
) -> Result<CutPlan, StoreError> {
    let place = of_target(scheme, target);
    let mut keys = Vec::new();
    if limit > 0 {
        tables.queue.scan_back(&place, &place.behind(), |at, _| {
            let (due, key) = queued(at).ok_or_else(|| tables.queue.damaged(at))?;
            if due <= latest {
                return STOP;
            }
            keys.push(key);
            if keys.len() == limit { STOP } else { ON }
        })?;
    }
    let mut rows = Vec::with_capacity(keys.len());
    for key in keys {
        let at = of_delivery(scheme, target, &key);
        let before: Option<Delivery> = tables.deliveries.get(&at, from_json)?;
        let before = before.ok_or_else(|| tables.deliveries.damaged(at.as_slice()))?;
        let after = Delivery { rev: before.rev.saturating_add(1), due: Some(latest), ..before.clone() };
        rows.push((key, before, after));
    }
    Ok(CutPlan { place, rows })
}

impl CutPlan {
    /// Writes what was planned; how many rows that were.
    pub(super) fn write(self, tables: &mut Tables<'_>) -> Result<usize, StoreError> {
        for (key, before, after) in &self.rows {
            tables.deliveries.put(&self.place.clone().text(key.as_str()), &to_json(after))?;
            index(tables, &self.place, key, Some(before), Some(after))?;
        }
        Ok(self.rows.len())
    }
}

/// The due time and the document of a key of the queue.
pub(super) fn queued(key: &[u8]) -> Option<(Time, Key)> {
    let mut reader = KeyReader::new(key);
    let (_, _, at, document) = (reader.text()?, reader.text()?, reader.time()?, reader.text()?);
    Some((at, Key::from_text(document)))
}

/// Moves a delivery's entries in the queue and in the index of states. `place` is its target's prefix.
pub(super) fn index(
    tables: &mut Tables<'_>,
    place: &KeyBytes,
    key: &Key,
    before: Option<&Delivery>,
    after: Option<&Delivery>,
) -> Result<(), StoreError> {
    let due = |row: Option<&Delivery>| Some(place.clone().time(row?.due?).text(key.as_str()));
    let state = |row: Option<&Delivery>| Some(place.clone().u8(code(row?.state)).text(key.as_str()));
    for (rows, old, new) in
        [(&mut tables.queue, due(before), due(after)), (&mut tables.states, state(before), state(after))]
    {
        if old == new {
            continue;
        }
        if let Some(old) = old {
            rows.remove(&old)?;
        }
        if let Some(new) = new {
            rows.put(&new, &[])?;
        }
    }
    Ok(())
}

/// Stores how many deliveries of a target are in a state.
pub(super) fn put_count(tables: &mut Tables<'_>, place: &KeyBytes, state: State, count: u64) -> Result<(), StoreError> {
    let at = place.clone().u8(code(state));
    if count == 0 { tables.counts.remove(&at) } else { tables.counts.put(&at, &count.to_le_bytes()) }
}
