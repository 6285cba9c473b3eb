//! `ResponseStatus`, the part of every answer that says what became of a call (protocols/kingdee.md 2.1, 3.1).

use serde_json::Value;

/// What an answer says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Status {
    /// `IsSuccess`; its value in a mixed batch is not documented, so that nothing rests on it alone.
    pub is_success: Option<bool>,
    /// `MsgCode`.
    pub code: Option<i64>,
    /// `Errors`.
    pub errors: Vec<ItemError>,
    /// `SuccessEntitys`.
    pub successes: Vec<Entity>,
}

/// An error, of one bill or of the whole call.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ItemError {
    /// `FieldName`.
    pub field: Option<String>,
    /// `Message`.
    pub message: String,
    /// `DIndex`: place of the bill in the request.
    pub index: Option<usize>,
}

/// A bill that the call was carried out for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Entity {
    /// `Id`, number or text.
    pub id: Option<String>,
    /// `Number`.
    pub number: Option<String>,
}

impl Status {
    /// Reads the status of an answer; `None` if it has none.
    pub fn read(answer: &Value) -> Option<Self> {
        let status = answer.get("Result")?.get("ResponseStatus")?.as_object()?;
        let list = |name| status.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let error = |error: &Value| ItemError {
            field: text(error.get("FieldName")),
            message: text(error.get("Message")).unwrap_or_default(),
            index: text(error.get("DIndex")).and_then(|index| index.parse().ok()),
        };
        let entity = |entity: &Value| Entity { id: id(entity.get("Id")), number: text(entity.get("Number")) };
        Some(Self {
            is_success: text(status.get("IsSuccess")).map(|flag| flag.eq_ignore_ascii_case("true")),
            code: text(status.get("MsgCode")).and_then(|code| code.parse().ok()),
            errors: list("Errors").iter().map(error).collect(),
            successes: list("SuccessEntitys").iter().map(entity).collect(),
        })
    }

    /// Whether it says nothing but success: no error, no doubt.
    pub fn is_clean(&self) -> bool {
        self.is_success == Some(true) && self.errors.is_empty()
    }

    /// All messages, for words.
    pub fn messages(&self) -> String {
        let messages: Vec<&str> = self.errors.iter().map(|error| error.message.as_str()).collect();
        let code = self.code.map(|code| format!("MsgCode {code}: ")).unwrap_or_default();
        format!("{code}{}", messages.join("; "))
    }
}

/// `NeedReturnData` of an answer.
pub fn returned(answer: &Value) -> &[Value] {
    let data = answer.get("Result").and_then(|result| result.get("NeedReturnData"));
    match data {
        Some(Value::Array(elements)) => elements,
        Some(single @ Value::Object(_)) => std::slice::from_ref(single),
        _ => &[],
    }
}

/// A scalar's text; blanks around it do not count, a blank one is none.
pub fn text(value: Option<&Value>) -> Option<String> {
    let text = match value? {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        Value::Bool(flag) => flag.to_string(),
        Value::Null | Value::Array(_) | Value::Object(_) => return None,
    };
    (!text.is_empty()).then_some(text)
}

/// An id's text; 0 is none.
pub fn id(value: Option<&Value>) -> Option<String> {
    text(value).filter(|id| id != "0")
}
