//! The difference between two documents as JSON Patch (RFC 6902) with old values.

use serde::Serialize;
use serde_json::{Map, Value};

/// One operation of a patch.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PatchOp {
    /// What to do.
    pub op: PatchVerb,
    /// Where: a JSON Pointer (RFC 6901).
    pub path: String,
    /// The value to put there; none for a removal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
    /// The value that was there; none for an addition.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub old: Option<Value>,
}

/// The operations used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PatchVerb {
    /// Put a value where none was.
    Add,
    /// Take a value away.
    Remove,
    /// Put a value in another's place.
    Replace,
}

/// The operations that turn `before` into `after` exactly: every difference counts, no rules apply, numbers are
/// compared by their text (12.50 differs from 12.5). Member order does not count.
pub fn json_patch(before: &Value, after: &Value) -> Vec<PatchOp> {
    let mut patch = Patch { path: String::new(), ops: Vec::new() };
    patch.values(before, after);
    patch.ops
}

struct Patch {
    path: String,
    ops: Vec<PatchOp>,
}

impl Patch {
    fn values(&mut self, before: &Value, after: &Value) {
        match (before, after) {
            (Value::Object(before), Value::Object(after)) => self.objects(before, after),
            (Value::Array(before), Value::Array(after)) => self.lists(before, after),
            // `Value`'s equality compares numbers by their text, which is what is wanted here.
            _ if before == after => {}
            _ => self.push(PatchVerb::Replace, Some(before), Some(after)),
        }
    }

    fn objects(&mut self, before: &Map<String, Value>, after: &Map<String, Value>) {
        for (name, old) in before {
            self.within(name, |patch| match after.get(name) {
                Some(new) => patch.values(old, new),
                None => patch.push(PatchVerb::Remove, Some(old), None),
            });
        }
        for (name, new) in after.iter().filter(|(name, _)| !before.contains_key(*name)) {
            self.within(name, |patch| patch.push(PatchVerb::Add, None, Some(new)));
        }
    }

    /// What two lists have in common at their begin and end stays; between these, elements are compared by
    /// position, then surplus ones are removed or lacking ones added.
    fn lists(&mut self, before: &[Value], after: &[Value]) {
        let equal = |(old, new): &(&Value, &Value)| old == new;
        let head = before.iter().zip(after).take_while(equal).count();
        let (before, after) = (before.get(head..).unwrap_or_default(), after.get(head..).unwrap_or_default());
        let tail = before.iter().rev().zip(after.iter().rev()).take_while(equal).count();
        let (before, after) = (&before[..before.len() - tail], &after[..after.len() - tail]);
        for (at, (old, new)) in before.iter().zip(after).enumerate() {
            self.within(&(head + at).to_string(), |patch| patch.values(old, new));
        }
        let both = before.len().min(after.len());
        // Each removal moves what follows up to the same place.
        for old in before.iter().skip(both) {
            self.within(&(head + both).to_string(), |patch| patch.push(PatchVerb::Remove, Some(old), None));
        }
        for (at, new) in after.iter().enumerate().skip(both) {
            self.within(&(head + at).to_string(), |patch| patch.push(PatchVerb::Add, None, Some(new)));
        }
    }

    fn push(&mut self, op: PatchVerb, old: Option<&Value>, value: Option<&Value>) {
        self.ops.push(PatchOp { op, path: self.path.clone(), value: value.cloned(), old: old.cloned() });
    }

    /// Walks one step further along the pointer.
    fn within(&mut self, step: &str, walk: impl FnOnce(&mut Self)) {
        let length = self.path.len();
        self.path.push('/');
        self.path.push_str(&step.replace('~', "~0").replace('/', "~1"));
        walk(self);
        self.path.truncate(length);
    }
}
