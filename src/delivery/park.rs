//! Documents that lack what they look up: parked with where the mirrors stood, and tried again when one of them has
//! what they lack (rules.md 16).

use std::collections::BTreeMap;

use serde_json::Value;

use crate::clock::print_duration;
use crate::crash;
use crate::delivery::compose::{Composed, Stop, compose};
use crate::delivery::mirrors::Mirrors;
use crate::delivery::ready::LOOK_AGAIN;
use crate::delivery::settle::set;
use crate::delivery::target::CallPlan;
use crate::delivery::worker::{Worker, write_of};
use crate::name::Key;
use crate::reason::{Code, Reason, State};
use crate::receipt::Receipt;
use crate::scalar::index_text;
use crate::store::{Delivery, DeliveryWrite, Mark, Step, StoreError, pages};

impl Worker {
    /// Maps a document with the look-ups of now; for the receipts see [`compose`].
    pub(super) fn compose(
        &self,
        call: &CallPlan,
        document: Option<&Value>,
        told: Option<&Receipt>,
        receipt: Option<&Receipt>,
    ) -> Result<Result<Composed, Stop>, StoreError> {
        let mirrors = Mirrors::new(&*self.store, (self.plan.lookups)());
        let composed = compose(&self.plan, call, document, told, receipt, &mirrors);
        mirrors.into_error().map_or(Ok(composed), Err)
    }

    /// A document that can't be composed: rejected, or waiting no longer than its look-ups say.
    pub(super) fn stopped(&self, key: &Key, mut row: Delivery, stop: Stop) -> DeliveryWrite {
        let now = self.now();
        let Stop { mut state, mut reason, lack } = stop;
        let Some(lack) = lack else {
            set(&mut row, state, reason, None, now);
            return write_of(key, row, None);
        };
        let before = row.reason.as_ref().filter(|_| row.state == State::Waiting).map(|reason| reason.code);
        // What waited for something else begins to wait for this.
        let since = if before == Some(reason.code) { row.since } else { now };
        let mut due = (state == State::Waiting && lack.in_tables).then(|| now.plus(LOOK_AGAIN));
        if let Some(limit) = lack.at_most {
            let deadline = since.plus(limit);
            if deadline <= now {
                state = State::Rejected;
                let why = format!("{}; it waited {}", lack.why, print_duration(limit));
                let missing = std::mem::take(&mut reason.missing);
                reason = Reason { missing, ..Reason::new(Code::Mapping, [("path", lack.path), ("why", why)]) };
                due = None;
            } else {
                due = Some(due.map_or(deadline, |due| due.min(deadline)));
            }
        }
        set(&mut row, state, reason, due, now);
        if state == State::Waiting {
            row.since = since;
        }
        row.parked = lack.parked;
        write_of(key, row, None)
    }

    /// Makes parked documents due whose mirrors have come further and may have what they lack. Walks them only where
    /// a mirror moved since the last look.
    pub(super) async fn wake(&self) -> Result<(), StoreError> {
        let mut marks = BTreeMap::new();
        for mirror in &self.mirrors {
            marks.insert(mirror.clone(), self.store.mark(mirror)?);
        }
        if self.seen_marks().as_ref() == Some(&marks) {
            return Ok(());
        }
        for state in [State::Waiting, State::Rejected] {
            for page in pages(&*self.store, &self.plan.scheme, &self.plan.name, state) {
                let parked = page?.into_iter().filter(|(_, row)| !row.parked.is_empty());
                let keys: Vec<Key> = parked.map(|(key, _)| key).collect();
                let mut woken = false;
                self.update(Step::Plan, &keys, |key, row| {
                    let write = self.woken(key, row, &marks)?;
                    woken |= write.is_some();
                    Ok(write)
                })
                .await?;
                if woken {
                    crash::point("lookup.woken");
                }
            }
        }
        *self.seen_marks() = Some(marks);
        Ok(())
    }

    fn woken(
        &self,
        key: &Key,
        mut row: Delivery,
        marks: &BTreeMap<String, Mark>,
    ) -> Result<Option<DeliveryWrite>, StoreError> {
        let now = self.now();
        if row.due.is_some_and(|due| due <= now) {
            return Ok(None);
        }
        for (mirror, before) in &row.parked {
            // One that is not looked up in any more: whatever the document lacks now is found out.
            let moved = marks.get(mirror).is_none_or(|mark| before.is_passed_by(*mark));
            if moved && self.may_have(mirror, row.reason.as_ref())? {
                row.parked.clear();
                row.due = Some(now);
                return Ok(Some(write_of(key, row, None)));
            }
        }
        Ok(None)
    }

    /// Whether a mirror has one of the codes that a document lacked in it; also where no code is known.
    fn may_have(&self, mirror: &str, reason: Option<&Reason>) -> Result<bool, StoreError> {
        let lacked = reason.map(|reason| &reason.missing).into_iter().flatten().filter(|code| code.lookup == mirror);
        let mut known = false;
        for code in lacked {
            known = true;
            let mut all = true;
            for (path, text) in &code.codes {
                let found = match index_text(text) {
                    Some(text) => self.store.lookup(mirror, path, &text, 1)?.is_none_or(|keys| !keys.is_empty()),
                    None => false,
                };
                all &= found;
            }
            if all {
                return Ok(true);
            }
        }
        Ok(!known)
    }
}
