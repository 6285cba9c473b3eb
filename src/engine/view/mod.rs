//! What is shown of schemes, documents and deliveries: plain data made from the store, the same for the command
//! line and the API. Nothing here needs a connector, so reading verbs work beside the running service.

mod delivery;
mod document;
mod explain;
mod mask;
mod status;
mod sweep;
mod unplanned;

pub use delivery::{
    AttemptView, DeliveryQuery, DeliveryView, MissingView, StateView, deliveries, delivery_view, different, differs,
    missing, state_view,
};
pub use document::{DocumentDetail, DocumentQuery, DocumentView, Shown, documents, find_keys, show};
pub use explain::explain;
pub use mask::Mask;
pub use status::{BreakerView, RunView, SchemeStatus, TargetStatus, status, target_names};
pub use sweep::{SweepQuestion, SweepStatus, next_sweep, sweep_status};
pub use unplanned::unplanned_count;
