//! Documents of a page: known, changed, stale, unreadable (rules 5, 9, 25).

use std::time::Duration;

use super::support::{Answer, Desk, NOON, desk, page, text};
use crate::capture::CaptureError;
use crate::change::ChangeKind;
use crate::connector::{Deferred, FaultKind, Page};
use crate::document::RawDocument;
use crate::name::Key;
use crate::row_version::RowVersion;
use crate::store::{CaptureCommit, ProgressStep, Store};

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn equal_bytes_and_equal_content_are_no_change_and_each_difference_is_one() {
    let desk = desk("diff: { ignore: [$.ts] }", |_| {});
    let other_order = r#"{"rev":1.0,"modified":"2026-06-01 11:50:00","no":"N1","id":1,"ts":7}"#.to_owned();
    for page_text in [text(1, 1, "11:50:00"), text(1, 1, "11:50:00"), other_order, text(1, 2, "11:50:00")] {
        desk.clock.advance(Duration::from_secs(1));
        desk.run([page(&[page_text], None)]).await.unwrap();
    }
    let kinds: Vec<_> = desk.changes().into_iter().map(|change| (change.kind, change.to)).collect();
    assert_eq!(kinds, [(ChangeKind::Created, 1), (ChangeKind::Updated, 2)]);
}

#[tokio::test]
async fn fault_07_of_a_document_that_comes_twice_in_a_page_the_later_version_stays() {
    let desk = desk("", |_| {});
    let twice = [text(1, 2, "11:51:00"), text(1, 1, "11:50:00"), text(2, 1, "11:50:00"), text(2, 2, "11:50:00")];
    desk.run([page(&twice, None)]).await.unwrap();
    assert_eq!(desk.changes().len(), 2);
    assert_eq!((desk.stored(1), desk.stored(2)), (Some(text(1, 2, "11:51:00")), Some(text(2, 2, "11:50:00"))));
}

#[tokio::test]
async fn rule_05_an_older_reading_is_asked_again_by_key_and_counts_only_if_it_says_the_same() {
    let (old, new, newer) = (text(1, 1, "11:50:00"), text(1, 2, "11:55:00"), text(1, 3, "11:58:00"));
    // (answers by key, what is stored afterwards, why it is named in quarantine)
    let table = [
        ("a lag: the newer one stands", vec![page(&[&new], None)], &new, None),
        ("it was set back: twice the same", vec![page(&[&old], None)], &old, None),
        ("newer still", vec![page(&[&newer], None)], &newer, None),
        ("gone meanwhile", vec![page::<&str>(&[], None)], &new, Some("the source shows nothing when")),
    ];
    for (name, answers, expected, named) in table {
        let desk = desk("", |_| {});
        desk.run([page(&[&new], None)]).await.unwrap();
        desk.clock.advance(Duration::from_secs(1));
        desk.source.keys.lock().unwrap().extend(answers);
        desk.run([page(&[&old], None)]).await.unwrap();
        assert_eq!(desk.stored(1).as_ref(), Some(expected), "{name}");
        assert_eq!(*desk.source.keys_asked.lock().unwrap(), ["1"], "{name}");
        let records = desk.store.quarantined("s").unwrap();
        assert_eq!(records.len(), usize::from(named.is_some()), "{name}");
        assert!(records.iter().all(|record| record.why.contains(named.unwrap_or_default())), "{name}: {records:?}");
    }
}

#[tokio::test]
async fn rule_05_a_document_that_is_another_older_one_each_time_is_named_and_left_for_the_next_run() {
    let desk = desk("", |_| {});
    desk.run([page(&[text(1, 9, "11:55:00")], None)]).await.unwrap();
    desk.clock.advance(Duration::from_secs(1));
    desk.by_key([1, 2, 3, 4].map(|rev| page(&[text(1, rev, "11:50:00")], None)));
    desk.run([page(&[text(1, 0, "11:50:00")], None)]).await.unwrap();
    let record = desk.store.quarantined("s").unwrap().remove(0);
    assert!(record.why.contains("another version each time"), "{record:?}");
    assert_eq!((record.source_time, desk.stored(1)), (Some(NOON.minus(10 * MINUTE)), Some(text(1, 9, "11:55:00"))));
    desk.clock.advance(Duration::from_secs(1));
    desk.by_key([page(&[text(1, 10, "11:56:00")], None)]);
    desk.run([]).await.unwrap();
    assert_eq!((desk.quarantined().len(), desk.stored(1)), (0, Some(text(1, 10, "11:56:00"))));
}

#[tokio::test]
async fn rule_05_where_documents_can_not_be_asked_by_key_a_later_page_must_say_the_same() {
    let (old, new) = (text(1, 1, "11:50:00"), text(1, 2, "11:55:00"));
    let desk = desk("", |call| call.by_key = 0);
    for (shown, expected) in [(&new, &new), (&old, &new), (&old, &old)] {
        desk.clock.advance(Duration::from_secs(1));
        desk.run([page(&[shown], None)]).await.unwrap();
        assert_eq!(desk.stored(1).as_ref(), Some(expected));
    }
}

#[tokio::test]
async fn rule_05_a_suspect_that_the_source_refuses_to_show_is_named_and_others_go_on() {
    let desk = desk("", |_| {});
    desk.run([page(&[text(1, 2, "11:55:00")], None)]).await.unwrap();
    desk.clock.advance(Duration::from_secs(1));
    desk.by_key([Err(FaultKind::Permanent)]);
    desk.run([page(&[text(1, 1, "11:50:00"), text(2, 1, "11:50:00")], None)]).await.unwrap();
    assert_eq!((desk.quarantined(), desk.head(2).is_some()), (vec!["1".to_owned()], true));
}

#[tokio::test]
async fn rule_09_under_changed_diff_rules_stored_bodies_are_hashed_again_and_make_no_change() {
    let with_ts = |ts: u32| text(1, 1, "11:50:00").replace('}', &format!(r#","ts":{ts}}}"#));
    let mut desk = desk("", |_| {});
    desk.run([page(&[with_ts(1)], None)]).await.unwrap();
    desk.capture = desk.reconfigured("diff: { ignore: [$.ts] }");
    desk.clock.advance(Duration::from_secs(1));
    desk.run([page(&[with_ts(2)], None)]).await.unwrap();
    assert_eq!(desk.changes().len(), 1, "only the ignored field differs");
    desk.clock.advance(Duration::from_secs(1));
    desk.run([page(&[text(1, 2, "11:50:00")], None)]).await.unwrap();
    assert_eq!(desk.changes().len(), 2);
}

#[tokio::test]
async fn a_changed_key_or_filter_waits_for_a_decision() {
    let mut desk = desk("", |_| {});
    desk.run([page(&[text(1, 1, "11:50:00")], None)]).await.unwrap();
    let progress = desk.progress();
    let to = crate::watermark::Progress { fingerprint: "another".into(), ..progress.clone() };
    let step = ProgressStep { from: Some(progress), to };
    let commit = CaptureCommit { scheme: "s".into(), progress: Some(step), ..CaptureCommit::default() };
    desk.store.commit_capture(commit).await.unwrap();
    desk.capture = desk.reconfigured("");
    let error = desk.run([]).await.unwrap_err();
    assert!(matches!(error, CaptureError::Undecided { documents: 1, .. }), "{error}");
    assert_eq!(desk.asked(), 1);
}

#[tokio::test]
async fn after_a_decision_on_a_changed_filter_what_matches_only_now_is_read_from_the_start_on() {
    let mut desk = desk("", |_| {});
    let start = NOON.minus(60 * MINUTE);
    desk.run([page(&[text(1, 1, "11:05:00")], None)]).await.unwrap();
    desk.clock.advance(60 * MINUTE);
    desk.run([page(&[text(2, 1, "12:55:00")], None)]).await.unwrap();
    assert!(!desk.capture.accept_source().await.unwrap(), "nothing has changed");
    assert!(desk.progress().watermark.is_some());
    let commit = CaptureCommit { scheme: "s".into(), rewind: RowVersion::read("7"), ..CaptureCommit::default() };
    desk.store.commit_capture(commit).await.unwrap();
    desk.capture = desk.reconfigured_source("time: $.modified, filter: \"x\"");
    assert!(matches!(desk.run([]).await, Err(CaptureError::Undecided { .. })));
    assert!(desk.capture.accept_source().await.unwrap());
    assert_eq!((desk.progress().complete_to, desk.store.rewind("s").unwrap()), (None, None));
    desk.source.windows.lock().unwrap().clear();
    desk.run([page(&[text(1, 1, "11:05:00"), text(3, 1, "11:06:00")], None)]).await.unwrap();
    assert_eq!(desk.source.windows.lock().unwrap()[0].0.begin, start);
    assert!(desk.head(3).is_some());
    assert_eq!((desk.changes().len(), desk.progress().complete_to), (3, Some(NOON.plus(60 * MINUTE))));
}

#[tokio::test]
async fn rule_24_a_deferred_document_is_recorded_with_its_page_and_asked_again_by_key() {
    let desk = desk("", |_| {});
    desk.run([page(&[text(1, 1, "11:50:00")], None)]).await.unwrap();
    desk.clock.advance(Duration::from_secs(1));
    let torn = |time| Deferred {
        document: RawDocument { bytes: text(1, 2, time).into_bytes() },
        why: "bill 1 changed during each of 6 readings".into(),
    };
    let with = |page: Answer, time| page.map(|page| Page { deferred: vec![torn(time)], ..page });
    desk.run([with(page(&[text(2, 1, "11:51:00")], None), "11:56:00")]).await.unwrap();
    assert_eq!((desk.quarantined(), desk.stored(1)), (vec!["1".to_owned()], Some(text(1, 1, "11:50:00"))));
    assert_eq!(desk.stored(2), Some(text(2, 1, "11:51:00")), "other documents go on");
    assert!(desk.progress().watermark.is_some(), "the record lets the watermark pass");
    desk.clock.advance(Duration::from_secs(1));
    desk.by_key([with(page::<&str>(&[], None), "11:57:00")]);
    desk.run([]).await.unwrap();
    assert_eq!(desk.quarantined(), ["1"], "still torn");
    desk.clock.advance(Duration::from_secs(1));
    desk.by_key([page(&[text(1, 3, "11:58:00")], None)]);
    desk.run([]).await.unwrap();
    assert_eq!((desk.quarantined().len(), desk.stored(1)), (0, Some(text(1, 3, "11:58:00"))));
}

#[tokio::test]
async fn rule_05_a_suspect_that_is_torn_when_asked_again_is_recorded_too() {
    let desk = desk("", |_| {});
    desk.run([page(&[text(1, 2, "11:55:00")], None)]).await.unwrap();
    desk.clock.advance(Duration::from_secs(1));
    let deferred =
        Deferred { document: RawDocument { bytes: text(1, 1, "11:50:00").into_bytes() }, why: "torn".into() };
    desk.by_key([Ok(Page { deferred: vec![deferred], ..Page::default() })]);
    desk.run([page(&[text(1, 1, "11:50:00")], None)]).await.unwrap();
    assert_eq!((desk.quarantined(), desk.stored(1)), (vec!["1".to_owned()], Some(text(1, 2, "11:55:00"))));
}

#[tokio::test]
async fn rule_02_the_time_of_a_document_is_the_latest_of_its_changed_fields() {
    let desk = desk("", |_| {});
    let text = |id: u32, times: &str| format!(r#"{{"id":{id},"no":"N{id}","rev":1,{times}}}"#);
    let capture = desk.reconfigured_source(
        "fields: [id, no, rev, modified], changed_fields: [modified, Approved.At], entries: { name: E, id: E_id, fields: [] }",
    );
    let desk = Desk { capture, ..desk };
    let times = [
        (
            r#""modified":"2026-06-01 11:40:00","Approved_At":"2026-06-01 11:50:00.5""#,
            Some(NOON.minus(10 * MINUTE).0 + 500),
        ),
        (r#""modified":"2026-06-01 11:40:00","Approved_At":null"#, Some(NOON.minus(20 * MINUTE).0)),
        (r#""modified":null,"Approved_At":" ""#, None),
    ];
    let texts: Vec<String> = times.iter().zip(1..).map(|((times, _), id)| text(id, times)).collect();
    desk.run([page(&texts, None)]).await.unwrap();
    for ((_, wanted), id) in times.iter().zip(1..) {
        assert_eq!(desk.head(id).unwrap().source_time.map(|time| time.0), *wanted, "{id}");
    }
    assert_eq!(desk.progress().watermark.map(|time| time.0), times[0].1);
    // A changed field that `fields` does not list is there for the time alone.
    desk.clock.advance(Duration::from_secs(1));
    let approved = text(2, r#""modified":"2026-06-01 11:40:00","Approved_At":"2026-06-01 11:58:00""#);
    desk.run([page(&[approved], None)]).await.unwrap();
    assert_eq!((desk.changes().len(), desk.head(2).unwrap().source_time), (3, Some(NOON.minus(2 * MINUTE))));
}

#[tokio::test]
async fn rule_25_an_unreadable_document_is_recorded_with_its_page_and_asked_again_by_key() {
    let desk = desk("", |_| {});
    let broken = text(1, 2, "11:56:00").replace('}', r#","rev":3}"#);
    desk.run([page(&[text(1, 1, "11:50:00"), text(2, 1, "11:51:00")], None)]).await.unwrap();
    desk.clock.advance(Duration::from_secs(1));
    desk.run([page(&[broken.clone(), text(2, 2, "11:57:00")], None)]).await.unwrap();
    assert_eq!(desk.quarantined(), ["1"]);
    assert_eq!(desk.stored(2), Some(text(2, 2, "11:57:00")), "other documents go on");
    assert!(desk.progress().watermark.is_some(), "the record lets the watermark pass");
    desk.clock.advance(Duration::from_secs(1));
    // Still broken; an older reading that equals the snapshot does not clear it.
    desk.by_key([page(&[broken], None)]);
    desk.run([page(&[text(1, 1, "11:50:00")], None)]).await.unwrap();
    assert_eq!(desk.quarantined(), ["1"]);
    desk.clock.advance(Duration::from_secs(1));
    desk.by_key([page(&[text(1, 3, "11:58:00")], None)]);
    desk.run([]).await.unwrap();
    assert_eq!((desk.quarantined().len(), desk.stored(1)), (0, Some(text(1, 3, "11:58:00"))));
}

#[tokio::test]
async fn rule_25_a_document_without_key_is_recorded_by_its_digest_and_a_refused_question_stops_nothing() {
    let desk = desk("", |_| {});
    let unreadable = [r#"{"no":"N9"}"#.to_owned(), text(1, 1, "11:50:00").replace('}', r#","rev":3}"#)];
    desk.run([page(&unreadable, None)]).await.unwrap();
    assert_eq!(desk.quarantined().len(), 2);
    assert!(desk.quarantined().iter().any(|key| key.starts_with("digest:")));
    desk.clock.advance(Duration::from_secs(1));
    desk.by_key([Err(FaultKind::Permanent)]);
    desk.run([page(&[text(2, 1, "11:50:00")], None)]).await.unwrap();
    assert_eq!(*desk.source.keys_asked.lock().unwrap(), ["1"]);
    assert!(desk.head(2).is_some());
}

#[tokio::test]
async fn a_pull_reads_by_key_or_number_and_says_what_the_source_does_not_know() {
    let desk = desk("", |_| {});
    desk.run([page(&[text(1, 1, "11:50:00")], None)]).await.unwrap();
    let nothing = || page::<&str>(&[], None);
    desk.by_key([page(&[text(7, 1, "09:00:00")], None), page(&[text(1, 2, "11:51:00")], None), nothing(), nothing()]);
    let pulled = desk.capture.pull(&["7".into(), "N1".into(), "N404".into()]).await.unwrap();
    assert_eq!(pulled.found, [Key::from_text("7"), Key::from_text("1")]);
    assert_eq!(pulled.missing, ["N404"]);
    assert_eq!(*desk.source.keys_asked.lock().unwrap(), ["7", "N1", "1", "N404", "N404"]);
    assert_eq!(desk.stored(1), Some(text(1, 2, "11:51:00")));
}

#[tokio::test]
async fn a_paused_scheme_reads_nothing() {
    let desk = desk("", |_| {});
    desk.store.set_paused("s", Some("holiday".into())).await.unwrap();
    let error = desk.run([]).await.unwrap_err();
    assert!(matches!(error, CaptureError::Paused(_)) && desk.asked() == 0, "{error}");
}
