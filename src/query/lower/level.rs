//! What is open while an expression is read, and the rules of what may stand in it.

use super::{Last, Lowering, MAX_CALLS, MAX_NESTING, MAX_PIPES, run_of};
use crate::query::pipe::scan;
use crate::query::{Pipe, Slip};

/// What an open bracket or parenthesis holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The segments of a path.
    Path,
    /// A condition as a whole.
    Condition,
    /// Selectors.
    Brackets,
    /// A filter selector, in the same brackets.
    Filter,
    /// Parentheses around a part of a condition.
    Group,
    /// Arguments.
    Call,
}

/// Something open, and what is known of the operand being read in it.
#[derive(Debug)]
pub(super) struct Level {
    pub kind: Kind,
    /// Where it was opened.
    pub at: usize,
    /// Where the operand's path begins.
    pub path_at: usize,
    /// The operand is a path that may find several values.
    pub plural: bool,
    /// `..` in the operand's path.
    pub descents: usize,
    /// A comparison operator was read since the last `&&`, `||` or `,`.
    pub compared: bool,
    /// The function that gave the operand, and where.
    pub function: Option<(&'static str, usize)>,
    /// Of brackets: they may select several values.
    pub several: bool,
}

impl Level {
    pub fn new(kind: Kind, at: usize) -> Self {
        Self { kind, at, path_at: at, plural: false, descents: 0, compared: false, function: None, several: false }
    }

    pub fn is_expression(&self) -> bool {
        matches!(self.kind, Kind::Condition | Kind::Filter | Kind::Group | Kind::Call)
    }

    pub fn opened_by(&self) -> &'static str {
        if matches!(self.kind, Kind::Group | Kind::Call) { "(" } else { "[" }
    }
}

impl Lowering<'_> {
    /// The innermost level. The first is never closed.
    pub(super) fn level(&mut self) -> &mut Level {
        if self.levels.is_empty() {
            self.levels.push(Level::new(Kind::Path, 0));
        }
        let innermost = self.levels.len() - 1;
        &mut self.levels[innermost]
    }

    pub(super) fn kind(&self) -> Kind {
        self.levels.last().map_or(Kind::Path, |level| level.kind)
    }

    pub(super) fn in_expression(&self) -> bool {
        self.levels.last().is_some_and(Level::is_expression)
    }

    /// How many filters are open: inside of one, `@` is its current node.
    pub(super) fn filters(&self) -> usize {
        self.levels.iter().filter(|level| level.kind == Kind::Filter).count()
    }

    fn open(&mut self, kind: Kind) -> Result<(), Slip> {
        if self.levels.len() > MAX_NESTING {
            return Err(self.slip(self.at, format!("nested deeper than {MAX_NESTING}")));
        }
        self.levels.push(Level::new(kind, self.at));
        self.take(1, Last::Opening);
        Ok(())
    }

    pub(super) fn open_brackets(&mut self) -> Result<(), Slip> {
        if self.last == Last::Dot && !self.text.get(..self.at).is_some_and(|read| read.ends_with("..")) {
            return Err(self.corrected(self.last_at..self.at, "", "`.` does not stand before `[`"));
        }
        if self.last.is_path() {
            self.no_blank_before_segment()?;
        } else if self.last != Last::Dot {
            return Err(self.slip(self.at, "a list can't be compared; `[` follows a path at once"));
        }
        self.open(Kind::Brackets)
    }

    pub(super) fn close_brackets(&mut self) -> Result<(), Slip> {
        match self.kind() {
            Kind::Filter => self.operand_ends()?,
            Kind::Brackets => {}
            _ => return Err(self.slip(self.at, "`]` closes nothing")),
        }
        if self.last == Last::Opening || self.last == Last::Comparison {
            return Err(self.slip(self.at, "a name in quotes, an index, `*`, a slice or a filter `?…` must stand here"));
        }
        let several = self.levels.pop().is_some_and(|level| level.several);
        self.level().plural |= several;
        self.take(1, Last::Brackets);
        Ok(())
    }

    pub(super) fn open_parenthesis(&mut self) -> Result<(), Slip> {
        if self.last == Last::Function {
            if self.levels.iter().filter(|level| level.kind == Kind::Call).count() >= MAX_CALLS {
                return Err(self.slip(self.at, format!("more than {MAX_CALLS} function calls inside each other")));
            }
            return self.open(Kind::Call);
        }
        if self.last == Last::Name {
            return Err(self.method());
        }
        if !self.in_expression() || self.last.is_operand() {
            return Err(self.unexpected('('));
        }
        if self.holds_pipe()? {
            return self.piped();
        }
        if self.last == Last::Comparison {
            return Err(self.slip(self.at, "a side of a comparison stands without parentheses, unless it is a pipe"));
        }
        self.open(Kind::Group)
    }

    pub(super) fn close_parenthesis(&mut self) -> Result<(), Slip> {
        let kind = self.kind();
        if !matches!(kind, Kind::Group | Kind::Call) {
            return Err(self.slip(self.at, "`)` closes nothing"));
        }
        if matches!(self.last, Last::Opening | Last::Comparison) {
            return Err(self.slip(self.at, "a value must stand before `)`"));
        }
        self.operand_ends()?;
        self.levels.pop();
        self.take(1, if kind == Kind::Call { Last::Call } else { Last::Group });
        Ok(())
    }

    /// Whether the parentheses that open here hold a pipe.
    fn holds_pipe(&self) -> Result<bool, Slip> {
        let inner = self.text.get(self.at + 1..).unwrap_or("");
        let scanned = scan(inner, ')').map_err(|slip| slip.within(self.text, self.at + 1))?;
        Ok(scanned.bars.first().is_some_and(|bar| {
            // `(@.a | @.b)` is a slip for `||`, told where the bar is met.
            let filter = inner.get(bar + 1..).unwrap_or("").trim_start();
            filter.starts_with(|c: char| c.is_ascii_alphabetic())
        }))
    }

    /// A pipe in parentheses, as an operand.
    fn piped(&mut self) -> Result<(), Slip> {
        let Some(depth) = self.pipes else {
            return Err(
                self.slip(self.at, "a pipe can't stand in the filter of a plain path, only where values are made")
            );
        };
        if depth == MAX_PIPES {
            return Err(self.slip(self.at, format!("more than {MAX_PIPES} pipes inside each other")));
        }
        let from = self.at + 1;
        let inner = self.text.get(from..).unwrap_or("");
        let end = scan(inner, ')').map_err(|slip| slip.within(self.text, from))?.end;
        if end == inner.len() {
            return Err(self.slip(self.at, "`(` is not closed"));
        }
        let inner = inner.get(..end).unwrap_or("");
        let start = from + run_of(inner, char::is_whitespace);
        let pipe = Pipe::nested(inner.trim(), depth + 1).map_err(|slip| slip.within(self.text, start))?;
        let mark = format!("'{}p{}'", super::MARK, self.out.pipes.len());
        self.out.pipes.push(pipe);
        (self.last, self.last_at) = (Last::Pipe, self.at);
        self.emit(&mark, end + 2);
        Ok(())
    }

    pub(super) fn comma(&mut self) -> Result<(), Slip> {
        match self.kind() {
            Kind::Filter | Kind::Call => self.operand_ends()?,
            Kind::Brackets => {}
            _ => return Err(self.unexpected(',')),
        }
        let level = self.level();
        level.several = true;
        if level.kind == Kind::Filter {
            level.kind = Kind::Brackets;
        }
        self.take(1, Last::Opening);
        Ok(())
    }

    pub(super) fn question(&mut self) -> Result<(), Slip> {
        if self.kind() != Kind::Brackets || self.last != Last::Opening {
            return Err(self.unexpected('?'));
        }
        let level = self.level();
        (level.kind, level.several) = (Kind::Filter, true);
        self.take(1, Last::Opening);
        Ok(())
    }

    pub(super) fn colon(&mut self) -> Result<(), Slip> {
        if self.kind() != Kind::Brackets {
            return Err(self.unexpected(':'));
        }
        self.level().several = true;
        self.take(1, Last::Colon);
        Ok(())
    }

    /// An operand is complete: what it may be is known now.
    pub(super) fn operand_ends(&mut self) -> Result<(), Slip> {
        let last = self.last;
        let in_test = self.in_expression() && self.kind() != Kind::Call;
        let level = self.level();
        let (plural, compared, function, path_at) = (level.plural, level.compared, level.function, level.path_at);
        (level.plural, level.compared, level.function) = (false, false, None);
        if compared {
            return self.comparable(plural, function, path_at);
        }
        // That a side of a comparison stands in parentheses is told where its operator is met.
        let compared_next = || self.rest().strip_prefix(')').is_some_and(|rest| is_comparison(rest.trim_start()));
        if in_test && last.is_path() && !plural && self.filters() == 0 && !compared_next() {
            return Err(self.bare(path_at));
        }
        match function {
            Some((name @ ("count" | "length" | "value"), at)) if in_test => {
                Err(self.slip(at, format!("`{name}(…)` gives a value, which must be compared: `{name}(…) > 0`")))
            }
            _ if last == Last::Pipe && in_test => {
                Err(self.slip(self.last_at, "a pipe gives a value, which must be compared: `(…) == true`"))
            }
            _ if last == Last::Literal && in_test => {
                Err(self.slip(self.last_at, "a value alone is no condition, it must be compared: `@.name == …`"))
            }
            _ => Ok(()),
        }
    }

    /// Whether what was read may be a side of a comparison.
    pub(super) fn comparable(
        &self,
        plural: bool,
        function: Option<(&'static str, usize)>,
        path_at: usize,
    ) -> Result<(), Slip> {
        match function {
            Some((name @ ("match" | "search"), at)) => {
                Err(self.slip(at, format!("`{name}(…)` is a condition by itself: without comparison, or `!{name}(…)`")))
            }
            _ if plural => {
                let path = self.text.get(path_at..self.at).unwrap_or("").trim_end();
                Err(self.slip(
                    path_at,
                    format!(
                        "`{path}` may find several values, a comparison takes one: `({path} | first) == …`, or ask \
                         whether there is one, `list[?@.name == …]`"
                    ),
                ))
            }
            _ => Ok(()),
        }
    }
}

fn is_comparison(text: &str) -> bool {
    text.starts_with(['=', '<', '>']) || text.starts_with("!=")
}
