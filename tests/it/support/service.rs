//! The running service: `deltaferry run` in a place.

use std::fs::{self, File};
use std::process::{Child, ExitStatus};
use std::time::Duration;

use serde_json::Value;

use crate::support::http::{get, request};
use crate::support::place::{Place, SCHEME, wait_for_end};
use crate::support::wait::wait_until;

/// Longest time until a service answers, drains or stops.
const DEADLINE: Duration = Duration::from_secs(60);

/// A running service; it is killed with its value unless it was stopped.
pub struct Service<'a> {
    child: Child,
    place: &'a Place,
    scheme: &'static str,
    /// `http://127.0.0.1:PORT` of its API.
    pub url: String,
}

impl<'a> Service<'a> {
    /// Starts it and waits until its API answers.
    #[track_caller]
    pub fn start(place: &'a Place) -> Self {
        Self::start_of(place, SCHEME)
    }

    /// Starts it where another scheme is the one watched.
    #[track_caller]
    pub fn start_of(place: &'a Place, scheme: &'static str) -> Self {
        Self::answering(spawn(place, None), place, scheme)
    }

    /// Starts it by a shell's script, which executes its arguments.
    #[track_caller]
    pub fn start_in_shell(place: &'a Place, script: &str) -> Self {
        let run = place.command(&["run"]);
        let log = File::options().create(true).append(true).open(place.path("log.txt")).unwrap();
        let mut shell = std::process::Command::new("sh");
        shell.current_dir(place.path("")).args(["-c", script, "sh"]).arg(run.get_program()).args(run.get_args());
        let child = shell.stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap();
        Self::answering(child, place, SCHEME)
    }

    /// Waits until the API of a service that was started answers.
    #[track_caller]
    fn answering(child: Child, place: &'a Place, scheme: &'static str) -> Self {
        let mut service = Self { child, place, scheme, url: String::new() };
        let id = service.child.id();
        service.url = wait_until("the service answers", DEADLINE, || {
            let ended = service.child.try_wait().unwrap();
            assert!(ended.is_none(), "the service ended with {ended:?}: {}", log(place));
            let file: Value = serde_json::from_slice(&fs::read(place.path("data/service.json")).ok()?).ok()?;
            let url = file["url"].as_str()?.to_owned();
            (file["pid"] == id && request(&url, "GET", "/healthz", &[], "")?.status == 200).then_some(url)
        });
        service
    }

    /// Its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Ends it as `kill -9` does.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to stop (SIGTERM) and waits for its end.
    #[track_caller]
    pub fn stop(mut self) -> ExitStatus {
        self.signal();
        wait_for_end(&mut self.child, DEADLINE)
    }

    /// Sends SIGTERM.
    pub fn signal(&self) {
        signal(&self.child, rustix::process::Signal::TERM);
    }

    /// Status of the one scheme, by the API.
    #[track_caller]
    pub fn status(&self) -> Value {
        get(&self.url, &format!("/api/v1/schemes/{}", self.scheme)).json()
    }

    /// Begins a run now.
    #[track_caller]
    pub fn run_now(&self) {
        let path = format!("/api/v1/schemes/{}/run", self.scheme);
        assert_eq!(request(&self.url, "POST", &path, &[], "{}").unwrap().status, 200);
    }

    /// Waits until a run later than `run` has ended and nothing is left to be done.
    #[track_caller]
    pub fn drained_after(&self, run: u64) -> Value {
        wait_until("the service has captured and delivered everything", DEADLINE, || {
            let status = self.status();
            let last = &status["last_run"];
            let ended = last["id"].as_u64()? > run && !last["ended"].is_null() && last["error"].is_null();
            let open = ["pending", "in_flight", "retrying", "in_doubt", "waiting"];
            let targets = status["targets"].as_array()?;
            let is_open = |target: &Value| open.iter().any(|state| target["counts"][*state] != 0);
            (ended && !targets.iter().any(is_open)).then_some(status)
        })
    }

    /// Waits until everything there was at the start is captured and delivered.
    #[track_caller]
    pub fn drained(&self) -> Value {
        self.drained_after(0)
    }

    /// What it logged so far.
    pub fn log(&self) -> String {
        log(self.place)
    }
}

impl Drop for Service<'_> {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts `run`, made to kill itself at a crash point's pass (`point:pass`).
pub fn spawn(place: &Place, crash: Option<&str>) -> Child {
    let log = File::options().create(true).append(true).open(place.path("log.txt")).unwrap();
    let mut command = place.command(&["run"]);
    if let Some(crash) = crash {
        command.env("DELTAFERRY_CRASH", crash);
    }
    command.stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap()
}

/// Sends a signal to a process that was not waited for.
pub fn signal(child: &Child, signal: rustix::process::Signal) {
    let process = rustix::process::Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    rustix::process::kill_process(process, signal).unwrap();
}

fn log(place: &Place) -> String {
    fs::read_to_string(place.path("log.txt")).unwrap_or_default()
}
