//! `decide`: answers what waits to be told (design.md 2.9, rules 3 and 10).

use serde::{Deserialize, Serialize};

use crate::clock::Time;
use crate::delivery::Worker;
use crate::engine::operate::OperateError;
use crate::engine::unit::{Engine, Unit};
use crate::engine::view::unplanned_count;
use crate::reason::{Code, State};
use crate::scheme::Initial;
use crate::store::{Delivery, TargetAnswer, pages};

/// What was answered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decided {
    /// Targets told, and the source if what it is read by has changed.
    pub told: usize,
    /// Documents this decides for, each once: those a target had not planned, and those that begin anew for it.
    pub documents: u64,
    /// Documents that were taken as known before and stay so, whatever is said now; only `replay` sends them.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub baselined: u64,
    /// Key, filter, fields or mode of the source were changed, and are taken as they are now.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub source: bool,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl Engine {
    /// Answers what waits to be told: targets without an answer, or the one named; all of them where the source is
    /// read otherwise now. Documents told to another account begin anew.
    pub async fn decide(
        &self,
        scheme: &str,
        target: Option<&str>,
        how: Initial,
        since: Option<Time>,
    ) -> Result<Decided, OperateError> {
        let unit = self.known(scheme)?;
        let answer = match (how, since) {
            (Initial::Send, since) => TargetAnswer::Send { since },
            (Initial::Baseline, Some(instant)) => TargetAnswer::Baseline { instant },
            (Initial::Baseline, None) => TargetAnswer::baseline(self.clock.now()),
            (Initial::Adopt, None) => TargetAnswer::Adopt,
            (Initial::Adopt, Some(_)) => {
                return Err(OperateError::Refused("`--since` goes with `baseline` and `send`".to_owned()));
            }
        };
        if let Some(target) = target {
            self.target_state(unit, target)?;
        }
        let mut chosen: Vec<&Worker> = unit.workers.iter().map(|worker| &**worker).collect();
        chosen.retain(|worker| match target {
            Some(target) => worker.plan().name == target,
            None => worker.plan().back.is_none(),
        });
        if answer == TargetAnswer::Adopt {
            chosen.iter().try_for_each(|worker| can_adopt(worker))?;
        }
        let source_changed = unit.capture.accept_source().await?;
        let mut decided = Decided { told: usize::from(source_changed), source: source_changed, ..Decided::default() };
        for worker in chosen {
            let state = self.target_state(unit, &worker.plan().name)?;
            if state.answer.is_some() && target.is_none() && !source_changed {
                continue;
            }
            let mut documents = self.unplanned(unit, worker)?;
            if state.moved_from.is_some_and(|from| from != state.account) {
                documents += worker.begin_anew(&answer).await?;
            }
            decided.documents = decided.documents.max(documents);
            if !matches!(answer, TargetAnswer::Baseline { .. }) && state.answer.is_some() {
                decided.baselined = decided.baselined.max(self.baselined(scheme, &worker.plan().name)?);
            }
            let answer = answer.clone();
            worker.change_state(|state| (state.answer, state.moved_from) = (Some(answer), None)).await?;
            decided.told += 1;
        }
        unit.changed.notify_waiters();
        unit.run_now.notify_one();
        Ok(decided)
    }

    /// Documents that a target has not planned yet. A write-back plans none of its own.
    fn unplanned(&self, unit: &Unit, worker: &Worker) -> Result<u64, OperateError> {
        if worker.plan().back.is_some() {
            return Ok(0);
        }
        Ok(unplanned_count(&*self.store, &unit.scheme.id, &worker.plan().name)?)
    }

    /// Documents that were taken as known for a target.
    fn baselined(&self, scheme: &str, target: &str) -> Result<u64, OperateError> {
        let is_baseline = |row: &Delivery| row.reason.as_ref().is_some_and(|reason| reason.code == Code::Baseline);
        let mut count = 0;
        for page in pages(&*self.store, scheme, target, State::Skipped) {
            count += page?.iter().filter(|(_, row)| is_baseline(row)).count() as u64;
        }
        Ok(count)
    }
}

/// Only what can be asked for can be matched.
fn can_adopt(worker: &Worker) -> Result<(), OperateError> {
    let plan = worker.plan();
    match plan.main() {
        Some(main) if main.call.probes && main.mapping.is_some() && plan.back.is_none() => Ok(()),
        _ => {
            let why = format!(
                "`{}` can't be asked what it holds, so nothing can be adopted; allowed: `baseline`, `send`",
                plan.name
            );
            Err(OperateError::Refused(why))
        }
    }
}
