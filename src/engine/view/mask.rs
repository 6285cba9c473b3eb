//! Personal data shown as `***`: fields by name at any depth (`mask` of the configuration and a built-in list).

use std::collections::HashSet;

use serde_json::Value;

/// Fields of people that are never shown, whatever the configuration says.
const BUILT_IN: &[&str] = &[
    "receiver_name",
    "receiver_phone",
    "receiver_mobile",
    "receiver_address",
    "buyer_nick",
    "shop_buyer_id",
    "id_card",
    "FLinkMan",
    "FLinkPhone",
    "FReceiveAddress",
];

/// The names that are masked.
#[derive(Debug, Clone)]
pub struct Mask(HashSet<String>);

impl Mask {
    /// The built-in names and further ones.
    pub fn new<T: AsRef<str>>(more: &[T]) -> Self {
        let more = more.iter().map(|name| name.as_ref().to_owned());
        Self(BUILT_IN.iter().map(|name| (*name).to_owned()).chain(more).collect())
    }

    /// A document's text with masked fields; every other digit and the order of fields stay. A text that is no JSON
    /// is shown as nothing.
    pub fn apply(&self, document: &[u8]) -> Option<String> {
        let mut value: Value = serde_json::from_slice(document).ok()?;
        self.walk(&mut value);
        Some(value.to_string())
    }

    fn walk(&self, value: &mut Value) {
        match value {
            Value::Object(fields) => {
                for (name, field) in fields.iter_mut() {
                    match field {
                        // That there is nothing is no personal data, and helps to see why a field is empty.
                        Value::Null => {}
                        field if self.0.contains(name) => *field = Value::String("***".to_owned()),
                        field => self.walk(field),
                    }
                }
            }
            Value::Array(elements) => elements.iter_mut().for_each(|element| self.walk(element)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_masked_at_any_depth_and_digits_stay() {
        let text = r#"{"receiver_name":"张三","pay_amount":199.00,"id":9007199254740993,"items":[{"nick":"x","receiver_phone":null}]}"#;
        let masked = Mask::new(&["nick"]).apply(text.as_bytes()).expect("JSON");
        let wanted = r#"{"receiver_name":"***","pay_amount":199.00,"id":9007199254740993,"items":[{"nick":"***","receiver_phone":null}]}"#;
        assert_eq!(masked, wanted);
    }
}
