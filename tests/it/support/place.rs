//! A folder with configuration, scheme and data, and the program's verbs run in it.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use crate::support::systems::Systems;
use crate::support::wait::wait_until;

/// The shipped scheme's name.
pub const SCHEME: &str = "jushuitan-shipment-to-kingdee";
/// Its target.
pub const TARGET: &str = "outstock";
/// Longest time any verb may take.
const DEADLINE: Duration = Duration::from_secs(120);

/// The shipped scheme, with retries that do not keep a test waiting.
pub fn shipped() -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("schemes/{SCHEME}.yaml"));
    let text = fs::read_to_string(file).unwrap();
    let quick = text.replace("retry: { attempts: 8, from: 5s, to: 15m }", "retry: { attempts: 8, from: 50ms, to: 1s }");
    assert_ne!(text, quick, "the scheme's retries are no longer where this test replaces them");
    quick
}

/// A folder of its own.
pub struct Place {
    folder: TempDir,
}

/// What a verb printed, and how it ended.
#[derive(Debug)]
pub struct Output {
    /// Exit code; -1 if a signal ended it.
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Output {
    /// What was printed, as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// It ended with this code.
    #[track_caller]
    pub fn ended(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{}\n{}", self.out, self.err);
        self
    }
}

impl Place {
    /// The shipped scheme between simulated systems.
    pub fn new(systems: &Systems) -> Self {
        Self::with_scheme(systems, &shipped())
    }

    /// Another scheme, or the shipped one changed.
    pub fn with_scheme(systems: &Systems, scheme: &str) -> Self {
        let place = Self::empty(systems);
        place.write_scheme(scheme);
        place
    }

    /// No scheme yet.
    pub fn empty(systems: &Systems) -> Self {
        let place = Self { folder: tempfile::tempdir().unwrap() };
        fs::create_dir(place.path("schemes")).unwrap();
        let [jushuitan, kingdee, okki] = ["jushuitan", "kingdee", "okki"].map(|name| systems.url(name));
        place.configure(&deltaferry::sandbox::configuration(jushuitan, kingdee, okki));
        place
    }

    /// Writes the configuration anew.
    pub fn configure(&self, text: &str) {
        fs::write(self.path("deltaferry.yaml"), text).unwrap();
    }

    /// Replaces a part of the configuration.
    #[track_caller]
    pub fn reconfigure(&self, from: &str, to: &str) {
        replace(&self.path("deltaferry.yaml"), from, to);
    }

    /// Writes a scheme of this name.
    pub fn write_named_scheme(&self, name: &str, text: &str) {
        fs::write(self.path(&format!("schemes/{name}.yaml")), text).unwrap();
    }

    /// Writes the scheme anew.
    pub fn write_scheme(&self, text: &str) {
        fs::write(self.path(&format!("schemes/{SCHEME}.yaml")), text).unwrap();
    }

    /// Takes a scheme away.
    pub fn remove_scheme(&self, name: &str) {
        fs::remove_file(self.path(&format!("schemes/{name}.yaml"))).unwrap();
    }

    /// Replaces a part of the scheme of this name.
    #[track_caller]
    pub fn change_named_scheme(&self, name: &str, from: &str, to: &str) {
        replace(&self.path(&format!("schemes/{name}.yaml")), from, to);
    }

    /// Replaces a part of the scheme.
    #[track_caller]
    pub fn change_scheme(&self, from: &str, to: &str) {
        replace(&self.path(&format!("schemes/{SCHEME}.yaml")), from, to);
    }

    /// A file of this folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The program with arguments, ready to start in this folder.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_deltaferry"));
        command.current_dir(self.folder.path()).arg("--allow-literal-secrets").args(args).stdin(Stdio::null());
        for name in ["DELTAFERRY_CONFIG", "DELTAFERRY_LANG", "DELTAFERRY_LOG", "DELTAFERRY_CRASH"] {
            command.env_remove(name);
        }
        command
    }

    /// Runs a verb to its end.
    #[track_caller]
    pub fn run(&self, args: &[&str]) -> Output {
        self.run_command(self.command(args))
    }

    /// Runs a verb that ends with 0.
    #[track_caller]
    pub fn done(&self, args: &[&str]) -> Output {
        self.run(args).ended(0)
    }

    /// Runs a prepared command to its end.
    #[track_caller]
    pub fn run_command(&self, mut command: Command) -> Output {
        let (out, err) = (tempfile::NamedTempFile::new().unwrap(), tempfile::NamedTempFile::new().unwrap());
        let streams: [File; 2] = [out.reopen().unwrap(), err.reopen().unwrap()];
        let [out_stream, err_stream] = streams;
        let mut child = command.stdout(out_stream).stderr(err_stream).spawn().unwrap();
        let status = wait_for_end(&mut child, DEADLINE);
        let read = |file: &tempfile::NamedTempFile| String::from_utf8(fs::read(file.path()).unwrap()).unwrap();
        Output { code: status.code().unwrap_or(-1), out: read(&out), err: read(&err) }
    }

    /// Captures and delivers once; everything must be settled then.
    #[track_caller]
    pub fn once(&self) -> Value {
        self.done(&["once", "--json"]).json()["schemes"][0].take()
    }

    /// Status of the one scheme.
    #[track_caller]
    pub fn status(&self) -> Value {
        self.done(&["status", "--json"]).json()["schemes"][0].take()
    }

    /// Documents of a state towards the one target.
    #[track_caller]
    pub fn count(&self, state: &str) -> u64 {
        count(&self.status(), state)
    }

    /// A document's delivery state, `state(reason)`.
    #[track_caller]
    pub fn state(&self, key: &str) -> String {
        let shown = self.done(&["docs", "show", SCHEME, key]).json();
        let target = &shown["targets"][0];
        let sub = target["reason"].as_str().map(|reason| format!("({reason})")).unwrap_or_default();
        format!("{}{sub}", target["state"].as_str().unwrap())
    }

    /// The sentences of `explain`, joined.
    #[track_caller]
    pub fn explain(&self, key: &str, language: &str) -> String {
        self.done(&["explain", SCHEME, key, "--lang", language]).out
    }
}

/// Documents of a state in a status.
#[track_caller]
pub fn count(status: &Value, state: &str) -> u64 {
    status["targets"][0]["counts"][state].as_u64().unwrap_or_else(|| panic!("no `{state}` in {status}"))
}

#[track_caller]
fn replace(file: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(file).unwrap();
    assert!(text.contains(from), "`{from}` is not in {}", file.display());
    fs::write(file, text.replace(from, to)).unwrap();
}

/// Waits for a process; kills it when it takes too long.
#[track_caller]
pub fn wait_for_end(child: &mut Child, deadline: Duration) -> ExitStatus {
    let (ended, mut waited) = (std::cell::RefCell::new(child), 0);
    let most = deadline.as_millis() / 15;
    wait_until("the process ends", deadline + Duration::from_secs(10), || {
        waited += 1;
        if waited > most {
            // The wait goes on for the end that this makes.
            let _ = ended.borrow_mut().kill();
        }
        ended.borrow_mut().try_wait().unwrap()
    })
}
