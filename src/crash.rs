//! Named crash points: in tests the process kills itself with SIGKILL at the n-th pass of a point.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// Environment variable `DELTAFERRY_CRASH=name:n`.
pub const VARIABLE: &str = "DELTAFERRY_CRASH";

/// Every crash point of the program: its name, its number in reliability.md B5 (`-` where that list has none), and
/// where it lies. Held equal to the sources by a test.
pub const POINTS: &[(&str, &str, &str)] = &[
    ("capture.scan_begun", "1", "the scan's end is frozen and stored, nothing was asked yet"),
    ("token.granted", "2", "a token or session was granted and is not used yet"),
    ("capture.page_received", "3", "a page was received, nothing of it read"),
    ("capture.detail_received", "3", "the whole document behind a listed one was received"),
    ("capture.parsed", "4", "a page's documents have their keys and are not yet compared"),
    ("capture.compared", "4", "a page was compared, the store was not told"),
    ("capture.before_first_write", "5", "a capture commit is planned, nothing of it written"),
    ("capture.between_snapshot_and_change", "6", "heads and bodies are written, changes and progress are not"),
    ("capture.before_commit", "7", "before the commit that holds a page"),
    ("capture.after_commit", "9", "after the commit that holds a page, before its answer"),
    ("capture.stored", "9", "the store has answered, the position in memory has not moved"),
    ("capture.before_watermark", "10", "a window was read, the watermark was not moved"),
    ("capture.after_watermark", "10", "the watermark was moved, nobody was told"),
    ("plan.before_commit", "12", "changes were decided, nothing of it is durable"),
    ("plan.after_commit", "12", "decisions are durable, nothing was done about them"),
    ("lookup.parked", "-", "documents that lack what they look up are stored as waiting"),
    ("lookup.woken", "-", "documents that waited are due, where the mirrors stood is not noted"),
    ("index.before_commit", "-", "before values that look-ups ask are stored"),
    ("index.after_commit", "-", "after it"),
    ("delivery.mapped", "13", "the payload is made, nothing is claimed"),
    ("claim.before_commit", "13", "before attempts are durable"),
    ("claim.after_commit", "14", "attempts are durable, the sender was not told"),
    ("delivery.claimed", "14", "attempts are durable, nothing was sent"),
    ("send.before_request", "14", "before a request that writes is made"),
    ("send.half_body", "15", "head and half of the body of a request that writes are sent"),
    ("send.body_sent", "16", "the request is sent and carried out, no byte of the answer was read"),
    ("send.status_read", "17", "the status was read, the body was not"),
    ("send.after_answer", "18", "the answer was read whole"),
    ("delivery.answered", "18", "the answer is understood, nothing is settled"),
    ("settle.before_commit", "19", "before settled attempts are durable"),
    ("settle.after_commit", "20", "settled attempts are durable, the worker was not told"),
    ("doubt.settled_one", "21", "of several documents in doubt some are settled"),
    ("doubt.asked", "22", "the target was asked about attempts in doubt, its answer is not stored"),
    ("doubt.absent", "23", "an attempt is known not to have run, nothing of that is stored"),
    ("recover.taken_over", "-", "attempts of an earlier process are in doubt, the worker has not begun"),
    ("writeback.queued", "-", "a delivery is settled and its write-back queued in the same commit"),
    ("trim.before_commit", "28", "before forgotten history is gone for good"),
    ("trim.after_commit", "28", "some history is forgotten, more may follow"),
    ("operate.before_commit", "-", "before a person's action is durable"),
    ("operate.after_commit", "-", "after it, the person was not told"),
    ("store.commit.before", "7", "before any commit"),
    ("store.commit.after", "9", "after any commit"),
    ("stop.asked", "30", "a graceful stop was asked for, work is under way"),
    ("stop.finished", "30", "everything under way was finished, the store is not closed"),
    ("store.create.before_tables", "32", "the first start made the database's file, nothing is in it"),
    ("store.create.before_name", "32", "the new database is complete and has not got its name"),
    ("store.side.before", "-", "commits are durable, the counter beside the file is not yet written"),
    ("sweep.begun", "11", "a sweep has begun, nothing was read"),
    ("sweep.window_read", "24", "a sweep's window is read, and that is not noted"),
    ("sweep.missing_found", "11", "some documents are known to be gone, none is stored as deleted"),
    ("sweep.deletions_stored", "12", "some deletions are stored, others may follow"),
    ("sweep.before_end", "12", "everything of a sweep is stored but that it has ended"),
    ("step.claimed", "14", "an attempt of a step is durable, nothing was sent"),
    ("step.answered", "18", "a step was answered, nothing is settled"),
    ("step.settled", "20", "a step is settled, the next has not begun"),
    ("delivery.begun_anew", "-", "some rows of a moved target have begun anew, others will"),
    ("delivery.restore_marked", "-", "after a restore some rows are to be compared first, others are not yet marked"),
    ("db.backup.copying", "29", "a backup is half copied"),
    ("db.backup.before_name", "29", "a backup is complete and has not got its name"),
    ("db.restore.before_aside", "-", "a backup is verified, the database is still in its place"),
    ("db.restore.before_name", "-", "the database is put aside, the backup has not got its name"),
    ("db.restore.after_name", "-", "the backup stands in the database's place, nothing else is tidied"),
    ("db.restored.before_side", "-", "a restored database knows its new epoch, the file beside it does not"),
];

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

/// Whether the process is to end at this point: for points whose place has to be made first.
pub fn is_aimed_at(name: &str) -> bool {
    plan().is_some_and(|plan| plan.name == name)
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    use super::*;

    fn named_below(folder: &Path, found: &mut BTreeSet<String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                named_below(&path, found);
            } else if path.extension().is_some_and(|ending| ending == "rs") && !path.ends_with("src/crash.rs") {
                let text = fs::read_to_string(&path).unwrap();
                let named = text.split("crash::point(\"").skip(1).filter_map(|rest| rest.split('"').next());
                found.extend(named.map(str::to_owned));
                // Points named by the kind of a commit: ("plan.before_commit", "plan.after_commit").
                let by_kind =
                    text.split('"').filter(|word| word.ends_with(".before_commit") || word.ends_with(".after_commit"));
                found.extend(by_kind.map(str::to_owned));
            }
        }
    }

    #[test]
    fn the_list_of_points_is_that_of_the_sources() {
        let mut found = BTreeSet::new();
        named_below(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
        let listed: BTreeSet<String> = POINTS.iter().map(|(name, _, _)| (*name).to_owned()).collect();
        assert_eq!(listed.len(), POINTS.len(), "a name stands twice");
        assert_eq!(found, listed);
        assert!(listed.len() >= 25);
    }
}
