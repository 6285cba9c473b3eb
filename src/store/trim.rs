//! History is forgotten (rule 17): planned from what the store holds, a bounded part of it, then removed.

use std::collections::{BTreeMap, BTreeSet};

use super::key::{KeyBytes, KeyReader};
use super::rows::{ON, STOP};
use super::tables::{SchemeRow, document_behind, of_delivery, of_document, of_scheme, of_target, text_behind};
use super::transaction::Tables;
use super::value::{from_json, to_head, to_json};
use crate::change::Change;
use crate::document::Head;
use crate::name::Key;
use crate::store::retention::{Kept, run_goes};
use crate::store::{Attempt, Delivery, Run, StoreError, SweepState, Trim, Trimmed};

/// What a command will remove.
pub(super) struct TrimPlan {
    bodies: Vec<KeyBytes>,
    attempts: Vec<KeyBytes>,
    changes: Vec<KeyBytes>,
    runs: Vec<KeyBytes>,
    /// The scheme's row where its log's start moves.
    row: Option<(KeyBytes, SchemeRow)>,
    done: Trimmed,
}

/// Looks for what may go.
pub(super) fn plan(tables: &Tables<'_>, trim: &Trim) -> Result<TrimPlan, StoreError> {
    let mut plan = TrimPlan {
        bodies: Vec::new(),
        attempts: Vec::new(),
        changes: Vec::new(),
        runs: Vec::new(),
        row: None,
        done: Trimmed { after: trim.after.clone(), ..Trimmed::default() },
    };
    let mut documents = plan.changes(tables, trim)?;
    plan.runs(tables, trim)?;
    plan.page(tables, trim, &mut documents)?;
    let targets = targets(tables, &trim.scheme)?;
    for (key, old) in &documents {
        plan.document(tables, trim, &targets, (key, old))?;
    }
    let count = |rows: &[KeyBytes]| rows.len() as u64;
    plan.done.bodies = count(&plan.bodies);
    plan.done.attempts = count(&plan.attempts);
    plan.done.changes = count(&plan.changes);
    plan.done.runs = count(&plan.runs);
    Ok(plan)
}

/// Documents to look at, and which of their versions are older than history.
type Documents = BTreeMap<Key, BTreeSet<u64>>;

impl TrimPlan {
    /// The log's oldest changes; the versions they brought.
    fn changes(&mut self, tables: &Tables<'_>, trim: &Trim) -> Result<Documents, StoreError> {
        let (place, mut documents) = (of_scheme(&trim.scheme), Documents::new());
        let mut last = None;
        tables.changes.scan(&place, None, |at, payload| {
            let change: Change = from_json(payload).ok_or_else(|| tables.changes.damaged(at))?;
            if change.at >= trim.before_history {
                return STOP;
            }
            if self.changes.len() == trim.limit {
                self.done.more = true;
                return STOP;
            }
            self.changes.push(KeyBytes::from_slice(at));
            last = Some(change.seq);
            documents.entry(change.key).or_default().insert(change.to);
            ON
        })?;
        if let Some(trimmed) = last {
            let row = tables.schemes.get(&place, from_json::<SchemeRow>)?.unwrap_or_default();
            self.row = Some((place, SchemeRow { trimmed, ..row }));
        }
        Ok(documents)
    }

    fn runs(&mut self, tables: &Tables<'_>, trim: &Trim) -> Result<(), StoreError> {
        let place = of_scheme(&trim.scheme);
        let mut last = 0;
        tables.runs.scan_back(&place, &place.behind(), |at, payload| {
            last = from_json::<Run>(payload).ok_or_else(|| tables.runs.damaged(at))?.id;
            STOP
        })?;
        let sweep = tables.sweeps.get(&place, from_json::<SweepState>)?;
        tables.runs.scan(&place, None, |at, payload| {
            let run: Run = from_json(payload).ok_or_else(|| tables.runs.damaged(at))?;
            let Some(goes) = run_goes(&run, last, sweep.as_ref(), trim) else { return STOP };
            if goes && self.runs.len() == trim.limit {
                self.done.more = true;
                return STOP;
            }
            if goes {
                self.runs.push(KeyBytes::from_slice(at));
            }
            ON
        })
    }

    /// The next documents in key order.
    fn page(&mut self, tables: &Tables<'_>, trim: &Trim, documents: &mut Documents) -> Result<(), StoreError> {
        let after = trim.after.as_ref().map(|key| of_document(&trim.scheme, key));
        let mut looked = 0;
        tables.heads.scan(&of_scheme(&trim.scheme), after.as_ref(), |at, _| {
            if looked == trim.limit {
                self.done.more = true;
                return STOP;
            }
            looked += 1;
            let key = document_behind(at, 1).ok_or_else(|| tables.heads.damaged(at))?;
            documents.entry(key.clone()).or_default();
            self.done.after = Some(key);
            ON
        })
    }

    fn document(
        &mut self,
        tables: &Tables<'_>,
        trim: &Trim,
        targets: &[String],
        (key, old): (&Key, &BTreeSet<u64>),
    ) -> Result<(), StoreError> {
        let place = of_document(&trim.scheme, key);
        let Some(head): Option<Head> = tables.heads.get(&place, to_head)? else { return Ok(()) };
        let mut rows: Vec<Delivery> = Vec::with_capacity(targets.len());
        let mut places = Vec::with_capacity(targets.len());
        for target in targets {
            let at = of_delivery(&trim.scheme, target, key);
            if let Some(row) = tables.deliveries.get(&at, from_json::<Delivery>)? {
                rows.push(row);
                places.push(at);
            }
        }
        let Some(kept) = Kept::of(&head, &rows, trim) else { return Ok(()) };
        if head.version > 1 {
            let mut versions = Vec::new();
            tables.bodies.scan(&place, None, |at, _| {
                versions.push(version_of(at).ok_or_else(|| tables.bodies.damaged(at))?);
                ON
            })?;
            self.bodies.extend(kept.bodies(&versions, old, trim).map(|version| place.clone().u64(version)));
        }
        for (at, row) in places.iter().zip(&rows).filter(|(_, row)| row.attempts > 1) {
            tables.attempts.scan(at, None, |at, payload| {
                let attempt: Attempt = from_json(payload).ok_or_else(|| tables.attempts.damaged(at))?;
                if kept.lets_go(&attempt, row, trim) {
                    self.attempts.push(KeyBytes::from_slice(at));
                }
                ON
            })?;
        }
        Ok(())
    }

    /// Whether there is nothing to write.
    pub(super) fn is_empty(&self) -> bool {
        [&self.bodies, &self.attempts, &self.changes, &self.runs].iter().all(|rows| rows.is_empty())
    }

    /// Removes what was planned.
    pub(super) fn write(self, tables: &mut Tables<'_>) -> Result<Trimmed, StoreError> {
        for (table, rows) in [
            (&mut tables.bodies, &self.bodies),
            (&mut tables.attempts, &self.attempts),
            (&mut tables.changes, &self.changes),
            (&mut tables.runs, &self.runs),
        ] {
            rows.iter().try_for_each(|at| table.remove(at))?;
        }
        if let Some((at, row)) = &self.row {
            tables.schemes.put(at, &to_json(row))?;
        }
        Ok(self.done)
    }
}

/// Targets of a scheme that have deliveries, write-backs among them.
fn targets(tables: &Tables<'_>, scheme: &str) -> Result<Vec<String>, StoreError> {
    let (place, mut targets) = (of_scheme(scheme), Vec::new());
    let mut after: Option<KeyBytes> = None;
    loop {
        let mut found = None;
        tables.deliveries.scan(&place, after.as_ref(), |at, _| {
            found = Some(text_behind(at, 1).ok_or_else(|| tables.deliveries.damaged(at))?);
            STOP
        })?;
        let Some(target) = found else { return Ok(targets) };
        after = Some(of_target(scheme, &target).behind());
        targets.push(target);
    }
}

/// The version of a body's key.
fn version_of(at: &[u8]) -> Option<u64> {
    let mut reader = KeyReader::new(at);
    reader.text()?;
    reader.text()?;
    reader.u64()
}
