//! What a table of keys can't say: how the values of one scheme file must fit each other. Looks at the tree, so that
//! every fault has its place; what is wrong by kind is silent here, having been told already.

use super::check::suggest;
use super::read::{OVERLAP, WINDOW, detail_param};
use super::read_target::{RETRY_FROM, RETRY_TO};
use super::tree::{Name, Node};
use crate::clock::print_duration;
use crate::fault::{Fault, Position, nearest};
use crate::query::{Condition, Query, Root, Step};

/// Checks a scheme's tree.
pub(super) fn check(root: &Node, faults: &mut Vec<Fault>) {
    let mut checks = Checks { faults };
    if let Some(source) = root.get("source") {
        checks.source(source);
    }
    if let Some(diff) = root.get("diff") {
        checks.diff(diff);
    }
    for (name, target) in root.get_entries("targets") {
        checks.target(target);
        if let Some(writeback) = target.get("writeback").filter(|writeback| writeback.map().is_some()) {
            checks.writeback(root, name, writeback);
        }
    }
}

struct Checks<'a> {
    faults: &'a mut Vec<Fault>,
}

impl Checks<'_> {
    fn fault(&mut self, at: &Position, message: impl Into<String>) {
        self.faults.push(Fault::new(at.clone(), message));
    }

    fn source(&mut self, source: &Node) {
        self.cursor(source);
        if let Some(detail) = source.get("detail") {
            self.detail(detail);
        }
        let overlap = source.get_duration("overlap").unwrap_or(OVERLAP);
        let window = source.get_duration("window").unwrap_or(WINDOW);
        if overlap >= window {
            let node = source.get("overlap").or(source.get("window")).unwrap_or(source);
            let (overlap, window) = (print_duration(overlap), print_duration(window));
            self.fault(&node.at, format!("`overlap` ({overlap}) must be shorter than `window` ({window})"));
        }
        for key in ["key", "number", "time", "cursor"] {
            source.get_several(key).iter().for_each(|node| self.member(key, node));
        }
        if let Some(key) = source.get("key").filter(|key| key.list().is_some_and(<[Node]>::is_empty)) {
            self.fault(&key.at, "`key` needs at least one path");
        }
        if let Some(sweep) = source.get("sweep").filter(|sweep| sweep.map().is_some()) {
            let is_full = source.get("mode").and_then(Node::text) == Some("full");
            match (sweep.get("every"), sweep.get("cron")) {
                // Each run reads everything, and is a sweep.
                (None, None) if is_full => {}
                (None, None) => self.fault(&sweep.at, "`sweep` needs one of `every`, `cron`"),
                (Some(_), Some(cron)) => self.fault(&cron.at, "`cron` can't stand beside `every`: give one"),
                _ => {}
            }
            let is_timed = source.get("time").is_some() || source.get("changed_fields").is_some();
            if let Some(deletes) = sweep.get("deletes").filter(|_| sweep.get_bool("deletes") == Some(true))
                && !is_full
                && !is_timed
            {
                self.fault(&deletes.at, "`deletes` needs the documents' `time`, to tell which of them a sweep reads");
            }
        }
    }

    /// A row version alone finds neither what was published late nor what restarted versions hide (rule 27).
    fn cursor(&mut self, source: &Node) {
        let (mode, cursor) = (source.get("mode"), source.get("cursor"));
        let named = mode.and_then(Node::text);
        let fills = |node: &Node| node.text().is_some_and(|text| text.contains("{{") && text.contains("LAST_CURSOR"));
        if let Some((_, node)) = source.get_entries("params").iter().find(|(_, node)| cursor.is_none() && fills(node)) {
            self.fault(&node.at, "`{{LAST_CURSOR}}` needs `cursor`, the path of the row version, such as `$.ts`");
        }
        let Some(node) = cursor.filter(|_| named.is_none()).or(mode.filter(|_| named == Some("cursor"))) else {
            return;
        };
        if cursor.is_none() {
            self.fault(&node.at, "`mode: cursor` needs `cursor`, the path of the row version, such as `$.ts`");
        }
        if source.get("sweep").is_none() {
            let message = "a row version is followed only beside a sweep: write `sweep: { cron: \"0 3 * * *\" }`";
            self.fault(&node.at, message);
        }
    }

    /// Parameters that are no expression; one that names its documents is needed.
    fn detail(&mut self, detail: &Node) {
        let params = detail.get_entries("params");
        for (_, node) in params {
            if let Some(slip) = node.text().and_then(|text| detail_param(text).err()) {
                self.fault(&node.inside(slip.offset), slip.message);
            }
        }
        let reads = |node: &Node| {
            // What is no expression has been told.
            node.text().is_none_or(|text| detail_param(text).map_or(true, |param| !param.queries().is_empty()))
        };
        if let Some(node) = detail.get("params").filter(|node| node.map().is_some())
            && !params.iter().any(|(_, node)| reads(node))
        {
            self.fault(
                &node.at,
                "`params` names no field of the listed document: write `{ company_id: $.company_id }`",
            );
        }
    }

    /// A path whose value is one member of the document, such as `$.io_id`.
    fn member(&mut self, key: &str, node: &Node) {
        let Some(query) = node.query() else { return };
        if !is_member(&query) {
            let message = format!(
                "`{key}` must be a path of plain names below the document, such as `$.io_id`, not `{}`",
                query.text()
            );
            self.fault(&node.at, message);
        }
    }

    fn diff(&mut self, diff: &Node) {
        for key in ["ignore", "numeric"] {
            for node in diff.get_several(key) {
                if let Some(query) = node.query() {
                    self.below_document(&format!("a path of `{key}`"), &query, &node.at);
                }
            }
        }
        for (Name { text, at }, node) in diff.get_entries("lists") {
            if let Ok(query) = Query::parse(text) {
                self.below_document("a path of `lists`", &query, at);
            }
            self.member("lists", node);
        }
    }

    fn below_document(&mut self, what: &str, query: &Query, at: &Position) {
        if query.root() != Root::Document || query.steps().is_empty() {
            self.fault(at, format!("{what} must lie below the document, such as `$.items`, not `{}`", query.text()));
        } else if !is_rule(query) {
            let message = format!(
                "{what} holds names and, for all elements of a list, `[*]`, such as `$.items[*].price`, not `{}`",
                query.text()
            );
            self.fault(at, message);
        }
    }

    fn target(&mut self, target: &Node) {
        if let Some(when) = target.get("when") {
            self.when(when);
        }
        let operations = target.get_several("operations");
        for (index, operation) in operations.iter().enumerate() {
            match operation.get("when") {
                Some(when) => self.when(when),
                None if index + 1 < operations.len() && operation.map().is_some() => {
                    self.fault(&operation.at, "only the last operation may leave out `when`: those after it never run");
                }
                None => {}
            }
        }
        if let Some(remembers) = target.get("remembers")
            && target.get_text("in_doubt").as_deref() != Some("resend")
        {
            self.fault(&remembers.at, "`remembers` belongs to `in_doubt: resend`");
        }
        if let Some(retry) = target.get("retry") {
            let from = retry.get_duration("from").unwrap_or(RETRY_FROM);
            let to = retry.get_duration("to").unwrap_or(RETRY_TO);
            if from > to {
                let node = retry.get("from").or(retry.get("to")).unwrap_or(retry);
                let (from, to) = (print_duration(from), print_duration(to));
                self.fault(&node.at, format!("`from` ({from}) must not be longer than `to` ({to})"));
            }
        }
    }

    /// A write-back is a target as well, known as `T.writeback`.
    fn writeback(&mut self, root: &Node, of: &Name, writeback: &Node) {
        self.target(writeback);
        if let Some(nested) = writeback.get("writeback") {
            self.fault(&nested.at, "a write-back has no write-back of its own");
        }
        let name = format!("{}.writeback", of.text);
        if let Some((twin, _)) = root.get_entries("targets").iter().find(|(target, _)| target.text == name) {
            self.fault(
                &twin.at,
                format!("`{name}` is what the write-back of `{}` is called: name it otherwise", of.text),
            );
        }
    }

    /// In `when`, `@` is not the document but what is known of the change.
    fn when(&mut self, node: &Node) {
        let Some(condition) = node.text().and_then(|text| Condition::parse(text).ok()) else { return };
        for query in condition.queries() {
            let Some(name) = foreign_member(query) else { continue };
            let rest = query.text().strip_prefix('@').unwrap_or_default();
            let hint = match nearest(&name, MEMBERS) {
                Some(_) => suggest(&name, "allowed are", MEMBERS),
                None => format!("write `@.after{rest}`; {}", suggest(&name, "allowed are", MEMBERS)),
            };
            let offset = condition.text().find(query.text()).unwrap_or_default();
            let before = condition.text().get(..offset).unwrap_or_default().chars().count();
            let message = format!("`@` has no `{name}` in a condition over a change: {hint}");
            self.fault(&node.inside(before), message);
        }
        for path in condition.change_paths() {
            if let Err(message) = change_path(path) {
                let before = condition.text().split(path.as_str()).next().unwrap_or_default().chars().count();
                self.fault(&node.inside(before), message);
            }
        }
    }
}

/// Whether a change can have this path; the error says what its path would be.
fn change_path(text: &str) -> Result<(), String> {
    const FORM: &str = "names and, for the elements of lists, `[*]`, such as `$.FSaleOrderEntry[*].FQty`";
    let wrong = format!("no change has the path `{text}`");
    let query = Query::parse(text).map_err(|slip| format!("{wrong}: {}; it holds {FORM}", slip.message))?;
    match query.as_change_path() {
        Some(told) if told == text => Ok(()),
        Some(told) => Err(format!("{wrong}: write `{told}`")),
        None => Err(format!("{wrong}: it holds {FORM}")),
    }
}

/// What `@` has in a condition over a change (interface.md section 4, "Conditions").
const MEMBERS: [&str; 5] = ["kind", "before", "after", "changed", "receipt"];

/// The member of `@` that a query in such a condition reads, if `@` has none of that name.
fn foreign_member(query: &Query) -> Option<String> {
    match query.steps().into_iter().next() {
        Some(Step::Name(name)) if query.root() == Root::Element(1) && !MEMBERS.contains(&name.as_str()) => Some(name),
        _ => None,
    }
}

/// Whether a condition over a change reads only what `@` has there; if not, that has been told.
pub(super) fn is_over_change(condition: &Condition) -> bool {
    condition.queries().into_iter().all(|query| foreign_member(query).is_none())
}

/// Whether a query is made of what a diff rule knows: names and `[*]`. Any other would hold for more, or for nothing.
pub(super) fn is_rule(query: &Query) -> bool {
    !query.picks() && query.steps().iter().all(|step| matches!(step, Step::Name(_) | Step::Wildcard))
}

/// Whether a query is a chain of plain names below the document; where one must be, another has been told.
pub(super) fn is_member(query: &Query) -> bool {
    query.root() == Root::Document && query.names().is_some_and(|names| !names.is_empty())
}
