//! What the simulated systems of one sandbox share: ledger, faults, switches and clocks.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::clock::{Clock, Time, Zone};
use crate::sandbox::faults::Faults;
use crate::sandbox::ledger::{Effect, Ledger};

/// Shared state of a sandbox.
pub struct Shared {
    /// Every effect.
    pub ledger: Ledger,
    /// Faults set by the control API.
    pub faults: Faults,
    switches: Mutex<BTreeMap<String, String>>,
    offsets: Mutex<BTreeMap<String, i64>>,
    clock: Arc<dyn Clock>,
    zone: Zone,
}

impl Shared {
    /// A fresh state on a clock. The systems print times of `Asia/Shanghai` (UTC+8, no daylight saving).
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            ledger: Ledger::default(),
            faults: Faults::default(),
            switches: Mutex::default(),
            offsets: Mutex::default(),
            clock,
            zone: Zone::named("Asia/Shanghai").unwrap_or_else(Zone::utc),
        }
    }

    /// The time by a system's own clock: ours plus the offset set for it.
    pub fn now(&self, system: &str) -> Time {
        let offsets = self.offsets.lock().unwrap_or_else(PoisonError::into_inner);
        Time(self.clock.now().0 + offsets.get(system).copied().unwrap_or(0))
    }

    /// Moves a system's clock away from ours, in milliseconds.
    pub fn set_offset(&self, system: &str, millis: i64) {
        self.offsets.lock().unwrap_or_else(PoisonError::into_inner).insert(system.to_owned(), millis);
    }

    /// The zone of the systems' printed times.
    pub fn zone(&self) -> &Zone {
        &self.zone
    }

    /// The clock, for waits.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// A switch's value, or its default.
    pub fn switch(&self, name: &str, default: &str) -> String {
        let switches = self.switches.lock().unwrap_or_else(PoisonError::into_inner);
        switches.get(name).cloned().unwrap_or_else(|| default.to_owned())
    }

    /// A switch's value for one system: `SYSTEM.NAME`, else `NAME`, else the default.
    pub fn switch_of(&self, system: &str, name: &str, default: &str) -> String {
        let switches = self.switches.lock().unwrap_or_else(PoisonError::into_inner);
        let narrowed = switches.get(&format!("{system}.{name}"));
        narrowed.or_else(|| switches.get(name)).cloned().unwrap_or_else(|| default.to_owned())
    }

    /// Sets a switch.
    pub fn set_switch(&self, name: &str, value: &str) {
        self.switches.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), value.to_owned());
    }

    /// Records an effect with the system's own time.
    pub fn record(&self, system: &str, call: &str, document: &str, effect: Effect, payload: serde_json::Value) {
        self.ledger.record(self.now(system).to_string(), system, call, document, effect, payload);
    }
}
