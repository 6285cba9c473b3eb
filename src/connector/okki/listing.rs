//! Lists: a page's documents as the bytes they came in, and where the next page begins (protocols/okki.md 7).

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::document::RawDocument;

/// More pages than this are a loop.
const MOST_PAGES: u64 = 100_000;

/// Where a page stands in its list: its number from 1 (`start_index` is no offset), and how many documents came
/// before it. Written as `PAGE:SEEN`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// Number of the page.
    pub page: u64,
    /// Documents before it.
    pub seen: u64,
}

/// A page.
#[derive(Debug)]
pub struct Listing {
    /// Its documents.
    pub documents: Vec<RawDocument>,
    /// How many the list has, where it says so.
    pub total: Option<u64>,
}

#[derive(Deserialize)]
struct Paged<'a> {
    #[serde(borrow)]
    list: Vec<&'a RawValue>,
    #[serde(rename = "totalItem")]
    total_item: Option<Value>,
    count: Option<Value>,
}

impl Position {
    /// The first page.
    pub const FIRST: Self = Self { page: 1, seen: 0 };

    /// Reads a position.
    pub fn read(text: &str) -> Option<Self> {
        let (page, seen) = text.split_once(':')?;
        Some(Self { page: page.parse().ok()?, seen: seen.parse().ok()? })
    }

    /// The page behind this one, unless the list ends with it. Documents are counted, not pages: a server that gives
    /// smaller pages than were asked for is read to its end all the same.
    pub fn next(self, listing: &Listing) -> Result<Option<Self>, String> {
        let got = u64::try_from(listing.documents.len()).unwrap_or(u64::MAX);
        let seen = self.seen.saturating_add(got);
        if got == 0 || listing.total.is_some_and(|total| seen >= total) {
            return Ok(None);
        }
        if self.page >= MOST_PAGES {
            return Err(format!("there is no end after {MOST_PAGES} pages"));
        }
        Ok(Some(Self { page: self.page + 1, seen }))
    }
}

impl std::fmt::Display for Position {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.page, self.seen)
    }
}

/// Reads the `data` of a list: an object with `list`, or the list itself. The error says what is not recognised.
pub fn read(data: &RawValue) -> Result<Listing, String> {
    let text = data.get();
    let (list, total) = if text.starts_with('[') {
        let list: Vec<&RawValue> = parse(text)?;
        let total = u64::try_from(list.len()).ok();
        (list, total)
    } else {
        let paged: Paged<'_> = parse(text)?;
        let total = paged.total_item.as_ref().or(paged.count.as_ref()).and_then(number);
        (paged.list, total)
    };
    if list.iter().any(|document| !document.get().starts_with('{')) {
        return Err("an element of the list is no object".to_owned());
    }
    let documents = list.into_iter().map(|raw| RawDocument { bytes: raw.get().as_bytes().to_vec() }).collect();
    Ok(Listing { documents, total })
}

fn parse<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, String> {
    serde_json::from_str(text).map_err(|error| format!("its `data` can't be read: {error}"))
}

/// A number, or one written as text.
fn number(value: &Value) -> Option<u64> {
    match value {
        Value::String(text) => text.trim().parse().ok(),
        value => value.as_u64(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn listing(data: &str) -> Result<Listing, String> {
        read(&RawValue::from_string(data.to_owned()).unwrap())
    }

    #[test]
    fn documents_stay_the_bytes_they_came_in() {
        let company = r#"{ "company_id":56657420945678,"rate" : 1.50 }"#;
        for (data, total) in [
            (format!(r#"{{"list":[{company}],"totalItem":"7","count":100}}"#), Some(7)),
            (format!(r#"{{"list":[{company}],"count":3}}"#), Some(3)),
            (format!(r#"{{"list":[{company}]}}"#), None),
            (format!("[{company}]"), Some(1)),
        ] {
            let listing = listing(&data).unwrap();
            let texts: Vec<_> = listing.documents.iter().map(|document| document.bytes.as_slice()).collect();
            assert_eq!((texts, listing.total), (vec![company.as_bytes()], total), "{data}");
        }
    }

    #[test]
    fn whatever_is_no_list_is_never_an_empty_page() {
        for data in ["{}", r#""success""#, r#"{"list":{}}"#, r#"{"list":null}"#, r#"{"list":[1]}"#, "[null]"] {
            assert!(listing(data).is_err(), "{data}");
        }
    }

    #[test]
    fn a_list_ends_with_its_total_or_an_empty_page() {
        let page = |documents: usize, total| Listing {
            documents: vec![RawDocument { bytes: b"{}".to_vec() }; documents],
            total,
        };
        let next = |at: &str, listing: Listing| {
            let position = Position::read(at).unwrap();
            position.next(&listing).unwrap().map(|next| next.to_string())
        };
        assert_eq!(next("1:0", page(100, Some(250))).as_deref(), Some("2:100"));
        assert_eq!(next("3:200", page(50, Some(250))), None);
        assert_eq!(next("3:200", page(0, Some(250))), None, "it shrank");
        assert_eq!(next("2:100", page(50, Some(250))).as_deref(), Some("3:150"), "smaller pages than asked for");
        assert_eq!(next("1:0", page(7, None)).as_deref(), Some("2:7"));
        assert_eq!(next("2:7", page(0, None)), None);
        assert!(Position { page: MOST_PAGES, seen: 1 }.next(&page(1, None)).is_err());
        assert_eq!(Position::read("7"), None);
    }
}
