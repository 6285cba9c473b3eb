//! Small commands: a target's own state, and whether a scheme's capture is paused.

use super::tables::{SchemeRow, of_scheme, of_target};
use super::transaction::Tables;
use super::value::{from_json, to_json};
use crate::store::{StoreError, TargetState};

/// What a command will write.
pub(super) enum SettingPlan {
    /// A target's state, and the scheme's row if the scheme is new.
    Target(String, String, TargetState, bool),
    /// A scheme's row.
    Scheme(String, SchemeRow),
}

/// A target's own state; its position stays.
pub(super) fn plan_target(
    tables: &Tables<'_>,
    scheme: String,
    target: String,
    state: TargetState,
) -> Result<SettingPlan, StoreError> {
    let stored = tables.targets.get(&of_target(&scheme, &target), from_json::<TargetState>)?;
    let position = stored.map_or(0, |stored| stored.position);
    let new = tables.schemes.get(&of_scheme(&scheme), from_json::<SchemeRow>)?.is_none();
    Ok(SettingPlan::Target(scheme, target, TargetState { position, ..state }, new))
}

/// Why a scheme's capture is paused.
pub(super) fn plan_paused(tables: &Tables<'_>, scheme: String, why: Option<String>) -> Result<SettingPlan, StoreError> {
    let row = tables.schemes.get(&of_scheme(&scheme), from_json::<SchemeRow>)?.unwrap_or_default();
    Ok(SettingPlan::Scheme(scheme, SchemeRow { paused: why, ..row }))
}

impl SettingPlan {
    /// Writes what was planned.
    pub(super) fn write(self, tables: &mut Tables<'_>) -> Result<(), StoreError> {
        match self {
            Self::Target(scheme, target, state, new) => {
                tables.targets.put(&of_target(&scheme, &target), &to_json(&state))?;
                if new {
                    tables.schemes.put(&of_scheme(&scheme), &to_json(&SchemeRow::default()))?;
                }
                Ok(())
            }
            Self::Scheme(scheme, row) => tables.schemes.put(&of_scheme(&scheme), &to_json(&row)),
        }
    }
}
