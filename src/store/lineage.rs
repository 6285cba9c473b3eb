//! Which database this is: how it began, how many commits it has seen, and whether it is the one that was written
//! last (rule 8).
//!
//! A file that was stamped by `backup`, that knows fewer commits than the side file tells, or that lies without its
//! side file was restored. Then what targets were told since is not known: the change log begins a new epoch and every
//! target is marked, in one transaction. A side file without a database means that all state is lost: the new
//! database says so, and `initial` does not answer for it.

use std::path::Path;

use redb::Database;
use serde::{Deserialize, Serialize};

use super::file::{self, Opened};
use super::key::KeyBytes;
use super::rows::{ON, Rows, WriteRows, fault};
use super::side::{self, Side};
use super::tables::{Bytes, META};
use super::transaction::{self, Tables};
use super::value::{from_json, to_count, to_json};
use crate::clock::{Clock, SystemClock, Time};
use crate::crash;
use crate::store::{StoreError, TargetState};

/// How a database began.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// Empty, where nothing was before.
    #[default]
    New,
    /// As a backup or an older copy of itself.
    Restored,
    /// Empty, where there had been one that is lost.
    Lost,
}

/// What a database knows of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lineage {
    /// The epoch of the change logs: in another one, the same sequence number is another change. The second since
    /// 1970 in which it began; 0 in databases made before there were epochs.
    pub epoch: u64,
    /// How it began.
    pub origin: Origin,
    /// It was stamped as a backup, and nothing has written it since.
    pub stamped: bool,
    /// Commits that change data, from its first beginning.
    pub commits: u64,
    /// When it was last closed well.
    pub closed: Option<Time>,
}

fn at(name: &str) -> KeyBytes {
    KeyBytes::new().text(name)
}

/// The number stands alone: it is written with every commit.
fn commits_key() -> KeyBytes {
    at("commits")
}

/// What the database knows of itself.
pub(super) fn read<T: redb::ReadableTable<Bytes, Bytes>>(meta: &Rows<T>) -> Result<Lineage, StoreError> {
    let stored: Option<Lineage> = meta.get(&at("lineage"), from_json)?;
    let commits = meta.get(&commits_key(), to_count)?;
    Ok(Lineage { commits: commits.unwrap_or(0), ..stored.unwrap_or_default() })
}

/// Stores what the database knows of itself.
pub(super) fn write(meta: &mut WriteRows<'_>, lineage: &Lineage) -> Result<(), StoreError> {
    meta.put(&at("lineage"), &to_json(lineage))?;
    put_commits(meta, lineage.commits)
}

/// Counts a commit.
pub(super) fn put_commits(meta: &mut WriteRows<'_>, commits: u64) -> Result<(), StoreError> {
    meta.put(&commits_key(), &commits.to_le_bytes())
}

/// Notes when the database was closed well.
pub(super) fn put_closed(meta: &mut WriteRows<'_>) -> Result<(), StoreError> {
    let closed = Some(SystemClock::new().now());
    let lineage = Lineage { closed, ..read(meta)? };
    meta.put(&at("lineage"), &to_json(&lineage))
}

/// How a database begins where there is none.
pub(super) fn of_new(path: &Path) -> Lineage {
    let epoch = next_epoch(0);
    match side::read(path) {
        None if !side::path(path).exists() => Lineage { epoch, ..Lineage::default() },
        told => {
            tracing::error!(
                database = %path.display(),
                "THE DATABASE IS LOST: its file is gone, but `{}` tells that there was one. A new one is made; what \
                 targets were told is not known, so nothing is sent until `decide`. If you have a backup, stop and \
                 run `deltaferry db restore FILE`",
                side::path(path).display()
            );
            Lineage { epoch, origin: Origin::Lost, commits: told.unwrap_or(0).saturating_add(1), ..Lineage::default() }
        }
    }
}

fn next_epoch(last: u64) -> u64 {
    let now = u64::try_from(SystemClock::new().now().seconds()).unwrap_or(0);
    now.max(last.saturating_add(1))
}

/// Looks whether the file is the one that was written last; where it is not, marks every target and begins a new
/// epoch, durably. Gives the side file, which from now on follows the database, and the number of commits so far.
pub(super) fn recognise(path: &Path, opened: &mut Opened) -> Result<(Side, u64), StoreError> {
    let name = path.display().to_string();
    let unreadable = |error| match error {
        StoreError::Damaged { table, key } => file::broken(&name, format!("`{table}` is damaged at `{key}`")),
        other => other,
    };
    let told = side::read(path);
    let found = of(&opened.database).map_err(unreadable)?;
    let why = match told {
        _ if found.stamped => "it is a backup",
        Some(told) if found.commits < told => "it is older than what was written last",
        // Nothing was ever stored in it, or a program wrote it that did not count yet.
        None if found.commits > 0 => "it lies without its side file",
        _ => return Ok((Side::begin(path, found.commits)?, found.commits)),
    };
    // Beyond both, so that the file that was replaced is noticed too if it comes back.
    let commits = found.commits.max(told.unwrap_or(0)).saturating_add(1);
    let epoch = next_epoch(found.epoch);
    let lineage = Lineage { epoch, origin: Origin::Restored, stamped: false, commits, closed: found.closed };
    let targets = mark(&opened.database, &lineage).map_err(unreadable)?;
    opened.unclean = true;
    tracing::error!(
        database = name,
        epoch,
        targets,
        "THE DATABASE WAS RESTORED: {why}. What targets were told since is not known: nothing is sent until capture has \
         caught up and each document was looked for at its target"
    );
    crash::point("db.restored.before_side");
    Ok((Side::begin(path, commits)?, commits))
}

fn of(database: &Database) -> Result<Lineage, StoreError> {
    let transaction = redb::ReadableDatabase::begin_read(database).map_err(|e| fault(META.name, e))?;
    read(&Rows::new(&META, transaction.open_table(META.definition()).map_err(|e| fault(META.name, e))?))
}

/// Marks every target in the transaction of the new epoch; how many there are.
fn mark(database: &Database, lineage: &Lineage) -> Result<usize, StoreError> {
    let transaction = transaction::begin(database)?;
    let mut tables = Tables::open(&transaction)?;
    let (mut marked, now) = (Vec::new(), SystemClock::new().now());
    tables.targets.scan(&KeyBytes::new(), None, |key, payload| {
        let key = KeyBytes::from_slice(key);
        let state: TargetState = from_json(payload).ok_or_else(|| tables.targets.damaged(key.as_slice()))?;
        let restored_at = state.restored_at.filter(|_| state.restored).or(Some(now));
        marked.push((key, TargetState { restored: true, restored_at, ..state }));
        ON
    })?;
    let count = marked.len();
    for (key, state) in marked {
        tables.targets.put(&key, &to_json(&state))?;
    }
    write(&mut tables.meta, lineage)?;
    file::set_clean(&mut tables.meta, false)?;
    drop(tables);
    transaction.commit().map_err(|e| fault(META.name, e))?;
    Ok(count)
}
