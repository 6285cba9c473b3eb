//! JSON Schema (2020-12) of a table of keys, for completion and hover in editors.

use serde_json::{Map, Value, json};

use super::keys::{Kind, Need, Table};

/// The schema of files that a table describes.
pub fn json_schema(table: &'static Table) -> Value {
    let mut definitions = Map::new();
    let root = reference(table, &mut definitions);
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$ref": root["$ref"],
        "$defs": definitions,
    })
}

/// A reference to a table's schema, which is added to the definitions; tables may hold themselves.
fn reference(table: &'static Table, definitions: &mut Map<String, Value>) -> Value {
    if !definitions.contains_key(table.name) {
        definitions.insert(table.name.to_owned(), Value::Null);
        let mut properties = Map::new();
        for key in table.keys.iter().filter(|key| key.need != Need::Later) {
            let mut schema = kind(&key.kind, definitions);
            schema["description"] = key.about.into();
            properties.insert(key.name.to_owned(), schema);
        }
        let required: Vec<&str> =
            table.keys.iter().filter(|key| key.need == Need::Required).map(|key| key.name).collect();
        let schema = json!({
            "type": "object", "properties": properties, "required": required, "additionalProperties": false,
        });
        definitions.insert(table.name.to_owned(), schema);
    }
    json!({ "$ref": format!("#/$defs/{}", table.name) })
}

fn kind(kind: &'static Kind, definitions: &mut Map<String, Value>) -> Value {
    match kind {
        // A plain scalar is a text to us whatever YAML takes it for.
        Kind::Text | Kind::Name | Kind::Secret => json!({ "type": ["string", "number", "boolean"] }),
        Kind::Url => json!({ "type": "string", "pattern": "^(https?://|\\$\\{)" }),
        Kind::Bool => json!({ "type": "boolean" }),
        Kind::Integer { min, max } => json!({ "type": "integer", "minimum": min, "maximum": max }),
        Kind::Duration { .. } => json!({ "type": "string", "pattern": "^[0-9]+(ms|s|m|h|d)$" }),
        Kind::Share => json!({ "type": "string", "pattern": "^[0-9]+(\\.[0-9])?%$" }),
        Kind::Size => json!({ "type": ["string", "integer"], "pattern": "^[0-9]+ ?(B|KB|MB|GB)?$" }),
        Kind::Rate { .. } => json!({ "type": "string", "pattern": "^(none|[0-9]+ ?/ ?(s|min|m|h))$" }),
        Kind::Choice(words) => json!({ "enum": words }),
        Kind::Hours => json!({ "type": "string", "pattern": "^[0-9]{2}:[0-9]{2} ?- ?[0-9]{2}:[0-9]{2}$" }),
        Kind::Address | Kind::Start | Kind::Cron | Kind::Zone | Kind::Query | Kind::Condition => {
            json!({ "type": "string" })
        }
        Kind::List(each) => json!({ "type": "array", "items": self::kind(each, definitions) }),
        Kind::Map(_, each) => json!({ "type": "object", "additionalProperties": self::kind(each, definitions) }),
        Kind::Keys(table) => reference(table, definitions),
        Kind::OneOf(table) => {
            let mut schema = reference(table, definitions);
            schema["minProperties"] = 1.into();
            schema["maxProperties"] = 1.into();
            schema
        }
        Kind::Shape { scalar, list, map } => {
            let kinds: Vec<Value> =
                [scalar, list, map].into_iter().copied().flatten().map(|each| self::kind(each, definitions)).collect();
            json!({ "anyOf": kinds })
        }
        Kind::AnyMap => json!({ "type": "object" }),
        Kind::Any => json!({}),
    }
}
