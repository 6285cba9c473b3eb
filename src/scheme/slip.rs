//! Slips in YAML: what the parser refuses, in our words, with the usual causes recognised and the corrected text
//! told where it is plain.

use std::path::Path;

use saphyr_parser::ScanError;

use super::tree::{Name, Node, Value};
use crate::fault::{Fault, Position};

/// The fault of a text that is no YAML.
pub(super) fn fault(file: &Path, text: &str, error: &ScanError) -> Fault {
    let lines: Vec<&str> = text.lines().collect();
    let here = Position { file: file.to_path_buf(), line: error.marker().line(), column: error.marker().col() + 1 };
    let info = error.info();
    if info.contains("tab") {
        let at = indented_by_tab(&lines, &here).unwrap_or(here);
        return Fault::new(at, "a tab can't indent: use blanks");
    }
    if let Some((at, c)) = full_width(&lines, &here) {
        return Fault::new(at, full_width_message(c));
    }
    let mut message = wording(info).to_owned();
    if let Some(value) = unquoted(&lines, &here).filter(|_| QUOTABLE.iter().any(|part| info.contains(part))) {
        message.push_str(&format!("; write `{}`", quote(&value)));
    }
    Fault::new(here, message)
}

/// A full-width quote that begins a plain text: YAML takes it for a part of the text.
pub(super) fn full_width_quote(at: &Position, text: &str) -> Option<Fault> {
    let first = text.chars().next().filter(|c| matches!(c, '“' | '”' | '‘' | '’' | '＂' | '＇'))?;
    Some(Fault::new(at.clone(), full_width_message(first)))
}

/// A key that swallowed its value because no blank follows the colon: `{ every:5m }`, `{ every：5m }`.
pub(super) fn glued_key(name: &Name, value: &Node) -> Option<Fault> {
    let (key, rest) = name.text.split_once([':', '：']).filter(|_| value.value == Value::Null)?;
    let message = format!("no value for key `{}`; write `{}: {}`", name.text, key.trim(), rest.trim());
    Some(Fault::new(name.at.clone(), message))
}

/// What the parser says, in our words: (part of its message, ours). The first that fits is taken.
const WORDINGS: &[(&str, &str)] = &[
    ("unknown escape", "unknown escape after `\\`: in double quotes write `\\\\`, or use single quotes"),
    ("hexadecimal", "unknown escape after `\\`: in double quotes write `\\\\`, or use single quotes"),
    ("escape code", "unknown escape after `\\`: in double quotes write `\\\\`, or use single quotes"),
    ("trailing content", "something follows the closing quote: quote the whole text"),
    ("quoted scalar", "the closing quote of this text is missing"),
    ("unexpected character", "a text that begins with `@`, `%` or a backquote must be quoted"),
    (
        "anchor",
        "a text that begins with `*` or `&` must be quoted (`*name` stands for a value above that is marked `&name`)",
    ),
    ("tag", "a text that begins with `!` must be quoted (tags are not supported)"),
    ("directive", "a line that begins with `%` is not supported"),
    (
        "flow mapping",
        "`,` or `}` is expected here: quote a text that holds any of `[ ] { } , #` or a colon and a blank",
    ),
    (
        "flow sequence",
        "`,` or `]` is expected here: quote a text that holds any of `[ ] { } , #` or a colon and a blank",
    ),
    ("flow construct", "a bracket above is not closed, or this line must be indented deeper"),
    ("placement of ':'", "a bracket above is not closed, or a key does not stand on one line as `key: value`"),
    ("mapping values", "no key may stand here: check the indentation, and quote a text that holds a colon and a blank"),
    ("simple key", "the line above has no `key: value`: check its colon (a blank must follow it) and the indentation"),
    ("whitespace", "a blank is missing here"),
    ("block sequence entries", "a list begins on the line below its key"),
    ("only valid inside a block", "a list within brackets has no `-`"),
    ("plain scalar", "the text can't begin like this here: quote it"),
    ("node content", "a value is missing, or a bracket closes what was not opened"),
    ("expected key", "the indentation does not fit what stands above"),
    ("'-' indicator", "the indentation does not fit the list above"),
    ("indent", "the indentation does not fit what stands above"),
    ("recursion limit", "nested too deep"),
    ("document", "only one document may stand in a file"),
];

/// The slips that quoting cures.
const QUOTABLE: &[&str] =
    &["unexpected character", "anchor", "tag", "flow mapping", "flow sequence", "trailing content", "mapping values"];

fn wording(info: &str) -> &'static str {
    let known = WORDINGS.iter().find(|(part, _)| info.contains(part));
    known.map_or("this can't be read as YAML: check indentation, colons and quotes", |(_, ours)| ours)
}

/// The first line from here on that is indented by a tab.
fn indented_by_tab(lines: &[&str], here: &Position) -> Option<Position> {
    let indent = |line: &str| line.chars().take_while(|c| c.is_whitespace()).position(|c| c == '\t');
    lines.iter().enumerate().skip(here.line.saturating_sub(1)).find_map(|(index, line)| {
        let column = indent(line)? + 1;
        Some(Position { file: here.file.clone(), line: index + 1, column })
    })
}

/// A full-width colon where a key's colon would stand, or a full-width quote that begins a text, on this line or the
/// one before.
fn full_width(lines: &[&str], here: &Position) -> Option<(Position, char)> {
    (here.line.saturating_sub(1)..=here.line).filter(|line| *line > 0).find_map(|line| {
        let mut before = ' ';
        let mut quoted = None;
        let mut keyed = false;
        for (index, c) in lines.get(line - 1)?.chars().enumerate() {
            keyed |= before == ':' && c == ' ';
            let begins = matches!(before, ' ' | '：' | '[' | '{');
            match (quoted, c) {
                (None, '#') if before == ' ' => break,
                (None, '"' | '\'') if begins => quoted = Some(c),
                (Some(quote), c) if c == quote => quoted = None,
                (None, '：') if !keyed => {
                    return Some((Position { file: here.file.clone(), line, column: index + 1 }, c));
                }
                (None, '“' | '‘' | '＂' | '＇' | '｛' | '［') if begins => {
                    return Some((Position { file: here.file.clone(), line, column: index + 1 }, c));
                }
                _ => {}
            }
            before = c;
        }
        None
    })
}

fn full_width_message(c: char) -> String {
    let plain = match c {
        '：' => "write `:` and a blank",
        '｛' => "write `{`",
        '［' => "write `[`",
        _ => "write `\"`, or quote the whole text if it belongs to it",
    };
    format!("full-width `{c}` means nothing to YAML: {plain}")
}

/// The text of the value in which the parser stopped: from behind its key or bracket to the end of the line, or,
/// within brackets, to the next comma or closing brace.
fn unquoted(lines: &[&str], here: &Position) -> Option<String> {
    let line: Vec<char> = lines.get(here.line.checked_sub(1)?)?.chars().collect();
    let stop = here.column.checked_sub(1)?;
    let before = line.get(..stop)?;
    let flow = before.iter().any(|c| matches!(c, '{' | '['));
    let follows_key = |index: usize| before.get(index) == Some(&':') && line.get(index + 1) == Some(&' ');
    let key_end = if flow {
        (0..before.len()).rev().find(|&i| follows_key(i) || matches!(before.get(i), Some('{' | ',')))?
    } else {
        (0..before.len()).find(|&i| follows_key(i))?
    };
    let rest: String = line.get(key_end + 1..)?.iter().collect();
    let rest = if flow { rest.split([',', '}']).next()? } else { rest.split(" #").next()? };
    let value = rest.trim();
    (!value.is_empty()).then(|| value.to_owned())
}

/// A text as a quoted YAML scalar.
fn quote(text: &str) -> String {
    let bare = text.trim_matches('"');
    if bare.contains(['"', '\\']) { format!("'{}'", bare.replace('\'', "''")) } else { format!("\"{bare}\"") }
}
