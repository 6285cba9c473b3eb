//! A YAML text as a tree, for tests alone.

use std::path::PathBuf;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, StrInput};

use crate::fault::Position;
use crate::scheme::tree::{Name, Node, Value};

pub fn node(text: &str) -> Node {
    let mut events = Events { parser: Parser::new_from_str(text) };
    loop {
        match events.next() {
            (Event::StreamStart | Event::DocumentStart(_), _) => {}
            (event, at) => return events.value(event, at),
        }
    }
}

struct Events<'t> {
    parser: Parser<'t, StrInput<'t>>,
}

impl<'t> Events<'t> {
    fn next(&mut self) -> (Event<'t>, Position) {
        let (event, span) = self.parser.next_event().unwrap().unwrap();
        (event, position(span.start))
    }

    fn value(&mut self, event: Event<'t>, at: Position) -> Node {
        let value = match event {
            Event::Scalar(text, ScalarStyle::Plain, ..) if matches!(&*text, "" | "~" | "null") => Value::Null,
            Event::Scalar(text, ScalarStyle::Plain, ..) => Value::Plain(text.into_owned()),
            Event::Scalar(text, ..) => Value::Quoted(text.into_owned()),
            Event::SequenceStart(..) => {
                let mut elements = Vec::new();
                loop {
                    match self.next() {
                        (Event::SequenceEnd, _) => break Value::List(elements),
                        (event, at) => elements.push(self.value(event, at)),
                    }
                }
            }
            Event::MappingStart(..) => {
                let mut entries = Vec::new();
                loop {
                    match self.next() {
                        (Event::MappingEnd, _) => break Value::Map(entries),
                        (Event::Scalar(text, ..), at) => {
                            let (event, value_at) = self.next();
                            entries.push((Name { at, text: text.into_owned() }, self.value(event, value_at)));
                        }
                        other => panic!("no key of a mapping: {other:?}"),
                    }
                }
            }
            other => panic!("nothing tests write: {other:?}"),
        };
        Node { at, value }
    }
}

fn position(mark: Marker) -> Position {
    Position { file: PathBuf::from("scheme.yaml"), line: mark.line(), column: mark.col() + 1 }
}
