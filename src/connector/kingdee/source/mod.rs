//! 金蝶云星空 as a source (protocols/kingdee.md 2): bills that a window touched are found by keyset over FID, then read
//! whole by FID, each entity by a query of its own, until two complete readings agree (rules.md 24).

mod check;
mod plan;

mod find;
mod reading;
mod whole;

mod fetch;

pub use check::check;
pub use fetch::{CALL, by_keys, described, page};
