//! Capture: reads a source window by window and keeps its snapshots, changes and progress in the store, one commit
//! a page (design.md section 2.1). It never sends anything and knows no target.

mod advance;
mod ask;
mod blame;
mod by_key;
mod cursor;
mod detail;
mod echo;
mod index;
mod page;
mod plan;
mod read;
mod scan;
mod store_page;
mod survey;
mod sweep;
mod tally;
#[cfg(test)]
mod tests;
mod trail;
mod vanish;
pub mod window;

pub use advance::Advance;
pub use ask::{AskError, Patience};
pub use detail::DetailPlan;
pub use plan::{CapturePlan, PlanFault, diff_rules, source_paths};
pub use scan::{Capture, CaptureError, Outcome, Pulled};
pub use survey::{Drift, Surveyed, amounts};
pub use sweep::Swept;
