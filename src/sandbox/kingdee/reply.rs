//! Answers in the server's shape: `Result.ResponseStatus`, with errors and successes per bill.

use std::sync::Arc;

use serde_json::{Value, json};

use super::switches::Switches;

/// MsgCode (protocols/kingdee.md 1.5).
pub mod code {
    /// The session is lost.
    pub const SESSION: u16 = 1;
    /// No permission.
    pub const PERMISSION: u16 = 2;
    /// The form id is empty.
    pub const NO_FORM: u16 = 5;
    /// An exception.
    pub const EXCEPTION: u16 = 4;
    /// The database refused.
    pub const DATABASE: u16 = 6;
    /// A parameter is wrong.
    pub const PARAMETER: u16 = 8;
    /// A named field or value does not exist.
    pub const UNKNOWN: u16 = 9;
    /// The data is not there.
    pub const NOT_FOUND: u16 = 10;
    /// A validation failed.
    pub const VALIDATION: u16 = 11;
    /// The operation is not possible.
    pub const OPERATION: u16 = 12;
    /// Called too often.
    pub const THROTTLE: u16 = 14;
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// MsgCode.
    pub code: u16,
    /// FieldName.
    pub field: Option<String>,
    /// Message.
    pub message: String,
}

impl Problem {
    /// A problem of no certain field.
    pub fn new(code: u16, message: impl Into<String>) -> Self {
        Self { code, field: None, message: message.into() }
    }

    /// A failed validation of a field.
    pub fn of_field(field: &str, message: String) -> Self {
        Self { code: code::VALIDATION, field: Some(field.to_owned()), message }
    }

    /// The session is lost (protocols/kingdee.md 1.3).
    pub fn session_lost() -> Self {
        Self::new(code::SESSION, "会话信息已丢失，请重新登录")
    }

    /// Called too often; the text is ours, the code documented.
    pub fn throttled() -> Self {
        Self::new(code::THROTTLE, "接口调用次数超过限制，请稍候再试")
    }

    /// A plug-in refused, without a reason (protocols/kingdee.md 3.2).
    pub fn refused() -> Self {
        Self::new(code::VALIDATION, "插件取消了保存操作")
    }

    /// Another user's edit holds the bill (protocols/kingdee.md 3.2, captured).
    pub fn edit_lock(caption: &str, number: &str, switches: &Switches) -> Self {
        let message =
            format!("“demo”使用业务单据：“{caption}”业务操作-“[{caption}-{number}-修改]”冲突，请稍候再使用。");
        Self::new(switches.edit_lock_code, message)
    }

    /// No such field (protocols/kingdee.md 2.1).
    pub fn unknown_field(key: &str) -> Self {
        Self::new(code::UNKNOWN, format!("元数据中标识为{key}的字段不存在"))
    }

    /// The whole call failed for this: `{"Result":{"ResponseStatus":…}}`.
    pub fn answer(&self) -> Value {
        let mut outcome = Outcome::default();
        outcome.failed.push((0, self.clone()));
        json!({ "Result": { "ResponseStatus": outcome.status(true) } })
    }
}

/// What came of each bill of a call.
#[derive(Debug, Default)]
pub struct Outcome {
    /// DIndex, FID and FBillNo of what succeeded.
    pub done: Vec<(usize, u64, Arc<str>)>,
    /// DIndex and problem; several may share one DIndex.
    pub failed: Vec<(usize, Problem)>,
    /// DIndex and message.
    pub messages: Vec<(usize, String)>,
}

impl Outcome {
    /// The ResponseStatus as the switches want it.
    pub fn status_by(&self, switches: &Switches) -> Value {
        let mut status = self.status(!switches.mixed_success || self.done.is_empty());
        if switches.reverse_success
            && let Some(Value::Array(done)) = status.get_mut("SuccessEntitys")
        {
            done.reverse();
        }
        status
    }

    /// The ResponseStatus; `failure_counts` makes any failed bill a failed call.
    fn status(&self, failure_counts: bool) -> Value {
        let success = self.failed.is_empty() || !failure_counts;
        let errors = self
            .failed
            .iter()
            .map(|(index, problem)| json!({ "FieldName": problem.field, "Message": problem.message, "DIndex": index }));
        let done =
            self.done.iter().map(|(index, id, number)| json!({ "Id": id, "Number": &**number, "DIndex": index }));
        let messages = self
            .messages
            .iter()
            .map(|(index, message)| json!({ "FieldName": null, "Message": message, "DIndex": index }));
        let code = self.failed.first().map_or(0, |(_, problem)| problem.code);
        let mut status = serde_json::Map::new();
        if !success {
            status.insert("ErrorCode".into(), 500.into());
        }
        status.insert("IsSuccess".into(), success.into());
        status.insert("Errors".into(), errors.collect());
        status.insert("SuccessEntitys".into(), done.collect());
        status.insert("SuccessMessages".into(), messages.collect());
        status.insert("MsgCode".into(), if success { 0 } else { code }.into());
        Value::Object(status)
    }
}
