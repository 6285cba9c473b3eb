//! What every writing call works with: the form, the switches, the server's time, the fault it is to play, and the
//! ledger.

use serde_json::Value;

use crate::clock::Civil;
use crate::sandbox::faults::Kind as Fault;
use crate::sandbox::ledger::Effect;
use crate::sandbox::shared::Shared;

use super::layout::Layout;
use super::reply::Problem;
use super::switches::Switches;

/// A writing call.
pub struct Call<'a> {
    /// Ledger and zone.
    pub shared: &'a Shared,
    /// Switches at its begin.
    pub switches: &'a Switches,
    /// The form it is about.
    pub layout: &'a Layout,
    /// Its name in the ledger.
    pub name: &'static str,
    /// The server's local time.
    pub now: Civil,
    /// The fault to play.
    pub fault: Option<Fault>,
}

impl Call<'_> {
    /// Records what it did to a bill, with what was sent for it.
    pub fn record(&self, document: &str, effect: Effect, payload: Value) {
        self.shared.record(super::NAME, self.name, document, effect, payload);
    }

    /// Why the fault refuses the item at a position from 0, if it does.
    pub fn refusal(&self, position: usize, number: &str) -> Option<Problem> {
        let lock = || Problem::edit_lock(self.layout.form.caption, number, self.switches);
        match self.fault? {
            Fault::Refuse => Some(Problem::refused()),
            Fault::EditLock => Some(lock()),
            Fault::PartialBatch if position % 2 == 1 && self.switches.partial_permanent => Some(Problem::refused()),
            Fault::PartialBatch if position % 2 == 1 => Some(lock()),
            _ => None,
        }
    }
}
