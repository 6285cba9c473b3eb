//! Settling what is in doubt by the target's rule, and finding documents before their first send (rules 6, 7, 14).

use crate::clock::Time;
use crate::connector::{Finding, Outgoing, Probe};
use crate::delivery::compose::Composed;
use crate::delivery::send::Item;
use crate::delivery::settle::{self, Moment, set};
use crate::delivery::worker::{Worker, write_of};
use crate::name::Key;
use crate::reason::{Code, Reason, State};
use crate::receipt::Receipt;
use crate::scheme::{BaselineMissing, InDoubt};
use crate::store::{Attempt, Delivery, DeliveryWrite, Step, StoreError};

impl Worker {
    /// Settles open attempts whose outcome is not known.
    pub(super) async fn settle_doubts(
        &self,
        index: usize,
        doubts: Vec<(Key, Delivery, Attempt)>,
    ) -> Result<(), StoreError> {
        let Some(call) = self.plan.calls.get(index) else { return Ok(()) };
        match self.plan.in_doubt {
            InDoubt::Probe if call.call.probes => self.probe_doubts(index, doubts).await,
            InDoubt::Probe | InDoubt::Hold => {
                // A person decides: no longer due.
                let keys: Vec<Key> = doubts.into_iter().map(|(key, _, _)| key).collect();
                self.update(Step::Settle, &keys, |key, mut row| {
                    row.due = None;
                    Ok((row.state == State::InDoubt).then(|| write_of(key, row, None)))
                })
                .await
            }
            InDoubt::Resend { .. } => {
                let items = doubts.into_iter().map(|(key, row, attempt)| resend(key, row, attempt)).collect();
                self.send(index, items).await
            }
        }
    }

    async fn probe_doubts(&self, index: usize, doubts: Vec<(Key, Delivery, Attempt)>) -> Result<(), StoreError> {
        let Some(call) = self.plan.calls.get(index) else { return Ok(()) };
        let mut probes = Vec::with_capacity(doubts.len());
        for (key, row, attempt) in &doubts {
            probes.push(self.probe_of(key, row, attempt)?);
        }
        let keys: Vec<Key> = doubts.iter().map(|(key, _, _)| key.clone()).collect();
        let findings = match self.ask(index, &probes).await {
            Ok(findings) => findings,
            Err(()) => return self.look_later(&keys).await,
        };
        let moment = self.moment(Some(call), doubts.len());
        let deletes = call.call.deletes;
        let mut effective = 0;
        for ((key, _, attempt), finding) in doubts.into_iter().zip(findings) {
            effective += u64::from(matches!(finding, Finding::Effective { .. }));
            self.update(Step::Settle, std::slice::from_ref(&key), |key, row| {
                Ok(self.found(key, row, attempt.clone(), &finding, deletes, moment))
            })
            .await?;
        }
        self.count_delivered(effective);
        Ok(())
    }

    /// What a finding makes of an open attempt.
    fn found(
        &self,
        key: &Key,
        mut row: Delivery,
        mut attempt: Attempt,
        finding: &Finding,
        deletes: bool,
        at: Moment<'_>,
    ) -> Option<DeliveryWrite> {
        if row.state != State::InDoubt || row.attempt != Some(attempt.n) {
            return None;
        }
        let number = attempt.number.clone().unwrap_or_default();
        let mut release = None;
        match finding {
            Finding::Effective { receipt, warnings } => {
                let complete = is_complete(receipt, &attempt);
                attempt.decision = Some(match warnings.as_slice() {
                    [] => "found at the target as sent".to_owned(),
                    some => {
                        format!("found at the target; differs where this attempt changed nothing: {}", some.join(", "))
                    }
                });
                settle::accepted(&mut row, &mut attempt, receipt.clone(), complete, deletes, at);
                release = row.identity.clone().filter(|_| deletes);
            }
            Finding::Absent if attempt.outcome.as_deref() == Some("exists") => {
                let why = "the target says the number is taken, but shows no such document";
                settle::conflict(&mut row, &number, why, at.now);
            }
            Finding::Absent | Finding::NotEffective { .. } => {
                let outcome = if matches!(finding, Finding::Absent) { "absent" } else { "old_content" };
                if self.twice_absent(key, &attempt, at) {
                    settle::not_run(&mut row, &mut attempt, outcome, at);
                } else {
                    row.absent_since = row.absent_since.or(Some(at.now));
                    row.due = Some(at.now.plus(at.settle));
                }
            }
            Finding::Mixed { differences, .. } => {
                let why = format!("only a part of the attempt is there; different: {}", differences.join(", "));
                settle::conflict(&mut row, &number, &why, at.now);
            }
            Finding::Foreign { why, .. } => settle::conflict(&mut row, &number, why, at.now),
        }
        let mut write = write_of(key, row, Some(attempt));
        write.release = release;
        Some(write)
    }

    /// Whether this is the second answer «not there», a settle time after the first, both in this process (rules 6
    /// and 29).
    fn twice_absent(&self, key: &Key, attempt: &Attempt, at: Moment<'_>) -> bool {
        let now = self.clock.monotonic();
        let mut absent = self.absent.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        match absent.get(key) {
            Some((n, first)) if *n == attempt.n => {
                let twice = now.saturating_sub(*first) >= at.settle;
                if twice {
                    absent.remove(key);
                }
                twice
            }
            _ => {
                absent.insert(key.clone(), (attempt.n, now));
                false
            }
        }
    }

    /// The question about one open attempt.
    fn probe_of(&self, key: &Key, row: &Delivery, attempt: &Attempt) -> Result<Probe, StoreError> {
        let attempts = self.store.attempts(&self.plan.scheme, &self.plan.name, key)?;
        let told = match row.base.as_ref().and_then(|base| base.attempt) {
            Some(n) => self.attempt(key, n)?.map(|told| told.payload),
            None => None,
        };
        Ok(Probe {
            number: attempt.number.clone(),
            target_id: attempt.target_id.clone(),
            attempted: Some(outgoing(attempt)),
            told,
            first_attempt: attempts.first().map(|first| first.at),
        })
    }

    /// Asks the target; a lost session is renewed once. An error has been noted: look again later.
    async fn ask(&self, index: usize, probes: &[Probe]) -> Result<Vec<Finding>, ()> {
        let Some(call) = self.plan.calls.get(index) else { return Err(()) };
        let mut result = self.plan.connector.probe(&call.spec, probes).await;
        if let Err(fault) = &result
            && fault.kind == crate::connector::FaultKind::Session
            && self.plan.connector.login().await.is_ok()
        {
            result = self.plan.connector.probe(&call.spec, probes).await;
        }
        match result {
            Ok(findings) if findings.len() == probes.len() => {
                self.release_hold();
                Ok(findings)
            }
            Ok(findings) => {
                tracing::error!(asked = probes.len(), answered = findings.len(), "a probe left documents out");
                Err(())
            }
            Err(fault) => {
                tracing::warn!(scheme = %self.plan.scheme, target = %self.plan.name, words = %fault.words, "the target could not be asked");
                self.hold(fault.retry_after);
                Err(())
            }
        }
    }

    /// The target gave no answer to a probe: asked again later; that is no attempt (rule 21).
    async fn look_later(&self, keys: &[Key]) -> Result<(), StoreError> {
        let due = self.now().plus(self.held_for().unwrap_or(self.plan.retry.from));
        self.update(Step::Settle, keys, |key, mut row| {
            row.due = Some(due);
            Ok(Some(write_of(key, row, None)))
        })
        .await
    }

    /// Finds documents before their first send: what is there and may be ours is taken over, what is foreign is a
    /// conflict, what is absent is created, after a baseline only if the scheme says so (rule 7).
    pub(super) async fn find(&self, index: usize, items: Vec<Item>) -> Result<(), StoreError> {
        let Some(call) = self.plan.calls.get(index) else { return Ok(()) };
        let keys: Vec<Key> = items.iter().map(|item| item.key.clone()).collect();
        if !call.call.probes {
            let now = self.now();
            let why = "whether it is there already can't be asked; `deliveries resolve` says so";
            return self
                .update(Step::Settle, &keys, |key, mut row| {
                    settle::conflict(&mut row, key.as_str(), why, now);
                    Ok(Some(write_of(key, row, None)))
                })
                .await;
        }
        let probes: Vec<Probe> = items
            .iter()
            .map(|item| Probe {
                number: item.composed.outgoing.number.clone(),
                target_id: item.composed.outgoing.target_id.clone(),
                attempted: None,
                told: None,
                first_attempt: None,
            })
            .collect();
        let Ok(findings) = self.ask(index, &probes).await else { return self.look_later(&keys).await };
        for (item, finding) in items.iter().zip(findings) {
            let number = item.composed.outgoing.number.clone().unwrap_or_default();
            self.update(Step::Settle, std::slice::from_ref(&item.key), |key, row| {
                Ok(Some(self.found_first(key, row, &number, &finding)))
            })
            .await?;
        }
        Ok(())
    }

    fn found_first(&self, key: &Key, mut row: Delivery, number: &str, finding: &Finding) -> DeliveryWrite {
        let now: Time = self.now();
        let baselined = row.base.as_ref().is_some_and(|base| base.told && base.call.is_none());
        let due = Reason::new(Code::Due, [("version", row.version.to_string())]);
        match finding {
            Finding::Foreign { why, .. } if !baselined => settle::conflict(&mut row, number, why, now),
            Finding::Effective { receipt, .. }
            | Finding::NotEffective { receipt }
            | Finding::Mixed { receipt, .. }
            | Finding::Foreign { receipt, .. } => {
                row.receipt = Some(receipt.clone());
                row.probe_first = false;
                set(&mut row, State::Pending, due, Some(now), now);
            }
            Finding::Absent if row.receipt.as_ref().is_some_and(|receipt| receipt.id.is_some()) => {
                settle::conflict(&mut row, number, "the document was delivered, but the target shows it no more", now);
            }
            Finding::Absent if baselined && self.plan.baseline_missing == BaselineMissing::Skip => {
                let call = self.plan.main().map_or("", |call| &call.spec.call).to_owned();
                set(&mut row, State::Skipped, Reason::new(Code::NeverSent, [("call", call)]), None, now);
            }
            Finding::Absent => {
                row.probe_first = false;
                set(&mut row, State::Pending, due, Some(now), now);
            }
        }
        write_of(key, row, None)
    }
}

/// Whether every keyed list of the attempt has its line ids in the receipt.
fn is_complete(receipt: &Receipt, attempt: &Attempt) -> bool {
    attempt.lines.iter().all(|(path, keys)| {
        keys.is_empty() || receipt.lines.get(path).is_some_and(|ids| keys.iter().all(|key| ids.contains_key(key)))
    })
}

fn outgoing(attempt: &Attempt) -> Outgoing {
    Outgoing {
        attempt: attempt.id.clone(),
        payload: attempt.payload.clone(),
        number: attempt.number.clone(),
        target_id: attempt.target_id.clone(),
        lines: attempt.lines.clone(),
    }
}

/// The same bytes again, as a new attempt of the same version.
fn resend(key: Key, row: Delivery, attempt: Attempt) -> Item {
    let composed = Composed { payload_hash: attempt.payload_hash.clone(), outgoing: outgoing(&attempt) };
    Item { key, version: attempt.version, row, composed }
}
