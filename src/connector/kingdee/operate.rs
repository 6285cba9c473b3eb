//! Operations on one bill addressed by its id (protocols/kingdee.md 3.3).

use serde_json::{Map, Value};

use super::calls::{Call, Kind};
use super::faults::{already, of_bill};
use super::query::Bill;
use super::status::{Status, text};
use crate::connector::FaultKind;

/// The id that a prepared payload addresses.
pub fn addressed(payload: &str) -> Option<String> {
    text(serde_json::from_str::<Value>(payload).ok()?.get("Ids"))
}

/// The request's body: options, then the payload's own members.
pub fn body(call: &Call, form: &str, options: &Map<String, Value>, payload: &str) -> Vec<u8> {
    let taken = options.iter().filter(|(name, _)| call.options.contains(&name.as_str()));
    let options = Value::Object(taken.map(|(name, value)| (name.clone(), value.clone())).collect()).to_string();
    let options = options.trim_start_matches('{').trim_end_matches('}');
    let members = payload.strip_prefix('{').and_then(|payload| payload.strip_suffix('}')).unwrap_or_default();
    let comma = if options.is_empty() || members.is_empty() { "" } else { "," };
    let operation = call.operation.map(|name| format!(r#""opNumber":"{name}","#)).unwrap_or_default();
    let form = Value::from(form);
    format!(r#"{{"formid":{form},{operation}"data":{{{options}{comma}{members}}}}}"#).into_bytes()
}

/// What the answer to an operation on one bill says of it.
pub fn judge(call: &Call, id: &str, status: &Status) -> Result<(), (FaultKind, String)> {
    let named = status.successes.iter().any(|entity| entity.id.as_deref() == Some(id));
    match (named, status.errors.as_slice()) {
        (true, []) => Ok(()),
        (true, _) => Err((FaultKind::Unknown, format!("named as done and as refused: {}", status.messages()))),
        (false, []) => {
            Err((FaultKind::Unknown, format!("named neither as done nor as refused: {}", status.messages())))
        }
        (false, errors) => {
            let messages = status.messages();
            if already(&messages, call.already) {
                return Err((FaultKind::Exists, messages));
            }
            let errors: Vec<_> = errors.iter().collect();
            Err((of_bill(status.code, &errors, None), messages))
        }
    }
}

/// Whether a bill is as an operation leaves it; one that is not there any more is as a deletion leaves it.
pub fn is_done(kind: Kind, bill: Option<&Bill>) -> bool {
    let Some(bill) = bill else { return matches!(kind, Kind::Delete | Kind::DeleteOrCancel) };
    match kind {
        Kind::Submit => matches!(bill.status().as_deref(), Some("B" | "C")),
        Kind::Audit => bill.status().as_deref() == Some("C"),
        Kind::CancelAssign => bill.status().is_some_and(|status| status != "B"),
        Kind::UnAudit => bill.status().is_some_and(|status| status != "C"),
        Kind::Cancel | Kind::DeleteOrCancel => bill.is_cancelled(),
        Kind::Save | Kind::Delete => false,
    }
}

/// Which call of the two a bill's status allows (interface.md 4): Z, A, D are deleted, B, C cancelled. The error is a
/// status that is neither.
pub fn delete_or_cancel(bill: &Bill) -> Result<&'static Call, String> {
    match bill.status().as_deref() {
        Some("Z" | "A" | "D") => delete(),
        Some("B" | "C") => named("cancel"),
        status => {
            let status = status.unwrap_or_default();
            Err(format!("FDocumentStatus `{status}` is none of Z, A, D (deleted) and B, C (cancelled)"))
        }
    }
}

/// The call that deletes.
pub fn delete() -> Result<&'static Call, String> {
    named("delete")
}

fn named(name: &str) -> Result<&'static Call, String> {
    Call::named(name).ok_or_else(|| format!("no call `{name}`"))
}

impl Bill {
    /// `FDocumentStatus`.
    pub fn status(&self) -> Option<String> {
        text(self.cells.get("FDocumentStatus"))
    }

    /// Whether it is cancelled (作废).
    pub fn is_cancelled(&self) -> bool {
        text(self.cells.get("FCancelStatus")).as_deref() == Some("B")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;
    use crate::connector::kingdee::status::{Entity, ItemError};

    fn call(name: &str) -> &'static Call {
        Call::named(name).unwrap()
    }

    #[test]
    fn a_body_has_the_options_that_the_call_takes_and_the_id() {
        let options = json!({ "IsAutoSubmitAndAudit": false, "NetworkCtrl": "", "Model": {} });
        let body = |name: &str, options: &Value| {
            let body = super::body(call(name), "SAL_OUTSTOCK", options.as_object().unwrap(), r#"{"Ids":"7"}"#);
            String::from_utf8(body).unwrap()
        };
        assert_eq!(body("audit", &options), r#"{"formid":"SAL_OUTSTOCK","data":{"NetworkCtrl":"","Ids":"7"}}"#);
        assert_eq!(body("cancel", &json!({})), r#"{"formid":"SAL_OUTSTOCK","opNumber":"Cancel","data":{"Ids":"7"}}"#);
        assert_eq!(addressed(r#"{"Ids":"7"}"#).as_deref(), Some("7"));
    }

    #[test]
    fn an_operation_is_done_only_if_the_answer_names_the_bill() {
        let entity = |id: &str| Entity { id: Some(id.to_owned()), number: Some("CK-1".to_owned()) };
        let error = |message: &str| ItemError { message: message.to_owned(), ..ItemError::default() };
        use FaultKind::{Exists, Permanent, Transient, Unknown};
        for (name, successes, errors, kind) in [
            ("delete", vec![entity("7")], vec![], None),
            ("delete", vec![entity("8")], vec![], Some(Unknown)),
            ("delete", vec![], vec![], Some(Unknown)),
            ("delete", vec![entity("7")], vec![error("x")], Some(Unknown)),
            ("delete", vec![], vec![error("内码值[\"7\"]不存在")], Some(Exists)),
            ("delete", vec![], vec![error("单据状态为暂存、创建或重新审核的数据才允许删除")], Some(Permanent)),
            ("cancel", vec![], vec![error("单据已经作废！")], Some(Exists)),
            ("cancel", vec![], vec![error("当前状态的数据不允许作废！")], Some(Permanent)),
            ("audit", vec![], vec![error("单据编号为“CK-1”的销售出库单，单据已经审核！")], Some(Exists)),
            ("audit", vec![], vec![error("业务操作冲突，请稍候再使用。")], Some(Transient)),
            ("submit", vec![], vec![error("只有暂存、创建和重新审核的数据才允许提交！")], Some(Exists)),
        ] {
            let status = Status { is_success: Some(true), code: Some(11), errors, successes };
            let judged = judge(call(name), "7", &status);
            assert_eq!(judged.err().map(|(kind, _)| kind), kind, "{name} {status:?}");
        }
    }

    fn bill(status: &str, cancelled: &str) -> Bill {
        let cells = json!({ "FDocumentStatus": status, "FCancelStatus": cancelled });
        Bill { cells: cells.as_object().unwrap().clone().into_iter().collect(), ..Bill::default() }
    }

    #[test]
    fn the_status_decides_between_delete_and_cancel() {
        for (status, wanted) in [("Z", "delete"), ("A", "delete"), ("D", "delete"), ("B", "cancel"), ("C", "cancel")] {
            assert_eq!(delete_or_cancel(&bill(status, "A")).unwrap().name, wanted);
        }
        assert!(delete_or_cancel(&bill("", "A")).unwrap_err().contains("FDocumentStatus ``"));
    }

    #[test]
    fn what_an_operation_leaves_is_known_by_the_bills_state() {
        for (kind, done) in [
            (Kind::Submit, vec!["B", "C"]),
            (Kind::Audit, vec!["C"]),
            (Kind::UnAudit, vec!["Z", "A", "B", "D"]),
            (Kind::CancelAssign, vec!["Z", "A", "C", "D"]),
            (Kind::Delete, vec![]),
            (Kind::Cancel, vec![]),
            (Kind::DeleteOrCancel, vec![]),
        ] {
            for status in ["Z", "A", "B", "C", "D"] {
                assert_eq!(is_done(kind, Some(&bill(status, "A"))), done.contains(&status), "{kind:?} {status}");
            }
        }
        assert!(is_done(Kind::Cancel, Some(&bill("C", "B"))) && is_done(Kind::DeleteOrCancel, Some(&bill("C", "B"))));
        assert!(is_done(Kind::Delete, None) && is_done(Kind::DeleteOrCancel, None) && !is_done(Kind::Cancel, None));
    }
}
