//! What an expression reads, for checks: every path in it, those of filters and pipes too, seen from the scope.

use serde_json::Value;

use super::expression::{Base, Logical, Operand, Path, Segment, Selector};
use super::pattern::Pattern;
use super::{Query, Root, Step, lower};

/// A path read somewhere in an expression, without its filters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Trail {
    pub root: Root,
    pub steps: Vec<Step>,
}

/// What an expression reads.
#[derive(Debug, Default)]
pub(super) struct Reads {
    /// Every path in it.
    pub trails: Vec<Trail>,
    /// Paths compared with texts that are written out.
    pub compared: Vec<(Trail, String)>,
}

impl Trail {
    /// As a query is written.
    pub fn text(&self) -> String {
        let mut text = match self.root {
            Root::Document => "$".to_owned(),
            Root::Receipt => "$receipt".to_owned(),
            Root::Element(n) => "@".repeat(n),
        };
        for step in &self.steps {
            match step {
                Step::Descendant => text.push_str(".."),
                Step::Index(index) => text.push_str(&format!("[{index}]")),
                Step::Wildcard => text.push_str("[*]"),
                Step::Name(name) if !is_plain(name) => {
                    text.push_str(&format!("['{}']", name.chars().map(escaped).collect::<String>()));
                }
                Step::Name(name) => {
                    let dot = if text.ends_with("..") { "" } else { "." };
                    text.push_str(&format!("{dot}{name}"));
                }
            }
        }
        text
    }

    /// As a path.
    pub fn path(self) -> Path {
        let mut segments = Vec::with_capacity(self.steps.len());
        let mut descends = false;
        for step in self.steps {
            let selector = match step {
                Step::Descendant => {
                    descends = true;
                    continue;
                }
                Step::Name(name) => Selector::Name(name),
                Step::Index(index) => Selector::Index(index),
                Step::Wildcard => Selector::Wildcard,
            };
            segments.push(match selector {
                selector if descends => Segment::Descendants(vec![selector]),
                Selector::Name(name) => Segment::Name(name),
                Selector::Index(index) => Segment::Index(index),
                selector => Segment::Children(vec![selector]),
            });
            descends = false;
        }
        Path { base: Base::Root(self.root), segments }
    }
}

/// Whether a name needs no quotes.
fn is_plain(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(lower::is_name_first) && chars.all(lower::is_name_char)
}

fn escaped(c: char) -> String {
    match c {
        '\\' | '\'' => format!("\\{c}"),
        '\0'..='\x1f' => format!("\\u{:04x}", u32::from(c)),
        _ => c.to_string(),
    }
}

impl Path {
    /// Every path its filters read, seen from the scope.
    fn inner_reads(&self, here: &Trail, out: &mut Reads) {
        let mut steps = here.steps.clone();
        for segment in &self.segments {
            steps.extend(segment.steps());
            let (Segment::Children(selectors) | Segment::Descendants(selectors)) = segment else { continue };
            for selector in selectors {
                if let Selector::Filter(filter) = selector {
                    filter.reads(Some(&Trail { root: here.root, steps: steps.clone() }), out);
                }
            }
        }
    }

    /// The trail it begins at; `node` is the current node of the filter it stands in.
    fn begin(&self, node: Option<&Trail>) -> Trail {
        match (self.base, node) {
            (Base::Root(root), _) => Trail { root, steps: Vec::new() },
            (Base::Current, Some(node)) => node.clone(),
            (Base::Current, None) => Trail { root: Root::Element(1), steps: Vec::new() },
        }
    }

    fn reads(&self, node: Option<&Trail>, out: &mut Reads) {
        let begin = self.begin(node);
        self.inner_reads(&begin, out);
        let mut steps = begin.steps;
        steps.extend(self.steps());
        out.trails.push(Trail { root: begin.root, steps });
    }

    /// What the filters of a query read.
    pub fn filter_reads(&self, root: Root) -> Vec<Trail> {
        let mut out = Reads::default();
        self.inner_reads(&Trail { root, steps: Vec::new() }, &mut out);
        out.trails
    }
}

impl Logical {
    /// Every path it reads, seen from the scope. `node`: the current node, where it is a filter.
    pub fn reads(&self, node: Option<&Trail>, out: &mut Reads) {
        match self {
            Self::Or(parts) | Self::And(parts) => parts.iter().for_each(|part| part.reads(node, out)),
            Self::Not(inner) => inner.reads(node, out),
            Self::Exists(path) => path.reads(node, out),
            Self::Matches(operand, pattern) => {
                operand.reads(node, out);
                if let Pattern::Of { operand, .. } = pattern {
                    operand.reads(node, out);
                }
            }
            Self::Compare(left, _, right) => {
                left.reads(node, out);
                right.reads(node, out);
                if let (Operand::Path(path), Operand::Literal(Value::String(text)))
                | (Operand::Literal(Value::String(text)), Operand::Path(path)) = (left, right)
                {
                    let mut trail = path.begin(node);
                    trail.steps.extend(path.steps());
                    out.compared.push((trail, text.clone()));
                }
            }
        }
    }
}

impl Operand {
    fn reads(&self, node: Option<&Trail>, out: &mut Reads) {
        match self {
            Self::Literal(_) => {}
            Self::Path(path) | Self::Count(path) | Self::Only(path) => path.reads(node, out),
            Self::Length(operand) => operand.reads(node, out),
            Self::Pipe(pipe) => out.trails.extend(pipe.queries().into_iter().map(|query| seen_from(node, query))),
        }
    }
}

/// A query of a pipe that stands in a filter: there its `@` is the filter's current node.
fn seen_from(node: Option<&Trail>, query: &Query) -> Trail {
    match (node, query.root()) {
        (Some(node), Root::Element(1)) => {
            Trail { root: node.root, steps: node.steps.iter().cloned().chain(query.steps()).collect() }
        }
        (Some(_), Root::Element(n)) => Trail { root: Root::Element(n - 1), steps: query.steps() },
        (_, root) => Trail { root, steps: query.steps() },
    }
}
