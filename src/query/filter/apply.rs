//! What each filter does to a value that is not null.

use std::borrow::Cow;

use serde_json::Value;

use super::numbers::{self, decimal_of, number, sum, trimmed};
use super::texts::{joined, read_bool, read_time, text_of};
use super::{Argument, Filter, shown};
use crate::query::Scope;

impl Filter {
    /// The value it makes of one that is not null; none where there is nothing to take.
    pub fn apply<'v>(&'v self, value: Cow<'v, Value>, scope: &Scope<'v>) -> Result<Option<Cow<'v, Value>>, String> {
        let made = match self {
            Self::String => match &*value {
                Value::String(_) => return Ok(Some(value)),
                other => text(text_of(other)?),
            },
            Self::Number | Self::Integer | Self::Decimal { .. } | Self::Round(_) | Self::Abs => self.numeric(&value)?,
            Self::Add(_) | Self::Sub(_) | Self::Mul(_) | Self::Div { .. } => self.arithmetic(&value, scope)?,
            Self::Bool => read_bool(&value)?,
            Self::Date => text(read_time(&value)?.print("yyyy-MM-dd")),
            Self::DateTime(pattern) => text(read_time(&value)?.print(pattern)),
            Self::Trim => text(text_of(&value)?.trim()),
            Self::Upper => text(text_of(&value)?.to_uppercase()),
            Self::Lower => text(text_of(&value)?.to_lowercase()),
            Self::Truncate(length) => text(text_of(&value)?.chars().take(*length).collect::<String>()),
            Self::Replace(part, by) => {
                let (part, by) = (part.needed("replace", scope)?, by.needed("replace", scope)?);
                let part = text_of(&part)?;
                if part.is_empty() {
                    return Err("the text that `replace` searches is empty".to_owned());
                }
                text(text_of(&value)?.replace(&*part, &text_of(&by)?))
            }
            Self::Split(separator) => {
                let separator = separator.needed("split", scope)?;
                let separator = text_of(&separator)?;
                if separator.is_empty() {
                    return Err("the separator of `split` is empty".to_owned());
                }
                text_of(&value)?.split(&*separator).map(Value::from).collect()
            }
            Self::Join(separator) => {
                let separator = separator.needed("join", scope)?;
                text(joined(list(&value, "join")?, &text_of(&separator)?)?)
            }
            Self::Concat(others) => {
                let mut out = text_of(&value)?.into_owned();
                for other in others {
                    match other.value(scope).map_err(|fault| fault.to_string())? {
                        None => return Err("an argument of `concat` finds nothing".to_owned()),
                        Some(other) if other.is_null() => {}
                        Some(other) => out.push_str(&text_of(&other)?),
                    }
                }
                text(out)
            }
            Self::Blank => match &*value {
                Value::String(text) if text.trim().is_empty() => Value::Null,
                _ => return Ok(Some(value)),
            },
            Self::First => return list(&value, "first").map(|list| list.first().cloned().map(Cow::Owned)),
            Self::Last => return list(&value, "last").map(|list| list.last().cloned().map(Cow::Owned)),
            Self::Count => Value::from(list(&value, "count")?.len()),
            Self::Sum => sum(list(&value, "sum")?)?,
            Self::Map { .. } => return self.mapped(&value, scope).map(Some),
            // The pipe itself does these.
            Self::Default(_) | Self::Optional => return Ok(Some(value)),
        };
        Ok(Some(Cow::Owned(made)))
    }

    fn numeric(&self, value: &Value) -> Result<Value, String> {
        match self {
            Self::Number => numbers::read(value),
            Self::Integer => {
                let whole = decimal_of(value)?;
                if !whole.is_whole() {
                    return Err(format!("`integer` takes a whole number, found {}; `round(0)` rounds", shown(value)));
                }
                number(&whole.round(0))
            }
            Self::Decimal { digits, exact: true } => {
                let exact = decimal_of(value)?;
                if exact.fraction_digits() > i64::from(*digits) {
                    return Err(format!("{} has more than {digits} digits after the point", shown(value)));
                }
                number(&exact.round(*digits))
            }
            Self::Decimal { digits, .. } | Self::Round(digits) => number(&decimal_of(value)?.round(*digits)),
            _ => number(&decimal_of(value)?.abs()),
        }
    }

    fn arithmetic(&self, value: &Value, scope: &Scope<'_>) -> Result<Value, String> {
        let left = decimal_of(value)?;
        let right =
            |argument: &Argument, name| argument.needed(name, scope).and_then(|argument| decimal_of(argument.as_ref()));
        match self {
            Self::Add(other) => number(&left.plus(&right(other, "add")?)),
            Self::Sub(other) => number(&left.minus(&right(other, "sub")?)),
            Self::Mul(other) => number(&trimmed(&left.times(&right(other, "mul")?))),
            Self::Div { by, digits } => {
                let quotient = left.divided_by(&right(by, "div")?, digits.unwrap_or(10)).ok_or("`div` by zero")?;
                number(&if digits.is_some() { quotient } else { trimmed(&quotient) })
            }
            _ => number(&left),
        }
    }

    fn mapped<'v>(&'v self, value: &Value, scope: &Scope<'v>) -> Result<Cow<'v, Value>, String> {
        let Self::Map { pairs, otherwise } = self else { return Err("no map".to_owned()) };
        let key = text_of(value)?;
        let found = pairs.iter().find(|(from, _)| *from == key).map(|(_, to)| to).or(otherwise.as_ref());
        let Some(to) = found else {
            let known: Vec<&str> = pairs.iter().map(|(from, _)| from.as_str()).collect();
            return Err(format!(
                "`map` has no entry for {}; it has `{}`; a second argument stands for all others",
                shown(value),
                known.join("`, `")
            ));
        };
        to.value(scope)
            .map_err(|fault| fault.to_string())?
            .ok_or_else(|| format!("the value of `map` for {} finds nothing", shown(value)))
    }
}

fn text(text: impl Into<String>) -> Value {
    Value::String(text.into())
}

fn list<'v>(value: &'v Value, name: &str) -> Result<&'v [Value], String> {
    match value {
        Value::Array(list) => Ok(list),
        other => Err(format!("`{name}` takes a list, found {}", shown(other))),
    }
}
