//! What a scheme must say of a source of 聚水潭 beyond what its call describes.

use std::time::Duration;

use crate::clock::print_duration;
use crate::fault::{Fault, Position};
use crate::scheme::tree::Value;
use crate::scheme::{Mode, Source};

/// The parameter that names a distributor: with it one day is allowed at most (protocols/jushuitan.md 4.1).
const DISTRIBUTOR: &str = "drp_co_id";
/// Whether exactly a day is allowed is not known, as for the seven days of other windows (protocols/jushuitan.md 6).
const LONGEST: Duration = Duration::from_secs(86_400 - 1);

/// Checks a source.
pub fn check(source: &Source) -> Vec<Fault> {
    if source.mode == Mode::Full || source.window <= LONGEST {
        return Vec::new();
    }
    // 0 and nothing name no distributor.
    let names_one = |text: &str| !matches!(text.trim(), "" | "0");
    let distributors = source.params.iter().filter(|(name, node)| {
        name.text == DISTRIBUTOR && node.text().is_none_or(names_one) && !matches!(node.value, Value::Null)
    });
    let window = print_duration(source.window);
    let told = |at: &Position| {
        let message = format!(
            "with `{DISTRIBUTOR}` a span of time must be shorter than a day, and `window` is {window}: write `window: 23h`"
        );
        Fault::new(at.clone(), message)
    };
    distributors.map(|(name, _)| told(&name.at)).collect()
}
