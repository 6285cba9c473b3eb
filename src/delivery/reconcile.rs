//! Asking a target whether it still holds what it was told: what a reconciliation counts there.

use crate::clock::Time;
use crate::connector::{Fault, Finding, Look, Probe};
use crate::delivery::doubt::outgoing;
use crate::delivery::operate::replayed;
use crate::delivery::worker::Worker;
use crate::name::Key;
use crate::reason::State;
use crate::store::{Base, Delivery, DeliveryWrite, StoreError};

/// What a target shows of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Held {
    /// It was never told, or told that the document is gone.
    Untold {
        /// Whether it is still to be told.
        open: bool,
    },
    /// It is there as it was told.
    Equal,
    /// It is there, and shows otherwise than it was told.
    Differs(String),
    /// It is not there.
    Missing,
    /// It can't be told, with why.
    Unknown(String),
}

/// A document as a target shows it, with the version it was told.
#[derive(Debug, Clone)]
pub struct Told {
    /// Its key.
    pub key: Key,
    /// The version it was told; 0 if none.
    pub version: u64,
    /// What the target shows.
    pub held: Held,
}

impl Worker {
    /// Asks the target about documents, as many at a time as a request takes.
    pub async fn still_holds(&self, keys: &[Key]) -> Result<Vec<Told>, StoreError> {
        let mut all = Vec::with_capacity(keys.len());
        let mut asked: Vec<Vec<(Told, Probe)>> = vec![Vec::new(); self.plan.calls.len()];
        for key in keys {
            let row = self.row(key)?;
            let told = row.as_ref().and_then(|row| row.base.as_ref()).filter(|base| base.told);
            let (Some(row), Some(base)) = (&row, told) else {
                all.push(untold(key, row.as_ref()));
                continue;
            };
            match self.question(key, row, base)? {
                Ok((index, probe)) => {
                    let one = Told { key: key.clone(), version: base.version, held: Held::Missing };
                    if let Some(asked) = asked.get_mut(index) {
                        asked.push((one, probe));
                    }
                }
                Err(held) => all.push(Told { key: key.clone(), version: base.version, held }),
            }
        }
        for (index, questions) in asked.into_iter().enumerate() {
            let Some(call) = self.plan.calls.get(index) else { continue };
            for some in questions.chunks(self.plan.most(call)) {
                let probes: Vec<Probe> = some.iter().map(|(_, probe)| probe.clone()).collect();
                let keys: Vec<Key> = some.iter().map(|(one, _)| one.key.clone()).collect();
                let findings = self.ask(&call.spec, &keys, &probes).await?;
                all.extend(
                    some.iter().zip(findings).map(|((one, _), found)| Told { held: held(found), ..one.clone() }),
                );
            }
        }
        Ok(all)
    }

    /// The question about what a target was told; without one, what is known anyway.
    fn question(&self, key: &Key, row: &Delivery, base: &Base) -> Result<Result<(usize, Probe), Held>, StoreError> {
        let Some(receipt) = &row.receipt else {
            // Told that it is gone, or known at go-live and never sent since.
            return Ok(Err(Held::Untold { open: !row.state.is_settled() }));
        };
        let named = base.call.as_deref().and_then(|call| self.plan.rank_named(call));
        let index = named.unwrap_or(self.plan.calls.len().saturating_sub(1));
        if !self.plan.calls.get(index).is_some_and(|call| call.call.probes) {
            return Ok(Err(Held::Unknown("the target can't be asked".to_owned())));
        }
        let attempt = self.told_attempt(key, row)?;
        let probe = Probe {
            number: receipt.number.clone().or_else(|| attempt.as_ref()?.number.clone()),
            target_id: receipt.id.clone(),
            attempted: attempt.as_ref().map(outgoing),
            look: Look::Content,
            ..Probe::default()
        };
        Ok(Ok((index, probe)))
    }
}

fn untold(key: &Key, row: Option<&Delivery>) -> Told {
    let open = row.is_none_or(|row| !row.state.is_settled());
    Told { key: key.clone(), version: 0, held: Held::Untold { open } }
}

fn held(finding: Result<Finding, Fault>) -> Held {
    match finding {
        Err(fault) => Held::Unknown(format!("the target gave no answer: {}", fault.words)),
        Ok(Finding::Absent) => Held::Missing,
        Ok(Finding::Effective { warnings, .. }) if warnings.is_empty() => Held::Equal,
        Ok(Finding::Effective { warnings, .. }) => Held::Differs(warnings.join("; ")),
        Ok(Finding::NotEffective { .. }) => Held::Differs("it shows an older content".to_owned()),
        Ok(Finding::Mixed { differences, .. }) => Held::Differs(differences.join("; ")),
        Ok(Finding::Foreign { why, .. }) => Held::Differs(why),
    }
}

/// Queues a document that the target does not hold any more to be created anew, found first (rule 7): a person asked
/// for it. None while something else is under way.
pub fn created_anew(key: &Key, mut row: Delivery, now: Time) -> Option<DeliveryWrite> {
    if row.has_open_attempt() || row.state == State::InDoubt {
        return None;
    }
    row.receipt = None;
    row.probe_first = true;
    Some(replayed(key, row, now))
}
