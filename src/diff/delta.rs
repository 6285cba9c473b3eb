//! Field-level differences between two documents.

use std::borrow::Cow;
use std::cmp::Ordering;

use serde::Serialize;
use serde_json::Value;

use crate::diff::canonical;
use crate::diff::document::{Content, List, Node, Object};
use crate::diff::lines::{self, Pair};
use crate::diff::path::{self, ANY_ELEMENT};
use crate::diff::rules::{Numbers, Rule};

/// One difference: an element of `changed` in conditions (interface.md section 4).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FieldChange {
    /// Where, with `[*]` for list elements: `$.FSaleOrderEntry[*].FQty`. A line added or removed: `$.LIST[*]`.
    pub path: String,
    /// What happened there.
    pub op: ChangeOp,
    /// The value before; none for an addition.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Value>,
    /// The value after; none for a removal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<Value>,
    /// Key of the line, within a list matched by key: the innermost one's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Whether the line's key was missing or repeated, so that lines were paired by content (rule 20).
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub approximate: bool,
}

/// What happened to a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ChangeOp {
    /// It was not there before.
    Add,
    /// It is gone.
    Remove,
    /// It has another value.
    Replace,
}

/// A walk over two documents at once.
pub(super) struct Delta {
    numbers: Numbers,
    /// Path of the values being compared.
    path: String,
    /// Key of the innermost line matched by key.
    key: Option<String>,
    /// Whether that line or one around it was paired by content.
    approximate: bool,
    changes: Vec<FieldChange>,
}

impl Delta {
    /// The differences between two documents.
    pub(super) fn between(before: Node<'_>, after: Node<'_>, rule: Rule<'_>, numbers: Numbers) -> Vec<FieldChange> {
        let mut delta = Self { numbers, path: String::from("$"), key: None, approximate: false, changes: Vec::new() };
        delta.values(before, after, rule);
        delta.changes
    }

    fn values(&mut self, before: Node<'_>, after: Node<'_>, rule: Rule<'_>) {
        if rule.ignored() {
            return;
        }
        match (before.content(), after.content()) {
            (Content::Object(before), Content::Object(after)) => self.objects(before, after, rule),
            (Content::List(before), Content::List(after)) => match rule.line_key() {
                Some(key) => {
                    let form = |node| self.form(node, rule.element());
                    let pairs = lines::pair(before, after, key, form);
                    self.lines(pairs, rule.element());
                }
                None => self.elements(before, after, rule.element()),
            },
            (Content::Text(before), Content::Text(after)) if before == after => {}
            _ if self.form(before, rule) == self.form(after, rule) => {}
            _ => self.change(Some(before), Some(after), rule),
        }
    }

    /// Members of one name are compared; names are sorted on both sides.
    fn objects(&mut self, before: Object<'_>, after: Object<'_>, rule: Rule<'_>) {
        let (mut before, mut after) = (before.sorted().peekable(), after.sorted().peekable());
        loop {
            let order = match (before.peek(), after.peek()) {
                (None, None) => return,
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some((before, _)), Some((after, _))) => before.cmp(after),
            };
            let old = if order.is_le() { before.next() } else { None };
            let new = if order.is_ge() { after.next() } else { None };
            if let Some((name, _)) = old.or(new) {
                let (old, new) = (old.map(|(_, node)| node), new.map(|(_, node)| node));
                self.within(&path::name_step(name), |delta| delta.either(old, new, rule.member(name)));
            }
        }
    }

    /// Elements of one position are compared.
    fn elements(&mut self, mut before: List<'_>, mut after: List<'_>, rule: Rule<'_>) {
        self.within(ANY_ELEMENT, |delta| {
            loop {
                match (before.next(), after.next()) {
                    (None, None) => return,
                    (old, new) => delta.either(old, new, rule),
                }
            }
        });
    }

    fn lines(&mut self, pairs: Vec<Pair<'_>>, rule: Rule<'_>) {
        let outer = (self.key.take(), self.approximate);
        self.within(ANY_ELEMENT, |delta| {
            for Pair { key, before, after, approximate } in pairs {
                delta.key = key.map(Cow::into_owned);
                delta.approximate = outer.1 || approximate;
                delta.either(before, after, rule);
            }
        });
        (self.key, self.approximate) = outer;
    }

    /// A value that is there on one side at least.
    fn either(&mut self, before: Option<Node<'_>>, after: Option<Node<'_>>, rule: Rule<'_>) {
        match (before, after) {
            (Some(before), Some(after)) => self.values(before, after, rule),
            _ if rule.ignored() => {}
            _ => self.change(before, after, rule),
        }
    }

    fn change(&mut self, before: Option<Node<'_>>, after: Option<Node<'_>>, rule: Rule<'_>) {
        let op = match (before, after) {
            (None, _) => ChangeOp::Add,
            (Some(_), None) => ChangeOp::Remove,
            (Some(_), Some(_)) => ChangeOp::Replace,
        };
        self.changes.push(FieldChange {
            path: self.path.clone(),
            op,
            from: before.map(|node| node.value(rule)),
            to: after.map(|node| node.value(rule)),
            key: self.key.clone(),
            approximate: self.approximate,
        });
    }

    fn form(&self, node: Node<'_>, rule: Rule<'_>) -> Vec<u8> {
        let mut form = Vec::new();
        canonical::write(node, rule, self.numbers, &mut form);
        form
    }

    fn within(&mut self, step: &str, walk: impl FnOnce(&mut Self)) {
        let length = self.path.len();
        self.path.push_str(step);
        walk(self);
        self.path.truncate(length);
    }
}
