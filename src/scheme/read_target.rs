//! A target of a scheme, from its tree to [`Target`].

use std::time::Duration;

use super::read::{initial, placed};
use super::tree::{Name, Node};
use super::types::{BaselineMissing, Identity, InDoubt, Operation, Retry, StepCall, Steps, Target};
use crate::hours::Hours;

/// Reads a checked target; what is missing or wrong is empty or at its default.
pub(super) fn target(name: &Name, node: &Node) -> Target {
    let (system, system_at) = placed(node, "system");
    let (call, call_at) = placed(node, "call");
    Target {
        name: name.text.clone(),
        at: name.at.clone(),
        system,
        system_at,
        call,
        call_at,
        form: node.get_text("form"),
        when: node.get_condition("when"),
        when_at: node.get("when").map(|when| when.at.clone()),
        compare: node.get_condition("compare"),
        batch: node.get_integer("batch"),
        identity: node.get("identity").map(identity).unwrap_or_default(),
        in_doubt: in_doubt(node),
        settle: node.get_duration("settle"),
        baseline_missing: match node.get_text("baseline_missing").as_deref() {
            Some("create") => BaselineMissing::Create,
            _ => BaselineMissing::Skip,
        },
        retry: retry(node.get("retry")),
        options: node.get_entries("options").to_vec(),
        mapping: node.get("mapping").cloned(),
        operations: node.get_several("operations").iter().map(operation).collect(),
        hours: node.get_text("hours").and_then(|text| Hours::read(&text)),
        steps: steps(node),
        initial: initial(node),
        writeback: node.get("writeback").map(|writeback| {
            let name = Name { text: format!("{}.writeback", name.text), at: writeback.at.clone() };
            Box::new(target(&name, writeback))
        }),
    }
}

fn identity(node: &Node) -> Identity {
    Identity { number: node.get_text("number"), mark: node.get_text("mark"), compare: node.get_texts("compare") }
}

/// `in_doubt: resend` with `remembers` beside it, or `in_doubt: { resend: { remembers: … } }`.
fn in_doubt(node: &Node) -> Option<InDoubt> {
    if let Some((_, resend)) = node.get_tagged("in_doubt") {
        return Some(InDoubt::Resend { remembers: resend.get_duration("remembers") });
    }
    match node.get_text("in_doubt")?.as_str() {
        "probe" => Some(InDoubt::Probe),
        "resend" => Some(InDoubt::Resend { remembers: node.get_duration("remembers") }),
        "hold" => Some(InDoubt::Hold),
        _ => None,
    }
}

/// The first wait before a retry where nothing is said.
pub(super) const RETRY_FROM: Duration = Duration::from_secs(5);

/// The longest wait before a retry where nothing is said.
pub(super) const RETRY_TO: Duration = Duration::from_secs(15 * 60);

fn retry(node: Option<&Node>) -> Retry {
    Retry {
        attempts: node.and_then(|node| node.get_integer("attempts")).unwrap_or(8),
        from: node.and_then(|node| node.get_duration("from")).unwrap_or(RETRY_FROM),
        to: node.and_then(|node| node.get_duration("to")).unwrap_or(RETRY_TO),
    }
}

fn operation(node: &Node) -> Operation {
    let (call, call_at) = placed(node, "call");
    Operation {
        at: node.at.clone(),
        when: node.get_condition("when"),
        when_at: node.get("when").map(|when| when.at.clone()),
        call,
        call_at,
        mapping: node.get("mapping").cloned(),
        options: node.get("options").and_then(Node::map).map(<[(Name, Node)]>::to_vec),
        steps: steps(node),
    }
}

fn steps(node: &Node) -> Steps {
    let Some(steps) = node.get("steps") else { return Steps::default() };
    let listed = |key: &str| steps.get_several(key).iter().map(step).collect();
    Steps { before: listed("before"), after: listed("after") }
}

/// A call's name alone, or with options.
fn step(node: &Node) -> StepCall {
    let call = node.scalar().map(str::to_owned).or_else(|| node.get_text("call")).unwrap_or_default();
    let options = node.get("options").and_then(Node::map).map(<[(Name, Node)]>::to_vec);
    StepCall { at: node.at.clone(), call, options }
}
