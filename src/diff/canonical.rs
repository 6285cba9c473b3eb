//! The canonical form: one sequence of bytes for all documents that count as equal under the rules.
//!
//! Each value begins with a tag, each text and name carries its length, each number, list and object ends with a
//! tag, so that no two different values have one form: 12 is not `"12"`, null is not an absent member. Changing
//! the form means raising [`crate::diff::CANONICAL_FORM`].

use std::ops::Range;

use crate::decimal;
use crate::diff::document::{Content, List, Node};
use crate::diff::lines;
use crate::diff::rules::{Numbers, Rule, Step};
use crate::diff::scan;

const MEMBER: u8 = b'm';
const END: u8 = b'.';

/// Lengths below this are one byte; others are this byte and eight more.
const LONG: u8 = 255;

/// Writes a value's canonical form.
pub(super) fn write(node: Node<'_>, rule: Rule<'_>, numbers: Numbers, out: &mut Vec<u8>) {
    match node.content() {
        Content::Null => out.push(b'n'),
        Content::Bool(false) => out.push(b'f'),
        Content::Bool(true) => out.push(b't'),
        Content::Number(text) => write_number(text, numbers, out),
        Content::Text(text) if rule.numeric() && scan::is_number(text) => write_number(text, numbers, out),
        Content::Text(text) => write_text(b'"', text, out),
        Content::List(list) => match rule.line_key() {
            _ if rule.element().ignored() => out.extend([b'[', END]),
            Some(key) => write_lines(list, key, rule.element(), numbers, out),
            None => {
                out.push(b'[');
                list.for_each(|node| write(node, rule.element(), numbers, out));
                out.push(END);
            }
        },
        Content::Object(object) => {
            out.push(b'{');
            for (name, node) in object.sorted() {
                let rule = rule.member(name);
                if !rule.ignored() {
                    write_text(MEMBER, name, out);
                    write(node, rule, numbers, out);
                }
            }
            out.push(END);
        }
    }
}

/// A list matched by key, as a multiset: sorted by (key text, form), every element counts, with or without a key
/// (rule 20). The key is written beside its line, so that it counts even where its own path is ignored.
fn write_lines(list: List<'_>, key: &[Step], rule: Rule<'_>, numbers: Numbers, out: &mut Vec<u8>) {
    let mut forms = Vec::new();
    let mut places: Vec<(Option<_>, Range<usize>)> = Vec::new();
    for node in list {
        let start = forms.len();
        write(node, rule, numbers, &mut forms);
        places.push((lines::key(node, key), start..forms.len()));
    }
    let form = |place: &Range<usize>| forms.get(place.clone()).unwrap_or_default();
    places.sort_unstable_by(|(key, place), (other_key, other)| (key, form(place)).cmp(&(other_key, form(other))));
    out.push(b'<');
    for (key, place) in &places {
        match key {
            Some(key) => write_text(b'k', key, out),
            None => out.push(b'-'),
        }
        out.extend_from_slice(form(place));
    }
    out.push(END);
}

fn write_text(tag: u8, text: &str, out: &mut Vec<u8>) {
    out.push(tag);
    match u8::try_from(text.len()) {
        Ok(length) if length < LONG => out.push(length),
        _ => {
            out.push(LONG);
            out.extend_from_slice(&(text.len() as u64).to_le_bytes());
        }
    }
    out.extend_from_slice(text.as_bytes());
}

/// A number ends with a byte that no number holds.
fn write_number(text: &str, numbers: Numbers, out: &mut Vec<u8>) {
    out.push(b'#');
    match numbers {
        Numbers::Value => decimal::write_canonical(text, out),
        Numbers::Text => write_as_it_stands(text, out),
    }
    out.push(b';');
}

/// A number's own digits; an exponent always as `e+5` or `e-5`, as `Value` holds it.
fn write_as_it_stands(text: &str, out: &mut Vec<u8>) {
    let Some((mantissa, exponent)) = text.split_once(['e', 'E']) else {
        out.extend_from_slice(text.as_bytes());
        return;
    };
    out.extend_from_slice(mantissa.as_bytes());
    out.push(b'e');
    if !exponent.starts_with(['+', '-']) {
        out.push(b'+');
    }
    out.extend_from_slice(exponent.as_bytes());
}
