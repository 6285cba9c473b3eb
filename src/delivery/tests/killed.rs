//! A process killed while many rows of one target are changed: the next one does it again, and nothing is missed.

use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use super::outage::{capture, sent_by_number};
use super::support::{worker_after, worker_on};
use crate::clock::{Clock, Time};
use crate::store::{CaptureCommit, Delivery, RedbOptions, RedbStore, Run, Store, TargetAnswer};

const TARGET: &str = "call: bulk\nbatch: 100";
/// One more than is changed in one go.
const DOCUMENTS: usize = 401;

/// Where the child finds its database and what it is to do; without them there is nothing to do.
const FOLDER: &str = "DELTAFERRY_TEST_DELIVERY_FOLDER";
const WORK: &str = "DELTAFERRY_TEST_DELIVERY_WORK";

fn open(folder: &Path) -> Arc<dyn Store> {
    Arc::new(RedbStore::open(&folder.join("deltaferry.redb"), &RedbOptions::default()).unwrap())
}

fn rows(store: &dyn Store) -> Vec<Delivery> {
    let rows = store.deliveries("s", "t", None, None, usize::MAX).unwrap();
    rows.into_iter().map(|(_, row)| row).collect()
}

/// A run of the source that reads everything there is.
async fn run(store: &dyn Store, id: u64, at: Time) {
    let run = Run { id, started: Some(at), ended: Some(at), ..Run::default() };
    let commit = CaptureCommit { scheme: "s".into(), run: Some(run), ..CaptureCommit::default() };
    store.commit_capture(commit).await.unwrap();
}

#[tokio::test]
#[ignore = "run by the other tests, in a process of its own"]
async fn child() {
    let (Ok(folder), Ok(work)) = (std::env::var(FOLDER), std::env::var(WORK)) else { return };
    let store = open(folder.as_ref());
    let (worker, _, clock) = worker_on(&store, TARGET).await;
    if work == "begin_anew" {
        worker.begin_anew(&TargetAnswer::Adopt).await.unwrap();
    } else {
        worker.change_state(|state| state.restored = true).await.unwrap();
        run(&*store, 2, clock.now()).await;
        worker.pass().await.unwrap();
    }
}

fn killed(folder: &Path, work: &str, point: &str) {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "delivery::tests::killed::child", "--ignored"])
        .env(FOLDER, folder)
        .env(WORK, work)
        .env("DELTAFERRY_CRASH", point)
        .output()
        .unwrap();
    assert_eq!(output.status.signal(), Some(9), "{point}: was not killed: {output:?}");
}

#[tokio::test]
async fn rule_03_a_kill_among_documents_that_begin_anew_leaves_none_out_when_the_answer_is_given_again() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let (worker, _, _) = worker_on(&store, TARGET).await;
    capture(&*store, &mut [0; DOCUMENTS], &(0..DOCUMENTS).collect::<Vec<_>>()).await;
    worker.pass().await.unwrap();
    assert!(rows(&*store).iter().all(|row| row.receipt.is_some()));
    store.close();
    killed(folder.path(), "begin_anew", "delivery.begun_anew:1");

    let store = open(folder.path());
    assert_eq!(rows(&*store).iter().filter(|row| row.receipt.is_some()).count(), 1, "cut off in between");
    let (worker, target, _) = worker_on(&store, TARGET).await;
    assert_eq!(worker.begin_anew(&TargetAnswer::Adopt).await.unwrap(), DOCUMENTS as u64);
    assert!(rows(&*store).iter().all(|row| row.receipt.is_none() && row.base.is_none() && row.probe_first));
    worker.pass().await.unwrap();
    // The other account shows none of them: each is looked for, then told once.
    assert_eq!(target.asked.lock().unwrap().len(), DOCUMENTS);
    let once: BTreeMap<String, Vec<u64>> = (0..DOCUMENTS).map(|id| (format!("N{id}"), vec![1])).collect();
    assert_eq!(sent_by_number(&target), once);
    store.close();
}

#[tokio::test]
async fn rule_08_a_kill_after_a_restore_leaves_no_document_uncompared_and_forgets_not_since_when() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let (_, _, clock) = worker_on(&store, TARGET).await;
    let backup = clock.now().minus(Duration::from_secs(60));
    run(&*store, 1, backup).await;
    capture(&*store, &mut [0; 3], &[0, 1, 2]).await;
    store.close();
    killed(folder.path(), "restore", "delivery.restore_marked:1");

    let store = open(folder.path());
    let restored = store.target("s", "t").unwrap().unwrap();
    assert!(restored.restored && rows(&*store).iter().all(|row| row.unsure == Some(backup)));
    let (worker, target, clock) = worker_after(&store, TARGET, Duration::from_secs(60)).await;
    store.set_target("s", "t", restored).await.unwrap();
    worker.recover().await.unwrap();
    worker.pass().await.unwrap();
    assert!(target.asked.lock().unwrap().is_empty(), "capture has not caught up in this process");
    run(&*store, 3, clock.now()).await;
    worker.pass().await.unwrap();
    let asked: Vec<_> = target.asked.lock().unwrap().iter().map(|probe| probe.first_attempt).collect();
    assert_eq!(asked, [Some(backup); 3], "what was sent since the backup may be ours");
    assert!(!store.target("s", "t").unwrap().unwrap().restored && target.sent.lock().unwrap().is_empty());
    store.close();
}
