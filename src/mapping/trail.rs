//! Where in the payload an evaluation stands: for faults, and for the places of lists.

use std::fmt;

/// The way from the payload's root to where the evaluation stands.
#[derive(Debug, Default)]
pub(super) struct Trail<'a>(Vec<Segment<'a>>);

#[derive(Debug)]
enum Segment<'a> {
    Name(&'a str),
    Element {
        /// Index in the source, which people look at; elements left out count.
        source: usize,
        /// Index in the payload.
        placed: usize,
        /// `$key` of the element.
        key: Option<String>,
    },
}

impl<'a> Trail<'a> {
    /// Goes into a key.
    pub fn enter(&mut self, name: &'a str) {
        self.0.push(Segment::Name(name));
    }

    /// Goes into an element.
    pub fn enter_element(&mut self, source: usize, placed: usize) {
        self.0.push(Segment::Element { source, placed, key: None });
    }

    /// Names the element just entered.
    pub fn key_element(&mut self, text: &str) {
        if let Some(Segment::Element { key, .. }) = self.0.last_mut() {
            *key = Some(text.to_owned());
        }
    }

    /// Goes back.
    pub fn leave(&mut self) {
        self.0.pop();
    }

    /// Names, and elements by key or else by index in the payload.
    pub fn names(&self) -> Vec<String> {
        let name = |segment: &Segment<'_>| match segment {
            Segment::Name(name) => (*name).to_owned(),
            Segment::Element { key: Some(key), .. } => key.clone(),
            Segment::Element { placed, .. } => placed.to_string(),
        };
        self.0.iter().map(name).collect()
    }

    /// JSON Pointer into the payload.
    pub fn pointer(&self) -> String {
        let mut pointer = String::new();
        for segment in &self.0 {
            pointer.push('/');
            match segment {
                Segment::Name(name) => pointer.push_str(&name.replace('~', "~0").replace('/', "~1")),
                Segment::Element { placed, .. } => pointer.push_str(&placed.to_string()),
            }
        }
        pointer
    }
}

/// As faults name it: `FEntity[0].FMaterialID.FNumber`.
impl fmt::Display for Trail<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, segment) in self.0.iter().enumerate() {
            match segment {
                Segment::Name(name) if index == 0 => write!(f, "{name}")?,
                Segment::Name(name) => write!(f, ".{name}")?,
                Segment::Element { source, .. } => write!(f, "[{source}]")?,
            }
        }
        Ok(())
    }
}
