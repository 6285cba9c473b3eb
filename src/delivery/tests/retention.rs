//! Targets that come to a change log whose start is forgotten (rule 17).

use serde_json::json;

use super::support::{Desk, LONG, desk, desk_with};
use crate::clock::Time;
use crate::name::Key;
use crate::reason::State;
use crate::store::{Filling, Store, TargetAnswer, Trim};

/// Forgets all but so many versions, and with `log` the whole change log.
async fn forget(desk: &Desk, versions: u64, log: bool) {
    let before_history = Time(if log { 1 } else { 0 });
    let before_runs = Time(0);
    let trim = Trim { scheme: "s".into(), versions, before_history, before_runs, after: None, limit: 10_000 };
    let done = desk.store.trim(trim).await.unwrap();
    assert_eq!((done.more, done.changes > 0), (false, log));
}

fn revisions(desk: &Desk) -> Vec<(String, u64)> {
    let mut sent: Vec<(String, u64)> = desk
        .sent()
        .iter()
        .map(|payload| {
            let payload: serde_json::Value = serde_json::from_str(payload).unwrap();
            (payload["no"].as_str().unwrap().to_owned(), payload["rev"].to_string().parse().unwrap())
        })
        .collect();
    sent.sort();
    sent
}

#[tokio::test]
async fn rule_17_a_target_behind_the_logs_start_is_filled_from_the_documents() {
    let desk = desk("call: save").await;
    desk.capture("1", json!({ "rev": 1 })).await;
    desk.capture("5", json!({ "rev": 1 })).await;
    desk.pass().await;
    assert_eq!(revisions(&desk), [("N1".into(), 1), ("N5".into(), 1)]);
    for rev in 2..=4 {
        desk.capture("1", json!({ "rev": rev })).await;
        desk.capture("2", json!({ "rev": rev })).await;
    }
    desk.capture("3", json!({ "rev": 1 })).await;
    desk.gone("3").await;
    forget(&desk, 1, true).await;
    desk.later(LONG).await;
    let expected = [("N1", 1), ("N1", 4), ("N2", 4), ("N5", 1)].map(|(no, rev)| (no.to_owned(), rev));
    assert_eq!(revisions(&desk), expected, "what is not the newest told, once, and nothing that came and went");
    assert_eq!(desk.row("1").base.unwrap().version, 4);
    assert_eq!(desk.store.delivery("s", "t", &Key::from_text("3")).unwrap(), None);
    let state = desk.store_target();
    assert_eq!((state.position, state.filling), (desk.store.last_seq("s").unwrap(), None));
    desk.capture("2", json!({ "rev": 5 })).await;
    desk.later(LONG).await;
    assert_eq!(revisions(&desk).len(), 5, "the log goes on from there");
}

#[tokio::test]
async fn rule_17_filling_goes_by_pages_from_where_it_stood() {
    let desk = desk("call: save").await;
    desk.pause(Some("down")).await;
    for id in 100..850 {
        desk.capture(&id.to_string(), json!({ "rev": 1 })).await;
    }
    forget(&desk, 1, true).await;
    let mut state = desk.store_target();
    state.filling = Some(Filling { to: 700, after: Some(Key::from_text("149")) });
    desk.store.set_target("s", "t", state).await.unwrap();
    desk.pass().await;
    let planned = desk.store.counts("s", "t").unwrap();
    // The log is read from 700 on, which is forgotten too: filled once more, from the first document.
    assert_eq!(planned, [(State::Pending, 750)].into());
    assert_eq!((desk.store_target().position, desk.store_target().filling), (750, None));
}

#[tokio::test]
async fn rule_17_versions_that_were_trimmed_are_not_taken_for_deletions() {
    let desk = desk_with("call: save", TargetAnswer::Baseline { instant: Time(0) }).await;
    for rev in 1..=5 {
        desk.capture("1", json!({ "rev": rev })).await;
    }
    forget(&desk, 2, false).await;
    assert_eq!(desk.store.versions("s", &Key::from_text("1")).unwrap(), [4, 5]);
    desk.pass().await;
    assert_eq!((desk.asked(), revisions(&desk)), (0, vec![("N1".into(), 5)]), "none of them was there at go-live");
    assert_eq!(desk.row("1").base.unwrap().version, 5);
}
