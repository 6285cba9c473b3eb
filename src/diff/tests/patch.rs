use serde_json::{Value, json};

use crate::diff::{PatchOp, PatchVerb, json_patch};

/// Applies a patch by RFC 6902, and checks the old values on the way.
pub(super) fn apply(before: &Value, patch: &[PatchOp]) -> Value {
    patch.iter().fold(before.clone(), |mut document, op| {
        assert_eq!(document.pointer(&op.path).filter(|_| op.op != PatchVerb::Add), op.old.as_ref(), "{op:?}");
        let Some((parent, step)) = op.path.rsplit_once('/') else {
            return op.value.clone().unwrap();
        };
        match document.pointer_mut(parent).unwrap() {
            Value::Object(members) => {
                let name = step.replace("~1", "/").replace("~0", "~");
                assert_eq!(members.contains_key(&name), op.op != PatchVerb::Add, "{op:?}");
                match op.op {
                    PatchVerb::Remove => drop(members.shift_remove(&name)),
                    PatchVerb::Add | PatchVerb::Replace => drop(members.insert(name, op.value.clone().unwrap())),
                }
            }
            Value::Array(elements) => {
                let at: usize = step.parse().unwrap();
                match op.op {
                    PatchVerb::Remove => drop(elements.remove(at)),
                    PatchVerb::Add => elements.insert(at, op.value.clone().unwrap()),
                    PatchVerb::Replace => elements[at] = op.value.clone().unwrap(),
                }
            }
            scalar => panic!("{op:?} at {scalar}"),
        }
        document
    })
}

#[test]
fn a_patch_is_small_and_carries_old_values() {
    let before: Value = serde_json::from_str(r#"{"a":12.50,"l":[1,2,3,4],"x/~":{"b":null},"gone":true}"#).unwrap();
    let after: Value = serde_json::from_str(r#"{"l":[1,3,4],"a":12.5,"x/~":{"b":0},"new":"n"}"#).unwrap();
    let patch = json_patch(&before, &after);
    assert_eq!(apply(&before, &patch), after);
    let shown = serde_json::to_string(&patch).unwrap();
    assert_eq!(
        shown,
        concat!(
            r#"[{"op":"replace","path":"/a","value":12.5,"old":12.50},"#,
            r#"{"op":"remove","path":"/l/1","old":2},"#,
            r#"{"op":"replace","path":"/x~1~0/b","value":0,"old":null},"#,
            r#"{"op":"remove","path":"/gone","old":true},"#,
            r#"{"op":"add","path":"/new","value":"n"}]"#,
        )
    );
    assert_eq!(json_patch(&json!([1]), &json!({})).len(), 1);
}
