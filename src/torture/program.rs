//! The program under torture: a process of its own, with its log in the folder.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use crate::clock::Clock;
use crate::crash;

/// How often a process is looked at.
const GRAIN: Duration = Duration::from_millis(3);

/// Starts processes.
pub(super) struct Program {
    /// The binary.
    pub(super) binary: PathBuf,
    /// Its configuration.
    pub(super) configuration: PathBuf,
    /// Where it writes what it says.
    pub(super) log: PathBuf,
}

/// A process; killed with its value.
pub(super) struct Process(Child);

impl Program {
    /// Starts a verb, which kills itself at a crash point's pass (`name:n`).
    pub(super) fn start(&self, verb: &[&str], crash: Option<&str>) -> io::Result<Process> {
        let log = File::options().create(true).append(true).open(&self.log)?;
        let folder = self.configuration.parent().unwrap_or(Path::new("."));
        let mut command = Command::new(&self.binary);
        command.current_dir(folder).arg("--config").arg(&self.configuration).arg("--allow-literal-secrets").args(verb);
        for name in ["DELTAFERRY_CONFIG", "DELTAFERRY_LANG", crash::VARIABLE] {
            command.env_remove(name);
        }
        if let Some(point) = crash {
            command.env(crash::VARIABLE, point);
        }
        let child = command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).spawn()?;
        Ok(Process(child))
    }
}

impl Process {
    /// How it ended, if it did.
    pub(super) fn ended(&mut self) -> io::Result<Option<ExitStatus>> {
        self.0.try_wait()
    }

    /// Waits for its end, or until the time is over.
    pub(super) async fn wait(&mut self, clock: &dyn Clock, most: Duration) -> io::Result<Option<ExitStatus>> {
        let until = clock.monotonic() + most;
        loop {
            let ended = self.ended()?;
            let left = until.saturating_sub(clock.monotonic());
            if ended.is_some() || left.is_zero() {
                return Ok(ended);
            }
            clock.sleep(left.min(GRAIN)).await;
        }
    }

    /// Ends it without any clean-up.
    pub(super) fn kill(&mut self) -> io::Result<ExitStatus> {
        self.0.kill()?;
        self.0.wait()
    }

    /// Asks it to stop; whether this machine can.
    #[cfg(unix)]
    pub(super) fn ask_to_stop(&self) -> bool {
        self.signal(rustix::process::Signal::TERM)
    }

    /// Lets it stand still.
    #[cfg(unix)]
    pub(super) fn freeze(&self) -> bool {
        self.signal(rustix::process::Signal::STOP)
    }

    /// Lets it go on.
    #[cfg(unix)]
    pub(super) fn thaw(&self) -> bool {
        self.signal(rustix::process::Signal::CONT)
    }

    #[cfg(unix)]
    fn signal(&self, signal: rustix::process::Signal) -> bool {
        let process = i32::try_from(self.0.id()).ok().and_then(rustix::process::Pid::from_raw);
        process.is_some_and(|process| rustix::process::kill_process(process, signal).is_ok())
    }

    #[cfg(not(unix))]
    pub(super) fn ask_to_stop(&self) -> bool {
        false
    }

    #[cfg(not(unix))]
    pub(super) fn freeze(&self) -> bool {
        false
    }

    #[cfg(not(unix))]
    pub(super) fn thaw(&self) -> bool {
        false
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
