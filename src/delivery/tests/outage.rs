//! Long outages and hot documents: the queue stays as small as the number of documents, and drains by itself.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::double::Double;
use super::support::{desk, worker_on};
use crate::change::ChangeKind;
use crate::connector::FaultKind;
use crate::name::Key;
use crate::reason::State;
use crate::store::{CaptureCommit, Captured, RedbOptions, RedbStore, Store};

const DOCUMENTS: usize = 5_000;
const CHANGES: usize = 50_000;
const HOURS: usize = 7 * 24;
/// Longer than the longest wait between two tests.
const HOUR: Duration = Duration::from_secs(3_600);

/// Captures the next versions of documents, a page at a time.
pub async fn capture(store: &dyn Store, versions: &mut [u64], ids: &[usize]) {
    let mut left = ids;
    while !left.is_empty() {
        // A page holds each document once.
        let mut seen = BTreeSet::new();
        let page = left.iter().take_while(|id| seen.insert(**id)).count();
        let (now, later) = left.split_at(page);
        left = later;
        let captured = now.iter().map(|id| next_version(*id, &mut versions[*id])).collect();
        let commit = CaptureCommit { scheme: "s".into(), captured, ..CaptureCommit::default() };
        assert!(store.commit_capture(commit).await.unwrap().stale.is_empty());
    }
}

fn next_version(id: usize, version: &mut u64) -> Captured {
    let body = format!(r#"{{"id":"{id}","no":"N{id}","rev":{}}}"#, *version + 1).into_bytes();
    let hash = Some(*blake3::hash(&body).as_bytes());
    let expect = *version;
    *version += 1;
    Captured {
        key: Key::from_text(id.to_string()),
        expect,
        kind: if expect == 0 { ChangeKind::Created } else { ChangeKind::Updated },
        number: None,
        source_time: None,
        raw_hash: hash,
        canonical_hash: hash,
        body,
    }
}

/// Revisions sent, by number.
pub fn sent_by_number(target: &Double) -> BTreeMap<String, Vec<u64>> {
    let mut sent: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for item in target.sent.lock().unwrap().iter().flat_map(|(_, items)| items) {
        let payload: Value = serde_json::from_str(&item.payload).unwrap();
        let number = payload["no"].as_str().unwrap().to_owned();
        sent.entry(number).or_default().push(payload["rev"].to_string().parse().unwrap());
    }
    sent
}

#[tokio::test]
async fn fault_32_a_target_down_for_a_week_costs_nothing_but_waiting_and_its_queue_drains_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    let store = RedbStore::open(&folder.path().join("week.redb"), &RedbOptions::default()).unwrap();
    let store: Arc<dyn Store> = Arc::new(store);
    let (worker, target, clock) = worker_on(&store, "call: bulk\nbatch: 100").await;
    *target.down.lock().unwrap() = Some(FaultKind::Unreachable);
    let mut rng = fastrand::Rng::with_seed(7);
    let mut versions = vec![0; DOCUMENTS];
    // Every document at least once, the rest by chance.
    let changes: Vec<usize> = (0..CHANGES).map(|n| if n < DOCUMENTS { n } else { rng.usize(0..DOCUMENTS) }).collect();
    for hour in changes.chunks(CHANGES.div_ceil(HOURS)) {
        capture(&*store, &mut versions, hour).await;
        worker.pass().await.unwrap();
        clock.advance(HOUR);
    }
    assert_eq!((versions.iter().sum::<u64>(), target.sent.lock().unwrap().len()), (CHANGES as u64, 0));
    // Three documents opened it, and then one test a wait: not one for each change.
    let turned_away = *target.turned_away.lock().unwrap() as usize;
    assert!(turned_away > 100 && turned_away <= HOURS + 3, "{turned_away} requests to a target that is down");
    let queued: u64 = store.counts("s", "t").unwrap().values().sum();
    assert_eq!(queued, DOCUMENTS as u64, "the queue holds documents, not changes");
    let rows = store.deliveries("s", "t", None, None, usize::MAX).unwrap();
    assert!(rows.iter().all(|(_, row)| row.tries == 0), "waiting used up no tries");

    *target.down.lock().unwrap() = None;
    for _ in 0..2 {
        clock.advance(HOUR);
        worker.pass().await.unwrap();
    }
    let sent = sent_by_number(&target);
    assert_eq!((sent.len(), sent.values().map(Vec::len).sum::<usize>()), (DOCUMENTS, DOCUMENTS), "each document once");
    for (id, version) in versions.iter().enumerate() {
        assert_eq!(sent[&format!("N{id}")], [*version], "document {id} in its newest version");
    }
    assert_eq!(store.counts("s", "t").unwrap()[&State::Delivered], DOCUMENTS as u64);
    store.close();
}

#[tokio::test]
async fn fault_30_a_document_that_changes_without_end_is_coalesced_and_starves_nobody() {
    let desk = desk("call: save\nbatch: 1").await;
    let mut rev = 0;
    for second in 0..10 {
        for tick in 0..100 {
            desk.clock.advance(Duration::from_millis(10));
            rev += 1;
            desk.capture("hot", json!({ "rev": rev })).await;
            if tick % 20 == 0 {
                desk.capture(&format!("{second}-{tick}"), json!({ "rev": 1 })).await;
            }
        }
        desk.pass().await;
        let sent = sent_by_number(&desk.target);
        assert_eq!((sent["Nhot"].len(), sent["Nhot"].last()), (second + 1, Some(&rev)), "coalesced, newest");
        assert_eq!(sent.len(), 1 + 5 * (second + 1), "the others are not starved");
    }
}

#[tokio::test]
async fn fault_30_a_waiting_document_keeps_its_place_however_often_it_changes() {
    let desk = desk("call: save\nbatch: 1").await;
    desk.pause(Some("behind")).await;
    for n in 0..50 {
        desk.capture("hot", json!({ "rev": n })).await;
        desk.capture(&format!("other-{n}"), json!({ "rev": 1 })).await;
        desk.pass().await;
        desk.clock.advance(Duration::from_millis(10));
    }
    desk.pause(None).await;
    desk.pass().await;
    assert!(desk.sent()[..2].contains(&r#"{"no":"Nhot","rev":49}"#.to_owned()), "{:?}", &desk.sent()[..2]);
    assert_eq!(desk.sent().len(), 51);
}
