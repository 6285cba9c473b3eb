//! The echo of our own write-back (rule 22): what it wrote comes back with the next read and is no change.

use serde_json::Value;

use crate::diff::{Differ, Document};

/// A field of the document that we wrote, and the values it may show for that.
#[derive(Debug, Clone, PartialEq)]
pub struct Echo {
    /// The names that lead to it.
    pub path: Vec<String>,
    /// Every value that was sent since the stored reading.
    pub values: Vec<Value>,
}

impl Differ {
    /// Whether a reading differs from the stored one in nothing but fields that show what we wrote. Any other value
    /// there, or any other field, is a difference. `same` compares a value sent with one read.
    pub fn is_echo(
        &self,
        stored: &Document<'_>,
        read: &Document<'_>,
        echoes: &[Echo],
        same: impl Fn(&Value, &Value) -> bool,
    ) -> bool {
        let before = stored.value();
        let mut after = read.value();
        for echo in echoes {
            let shown = at(&after, &echo.path).unwrap_or(&Value::Null);
            if echo.values.iter().any(|sent| same(sent, shown)) {
                put(&mut after, &echo.path, at(&before, &echo.path).cloned());
            }
        }
        Document::of_value(&after).is_ok_and(|after| self.hash(&after) == self.hash(stored))
    }
}

/// The value that a chain of member names leads to.
pub fn at<'v>(value: &'v Value, path: &[String]) -> Option<&'v Value> {
    path.iter().try_fold(value, |value, name| value.get(name))
}

/// Puts a value in its place, or takes the member away where there is none.
pub fn put(value: &mut Value, path: &[String], new: Option<Value>) {
    let Some((last, way)) = path.split_last() else { return };
    let mut within = value;
    for name in way {
        let Some(next) = within.get_mut(name) else { return };
        within = next;
    }
    let Value::Object(members) = within else { return };
    match new {
        Some(new) => members.insert(last.clone(), new),
        None => members.shift_remove(last),
    };
}
