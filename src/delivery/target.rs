//! A target made ready: its calls, conditions and mappings compiled, its defaults filled in.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use crate::clock::{Time, Zone};
use crate::connector::{CallSpec, Connector, TargetCall};
use crate::delivery::writeback::WritesBack;
use crate::diff::Differ;
use crate::mapping::{Lookups, Mapping};
use crate::query::{Condition, Found, Query, Scope};
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
    /// Path of the source time.
    pub time: Option<Query>,
    /// Zone of source times.
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

    /// The call of a name as stored in an attempt.
    pub fn call_named(&self, name: &str) -> Option<&CallPlan> {
        self.calls.iter().find(|call| call.spec.call == name)
    }

    /// A document's source time.
    pub fn time_of(&self, document: &Value) -> Option<Time> {
        let query = self.time.as_ref()?;
        match query.find(&Scope { document, elements: &[], receipt: None }) {
            Found::One(Value::String(text)) => self.zone.read(text),
            Found::One(_) | Found::Nothing | Found::Many(_) => None,
        }
    }

    /// How long to wait from the last byte sent until absence counts.
    pub fn settle_time(&self, call: &CallPlan, batch: usize) -> Duration {
        self.settle.unwrap_or_else(|| (call.call.settle)(batch))
    }

    /// The target document's identity over all schemes (rule 11).
    pub fn identity(&self, form: Option<&str>, number: &str) -> String {
        format!("{}\n{}\n{number}", self.account, form.unwrap_or_default())
    }
}
