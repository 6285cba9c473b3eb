//! YAML text to a tree with positions. The only owner of `saphyr-parser`.
//!
//! A subset without surprises: one document, no merge keys or tags, unique keys, bounded size and depth. Scalars keep
//! their source text. An alias is the value it names, at the position of that value; how much is copied so is bounded
//! (no alias bombs).

use std::collections::HashMap;
use std::path::Path;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle};

use super::slip;
use super::tree::{Name, Node, Value};
use crate::fault::{Fault, Position};

/// Largest file read, in bytes: far above any scheme written by hand, and little enough to read at once.
const MAX_BYTES: usize = 4 << 20;

/// Deepest nesting: mappings are at most about ten deep, and whoever walks the tree may recurse.
const MAX_DEPTH: usize = 64;

/// Most values that anchors and aliases of one file copy, all together: a hundred times what a scheme's settings hold.
const MAX_COPIED: usize = 10_000;

/// Reads a file. All faults found are added; `None` if there is no tree at all.
pub fn load(file: &Path, faults: &mut Vec<Fault>) -> Option<Node> {
    let top = Position { file: file.to_path_buf(), line: 1, column: 1 };
    match std::fs::read(file) {
        Ok(bytes) => read(file, &bytes, faults),
        Err(error) => {
            faults.push(Fault::new(top, format!("the file can't be read: {error}")));
            None
        }
    }
}

/// Reads a file's bytes. All faults found are added; `None` if there is no tree at all.
pub fn read(file: &Path, bytes: &[u8], faults: &mut Vec<Fault>) -> Option<Node> {
    let text = match text(file, bytes) {
        Ok(text) => text,
        Err(fault) => {
            faults.push(fault);
            return None;
        }
    };
    let mut builder =
        Builder { file, faults: &mut *faults, open: Vec::new(), anchored: HashMap::new(), copied: 0, root: None };
    let built = builder.build(text);
    let empty = || Fault::new(Position { file: file.to_path_buf(), line: 1, column: 1 }, "the file is empty");
    match built.and_then(|()| builder.root.take().ok_or_else(empty)) {
        Ok(root) => Some(root),
        Err(fault) => {
            faults.push(fault);
            None
        }
    }
}

/// The text of a file: UTF-8, with or without byte order mark, without control characters.
fn text<'a>(file: &Path, bytes: &'a [u8]) -> Result<&'a str, Fault> {
    let at = |before: &str| {
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        Position { file: file.to_path_buf(), line, column }
    };
    if bytes.len() > MAX_BYTES {
        let message = format!("the file has {} bytes; at most {MAX_BYTES} are read", bytes.len());
        return Err(Fault::new(at(""), message));
    }
    let whole = std::str::from_utf8(bytes).map_err(|error| {
        let before = String::from_utf8_lossy(bytes.get(..error.valid_up_to()).unwrap_or_default());
        Fault::new(at(&before), "the file is not UTF-8 from here on: save it as UTF-8")
    })?;
    let text = whole.strip_prefix('\u{feff}').unwrap_or(whole);
    match text.find(|c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
        Some(offset) => Err(Fault::new(at(text.get(..offset).unwrap_or_default()), "a control character stands here")),
        None => Ok(text),
    }
}

/// A list or mapping whose end has not come yet.
enum Open {
    List { at: Position, anchor: usize, elements: Vec<Node> },
    Map { at: Position, anchor: usize, entries: Vec<(Name, Node)>, seen: HashMap<String, Position>, key: Key },
}

/// Where a mapping stands between its keys and values.
enum Key {
    /// The next node is a key.
    Awaited,
    /// The next node is this key's value.
    Read(Name),
    /// The next node is the value of a key that was at fault: dropped.
    Faulty,
}

struct Builder<'a> {
    file: &'a Path,
    faults: &'a mut Vec<Fault>,
    open: Vec<Open>,
    /// Values that an anchor names, by its number; 0 is no anchor.
    anchored: HashMap<usize, Node>,
    copied: usize,
    root: Option<Node>,
}

impl Builder<'_> {
    /// Reads all events; the error ends the reading.
    fn build(&mut self, text: &str) -> Result<(), Fault> {
        let mut parser = Parser::new_from_str(text);
        let mut documents = 0;
        while let Some(next) = parser.next_event() {
            let (event, span) = next.map_err(|error| slip::fault(self.file, text, &error))?;
            let at = self.position(span.start);
            match event {
                Event::DocumentStart(_) => {
                    documents += 1;
                    if documents > 1 {
                        let message = "a second document begins here: a file holds one, remove the `---`";
                        return Err(Fault::new(at, message));
                    }
                }
                Event::Alias(anchor) => {
                    let node = self.alias(at, anchor)?;
                    self.place(node);
                }
                Event::Scalar(text, style, anchor, tag) => {
                    self.refuse_tag(&at, tag.is_some());
                    if style == ScalarStyle::Plain {
                        self.faults.extend(slip::full_width_quote(&at, &text));
                    }
                    self.finish(Node { at, value: scalar(&text, style) }, anchor)?;
                }
                Event::SequenceStart(anchor, tag) => {
                    self.refuse_tag(&at, tag.is_some());
                    self.begin(Open::List { at, anchor, elements: Vec::new() })?;
                }
                Event::MappingStart(anchor, tag) => {
                    self.refuse_tag(&at, tag.is_some());
                    self.begin(Open::Map { at, anchor, entries: Vec::new(), seen: HashMap::new(), key: Key::Awaited })?;
                }
                Event::SequenceEnd | Event::MappingEnd => self.end()?,
                Event::StreamEnd => break,
                Event::Nothing | Event::StreamStart | Event::DocumentEnd => {}
            }
        }
        Ok(())
    }

    fn position(&self, mark: Marker) -> Position {
        Position { file: self.file.to_path_buf(), line: mark.line(), column: mark.col() + 1 }
    }

    fn begin(&mut self, open: Open) -> Result<(), Fault> {
        if self.open.len() >= MAX_DEPTH {
            let (Open::List { at, .. } | Open::Map { at, .. }) = open;
            return Err(Fault::new(at, format!("nested deeper than {MAX_DEPTH} levels")));
        }
        self.open.push(open);
        Ok(())
    }

    fn end(&mut self) -> Result<(), Fault> {
        match self.open.pop() {
            Some(Open::List { at, anchor, elements }) => self.finish(Node { at, value: Value::List(elements) }, anchor),
            Some(Open::Map { at, anchor, entries, .. }) => self.finish(Node { at, value: Value::Map(entries) }, anchor),
            None => Ok(()),
        }
    }

    /// Keeps a finished node under its anchor, and puts it where it belongs.
    fn finish(&mut self, node: Node, anchor: usize) -> Result<(), Fault> {
        if anchor != 0 {
            self.count(&node, &node.at)?;
            self.anchored.insert(anchor, node.clone());
        }
        self.place(node);
        Ok(())
    }

    /// The value that an alias stands for.
    fn alias(&mut self, at: Position, anchor: usize) -> Result<Node, Fault> {
        let Some(node) = self.anchored.get(&anchor).cloned() else {
            let message = "an alias can't stand within the value it names";
            self.faults.push(Fault::new(at.clone(), message));
            return Ok(Node { at, value: Value::Null });
        };
        let depth = self.count(&node, &at)?;
        if self.open.len() + depth > MAX_DEPTH {
            return Err(Fault::new(at, format!("nested deeper than {MAX_DEPTH} levels")));
        }
        Ok(node)
    }

    /// Counts what is copied, and tells how deep it is.
    fn count(&mut self, node: &Node, at: &Position) -> Result<usize, Fault> {
        self.copied += 1;
        if self.copied > MAX_COPIED {
            return Err(Fault::new(at.clone(), format!("anchors and aliases copy more than {MAX_COPIED} values")));
        }
        let mut depth = 0;
        match &node.value {
            Value::List(elements) => {
                for element in elements {
                    depth = depth.max(self.count(element, at)?);
                }
            }
            Value::Map(entries) => {
                for (_, value) in entries {
                    depth = depth.max(self.count(value, at)?);
                }
            }
            Value::Null | Value::Plain(_) | Value::Quoted(_) | Value::Secret(_) => return Ok(0),
        }
        Ok(depth + 1)
    }

    /// Puts a finished node where it belongs: the root, an element, a key or a key's value.
    fn place(&mut self, node: Node) {
        match self.open.last_mut() {
            None => self.root = Some(node),
            Some(Open::List { elements, .. }) => elements.push(node),
            Some(Open::Map { entries, seen, key, .. }) => match std::mem::replace(key, Key::Awaited) {
                Key::Read(name) => {
                    if let Some(fault) = slip::glued_key(&name, &node) {
                        self.faults.push(fault);
                    } else {
                        entries.push((name, node));
                    }
                }
                Key::Faulty => {}
                Key::Awaited => {
                    *key = match name(node, seen) {
                        Ok(name) => Key::Read(name),
                        Err(fault) => {
                            self.faults.push(fault);
                            Key::Faulty
                        }
                    }
                }
            },
        }
    }

    fn refuse_tag(&mut self, at: &Position, tag: bool) {
        if tag {
            let message = "tags are not supported: write the value out, or quote it if it is a text";
            self.faults.push(Fault::new(at.clone(), message));
        }
    }
}

fn scalar(text: &str, style: ScalarStyle) -> Value {
    match style {
        ScalarStyle::Plain if matches!(text, "" | "~" | "null") => Value::Null,
        ScalarStyle::Plain => Value::Plain(text.to_owned()),
        _ => Value::Quoted(text.to_owned()),
    }
}

/// The key a node stands for; a fault if it can't be one.
fn name(node: Node, seen: &mut HashMap<String, Position>) -> Result<Name, Fault> {
    let Node { at, value } = node;
    let text = match value {
        Value::Plain(text) if text == "<<" => {
            return Err(Fault::new(at, "merge keys (`<<`) are not supported: write the keys out"));
        }
        Value::Plain(text) | Value::Quoted(text) => text,
        Value::Null => return Err(Fault::new(at, "a key is missing before `:`")),
        Value::List(_) | Value::Map(_) | Value::Secret(_) => {
            let message = "a list or mapping can't be a key: quote a text that begins with `{` or `[`, \
                           as in `\"{{CURRENT_TIME}}\"`";
            return Err(Fault::new(at, message));
        }
    };
    if let Some(first) = seen.get(&text) {
        let message = format!("key `{text}` is given twice: first at line {}, column {}", first.line, first.column);
        return Err(Fault::new(at, message));
    }
    seen.insert(text.clone(), at.clone());
    Ok(Name { at, text })
}
