//! One life of the program after the other, each ended as chance wants it; then everything is healed, drained and
//! judged.

use std::path::PathBuf;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::sandbox::faults::Kind;
use crate::sandbox::{Folder, Options as SandboxOptions, Running, Sandbox, StartError};
use crate::store::StoreError;
use crate::torture::menu::{End, Menu};
use crate::torture::program::{Process, Program};
use crate::torture::report::{Figures, Report};
use crate::torture::verdict;

/// A process that does not come to its crash point is killed after this.
const LONGEST: Duration = Duration::from_secs(5);
/// Most time between two things that happen during a life, in milliseconds.
const BETWEEN: u64 = 600;
/// How long a process that was asked to stop may take: a request that hangs ends by its own timeout.
const TO_STOP: Duration = Duration::from_secs(30);
/// How long a run of `once` may take after everything is healed.
const TO_DRAIN: Duration = Duration::from_secs(300);
/// Runs of `once` until everything must be settled.
const DRAINS: u32 = 5;

/// What a run begins with.
pub struct Options {
    /// Where chance comes from.
    pub seed: u64,
    /// How long things go wrong; healing and judging come after.
    pub lasts: Duration,
    /// Documents of each system.
    pub documents: u64,
    /// The shipped schemes, by name and text.
    pub schemes: &'static [(&'static str, &'static str)],
    /// The program.
    pub binary: PathBuf,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Ends what goes wrong early; it is healed and judged all the same.
    pub stop: CancellationToken,
    /// Told now and then how far it has come.
    pub progress: Arc<dyn Fn(&Figures) + Send + Sync>,
}

/// Why nothing could be judged.
#[derive(Debug, Error)]
pub enum Failure {
    /// The sandbox did not start.
    #[error(transparent)]
    Sandbox(#[from] StartError),
    /// A file or process could not be had.
    #[error("torture needs a folder and processes of its own: {0}")]
    Io(#[from] std::io::Error),
    /// The database can't be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Runs, kills, heals, drains and judges.
///
/// # Errors
/// Only where nothing could be judged; what was found wrong is in the report.
pub async fn torture(options: Options) -> Result<Report, Failure> {
    let sandbox = SandboxOptions {
        seed: options.seed,
        documents: options.documents,
        port: 0,
        switches: vec![("rate".to_owned(), "off".to_owned())],
    };
    let sandbox = Sandbox::start(sandbox, Arc::clone(&options.clock)).await?;
    let mut folder =
        Folder::make("torture", &sandbox, options.schemes.iter().map(|(name, text)| (*name, quick(text))))?;
    let configuration = folder.configuration();
    std::fs::write(&configuration, impatient(&std::fs::read_to_string(&configuration)?))?;
    let program = Program { binary: options.binary.clone(), configuration, log: folder.path().join("log.txt") };
    let database = folder.path().join("data/deltaferry.redb");
    let menu = Menu::new(options.seed);
    let mut run = Run { options: &options, sandbox: &sandbox, program, database, menu, figures: Figures::default() };
    let faults = run.whole().await;
    let (figures, mut faults) = (run.figures, faults?);
    faults.sort();
    faults.dedup();
    let kept = (!faults.is_empty()).then(|| folder.path().to_owned());
    if kept.is_some() {
        let ledger = serde_json::to_string_pretty(&sandbox.ledger()).unwrap_or_default();
        std::fs::write(folder.path().join("ledger.json"), ledger)?;
        folder.keep();
    }
    sandbox.shutdown().await;
    Ok(Report { seed: options.seed, figures, faults, folder: kept })
}

/// A shipped scheme as it is, but for waits: runs begin every second, retries come at once and never end.
fn quick(text: &str) -> String {
    text.replace("{ every: 5m }", "{ every: 1s }")
        .replace("{ every: 10m }", "{ every: 3s }")
        .replace("retry: { attempts: 8, from: 5s, to: 15m }", "retry: { attempts: 1000, from: 50ms, to: 500ms }")
}

/// The configuration with a timeout that does not keep a short life waiting.
fn impatient(text: &str) -> String {
    text.replace("timeout: 30s", "timeout: 2s")
}

struct Run<'a> {
    options: &'a Options,
    sandbox: &'a Running,
    program: Program,
    database: PathBuf,
    menu: Menu,
    figures: Figures,
}

impl Run<'_> {
    /// Everything; what was found wrong.
    async fn whole(&mut self) -> Result<Vec<String>, Failure> {
        let until = self.options.clock.monotonic() + self.options.lasts;
        while self.options.clock.monotonic() < until && !self.options.stop.is_cancelled() {
            let mut faults = self.life().await?;
            faults.extend(verdict::so_far(&self.database, self.sandbox)?);
            self.count_faults();
            (self.options.progress)(&self.figures);
            if !faults.is_empty() {
                return Ok(faults);
            }
        }
        self.drain().await
    }

    /// One process, from its start to its end. Returns what it should not have done.
    async fn life(&mut self) -> Result<Vec<String>, Failure> {
        if self.menu.one_in(3) {
            self.sandbox.shared().faults.clear();
        }
        for _ in 0..self.menu.count(0..4) {
            self.edit();
        }
        for _ in 0..self.menu.count(0..3) {
            self.sandbox.shared().faults.add(self.menu.fault());
        }
        let end = self.menu.end();
        let point = match &end {
            End::AtPoint(name, pass) => Some(format!("{name}:{pass}")),
            _ => None,
        };
        self.figures.lives += 1;
        let mut process = self.program.start(&["run"], point.as_deref())?;
        let status = match end {
            End::AtPoint(name, _) => {
                let ended = self.live(&mut process, LONGEST).await?;
                if ended.is_some_and(is_killed) {
                    *self.figures.at_points.entry(name.to_owned()).or_default() += 1;
                    self.figures.kills += 1;
                }
                ended
            }
            End::Killed(after) => self.live(&mut process, after).await?,
            End::KilledWhileStopping(after, then) => match self.live(&mut process, after).await? {
                None if process.ask_to_stop() => {
                    let ended = process.wait(&*self.options.clock, then).await?;
                    if ended.is_none() {
                        self.figures.while_stopping += 1;
                        self.figures.kills += 1;
                        process.kill()?;
                        return Ok(Vec::new());
                    }
                    return Ok(unclean(ended));
                }
                ended => ended,
            },
            End::Stopped(after) => match self.live(&mut process, after).await? {
                None if process.ask_to_stop() => {
                    let ended = process.wait(&*self.options.clock, TO_STOP).await?;
                    if ended.is_none() {
                        return Ok(vec![format!("asked to stop, the service did not within {TO_STOP:?}")]);
                    }
                    return Ok(unclean(ended));
                }
                ended => ended,
            },
        };
        match status {
            Some(status) if is_killed(status) => Ok(Vec::new()),
            Some(status) => Ok(vec![format!("the service ended by itself: {status}")]),
            None => {
                process.kill()?;
                self.figures.at_random += 1;
                self.figures.kills += 1;
                Ok(Vec::new())
            }
        }
    }

    /// Lets it live for a time, while people edit and things go wrong. How it ended, if it did.
    async fn live(&mut self, process: &mut Process, most: Duration) -> Result<Option<ExitStatus>, Failure> {
        let clock = Arc::clone(&self.options.clock);
        let until = clock.monotonic() + most;
        loop {
            let left = until.saturating_sub(clock.monotonic());
            let pause = self.menu.time(BETWEEN).min(left);
            let ended = process.wait(&*clock, pause).await?;
            if ended.is_some() || left.is_zero() {
                return Ok(ended);
            }
            match self.menu.count(0..8) {
                0..3 => self.edit(),
                3 => self.sandbox.shared().faults.add(self.menu.fault()),
                4 if self.menu.one_in(3) && process.freeze() => {
                    self.figures.frozen += 1;
                    clock.sleep(self.menu.time(BETWEEN)).await;
                    process.thaw();
                }
                5 if self.menu.one_in(3) => {
                    self.sandbox.system("kingdee").into_iter().for_each(|erp| erp.kill_sessions())
                }
                _ => {}
            }
        }
    }

    /// People do something at a source; a small one may have no document left that suits.
    fn edit(&mut self) {
        let (system, body) = self.menu.deed(|| verdict::confirmed(self.sandbox));
        let edited = self.sandbox.system(system).and_then(|system| system.edit(&body).ok()).unwrap_or_default();
        self.figures.edits += edited.len() as u64;
    }

    /// Nothing goes wrong any more: everything must come to rest, exactly, and stay so.
    async fn drain(&mut self) -> Result<Vec<String>, Failure> {
        self.sandbox.shared().faults.clear();
        for round in 0..DRAINS {
            let code = self.verb(&["once", "--wait", "60s"]).await?;
            match code {
                Some(0) => break,
                Some(3) if round + 1 < DRAINS => self.act_by_hand().await?,
                Some(1) if round == 0 => self.act_by_hand().await?,
                other => {
                    return self.and_at_rest(format!("`once` ended with {other:?} after everything was healed"));
                }
            }
        }
        let before = verdict::effects(self.sandbox);
        let code = self.verb(&["once", "--wait", "60s"]).await?;
        let mut faults = verdict::at_rest(&self.database, self.sandbox, &mut self.figures)?;
        if code != Some(0) {
            faults.push(format!("`once` ended with {code:?} when nothing was left to be done"));
        }
        let more = verdict::effects(self.sandbox) - before;
        if more > 0 {
            faults.push(format!("quiet sources, and {more} more effects at the targets"));
        }
        Ok(faults)
    }

    fn and_at_rest(&mut self, fault: String) -> Result<Vec<String>, Failure> {
        let mut faults = verdict::at_rest(&self.database, self.sandbox, &mut self.figures)?;
        faults.push(fault);
        Ok(faults)
    }

    /// A person sends again what a fault made refuse for good, and lets targets go on that were paused.
    async fn act_by_hand(&mut self) -> Result<(), Failure> {
        self.figures.retried_by_hand += 1;
        for (name, _) in self.options.schemes.iter().filter(|(_, text)| text.contains("\ntargets:")) {
            self.verb(&["resume", name]).await?;
        }
        self.verb(&["deliveries", "retry", "--all"]).await?;
        Ok(())
    }

    async fn verb(&self, verb: &[&str]) -> Result<Option<i32>, Failure> {
        let mut process = self.program.start(verb, None)?;
        let ended = process.wait(&*self.options.clock, TO_DRAIN).await?;
        Ok(ended.and_then(|status| status.code()))
    }

    fn count_faults(&mut self) {
        self.figures.faults.clear();
        self.figures.answers_lost = 0;
        for (_, kind) in self.sandbox.shared().faults.struck() {
            let name = serde_json::to_value(kind).ok().and_then(|name| name.as_str().map(str::to_owned));
            *self.figures.faults.entry(name.unwrap_or_default()).or_default() += 1;
            let lost = matches!(kind, Kind::ResetAfter | Kind::TimeoutAfter | Kind::Truncate | Kind::Html502);
            self.figures.answers_lost += u64::from(lost);
        }
    }
}

/// Whether a signal ended it.
fn is_killed(status: ExitStatus) -> bool {
    #[cfg(unix)]
    let by_signal = std::os::unix::process::ExitStatusExt::signal(&status).is_some();
    #[cfg(not(unix))]
    let by_signal = !status.success();
    by_signal
}

/// A service that was asked to stop ends well, or at once if it had not begun to listen.
fn unclean(ended: Option<ExitStatus>) -> Vec<String> {
    let wrong = ended.filter(|status| !status.success() && !is_killed(*status));
    wrong.map(|status| format!("asked to stop, the service ended with {status}")).into_iter().collect()
}
