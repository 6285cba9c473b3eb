//! Conditions.

use super::expression::Logical;
use super::find::Here;
use super::reads::{Reads, Trail};
use super::{EvalFault, Query, Root, Scope, Slip, Step, compile, lower};

/// A filter expression of RFC 9535, evaluated exactly; a pipe in parentheses may stand in any comparison. Its `@` is
/// the innermost element, outside of any `$each` the document.
#[derive(Debug, Clone)]
pub struct Condition {
    text: String,
    logical: Logical,
    reads: Vec<Query>,
    /// Texts it compares with the paths of changes.
    change_paths: Vec<String>,
}

impl Condition {
    /// Reads a condition.
    pub fn parse(text: &str) -> Result<Self, Slip> {
        let logical = compile::condition(text, &lower::condition(text)?)?;
        let mut reads = Reads::default();
        logical.reads(None, &mut reads);
        let change_paths = reads.compared.into_iter().filter(|(trail, _)| is_change_path(trail));
        Ok(Self {
            text: text.to_owned(),
            logical,
            reads: reads.trails.into_iter().map(Query::along).collect(),
            change_paths: change_paths.map(|(_, text)| text).collect(),
        })
    }

    /// The texts that it compares with `@.changed[…].path`, as a condition over a change: each names a field.
    pub fn change_paths(&self) -> &[String] {
        &self.change_paths
    }

    /// The same condition, known to be one over a change: what it reads of the changes' paths counts as read of the
    /// newest state, so that checks of fields meet it.
    pub fn over_change(mut self) -> Self {
        self.reads.extend(self.change_paths.iter().filter_map(|path| Query::parse(path).ok()?.below("after")));
        self
    }

    /// Its text, as written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Everything it reads, filters and pipes included; filters are shown as `[*]`.
    pub fn queries(&self) -> Vec<&Query> {
        self.reads.iter().collect()
    }

    /// Whether it holds. Fails only by a pipe.
    pub fn holds(&self, scope: &Scope<'_>) -> Result<bool, EvalFault> {
        self.logical.holds(&Here::new(scope))
    }
}

/// Whether a path is `@.changed[…].path`.
fn is_change_path(trail: &Trail) -> bool {
    let [Step::Name(list), Step::Wildcard | Step::Index(_), Step::Name(field)] = trail.steps.as_slice() else {
        return false;
    };
    matches!(trail.root, Root::Document | Root::Element(1)) && list == "changed" && field == "path"
}
