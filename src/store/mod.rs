//! The store: snapshots, changes, deliveries and progress, durable. Commands are coarse, each one transaction.
//! It knows no connector, scheme, mapping or HTTP.

pub mod delivery;
pub mod model;
pub mod traits;

pub use delivery::{Attempt, Base, Delivery, DeliveryCommit, DeliveryWrite, Step, WriteResult};
pub use traits::{
    CaptureCommit, CaptureDone, Captured, DocumentFilter, Info, Pending, ProgressStep, Run, Store, StoreError,
    TargetAnswer, TargetState, Touched,
};
