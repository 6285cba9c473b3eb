//! A payload taken apart into the fields that can be compared with what a query shows (protocols/kingdee.md 2.1, 3.1).

use serde_json::{Map, Value};

/// The comparable fields of a payload.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Shape {
    /// Fields of head and sub-heads.
    pub head: Vec<Leaf>,
    /// Entry entities.
    pub lists: Vec<List>,
    /// Paths that no query key stands for.
    pub opaque: Vec<String>,
}

/// A field.
#[derive(Debug, Clone, PartialEq)]
pub struct Leaf {
    /// Its path in the payload: `SubHeadEntity.FSettleCurrID.FNumber`.
    pub path: String,
    /// Its key in a query: `FSettleCurrID.FNumber`, without the sub-head.
    pub key: String,
    /// Its value as sent.
    pub value: Value,
}

/// An entry entity.
#[derive(Debug, Clone, PartialEq)]
pub struct List {
    /// The entity's key.
    pub name: String,
    /// Its lines.
    pub lines: Vec<Line>,
}

/// A line of an entry entity.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// `FEntryID`, where it was sent.
    pub id: Option<String>,
    /// Its fields.
    pub leaves: Vec<Leaf>,
}

/// Members by which base data is named; an object of nothing else is base data, any other is a sub-head.
const BASE: &[&str] = &[
    "FNumber",
    "FName",
    "FID",
    "FCode",
    "FBillNo",
    "FStaffNumber",
    "FUserID",
    "FUserAccount",
    "FMasterID",
    "Number",
    "Name",
    "Id",
];

/// Amounts that the system computes anew from quantity and price: they distinguish, but prove no difference.
const COMPUTED: &[&str] =
    &["FAmount", "FAllAmount", "FTaxAmount", "FEntryTaxAmount", "FBillAmount", "FBillAllAmount", "FBillTaxAmount"];

impl Shape {
    /// Takes a payload apart. `compare` (payload fields; empty: all) leaves the others out.
    pub fn of(payload: &Value, compare: &[String]) -> Self {
        let mut shape = Self::default();
        let Some(payload) = payload.as_object() else { return shape };
        for (name, value) in payload {
            if is(name, "FID") || is(name, "FBillNo") {
                continue;
            }
            match value {
                Value::Array(elements) => match lines(elements) {
                    Some(lines) => shape.lists.push(List { name: name.clone(), lines }),
                    None => shape.opaque.push(name.clone()),
                },
                Value::Object(members) if is_sub_head(members) => {
                    for (member, value) in members {
                        leaves(&format!("{name}.{member}"), member, value, &mut shape.head, &mut shape.opaque);
                    }
                }
                value => leaves(name, name, value, &mut shape.head, &mut shape.opaque),
            }
        }
        shape.keep(compare);
        shape
    }

    fn keep(&mut self, compare: &[String]) {
        if compare.is_empty() {
            return;
        }
        let below = |path: &str| {
            compare
                .iter()
                .any(|kept| path == kept || path.strip_prefix(kept.as_str()).is_some_and(|rest| rest.starts_with('.')))
        };
        self.head.retain(|leaf| below(&leaf.path));
        self.opaque.retain(|path| below(path));
        for list in &mut self.lists {
            let name = list.name.clone();
            for line in &mut list.lines {
                line.leaves.retain(|leaf| below(&name) || below(&format!("{name}.{}", leaf.path)));
            }
        }
        self.lists.retain(|list| list.lines.is_empty() || list.lines.iter().any(|line| !line.leaves.is_empty()));
    }

    /// The entity of a name.
    pub fn list(&self, name: &str) -> Option<&List> {
        self.lists.iter().find(|list| list.name == name)
    }
}

impl List {
    /// The query keys of its lines, each once.
    pub fn keys(&self) -> Vec<&str> {
        let mut keys: Vec<&str> = Vec::new();
        for leaf in self.lines.iter().flat_map(|line| &line.leaves) {
            if !keys.contains(&leaf.key.as_str()) {
                keys.push(&leaf.key);
            }
        }
        keys
    }
}

impl Leaf {
    /// Whether the system computes it anew.
    pub fn is_computed(&self) -> bool {
        COMPUTED.iter().any(|name| is(&self.key, name))
    }
}

/// Letter case of keys does not count (protocols/kingdee.md 1.1, 2.1).
pub fn is(key: &str, name: &str) -> bool {
    key.eq_ignore_ascii_case(name)
}

/// Lines of an entity; `None` for lists of anything else (texts in several languages, several base data).
fn lines(elements: &[Value]) -> Option<Vec<Line>> {
    elements
        .iter()
        .map(|element| {
            let members = element.as_object().filter(|members| !members.contains_key("Key"))?;
            let (mut line, mut opaque) = (Line { id: None, leaves: Vec::new() }, Vec::new());
            for (name, value) in members {
                if is(name, "FEntryID") {
                    line.id = super::status::id(Some(value));
                } else {
                    leaves(name, name, value, &mut line.leaves, &mut opaque);
                }
            }
            Some(line)
        })
        .collect()
}

fn leaves(path: &str, key: &str, value: &Value, out: &mut Vec<Leaf>, opaque: &mut Vec<String>) {
    match value {
        Value::Array(_) => opaque.push(path.to_owned()),
        Value::Object(members) if is_base(members) => {
            for (member, value) in members {
                let (path, key) = (format!("{path}.{member}"), format!("{key}.{member}"));
                out.push(Leaf { path, key, value: value.clone() });
            }
        }
        // A flexible field: `FStockLocID: { FSTOCKLOCID__FF100001: { FNumber: … } }`.
        Value::Object(members) => {
            for (member, value) in members {
                match member.split_once("__") {
                    Some((_, field)) => {
                        leaves(&format!("{path}.{member}"), &format!("{key}.{field}"), value, out, opaque);
                    }
                    None => opaque.push(format!("{path}.{member}")),
                }
            }
        }
        value => out.push(Leaf { path: path.to_owned(), key: key.to_owned(), value: value.clone() }),
    }
}

fn is_base(members: &Map<String, Value>) -> bool {
    members.keys().all(|key| BASE.iter().any(|name| is(key, name)))
}

fn is_sub_head(members: &Map<String, Value>) -> bool {
    !is_base(members) && !members.keys().any(|key| key.contains("__"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn payload() -> Value {
        json!({
            "FID": 7,
            "FBillNo": "CK-1",
            "FDate": "2026-01-05",
            "FCustomerID": { "FNUMBER": "C1" },
            "FNote": null,
            "FName": [{ "Key": 2052, "Value": "x" }],
            "SubHeadEntity": { "FSettleCurrID": { "FNumber": "PRE001" }, "FAllDisCount": 1.50 },
            "FEntity": [
                { "FEntryID": 11, "FMaterialID": { "FNumber": "M" }, "FRealQty": "2", "FSerials": [{ "F": 1 }],
                  "FStockLocID": { "FSTOCKLOCID__FF100001": { "FNumber": "L1" } } },
                { "FEntryID": 0, "FMaterialID": { "FNumber": "M" }, "FEntrynote": "gift" },
            ],
            "FPlan": [],
        })
    }

    #[test]
    fn a_payload_gives_query_keys_for_head_sub_heads_lines_and_flexible_fields() {
        let shape = Shape::of(&payload(), &[]);
        let head: Vec<(&str, &str)> = shape.head.iter().map(|leaf| (leaf.path.as_str(), leaf.key.as_str())).collect();
        assert_eq!(
            head,
            [
                ("FDate", "FDate"),
                ("FCustomerID.FNUMBER", "FCustomerID.FNUMBER"),
                ("FNote", "FNote"),
                ("SubHeadEntity.FSettleCurrID.FNumber", "FSettleCurrID.FNumber"),
                ("SubHeadEntity.FAllDisCount", "FAllDisCount"),
            ]
        );
        assert_eq!(shape.opaque, ["FName"]);
        let names: Vec<&str> = shape.lists.iter().map(|list| list.name.as_str()).collect();
        assert_eq!(names, ["FEntity", "FPlan"]);
        let entity = &shape.lists[0];
        assert_eq!(entity.keys(), ["FMaterialID.FNumber", "FRealQty", "FStockLocID.FF100001.FNumber", "FEntrynote"]);
        assert_eq!((entity.lines[0].id.as_deref(), entity.lines[1].id.as_deref()), (Some("11"), None));
    }

    #[test]
    fn compare_keeps_the_fields_it_names() {
        let compare = ["SubHeadEntity".to_owned(), "FEntity.FRealQty".to_owned()];
        let shape = Shape::of(&payload(), &compare);
        assert_eq!(shape.head.len(), 2);
        assert_eq!(shape.list("FEntity").map(List::keys), Some(vec!["FRealQty"]));
        assert!(shape.opaque.is_empty());
        let whole = Shape::of(&payload(), &["FEntity".to_owned()]);
        assert_eq!(whole.list("FEntity").map(|list| list.keys().len()), Some(4));
    }
}
