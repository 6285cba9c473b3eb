//! Finding documents before a send: where the target may hold one already, or its line ids are not known (rule 7).

use crate::clock::Time;
use crate::connector::{Finding, Probe};
use crate::delivery::doubt::outgoing;
use crate::delivery::ready::Item;
use crate::delivery::settle::{self, Moment, set};
use crate::delivery::worker::{Worker, write_of};
use crate::name::Key;
use crate::reason::{Code, Reason, State};
use crate::scheme::BaselineMissing;
use crate::store::{Attempt, Delivery, DeliveryWrite, Step, StoreError};

impl Worker {
    /// Finds documents before their first send: what is there and may be ours is taken over, what is foreign is a
    /// conflict, what is absent is created, after a baseline only if the scheme says so (rule 7).
    pub(super) async fn find(&self, index: usize, items: Vec<Item>) -> Result<(), StoreError> {
        let Some(call) = self.plan.calls.get(index) else { return Ok(()) };
        let now = self.now();
        if !call.call.probes {
            let why = "whether it is there already can't be asked; `deliveries resolve` says so";
            let writes = items.into_iter().map(|Item { key, mut row, .. }| {
                settle::conflict(&mut row, key.as_str(), why, now);
                write_of(&key, row, None)
            });
            self.write(Step::Settle, writes.collect()).await?;
            return Ok(());
        }
        let mut probes = Vec::with_capacity(items.len());
        let mut lasts = Vec::with_capacity(items.len());
        for item in &items {
            let attempts = self.store.attempts(&self.plan.scheme, &self.plan.name, &item.key)?;
            probes.push(probe_before_send(item, &attempts));
            lasts.push(attempts.into_iter().next_back());
        }
        let keys: Vec<Key> = items.iter().map(|item| item.key.clone()).collect();
        let findings = self.ask(call, &keys, &probes).await?;
        let moment = self.moment(Some(call), self.plan.batch);
        // A row that somebody wrote meanwhile is left alone: it comes back with the next look.
        let (mut writes, mut absent) = (Vec::new(), Vec::new());
        for ((mut item, last), finding) in items.into_iter().zip(lasts).zip(findings) {
            match finding {
                None => writes.push(self.look_later(&item.key, item.row)),
                Some(Finding::Absent) if !self.stays_absent(&item.key, last.as_ref(), moment) => {
                    item.row.due = Some(now.plus(moment.settle));
                    writes.push(write_of(&item.key, item.row, None));
                }
                Some(Finding::Absent) => match self.absent_first(&mut item, now) {
                    Absence::Create => absent.push(item),
                    Absence::Settled => writes.push(write_of(&item.key, item.row, None)),
                },
                Some(finding) => writes.push(found_first(item, finding, now)),
            }
        }
        self.write(Step::Settle, writes).await?;
        self.send(index, absent).await
    }

    /// Whether «not there» counts before a send: an attempt given up while in doubt may still take effect (rule 6).
    fn stays_absent(&self, key: &Key, last: Option<&Attempt>, at: Moment<'_>) -> bool {
        let open = |attempt: &&Attempt| matches!(attempt.outcome.as_deref(), None | Some("unknown" | "exists"));
        last.filter(open).is_none_or(|attempt| self.is_second(key, attempt, true, at))
    }

    fn absent_first(&self, item: &mut Item, now: Time) -> Absence {
        let Item { row, composed, to_send, .. } = item;
        let number = composed.outgoing.number.as_deref().unwrap_or_default();
        if row.receipt.as_ref().is_some_and(|receipt| receipt.id.is_some()) {
            settle::conflict(row, number, "the document was delivered, but the target shows it no more", now);
        } else if !*to_send || (is_baselined(row) && self.plan.baseline_missing == BaselineMissing::Skip) {
            let call = self.plan.main().map_or("", |call| &call.spec.call).to_owned();
            set(row, State::Skipped, Reason::new(Code::NeverSent, [("call", call)]), None, now);
        } else {
            return Absence::Create;
        }
        Absence::Settled
    }
}

/// What follows when nothing is found before a send.
enum Absence {
    Create,
    Settled,
}

/// The row of a document that was found before its send.
fn found_first(item: Item, finding: Finding, now: Time) -> DeliveryWrite {
    let Item { key, mut row, version, composed, to_send } = item;
    let number = composed.outgoing.number.as_deref().unwrap_or_default();
    match finding {
        Finding::Absent => {}
        Finding::Foreign { why, .. } if !is_baselined(&row) => settle::conflict(&mut row, number, &why, now),
        Finding::Effective { receipt, .. }
        | Finding::NotEffective { receipt }
        | Finding::Mixed { receipt, .. }
        | Finding::Foreign { receipt, .. } => {
            if !to_send && receipt.id.is_none() {
                settle::conflict(&mut row, number, "the target shows the document, but no id of it", now);
            } else {
                row.receipt = Some(settle::merged(row.receipt.take(), receipt));
                row.probe_first = false;
                set(
                    &mut row,
                    State::Pending,
                    Reason::new(Code::Due, [("version", version.to_string())]),
                    Some(now),
                    now,
                );
            }
        }
    }
    write_of(&key, row, None)
}

/// Known at go-live, or taken as delivered by a person's word: what stands under its number is ours (rule 7).
fn is_baselined(row: &Delivery) -> bool {
    row.base.as_ref().is_some_and(|base| base.told && base.call.is_none())
}

/// The question before a send. Line ids are matched by what was told or attempted last and, for a document known
/// at go-live, by what is to be sent; what was never sent can't be ours.
fn probe_before_send(item: &Item, attempts: &[Attempt]) -> Probe {
    let told = item.row.base.as_ref().and_then(|base| base.attempt);
    let told = told.and_then(|n| attempts.iter().find(|attempt| attempt.n == n));
    let attempted = match told.or(attempts.last()) {
        Some(attempt) => Some(outgoing(attempt)),
        None => is_baselined(&item.row).then(|| item.composed.outgoing.clone()),
    };
    Probe {
        number: item.composed.outgoing.number.clone(),
        target_id: item.composed.outgoing.target_id.clone(),
        attempted,
        told: None,
        first_attempt: attempts.first().map(|first| first.at),
    }
}
