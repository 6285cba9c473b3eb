//! Which call, if any, a version is to be told by: the conditions, evaluated from base to version (rule 1). Pure.

use serde_json::{Map, Value, json};

use crate::delivery::target::TargetPlan;
use crate::diff::Document;
use crate::query::{Condition, Scope};
use crate::receipt::Receipt;

/// What the conditions say of a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// To be told by the call of this index.
    Tell(usize),
    /// No condition accepts it.
    Skip,
    /// A condition can't be evaluated for it.
    Fault(String),
}

/// Judges a version: `before` is the base's document, `after` the version's; none if it is deleted.
pub fn judge(plan: &TargetPlan, before: Option<&Value>, after: Option<&Value>, receipt: Option<&Receipt>) -> Verdict {
    let mut input = None;
    for (index, call) in plan.calls.iter().enumerate() {
        let holds = match &call.when {
            // A document that is gone has nothing to map; only a condition can ask for a call then.
            None => Ok(after.is_some() || !call.call.mapped),
            Some(condition) => {
                let input = input.get_or_insert_with(|| condition_input(plan, before, after, receipt));
                holds(condition, input)
            }
        };
        match holds {
            Ok(true) if after.is_none() && call.call.mapped => {
                return Verdict::Fault(format!("the document is deleted, so `{}` has nothing to map", call.spec.call));
            }
            Ok(true) => return Verdict::Tell(index),
            Ok(false) => {}
            Err(fault) => return Verdict::Fault(fault),
        }
    }
    Verdict::Skip
}

/// Whether a skipped version may become the base.
pub fn may_be_base(plan: &TargetPlan, version: Option<&Value>) -> bool {
    match (&plan.compare, version) {
        (None, _) => true,
        (Some(condition), Some(version)) => holds(condition, version).unwrap_or(false),
        (Some(_), None) => false,
    }
}

fn holds(condition: &Condition, input: &Value) -> Result<bool, String> {
    condition.holds(&Scope { document: input, elements: &[], receipt: None }).map_err(|fault| fault.to_string())
}

/// `{ kind, before, after, changed, receipt }` of interface.md section 4.
fn condition_input(
    plan: &TargetPlan,
    before: Option<&Value>,
    after: Option<&Value>,
    receipt: Option<&Receipt>,
) -> Value {
    let kind = match (after, receipt) {
        (None, _) => "deleted",
        (Some(_), None) => "created",
        (Some(_), Some(_)) => "updated",
    };
    let changed = match (before, after) {
        (Some(before), Some(after)) if plan.uses_changed => changed(plan, before, after),
        _ => Value::Array(Vec::new()),
    };
    let mut input = Map::new();
    input.insert("kind".into(), Value::String(kind.into()));
    input.insert("before".into(), before.cloned().unwrap_or(Value::Null));
    input.insert("after".into(), after.cloned().unwrap_or(Value::Null));
    input.insert("changed".into(), changed);
    input.insert("receipt".into(), receipt.map_or(Value::Null, receipt_value));
    Value::Object(input)
}

fn changed(plan: &TargetPlan, before: &Value, after: &Value) -> Value {
    match (Document::of_value(before), Document::of_value(after)) {
        (Ok(before), Ok(after)) => {
            let changes = plan.differ.delta(&before, &after);
            serde_json::to_value(changes).unwrap_or_else(|_| Value::Array(Vec::new()))
        }
        _ => Value::Array(Vec::new()),
    }
}

/// A receipt as queries see it.
pub fn receipt_value(receipt: &Receipt) -> Value {
    json!({ "id": receipt.id, "number": receipt.number, "lines": receipt.lines })
}
