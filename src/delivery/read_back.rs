//! A version that was told after an attempt of unknown outcome is read back one settle time later: what the earlier
//! attempt did may have come late, over it (rule 6).

use crate::connector::{Finding, Look, Probe};
use crate::delivery::doubt::{first_attempt, is_anothers, outgoing};
use crate::delivery::ready::{Made, Ready};
use crate::delivery::settle;
use crate::delivery::target::CallPlan;
use crate::delivery::worker::{Worker, write_of};
use crate::name::Key;
use crate::reason::State;
use crate::receipt::Receipt;
use crate::store::{Attempt, Delivery, DeliveryWrite, Step, StoreError};

impl Worker {
    /// A delivered document that is due: to be read back, where its call can be asked about.
    pub(super) fn ready_read_back(&self, key: &Key, mut row: Delivery) -> Result<Ready, StoreError> {
        let attempt = if self.plan.back.is_none() { self.told_attempt(key, &row)? } else { None };
        let call = attempt.as_ref().and_then(|attempt| self.plan.call_of(attempt));
        match (attempt, call) {
            (Some(attempt), Some(call)) if call.call.probes && attempt.account == self.plan.account => {
                Ok(Ready::ReadBack(Box::new(call), Box::new((key.clone(), row, attempt))))
            }
            _ => {
                (row.read_back, row.due) = (false, None);
                Ok(Ready::Write(Box::new(write_of(key, row, None))))
            }
        }
    }

    /// Asks about documents that were told after an unknown outcome.
    pub(super) async fn read_back_told(&self, call: &CallPlan, told: Vec<Made>) -> Result<(), StoreError> {
        let keys: Vec<Key> = told.iter().map(|(key, _, _)| key.clone()).collect();
        let mut probes = Vec::with_capacity(told.len());
        for (key, row, attempt) in &told {
            let attempts = self.attempts_here(key, row)?;
            probes.push(question(attempt, &attempts));
        }
        let findings = self.ask(&call.spec, &keys, &probes).await?;
        let mut writes = Vec::with_capacity(told.len());
        for ((key, row, attempt), finding) in told.into_iter().zip(findings) {
            writes.push(match finding {
                Err(fault) => self.look_later(&key, row, &fault),
                Ok(finding) => self.read(&key, row, &attempt, finding),
            });
        }
        self.write(Step::Settle, writes).await?;
        Ok(())
    }

    fn read(&self, key: &Key, mut row: Delivery, attempt: &Attempt, finding: Finding) -> DeliveryWrite {
        let now = self.now();
        let number = attempt.number.as_deref().unwrap_or_default();
        match finding {
            Finding::Effective { receipt, warnings } if is_anothers(attempt, &warnings) => {
                self.again(&mut row, number, receipt);
            }
            Finding::NotEffective { receipt } => self.again(&mut row, number, receipt),
            Finding::Effective { .. } => {}
            Finding::Absent => {
                let why = "the target accepted the document, but shows it no more";
                settle::conflict(&mut row, number, why, now);
            }
            Finding::Mixed { differences, .. } => {
                let why = format!("read back after an unknown outcome, it differs: {}", differences.join(", "));
                settle::conflict(&mut row, number, &why, now);
            }
            Finding::Foreign { why, .. } => settle::conflict(&mut row, number, &why, now),
        }
        row.read_back = false;
        if matches!(row.state, State::Delivered | State::Skipped) {
            row.due = None;
        }
        write_of(key, row, None)
    }

    /// The earlier attempt came late, over what was told: that is told again, as an update of what stands there,
    /// whether or not a condition takes it for a step from itself. Where the newest version is not to be sent, a person
    /// decides.
    fn again(&self, row: &mut Delivery, number: &str, found: Receipt) {
        row.receipt = Some(settle::merged(row.receipt.take(), found));
        let is_newest = row.base.as_ref().is_some_and(|base| base.version == row.version);
        if let Some(base) = &mut row.base {
            // It holds something else, whatever becomes of this.
            base.payload_hash = None;
        }
        if is_newest {
            settle::anew(row);
            settle::due_again(row, self.now());
        } else {
            let why = "an attempt that was given up came late, over the version told after it, and the newest version is \
                       not to be sent";
            settle::conflict(row, number, why, self.now());
        }
    }
}

/// Whether what was told still stands: an update is judged where it differs from what was told before.
fn question(attempt: &Attempt, attempts: &[Attempt]) -> Probe {
    let earlier = attempts.iter().filter(|other| other.n < attempt.n);
    let told = earlier.rev().find(|other| matches!(other.outcome.as_deref(), Some("accepted" | "adopted")));
    Probe {
        number: attempt.number.clone(),
        target_id: attempt.target_id.clone(),
        attempted: Some(outgoing(attempt)),
        told: told.map(|told| told.payload.clone()),
        first_attempt: first_attempt(attempts),
        look: Look::Outcome,
    }
}
