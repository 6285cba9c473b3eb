//! Checks the steps of a call: calls that address the target's document, whose effect can be asked for (rule 19).

use crate::delivery::CallPlan;
use crate::engine::check::{SystemReady, unknown};
use crate::engine::check_target::TargetCheck;
use crate::fault::Fault;
use crate::scheme::{StepCall, Steps, Target};

impl TargetCheck<'_> {
    /// Gives a call its steps.
    pub(super) fn steps(
        &self,
        call: &mut CallPlan,
        steps: &Steps,
        (target, system): (&Target, &SystemReady),
        faults: &mut Vec<Fault>,
    ) {
        let mut ready = |steps: &[StepCall]| -> Vec<CallPlan> {
            steps.iter().filter_map(|step| self.step(step, call, (target, system), faults)).collect()
        };
        let (before, after) = (ready(&steps.before), ready(&steps.after));
        if let (true, Some(step)) = (call.call.deletes, steps.after.first()) {
            let message = format!("`{}` ends the document: no step can follow it", call.spec.call);
            faults.push(Fault::new(step.at.clone(), message));
        }
        (call.before, call.after) = (before, after);
    }

    fn step(
        &self,
        step: &StepCall,
        of: &CallPlan,
        (target, system): (&Target, &SystemReady),
        faults: &mut Vec<Fault>,
    ) -> Option<CallPlan> {
        let fits = |name: &str| {
            let call = system.connector.target_call(name)?;
            (!call.mapped && !call.deletes && call.probes && name != of.spec.call).then_some(call)
        };
        let Some(call) = fits(&step.call) else {
            let known = system.connector.calls().1;
            let fitting: Vec<&str> = known.iter().copied().filter(|name| fits(name).is_some()).collect();
            let why = match system.connector.target_call(&step.call) {
                None => {
                    faults.push(unknown("call", &step.call, &step.at, &fitting));
                    return None;
                }
                Some(call) if call.mapped => "needs a mapping",
                Some(call) if call.deletes => "ends the document",
                Some(_) if step.call == of.spec.call => "is the call that the steps are for",
                Some(_) => "can't be asked whether it took effect",
            };
            let message = format!("`{}` {why} and can't be a step; allowed: {}", step.call, listed(&fitting));
            faults.push(Fault::new(step.at.clone(), message));
            return None;
        };
        let options = self.own_or_shared_options(step.options.as_deref(), target, &call, faults);
        let spec = crate::connector::CallSpec {
            call: step.call.clone(),
            form: target.form.clone(),
            options,
            number_field: None,
            compare: Vec::new(),
        };
        Some(CallPlan { when: None, spec, call, mapping: None, before: Vec::new(), after: Vec::new() })
    }

    /// A write-back tells fields of its source, which it neither opens nor closes.
    pub(super) fn no_steps(&self, target: &Target, faults: &mut Vec<Fault>) {
        let own = std::iter::once(&target.steps).chain(target.operations.iter().map(|operation| &operation.steps));
        for step in own.flat_map(|steps| steps.before.iter().chain(&steps.after)) {
            faults.push(Fault::new(step.at.clone(), "a write-back has no steps"));
        }
    }
}

fn listed(names: &[&str]) -> String {
    if names.is_empty() {
        return "none of this system's calls".to_owned();
    }
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
