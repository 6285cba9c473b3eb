//! `decide`: answers what waits to be told (design.md 2.9, rules 3 and 10).

use serde::{Deserialize, Serialize};

use crate::clock::Time;
use crate::delivery::Worker;
use crate::engine::operate::OperateError;
use crate::engine::unit::Engine;
use crate::scheme::Initial;
use crate::store::TargetAnswer;

/// What was answered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decided {
    /// Targets told, and the source if what it is read by has changed.
    pub told: usize,
    /// Documents of the scheme that this is about.
    pub documents: u64,
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
        let mut told = 0;
        for worker in chosen {
            let state = self.target_state(unit, &worker.plan().name)?;
            if state.answer.is_some() && target.is_none() && !source_changed {
                continue;
            }
            if state.moved_from.is_some_and(|from| from != state.account) {
                worker.begin_anew(&answer).await?;
            }
            let answer = answer.clone();
            worker.change_state(|state| (state.answer, state.moved_from) = (Some(answer), None)).await?;
            told += 1;
        }
        told += usize::from(source_changed);
        let documents = if told > 0 { self.store.document_count(scheme)?.0 } else { 0 };
        unit.changed.notify_waiters();
        unit.run_now.notify_one();
        Ok(Decided { told, documents })
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
