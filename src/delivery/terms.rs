//! The terms an attempt is made on, and the call it is settled by: what held when it was made, whatever the scheme
//! says by then (rule 13).

use crate::connector::CallSpec;
use crate::delivery::target::{CallPlan, TargetPlan};
use crate::scheme::InDoubt;
use crate::store::{Attempt, Settling, Terms};

impl TargetPlan {
    /// How an unknown outcome is settled, as the scheme says now.
    pub(super) fn settling(&self) -> Settling {
        match self.in_doubt {
            InDoubt::Probe => Settling::Probe,
            InDoubt::Resend { remembers } => Settling::Resend { remembers },
            InDoubt::Hold => Settling::Hold,
        }
    }

    /// The terms of an attempt that is made now.
    pub(super) fn terms(&self, call: &CallPlan, test: bool) -> Terms {
        Terms {
            settling: Some(self.settling()),
            options: call.spec.options.clone(),
            number_field: call.spec.number_field.clone(),
            compare: call.spec.compare.clone(),
            test,
        }
    }

    /// The call an attempt was made by, as it was then; none if the connector knows it no more. An attempt of an older
    /// version, stored without its terms, has those of now.
    pub(super) fn call_of(&self, attempt: &Attempt) -> Option<CallPlan> {
        let now = self.call_named(&attempt.call);
        if attempt.terms.settling.is_none() {
            return now.or_else(|| self.main()).cloned();
        }
        let (before, after) = now.map(|now| (now.before.clone(), now.after.clone())).unwrap_or_default();
        let call = now.map(|now| now.call.clone()).or_else(|| self.connector.target_call(&attempt.call))?;
        let spec = CallSpec {
            call: attempt.call.clone(),
            form: attempt.form.clone(),
            options: attempt.terms.options.clone(),
            number_field: attempt.terms.number_field.clone(),
            compare: attempt.terms.compare.clone(),
        };
        Some(CallPlan { when: None, spec, call, mapping: None, before, after })
    }

    /// How an attempt is settled.
    pub(super) fn settling_of(&self, attempt: &Attempt) -> Settling {
        attempt.terms.settling.unwrap_or_else(|| self.settling())
    }
}
