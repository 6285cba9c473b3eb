//! Reading filters: names, arguments, and the slips in them.

use serde_json::Value;

use super::{Argument, Filter};
use crate::clock::Civil;
use crate::fault::nearest;
use crate::query::pipe::{parts, scan};
use crate::query::{Query, Slip, lower};

/// Every filter with its arguments, as shown to users.
const SIGNATURES: [&str; 29] = [
    "string",
    "number",
    "integer",
    "decimal(n[, exact])",
    "bool",
    "date",
    "datetime[(pattern)]",
    "trim",
    "upper",
    "lower",
    "replace(part, by)",
    "split(separator)",
    "join(separator)",
    "truncate(n)",
    "default(x)",
    "optional",
    "blank",
    "first",
    "last",
    "count",
    "sum",
    "map({a: b}[, else])",
    "round[(n)]",
    "abs",
    "add(x)",
    "sub(x)",
    "mul(x)",
    "div(x[, n])",
    "concat(x…)",
];

/// Digits that `decimal`, `round` and `div` may ask for.
const MAX_DIGITS: u64 = 100;

/// A filter's name and its arguments while they are read.
struct Call<'t> {
    text: &'t str,
    name: &'t str,
    arguments: Vec<(usize, &'t str)>,
    /// In how many pipes the filter's own stands.
    depth: usize,
}

impl Filter {
    /// Reads `name` or `name(arguments)`, without blanks around it, of a pipe that stands in so many others.
    pub fn parse(text: &str, depth: usize) -> Result<Self, Slip> {
        let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
        let (name, rest) = text.split_at(end);
        let signature = SIGNATURES.iter().find(|signature| bare(signature) == name);
        if signature.is_none() {
            return Err(unknown(text, name));
        }
        let blanks = rest.len() - rest.trim_start().len();
        let mut call = Call { text, name, arguments: Vec::new(), depth };
        match rest.trim_start().strip_prefix('(') {
            None if rest.trim().is_empty() => {}
            None => return Err(Slip::at(text, end + blanks, format!("after `{name}` follow `(`, `|` or the end"))),
            Some(inner) => {
                let begin = end + blanks + 1;
                let scanned = scan(inner, ')').map_err(|slip| slip.within(text, begin))?;
                let after = inner.get(scanned.end..).unwrap_or("").strip_prefix(')');
                let after = after.ok_or_else(|| Slip::at(text, begin - 1, "`(` is not closed"))?;
                if !after.trim().is_empty() {
                    return Err(Slip::at(text, begin + scanned.end + 1, "after `)` follows `|` or the end"));
                }
                let inner = inner.get(..scanned.end).unwrap_or("");
                if !inner.trim().is_empty() {
                    call.arguments = parts(inner, &scanned.commas).map(|(at, part)| (begin + at, part)).collect();
                }
            }
        }
        call.filter()
    }
}

impl<'t> Call<'t> {
    fn filter(&self) -> Result<Filter, Slip> {
        Ok(match (self.name, self.arguments.len()) {
            ("string", 0) => Filter::String,
            ("number", 0) => Filter::Number,
            ("integer", 0) => Filter::Integer,
            ("decimal", 1) => Filter::Decimal { digits: self.digits(0)?, exact: false },
            ("decimal", 2) if self.word(1) == "exact" => Filter::Decimal { digits: self.digits(0)?, exact: true },
            ("bool", 0) => Filter::Bool,
            ("date", 0) => Filter::Date,
            ("datetime", 0) => Filter::DateTime("yyyy-MM-dd HH:mm:ss".to_owned()),
            ("datetime", 1) => Filter::DateTime(self.pattern()?),
            ("trim", 0) => Filter::Trim,
            ("upper", 0) => Filter::Upper,
            ("lower", 0) => Filter::Lower,
            ("replace", 2) => Filter::Replace(self.filled(0)?, self.single(1)?),
            ("split", 1) => Filter::Split(self.filled(0)?),
            ("join", 1) => Filter::Join(self.single(0)?),
            ("truncate", 1) => Filter::Truncate(usize::try_from(self.whole(0, 1_000_000)?).unwrap_or(usize::MAX)),
            ("default", 1) => Filter::Default(self.argument(0)?),
            ("optional", 0) => Filter::Optional,
            ("blank", 0) => Filter::Blank,
            ("first", 0) => Filter::First,
            ("last", 0) => Filter::Last,
            ("count", 0) => Filter::Count,
            ("sum", 0) => Filter::Sum,
            ("map", 1) => Filter::Map { pairs: self.pairs()?, otherwise: None },
            ("map", 2) => Filter::Map { pairs: self.pairs()?, otherwise: Some(self.argument(1)?) },
            ("round", 0) => Filter::Round(0),
            ("round", 1) => Filter::Round(self.digits(0)?),
            ("abs", 0) => Filter::Abs,
            ("add", 1) => Filter::Add(self.numeric(0)?),
            ("sub", 1) => Filter::Sub(self.numeric(0)?),
            ("mul", 1) => Filter::Mul(self.numeric(0)?),
            ("div", 1) => Filter::Div { by: self.divisor()?, digits: None },
            ("div", 2) => Filter::Div { by: self.divisor()?, digits: Some(self.digits(1)?) },
            ("concat", 1..) => {
                Filter::Concat((0..self.arguments.len()).map(|n| self.single(n)).collect::<Result<_, _>>()?)
            }
            _ => return Err(self.wrong()),
        })
    }

    /// The arguments are not those of the filter.
    fn wrong(&self) -> Slip {
        let signature = SIGNATURES.iter().find(|signature| bare(signature) == self.name).copied().unwrap_or(self.name);
        Slip::at(self.text, 0, format!("`{}` is written `{signature}`", self.name))
    }

    fn slip(&self, n: usize, message: impl Into<String>) -> Slip {
        Slip::at(self.text, self.arguments.get(n).map_or(0, |(at, _)| *at), message)
    }

    fn word(&self, n: usize) -> &'t str {
        self.arguments.get(n).map_or("", |(_, text)| text)
    }

    fn argument(&self, n: usize) -> Result<Argument, Slip> {
        let (at, text) = self.arguments.get(n).copied().unwrap_or((0, ""));
        argument(text, self.depth).map_err(|slip| slip.within(self.text, at))
    }

    /// An argument that is one value, not a list.
    fn single(&self, n: usize) -> Result<Argument, Slip> {
        let argument = self.argument(n)?;
        match &argument {
            Argument::Query(query) if !query.is_singular() => Err(self.slip(
                n,
                format!(
                    "`{}` takes one value, `{}` may find several; begin with it: `{0} | first | …`",
                    self.name,
                    query.text()
                ),
            )),
            _ => Ok(argument),
        }
    }

    fn filled(&self, n: usize) -> Result<Argument, Slip> {
        match self.single(n)? {
            Argument::Literal(Value::String(text)) if text.is_empty() => {
                Err(self.slip(n, format!("the text that `{}` searches is empty", self.name)))
            }
            argument => Ok(argument),
        }
    }

    fn numeric(&self, n: usize) -> Result<Argument, Slip> {
        match self.single(n)? {
            Argument::Literal(value) if !value.is_number() => {
                Err(self.slip(n, format!("`{}` takes a number or a path, found `{}`", self.name, self.word(n))))
            }
            argument => Ok(argument),
        }
    }

    fn divisor(&self) -> Result<Argument, Slip> {
        match self.numeric(0)? {
            Argument::Literal(Value::Number(number)) if crate::decimal::canonical(number.as_str()) == "0" => {
                Err(self.slip(0, "`div` by zero"))
            }
            argument => Ok(argument),
        }
    }

    fn whole(&self, n: usize, at_most: u64) -> Result<u64, Slip> {
        let written = self.word(n);
        written.parse().ok().filter(|number| *number <= at_most).ok_or_else(|| {
            self.slip(n, format!("`{}` takes a whole number from 0 to {at_most}, found `{written}`", self.name))
        })
    }

    fn digits(&self, n: usize) -> Result<u32, Slip> {
        self.whole(n, MAX_DIGITS).map(|digits| u32::try_from(digits).unwrap_or(0))
    }

    /// An argument that is a text, literally.
    fn text(&self, n: usize) -> Result<String, Slip> {
        match self.argument(n)? {
            Argument::Literal(Value::String(text)) => Ok(text),
            _ => Err(self.wrong()),
        }
    }

    /// The pattern of a time.
    fn pattern(&self) -> Result<String, Slip> {
        let pattern = self.text(0)?;
        Civil::check_pattern(&pattern).map_err(|message| self.slip(0, message))?;
        Ok(pattern)
    }

    /// `{a: b, c: d}`.
    fn pairs(&self) -> Result<Vec<(String, Argument)>, Slip> {
        let (at, text) = self.arguments.first().copied().unwrap_or((0, ""));
        let inner = text.strip_prefix('{').and_then(|text| text.strip_suffix('}')).ok_or_else(|| self.wrong())?;
        let within = |slip: Slip| slip.within(self.text, at + 1);
        let scanned = scan(inner, '\0').map_err(within)?;
        let mut pairs: Vec<(String, Argument)> = Vec::new();
        for (begin, entry) in parts(inner, &scanned.commas).filter(|_| !inner.trim().is_empty()) {
            let within = |slip: Slip| within(slip.within(inner, begin));
            let Some(colon) = scan(entry, '\0').map_err(within)?.colons.first().copied() else {
                return Err(within(Slip::at(entry, 0, "an entry of `map` is written `from: to`")));
            };
            let colon = [colon];
            let mut halves = parts(entry, &colon);
            let (_, from) = halves.next().unwrap_or((0, ""));
            let (to_at, to) = halves.next().unwrap_or((0, ""));
            let from = key(from).map_err(within)?;
            let to = argument(to, self.depth).map_err(|slip| within(slip.within(entry, to_at)))?;
            if pairs.iter().any(|(known, _)| *known == from) {
                return Err(within(Slip::at(entry, 0, format!("`{from}` stands twice in `map`"))));
            }
            pairs.push((from, to));
        }
        Ok(pairs)
    }
}

/// A key of `map`: its text, quotes taken off.
fn key(text: &str) -> Result<String, Slip> {
    match text.chars().next() {
        None => Err(Slip::at(text, 0, "an entry of `map` is written `from: to`")),
        Some('\'' | '"') => unquoted(text),
        Some(_) => Ok(text.to_owned()),
    }
}

/// An argument: a query, a text in quotes, a number, `true`, `false`, `null`, or a bare word.
fn argument(text: &str, depth: usize) -> Result<Argument, Slip> {
    match text.chars().next() {
        None => Err(Slip::at(text, 0, "an argument is empty; an empty text is written `''`")),
        Some('$' | '@') => Query::within_pipes(text, depth).map(Argument::Query),
        Some('\'' | '"') => unquoted(text).map(|text| Argument::Literal(Value::String(text))),
        Some('[' | '{' | '(') => {
            Err(Slip::at(text, 0, "an argument is a number, a text in quotes, a word, or a path; no list or object"))
        }
        Some(_) => {
            let literal = serde_json::from_str(text).ok().filter(|value: &Value| !value.is_string());
            Ok(Argument::Literal(literal.unwrap_or_else(|| Value::String(text.to_owned()))))
        }
    }
}

/// A text without its quotes, its escapes resolved as in a path.
fn unquoted(text: &str) -> Result<String, Slip> {
    let wrong = || Slip::at(text, 0, "a text in quotes is broken: quotes inside it are written `\\'`");
    if lower::quoted_length(text) != Some(text.len()) {
        return Err(wrong());
    }
    let query = Query::parse(&format!("$[{text}]")).map_err(|_| wrong())?;
    query.names().and_then(|names| names.first().map(|name| (*name).to_owned())).ok_or_else(wrong)
}

/// A signature's name.
fn bare(signature: &str) -> &str {
    signature.split(['(', '[']).next().unwrap_or(signature)
}

fn unknown(text: &str, name: &str) -> Slip {
    if name.is_empty() {
        return Slip::at(
            text,
            0,
            "after `|` the name of a filter must follow; `or` stands only in conditions, as `||`",
        );
    }
    let near = nearest(name, SIGNATURES.iter().map(|signature| bare(signature)))
        .map(|near| format!("did you mean `{near}`? "))
        .unwrap_or_default();
    Slip::at(text, 0, format!("unknown filter `{name}`; {near}there are: {}", SIGNATURES.join(" ")))
}
