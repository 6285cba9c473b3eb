//! From the tree that `jsonpath-rust` parsed to the compiled form, refusing what its parser takes against RFC 9535.

use jsonpath_rust::parser::model::{
    self, Comparable, Filter, FilterAtom, FnArg, Literal, SingularQuery, SingularQuerySegment, Test, TestFunction,
};
use jsonpath_rust::parser::parse_json_path;
use serde_json::Value;

use super::expression::{Base, Comparison, Logical, Operand, Path, Segment, Selector};
use super::lower::{Lowered, MARK};
use super::pattern::Pattern;
use super::{Root, Slip};

/// Parses and compiles the segments of a path.
pub(super) fn path(text: &str, root: Root, lowered: &Lowered) -> Result<Path, Slip> {
    let query = parse(text, lowered)?;
    let compiler = Compiler { lowered };
    let segments = compiler.segments(&query.segments).map_err(|message| Slip::at(text, 0, message))?;
    Ok(Path { base: Base::Root(root), segments })
}

/// Parses and compiles a condition, lowered as the one filter of a path.
pub(super) fn condition(text: &str, lowered: &Lowered) -> Result<Logical, Slip> {
    let query = parse(text, lowered)?;
    let compiler = Compiler { lowered };
    match query.segments.as_slice() {
        [model::Segment::Selector(model::Selector::Filter(filter))] => {
            compiler.logical(filter).map_err(|message| Slip::at(text, 0, message))
        }
        _ => Err(Slip::at(text, 0, "this is no condition: `@.name == 'text'`")),
    }
}

fn parse(text: &str, lowered: &Lowered) -> Result<model::JpQuery, Slip> {
    parse_json_path(&lowered.text).map_err(|error| {
        use jsonpath_rust::parser::errors::JsonPathError;
        let JsonPathError::PestError(error) = error else {
            return Slip::at(text, 0, "this is no path of RFC 9535: an escape, a number or a function in it is broken");
        };
        // The location's type belongs to the parser generator and is no dependency of ours: `Pos(5)`, `Span((5, 7))`.
        let location = format!("{:?}", error.location);
        let digits: String =
            location.chars().skip_while(|c| !c.is_ascii_digit()).take_while(char::is_ascii_digit).collect();
        let at = lowered.origin(digits.parse().unwrap_or(0)).min(text.len());
        match text.get(at..).and_then(|rest| rest.chars().next()) {
            Some(found) => Slip::at(text, at, format!("unexpected `{found}` here")),
            None => Slip::at(text, at, "the expression ends too early"),
        }
    })
}

struct Compiler<'l> {
    lowered: &'l Lowered,
}

impl Compiler<'_> {
    fn segments(&self, segments: &[model::Segment]) -> Result<Vec<Segment>, String> {
        segments.iter().map(|segment| self.segment(segment)).collect()
    }

    fn segment(&self, segment: &model::Segment) -> Result<Segment, String> {
        Ok(match segment {
            model::Segment::Selector(model::Selector::Name(name)) => Segment::Name(name.clone()),
            model::Segment::Selector(model::Selector::Index(index)) => Segment::Index(*index),
            model::Segment::Selector(selector) => Segment::Children(vec![self.selector(selector)?]),
            model::Segment::Selectors(selectors) => Segment::Children(self.selectors(selectors)?),
            model::Segment::Descendant(inner) => Segment::Descendants(match inner.as_ref() {
                model::Segment::Selector(selector) => vec![self.selector(selector)?],
                model::Segment::Selectors(selectors) => self.selectors(selectors)?,
                model::Segment::Descendant(_) => return Err("`..` must be followed by a name or `[…]`".to_owned()),
            }),
        })
    }

    fn selectors(&self, selectors: &[model::Selector]) -> Result<Vec<Selector>, String> {
        selectors.iter().map(|selector| self.selector(selector)).collect()
    }

    fn selector(&self, selector: &model::Selector) -> Result<Selector, String> {
        Ok(match selector {
            model::Selector::Name(name) => Selector::Name(name.clone()),
            model::Selector::Wildcard => Selector::Wildcard,
            model::Selector::Index(index) => Selector::Index(*index),
            model::Selector::Slice(start, end, step) => {
                Selector::Slice { start: *start, end: *end, step: step.unwrap_or(1) }
            }
            model::Selector::Filter(filter) => Selector::Filter(self.logical(filter)?),
        })
    }

    fn logical(&self, filter: &Filter) -> Result<Logical, String> {
        let parts = |parts: &[Filter]| parts.iter().map(|part| self.logical(part)).collect::<Result<Vec<_>, _>>();
        Ok(match filter {
            Filter::Or(filters) => Logical::Or(parts(filters)?),
            Filter::And(filters) => Logical::And(parts(filters)?),
            Filter::Atom(FilterAtom::Filter { expr, not }) => negated(self.logical(expr)?, *not),
            Filter::Atom(FilterAtom::Test { expr, not }) => negated(self.test(expr)?, *not),
            Filter::Atom(FilterAtom::Comparison(comparison)) => self.comparison(comparison)?,
        })
    }

    fn test(&self, test: &Test) -> Result<Logical, String> {
        let Test::Function(function) = test else {
            return Ok(Logical::Exists(self.test_path(test)?));
        };
        match function.as_ref() {
            TestFunction::Match(text, pattern) => self.matches(text, pattern, true),
            TestFunction::Search(text, pattern) => self.matches(text, pattern, false),
            TestFunction::Length(_) | TestFunction::Count(_) | TestFunction::Value(_) => {
                Err("`length`, `count` and `value` give a value, which must be compared".to_owned())
            }
            TestFunction::Custom(name, _) => Err(format!("unknown function `{name}`")),
        }
    }

    fn matches(&self, text: &FnArg, pattern: &FnArg, whole: bool) -> Result<Logical, String> {
        let text = self.argument(text)?;
        let pattern = Pattern::new(self.argument(pattern)?, whole)?;
        Ok(Logical::Matches(text, pattern))
    }

    fn comparison(&self, comparison: &model::Comparison) -> Result<Logical, String> {
        let operator = match comparison {
            model::Comparison::Eq(..) => Comparison::Equal,
            model::Comparison::Ne(..) => Comparison::NotEqual,
            model::Comparison::Gt(..) => Comparison::Greater,
            model::Comparison::Gte(..) => Comparison::GreaterOrEqual,
            model::Comparison::Lt(..) => Comparison::Less,
            model::Comparison::Lte(..) => Comparison::LessOrEqual,
        };
        let (left, right) = comparison.vals();
        Ok(Logical::Compare(self.comparable(left)?, operator, self.comparable(right)?))
    }

    fn comparable(&self, comparable: &Comparable) -> Result<Operand, String> {
        match comparable {
            Comparable::Literal(literal) => self.literal(literal),
            Comparable::Function(function) => self.function(function),
            Comparable::SingularQuery(query) => {
                let (current, segments) = match query {
                    SingularQuery::Current(segments) => (true, segments),
                    SingularQuery::Root(segments) => (false, segments),
                };
                let segments = segments.iter().map(|segment| match segment {
                    SingularQuerySegment::Name(name) => Segment::Name(name.clone()),
                    SingularQuerySegment::Index(index) => Segment::Index(*index),
                });
                Ok(Operand::Path(based(current, segments.collect())))
            }
        }
    }

    fn function(&self, function: &TestFunction) -> Result<Operand, String> {
        match function {
            TestFunction::Length(argument) => Ok(Operand::Length(Box::new(self.argument(argument)?))),
            TestFunction::Count(argument) => Ok(Operand::Count(self.nodes(argument, "count")?)),
            TestFunction::Value(argument) => Ok(Operand::Only(self.nodes(argument, "value")?)),
            TestFunction::Match(..) | TestFunction::Search(..) => {
                Err("`match` and `search` are conditions by themselves, without comparison".to_owned())
            }
            TestFunction::Custom(name, _) => Err(format!("unknown function `{name}`")),
        }
    }

    /// An argument that is one value.
    fn argument(&self, argument: &FnArg) -> Result<Operand, String> {
        match argument {
            FnArg::Literal(literal) => self.literal(literal),
            FnArg::Test(test) => match test.as_ref() {
                Test::Function(function) => self.function(function),
                path => {
                    let path = self.test_path(path)?;
                    if !path.is_singular() {
                        return Err("`length`, `match` and `search` take one value, this path may find several; \
                                    `count(…)` counts them, `value(…)` takes the only one"
                            .to_owned());
                    }
                    Ok(Operand::Path(path))
                }
            },
            FnArg::Filter(_) => Err("a function takes a path, a text or a number, no condition".to_owned()),
        }
    }

    /// An argument that is a path.
    fn nodes(&self, argument: &FnArg, function: &str) -> Result<Path, String> {
        match argument {
            FnArg::Test(test) if !matches!(test.as_ref(), Test::Function(_)) => self.test_path(test),
            _ => Err(format!("`{function}` takes a path")),
        }
    }

    fn test_path(&self, test: &Test) -> Result<Path, String> {
        match test {
            Test::RelQuery(segments) => Ok(based(true, self.segments(segments)?)),
            Test::AbsQuery(query) => Ok(based(false, self.segments(&query.segments)?)),
            Test::Function(_) => Err("a path must stand here".to_owned()),
        }
    }

    fn literal(&self, literal: &Literal) -> Result<Operand, String> {
        Ok(Operand::Literal(match literal {
            Literal::Null => Value::Null,
            Literal::Bool(value) => Value::Bool(*value),
            Literal::Int(number) => Value::from(*number),
            Literal::Float(_) => return Err("a number was not read exactly".to_owned()),
            Literal::String(text) => match text.strip_prefix(MARK) {
                None => Value::String(text.clone()),
                Some(mark) => return self.marked(mark).ok_or_else(|| "a value was lost".to_owned()),
            },
        }))
    }

    /// What lowering took out.
    fn marked(&self, mark: &str) -> Option<Operand> {
        let index = |digits: &str| digits.parse::<usize>().ok();
        if let Some(digits) = mark.strip_prefix('n') {
            return self.lowered.numbers.get(index(digits)?).cloned().map(Operand::Literal);
        }
        let pipe = self.lowered.pipes.get(index(mark.strip_prefix('p')?)?)?;
        Some(Operand::Pipe(Box::new(pipe.clone())))
    }
}

/// A path, its marked root taken from its first segment.
fn based(current: bool, mut segments: Vec<Segment>) -> Path {
    let marked = match segments.first() {
        Some(Segment::Name(name)) => name.strip_prefix(MARK).map(str::to_owned),
        _ => None,
    };
    let Some(mark) = marked else {
        return Path { base: if current { Base::Current } else { Base::Root(Root::Document) }, segments };
    };
    segments.remove(0);
    let root = mark.parse().map_or(Root::Receipt, Root::Element);
    Path { base: Base::Root(root), segments }
}

fn negated(condition: Logical, not: bool) -> Logical {
    if not { Logical::Not(Box::new(condition)) } else { condition }
}
