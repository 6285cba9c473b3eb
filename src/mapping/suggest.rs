//! The words that follow an unknown name.

use crate::fault::nearest;

/// At most so many known names are listed.
const LISTED: usize = 12;

/// ``did you mean `near`? VERB `a`, `b` and 7 more``.
pub(super) fn suggest<'a>(name: &str, verb: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.into_iter().collect();
    if known.is_empty() {
        return "there are none".to_owned();
    }
    let hint = nearest(name, known.iter().copied()).map(|near| format!("did you mean `{near}`? ")).unwrap_or_default();
    let listed = known.iter().take(LISTED).copied().collect::<Vec<_>>().join("`, `");
    let more = known.len().saturating_sub(LISTED);
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    format!("{hint}{verb} `{listed}`{more}")
}
