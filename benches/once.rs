//! How much memory and time does `once` take over many documents, first and when nothing has changed?
//!
//! `cargo bench --bench once`; `DELTAFERRY_DOCUMENTS=100000` takes another number than 10,000. Against the sandbox on
//! this machine, so the time is of both; the memory is the program's own peak (VmHWM, Linux only).

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::disallowed_methods, reason = "a measurement")]

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const PROGRAM: &str = env!("CARGO_BIN_EXE_deltaferry");
const SCHEME: &str = "jushuitan-shipment-to-kingdee.yaml";

/// What one pass took.
struct Pass {
    seconds: f64,
    peak_megabytes: f64,
    database_megabytes: f64,
    met: u64,
    new: u64,
    changed: u64,
    last_seq: u64,
}

fn main() {
    // `cargo test --all-targets` builds and starts this as well: there is nothing to test.
    if !std::env::args().any(|arg| arg == "--bench") {
        return;
    }
    let documents = std::env::var("DELTAFERRY_DOCUMENTS").unwrap_or_else(|_| "10000".to_owned());
    let folder = tempfile::tempdir().unwrap();
    let (mut sandbox, _printed) = sandbox(&documents, folder.path());
    println!("{documents} shipments");
    println!("pass       seconds  peak memory   database      met      new  changed");
    let mut passes = vec![pass("first", folder.path())];
    // From now on every run reads all of the last week again.
    let scheme = folder.path().join("schemes").join(SCHEME);
    let text = fs::read_to_string(&scheme).unwrap();
    fs::write(&scheme, text.replace("overlap: 10m", "overlap: 8d").replace("window: 1d", "window: 9d")).unwrap();
    passes.extend(["second", "third"].map(|name| pass(name, folder.path())));
    sandbox.kill().unwrap();
    sandbox.wait().unwrap();
    let (first, last) = (&passes[0], &passes[2]);
    assert_eq!(last.last_seq, first.last_seq, "unchanged documents make no change");
    let most = passes.iter().map(|pass| pass.peak_megabytes).fold(0.0, f64::max);
    println!("peak {most:.0} MB (limit 150 MB)");
    assert!(most < 150.0, "above the limit");
}

/// Starts the simulated systems and writes a configuration for them.
fn sandbox(documents: &str, folder: &Path) -> (Child, impl BufRead) {
    let args =
        ["sandbox", "--port", "0", "--switch", "rate=off", "--switch", "kingdee.orders=none", "--documents", documents];
    let mut child = Command::new(PROGRAM).args(args).stdout(Stdio::piped()).spawn().unwrap();
    // Kept open by the caller: who prints into a closed pipe is ended.
    let mut printed = BufReader::new(child.stdout.take().unwrap());
    let mut url = || {
        let mut line = String::new();
        printed.read_line(&mut line).unwrap();
        line.split_once("  ").unwrap().1.trim().to_owned()
    };
    let configuration = deltaferry::sandbox::configuration(&url(), &url(), &url());
    fs::write(folder.join("deltaferry.yaml"), configuration).unwrap();
    fs::create_dir(folder.join("schemes")).unwrap();
    let scheme = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemes").join(SCHEME);
    fs::copy(scheme, folder.join("schemes").join(SCHEME)).unwrap();
    (child, printed)
}

/// Runs `once` and watches its memory.
fn pass(name: &str, folder: &Path) -> Pass {
    let begun = Instant::now();
    let mut child = Command::new(PROGRAM)
        .current_dir(folder)
        .args(["--allow-literal-secrets", "once", "--json"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut peak = 0;
    let status = loop {
        peak = peak.max(peak_kilobytes(child.id()).unwrap_or(0));
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    let seconds = begun.elapsed().as_secs_f64();
    assert!(status.success(), "{status}");
    let told: serde_json::Value = serde_json::from_reader(child.stdout.take().unwrap()).unwrap();
    let scheme = &told["schemes"][0];
    let count = |value: &serde_json::Value| value.as_u64().unwrap();
    let pass = Pass {
        seconds,
        peak_megabytes: f64::from(u32::try_from(peak).unwrap()) / 1024.0,
        database_megabytes: fs::metadata(folder.join("data/deltaferry.redb")).unwrap().len() as f64 / 1e6,
        met: count(&scheme["last_run"]["documents"]),
        new: count(&scheme["last_run"]["new"]),
        changed: count(&scheme["last_run"]["changed"]),
        last_seq: count(&scheme["last_seq"]),
    };
    println!(
        "{name:8} {:>9.1} {:>9.0} MB {:>7.0} MB {:>8} {:>8} {:>8}",
        pass.seconds, pass.peak_megabytes, pass.database_megabytes, pass.met, pass.new, pass.changed
    );
    pass
}

/// VmHWM of a process.
fn peak_kilobytes(process: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches(" kB").parse().ok()
}
