//! Named crash points: in tests the process kills itself with SIGKILL at the n-th pass of a point.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// Environment variable `DELTAFERRY_CRASH=name:n`.
const VARIABLE: &str = "DELTAFERRY_CRASH";

struct Plan {
    name: String,
    pass: u64,
    passed: AtomicU64,
}

static PLAN: OnceLock<Option<Plan>> = OnceLock::new();

fn plan() -> Option<&'static Plan> {
    PLAN.get_or_init(|| {
        let text = std::env::var(VARIABLE).ok()?;
        let (name, pass) = text.split_once(':').unwrap_or((&text, "1"));
        Some(Plan { name: name.to_owned(), pass: pass.parse().ok()?, passed: AtomicU64::new(0) })
    })
    .as_ref()
}

/// Passes a crash point. Costs one atomic load unless `DELTAFERRY_CRASH` is set; then the process ends without
/// any clean-up, as by `kill -9`, at the named point's n-th pass.
pub fn point(name: &str) {
    if let Some(plan) = plan()
        && plan.name == name
        && plan.passed.fetch_add(1, Ordering::Relaxed) + 1 == plan.pass
    {
        end_now();
    }
}

#[cfg(unix)]
fn end_now() {
    // Killing ourselves can fail only if the signal is invalid; aborting then is as abrupt.
    let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
    std::process::abort();
}

#[cfg(not(unix))]
fn end_now() {
    std::process::abort();
}
