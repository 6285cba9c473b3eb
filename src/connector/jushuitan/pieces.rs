//! Pages of which there is too much to take at once: read document by document, so that one that is too large is
//! named and keeps no other back (rules.md 25).

use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::calls::Call;
use super::connector::{Got, Jushuitan};
use crate::connector::params::{self, Moments};
use crate::connector::{Deferred, Fault, Page};
use crate::document::RawDocument;
use crate::scheme::Source;

impl Jushuitan {
    /// The documents of a page one by one. Whether more follow is said by the last that could be read.
    pub(super) async fn singly(&self, call: &Call, source: &Source, whole: &Moments<'_>) -> Result<Page, Fault> {
        let mut found = Page::default();
        let page_size = u64::from(whole.page_size);
        let before = (whole.page - 1).saturating_mul(page_size);
        for single in before + 1..=before + page_size {
            let moments = Moments { page: single, page_size: 1, ..*whole };
            let biz = self.biz(call, &params::of_this_way(&source.params, &moments), None, &moments)?;
            match self.call(call.name, biz, single).await {
                Ok(Got { documents, total, has_next }) => {
                    found.documents.extend(documents);
                    // A row that slips away between two answers is still counted, so that it is missed.
                    found.total = found.total.max(total);
                    found.more_answers = single - before - 1;
                    if !has_next {
                        return Ok(found);
                    }
                }
                Err(fault) => {
                    let began = fault.too_much.as_ref().map(|bytes| beginning(bytes));
                    let members = began.ok_or_else(|| fault.clone())?;
                    found.deferred.push(too_large(members, fault));
                }
            }
        }
        found.next = Some((whole.page + 1).to_string());
        Ok(found)
    }

    /// Documents by these ids, asked for in smaller and smaller groups where an answer would be too large.
    pub(super) async fn by_groups(
        &self,
        call: &Call,
        source: &Source,
        (parameter, field): (&str, &str),
        groups: Vec<&[Value]>,
    ) -> Result<Page, Fault> {
        let mut found = Page::default();
        let mut open = groups;
        open.reverse();
        while let Some(ids) = open.pop() {
            match self.by_ids(call, source, (parameter, ids)).await {
                Ok(documents) => found.documents.extend(documents),
                Err(fault) if fault.too_much.is_some() && ids.len() > 1 => {
                    let (first, second) = ids.split_at(ids.len() / 2);
                    open.extend([second, first]);
                }
                Err(fault) if fault.too_much.is_some() => {
                    let id = ids.iter().map(|id| (field.to_owned(), id.clone()));
                    found.deferred.push(too_large(id.collect(), fault));
                }
                Err(fault) => return Err(fault),
            }
        }
        Ok(found)
    }
}

fn too_large(members: Map<String, Value>, fault: Fault) -> Deferred {
    let bytes = Value::Object(members).to_string().into_bytes();
    Deferred { document: RawDocument { bytes }, why: fault.words }
}

/// The members that the first document of a cut answer begins with, lists left out, up to the first that is not whole.
fn beginning(answer: &[u8]) -> Map<String, Value> {
    const LIST: &[u8] = b"\"datas\"";
    let mut members = Map::new();
    let at = answer.windows(LIST.len()).position(|bytes| bytes == LIST);
    let mut rest = at.and_then(|at| answer.get(at + LIST.len()..)).unwrap_or_default();
    for byte in [b':', b'['] {
        rest = past(rest, byte).unwrap_or_default();
    }
    let mut open = b'{';
    while let Some(inside) = past(rest, open) {
        let Some((name, behind)) = value(inside) else { break };
        let Some((member, behind)) = past(behind, b':').and_then(value) else { break };
        let (Ok(Value::String(name)), Ok(member)) =
            (serde_json::from_str(name.get()), serde_json::from_str::<Value>(member.get()))
        else {
            break;
        };
        // Neither key nor time stands in a list, and lists are what is large.
        if !member.is_array() {
            members.insert(name, member);
        }
        (rest, open) = (behind, b',');
    }
    members
}

/// What stands behind a byte that is next after blanks.
fn past(text: &[u8], byte: u8) -> Option<&[u8]> {
    text.trim_ascii_start().strip_prefix(&[byte])
}

/// The value that a text begins with, and what follows.
fn value(text: &[u8]) -> Option<(&RawValue, &[u8])> {
    let mut values = serde_json::Deserializer::from_slice(text).into_iter::<&RawValue>();
    let value = values.next()?.ok()?;
    let end = values.byte_offset();
    // A number that reaches to the end may be cut.
    text.get(end..).filter(|rest| !rest.is_empty()).map(|rest| (value, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_answer_tells_what_its_first_document_begins_with() {
        let whole = r#"{"code":0,"data":{"datas" : [ {"io_id":9007199254740993,"so":{"a":[1]}, "modified":"2026-01-05 10:00:00","items":[{"x":1"#;
        let told = |text: &str| Value::Object(beginning(text.as_bytes())).to_string();
        assert_eq!(told(whole), r#"{"io_id":9007199254740993,"so":{"a":[1]},"modified":"2026-01-05 10:00:00"}"#);
        assert_eq!(told(&whole[..40]), "{}", "a cut number is none");
        for text in ["", "<html>", r#"{"datas":null"#, r#"{"datas":["#, r#"{"datas":[{"io_id""#, r#"{"datas":[{}"#] {
            assert_eq!(told(text), "{}", "{text}");
        }
    }
}
