//! Lines: the elements of a list that is matched by key (rule 20).

use std::borrow::Cow;
use std::collections::HashMap;

use crate::diff::document::{Content, List, Node};
use crate::diff::identity::plain;
use crate::diff::rules::Step;

/// The text of a line's key, numbers as plain decimals. `None` where it is absent, null, blank, or neither text
/// nor number.
pub(super) fn key<'d>(line: Node<'d>, path: &[Step]) -> Option<Cow<'d, str>> {
    let node = path.iter().try_fold(line, |node, step| match step {
        Step::Name(name) => node.member(name),
        Step::AnyElement => None,
    })?;
    match node.content() {
        Content::Text(text) if !text.trim().is_empty() => Some(Cow::Borrowed(text)),
        Content::Number(text) => plain(text).map(Cow::Owned),
        _ => None,
    }
}

/// A line before and after: one of both at least is there.
pub(super) struct Pair<'d> {
    pub(super) key: Option<Cow<'d, str>>,
    pub(super) before: Option<Node<'d>>,
    pub(super) after: Option<Node<'d>>,
    /// Whether the key was missing or repeated, so that lines were paired by content.
    pub(super) approximate: bool,
}

/// The lines of one key.
#[derive(Default)]
struct Group<'d> {
    before: Vec<Node<'d>>,
    after: Vec<Node<'d>>,
}

/// Pairs the lines of two lists by key. Where a key is missing or repeated, lines of equal `form` are the same
/// line; what is left is paired in the order of the lists. In the order in which keys appear, `before` first.
pub(super) fn pair<'d>(
    before: List<'d>,
    after: List<'d>,
    path: &[Step],
    form: impl Fn(Node<'d>) -> Vec<u8>,
) -> Vec<Pair<'d>> {
    let mut places: HashMap<Option<Cow<'d, str>>, usize> = HashMap::new();
    let mut groups: Vec<(Option<Cow<'d, str>>, Group<'d>)> = Vec::new();
    let sides = before.map(|line| (line, false)).chain(after.map(|line| (line, true)));
    for (line, is_after) in sides {
        let key = key(line, path);
        let place = *places.entry(key.clone()).or_insert(groups.len());
        if place == groups.len() {
            groups.push((key, Group::default()));
        }
        let group = &mut groups[place].1;
        if is_after { &mut group.after } else { &mut group.before }.push(line);
    }
    let mut pairs = Vec::new();
    for (key, mut group) in groups {
        let approximate = key.is_none() || group.before.len() > 1 || group.after.len() > 1;
        if approximate {
            group.cancel_equal(&form);
        }
        for at in 0..group.before.len().max(group.after.len()) {
            let (before, after) = (group.before.get(at).copied(), group.after.get(at).copied());
            pairs.push(Pair { key: key.clone(), before, after, approximate });
        }
    }
    pairs
}

impl<'d> Group<'d> {
    /// Takes away the lines that stand on both sides with the same form, each as often as it stands on both.
    fn cancel_equal(&mut self, form: impl Fn(Node<'d>) -> Vec<u8>) {
        let mut unmatched: HashMap<Vec<u8>, usize> = HashMap::new();
        for line in &self.before {
            *unmatched.entry(form(*line)).or_default() += 1;
        }
        self.after.retain(|line| !take_one(&mut unmatched, &form(*line)));
        self.before.retain(|line| take_one(&mut unmatched, &form(*line)));
    }
}

/// Counts down; whether there was one.
fn take_one(counts: &mut HashMap<Vec<u8>, usize>, form: &[u8]) -> bool {
    match counts.get_mut(form) {
        Some(count) if *count > 0 => {
            *count -= 1;
            true
        }
        _ => false,
    }
}
