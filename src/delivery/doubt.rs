//! Settling what is in doubt by the target's rule (rules 6 and 14).

use std::time::Duration;

use crate::clock::Time;
use crate::connector::{CallSpec, Fault, FaultKind, Finding, Look, Outgoing, Probe};
use crate::crash;
use crate::delivery::classify::{Policy, policy};
use crate::delivery::operate::Open;
use crate::delivery::ready::Made;
use crate::delivery::send::not_run;
use crate::delivery::settle::{self, Accepted, Moment, RENUMBERED, set};
use crate::delivery::target::CallPlan;
use crate::delivery::worker::{Worker, write_of};
use crate::name::Key;
use crate::reason::{Code, Reason, State};
use crate::receipt::Receipt;
use crate::store::{Attempt, Delivery, DeliveryWrite, Settling, Step, StoreError};

impl Worker {
    /// Settles open attempts whose outcome is not known, by the rule they were made under (rule 13).
    pub(super) async fn settle_doubts(
        &self,
        call: &CallPlan,
        rule: Settling,
        doubts: Vec<Made>,
    ) -> Result<(), StoreError> {
        match rule {
            Settling::Probe if call.call.probes || self.plan.back.is_some() => self.probe_doubts(call, doubts).await,
            Settling::Probe | Settling::Hold => {
                // A person decides: no longer due.
                let keys: Vec<Key> = doubts.into_iter().map(|(key, _, _)| key).collect();
                self.update(Step::Settle, &keys, |key, mut row| {
                    row.due = None;
                    Ok((row.state == State::InDoubt).then(|| write_of(key, row, None)))
                })
                .await
            }
            Settling::Resend { remembers } => self.resend_doubts(call, remembers, doubts).await,
        }
    }

    async fn probe_doubts(&self, call: &CallPlan, doubts: Vec<Made>) -> Result<(), StoreError> {
        let findings = match &self.plan.back {
            Some(back) => self.read_back(back, &doubts).await?,
            None => {
                let keys: Vec<Key> = doubts.iter().map(|(key, _, _)| key.clone()).collect();
                let probes = doubts.iter().map(|(key, row, attempt)| self.probe_of(key, row, attempt));
                self.ask(&call.spec, &keys, &probes.collect::<Result<Vec<_>, _>>()?).await?
            }
        };
        crash::point("doubt.asked");
        let found = findings.iter().flatten();
        self.note_found(call, found.clone()).await?;
        if found.clone().any(|finding| *finding == Finding::Absent) && !self.sees_absence(call)? {
            self.prove_by_known(&call.spec).await?;
        }
        let proven = self.sees_absence(call)?;
        let mut alone = !proven && self.may_prove_by_doubt(call)?;
        // The settle time of the largest batch the attempt may have been sent in (rule 6).
        let moment = self.moment(Some(call), self.plan.batch);
        let (mut effective, mut later) = (0, Vec::new());
        for ((key, row, attempt), finding) in doubts.into_iter().zip(findings) {
            let finding = match finding {
                Ok(finding) => finding,
                Err(fault) => {
                    later.push(self.look_later(&key, row, &fault));
                    continue;
                }
            };
            effective += u64::from(matches!(finding, Finding::Effective { .. }));
            let counts = proven || (alone && attempt.target_id.is_none());
            self.update(Step::Settle, std::slice::from_ref(&key), |key, row| {
                let write = self.found(key, row, attempt.clone(), (&finding, counts), moment);
                // One goes as the proof, no other.
                alone &= write.as_ref().is_none_or(|write| write.row.state == State::InDoubt);
                Ok(write)
            })
            .await?;
            crash::point("doubt.settled_one");
        }
        if effective > 0 {
            // The target carries out what it is sent; only its answers are lost.
            self.breaker().answered();
        }
        self.count_delivered(effective);
        self.write(Step::Settle, later).await?;
        Ok(())
    }

    /// What a finding makes of an open attempt.
    fn found(
        &self,
        key: &Key,
        mut row: Delivery,
        mut attempt: Attempt,
        (finding, absence_counts): (&Finding, bool),
        at: Moment<'_>,
    ) -> Option<DeliveryWrite> {
        if row.state != State::InDoubt || row.attempt != Some(attempt.n) {
            return None;
        }
        let number = attempt.number.clone().unwrap_or_default();
        let (mut release, mut queue) = (None, None);
        let absent = matches!(finding, Finding::Absent);
        match finding {
            Finding::Effective { receipt, warnings } if is_anothers(&attempt, warnings) => {
                row.receipt = Some(settle::merged(row.receipt.take(), receipt.clone()));
                settle::not_run(&mut row, &mut attempt, "old_content", at);
            }
            Finding::Effective { receipt, warnings } => {
                let Open { deletes, again } = self.open(key, &row, &attempt);
                attempt.decision = Some(match warnings.as_slice() {
                    [] => "found at the target as sent".to_owned(),
                    some => {
                        format!("found at the target; differs where this attempt changed nothing: {}", some.join(", "))
                    }
                });
                let complete = is_complete(receipt, &attempt);
                let told = Accepted { receipt: receipt.clone(), complete, deletes, again, warnings: Vec::new() };
                settle::accepted(&mut row, &mut attempt, told, at);
                release = row.identity.clone().filter(|_| deletes);
                queue = self.plan.queues(&row, at.now);
            }
            Finding::Absent if attempt.outcome.as_deref() == Some("exists") => {
                let why = "the target says the number is taken, but shows no such document";
                settle::conflict(&mut row, &number, why, at.now);
            }
            Finding::Absent if attempt.outcome.as_deref() == Some(RENUMBERED) => {
                let why = attempt.words.clone().unwrap_or_default();
                settle::conflict(&mut row, &number, &why, at.now);
            }
            Finding::Absent | Finding::NotEffective { .. } if !self.is_second(key, attempt.n, absent, at) => {
                row.absent_since = row.absent_since.or(Some(at.now));
                row.due = Some(at.now.plus(at.settle));
            }
            Finding::Absent if !absence_counts => {
                settle::unproven(&mut row, &attempt, at);
            }
            Finding::Absent => {
                crash::point("doubt.absent");
                settle::not_run(&mut row, &mut attempt, "absent", at);
            }
            Finding::NotEffective { receipt } => {
                // Ours in an older version: what goes next is an update of it.
                row.receipt = Some(settle::merged(row.receipt.take(), receipt.clone()));
                settle::not_run(&mut row, &mut attempt, "old_content", at);
            }
            Finding::Mixed { differences, .. } => {
                let why = format!("only a part of the attempt is there; different: {}", differences.join(", "));
                settle::conflict(&mut row, &number, &why, at.now);
            }
            Finding::Foreign { why, .. } => settle::conflict(&mut row, &number, why, at.now),
        }
        Some(DeliveryWrite { release, queue, ..write_of(key, row, Some(attempt)) })
    }

    /// Whether this is the second answer of its kind, «not there» or «older content», a settle time after the first,
    /// both in this process (rules 6 and 29).
    pub(super) fn is_second(&self, key: &Key, attempt: u32, absent: bool, at: Moment<'_>) -> bool {
        let now = self.clock.monotonic();
        let mut first = self.first_answers.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        match first.get(key) {
            Some(answer) if (answer.attempt, answer.absent) == (attempt, absent) => {
                let second = now.saturating_sub(answer.at) >= at.settle;
                if second {
                    first.remove(key);
                }
                second
            }
            _ => {
                first.insert(key.clone(), FirstAnswer { attempt, absent, at: now });
                false
            }
        }
    }

    /// The question about one open attempt.
    fn probe_of(&self, key: &Key, row: &Delivery, attempt: &Attempt) -> Result<Probe, StoreError> {
        let attempts = self.attempts_here(key, row)?;
        let told = self.told_attempt(key, row)?.map(|told| told.payload);
        Ok(Probe {
            number: attempt.number.clone(),
            target_id: attempt.target_id.clone(),
            attempted: Some(outgoing(attempt)),
            told,
            first_attempt: first_attempt(&attempts),
            look: Look::Outcome,
        })
    }

    /// Asks the target; a fault for each document about which it gave no answer. Where it refuses a question for good,
    /// each document is asked about alone, so that one does not keep the others in doubt.
    pub(super) async fn ask(
        &self,
        spec: &CallSpec,
        keys: &[Key],
        probes: &[Probe],
    ) -> Result<Vec<Result<Finding, Fault>>, StoreError> {
        let fault = match self.ask_renewing(spec, probes).await {
            Ok(findings) => {
                self.may_be_asked_together(keys);
                return Ok(findings.into_iter().map(Ok).collect());
            }
            Err(fault) => fault,
        };
        tracing::warn!(scheme = %self.plan.scheme, target = %self.plan.name, words = %fault.words, "the target could not be asked");
        self.note_unasked(keys, &fault).await?;
        if !matches!(policy(fault.kind), Policy::Reject | Policy::Ask) || probes.len() < 2 {
            return Ok(vec![Err(fault); probes.len()]);
        }
        let mut findings = Vec::with_capacity(probes.len());
        for probe in probes {
            let alone = self.ask_renewing(spec, std::slice::from_ref(probe)).await;
            findings.push(alone.and_then(|findings| findings.into_iter().next().ok_or_else(|| fault.clone())));
        }
        Ok(findings)
    }

    /// One finding for each probe; a lost session is renewed once.
    async fn ask_renewing(&self, spec: &CallSpec, probes: &[Probe]) -> Result<Vec<Finding>, Fault> {
        let mut result = self.plan.connector.probe(spec, probes).await;
        if result.as_ref().is_err_and(|fault| policy(fault.kind) == Policy::Renew) {
            self.plan.connector.login().await.map_err(|fault| not_run(&fault))?;
            result = self.plan.connector.probe(spec, probes).await;
        }
        let findings = result?;
        if findings.len() != probes.len() {
            let words = format!("asked about {} documents, it answered for {}", probes.len(), findings.len());
            return Err(Fault::new(FaultKind::Unknown, words));
        }
        self.note_answered_question();
        Ok(findings)
    }

    /// The target gave no answer to a probe: asked again later, and the row says why; that is no attempt (rule 21).
    pub(super) fn look_later(&self, key: &Key, mut row: Delivery, fault: &Fault) -> DeliveryWrite {
        let due = Some(self.now().plus(self.asked_again_after(&row)));
        match row.state {
            State::Pending | State::Retrying | State::Waiting => {
                let reason = Reason::new(Code::Unasked, [("why", fault.words.clone())]);
                set(&mut row, State::Retrying, reason, due, self.now());
            }
            State::InDoubt => {
                row.reason = row.reason.map(|reason| reason.with_words(fault.words.clone()));
                row.due = due;
            }
            _ => row.due = due,
        }
        write_of(key, row, None)
    }
}

/// The first answer «not there» or «older content» about an attempt, on the monotonic clock of this process
/// (rule 29).
#[derive(Debug, Clone, Copy)]
pub struct FirstAnswer {
    attempt: u32,
    absent: bool,
    at: Duration,
}

/// Whether what was found, although it stands under our number, must come from another attempt: this one was told
/// that the number is taken, or an earlier one may have taken effect late, and the content is not this one's.
pub(super) fn is_anothers(attempt: &Attempt, differences: &[String]) -> bool {
    let created = attempt.target_id.is_none();
    let refused = attempt.outcome.as_deref() == Some("exists");
    created && (refused || attempt.n > 1) && !differences.is_empty()
}

/// Whether every keyed list of the attempt has its line ids in the receipt.
pub(super) fn is_complete(receipt: &Receipt, attempt: &Attempt) -> bool {
    attempt.lines.iter().all(|(path, keys)| {
        keys.is_empty() || receipt.lines.get(path).is_some_and(|ids| keys.iter().all(|key| ids.contains_key(key)))
    })
}

/// When the first attempt was made that may have made a document: one that was refused, or did not run, has not.
pub(super) fn first_attempt(attempts: &[Attempt]) -> Option<Time> {
    attempts.iter().find(|attempt| may_stand(attempt)).map(|attempt| attempt.at)
}

/// Whether what an attempt sent may stand at the target.
pub(super) fn may_stand(attempt: &Attempt) -> bool {
    !matches!(attempt.outcome.as_deref(), Some("refused" | "not_run"))
}

pub(super) fn outgoing(attempt: &Attempt) -> Outgoing {
    Outgoing {
        attempt: attempt.id.clone(),
        payload: attempt.payload.clone(),
        number: attempt.number.clone(),
        target_id: attempt.target_id.clone(),
        lines: attempt.lines.clone(),
    }
}
