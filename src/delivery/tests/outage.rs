//! Long outages and hot documents: the queue stays as small as the number of documents, and drains by itself.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use super::support::{Desk, desk};
use crate::change::ChangeKind;
use crate::connector::FaultKind;
use crate::name::Key;
use crate::reason::State;
use crate::store::{CaptureCommit, Captured, Store};

const DOCUMENTS: u64 = 5_000;
const CHANGES: u64 = 50_000;
/// Longer than the longest wait between two tests.
const HOUR: Duration = Duration::from_secs(3_600);

/// Captures the next versions of documents in one page.
async fn capture(desk: &Desk, versions: &mut [u64], ids: &[usize]) {
    let mut captured = Vec::with_capacity(ids.len());
    for id in ids {
        let version = &mut versions[*id];
        let body = format!(r#"{{"id":"{id}","no":"N{id}","rev":{}}}"#, *version + 1).into_bytes();
        let hash = Some(*blake3::hash(&body).as_bytes());
        captured.push(Captured {
            key: Key::from_text(id.to_string()),
            expect: *version,
            kind: ChangeKind::Updated,
            number: None,
            source_time: None,
            raw_hash: hash,
            canonical_hash: hash,
            body,
        });
        *version += 1;
    }
    let commit = CaptureCommit { scheme: "s".into(), captured, ..CaptureCommit::default() };
    assert!(desk.store.commit_capture(commit).await.unwrap().stale.is_empty());
}

/// Every payload sent, by number.
fn sent_by_number(desk: &Desk) -> BTreeMap<String, Vec<u64>> {
    let mut sent: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for payload in desk.sent() {
        let payload: Value = serde_json::from_str(&payload).unwrap();
        let number = payload["no"].as_str().unwrap().to_owned();
        sent.entry(number).or_default().push(payload["rev"].to_string().parse().unwrap());
    }
    sent
}

#[tokio::test]
async fn fault_32_a_target_down_for_a_week_costs_nothing_but_waiting_and_its_queue_drains_by_itself() {
    let desk = desk("call: save\nbatch: 5").await;
    *desk.target.down.lock().unwrap() = Some(FaultKind::Unreachable);
    let mut rng = fastrand::Rng::with_seed(7);
    let mut versions = vec![0; DOCUMENTS as usize];
    let hours = 7 * 24;
    let mut left = CHANGES;
    for hour in 0..hours {
        let now = if hour + 1 == hours { left } else { CHANGES / hours };
        let mut ids: Vec<usize> = Vec::new();
        for change in 0..now {
            // Every document at least once, the rest by chance.
            let nth = CHANGES - left + change;
            let id = if nth < DOCUMENTS { nth as usize } else { rng.usize(0..DOCUMENTS as usize) };
            if ids.contains(&id) {
                capture(&desk, &mut versions, &std::mem::take(&mut ids)).await;
            }
            ids.push(id);
        }
        capture(&desk, &mut versions, &ids).await;
        left -= now;
        desk.worker.pass().await.unwrap();
        desk.clock.advance(HOUR);
    }
    assert_eq!((versions.iter().sum::<u64>(), desk.sent().len()), (CHANGES, 0));
    // Three documents opened it, and then one test a wait: not one for each change.
    let turned_away = u64::from(*desk.target.turned_away.lock().unwrap());
    assert!(turned_away <= hours + 10, "{turned_away} requests to a target that is down");
    let queued = desk.store.counts("s", "t").unwrap();
    assert_eq!(queued.values().sum::<u64>(), DOCUMENTS, "the queue holds documents, not changes: {queued:?}");
    let tries = desk.store.deliveries("s", "t", None, None, usize::MAX).unwrap();
    assert!(tries.iter().all(|(_, row)| row.tries == 0), "waiting used up no tries");

    *desk.target.down.lock().unwrap() = None;
    for _ in 0..3 {
        desk.clock.advance(HOUR);
        desk.worker.pass().await.unwrap();
    }
    let sent = sent_by_number(&desk);
    assert_eq!((sent.len() as u64, desk.sent().len() as u64), (DOCUMENTS, DOCUMENTS), "each document once");
    for (id, version) in versions.iter().enumerate() {
        assert_eq!(sent[&format!("N{id}")], [*version], "document {id} in its newest version");
    }
    assert_eq!(desk.store.counts("s", "t").unwrap()[&State::Delivered], DOCUMENTS);
    assert!(desk.sizes().iter().all(|size| *size <= 5));
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
        let sent = sent_by_number(&desk);
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
