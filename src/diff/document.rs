//! A document read strictly, in a flat form that hashing and comparing walk without building a tree.

use std::borrow::Cow;

use serde_json::Value;

use crate::diff::parse::ParseFault;

/// A parsed document; borrows the bytes it was parsed from.
#[derive(Debug, Clone)]
pub struct Document<'a> {
    #[allow(dead_code)]
    text: Cow<'a, str>,
}

impl<'a> Document<'a> {
    /// Reads a document. Refused: invalid UTF-8, a byte order mark, repeated member names, lone surrogates, data
    /// after the end, nesting deeper than 100.
    pub fn parse(_bytes: &'a [u8]) -> Result<Self, ParseFault> {
        todo!()
    }

    /// The document as a tree.
    pub fn value(&self) -> Value {
        todo!()
    }
}

impl Document<'static> {
    /// A document from a tree. A fault only where the tree nests too deep.
    pub fn of_value(_value: &Value) -> Result<Self, ParseFault> {
        todo!()
    }
}
