//! The store: snapshots, changes, deliveries and progress, durable. Commands are coarse, each one transaction.
//! It knows no connector, scheme, mapping or HTTP.

pub mod delivery;
pub mod traits;

mod body;
mod commit_capture;
mod commit_deliveries;
mod dump;
mod embedded;
mod file;
mod heal;
mod key;
mod lines;
pub mod model;
mod rows;
mod settings;
mod shared;
mod tables;
mod transaction;
mod value;
mod verify;
mod view_deliveries;
mod view_documents;
mod writer;

#[cfg(test)]
mod conformance;
#[cfg(test)]
mod tests;

pub use delivery::{Attempt, Base, Delivery, DeliveryCommit, DeliveryWrite, Step, WriteResult};
pub use embedded::RedbStore;
pub use file::RedbOptions;
pub use traits::{
    CaptureCommit, CaptureDone, Captured, DocumentFilter, Info, Pending, ProgressStep, Run, Store, StoreError,
    TargetAnswer, TargetState, Touched,
};
pub use verify::Damage;
