//! Finding documents before a send: where the target may hold one already, or its line ids are not known (rule 7).

use crate::clock::Time;
use crate::connector::{Finding, Look, Probe};
use crate::delivery::doubt::{first_attempt, may_stand, outgoing};
use crate::delivery::ready::Item;
use crate::delivery::settle::{self, Moment, set};
use crate::delivery::worker::{Worker, write_of};
use crate::name::Key;
use crate::reason::{Code, Reason, State};
use crate::scheme::BaselineMissing;
use crate::store::{Attempt, Delivery, DeliveryWrite, Step, StoreError, WriteResult};

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
            let mut attempts = self.attempts_of(&item.key, &item.row)?;
            // Steps tell nothing of the content.
            attempts.retain(|attempt| !attempt.step);
            // A system that only got another name may still carry out what it was sent under the old one.
            lasts.push(attempts.last().cloned());
            attempts.retain(|attempt| attempt.account == self.plan.account && may_stand(attempt));
            probes.push(probe_before_send(item, &attempts));
        }
        let keys: Vec<Key> = items.iter().map(|item| item.key.clone()).collect();
        let findings = self.ask(&call.spec, &keys, &probes).await?;
        self.note_found(call, findings.iter().flatten()).await?;
        let sees_absence = self.sees_absence(call)?;
        let moment = self.moment(Some(call), self.plan.batch);
        // A row that somebody wrote meanwhile is left alone: it comes back with the next look.
        let (mut writes, mut absent) = (Vec::new(), Vec::new());
        for ((mut item, last), finding) in items.into_iter().zip(lasts).zip(findings) {
            match finding {
                Err(fault) => writes.push(self.look_later(&item.key, item.row, &fault)),
                Ok(Finding::Absent) if item.row.state == State::InDoubt => {
                    writes.push(self.compared(call, item, Finding::Absent));
                }
                Ok(Finding::Absent) if !self.stays_absent(&item, last.as_ref(), sees_absence, moment) => {
                    item.row.due = Some(now.plus(moment.settle));
                    writes.push(write_of(&item.key, item.row, None));
                }
                Ok(Finding::Absent) => match self.absent_first(&mut item, now) {
                    Absence::Create => absent.push(item),
                    Absence::Settled => writes.push(write_of(&item.key, item.row, None)),
                },
                Ok(finding) => writes.push(match item.look {
                    Look::Outcome => found_first(item, finding, now),
                    Look::Content => self.compared(call, item, finding),
                    Look::Anyones => self.adopted(call, item, finding),
                }),
            }
        }
        self.write_found(writes).await?;
        self.send(index, absent).await
    }

    /// Writes what was found; a document whose number another owns waits or is a conflict (rule 11).
    async fn write_found(&self, writes: Vec<DeliveryWrite>) -> Result<(), StoreError> {
        let claims: Vec<(Key, Option<String>)> = writes.iter().map(|w| (w.key.clone(), w.claim.clone())).collect();
        for ((key, claim), result) in claims.into_iter().zip(self.write(Step::Settle, writes).await?) {
            match result {
                WriteResult::Owned(scheme, target, owner) => {
                    self.owned(&key, claim.as_deref().unwrap_or_default(), (&scheme, &target, &owner)).await?;
                }
                WriteResult::Written(_) => self.count_delivered(u64::from(claim.is_some())),
                WriteResult::Changed => {}
            }
        }
        Ok(())
    }

    /// Whether «not there» counts before a send. An attempt given up while in doubt may still take effect (rule 6),
    /// and so may one that a restored database does not know, which besides must have been seen if it was there
    /// (rules 4 and 8).
    fn stays_absent(&self, item: &Item, last: Option<&Attempt>, sees_absence: bool, at: Moment<'_>) -> bool {
        let open = |attempt: &&Attempt| matches!(attempt.outcome.as_deref(), None | Some("unknown" | "exists"));
        let Item { key, row, look, .. } = item;
        match last.filter(open) {
            Some(attempt) => self.is_second(key, attempt.n, true, at),
            None if *look == Look::Content => sees_absence && self.is_second(key, row.attempts, true, at),
            None => true,
        }
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
            row.unsure = None;
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
pub(super) fn found_first(item: Item, finding: Finding, now: Time) -> DeliveryWrite {
    let Item { key, mut row, version, composed, to_send, .. } = item;
    row.unsure = None;
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
                set(&mut row, State::Pending, settle::due(version), Some(now), now);
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
    let attempted = match told.or(attempts.last()).filter(|_| item.look == Look::Outcome) {
        Some(attempt) => Some(outgoing(attempt)),
        None => (item.look != Look::Outcome || is_baselined(&item.row)).then(|| item.composed.outgoing.clone()),
    };
    Probe {
        number: item.composed.outgoing.number.clone(),
        target_id: item.composed.outgoing.target_id.clone(),
        attempted,
        told: None,
        first_attempt: first_attempt(attempts).or(item.row.unsure),
        look: item.look,
    }
}
