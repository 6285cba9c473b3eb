//! Paging: `limit` and an opaque `cursor`.

use serde::Deserialize;

use crate::api::answer::Problem;
use crate::name::Key;

/// Most rows of one answer.
const MAX_LIMIT: usize = 500;
/// Rows of one answer where nothing is asked.
const DEFAULT_LIMIT: usize = 100;

/// What every list takes.
#[derive(Debug, Default, Deserialize)]
pub struct Paging {
    limit: Option<usize>,
    cursor: Option<String>,
}

impl Paging {
    /// The limit, 1 to 500.
    pub fn limit(&self) -> Result<usize, Problem> {
        match self.limit {
            None => Ok(DEFAULT_LIMIT),
            Some(limit) if (1..=MAX_LIMIT).contains(&limit) => Ok(limit),
            Some(limit) => Err(Problem::wrong(format!("`limit` is {limit}; allowed: 1 to {MAX_LIMIT}"))),
        }
    }

    /// The parts a cursor was made of.
    pub fn cursor(&self) -> Result<Option<Vec<String>>, Problem> {
        let Some(cursor) = &self.cursor else { return Ok(None) };
        let wrong = || Problem::wrong("`cursor` is none that this API gave");
        let bytes = hex::decode(cursor).map_err(|_| wrong())?;
        serde_json::from_slice(&bytes).map(Some).map_err(|_| wrong())
    }

    /// The key to go on after, for lists in key order.
    pub fn after(&self) -> Result<Option<Key>, Problem> {
        let parts = self.cursor()?;
        Ok(parts.and_then(|parts| parts.into_iter().next()).map(Key::from_text))
    }
}

/// A cursor of parts.
pub fn cursor(parts: &[&str]) -> String {
    hex::encode(serde_json::to_vec(parts).unwrap_or_default())
}
