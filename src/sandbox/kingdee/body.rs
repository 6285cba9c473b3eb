//! What a request's body holds: arguments by name or by position, in the four shapes that real servers take
//! (protocols/kingdee.md 1.1), and the options inside `data`.

use std::borrow::Cow;

use serde_json::{Map, Value};

use crate::sandbox::wire::Request;

use super::value::{flag, scalar};

/// Arguments of a call.
#[derive(Debug, Default)]
pub struct Args {
    named: Map<String, Value>,
    positional: Vec<Value>,
}

impl Args {
    /// Reads a body of shape A to D, or a form. The error is the text of an HTTP 500.
    pub fn read(request: &Request) -> Result<Self, String> {
        let is_form = request
            .header("content-type")
            .is_some_and(|kind| kind.to_ascii_lowercase().contains("x-www-form-urlencoded"));
        if is_form {
            let pairs = url::form_urlencoded::parse(&request.body);
            let named = pairs.map(|(key, value)| (key.into_owned(), Value::String(value.into_owned()))).collect();
            return Self::of(named);
        }
        if request.body.iter().all(u8::is_ascii_whitespace) {
            return Ok(Self::default());
        }
        match serde_json::from_slice(&request.body) {
            Ok(Value::Object(named)) => Self::of(named),
            Ok(_) => Err("Additional text found in JSON string after parsing content.".to_owned()),
            Err(error) => Err(format!("Unexpected character encountered while parsing value. {error}")),
        }
    }

    fn of(named: Map<String, Value>) -> Result<Self, String> {
        let parameters = named.iter().find(|(key, _)| key.eq_ignore_ascii_case("parameters"));
        let positional = match parameters.map(|(_, value)| value) {
            None => Vec::new(),
            Some(Value::Array(values)) => values.clone(),
            Some(Value::String(text)) => serde_json::from_str(text).map_err(|error| format!("parameters: {error}"))?,
            Some(_) => return Err("parameters: an array is expected".to_owned()),
        };
        Ok(Self { named, positional })
    }

    /// An argument by name, whatever its case, else by position.
    pub fn get(&self, name: &str, position: usize) -> Option<&Value> {
        let named = self.named.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        named.map(|(_, value)| value).or_else(|| self.positional.get(position))
    }

    /// The text of an argument; empty if there is none.
    pub fn text(&self, name: &str, position: usize) -> String {
        self.get(name, position).and_then(scalar).unwrap_or_default()
    }

    /// The `data` argument, an object or a text that holds one.
    pub fn data(&self, position: usize) -> Option<Options<'_>> {
        match self.get("data", position)? {
            Value::Object(data) => Some(Options(Cow::Borrowed(data))),
            Value::String(text) => serde_json::from_str(text).ok().map(|data| Options(Cow::Owned(data))),
            _ => None,
        }
    }
}

/// The keys of `data`, found whatever their case; booleans and numbers may be texts.
#[derive(Debug)]
pub struct Options<'a>(pub Cow<'a, Map<String, Value>>);

impl Options<'_> {
    /// A key's value.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.0.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, value)| value)
    }

    /// A key's text; empty if there is none.
    pub fn text(&self, key: &str) -> String {
        self.get(key).and_then(scalar).unwrap_or_default()
    }

    /// A boolean, or its default where there is none or an empty text.
    pub fn flag(&self, key: &str, default: bool) -> bool {
        flag(&self.text(key)).unwrap_or(default)
    }

    /// A whole number; 0 where there is none.
    pub fn count(&self, key: &str) -> usize {
        self.text(key).trim().parse().unwrap_or(0)
    }

    /// A list of texts: an array, or a text with commas. Blank ones are left out.
    pub fn list(&self, key: &str) -> Vec<String> {
        let texts: Vec<String> = match self.get(key) {
            Some(Value::Array(values)) => values.iter().filter_map(scalar).collect(),
            Some(value) => scalar(value).iter().flat_map(|text| text.split(',')).map(str::to_owned).collect(),
            None => Vec::new(),
        };
        texts.into_iter().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()).collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn read(body: &str, kind: &str) -> Result<Args, String> {
        Args::read(&Request {
            method: "POST".into(),
            path: String::new(),
            query: String::new(),
            headers: vec![("content-type".into(), kind.into())],
            body: body.into(),
        })
    }

    #[test]
    fn one_call_travels_in_four_shapes_and_as_a_form() {
        let json = "application/json";
        for (shape, kind) in [
            (r#"{"FormID":"X","Data":{"Numbers":["A"],"limit":"5"}}"#, json),
            (r#"{"formid":"X","data":"{\"numbers\":[\"A\"],\"Limit\":5}"}"#, json),
            (r#"{"parameters":["X","{\"Numbers\":[\"A\"],\"Limit\":5}"]}"#, json),
            (r#"{"parameters":["X",{"Numbers":["A"],"Limit":5}]}"#, json),
            (
                r#"{"format":1,"useragent":"ApiClient","rid":"7","parameters":"[\"X\",\"{\\\"Numbers\\\":[\\\"A\\\"],\\\"Limit\\\":5}\"]","v":"1.0"}"#,
                json,
            ),
            (
                "formid=X&data=%7B%22Numbers%22%3A%5B%22A%22%5D%2C%22Limit%22%3A5%7D",
                "application/x-www-form-urlencoded",
            ),
        ] {
            let args = read(shape, kind).unwrap();
            assert_eq!(args.text("formid", 0), "X", "{shape}");
            let data = args.data(1).unwrap();
            assert_eq!((data.list("Numbers"), data.count("Limit")), (vec!["A".to_owned()], 5), "{shape}");
        }
        assert!(read("[1]", json).unwrap_err().contains("Additional text found in JSON string"));
        assert!(read("{\"a\":", json).is_err());
        assert!(read("", json).unwrap().data(0).is_none());
    }

    #[test]
    fn options_are_booleans_or_texts() {
        let data = serde_json::from_str(r#"{"A":"True","B":false,"C":"","Ids":"1, 2,,3"}"#).unwrap();
        let options = Options(Cow::Owned(data));
        assert!(options.flag("a", false) && !options.flag("b", true) && options.flag("c", true));
        assert_eq!(options.list("ids"), ["1", "2", "3"]);
    }
}
