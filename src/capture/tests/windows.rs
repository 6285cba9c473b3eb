//! Windows, watermark and passes (rules 2, 15, 30).

use std::time::Duration;

use super::support::{Desk, NOON, desk, desk_over, page, text};
use crate::capture::CaptureError;
use crate::connector::{FaultKind, Page};
use crate::store::Store;

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn rule_02_the_scans_end_is_the_earlier_of_both_clocks_and_a_future_document_moves_nothing() {
    for (offset, end) in [(0, NOON), (60_000, NOON), (-60_000, NOON.minus(MINUTE))] {
        let desk = desk("", |_| {});
        *desk.source.offset.lock().unwrap() = offset;
        let future = text(2, 1, "11:00:00").replace("2026-06-01 11", "2027-01-01 11");
        desk.run([page(&[text(1, 1, "11:50:00"), future], None)]).await.unwrap();
        let progress = desk.progress();
        assert_eq!(progress.complete_to, Some(end), "{offset}");
        assert_eq!(progress.watermark, Some(NOON.minus(10 * MINUTE)), "{offset}");
        assert!(desk.head(2).is_some(), "the document of the future is captured");
    }
}

#[tokio::test]
async fn rule_15_an_empty_window_moves_the_walked_end_and_the_next_begins_an_overlap_before() {
    let desk = desk("", |_| {});
    desk.run([page::<&str>(&[], None)]).await.unwrap();
    assert_eq!(desk.progress().watermark, None);
    assert_eq!(desk.progress().walked_to, Some(NOON.minus(10 * MINUTE)));
    desk.clock.advance(5 * MINUTE);
    desk.run([]).await.unwrap();
    let windows = desk.source.windows.lock().unwrap().clone();
    assert_eq!((windows[0].0.begin, windows[0].0.end), (NOON.minus(60 * MINUTE), NOON));
    assert_eq!((windows[1].0.begin, windows[1].0.end), (NOON.minus(20 * MINUTE), NOON.plus(5 * MINUTE)));
}

#[tokio::test]
async fn no_answer_is_not_an_empty_window_and_a_stopped_scan_goes_on_to_its_frozen_end() {
    let desk = desk("", |_| {});
    let error = desk.run([page(&[text(1, 1, "11:50:00")], Some("2")), Err(FaultKind::Permanent)]).await.unwrap_err();
    assert!(matches!(error, CaptureError::Refused { .. }), "{error}");
    let progress = desk.progress();
    assert_eq!((progress.watermark, progress.walked_to, progress.complete_to), (None, None, None));
    assert!(desk.head(1).is_some(), "what was read stays");
    assert_eq!(desk.store.runs("s", None, 1).unwrap()[0].error.as_deref(), Some(error.to_string().as_str()));
    desk.clock.advance(30 * MINUTE);
    desk.run([page(&[text(1, 1, "11:50:00")], None)]).await.unwrap();
    let ends: Vec<_> = desk.source.windows.lock().unwrap().iter().map(|(window, _)| window.end).collect();
    assert_eq!(ends, [NOON, NOON, NOON, NOON.plus(30 * MINUTE)], "resumed as frozen, then to the present");
}

#[tokio::test]
async fn what_may_pass_is_asked_again_and_throttling_waits_without_counting() {
    let desk = desk("", |_| {});
    let mut pages = vec![Err(FaultKind::Throttled); 20];
    pages.extend([Err(FaultKind::Unknown), Err(FaultKind::Unreachable), Err(FaultKind::Session)]);
    pages.push(page(&[text(1, 1, "11:50:00")], None));
    desk.source.pages.lock().unwrap().extend(pages);
    desk.run([]).await.unwrap();
    assert_eq!((desk.asked(), desk.changes().len()), (24, 1));
}

#[tokio::test]
async fn fault_08_a_window_whose_pages_shift_is_read_until_two_passes_agree() {
    let desk = desk("", |call| call.shifts = true);
    let [a, b, c] = [1, 2, 3].map(|id| text(id, 1, "11:50:00"));
    // The first document leaves the window between the pages, so that the second slips through.
    let last = || page(&[&c], None);
    let pages = [page(&[&a], Some("2")), last(), page(&[&b], Some("2")), last(), page(&[&b], Some("2")), last()];
    desk.run(pages).await.unwrap();
    assert_eq!((desk.asked(), desk.changes().len()), (6, 3));
    assert!(desk.head(2).is_some());
}

#[tokio::test]
async fn a_window_that_never_reads_twice_alike_is_halved_and_at_its_shortest_ends_the_run() {
    let desk = desk("", |call| call.shifts = true);
    let restless = |rev| [page(&[text(1, rev, "11:10:00")], Some("2")), page(&[text(2, 1, "11:10:00")], None)];
    desk.source.pages.lock().unwrap().extend((1..=4).flat_map(restless));
    desk.run([]).await.unwrap();
    let windows = desk.source.windows.lock().unwrap().clone();
    assert_eq!(windows[8].0.end, NOON.minus(30 * MINUTE), "the first half");
    assert_eq!(desk.progress().complete_to, Some(NOON), "the halves cover the whole");

    let desk = super::support::desk("", |call| call.shifts = true);
    desk.source.pages.lock().unwrap().extend((1..=200).flat_map(restless));
    let error = desk.run([]).await.unwrap_err();
    assert!(error.to_string().contains("faster than they can be read"), "{error}");
    assert_eq!(desk.progress().walked_to, None, "nothing counts as read");
}

#[tokio::test]
async fn fewer_documents_than_the_source_counts_are_read_again() {
    let desk = desk("", |_| {});
    let counted = |texts: &[&String]| page(texts, None).map(|page| Page { total: Some(2), ..page });
    let [a, b] = [1, 2].map(|id| text(id, 1, "11:50:00"));
    desk.run([counted(&[&a]), counted(&[&a, &b])]).await.unwrap();
    assert_eq!((desk.asked(), desk.changes().len()), (2, 2));
}

#[tokio::test]
async fn fault_22_a_page_that_was_put_together_from_several_answers_is_read_until_two_passes_agree() {
    let desk = desk("", |call| call.shifts = true);
    let pieces = |texts: &[String]| page(texts, None).map(|page| Page { more_answers: 2, ..page });
    let [a, b] = [1, 2].map(|id| text(id, 1, "11:50:00"));
    desk.run([pieces(std::slice::from_ref(&a)), pieces(&[a.clone(), b.clone()]), pieces(&[a, b])]).await.unwrap();
    assert_eq!((desk.asked(), desk.changes().len()), (3, 2));
}

#[tokio::test]
async fn rule_15_a_shorter_window_shortens_the_stored_one_of_a_run_and_of_a_sweep() {
    const LONG: &str = ", start: 3h, window: 3h, sweep: { every: 1d, back: 3h }";
    const SHORT: &str = ", start: 3h, window: 1h, sweep: { every: 1d, back: 3h }";
    let ends = |desk: &Desk| -> Vec<_> {
        std::mem::take(&mut *desk.source.windows.lock().unwrap()).iter().map(|(window, _)| window.end).collect()
    };
    let hour = |hour: u32| NOON.minus((3 - hour) * 60 * MINUTE);
    let desk = desk_over(LONG, "", |_| {});
    desk.run([Err(FaultKind::Permanent)]).await.unwrap_err();
    assert_eq!(ends(&desk), [NOON]);
    let desk = Desk { source_more: SHORT, ..desk };
    let capture = desk.reconfigured("");
    let desk = Desk { capture, ..desk };
    desk.run([]).await.unwrap();
    let asked = ends(&desk);
    assert_eq!((asked[0], desk.progress().complete_to), (hour(1), Some(NOON)));

    let desk = Desk { source_more: LONG, ..desk };
    let capture = desk.reconfigured("");
    let desk = Desk { capture, ..desk };
    desk.source.pages.lock().unwrap().push_back(Err(FaultKind::Permanent));
    desk.capture.sweep().await.unwrap_err();
    assert_eq!(ends(&desk), [NOON]);
    let desk = Desk { source_more: SHORT, ..desk };
    desk.reconfigured("").sweep().await.unwrap();
    assert_eq!(ends(&desk), [hour(1), hour(2), NOON]);
}

#[tokio::test]
async fn rule_30_a_source_that_goes_in_a_circle_ends_the_run() {
    let desk = desk("", |_| {});
    let circle =
        (0..50).flat_map(|_| [(1, "a"), (2, "b")].map(|(id, next)| page(&[text(id, 1, "11:50:00")], Some(next))));
    desk.source.pages.lock().unwrap().extend(circle);
    let error = desk.run([]).await.unwrap_err();
    assert!(matches!(error, CaptureError::Absurd(_)) && desk.asked() < 40, "{error}");
    assert_eq!(desk.progress().walked_to, None);
}

#[tokio::test]
async fn rule_15_positions_that_survive_resume_in_mid_window_and_page_numbers_restart() {
    for (resumable, position) in [(true, Some("k2".to_owned())), (false, None)] {
        let desk = desk("", |call| call.resumable = resumable);
        let cut = [page(&[text(1, 1, "11:55:00")], Some("k2")), Err(FaultKind::Permanent)];
        desk.run(cut).await.unwrap_err();
        desk.run([page(&[text(2, 1, "11:50:00")], None)]).await.unwrap();
        let windows = desk.source.windows.lock().unwrap().clone();
        assert_eq!((windows[2].0.end, &windows[2].1), (NOON, &position));
        if resumable {
            assert_eq!(desk.progress().watermark, Some(NOON.minus(5 * MINUTE)), "the first part's times count");
        }
    }
}
