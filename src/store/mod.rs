//! The store: snapshots, changes, deliveries and progress, durable. Commands are coarse, each one transaction.
//! It knows no connector, scheme, mapping or HTTP.
//!
//! [`traits`] and [`delivery`] are the contract; [`model`] and [`RedbStore`] keep it, under one conformance suite.
//! The embedded form reads from below as `key`, `value`, `body` (bytes), `tables` (what there is), `rows` (one
//! table, checked), `transaction`, `commit_capture`, `seen`, `index`, `commit_deliveries`, `settings`, `trim` (what a command does: planned
//! without writing, then written), `writer` (who does it), `view_documents`, `view_deliveries` (reads), `file`
//! (opening), `lineage`, `side` (which file this is), `heal_documents`, `heal_deliveries`, `verify` (decay). [`care`],
//! `backup` and `restore` work on a file as a whole; they look at it through `overlay`, which changes nothing.
//!
//! # Crash points
//!
//! Passed by the writer thread; see [`crate::crash`].
//!
//! | point | where |
//! |---|---|
//! | `capture.before_first_write` | a capture commit is planned, nothing of it written |
//! | `capture.between_snapshot_and_change` | heads and bodies are written, changes and progress are not |
//! | `capture.before_commit`, `capture.after_commit` | around the commit that makes it durable |
//! | `plan.`, `claim.`, `settle.`, `operate.` + `before_commit`, `after_commit` | the same for deliveries, by [`Step`] |
//! | `index.before_commit`, `index.after_commit` | around values that look-ups ask, filled in from snapshots |
//! | `trim.before_commit`, `trim.after_commit` | around history that is forgotten |
//! | `store.commit.before`, `store.commit.after` | around any commit, after and before the answers |
//! | `store.side.before` | a commit is durable and the side file does not tell it yet |
//! | `store.create.before_tables`, `store.create.before_name` | a new file is empty; is whole, and not yet in its place |
//! | `db.backup.copying`, `db.backup.before_name` | a backup is half written; is whole, and without its name |
//! | `db.restore.before_aside`, `.before_name`, `.after_name` | the new file is whole; the old one kept; replaced |
//! | `db.restored.before_side` | a restored database is marked and the side file does not tell it yet |

pub mod course;
pub mod delivery;
pub mod mirror;
pub mod retention;
pub mod sweep;
pub mod traits;

mod backup;
mod body;
pub mod care;
mod commit_capture;
mod commit_deliveries;
mod dump;
mod embedded;
mod file;
mod heal_deliveries;
mod heal_documents;
mod index;
mod info;
mod key;
mod lineage;
mod lines;
pub mod model;
mod overlay;
mod pages;
mod pending;
mod place;
mod restore;
mod rows;
mod seen;
mod settings;
mod shared;
mod side;
mod tables;
mod transaction;
mod trim;
mod value;
mod verify;
mod view_deliveries;
mod view_documents;
mod writer;

#[cfg(test)]
mod conformance;
#[cfg(test)]
mod tests;

pub use course::Course;
pub use delivery::{
    Attempt, Base, Delivery, DeliveryCommit, DeliveryWrite, Queued, Settling, Step, Terms, WriteResult,
};
pub use embedded::RedbStore;
pub use file::RedbOptions;
pub use lineage::{Lineage, Origin};
pub use mirror::{IndexFill, IndexValues, Mark};
pub use pages::pages;
pub use pending::Pending;
pub use restore::{Restored, restore};
pub use retention::{Filling, Trim, Trimmed};
pub use sweep::{Ask, Earlier, Span, SweepStage, SweepState, SweepStep};
pub use traits::{
    CaptureCommit, CaptureDone, Captured, DocumentFilter, Info, ProgressStep, Run, Store, StoreError, TargetAnswer,
    TargetState, Touched,
};
pub use verify::Damage;
