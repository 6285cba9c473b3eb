//! `mode: full` and `detail`: everything every run, each listed document read whole.

use std::time::Duration;

use super::support::{Desk, NOON, desk_over, page, text};
use crate::capture::CaptureError;
use crate::connector::{Fault, FaultKind, SourceCall};
use crate::store::Store;

const FULL: &str = ", mode: full, start: 2026-06-01";
const CHANGED: &str = ", mode: full, detail: { call: info, params: { id: $.id } }";
const ALWAYS: &str = ", mode: full, detail: { call: info, params: { id: $.id }, when: always }";

fn no_windows(call: &mut SourceCall) {
    call.windows = false;
    call.by_key = 0;
}

/// What the detail call answers for a document.
fn whole(desk: &Desk, id: u32, sku: &str) {
    let text = format!(r#"{{"id":{id},"no":"N{id}","sku":"{sku}"}}"#);
    desk.source.details.lock().unwrap().insert(id.to_string(), Ok(text));
}

/// The detail call fails for a document.
fn fails(desk: &Desk, id: u32, kind: FaultKind) {
    let fault = Fault::new(kind, format!("{kind:?}"));
    desk.source.details.lock().unwrap().insert(id.to_string(), Err(fault));
}

fn details_asked(desk: &Desk) -> Vec<String> {
    std::mem::take(&mut *desk.source.details_asked.lock().unwrap())
}

#[tokio::test]
async fn a_full_run_reads_everything_without_a_window_and_moves_no_watermark() {
    let desk = desk_over(FULL, "", no_windows);
    for round in 1..=2 {
        let pages = [page(&[text(1, round, "09:00:00")], Some("2")), page(&[text(2, 1, "11:00:00")], None)];
        desk.run(pages).await.unwrap();
        let progress = desk.progress();
        assert_eq!((progress.watermark, progress.walked_to, progress.scan), (None, None, None));
        assert_eq!(progress.complete_to, Some(desk.clock_now()), "when everything was read");
        desk.clock.advance(Duration::from_secs(60));
    }
    assert_eq!(desk.changes().len(), 3, "both created, the first changed");
    assert_eq!(*desk.source.fulls.lock().unwrap(), [None, Some("2".into()), None, Some("2".into())]);
}

#[tokio::test]
async fn a_full_read_that_fails_half_way_is_not_complete_and_begins_anew() {
    let desk = desk_over(FULL, "", no_windows);
    let cut = [page(&[text(1, 1, "09:00:00")], Some("2")), Err(FaultKind::Permanent)];
    let error = desk.run(cut).await.unwrap_err();
    assert_eq!(error.to_string(), "`list` page: Permanent");
    assert_eq!(desk.progress().complete_to, None);
    assert!(desk.head(1).is_some(), "what was read stays");
    desk.clock.advance(Duration::from_secs(600));
    desk.run([page(&[text(1, 1, "09:00:00")], None)]).await.unwrap();
    assert_eq!(desk.progress().complete_to, Some(NOON.plus(Duration::from_secs(600))), "the end of its own read");
    assert_eq!(*desk.source.fulls.lock().unwrap(), [None, Some("2".into()), None], "page numbers restart, once");
}

#[tokio::test]
async fn a_full_read_whose_pages_shift_is_read_until_two_passes_agree() {
    let desk = desk_over(FULL, "", |call| {
        no_windows(call);
        call.shifts = true;
    });
    let [a, b, c] = [1, 2, 3].map(|id| text(id, 1, "11:50:00"));
    let last = || page(&[&c], None);
    let pages = [page(&[&a], Some("2")), last(), page(&[&b], Some("2")), last(), page(&[&b], Some("2")), last()];
    desk.run(pages).await.unwrap();
    assert_eq!((desk.asked(), desk.changes().len()), (6, 3));
    let restless = |rev| [page(&[text(1, rev, "11:10:00")], Some("2")), page(&[text(2, 1, "11:10:00")], None)];
    desk.source.pages.lock().unwrap().extend((1..=100).flat_map(restless));
    let before = desk.progress().complete_to;
    let error = desk.run([]).await.unwrap_err();
    assert!(matches!(error, CaptureError::Absurd(_)), "{error}");
    assert_eq!(desk.progress().complete_to, before);
}

#[tokio::test]
async fn a_written_start_leaves_out_what_lies_before_it_and_without_one_everything_counts() {
    for (source, expected) in [(", mode: full, start: \"2026-06-01 10:00:00\"", 1), (", mode: full", 2)] {
        let desk = desk_over(source, "", no_windows);
        desk.run([page(&[text(1, 1, "09:00:00"), text(2, 1, "11:00:00")], None)]).await.unwrap();
        assert_eq!(desk.changes().len(), expected, "{source}");
    }
}

#[tokio::test]
async fn a_listed_document_is_read_whole_and_again_only_when_it_is_listed_otherwise() {
    let desk = desk_over(CHANGED, "", no_windows);
    whole(&desk, 1, "A");
    whole(&desk, 2, "B");
    let listed = |rev| page(&[text(1, rev, "09:00:00"), text(2, 1, "09:00:00")], None);
    desk.run([listed(1)]).await.unwrap();
    assert_eq!(details_asked(&desk), ["id=1", "id=2"]);
    assert_eq!(desk.stored(1).unwrap(), r#"{"id":1,"no":"N1","sku":"A"}"#, "the snapshot is the whole document");
    assert!(desk.head(1).unwrap().source_time.is_some(), "listed with its time");
    whole(&desk, 1, "C");
    whole(&desk, 2, "unseen");
    desk.run([listed(1)]).await.unwrap();
    assert_eq!(details_asked(&desk), Vec::<String>::new());
    desk.run([listed(2)]).await.unwrap();
    assert_eq!(details_asked(&desk), ["id=1"]);
    assert!(desk.stored(1).unwrap().contains("\"C\"") && desk.stored(2).unwrap().contains("\"B\""));
    desk.run([listed(3)]).await.unwrap();
    assert_eq!((details_asked(&desk).len(), desk.changes().len()), (1, 3), "what is the same whole is no change");
    desk.run([listed(3)]).await.unwrap();
    assert_eq!(details_asked(&desk), Vec::<String>::new(), "and stands at the gate");
}

#[tokio::test]
async fn with_always_each_listed_document_is_read_in_each_run() {
    let desk = desk_over(ALWAYS, "", no_windows);
    for sku in ["A", "A", "B"] {
        whole(&desk, 1, sku);
        desk.run([page(&[text(1, 1, "09:00:00")], None)]).await.unwrap();
    }
    assert_eq!((details_asked(&desk).len(), desk.changes().len()), (3, 2));
}

#[tokio::test]
async fn a_detail_that_is_gone_is_met_again_and_of_an_account_that_is_refused_nothing_is_read() {
    let desk = desk_over(CHANGED, "", no_windows);
    let listed = || page(&[text(1, 1, "09:00:00"), text(2, 1, "09:00:00")], None);
    let counted = || listed().map(|page| crate::connector::Page { total: Some(2), ..page });
    whole(&desk, 2, "B");
    desk.run([counted()]).await.unwrap();
    assert_eq!((desk.changes().len(), desk.asked(), desk.quarantined().len()), (1, 1, 0));
    whole(&desk, 1, "A");
    desk.run([counted()]).await.unwrap();
    assert_eq!(desk.changes().len(), 2);
    let complete = desk.progress().complete_to;
    for kind in [FaultKind::Refused, FaultKind::Session, FaultKind::Throttled, FaultKind::Unreachable] {
        fails(&desk, 1, kind);
        desk.clock.advance(Duration::from_secs(60));
        let error = desk.run([page(&[text(1, 2, "09:00:00")], None)]).await.unwrap_err();
        assert_eq!(error.to_string(), format!("`list` detail `info` id=1: {kind:?}"));
        assert_eq!((desk.progress().complete_to, desk.quarantined().len()), (complete, 0), "{kind:?}");
    }
}

#[tokio::test]
async fn rule_25_a_detail_of_another_document_stands_in_quarantine() {
    let desk = desk_over(CHANGED, "", no_windows);
    let other = r#"{"id":7,"no":"N7"}"#.to_owned();
    desk.source.details.lock().unwrap().extend([("1".into(), Ok(other)), ("2".into(), Ok("[".into()))]);
    whole(&desk, 3, "C");
    desk.run([page(&[1, 2, 3].map(|id| text(id, 1, "09:00:00")), None)]).await.unwrap();
    assert_eq!((desk.quarantined(), desk.changes().len()), (vec!["1".to_owned(), "2".to_owned()], 1));
    whole(&desk, 1, "A");
    whole(&desk, 2, "B");
    desk.run([page::<&str>(&[], None)]).await.unwrap();
    assert_eq!((desk.quarantined().len(), desk.changes().len()), (0, 3), "asked again by the detail itself");
}

#[tokio::test]
async fn a_document_is_pulled_by_its_detail_alone() {
    let desk = desk_over(CHANGED, "", no_windows);
    whole(&desk, 1, "A");
    let pulled = desk.capture.pull(&["1".to_owned(), "9".to_owned()]).await.unwrap();
    assert_eq!((pulled.found.len(), pulled.missing), (1, vec!["9".to_owned()]));
    assert!(desk.stored(1).unwrap().contains("\"A\""));
    whole(&desk, 1, "B");
    desk.capture.pull(&["N1".to_owned()]).await.unwrap();
    assert!(desk.stored(1).unwrap().contains("\"B\""), "by its number, read anew");
    desk.run([page(&[text(1, 1, "09:00:00")], None)]).await.unwrap();
    assert_eq!(desk.changes().len(), 2);
}

#[tokio::test]
async fn rule_16_captured_documents_are_indexed_and_what_was_stored_before_is_filled_in() {
    let mut desk = desk_over(CHANGED, "", no_windows);
    whole(&desk, 1, " A ");
    whole(&desk, 2, "");
    desk.run([page(&[1, 2].map(|id| text(id, 1, "09:00:00")), None)]).await.unwrap();
    let find = |desk: &Desk, path: &str, text: &str| {
        let keys = desk.store.lookup("s", path, text, 9).unwrap();
        keys.map(|keys| keys.iter().map(ToString::to_string).collect::<Vec<_>>())
    };
    assert_eq!(find(&desk, "$.sku", "A"), None);
    desk.capture = desk.reconfigured("");
    desk.capture.index_by(&["$.sku", "$.id"]);
    desk.capture.prepare_index().await.unwrap();
    assert_eq!(find(&desk, "$.sku", "A"), Some(vec!["1".to_owned()]), "trimmed");
    assert_eq!(find(&desk, "$.id", "2"), Some(vec!["2".to_owned()]), "a number by its digits");
    assert_eq!(find(&desk, "$.sku", ""), Some(Vec::new()), "a blank one is found by nothing");
    let long = "x".repeat(5000);
    whole(&desk, 1, &long);
    desk.run([page(&[text(1, 2, "09:00:00")], None)]).await.unwrap();
    assert_eq!(find(&desk, "$.sku", "A"), Some(Vec::new()));
    assert_eq!(find(&desk, "$.sku", &crate::scalar::index_text(&long).unwrap()), Some(vec!["1".to_owned()]));
    desk.capture.index_by(&["$.no"]);
    desk.capture.prepare_index().await.unwrap();
    assert_eq!((find(&desk, "$.sku", "A"), find(&desk, "$.no", "N2")), (None, Some(vec!["2".to_owned()])));
}
