//! Queries.

use super::expression::{Path, Segment};
use super::find::Here;
use super::reads::Trail;
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
        Self::read(text, None)
    }

    /// Reads a query whose filters may hold pipes, `$.items[?(@.qty | default(0)) > 0]`: evaluated by
    /// [`Query::try_find`].
    pub fn parse_with_pipes(text: &str) -> Result<Self, Slip> {
        Self::within_pipes(text, 0)
    }

    /// The same of a query that itself stands in so many pipes.
    pub(super) fn within_pipes(text: &str, depth: usize) -> Result<Self, Slip> {
        Self::read(text, Some(depth))
    }

    fn read(text: &str, pipes: Option<usize>) -> Result<Self, Slip> {
        let (root, begin) = root(text)?;
        let path = compile::path(text, root, &lower::path(text, begin, pipes)?)?;
        let inner = path.filter_reads(root).into_iter().map(Self::along).collect();
        Ok(Self { text: text.to_owned(), root, singular: path.is_singular(), path, inner })
    }

    /// A query that takes some steps.
    pub(super) fn along(trail: Trail) -> Self {
        let (text, root, path) = (trail.text(), trail.root, trail.path());
        Self { text, root, singular: path.is_singular(), path, inner: Vec::new() }
    }

    /// The same path of the document where that is a member of `@`; its text stays. `None` for other roots.
    pub(super) fn below(self, member: &str) -> Option<Self> {
        let steps = [Step::Name(member.to_owned())].into_iter().chain(self.steps()).collect();
        let placed = Self::along(Trail { root: Root::Element(1), steps });
        (self.root == Root::Document).then_some(Self { text: self.text, ..placed })
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

    /// Whether it picks some of several children, by a filter, a slice or several selectors. Its steps show them all.
    pub fn picks(&self) -> bool {
        self.path.picks()
    }

    /// The same steps in the one spelling that changes tell: `$['a'][0].b` is `$.a[*].b`. `None` where no change can
    /// have such a path: it picks some, or descends.
    pub fn as_change_path(&self) -> Option<String> {
        let step = |step| match step {
            Step::Name(_) => Some(step),
            Step::Wildcard | Step::Index(_) => Some(Step::Wildcard),
            Step::Descendant => None,
        };
        let steps = self.steps().into_iter().map(step).collect::<Option<Vec<_>>>()?;
        (self.root == Root::Document && !self.picks()).then(|| Trail { root: Root::Document, steps }.text())
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
            "" if text.starts_with("$$") => slip(format!("`$` stands once: `${}`", text.trim_start_matches('$'))),
            "" => Ok((Root::Document, 1)),
            name => slip(format!(
                "unknown root `${name}`; the roots are `$`, `@`, `@@`, `@@@`, `$receipt`; a field is written `$.{name}`, \
                 a literal text `{{ $const: \"{text}\" }}`"
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
