//! Whether a query reads an ignored path (rules.md 9).

use crate::query::{Query, Root, Step};

/// Whether what `query` finds, standing in the `$each` of `each`, holds anything of `ignored`, a path of the
/// document. What lies above an ignored path reads it only where the value is copied whole.
pub(super) fn reads(query: &Query, each: &[&Query], copies: bool, ignored: &Query) -> bool {
    absolute(query, each).is_some_and(|steps| meets(&ignored.steps(), &steps, copies))
}

/// Whether a query of a target's `when` reads `ignored` in `@.after` or `@.before`.
pub fn condition_reads(query: &Query, ignored: &Query) -> bool {
    let steps = query.steps();
    match (query.root(), steps.split_first()) {
        (Root::Document | Root::Element(1), Some((Step::Name(side), path))) if side == "after" || side == "before" => {
            meets(&ignored.steps(), path, false)
        }
        _ => false,
    }
}

/// The steps from the document's root; `None` where the query begins elsewhere.
fn absolute(query: &Query, each: &[&Query]) -> Option<Vec<Step>> {
    let mut steps = match query.root() {
        Root::Document => Vec::new(),
        Root::Element(1) if each.is_empty() => Vec::new(),
        Root::Element(out) => {
            let (outer, inner) = each.split_at(each.len().checked_sub(out)?);
            let list = inner.first()?;
            let mut steps = absolute(list, outer)?;
            steps.extend(list.is_singular().then_some(Step::Wildcard));
            steps
        }
        Root::Receipt => return None,
    };
    steps.extend(query.steps());
    Some(steps)
}

/// Whether a path of `read` may end at or below one of `ignored`; if `copies`, also above it. What `..` alone could
/// make meet does not count: `$..sku_id` is not taken to stand below every ignored path, nor `$..ts` below every copy.
fn meets(ignored: &[Step], read: &[Step], copies: bool) -> bool {
    match (ignored.split_first(), read.split_first()) {
        (None, _) => true,
        (Some((Step::Descendant, _)), None) => false,
        (Some(_), None) => copies,
        (Some((Step::Descendant, rest)), Some((_, deeper))) => {
            meets(rest, read, copies) || meets(ignored, deeper, copies)
        }
        (Some((_, deeper)), Some((Step::Descendant, rest))) => {
            meets(ignored, rest, copies) || (!deeper.is_empty() && meets(deeper, read, copies))
        }
        (Some((one, ignored)), Some((other, read))) => same(one, other) && meets(ignored, read, copies),
    }
}

/// Whether two steps may lead to the same child.
fn same(one: &Step, other: &Step) -> bool {
    match (one, other) {
        (Step::Name(one), Step::Name(other)) => one == other,
        (Step::Name(_), Step::Index(_)) | (Step::Index(_), Step::Name(_)) => false,
        _ => true,
    }
}
