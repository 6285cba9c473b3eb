//! The rules of a scheme's `diff:`: what makes a change and what does not (interface.md section 4).

use std::fmt;

/// The rules of one scheme.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DiffRules {
    /// Paths that never make a change.
    pub ignore: Vec<RulePath>,
    /// Lists whose elements are matched by key: the path of the list, and the path of the key within an element
    /// (an empty one: the element itself). Their order is no change.
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
                Step::Name(name) => write!(f, ".{name}")?,
                Step::AnyElement => f.write_str("[*]")?,
            }
        }
        Ok(())
    }
}
