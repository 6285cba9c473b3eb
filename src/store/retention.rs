//! What history a store may forget (rules.md 17): the command, what it did, and what of a document has to stay.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::clock::Time;
use crate::document::Head;
use crate::name::Key;
use crate::store::{Attempt, Delivery, Run, SweepState};

/// Forgets history of one scheme, a bounded part of it: [`Trimmed`] says where to go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trim {
    /// Scheme id.
    pub scheme: String,
    /// Newest versions of a document whose bodies stay; at least one does.
    pub versions: u64,
    /// Changes before this time, by our clock, and what they brought may go; so may settled attempts.
    pub before_history: Time,
    /// Runs that ended before this time may go.
    pub before_runs: Time,
    /// Documents after this key are looked through.
    pub after: Option<Key>,
    /// At most so many documents, changes and runs at once.
    pub limit: usize,
}

/// What was forgotten.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trimmed {
    /// Versions' bodies.
    pub bodies: u64,
    /// Attempts.
    pub attempts: u64,
    /// Changes.
    pub changes: u64,
    /// Runs.
    pub runs: u64,
    /// The last document looked through: [`Trim::after`] of the next command.
    pub after: Option<Key>,
    /// Whether there may be more to forget.
    pub more: bool,
}

/// How far a target is filled from the documents as they stand, instead of from the change log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filling {
    /// The change log's end when it began: the target's position when it ends.
    pub to: u64,
    /// The last document looked at, in key order.
    pub after: Option<Key>,
}

/// What of a document has to stay.
pub(in crate::store) struct Kept {
    /// Versions that a target was told, or compares with.
    bases: BTreeSet<u64>,
    /// Attempts of this version and newer ones stay: the base's attempt is what updates are judged against, and
    /// what a write-back sent since is no difference to it (rules 14 and 22).
    attempts_from: u64,
    /// What a write-back was answered since the newest reading was asked for stays (rule 22).
    read_at: Time,
    /// The newest version is older than history, and so is every other one.
    is_old: bool,
}

impl Kept {
    /// None where nothing may go: not all of its deliveries are at rest.
    pub(in crate::store) fn of(head: &Head, rows: &[Delivery], trim: &Trim) -> Option<Self> {
        if !rows.iter().all(is_at_rest) {
            return None;
        }
        let base = |row: &Delivery| row.base.as_ref().map_or(0, |base| base.version);
        let sent = rows.iter().filter(|row| row.attempts > 0 || row.base.is_some());
        Some(Self {
            bases: rows.iter().filter_map(|row| Some(row.base.as_ref()?.version)).collect(),
            attempts_from: sent.map(base).min().unwrap_or(0),
            read_at: head.read_at.unwrap_or(head.captured_at),
            is_old: head.captured_at < trim.before_history,
        })
    }

    /// Which of a document's stored versions may go, given in order: all but the newest so many, and the old ones.
    /// The newest stays, also that of a deleted document.
    pub(in crate::store) fn bodies<'a>(
        &'a self,
        versions: &'a [u64],
        old: &'a BTreeSet<u64>,
        trim: &Trim,
    ) -> impl Iterator<Item = u64> + 'a {
        let usual = usize::try_from(trim.versions.max(1)).unwrap_or(usize::MAX);
        let beyond = versions.len().saturating_sub(usual);
        let superseded = versions.iter().take(versions.len().saturating_sub(1)).enumerate();
        let goes = move |at: usize, version: &u64| at < beyond || self.is_old || old.contains(version);
        superseded
            .filter(move |(at, version)| goes(*at, version) && !self.bases.contains(version))
            .map(|(_, version)| *version)
    }

    /// Whether an attempt may go. The first one stays: probes ask from when it was made.
    pub(in crate::store) fn lets_go(&self, attempt: &Attempt, row: &Delivery, trim: &Trim) -> bool {
        let settled = |answered: Time| answered < trim.before_history && answered <= self.read_at;
        attempt.n > 1
            && Some(attempt.n) != row.attempt
            && Some(attempt.n) != row.base.as_ref().and_then(|base| base.attempt)
            && attempt.version < self.attempts_from
            && attempt.answered.is_some_and(settled)
    }
}

/// Whether nothing is to happen to a delivery, and every version it was told of is decided.
fn is_at_rest(row: &Delivery) -> bool {
    let undecided = row.newest != row.version || row.replay || row.unsure.is_some();
    row.state.is_settled() && row.due.is_none() && !undecided
}

/// Whether a run may go; none from the first one on that is too young. `last` is the newest, which stays as do those
/// of the sweeps.
pub(in crate::store) fn run_goes(run: &Run, last: u64, sweep: Option<&SweepState>, trim: &Trim) -> Option<bool> {
    let at = run.at.or(run.ended).or(run.started);
    if run.id >= last || at.is_some_and(|at| at >= trim.before_runs) {
        return None;
    }
    Some(at.is_some() && sweep.is_none_or(|sweep| sweep.kept().all(|kept| kept != run.id)))
}
