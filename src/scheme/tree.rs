//! What a user wrote, as a tree whose keys and values carry positions.

use crate::fault::Position;

/// A value of a YAML file with its position.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Where it stands.
    pub at: Position,
    /// What it is.
    pub value: Value,
}

/// A YAML value. Scalars keep their source text: `1.10` stays `1.10`, `0755` stays `0755`.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Nothing, `~` or `null`.
    Null,
    /// Text that was written plain (unquoted): may stand for a number, a boolean or a text.
    Plain(String),
    /// Text that was quoted or a block scalar: always text.
    Quoted(String),
    /// A text filled in by `${env:…}` or `${file:…}`: never printed.
    Secret(crate::secret::Secret),
    /// A list.
    List(Vec<Node>),
    /// A mapping in the order written; keys are unique.
    Map(Vec<(Name, Node)>),
}

/// A key of a mapping with its position.
#[derive(Debug, Clone, PartialEq)]
pub struct Name {
    /// Where it stands.
    pub at: Position,
    /// Its text.
    pub text: String,
}

impl Node {
    /// The scalar's text, plain or quoted; `None` for anything else (secrets too).
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Plain(text) | Value::Quoted(text) => Some(text),
            Value::Null | Value::Secret(_) | Value::List(_) | Value::Map(_) => None,
        }
    }

    /// The entries of a mapping; `None` for anything else.
    pub fn map(&self) -> Option<&[(Name, Node)]> {
        match &self.value {
            Value::Map(entries) => Some(entries),
            _ => None,
        }
    }

    /// The elements of a list; `None` for anything else.
    pub fn list(&self) -> Option<&[Node]> {
        match &self.value {
            Value::List(elements) => Some(elements),
            _ => None,
        }
    }

    /// The value under a key of a mapping.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.map()?.iter().find(|(name, _)| name.text == key).map(|(_, node)| node)
    }

    /// Where a character of the scalar's text stands in the file, counted from the text's begin. The scalar's own
    /// position where it is no text or has several lines.
    pub fn inside(&self, offset: usize) -> Position {
        let shift = match &self.value {
            Value::Plain(text) if !text.contains('\n') => offset,
            Value::Quoted(text) if !text.contains('\n') => offset + 1,
            _ => 0,
        };
        Position { column: self.at.column + shift, ..self.at.clone() }
    }

    /// What it is, for faults: `a text`, `a list`, `a mapping`, …
    pub fn kind(&self) -> &'static str {
        match &self.value {
            Value::Null => "nothing",
            Value::Plain(_) | Value::Quoted(_) | Value::Secret(_) => "a text",
            Value::List(_) => "a list",
            Value::Map(_) => "a mapping",
        }
    }
}
