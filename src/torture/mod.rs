//! The long proof: a seeded run of the program between simulated systems, with kills, faults and edits, and the judge
//! of what it leaves. The judge is the tests' as well.
//!
//! [`invariants`] reads a store, [`effects`] compares it with what the systems saw done; [`menu`] chooses by seed what
//! goes wrong and what people do; [`lives`] starts and kills the program; [`report`] is what came of it.

mod copy;
pub mod effects;
pub mod invariants;
mod snapshots;
mod standings;

mod lives;
mod menu;
mod program;
mod report;
mod verdict;

pub use copy::in_copy;
pub use lives::{Failure, Options, torture};
pub use report::{Figures, Report};
