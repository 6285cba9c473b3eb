//! Queries.

use super::expression::{Base, Path, Segment, Selector, Trail};
use super::find::Here;
use super::{EvalFault, Found, Root, Scope, Slip, Step, compile, lower};

/// A query: a root (`$`, `@`, `@@`, `@@@`, `$receipt`), then RFC 9535 segments. Parsed once, at load.
#[derive(Debug, Clone)]
pub struct Query {
    text: String,
    root: Root,
    path: Path,
    singular: bool,
    /// What its filters read.
    inner: Vec<Query>,
}

impl Query {
    /// Reads a query. Pipes in its filters are refused, because they can fault: [`Query::find`] can't.
    pub fn parse(text: &str) -> Result<Self, Slip> {
        Self::read(text, false)
    }

    /// Reads a query whose filters may hold pipes, `$.items[?(@.qty | default(0)) > 0]`: evaluated by
    /// [`Query::try_find`].
    pub fn parse_with_pipes(text: &str) -> Result<Self, Slip> {
        Self::read(text, true)
    }

    fn read(text: &str, pipes: bool) -> Result<Self, Slip> {
        let (root, begin) = root(text)?;
        let path = compile::path(text, root, &lower::path(text, begin, pipes)?)?;
        let inner = path.filter_reads(root).into_iter().map(Self::along).collect();
        Ok(Self { text: text.to_owned(), root, singular: path.is_singular(), path, inner })
    }

    /// A query that takes some steps.
    pub(super) fn along(trail: Trail) -> Self {
        let mut text = match trail.root {
            Root::Document => "$".to_owned(),
            Root::Receipt => "$receipt".to_owned(),
            Root::Element(n) => "@".repeat(n),
        };
        let mut segments = Vec::with_capacity(trail.steps.len());
        let mut descends = false;
        for step in trail.steps {
            let dots = if descends { ".." } else { "" };
            match &step {
                Step::Name(name) => text.push_str(&format!("{dots}{}", written(name, descends))),
                Step::Index(index) => text.push_str(&format!("{dots}[{index}]")),
                Step::Wildcard => text.push_str(&format!("{dots}[*]")),
                Step::Descendant => {}
            }
            let selector = match step {
                Step::Name(name) if !descends => {
                    segments.push(Segment::Name(name));
                    continue;
                }
                Step::Index(index) if !descends => {
                    segments.push(Segment::Index(index));
                    continue;
                }
                Step::Name(name) => Selector::Name(name),
                Step::Index(index) => Selector::Index(index),
                Step::Wildcard => Selector::Wildcard,
                Step::Descendant => {
                    descends = true;
                    continue;
                }
            };
            segments.push(if descends {
                Segment::Descendants(vec![selector])
            } else {
                Segment::Children(vec![selector])
            });
            descends = false;
        }
        let path = Path { base: Base::Root(trail.root), segments };
        Self { text, root: trail.root, singular: path.is_singular(), path, inner: Vec::new() }
    }

    /// Its text, as written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it finds at most one value by its form: names and indexes only.
    pub fn is_singular(&self) -> bool {
        self.singular
    }

    /// Where it begins.
    pub fn root(&self) -> Root {
        self.root
    }

    /// The names, where it is a chain of plain member names below the root; none for the root itself.
    pub fn names(&self) -> Option<Vec<&str>> {
        let segments = self.path.segments.iter();
        segments.map(|segment| if let Segment::Name(name) = segment { Some(name.as_str()) } else { None }).collect()
    }

    /// Its steps, for checks against known fields.
    pub fn steps(&self) -> Vec<Step> {
        self.path.steps()
    }

    /// Itself and what its filters read, for checks: `$.a[?@.b == $.c]` gives itself, `$.a[*].b` and `$.c`.
    pub fn queries(&self) -> Vec<&Query> {
        std::iter::once(self).chain(&self.inner).collect()
    }

    /// What it finds. Of a query with pipes in its filters a fault counts as nothing: use [`Query::try_find`].
    pub fn find<'a>(&self, scope: &Scope<'a>) -> Found<'a> {
        self.try_find(scope).unwrap_or(if self.singular { Found::Nothing } else { Found::Many(Vec::new()) })
    }

    /// What it finds; fails only by a pipe in one of its filters.
    pub fn try_find<'a>(&self, scope: &Scope<'a>) -> Result<Found<'a>, EvalFault> {
        let here = Here::new(scope);
        if self.singular {
            return Ok(self.path.one(&here).map_or(Found::Nothing, Found::One));
        }
        self.path.all(&here).map(Found::Many)
    }
}

/// A name as a segment.
fn written(name: &str, after_dots: bool) -> String {
    let mut chars = name.chars();
    let plain = chars.next().is_some_and(lower::is_name_first) && chars.all(lower::is_name_char);
    match (plain, after_dots) {
        (true, true) => name.to_owned(),
        (true, false) => format!(".{name}"),
        (false, _) => format!("['{}']", name.replace('\\', "\\\\").replace('\'', "\\'")),
    }
}

/// The root a text begins with, and its bytes.
pub(super) fn root(text: &str) -> Result<(Root, usize), Slip> {
    let word = |from: usize| {
        let rest = text.get(from..).unwrap_or("");
        rest.get(..rest.find(|c| !lower::is_name_char(c)).unwrap_or(rest.len())).unwrap_or("")
    };
    let slip = |message: String| Err(Slip::at(text, 0, message));
    if text.starts_with('$') {
        return match word(1) {
            "receipt" => Ok((Root::Receipt, "$receipt".len())),
            "" if text.starts_with("$$") => {
                slip(format!("`$` stands once: `{}`", text.trim_start_matches('$').split_at(0).1))
            }
            "" => Ok((Root::Document, 1)),
            name => slip(format!(
                "unknown root `${name}`; the roots are `$`, `@`, `@@`, `@@@`, `$receipt`; a field is `$.{name}`"
            )),
        };
    }
    let ats = text.len() - text.trim_start_matches('@').len();
    match (ats, word(ats)) {
        (0, _) if text.starts_with(char::is_whitespace) => {
            slip("a path begins with its root, not with a blank".to_owned())
        }
        (0, _) => slip("a path begins with `$`, `@`, `@@`, `@@@` or `$receipt`".to_owned()),
        (4.., _) => slip("at most `@@@`: the element two `$each` further out".to_owned()),
        (_, "") => Ok((Root::Element(ats), ats)),
        (_, name) => slip(format!("after `{0}` a `.` is missing: `{0}.{name}`", "@".repeat(ats))),
    }
}
