//! The rules of a scheme's `diff:`: what makes a change and what does not (interface.md section 4).

use std::fmt;

use crate::diff::path;

/// The rules of one scheme.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DiffRules {
    /// Paths that never make a change.
    pub ignore: Vec<RulePath>,
    /// Lists whose elements are matched by key: the path of the list, and the path of the key within an element
    /// (an empty one: the element itself; names only, a `[*]` there finds none). Their order is no change.
    pub lists: Vec<(RulePath, RulePath)>,
    /// How numbers are compared.
    pub numbers: Numbers,
    /// Paths where the text `"12"` and the number 12 are equal.
    pub numeric: Vec<RulePath>,
}

/// How numbers are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Numbers {
    /// By value: 12.50 equals 12.5 and 1.25e1.
    #[default]
    Value,
    /// By text: 12.50 differs from 12.5. Only the writing of an exponent does not count: 1E5 is 1e+5.
    Text,
}

/// A path of a rule, from the document's root or from a list's element: member names and `[*]`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RulePath(Vec<Step>);

/// One step of a [`RulePath`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// The member of this name.
    Name(String),
    /// `[*]`: each element of a list.
    AnyElement,
}

impl RulePath {
    /// A path of steps.
    pub fn new(steps: Vec<Step>) -> Self {
        Self(steps)
    }

    /// Its steps.
    pub fn steps(&self) -> &[Step] {
        &self.0
    }
}

impl DiffRules {
    /// The rules as one text, for the gate's fingerprint: equal texts are equal rules. The order in which rules
    /// are written does not count.
    pub fn text(&self) -> String {
        let sorted = |mut texts: Vec<String>| {
            texts.sort();
            texts.dedup();
            texts.join(" ")
        };
        format!(
            "ignore {}; lists {}; numbers {:?}; numeric {}",
            sorted(self.ignore.iter().map(ToString::to_string).collect()),
            sorted(self.lists.iter().map(|(list, key)| format!("{list}: {key}")).collect()),
            self.numbers,
            sorted(self.numeric.iter().map(ToString::to_string).collect()),
        )
    }
}

/// As users write it: `$.items[*].x`.
impl fmt::Display for RulePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("$")?;
        for step in &self.0 {
            match step {
                Step::Name(name) => f.write_str(&path::name_step(name))?,
                Step::AnyElement => f.write_str(path::ANY_ELEMENT)?,
            }
        }
        Ok(())
    }
}

/// The rules of one scheme as a tree, so that a walk over a document meets each where it holds.
#[derive(Debug, Clone, Default)]
pub(super) struct RuleTree {
    ignored: bool,
    numeric: bool,
    line_key: Option<Vec<Step>>,
    names: Vec<(String, RuleTree)>,
    element: Option<Box<RuleTree>>,
}

impl RuleTree {
    pub(super) fn new(rules: &DiffRules) -> Self {
        let mut tree = Self::default();
        for path in &rules.ignore {
            tree.at(path).ignored = true;
        }
        for path in &rules.numeric {
            tree.at(path).numeric = true;
        }
        for (path, key) in &rules.lists {
            tree.at(path).line_key = Some(key.0.clone());
        }
        tree
    }

    /// The node of a path, made where there is none.
    fn at(&mut self, path: &RulePath) -> &mut Self {
        path.0.iter().fold(self, |node, step| match step {
            Step::AnyElement => node.element.get_or_insert_default(),
            Step::Name(name) => {
                let place = node.names.iter().position(|(known, _)| known == name).unwrap_or_else(|| {
                    node.names.push((name.clone(), Self::default()));
                    node.names.len() - 1
                });
                &mut node.names[place].1
            }
        })
    }
}

/// The rules that hold at one value of a document and below it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rule<'r>(Option<&'r RuleTree>);

impl<'r> Rule<'r> {
    /// No rules.
    pub(super) const NONE: Rule<'static> = Rule(None);

    /// The rules at a document's root.
    pub(super) fn root(tree: &'r RuleTree) -> Self {
        Self(Some(tree))
    }

    /// The rules at the member of this name.
    pub(super) fn member(self, name: &str) -> Self {
        let names = self.0.map_or(&[][..], |node| &node.names);
        Self(names.iter().find(|(known, _)| known == name).map(|(_, node)| node))
    }

    /// The rules at each element.
    pub(super) fn element(self) -> Self {
        Self(self.0.and_then(|node| node.element.as_deref()))
    }

    /// Whether nothing here counts.
    pub(super) fn ignored(self) -> bool {
        self.0.is_some_and(|node| node.ignored)
    }

    /// Whether a text that is a number counts as that number here.
    pub(super) fn numeric(self) -> bool {
        self.0.is_some_and(|node| node.numeric)
    }

    /// The path of the elements' key, where a list here is matched by key.
    pub(super) fn line_key(self) -> Option<&'r [Step]> {
        self.0.and_then(|node| node.line_key.as_deref())
    }
}
