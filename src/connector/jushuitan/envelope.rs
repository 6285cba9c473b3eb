//! An answer taken apart: its envelope checked, its documents left as the bytes they came in
//! (protocols/jushuitan.md 4.2, 4.3). Whatever is not recognised is a fault, never "no documents".

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::settings::Gateway;
use super::token::Granted;
use crate::secret::Secret;

/// A life that is longer is a mistake: then nobody has said when the token ends.
const LONGEST_LIFE: u64 = 10 * 365 * 86_400;

/// A page of an answer that says that it succeeded.
#[derive(Debug)]
pub struct Listing<'a> {
    /// The elements of `datas`, each an object, exactly as received.
    pub documents: Vec<&'a RawValue>,
    /// The page as the system understood it, where it says so.
    pub page_index: Option<u64>,
    /// How many documents there are, where it says so.
    pub total: Option<u64>,
    /// Whether there are more pages.
    pub has_next: bool,
}

/// Why an answer is no page.
#[derive(Debug, PartialEq, Eq)]
pub enum NoListing {
    /// The system refused, in its words.
    Refused {
        /// `code`, not 0.
        code: i64,
        /// `msg`.
        message: String,
    },
    /// No rule recognises it; what is wrong with it.
    Unrecognised(String),
}

#[derive(Deserialize)]
struct Envelope<'a> {
    code: Option<Value>,
    msg: Option<Value>,
    issuccess: Option<Value>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Paged<'a> {
    page_index: Option<Value>,
    page_count: Option<Value>,
    data_count: Option<Value>,
    has_next: Option<Value>,
    #[serde(borrow)]
    datas: Option<Vec<&'a RawValue>>,
}

#[derive(Deserialize)]
struct GrantedData {
    access_token: Option<String>,
    refresh_token: Option<String>,
    expires_in: Option<Value>,
}

/// Reads the body of an answer that is a page.
pub fn read(gateway: Gateway, body: &[u8]) -> Result<Listing<'_>, NoListing> {
    let data = success(body)?;
    let paged: Paged<'_> = match (gateway, data) {
        (Gateway::Legacy, _) => parse(body)?,
        (Gateway::Open, Some(data)) => parse(data.get().as_bytes())?,
        (Gateway::Open, None) => return Err(unrecognised("it has no `data`")),
    };
    listing(paged)
}

/// Reads the body of an answer that gives a token.
pub fn granted(body: &[u8]) -> Result<Granted, NoListing> {
    let data = success(body)?.ok_or_else(|| unrecognised("it has no `data`"))?;
    let given: GrantedData = parse(data.get().as_bytes())?;
    let secret = |text: Option<String>| text.filter(|text| !text.is_empty()).map(Secret::new);
    let access = secret(given.access_token).ok_or_else(|| unrecognised("it has no `access_token`"))?;
    let seconds = given.expires_in.as_ref().and_then(integer).and_then(|left| u64::try_from(left).ok());
    let life = seconds.filter(|left| *left <= LONGEST_LIFE).map(Duration::from_secs);
    Ok(Granted { access, refresh: secret(given.refresh_token), life })
}

/// Makes sure that an answer says that the call succeeded; its `data`.
pub fn success(body: &[u8]) -> Result<Option<&RawValue>, NoListing> {
    let envelope: Envelope<'_> = parse(body)?;
    let message = envelope.msg.as_ref().map(text).unwrap_or_default();
    match envelope.code.as_ref().and_then(integer) {
        None => Err(unrecognised("it has no `code`")),
        Some(0) if envelope.issuccess.as_ref().and_then(flag) == Some(false) => {
            Err(unrecognised(format!("`code` is 0 and `issuccess` is false: {message}")))
        }
        Some(0) => Ok(envelope.data),
        Some(code) => Err(NoListing::Refused { code, message }),
    }
}

fn listing(paged: Paged<'_>) -> Result<Listing<'_>, NoListing> {
    let number = |value: &Option<Value>| value.as_ref().and_then(integer).and_then(|n| u64::try_from(n).ok());
    let documents = paged.datas.ok_or_else(|| unrecognised("it has no list `datas`"))?;
    if documents.iter().any(|document| !document.get().starts_with('{')) {
        return Err(unrecognised("an element of `datas` is no object"));
    }
    let page_index = number(&paged.page_index);
    let by_count = || Some(page_index? < number(&paged.page_count).filter(|count| *count > 0)?);
    let has_next = match &paged.has_next {
        Some(value) => flag(value),
        None => by_count(),
    };
    let has_next = has_next.ok_or_else(|| unrecognised("it does not say whether there are more pages (`has_next`)"))?;
    // Counts are zero or absent where the system does not count (`is_get_total: false`).
    let total = number(&paged.data_count).filter(|count| *count > 0 || documents.is_empty());
    Ok(Listing { documents, page_index, total, has_next })
}

fn parse<'a, T: Deserialize<'a>>(text: &'a [u8]) -> Result<T, NoListing> {
    serde_json::from_slice(text).map_err(|error| unrecognised(format!("it can't be read: {error}")))
}

fn unrecognised(what: impl Into<String>) -> NoListing {
    NoListing::Unrecognised(what.into())
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// A number, or a number written as text.
fn integer(value: &Value) -> Option<i64> {
    text(value).trim().parse().ok()
}

/// A boolean, or one written as text.
fn flag(value: &Value) -> Option<bool> {
    match text(value).to_ascii_lowercase().as_str() {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn page(members: &str) -> String {
        format!(r#"{{"code":0,"msg":"执行成功","data":{{{members}}}}}"#)
    }

    #[test]
    fn documents_stay_the_bytes_they_came_in() {
        let first = r#"{ "io_id":9007199254740993,"pay_amount" : 12345678901234567.890, "remark":"\u4e2d\/" }"#;
        let body = page(&format!(r#""page_index":"2","data_count":101,"has_next":"TRUE","datas":[ {first} ,{{}}]"#));
        let listing = read(Gateway::Open, body.as_bytes()).unwrap();
        let texts: Vec<&str> = listing.documents.iter().map(|document| document.get()).collect();
        assert_eq!(texts, [first, "{}"]);
        assert_eq!((listing.page_index, listing.total, listing.has_next), (Some(2), Some(101), true));
        let flat = r#"{"page_index":1,"data_count":0,"has_next":false,"datas":[{"io_id":1}],"code":"0","issuccess":true,"msg":null}"#;
        let listing = read(Gateway::Legacy, flat.as_bytes()).unwrap();
        assert_eq!((listing.documents.len(), listing.total, listing.has_next), (1, None, false));
    }

    #[test]
    fn without_has_next_the_page_count_decides_or_nothing_does() {
        let of = |members: &str| read(Gateway::Open, page(members).as_bytes()).map(|listing| listing.has_next);
        assert_eq!(of(r#""page_index":1,"page_count":2,"datas":[{}]"#), Ok(true));
        assert_eq!(of(r#""page_index":2,"page_count":2,"datas":[{}]"#), Ok(false));
        for members in [r#""page_index":1,"page_count":0,"datas":[]"#, r#""datas":[]"#, r#""has_next":null,"datas":[]"#]
        {
            assert!(matches!(of(members), Err(NoListing::Unrecognised(_))), "{members}");
        }
    }

    #[test]
    fn fault_05_whatever_is_not_recognised_is_never_an_empty_page() {
        for body in [
            "",
            "null",
            "[]",
            "{}",
            "<html>",
            r#"{"code":0,"msg":"执行成功"}"#,
            r#"{"code":0,"data":null}"#,
            r#"{"code":0,"data":[]}"#,
            r#"{"code":0,"data":{}}"#,
            r#"{"code":0,"data":{"datas":null,"has_next":false}}"#,
            r#"{"code":0,"data":{"orders":[],"has_next":false}}"#,
            r#"{"code":0,"data":{"datas":[null],"has_next":false}}"#,
            r#"{"code":0,"data":{"datas":[{"io_id":1}],"has_next":"maybe"}}"#,
            r#"{"code":0,"data":{"datas":[{"io_id":1}],"has_next":fal"#,
            r#"{"code":null,"data":{"datas":[],"has_next":false}}"#,
            r#"{"code":"ok","data":{"datas":[],"has_next":false}}"#,
            r#"{"code":0,"issuccess":false,"data":{"datas":[],"has_next":false}}"#,
            r#"{"code":0,"code":200,"data":{"datas":[],"has_next":false}}"#,
            r#"{"code":0,"data":{"datas":[],"has_next":false}} trailing"#,
            "{\"code\":0,\"data\":{\"datas\":[{\"name\":\"\u{0}\"}],\"has_next\":false}}",
        ] {
            let result = read(Gateway::Open, body.as_bytes());
            assert!(matches!(result, Err(NoListing::Unrecognised(_))), "{body}");
        }
        let gbk = b"{\"code\":0,\"data\":{\"datas\":[{\"name\":\"\xd6\xd0\"}],\"has_next\":false}}";
        assert!(matches!(read(Gateway::Open, gbk), Err(NoListing::Unrecognised(_))));
    }

    #[test]
    fn a_code_other_than_0_is_a_refusal_in_the_systems_words() {
        for (body, code) in [
            (r#"{"code":200,"msg":"一分钟不超过100次","data":null}"#, 200),
            (r#"{"code":"199","msg":"一分钟不超过100次"}"#, 199),
            (r#"{"code":100,"msg":"一分钟不超过100次","data":{"datas":[],"has_next":false}}"#, 100),
        ] {
            let refused = NoListing::Refused { code, message: "一分钟不超过100次".into() };
            assert_eq!(read(Gateway::Open, body.as_bytes()).unwrap_err(), refused);
        }
    }
}
