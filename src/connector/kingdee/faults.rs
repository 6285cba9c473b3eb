//! What answers mean, by status, code and message (protocols/kingdee.md 1.3, 1.5, 3.1, 3.2). `ErrorCode` is always
//! 500, and messages change with version and language: only codes and stable parts of messages are looked at.

use serde_json::Value;

use super::status::{ItemError, Status};
use crate::connector::FaultKind;
use crate::connector::reply::{Purpose, Reply, of_status};

/// Reads an answer's body as JSON, or says what it is instead. An error that comes wrapped as rows (`[[{"Result":
/// …}]]`) is unwrapped; a list of rows stays as it is.
pub fn read(reply: &Reply, purpose: Purpose) -> Result<Value, FaultKind> {
    let text = reply.text();
    // 206 is a success to the official SDK.
    if text.starts_with("response_error:") || !matches!(reply.status, 200 | 206) {
        // The text of an exception, not JSON: it may have come in the middle.
        if text.contains("ctx == null") {
            return Err(FaultKind::Session);
        }
        // The public gateway takes neither signature nor time stamp: raised before the server (1.4).
        let gateway = reply.status == 519 && text.contains("\"errcode\"");
        if gateway || text.contains("Fail to verify thirty passport") {
            return Err(FaultKind::Refused);
        }
        return Err(of_status(reply.status, purpose).unwrap_or(FaultKind::Unknown));
    }
    if reply.is_html() {
        return Err(match purpose {
            Purpose::Read => FaultKind::Session,
            Purpose::Send => FaultKind::Unknown,
        });
    }
    let value: Value = serde_json::from_slice(reply.content()).map_err(|_| FaultKind::Unknown)?;
    Ok(unwrapped(value))
}

/// Whether rows that came whole can't be read: some value among them is no JSON (half of a surrogate pair, where a
/// text was cut to its column). An answer that was cut does not end with both brackets.
pub fn holds_something_unreadable(reply: &Reply) -> bool {
    let rows = reply.content();
    let is_whole = rows.starts_with(b"[[") && rows.ends_with(b"]]");
    is_whole && matches!(reply.status, 200 | 206) && serde_json::from_slice::<Value>(rows).is_err()
}

fn unwrapped(value: Value) -> Value {
    let wrapped = value.get(0).and_then(|row| row.get(0)).filter(|cell| cell.get("Result").is_some());
    wrapped.cloned().unwrap_or(value)
}

/// The kind of a refusal that is known to be raised before anything ran, for every bill of the call alike; `None` if
/// it is none: then each bill's own error decides, and a bill without one is unknown. Codes: protocols/kingdee.md 1.5.
/// The codes left out (4 exception, 6 database, 9 unknown field or value, 10 not found, 11 validation, 12 not
/// possible, 13 edit lock) are raised while bills are worked on, some of them perhaps done.
pub fn before_anything_ran(status: &Status) -> Option<FaultKind> {
    if !status.successes.is_empty() || status.is_success == Some(true) {
        return None;
    }
    match (status.code, status.errors.as_slice()) {
        (Some(1), _) => Some(FaultKind::Session),
        // Older servers answer 0 for everything: the words alone, and only if nothing else is said.
        (None | Some(0), [only]) if session_words(&only.message) => Some(FaultKind::Session),
        (Some(4), [only]) if only.message.contains("业务对象不存在") => Some(FaultKind::Permanent),
        (Some(2 | 3 | 5 | 8), _) => Some(FaultKind::Permanent),
        (Some(7 | 15), _) => Some(FaultKind::Refused),
        (Some(14), _) => Some(FaultKind::Throttled),
        _ => None,
    }
}

fn session_words(message: &str) -> bool {
    let message = message.trim();
    message.contains("ctx == null")
        || ["会话信息已丢失", "未登录", "Session information is lost"].iter().any(|words| message.starts_with(words))
}

/// The field that a query named and the form does not have (MsgCode 9, protocols/kingdee.md 2.1).
pub fn unknown_field(messages: &str) -> Option<&str> {
    let (_, rest) = messages.split_once("元数据中标识为")?;
    Some(rest.split_once("的字段不存在")?.0)
}

/// The kind of a bill's own errors. Of several, the one that forbids most decides.
pub fn of_bill(code: Option<i64>, errors: &[&ItemError], number: Option<&str>) -> FaultKind {
    let kinds: Vec<FaultKind> = errors.iter().map(|error| of_error(code, error, number)).collect();
    let order = [FaultKind::Unknown, FaultKind::ClosedPeriod, FaultKind::Exists, FaultKind::Transient];
    order.into_iter().find(|kind| kinds.contains(kind)).unwrap_or(FaultKind::Permanent)
}

fn of_error(code: Option<i64>, error: &ItemError, number: Option<&str>) -> FaultKind {
    let message = &error.message;
    let says = |words: &[&str]| words.iter().all(|word| message.contains(word));
    if is_duplicate(error, number) {
        FaultKind::Exists
    } else if code == Some(13) || says(&["冲突", "请稍候"]) || says(&["冲突", "请稍后"]) {
        FaultKind::Transient
    } else if says(&["关账"]) || says(&["结账"]) || says(&["期间", "关闭"]) {
        FaultKind::ClosedPeriod
    } else if matches!(code, Some(4 | 6)) || is_unnumbered_exception(code, message) {
        FaultKind::Unknown
    } else {
        FaultKind::Permanent
    }
}

/// Whether words under a code that says nothing (older servers answer 0 for everything, protocols/kingdee.md 1.5) are
/// those of an exception: what was under way then may have been done, or be done on another try. A business refusal
/// that has one of them is asked about, which costs a question.
pub fn is_unnumbered_exception(code: Option<i64>, message: &str) -> bool {
    let message = message.to_lowercase();
    matches!(code, None | Some(0)) && EXCEPTIONS.iter().any(|words| message.contains(words))
}

/// In lower case.
const EXCEPTIONS: &[&str] = &[
    "死锁",
    "deadlock",
    "超时",
    "timeout",
    "timed out",
    "time-out",
    "对象引用",
    "object reference",
    "异常",
    "exception",
];

/// Whether an error says that our number is taken; another unique field that is taken is no question of ours.
fn is_duplicate(error: &ItemError, number: Option<&str>) -> bool {
    let names_number = number.is_some_and(|number| error.message.contains(&format!("[{number}]")));
    let number_field = error.field.as_deref().is_some_and(|field| field.eq_ignore_ascii_case("FBillNo"));
    error.message.contains("违反字段唯一性要求") && (names_number || number_field)
}

/// Words by which a call says that the state it leads to is reached already (protocols/kingdee.md 3.2).
pub fn already(message: &str, words: &[&str]) -> bool {
    words.iter().any(|word| message.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(status: u16, body: &str) -> Reply {
        Reply { status, body: body.into(), ..Reply::default() }
    }

    #[test]
    fn fault_05_a_body_is_json_or_a_fault_of_its_kind() {
        let lost = r#"{"Result":{"ResponseStatus":{"MsgCode":1}}}"#;
        let read_json = |body: &str| read(&reply(200, body), Purpose::Send).map(|value| value.to_string());
        assert_eq!(read_json(&format!("[[{lost}]]")), Ok(lost.to_owned()));
        assert_eq!(read_json(lost), Ok(lost.to_owned()));
        assert_eq!(read_json("[]"), Ok("[]".to_owned()));
        assert_eq!(read_json(r#"[[1,2.50]]"#), Ok("[[1,2.50]]".to_owned()));
        use FaultKind::{Refused, Session, Transient, Unknown};
        for (status, body, on_read, on_send) in [
            (200, "", Unknown, Unknown),
            (200, r#"{"Result":{"ResponseSta"#, Unknown, Unknown),
            (200, "<!DOCTYPE html><title>登录</title>", Session, Unknown),
            (200, "response_error: ctx == null", Session, Session),
            (200, "response_error: System.NullReferenceException", Unknown, Unknown),
            (401, "", Session, Session),
            (500, "Fail to verify thirty passport", Refused, Refused),
            (500, "Additional text found in JSON string", Transient, Unknown),
            (502, "<html>", Transient, Unknown),
            (404, "<html>", Refused, Refused),
            (519, r#"{"errcode":4006,"description_cn":"X-Api-TimeStamp过期"}"#, Refused, Refused),
            (519, "<html>", Transient, Unknown),
            (503, "Service Unavailable", Transient, Unknown),
        ] {
            assert_eq!(read(&reply(status, body), Purpose::Read), Err(on_read), "read {status} {body}");
            assert_eq!(read(&reply(status, body), Purpose::Send), Err(on_send), "send {status} {body}");
        }
    }

    fn error(field: &str, message: &str) -> ItemError {
        ItemError { field: Some(field.to_owned()), message: message.to_owned(), index: Some(0) }
    }

    #[test]
    fn refusals_before_anything_ran_are_told_by_code() {
        use FaultKind::{Permanent, Refused, Session, Throttled};
        let status = |code, message| Status {
            is_success: Some(false),
            code,
            errors: vec![error("", message)],
            successes: Vec::new(),
        };
        for (code, message, kind) in [
            (Some(1), "会话信息已丢失，请重新登录", Some(Session)),
            (Some(0), "会话信息已丢失，请重新登录", Some(Session)),
            (None, "ctx == null", Some(Session)),
            (Some(9), "编码值[\"未登录\"]不存在", None),
            (Some(0), "客户“未登录”不存在", None),
            (Some(2), "您没有“销售出库单”的“新增”权限", Some(Permanent)),
            (Some(5), "", Some(Permanent)),
            (Some(8), "", Some(Permanent)),
            (Some(4), "标识为“X”的业务对象不存在，或者被删除", Some(Permanent)),
            (Some(4), "exception", None),
            (Some(6), "", None),
            (Some(7), "", Some(Refused)),
            (Some(9), "元数据中标识为X的字段不存在", None),
            (Some(10), "", None),
            (Some(11), "", None),
            (Some(13), "", None),
            (Some(14), "", Some(Throttled)),
            (Some(15), "", Some(Refused)),
            (Some(99), "", None),
        ] {
            assert_eq!(before_anything_ran(&status(code, message)), kind, "{code:?} {message}");
        }
        let mixed = Status { successes: vec![super::super::status::Entity::default()], ..status(Some(2), "") };
        assert_eq!(before_anything_ran(&mixed), None, "something ran");
    }

    /// Every message of protocols/kingdee.md 3.2, as the error of a bill sent with the number CK-1.
    #[test]
    fn every_message_of_the_protocol_page_has_its_kind() {
        use FaultKind::{Exists, Permanent, Transient, Unknown};
        for (code, field, message, kind) in [
            (11, "FBillNo", "违反字段唯一性要求：编码唯一。[CK-1]在当前系统中已经被使用。", Exists),
            (11, "FCustomerID", "字段“客户”是必填项", Permanent),
            (11, "", "单据体实体【明细信息】第【1】行分录，【仓库】字段必录", Permanent),
            (11, "", "分录实体“明细”是必填项", Permanent),
            (11, "", "第1行分录，未免费的物料，含税单价不能小于等于0", Permanent),
            (9, "FMaterialID", "元数据中标识为FXYZ的字段不存在", Permanent),
            (11, "", "单据编号为“CK-1”的销售出库单，单据已经审核！", Permanent),
            (11, "", "单据编号为“CK-1”的销售出库单，只有暂存、创建和重新审核的数据才允许提交！", Permanent),
            (11, "", "单据编号为“CK-1”的销售出库单，单据状态为暂存、创建或重新审核的数据才允许删除", Permanent),
            (0, "", "“demo”使用业务单据：“销售订单”业务操作-“[销售订单-2021-28-修改]”冲突，请稍候再使用。", Transient),
            (13, "", "“demo”使用业务单据：“销售订单”业务操作-“[销售订单-2021-28-修改]”冲突，请稍候再使用。", Transient),
            (11, "", "单据已审核，不允许修改", Permanent),
            (9, "", "编码值[\"X\"]不存在", Permanent),
            (8, "", "编码值或内码值必须传其一", Permanent),
            (11, "", "超过累计关联数量", Permanent),
            (11, "", "插件取消了保存操作", Permanent),
            (6, "", "“)”附近有语法错误", Unknown),
            (4, "", "GetRealExpress error", Unknown),
            (10, "", "", Permanent),
            (12, "", "", Permanent),
        ] {
            assert_eq!(of_bill(Some(code), &[&error(field, message)], Some("CK-1")), kind, "{code} {message}");
            // Older servers say the same under 0 or under no code. Of codes 4 and 6 only the words are left then.
            let kind = if kind == Unknown { Permanent } else { kind };
            for unsaid in [Some(0), None] {
                assert_eq!(of_bill(unsaid, &[&error(field, message)], Some("CK-1")), kind, "{unsaid:?} {message}");
            }
        }
    }

    /// Older servers answer exceptions under MsgCode 0 or none (protocols/kingdee.md 1.5): only the words tell.
    #[test]
    fn exceptions_under_no_code_are_told_by_their_words() {
        use FaultKind::{Permanent, Unknown};
        for (message, is_exception) in [
            ("事务(进程 ID 63)与另一个进程被死锁在 锁 资源上，并且已被选作死锁牺牲品。请重新运行该事务。", true),
            ("Transaction (Process ID 63) was Deadlocked on lock resources", true),
            ("执行超时已过期。完成操作之前已超时或服务器未响应。", true),
            ("Execution Timeout Expired.", true),
            ("The operation has timed out", true),
            ("未将对象引用设置到对象的实例。", true),
            ("Object reference not set to an instance of an object.", true),
            ("引发类型为“System.OutOfMemoryException”的异常。", true),
            ("字段“客户”是必填项", false),
            ("插件取消了保存操作", false),
            ("", false),
        ] {
            let kind = if is_exception { Unknown } else { Permanent };
            for code in [Some(0), None] {
                assert_eq!(is_unnumbered_exception(code, message), is_exception, "{message}");
                assert_eq!(of_bill(code, &[&error("", message)], Some("CK-1")), kind, "{code:?} {message}");
            }
            assert!(!is_unnumbered_exception(Some(11), message), "a code that says something stands");
        }
    }

    /// What an operation says whose state is reached already is asked about, never taken for a refusal (3.2, 4).
    #[test]
    fn every_message_that_a_state_is_reached_already_is_recognised() {
        use super::super::calls::Call;
        for (call, message, reached) in [
            ("audit", "单据编号为“CK-1”的销售出库单，单据已经审核！", true),
            ("submit", "单据编号为“CK-1”的销售出库单，只有暂存、创建和重新审核的数据才允许提交！", true),
            ("delete", "编码值[\"CK-1\"]不存在", true),
            ("delete", "单据状态为暂存、创建或重新审核的数据才允许删除", false),
            ("audit", "插件取消了保存操作", false),
        ] {
            let words = Call::named(call).map(|call| call.already).unwrap_or_default();
            assert_eq!(already(message, words), reached, "{call} {message}");
        }
    }

    #[test]
    fn a_bills_errors_have_a_kind() {
        use FaultKind::{ClosedPeriod, Exists, Permanent, Transient, Unknown};
        let duplicate = "违反字段唯一性要求：编码唯一。[CK-2]在当前系统中已经被使用。";
        let lock = "“demo”使用业务单据：“销售订单”业务操作-“[销售订单-2021-28-修改]”冲突，请稍候再使用。";
        for (code, field, message, kind) in [
            (11, "FBillNo", duplicate, Exists),
            (11, "", duplicate, Exists),
            (11, "F_EXT", "违反字段唯一性要求：外部编码唯一。[E7]在当前系统中已经被使用。", Permanent),
            (11, "FCustomerID", "字段“客户”是必填项", Permanent),
            (11, "", "插件取消了保存操作", Permanent),
            (0, "", lock, Transient),
            (13, "", "network control", Transient),
            (11, "FDate", "单据日期所在期间已关账", ClosedPeriod),
            (11, "FDate", "会计期间已关闭", ClosedPeriod),
            (4, "", "Object reference not set", Unknown),
            (6, "", "“)”附近有语法错误", Unknown),
            (9, "", "编码值[\"C9\"]不存在", Permanent),
        ] {
            assert_eq!(of_bill(Some(code), &[&error(field, message)], Some("CK-2")), kind, "{message}");
        }
        let both = [error("FCustomerID", "字段“客户”是必填项"), error("FBillNo", duplicate)];
        assert_eq!(of_bill(Some(11), &both.each_ref(), Some("CK-2")), Exists);
        assert_eq!(of_bill(Some(11), &[], None), Permanent);
    }
}
