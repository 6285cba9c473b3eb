//! A target made ready: its calls, conditions and mappings compiled, its defaults filled in.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use crate::clock::{Time, Zone};
use crate::connector::{CallSpec, Connector, TargetCall};
use crate::delivery::writeback::WritesBack;
use crate::diff::Differ;
use crate::hours::Hours;
use crate::mapping::{Lookups, Mapping, Source};
use crate::query::Condition;
use crate::scheme::{BaselineMissing, InDoubt, Retry, WriteBack};

/// Gives the look-ups of now: tables are reloaded while running.
pub type LookupsNow = Arc<dyn Fn() -> Arc<dyn Lookups + Send + Sync> + Send + Sync>;

/// One call a target can make.
#[derive(Debug, Clone)]
pub struct CallPlan {
    /// Which versions it takes; none: all that exist.
    pub when: Option<Condition>,
    /// What goes to the connector with each batch.
    pub spec: CallSpec,
    /// What the connector says of it.
    pub call: TargetCall,
    /// The mapping; calls that address a document by receipt have none.
    pub mapping: Option<Mapping>,
    /// Steps before it, for documents that are there already (rule 19).
    pub before: Vec<CallPlan>,
    /// Steps after it.
    pub after: Vec<CallPlan>,
}

/// A target made ready.
pub struct TargetPlan {
    /// Scheme id.
    pub scheme: String,
    /// Target name.
    pub name: String,
    /// Its system.
    pub connector: Arc<dyn Connector>,
    /// (connector, host, account), what delivery state belongs to.
    pub account: String,
    /// Operations in order, then the target's own call.
    pub calls: Vec<CallPlan>,
    /// Which versions may become the base by being skipped.
    pub compare: Option<Condition>,
    /// Differences for conditions.
    pub differ: Differ,
    /// Whether any condition looks at `changed`.
    pub uses_changed: bool,
    /// Paths of the source time: the latest of the values there.
    pub times: Vec<Vec<String>>,
    /// When it is sent to; none: always.
    pub hours: Option<Hours>,
    /// Zone of source times, and of `hours`.
    pub zone: Zone,
    /// What settles an unknown outcome.
    pub in_doubt: InDoubt,
    /// Wait before absence counts; none: the call's own.
    pub settle: Option<Duration>,
    /// What rule 7 does with baselined documents that the target lacks.
    pub baseline_missing: BaselineMissing,
    /// Retries.
    pub retry: Retry,
    /// Documents a request.
    pub batch: usize,
    /// Requests at once.
    pub concurrency: usize,
    /// Fingerprint of mapping and conditions.
    pub rules: String,
    /// Look-ups.
    pub lookups: LookupsNow,
    /// Its write-back, which its deliveries make due.
    pub writeback: Option<WriteBack>,
    /// What it writes back, if it is a write-back itself.
    pub back: Option<WritesBack>,
}

impl TargetPlan {
    /// The target's own call.
    pub fn main(&self) -> Option<&CallPlan> {
        self.calls.last()
    }

    /// What delivery state belongs to: connector, host and account, the form, and the field that identifies its
    /// documents (rule 3).
    pub fn belongs_to(&self) -> String {
        let spec = self.main().map(|main| &main.spec);
        let form = spec.and_then(|spec| spec.form.as_ref()).map(|form| format!(", {form}"));
        let number = spec.and_then(|spec| spec.number_field.as_ref()).map(|field| format!(" by {field}"));
        format!("{}{}{}", self.account, form.unwrap_or_default(), number.unwrap_or_default())
    }

    /// Schemes whose snapshots its mappings look up.
    pub fn mirrors(&self) -> BTreeSet<String> {
        let lookups = self.calls.iter().filter_map(|call| call.mapping.as_ref()).flat_map(Mapping::lookups);
        let scheme = |source: &Source| match source {
            Source::Scheme(scheme) => Some(scheme.clone()),
            Source::Table(_) => None,
        };
        lookups.filter_map(|lookup| scheme(&lookup.source)).collect()
    }

    /// Where a call of a name stands among the target's.
    pub fn rank_named(&self, name: &str) -> Option<usize> {
        self.calls.iter().position(|call| call.spec.call == name)
    }

    /// Documents that a request of a call takes.
    pub fn most(&self, call: &CallPlan) -> usize {
        self.batch.min(call.call.max_batch).max(1)
    }

    /// The call of a name as stored in an attempt.
    pub fn call_named(&self, name: &str) -> Option<&CallPlan> {
        self.calls.iter().find(|call| call.spec.call == name).or_else(|| self.step_named(name))
    }

    /// The opening or closing step of a name.
    pub fn step_named(&self, name: &str) -> Option<&CallPlan> {
        self.calls.iter().flat_map(|call| call.before.iter().chain(&call.after)).find(|step| step.spec.call == name)
    }

    /// A document's source time.
    pub fn time_of(&self, document: &Value) -> Option<Time> {
        let times = self.times.iter().filter_map(|path| {
            let value = path.iter().try_fold(document, |value, name| value.get(name))?;
            self.zone.read(value.as_str()?)
        });
        times.max()
    }

    /// How long to wait from the last byte sent until absence counts.
    pub fn settle_time(&self, call: &CallPlan, batch: usize) -> Duration {
        self.settle.unwrap_or_else(|| (call.call.settle)(batch))
    }

    /// The target document's identity over all schemes (rule 11). Targets trim numbers, and find them whatever their
    /// case.
    pub fn identity(&self, form: Option<&str>, number: &str) -> String {
        format!("{}\n{}\n{}", self.account, form.unwrap_or_default(), plain_number(number))
    }
}

/// A number as targets tell numbers apart.
pub(super) fn plain_number(number: &str) -> String {
    number.trim().to_lowercase()
}
