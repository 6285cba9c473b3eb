//! Sweeps and their seen-tables (rules.md 23) in the embedded store: a step and the keys met are part of a capture
//! commit, planned without writing, then written.

use super::key::KeyReader;
use super::rows::STOP;
use super::shared::Snapshot;
use super::tables::{SEEN, SWEEPS, of_scheme, of_seen};
use super::transaction::Tables;
use super::value::{from_json, to_json};
use crate::name::Key;
use crate::store::{CaptureCommit, StoreError, SweepState};

/// What a commit will write of a scheme's sweep.
#[derive(Default)]
pub(super) struct SeenPlan {
    to: Option<SweepState>,
    /// Runs whose seen-tables go.
    dropped: Vec<u64>,
    /// The run whose seen-table the keys met go to.
    open: Option<u64>,
}

/// Looks at what the store holds; a step from elsewhere is a conflict.
pub(super) fn plan(tables: &Tables<'_>, commit: &CaptureCommit) -> Result<SeenPlan, StoreError> {
    if commit.sweep.is_none() && commit.met.is_empty() {
        return Ok(SeenPlan::default());
    }
    let stored = tables.sweeps.get(&of_scheme(&commit.scheme), from_json::<SweepState>)?;
    let to = match &commit.sweep {
        Some(step) if stored != step.from => {
            return Err(StoreError::Conflict(format!("the sweep of `{}` is another one", commit.scheme)));
        }
        Some(step) => Some(step.to.clone()),
        None => None,
    };
    let dropped = match (&stored, &to) {
        (Some(stored), Some(to)) => stored.kept().filter(|run| to.kept().all(|kept| kept != *run)).collect(),
        _ => Vec::new(),
    };
    let open = to.as_ref().or(stored.as_ref()).filter(|sweep| sweep.is_open()).map(|sweep| sweep.run);
    Ok(SeenPlan { to, dropped, open })
}

impl SeenPlan {
    /// Writes what was planned.
    pub(super) fn write(&self, tables: &mut Tables<'_>, scheme: &str, met: &[Key]) -> Result<(), StoreError> {
        for run in &self.dropped {
            tables.seen.remove_all(&of_scheme(scheme).u64(*run))?;
        }
        if let Some(run) = self.open {
            for key in met {
                tables.seen.put(&of_seen(scheme, run, key), &[])?;
            }
        }
        self.to.as_ref().map_or(Ok(()), |to| tables.sweeps.put(&of_scheme(scheme), &to_json(to)))
    }
}

/// Forgets a sweep of which something is damaged: what it met is not known any more, so the next one begins anew.
pub(super) fn give_up_damaged(tables: &mut Tables<'_>, scheme: &str) -> Result<(), StoreError> {
    let place = of_scheme(scheme);
    let mut damaged = false;
    for rows in [&tables.sweeps, &tables.seen] {
        rows.scan_unchecked(None, |key, payload| {
            let ours = KeyReader::new(key).text().is_some_and(|of| of == scheme);
            damaged |= payload.is_none() && ours;
            if damaged { STOP } else { super::rows::ON }
        })?;
    }
    if damaged {
        tracing::error!(scheme, "what the sweep met is damaged: it begins anew");
        tables.sweeps.remove(&place)?;
        tables.seen.remove_all(&place)?;
    }
    Ok(())
}

/// See [`crate::store::Store::sweep`].
pub(super) fn view_sweep(snapshot: &Snapshot, scheme: &str) -> Result<Option<SweepState>, StoreError> {
    snapshot.table(&SWEEPS)?.get(&of_scheme(scheme), from_json)
}

/// See [`crate::store::Store::seen`].
pub(super) fn view_seen(snapshot: &Snapshot, scheme: &str, run: u64, keys: &[Key]) -> Result<Vec<bool>, StoreError> {
    let rows = snapshot.table(&SEEN)?;
    keys.iter().map(|key| Ok(rows.get(&of_seen(scheme, run, key), |_| Some(()))?.is_some())).collect()
}
