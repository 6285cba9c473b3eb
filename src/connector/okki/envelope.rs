//! An answer taken apart (protocols/okki.md 3). Success is only `code` 200 or 0 with `data` and without `error`;
//! whatever is not recognised is a fault, never "no documents" and never success.

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::connector::reply::Reply;

/// What an answer says.
#[derive(Debug)]
pub enum Said<'a> {
    /// It succeeded; its `data`, as received.
    Data(&'a RawValue),
    /// The system refused, in its words.
    Refused {
        /// `code`; none for errors of the authorisation, which have no envelope.
        code: Option<i64>,
        /// `error`, where there is one.
        error: Option<String>,
        /// `message` or `msg`.
        message: String,
    },
    /// No rule recognises it; what is wrong with it.
    Unrecognised(String),
}

#[derive(Deserialize)]
struct Envelope<'a> {
    code: Option<Value>,
    message: Option<Value>,
    msg: Option<Value>,
    error: Option<Value>,
    hint: Option<Value>,
    now: Option<Value>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
}

/// An answer that could be taken apart, with the system's wall clock as it prints it.
#[derive(Debug)]
pub struct Answer<'a> {
    /// What it says.
    pub said: Said<'a>,
    /// `now`.
    pub now: Option<String>,
}

/// Reads an answer's body.
pub fn read(reply: &Reply) -> Answer<'_> {
    let envelope: Envelope<'_> = match serde_json::from_slice(reply.content()) {
        Ok(envelope) => envelope,
        Err(error) => return Answer { said: Said::Unrecognised(format!("it can't be read: {error}")), now: None },
    };
    let now = envelope.now.as_ref().map(text);
    Answer { said: said(reply.status, envelope), now }
}

fn said(status: u16, envelope: Envelope<'_>) -> Said<'_> {
    let words = [&envelope.message, &envelope.msg, &envelope.hint].map(|part| part.as_ref().map(text));
    let words: Vec<String> = words.into_iter().flatten().filter(|words| !words.is_empty()).collect();
    let message = words.join(", ");
    let code = envelope.code.as_ref().and_then(|code| text(code).trim().parse::<i64>().ok());
    let error = envelope.error.as_ref().filter(|error| !error.is_null()).map(text);
    match (status, code, error, envelope.data) {
        (_, code, Some(error), _) => Said::Refused { code, error: Some(error), message },
        (_, None, None, _) => Said::Unrecognised("it has no `code`".to_owned()),
        (200, Some(200 | 0), None, Some(data)) if data.get() != "null" => Said::Data(data),
        (200, Some(200 | 0), None, _) => Said::Unrecognised("it has no `data`".to_owned()),
        (status, Some(200 | 0), None, _) => Said::Unrecognised(format!("status {status} with the code of a success")),
        (_, code, None, _) => Said::Refused { code, error: None, message },
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What an answer says, in short.
    fn told(status: u16, body: &str) -> String {
        let reply = Reply { status, body: body.into(), ..Reply::default() };
        match read(&reply).said {
            Said::Data(data) => format!("data {}", data.get()),
            Said::Refused { code, error, message } => {
                format!("refused {} {} {message}", code.unwrap_or(-1), error.unwrap_or_default())
            }
            Said::Unrecognised(_) => "unrecognised".to_owned(),
        }
    }

    #[test]
    fn fault_05_an_answer_is_data_a_refusal_or_not_recognised() {
        for (status, body, wanted) in [
            (
                200,
                r#"{"code":200,"message":"success","now":"2025-04-19 15:45:47","data":{ "a":1.0}}"#,
                "data { \"a\":1.0}",
            ),
            (200, r#"{"code":0,"msg":"success","data":[]}"#, "data []"),
            (200, r#"{"code":"200","data":"success"}"#, "data \"success\""),
            (200, r#"{"code":200,"error":null,"data":{}}"#, "data {}"),
            (200, r#"{"code":404,"message":"Not Found Resource","data":{}}"#, "refused 404  Not Found Resource"),
            (404, r#"{"code":404,"message":"Not Found Resource"}"#, "refused 404  Not Found Resource"),
            (200, r#"{"code":500,"message":"父级节点不存在"}"#, "refused 500  父级节点不存在"),
            (401, r#"{"error":"access_denied","hint":"h","message":"m"}"#, "refused -1 access_denied m, h"),
            (200, r#"{"code":200,"error":"access_denied","data":{}}"#, "refused 200 access_denied "),
            (200, r#"{"code":200,"message":"success"}"#, "unrecognised"),
            (200, r#"{"code":200,"data":null}"#, "unrecognised"),
            (500, r#"{"code":200,"data":{}}"#, "unrecognised"),
            (200, r#"{"message":"success","data":{}}"#, "unrecognised"),
            (200, r#"{"code":200,"data":{"order_id":5"#, "unrecognised"),
            (200, "<html>", "unrecognised"),
            (200, "", "unrecognised"),
            (200, "null", "unrecognised"),
            (200, "[]", "unrecognised"),
        ] {
            assert_eq!(told(status, body), wanted, "{status} {body}");
        }
    }
}
