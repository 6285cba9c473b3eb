//! A document read strictly, in a flat form that hashing and comparing walk without building a tree.

use std::borrow::Cow;

use serde_json::{Map, Number, Value};

use crate::diff::parse::{self, ParseFault};
use crate::diff::rules::Rule;

/// A parsed document; borrows the bytes it was parsed from.
#[derive(Debug, Clone)]
pub struct Document<'a> {
    /// The values in the order written, a list or object before what it holds; of a member its name first.
    pub(super) entries: Vec<Entry>,
    /// Entries of names, each object's together and sorted.
    pub(super) order: Vec<u32>,
    /// Texts that held escapes.
    pub(super) unescaped: String,
    pub(super) text: Cow<'a, str>,
}

/// One value of a document.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    pub(super) shape: Shape,
    /// Where a number or text stands in the document or in its unescaped texts; an object's names in its order.
    pub(super) start: u32,
    pub(super) end: u32,
    /// The entry after this value and all it holds.
    pub(super) next: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Null,
    False,
    True,
    Number,
    Text,
    Unescaped,
    List,
    Object,
}

impl Entry {
    /// The text of a number, text or name.
    pub(super) fn text<'d>(&self, text: &'d str, unescaped: &'d str) -> &'d str {
        let whole = if self.shape == Shape::Unescaped { unescaped } else { text };
        whole.get(self.start as usize..self.end as usize).unwrap_or_default()
    }
}

impl<'a> Document<'a> {
    /// Reads a document. Refused: invalid UTF-8, a byte order mark, repeated member names, lone surrogates, data
    /// after the end, nesting deeper than 100.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, ParseFault> {
        parse::read(Cow::Borrowed(parse::as_text(bytes)?))
    }

    /// The document as a tree.
    pub fn value(&self) -> Value {
        self.root().value(Rule::NONE)
    }

    pub(super) fn root(&self) -> Node<'_> {
        Node { document: self, at: 0 }
    }
}

impl Document<'static> {
    /// A document from a tree. A fault only where the tree nests deeper than 100.
    pub fn of_value(value: &Value) -> Result<Self, ParseFault> {
        parse::read(Cow::Owned(value.to_string()))
    }
}

/// One value within a document.
#[derive(Clone, Copy)]
pub(super) struct Node<'d> {
    document: &'d Document<'d>,
    at: u32,
}

/// What a value is, with its text or what it holds.
#[derive(Clone, Copy)]
pub(super) enum Content<'d> {
    Null,
    Bool(bool),
    /// Its text as written.
    Number(&'d str),
    Text(&'d str),
    List(List<'d>),
    Object(Object<'d>),
}

/// A list's elements, in order.
#[derive(Clone, Copy)]
pub(super) struct List<'d> {
    document: &'d Document<'d>,
    at: u32,
    end: u32,
}

/// An object's members.
#[derive(Clone, Copy)]
pub(super) struct Object<'d> {
    document: &'d Document<'d>,
    names: &'d [u32],
    at: u32,
    end: u32,
}

impl<'d> Node<'d> {
    pub(super) fn content(self) -> Content<'d> {
        let document = self.document;
        let entry = &document.entries[self.at as usize];
        let text = || entry.text(&document.text, &document.unescaped);
        match entry.shape {
            Shape::Null => Content::Null,
            Shape::False => Content::Bool(false),
            Shape::True => Content::Bool(true),
            Shape::Number => Content::Number(text()),
            Shape::Text | Shape::Unescaped => Content::Text(text()),
            Shape::List => Content::List(List { document, at: self.at + 1, end: entry.next }),
            Shape::Object => {
                let names = document.order.get(entry.start as usize..entry.end as usize).unwrap_or_default();
                Content::Object(Object { document, names, at: self.at + 1, end: entry.next })
            }
        }
    }

    /// The tree of this value, without what the rule has ignored below it.
    pub(super) fn value(self, rule: Rule<'_>) -> Value {
        match self.content() {
            Content::Null => Value::Null,
            Content::Bool(bool) => Value::Bool(bool),
            Content::Number(text) => text.parse::<Number>().map_or(Value::Null, Value::Number),
            Content::Text(text) => Value::String(text.to_owned()),
            Content::List(list) => {
                let element = rule.element();
                let counted = list.filter(|_| !element.ignored());
                Value::Array(counted.map(|node| node.value(element)).collect())
            }
            Content::Object(object) => {
                let mut map = Map::with_capacity(object.names.len());
                for (name, node) in object.as_written() {
                    let rule = rule.member(name);
                    if !rule.ignored() {
                        map.insert(name.to_owned(), node.value(rule));
                    }
                }
                Value::Object(map)
            }
        }
    }

    /// The member of this name, of an object.
    pub(super) fn member(self, name: &str) -> Option<Node<'d>> {
        let Content::Object(object) = self.content() else { return None };
        let found = object.names.binary_search_by(|at| self.document.name(*at).cmp(name)).ok()?;
        Some(Node { document: self.document, at: object.names.get(found)? + 1 })
    }

    fn next(self) -> u32 {
        self.document.entries[self.at as usize].next
    }
}

impl Document<'_> {
    fn name(&self, at: u32) -> &str {
        self.entries[at as usize].text(&self.text, &self.unescaped)
    }
}

impl<'d> Iterator for List<'d> {
    type Item = Node<'d>;

    fn next(&mut self) -> Option<Node<'d>> {
        let node = Node { document: self.document, at: self.at };
        if self.at == self.end {
            return None;
        }
        self.at = node.next();
        Some(node)
    }
}

impl<'d> Object<'d> {
    /// Members sorted by the bytes of their names.
    pub(super) fn sorted(self) -> impl Iterator<Item = (&'d str, Node<'d>)> {
        let document = self.document;
        self.names.iter().map(move |at| (document.name(*at), Node { document, at: at + 1 }))
    }

    /// Members in the order written.
    fn as_written(self) -> impl Iterator<Item = (&'d str, Node<'d>)> {
        let document = self.document;
        let mut at = self.at;
        std::iter::from_fn(move || {
            let here = at;
            let node = Node { document, at: here + 1 };
            (here != self.end).then(|| {
                at = node.next();
                (document.name(here), node)
            })
        })
    }
}
