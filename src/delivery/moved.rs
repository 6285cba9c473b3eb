//! What belongs to an account (rule 3): documents of a target that is another one now begin anew, and the id of a
//! receipt must still carry our number.

use crate::connector::{Finding, Probe};
use crate::delivery::ready::Item;
use crate::delivery::settle::{self, set};
use crate::delivery::target::CallPlan;
use crate::delivery::worker::{AT_ONCE, Worker, write_of};
use crate::name::Key;
use crate::reason::State;
use crate::store::{Base, Delivery, DeliveryWrite, Step, StoreError, TargetAnswer};

impl Worker {
    /// Lets every document begin anew as an answer says, for what is known of them belongs to another account: it is
    /// found by its number before anything is sent (rule 7). Done again from its beginning if it was cut off.
    pub async fn begin_anew(&self, answer: &TargetAnswer) -> Result<u64, StoreError> {
        let (mut after, mut documents) = (None, 0);
        loop {
            let rows = self.store.deliveries(&self.plan.scheme, &self.plan.name, None, after.as_ref(), AT_ONCE)?;
            let keys: Vec<Key> = rows.into_iter().map(|(key, _)| key).collect();
            let Some(last) = keys.last().cloned() else { return Ok(documents) };
            documents += keys.len() as u64;
            self.update(Step::Operate, &keys, |key, row| self.anew(key, row, answer).map(Some)).await?;
            crate::crash::point("delivery.begun_anew");
            after = Some(last);
        }
    }

    fn anew(&self, key: &Key, mut row: Delivery, answer: &TargetAnswer) -> Result<DeliveryWrite, StoreError> {
        let now = self.now();
        let attempt = match row.attempt.take() {
            Some(n) => self.attempt(key, n)?.map(|mut attempt| {
                attempt.answered = Some(now);
                attempt.decision = Some("left as it is: the target is another account now".to_owned());
                attempt
            }),
            None => None,
        };
        (row.base, row.receipt, row.absent_since, row.unsure) = (None, None, None, None);
        (row.tries, row.replay) = (0, false);
        row.probe_first = true;
        let decider = self.decider(answer);
        let newest = match decider.document(key, row.newest) {
            Err(StoreError::Damaged { .. }) => None,
            read => read?,
        };
        if newest.is_some() && decider.is_baseline(newest.as_ref()) {
            row.version = row.newest;
            row.base = Some(Base { version: row.version, told: true, call: None, payload_hash: None, attempt: None });
            set(&mut row, State::Skipped, decider.baseline_reason(), None, now);
        } else {
            // Only the newest version is decided: what was told of the others counts no more.
            row.version = row.newest.saturating_sub(1);
            settle::due_again(&mut row, now);
        }
        let release = row.identity.take();
        Ok(DeliveryWrite { release, ..write_of(key, row, attempt) })
    }

    /// Leaves out updates by an id that carries our number no more: where one question asks about many documents, it
    /// is asked before each batch.
    pub(super) async fn still_ours(&self, call: &CallPlan, items: Vec<Item>) -> Result<Vec<Item>, StoreError> {
        let asked = |item: &Item| {
            let outgoing = &item.composed.outgoing;
            outgoing.target_id.is_some() && outgoing.number.is_some() && item.row.state != State::InDoubt
        };
        let main = self.plan.main().filter(|main| main.call.asks_many && main.call.probes);
        let Some(main) = main else { return Ok(items) };
        if self.plan.back.is_some() || !items.iter().any(asked) {
            return Ok(items);
        }
        let probes: Vec<Probe> = items.iter().filter(|item| asked(item)).map(probe).collect();
        let keys: Vec<Key> = items.iter().filter(|item| asked(item)).map(|item| item.key.clone()).collect();
        let mut findings = self.ask(&main.spec, &keys, &probes).await?.into_iter();
        let (mut ours, mut writes) = (Vec::with_capacity(items.len()), Vec::new());
        for mut item in items {
            if !asked(&item) {
                ours.push(item);
                continue;
            }
            let number = item.composed.outgoing.number.clone().unwrap_or_default();
            let why = match findings.next() {
                Some(Err(fault)) => {
                    writes.push(self.look_later(&item.key, item.row, &fault));
                    continue;
                }
                Some(Ok(Finding::Foreign { why, .. })) => why,
                // What deletes or moves on may find it gone.
                Some(Ok(Finding::Absent)) if call.call.mapped => {
                    "the document was delivered, but the target shows it no more".to_owned()
                }
                // As many findings as questions.
                Some(Ok(_)) | None => {
                    ours.push(item);
                    continue;
                }
            };
            settle::conflict(&mut item.row, &number, &why, self.now());
            writes.push(write_of(&item.key, item.row, None));
        }
        self.write(Step::Settle, writes).await?;
        Ok(ours)
    }
}

fn probe(item: &Item) -> Probe {
    let outgoing = &item.composed.outgoing;
    Probe { number: outgoing.number.clone(), target_id: outgoing.target_id.clone(), ..Probe::default() }
}
