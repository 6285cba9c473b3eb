//! `${env:NAME}` and `${file:PATH}`: values filled in from outside, secret from then on.

use std::path::{Path, PathBuf};

use super::tree::{Node, Value};
use crate::fault::Fault;
use crate::secret::Secret;

/// Largest file filled in, in bytes: keys and certificates are far smaller.
const MAX_BYTES: u64 = 64 << 10;

/// Where filled-in values come from.
pub struct Outside<'a> {
    /// The value of an environment variable.
    pub variable: &'a dyn Fn(&str) -> Option<String>,
    /// The folder that relative paths start from: the configuration file's.
    pub folder: &'a Path,
}

/// Fills in every value of a tree; what can't be filled in becomes a fault at its place.
pub fn fill(node: &mut Node, outside: &Outside<'_>, faults: &mut Vec<Fault>) {
    if let Some(text) = node.text() {
        if text.contains("${") {
            let filled = fill_text(node, text, outside, faults);
            node.value = Value::Secret(Secret::new(filled));
        }
        return;
    }
    match &mut node.value {
        Value::List(elements) => elements.iter_mut().for_each(|element| fill(element, outside, faults)),
        Value::Map(entries) => entries.iter_mut().for_each(|(_, value)| fill(value, outside, faults)),
        Value::Null | Value::Plain(_) | Value::Quoted(_) | Value::Secret(_) => {}
    }
}

/// Refuses `${env:…}` and `${file:…}` in a file that takes none.
pub fn refuse(node: &Node, faults: &mut Vec<Fault>) {
    let text = node.text().unwrap_or_default();
    if let Some(offset) = ["${env:", "${file:"].iter().filter_map(|mark| text.find(mark)).min() {
        let at = node.inside(characters(text, offset));
        faults.push(Fault::new(at, "`${env:…}` and `${file:…}` are filled in only in the configuration file"));
    }
    node.list().unwrap_or_default().iter().for_each(|element| refuse(element, faults));
    node.map().unwrap_or_default().iter().for_each(|(_, value)| refuse(value, faults));
}

fn fill_text(node: &Node, text: &str, outside: &Outside<'_>, faults: &mut Vec<Fault>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(begin) = rest.find("${") {
        let (before, placeholder) = rest.split_at(begin);
        out.push_str(before);
        let at = node.inside(characters(text, text.len() - placeholder.len()));
        let Some(end) = placeholder.find('}') else {
            faults.push(Fault::new(at, "`${` without `}`; allowed: `${env:NAME}`, `${file:PATH}`"));
            return out;
        };
        let (inner, after) = (placeholder.get(2..end).unwrap_or_default(), placeholder.get(end + 1..));
        match one(inner, outside) {
            Ok(value) => out.push_str(&value),
            Err(message) => faults.push(Fault::new(at, message)),
        }
        rest = after.unwrap_or_default();
    }
    out.push_str(rest);
    out
}

/// The value of one placeholder; the error says what is wrong with it.
fn one(inner: &str, outside: &Outside<'_>) -> Result<String, String> {
    let (what, value) = match inner.split_once(':') {
        Some(("env", name)) => {
            let value = (outside.variable)(name).ok_or_else(|| format!("environment variable `{name}` is not set"))?;
            (format!("environment variable `{name}`"), value)
        }
        Some(("file", path)) => {
            let value = file(&outside.folder.join(path)).map_err(|why| format!("file `{path}` {why}"))?;
            (format!("file `{path}`"), value)
        }
        _ => return Err(format!("`${{{inner}}}` is not known; allowed: `${{env:NAME}}`, `${{file:PATH}}`")),
    };
    if value.is_empty() { Err(format!("{what} is empty")) } else { Ok(value) }
}

/// A file's text without the line end that editors and shells add.
fn file(path: &PathBuf) -> Result<String, String> {
    let size = std::fs::metadata(path).map_err(|error| format!("can't be read: {error}"))?.len();
    if size > MAX_BYTES {
        return Err(format!("has {size} bytes; at most {MAX_BYTES} are read"));
    }
    let bytes = std::fs::read(path).map_err(|error| format!("can't be read: {error}"))?;
    let text = String::from_utf8(bytes).map_err(|_| "is not UTF-8".to_owned())?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    Ok(text.trim_end_matches(['\n', '\r']).to_owned())
}

/// A byte offset as a number of characters.
fn characters(text: &str, offset: usize) -> usize {
    text.get(..offset).unwrap_or_default().chars().count()
}
