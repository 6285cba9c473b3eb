//! The one thread that writes: it takes what is queued, applies each command whole or not at all in one
//! transaction, makes it durable, and only then answers.
//!
//! After an I/O error nothing is known of the transaction under way: the commands of the group are answered with
//! the error, the database is closed and opened again, and goes on with what is durable. A sync is never tried
//! twice: after a failed one the pages may be marked clean and yet be lost.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::Receiver;

use tokio::sync::oneshot;

use super::commit_capture::{self, CaptureCommand, CapturePlan};
use super::commit_deliveries::{self, CutPlan, DeliveryPlan};
use super::file::{self, Opened, Opener};
use super::index::{self, IndexPlan};
use super::lineage;
use super::rows::fault;
use super::settings::{self, SettingPlan};
use super::shared::{Handle, Shared};
use super::side::Side;
use super::tables::META;
use super::transaction::{self, Tables};
use super::trim::{self, TrimPlan};
use super::{heal_deliveries, heal_documents};
use crate::clock::Time;
use crate::crash;
use crate::store::{CaptureDone, DeliveryCommit, IndexFill, Step, StoreError, TargetState, Trim, Trimmed, WriteResult};

/// Commands that may wait: each sender waits for its answer before it goes on, so this is more than there are
/// schemes and targets at work; further ones block their sender.
pub(super) const QUEUE: usize = 64;
/// Commands of one transaction: enough to share a sync among all that wait, few enough to answer soon.
const GROUP: usize = 32;
/// Bytes of one transaction, about: what it changes is held in memory until its commit.
const GROUP_BYTES: usize = 8 * 1024 * 1024;

/// How often one thing is rebuilt in one process: more often it does not help.
const HEALINGS: u8 = 3;

/// Where the answer to a command goes. Dropped without one, it says that the writer gave up.
pub(super) struct Reply<T>(Option<oneshot::Sender<Result<T, StoreError>>>);

impl<T> Reply<T> {
    /// A reply.
    pub(super) fn new(sender: oneshot::Sender<Result<T, StoreError>>) -> Self {
        Self(Some(sender))
    }

    fn send(mut self, result: Result<T, StoreError>) {
        if let Some(sender) = self.0.take() {
            // Whoever asked may have gone; the command stands all the same.
            let _ = sender.send(result);
        }
    }
}

impl<T> Drop for Reply<T> {
    fn drop(&mut self) {
        if let Some(sender) = self.0.take() {
            let _ = sender.send(Err(StoreError::Io("the writer gave this command up".to_owned())));
        }
    }
}

/// What the writer is asked.
pub(super) enum Command {
    /// A page batch.
    Capture(Box<CaptureCommand>, Reply<CaptureDone>),
    /// Deliveries of a target.
    Deliveries(Box<DeliveryCommit>, Reply<Vec<WriteResult>>),
    /// Due times later than this are cut, so many of them.
    CutDue(String, String, Time, usize, Reply<usize>),
    /// History is forgotten.
    Trim(Trim, Reply<Trimmed>),
    /// The paths a scheme is looked up by.
    Indexed(String, BTreeSet<String>, Reply<()>),
    /// Values of what was stored before.
    Fill(Box<IndexFill>, Reply<()>),
    /// A target's own state.
    Target(String, String, Box<TargetState>, Reply<()>),
    /// Why a scheme's capture is paused.
    Paused(String, Option<String>, Reply<()>),
    /// A read met a damaged row of this scheme's documents, or of a target's deliveries.
    Heal(String, Option<String>),
}

impl Command {
    fn bytes(&self) -> usize {
        match self {
            Self::Capture(command, _) => command.bytes(),
            Self::Deliveries(commit, _) => {
                let payload =
                    |write: &crate::store::DeliveryWrite| write.attempt.as_ref().map_or(0, |a| a.payload.len());
                commit.writes.iter().map(|write| 1024 + payload(write)).sum()
            }
            Self::CutDue(.., limit, _) => limit.saturating_mul(1024),
            Self::Trim(trim, _) => trim.limit.saturating_mul(1024),
            Self::Fill(fill, _) => 1024 + 256 * fill.entries.len(),
            Self::Indexed(..) | Self::Target(..) | Self::Paused(..) | Self::Heal(..) => 1024,
        }
    }

    fn fail(self, error: &StoreError) {
        let error = error.clone();
        match self {
            Self::Capture(_, reply) => reply.send(Err(error)),
            Self::Deliveries(_, reply) => reply.send(Err(error)),
            Self::CutDue(.., reply) => reply.send(Err(error)),
            Self::Trim(_, reply) => reply.send(Err(error)),
            Self::Indexed(.., reply) | Self::Fill(_, reply) | Self::Target(.., reply) | Self::Paused(.., reply) => {
                reply.send(Err(error));
            }
            Self::Heal(..) => {}
        }
    }

    /// The crash points before and after its commit.
    fn points(&self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Capture(..) => Some(("capture.before_commit", "capture.after_commit")),
            Self::Deliveries(commit, _) => Some(match commit.step {
                Step::Plan => ("plan.before_commit", "plan.after_commit"),
                Step::Claim => ("claim.before_commit", "claim.after_commit"),
                Step::Settle => ("settle.before_commit", "settle.after_commit"),
                Step::Operate => ("operate.before_commit", "operate.after_commit"),
            }),
            Self::Fill(..) => Some(("index.before_commit", "index.after_commit")),
            Self::Trim(..) => Some(("trim.before_commit", "trim.after_commit")),
            Self::CutDue(..) | Self::Indexed(..) | Self::Target(..) | Self::Paused(..) | Self::Heal(..) => None,
        }
    }
}

/// An answer that waits for the commit; told of a failure, it says so instead.
type Answer = Box<dyn FnOnce(Option<&StoreError>)>;

fn answer<T: 'static>(reply: Reply<T>, result: Result<T, StoreError>) -> Answer {
    Box::new(move |failure| reply.send(failure.map_or(result, |error| Err(error.clone()))))
}

/// A group of commands on its way into one transaction.
#[derive(Default)]
struct Group {
    waiting: VecDeque<Command>,
    answers: Vec<Answer>,
    points: Vec<(&'static str, &'static str)>,
    /// Whether anything is to be committed.
    wrote: bool,
}

/// The writer.
pub(super) struct Writer {
    /// The database.
    pub(super) shared: Arc<Shared>,
    /// Opens it again.
    pub(super) opener: Opener,
    /// What is asked.
    pub(super) inbox: Receiver<Command>,
    /// Whether the file already says that it is not closed.
    pub(super) unclean: bool,
    /// Commits the database has seen.
    pub(super) commits: u64,
    /// Tells them outside of the database (rule 8); none in tests that lay another storage under it.
    pub(super) side: Option<Side>,
    /// How often the documents of a scheme, or the deliveries of its target, were rebuilt.
    pub(super) healed: HashMap<(String, Option<String>), u8>,
}

impl Writer {
    /// Works until nobody can ask any more, then closes the database.
    pub(super) fn run(mut self) {
        while let Ok(first) = self.inbox.recv() {
            let mut group = self.gather(first);
            let applied = catch_unwind(AssertUnwindSafe(|| self.apply(&mut group)));
            let outcome = applied.unwrap_or_else(|_| Err(StoreError::Io("the writer met a damaged page".to_owned())));
            let failure = outcome.err();
            self.shared.set_trouble(failure.as_ref(), group.wrote);
            if let Some(error) = &failure {
                tracing::error!(database = self.shared.name, %error, "nothing was written; opening the database again");
                self.reopen(error);
            }
            for answer in group.answers {
                answer(failure.as_ref());
            }
            for command in group.waiting {
                command.fail(failure.as_ref().unwrap_or(&StoreError::Closed));
            }
        }
        self.finish();
    }

    /// The first command and what else is queued, up to a bound.
    fn gather(&self, first: Command) -> Group {
        let mut bytes = first.bytes();
        let mut waiting = VecDeque::from([first]);
        while waiting.len() < GROUP && bytes < GROUP_BYTES {
            let Ok(next) = self.inbox.try_recv() else { break };
            bytes = bytes.saturating_add(next.bytes());
            waiting.push_back(next);
        }
        Group { waiting, ..Group::default() }
    }

    fn apply(&mut self, group: &mut Group) -> Result<(), StoreError> {
        let down = match &*self.shared.look() {
            Handle::Down(error) => Some(error.clone()),
            _ => None,
        };
        if let Some(error) = down {
            self.reopen(&error);
        }
        let shared = self.shared.clone();
        let handle = shared.look();
        let database = match &*handle {
            Handle::Writing(database) => database,
            Handle::Down(error) => return Err(error.clone()),
            Handle::Reading(_) | Handle::Closed => return Err(StoreError::Closed),
        };
        let transaction = transaction::begin(database)?;
        let mut tables = Tables::open(&transaction)?;
        while let Some(command) = group.waiting.pop_front() {
            self.apply_one(&mut tables, command, group)?;
        }
        if group.wrote && !self.unclean {
            file::set_clean(&mut tables.meta, false)?;
        }
        if group.wrote {
            lineage::put_commits(&mut tables.meta, self.commits + 1)?;
        }
        drop(tables);
        if !group.wrote {
            return transaction.abort().map_err(|e| fault(META.name, e));
        }
        for (before, _) in &group.points {
            crash::point(before);
        }
        crash::point("store.commit.before");
        transaction.commit().map_err(|e| fault(META.name, e))?;
        crash::point("store.commit.after");
        self.count();
        for (_, after) in &group.points {
            crash::point(after);
        }
        self.unclean = true;
        Ok(())
    }

    /// A commit is durable.
    fn count(&mut self) {
        self.commits += 1;
        if let Some(side) = &mut self.side {
            side.note(self.commits);
        }
    }

    /// Applies a command, or refuses it without a trace. An error means that the transaction can't be used.
    fn apply_one(&mut self, tables: &mut Tables<'_>, command: Command, group: &mut Group) -> Result<(), StoreError> {
        let points = command.points();
        let wrote = match command {
            Command::Capture(command, reply) => {
                let scheme = command.scheme().to_owned();
                let plan = commit_capture::plan(tables, *command);
                if let Err(StoreError::Damaged { .. }) = &plan {
                    // Its documents are to be compared again with what is left of them.
                    group.wrote |= self.heal(tables, &scheme, None)?;
                }
                carry_out(tables, group, reply, plan, CapturePlan::write)?
            }
            Command::Deliveries(commit, reply) => {
                let of = (commit.scheme.as_str(), commit.target.as_str());
                let plan = self.plan_healed(tables, group, of, |tables| commit_deliveries::plan(tables, &commit))?;
                carry_out(tables, group, reply, plan, DeliveryPlan::write)?
            }
            Command::CutDue(scheme, target, latest, limit, reply) => {
                let plan = |tables: &Tables<'_>| commit_deliveries::plan_cut(tables, &scheme, &target, latest, limit);
                let plan = self.plan_healed(tables, group, (&scheme, &target), plan)?;
                carry_out(tables, group, reply, plan, CutPlan::write)?
            }
            Command::Trim(trim, reply) => {
                let plan = self.plan_index(tables, group, &trim.scheme, |tables| trim::plan(tables, &trim))?;
                let empty = plan.as_ref().is_ok_and(TrimPlan::is_empty);
                carry_out(tables, group, reply, plan, TrimPlan::write)? && !empty
            }
            Command::Indexed(scheme, paths, reply) => {
                let plan = self
                    .plan_index(tables, group, &scheme, |tables| index::plan_paths(tables, scheme.clone(), &paths))?;
                carry_out(tables, group, reply, plan, IndexPlan::write)?
            }
            Command::Fill(fill, reply) => {
                let plan =
                    self.plan_index(tables, group, &fill.scheme, |tables| index::plan_fill(tables, (*fill).clone()))?;
                carry_out(tables, group, reply, plan, IndexPlan::write)?
            }
            Command::Target(scheme, target, state, reply) => {
                let plan = settings::plan_target(tables, scheme, target, *state);
                carry_out(tables, group, reply, plan, SettingPlan::write)?
            }
            Command::Paused(scheme, why, reply) => {
                let plan = settings::plan_paused(tables, scheme, why);
                carry_out(tables, group, reply, plan, SettingPlan::write)?
            }
            Command::Heal(scheme, target) => self.heal(tables, &scheme, target.as_deref())?,
        };
        if wrote {
            group.wrote = true;
            group.points.extend(points);
        }
        Ok(())
    }

    /// Plans; where that meets a damaged row of a target, heals it and plans once more.
    fn plan_healed<P>(
        &mut self,
        tables: &mut Tables<'_>,
        group: &mut Group,
        (scheme, target): (&str, &str),
        plan: impl Fn(&Tables<'_>) -> Result<P, StoreError>,
    ) -> Result<Result<P, StoreError>, StoreError> {
        let first = plan(tables);
        if !matches!(first, Err(StoreError::Damaged { .. })) || !self.heal(tables, scheme, Some(target))? {
            return Ok(first);
        }
        group.wrote = true;
        Ok(plan(tables))
    }

    /// Plans; where that meets a damaged row of a scheme's documents or indexes, heals them and plans once more.
    fn plan_index<P>(
        &mut self,
        tables: &mut Tables<'_>,
        group: &mut Group,
        scheme: &str,
        plan: impl Fn(&Tables<'_>) -> Result<P, StoreError>,
    ) -> Result<Result<P, StoreError>, StoreError> {
        let first = plan(tables);
        if !matches!(first, Err(StoreError::Damaged { .. })) || !self.heal(tables, scheme, None)? {
            return Ok(first);
        }
        group.wrote = true;
        Ok(plan(tables))
    }

    /// Rebuilds what this scheme's documents, or this target's deliveries, and all others with damaged rows have
    /// lost; whether anything was.
    fn heal(&mut self, tables: &mut Tables<'_>, scheme: &str, target: Option<&str>) -> Result<bool, StoreError> {
        let mut damaged: BTreeSet<(String, Option<String>)> = match target {
            Some(_) => heal_deliveries::damaged(tables)?.into_iter().map(|(s, target)| (s, Some(target))).collect(),
            None => heal_documents::damaged(tables)?.into_iter().map(|scheme| (scheme, None)).collect(),
        };
        damaged.insert((scheme.to_owned(), target.map(str::to_owned)));
        let mut healed = false;
        for of in damaged {
            let times = self.healed.entry(of.clone()).or_default();
            if *times < HEALINGS {
                *times += 1;
                match &of.1 {
                    Some(target) => heal_deliveries::rebuild(tables, &of.0, target)?,
                    None => heal_documents::rebuild(tables, &of.0)?,
                }
                healed = true;
            }
        }
        Ok(healed)
    }

    /// Closes the database and opens it again; if that fails, the next command tries once more.
    fn reopen(&mut self, error: &StoreError) {
        let mut handle = self.shared.alone();
        if let Handle::Writing(database) = std::mem::replace(&mut *handle, Handle::Down(error.clone())) {
            // It says the error once more, or panics over it: the file is read anew either way.
            let _ = catch_unwind(AssertUnwindSafe(|| database.close()));
        }
        match file::reopen(&self.shared.name, &self.opener) {
            Ok(Opened { database, unclean }) => {
                self.unclean = unclean;
                *handle = Handle::Writing(database);
                tracing::warn!(database = self.shared.name, "open again, nothing that was answered is lost");
            }
            Err(error) => {
                tracing::error!(database = self.shared.name, %error, "could not be opened again; the next command tries");
                *handle = Handle::Down(StoreError::Io(error.to_string()));
            }
        }
    }

    /// Notes the good end and closes the database.
    fn finish(mut self) {
        let shared = Arc::clone(&self.shared);
        let mut handle = shared.alone();
        let Handle::Writing(database) = std::mem::replace(&mut *handle, Handle::Closed) else { return };
        let unclean = std::mem::take(&mut self.unclean);
        let closed = catch_unwind(AssertUnwindSafe(|| {
            if unclean {
                let transaction = transaction::begin(&database)?;
                let mut tables = Tables::open(&transaction)?;
                file::set_clean(&mut tables.meta, true)?;
                lineage::put_closed(&mut tables.meta)?;
                lineage::put_commits(&mut tables.meta, self.commits + 1)?;
                drop(tables);
                transaction.commit().map_err(|e| fault(META.name, e))?;
                self.count();
            }
            if let Some(side) = &self.side {
                side.sync();
            }
            database.close().map_err(|e| fault(META.name, e))
        }));
        if let Err(error) = closed.unwrap_or_else(|_| Err(StoreError::Io("a damaged page".to_owned()))) {
            tracing::warn!(database = self.shared.name, %error, "not closed well; checked at the next start");
        }
    }
}

/// Writes a plan and keeps the answer for after the commit; whether anything was written. A plan that is an error
/// has written nothing and only refuses its own command, unless the disk itself failed.
fn carry_out<P, T: 'static>(
    tables: &mut Tables<'_>,
    group: &mut Group,
    reply: Reply<T>,
    plan: Result<P, StoreError>,
    write: impl FnOnce(P, &mut Tables<'_>) -> Result<T, StoreError>,
) -> Result<bool, StoreError> {
    let (result, failure) = match plan.map(|plan| write(plan, tables)) {
        Ok(Ok(done)) => (Ok(done), None),
        Ok(Err(error)) => (Err(error.clone()), Some(error)),
        Err(error @ (StoreError::Io(_) | StoreError::Closed)) => (Err(error.clone()), Some(error)),
        Err(error) => (Err(error), None),
    };
    let wrote = result.is_ok();
    group.answers.push(answer(reply, result));
    failure.map_or(Ok(wrote), Err)
}
