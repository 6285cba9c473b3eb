//! The exact payload of one document: what the mapping gave, with ids from the receipt (rules.md 12, 13).

use serde_json::{Map, Value};

use super::calls::{Call, Kind};
use super::shape::is;
use super::status::{id, text};
use crate::receipt::Receipt;

/// Makes the payload. Key order and digits are kept: the system applies fields in order (protocols/kingdee.md 3.1).
/// The error says what can't be sent and why.
pub fn prepare(
    call: &Call,
    payload: &Value,
    lines: &[(String, Vec<String>)],
    receipt: Option<&Receipt>,
) -> Result<String, String> {
    let receipt_id = receipt.and_then(|receipt| receipt.id.as_deref()).map(str::trim).filter(|id| !id.is_empty());
    if call.kind != Kind::Save {
        let id =
            receipt_id.ok_or_else(|| format!("`{}` needs the document's id, and no receipt has one", call.name))?;
        return Ok(Value::Object(Map::from_iter([("Ids".to_owned(), id.into())])).to_string());
    }
    let mut payload = payload.as_object().cloned().ok_or("the payload is no object")?;
    if let Some(id) = receipt_id.filter(|_| !names(&payload, "FID")) {
        payload.shift_insert(0, "FID".to_owned(), as_id(id));
    }
    let creates = id(member(&payload, "FID")).is_none();
    if creates && text(member(&payload, "FBillNo")).is_none() {
        return Err("the payload has no `FBillNo`: the system would number it, and a repeat could not be told from it"
            .to_owned());
    }
    if !creates {
        for (list, keys) in lines {
            let known = receipt.and_then(|receipt| receipt.lines.get(list));
            add_entry_ids(&mut payload, list, keys, |key| known?.get(key).map(String::as_str))?;
        }
    }
    Ok(Value::Object(payload).to_string())
}

/// Puts `FEntryID` first into every line whose row is known.
fn add_entry_ids<'r>(
    payload: &mut Map<String, Value>,
    list: &str,
    keys: &[String],
    known: impl Fn(&str) -> Option<&'r str>,
) -> Result<(), String> {
    // A list within a line has a path of more than one name; the system makes its rows anew.
    let Some(elements) = payload.get_mut(list).and_then(Value::as_array_mut) else { return Ok(()) };
    if elements.len() != keys.len() {
        return Err(format!("`{list}` has {} lines and {} keys", elements.len(), keys.len()));
    }
    for (element, key) in elements.iter_mut().zip(keys) {
        let line = element.as_object_mut().ok_or_else(|| format!("a line of `{list}` is no object"))?;
        if let Some(id) = known(key).filter(|_| !names(line, "FEntryID")) {
            line.shift_insert(0, "FEntryID".to_owned(), as_id(id));
        }
    }
    Ok(())
}

/// Ids are numbers, at some forms texts.
fn as_id(id: &str) -> Value {
    let is_number = id.bytes().all(|byte| byte.is_ascii_digit()) && (id == "0" || !id.starts_with('0'));
    if is_number { serde_json::from_str(id).unwrap_or_else(|_| id.into()) } else { id.into() }
}

fn names(object: &Map<String, Value>, name: &str) -> bool {
    member(object, name).is_some()
}

/// A member whatever the case of its key.
pub fn member<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    object.iter().find(|(key, _)| is(key, name)).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn save() -> &'static Call {
        Call::named("batchSave").unwrap()
    }

    fn receipt() -> Receipt {
        let lines = [("7001".to_owned(), "100034".to_owned()), ("7003".to_owned(), "100036".to_owned())];
        Receipt {
            id: Some("100030".to_owned()),
            number: Some("CK-1".to_owned()),
            lines: [("FEntity".to_owned(), lines.into())].into(),
            ..Receipt::default()
        }
    }

    fn keys(keys: &[&str]) -> Vec<(String, Vec<String>)> {
        vec![("FEntity".to_owned(), keys.iter().map(|key| (*key).to_owned()).collect())]
    }

    #[test]
    fn a_create_is_what_the_mapping_gave_digit_for_digit() {
        let text = r#"{"FBillNo":"CK-1","FDate":"2026-01-05","FEntity":[{"FQty":12345678901234567.890,"FId2":9007199254740993}]}"#;
        let payload = serde_json::from_str(text).unwrap();
        assert_eq!(prepare(save(), &payload, &keys(&["7001"]), None).unwrap(), text);
        let numberless = Receipt { lines: receipt().lines, ..Receipt::default() };
        assert_eq!(prepare(save(), &payload, &keys(&["7001"]), Some(&numberless)).unwrap(), text, "no id, no update");
    }

    #[test]
    fn rule_12_an_update_carries_the_ids_of_the_bill_and_of_its_known_lines_first() {
        let text = r#"{"FBillNo":"CK-1","FEntity":[{"M":"A"},{"M":"B"},{"FENTRYID":5,"M":"C"}]}"#;
        let payload = serde_json::from_str(text).unwrap();
        let made = prepare(save(), &payload, &keys(&["7001", "7002", "7003"]), Some(&receipt())).unwrap();
        let wanted = concat!(
            r#"{"FID":100030,"FBillNo":"CK-1","FEntity":[{"FEntryID":100034,"M":"A"},{"M":"B"},"#,
            r#"{"FENTRYID":5,"M":"C"}]}"#
        );
        assert_eq!(made, wanted);
    }

    #[test]
    fn ids_that_the_mapping_names_stand_and_texts_stay_texts() {
        let payload = serde_json::from_str(r#"{"FBillNo":"CK-1","fid":4}"#).unwrap();
        assert_eq!(prepare(save(), &payload, &[], Some(&receipt())).unwrap(), r#"{"FBillNo":"CK-1","fid":4}"#);
        for (id, json) in [("7", "7"), ("007", "\"007\""), ("5f0e-9d", "\"5f0e-9d\"")] {
            let receipt = Receipt { id: Some(id.to_owned()), ..Receipt::default() };
            let payload = serde_json::from_str("{}").unwrap();
            assert_eq!(prepare(save(), &payload, &[], Some(&receipt)).unwrap(), format!(r#"{{"FID":{json}}}"#));
        }
    }

    #[test]
    fn an_operation_is_the_receipts_id_and_nothing_else() {
        for name in ["submit", "audit", "unAudit", "delete", "cancel", "delete_or_cancel"] {
            let call = Call::named(name).unwrap();
            assert_eq!(prepare(call, &Value::Null, &[], Some(&receipt())).unwrap(), r#"{"Ids":"100030"}"#);
            let none = prepare(call, &Value::Null, &[], Some(&Receipt::default())).unwrap_err();
            assert_eq!(none, format!("`{name}` needs the document's id, and no receipt has one"));
        }
    }

    #[test]
    fn what_cannot_be_sent_is_said() {
        let prepared = |payload: &str, lines: &[&str]| {
            prepare(save(), &serde_json::from_str(payload).unwrap(), &keys(lines), Some(&receipt())).unwrap_err()
        };
        assert_eq!(prepared("[]", &[]), "the payload is no object");
        assert_eq!(prepared(r#"{"FEntity":[{}]}"#, &["1", "2"]), "`FEntity` has 1 lines and 2 keys");
        assert_eq!(prepared(r#"{"FEntity":[1]}"#, &["1"]), "a line of `FEntity` is no object");
        for numberless in ["{}", r#"{"FID":0,"FBillNo":" "}"#] {
            let payload = serde_json::from_str(numberless).unwrap();
            assert!(prepare(save(), &payload, &[], None).unwrap_err().contains("no `FBillNo`"));
        }
    }
}
