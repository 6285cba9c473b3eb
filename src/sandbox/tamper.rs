//! Texts of requests and answers that a fault changes on their way, whichever system they belong to.

use serde_json::Value;

use crate::sandbox::wire::{Answer, Request};

/// The request without any member of this name, so that the system never sees it: also within texts that are JSON
/// themselves, as positional arguments are.
pub fn without_field(request: &Request, field: &str) -> Request {
    let mut changed = request.clone();
    if let Ok(mut body) = serde_json::from_slice::<Value>(&request.body) {
        drop_member(&mut body, field);
        changed.body = body.to_string().into_bytes();
    }
    changed
}

fn drop_member(value: &mut Value, field: &str) {
    match value {
        Value::Object(members) => {
            members.shift_remove(field);
            members.values_mut().for_each(|member| drop_member(member, field));
        }
        Value::Array(list) => list.iter_mut().for_each(|element| drop_member(element, field)),
        Value::String(text) if text.starts_with(['{', '[']) => {
            if let Ok(mut inner) = serde_json::from_str::<Value>(text) {
                drop_member(&mut inner, field);
                *text = inner.to_string();
            }
        }
        _ => {}
    }
}

/// The answer whose list of documents shows its last one twice.
pub fn with_duplicate(answer: Answer) -> Answer {
    with_list(answer, |list| list.extend(list.last().cloned()))
}

/// The answer whose list of documents lacks its first one.
pub fn without_first(answer: Answer) -> Answer {
    with_list(answer, |list| drop(list.drain(..list.len().min(1))))
}

/// The answer of 金蝶 whose successes name neither id nor number, and that returns nothing.
pub fn without_receipt(answer: Answer) -> Answer {
    changed(answer, |body| {
        if let Some(Value::Array(done)) = body.pointer_mut("/Result/ResponseStatus/SuccessEntitys") {
            for entity in done.iter_mut().filter_map(Value::as_object_mut) {
                entity.shift_remove("Id");
                entity.shift_remove("Number");
            }
        }
        if let Some(returned) = body.pointer_mut("/Result/NeedReturnData") {
            *returned = Value::Array(Vec::new());
        }
    })
}

fn with_list(answer: Answer, change: impl FnOnce(&mut Vec<Value>)) -> Answer {
    changed(answer, |body| {
        // 聚水潭 by either gateway, 小满, and the rows of 金蝶.
        let place = ["/data/datas", "/datas", "/data/list", ""]
            .into_iter()
            .find(|place| body.pointer(place).is_some_and(Value::is_array));
        if let Some(Value::Array(list)) = place.and_then(|place| body.pointer_mut(place)) {
            change(list);
        }
    })
}

fn changed(mut answer: Answer, change: impl FnOnce(&mut Value)) -> Answer {
    if let Ok(mut body) = serde_json::from_slice::<Value>(&answer.body) {
        change(&mut body);
        answer.body = body.to_string().into_bytes();
    }
    answer
}
