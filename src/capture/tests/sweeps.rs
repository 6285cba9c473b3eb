//! Sweeps (rules 23 and 25): what is read again, what is missing, and when a person is asked.

use std::time::Duration;

use super::support::{Answer, Desk, NOON, desk_over, page, text};
use crate::capture::{CaptureError, Swept};
use crate::change::ChangeKind;
use crate::connector::FaultKind;
use crate::store::{Store, SweepStage};

const DELETES: &str = ", start: 1h, window: 2h, sweep: { every: 1d, back: 1h, deletes: true }";
const FULL: &str = ", mode: full, sweep: { deletes: true }";
const MINUTE: Duration = Duration::from_secs(60);

fn nothing() -> Answer {
    page::<&str>(&[], None)
}

/// Documents of these ids, of half past eleven.
fn listed(ids: impl IntoIterator<Item = u32>) -> Answer {
    page(&ids.into_iter().map(|id| text(id, 1, "11:30:00")).collect::<Vec<_>>(), None)
}

/// A desk that has captured documents of these ids.
async fn captured(source: &'static str, by_key: usize, ids: impl IntoIterator<Item = u32>) -> Desk {
    let desk = desk_over(source, "", |call| call.by_key = by_key);
    desk.run([listed(ids)]).await.unwrap();
    desk.clock.advance(MINUTE);
    desk
}

impl Desk {
    /// A sweep over these pages.
    async fn sweep<const N: usize>(&self, pages: [Answer; N]) -> Result<Swept, CaptureError> {
        self.source.pages.lock().unwrap().extend(pages);
        let swept = self.capture.sweep().await;
        self.clock.advance(MINUTE);
        swept
    }

    fn deleted(&self) -> Vec<String> {
        let gone = self.changes().into_iter().filter(|change| change.kind == ChangeKind::Deleted);
        gone.map(|change| change.key.to_string()).collect()
    }

    fn stage(&self) -> SweepStage {
        self.store.sweep("s").unwrap().unwrap().stage
    }
}

#[tokio::test]
async fn rule_23_what_a_complete_sweep_misses_and_the_source_does_not_know_by_key_is_deleted() {
    let desk = captured(DELETES, 10, 1..=4).await;
    let before = desk.progress();
    // 2 and 3 are not listed any more; asked by key, 3 is still there, and new.
    desk.by_key([page(&[text(3, 2, "10:00:00")], None), nothing()]);
    let swept = desk.sweep([listed([1, 4, 7])]).await.unwrap();
    assert_eq!(desk.deleted(), ["2"]);
    assert!(desk.head(2).unwrap().is_tombstone() && desk.head(7).is_some(), "what was missed is captured");
    assert_eq!(desk.store.by_number("s", "N2").unwrap().len(), 1, "people still find it by its number");
    let sweep = swept.sweep.clone().unwrap();
    assert_eq!((sweep.stage, sweep.known, sweep.missing, sweep.deleted), (SweepStage::Ended, 4, 2, 1));
    assert!(swept.run.sweep && swept.run.ended.is_some() && swept.run.deleted == 1, "{swept:?}");
    assert_eq!(desk.progress(), before, "a sweep moves no progress");
    let windows = desk.source.windows.lock().unwrap().clone();
    let to = NOON.plus(MINUTE);
    assert_eq!((windows[1].0.begin, windows[1].0.end), (NOON.minus(59 * MINUTE), to), "not before what `back` says");
}

#[tokio::test]
async fn rule_23_without_a_direct_question_a_document_must_be_missing_from_two_complete_sweeps() {
    let desk = captured(DELETES, 0, 1..=3).await;
    desk.sweep([listed([1, 3])]).await.unwrap();
    assert_eq!(desk.deleted(), [] as [&str; 0]);
    // It is back, and missing again: that is once.
    desk.sweep([listed([1, 2, 3])]).await.unwrap();
    desk.sweep([listed([1, 3])]).await.unwrap();
    assert_eq!(desk.deleted(), [] as [&str; 0]);
    let broken = desk.sweep([Err(FaultKind::Permanent)]).await;
    assert!(matches!(broken, Err(CaptureError::Refused { .. })), "{broken:?}");
    assert_eq!(desk.deleted(), [] as [&str; 0], "a sweep that was cut short tells nothing");
    desk.sweep([listed([1, 3])]).await.unwrap();
    assert_eq!(desk.deleted(), ["2"]);
}

#[tokio::test]
async fn rule_23_a_source_that_counts_more_than_it_shows_was_not_read_completely() {
    // Two passes agree, and neither shows all that the source counts.
    let short = || listed([1, 3]).map(|page| crate::connector::Page { total: Some(3), ..page });
    for source in [DELETES, FULL] {
        let desk = captured(source, 0, 1..=3).await;
        for _ in 0..3 {
            desk.sweep([short(), short()]).await.unwrap();
            assert_eq!(desk.deleted(), [] as [&str; 0], "{source}");
        }
        desk.sweep([listed([1, 3])]).await.unwrap();
        assert_eq!(desk.deleted(), [] as [&str; 0], "the first complete one: {source}");
        desk.sweep([listed([1, 3])]).await.unwrap();
        assert_eq!(desk.deleted(), ["2"], "{source}");
    }
}

#[tokio::test]
async fn rule_23_candidates_were_captured_before_the_sweep_began_and_lie_in_its_span() {
    let desk = captured(", start: 5h, window: 6h, sweep: { every: 1d, back: 1h, deletes: true }", 0, [1]).await;
    // 2 is older than the sweep looks back, 3 carries no time.
    let timeless = text(3, 1, "").replace(r#","modified":"2026-06-01 ""#, "");
    desk.run([page(&[text(2, 1, "09:00:00"), timeless], None)]).await.unwrap();
    for _ in 0..3 {
        desk.sweep([listed([1])]).await.unwrap();
    }
    assert_eq!(desk.deleted(), [] as [&str; 0]);
    assert_eq!(desk.store.sweep("s").unwrap().unwrap().known, 1);
}

#[tokio::test]
async fn rule_23_reads_beside_a_sweep_fill_its_seen_table_too() {
    let desk = captured(", start: 4h, window: 1h, sweep: { every: 1d, back: 4h, deletes: true }", 10, [1, 2]).await;
    // The sweep is cut short after its first window; a normal run then meets 1, and a person pulls 2.
    let error = desk.sweep([nothing(), Err(FaultKind::Permanent)]).await.unwrap_err();
    assert!(matches!(error, CaptureError::Refused { .. }));
    desk.run([listed([1])]).await.unwrap();
    desk.by_key([listed([2])]);
    desk.capture.pull(&["2".to_owned()]).await.unwrap();
    let asked = desk.asked();
    let swept = desk.sweep([nothing(), nothing(), nothing()]).await.unwrap();
    assert_eq!((desk.asked() - asked, swept.run.windows, desk.deleted().len()), (3, 4, 0), "it went on where it was");
    assert_eq!(desk.store.runs("s", None, 9).unwrap().iter().filter(|run| run.sweep).count(), 1);
}

#[tokio::test]
async fn rule_23_an_incremental_read_never_deletes() {
    let desk = captured(DELETES, 10, 1..=3).await;
    for _ in 0..3 {
        desk.clock.advance(MINUTE);
        desk.run([nothing()]).await.unwrap();
    }
    assert_eq!((desk.deleted().len(), desk.store.sweep("s").unwrap()), (0, None));
}

#[tokio::test]
async fn fault_10_a_source_that_suddenly_shows_nothing_stops_the_deletion_and_asks() {
    for by_key in [10, 0] {
        let desk = captured(DELETES, by_key, 1..=20).await;
        let mut swept = desk.sweep([nothing()]).await.unwrap().sweep.unwrap();
        if by_key == 0 {
            assert_eq!(swept.stage, SweepStage::Ended, "once is nothing");
            swept = desk.sweep([nothing()]).await.unwrap().sweep.unwrap();
        }
        assert_eq!((swept.stage, swept.known, swept.missing), (SweepStage::Stopped, 20, 20), "by key: {by_key}");
        assert_eq!(desk.deleted(), [] as [&str; 0]);
        let asked = desk.source.keys_asked.lock().unwrap().len();
        assert!(asked == if by_key == 0 { 0 } else { 20 }, "{asked}");
        let error = desk.capture.confirm_sweep(77).await.unwrap_err();
        assert!(error.to_string().starts_with("no deletion of run 77 waits"), "{error}");
        let done = desk.capture.confirm_sweep(swept.run).await.unwrap().sweep.unwrap();
        assert_eq!((done.stage, done.deleted, desk.deleted().len()), (SweepStage::Ended, 20, 20));
        assert!(desk.capture.confirm_sweep(swept.run).await.is_err(), "asked and answered");
    }
}

#[tokio::test]
async fn fault_10_a_source_that_shows_all_again_takes_the_question_back() {
    let desk = captured(DELETES, 10, 1..=20).await;
    let stopped = desk.sweep([nothing()]).await.unwrap().sweep.unwrap();
    // Still asked while the next sweep says the same; a person may answer either.
    let again = desk.sweep([nothing()]).await.unwrap().sweep.unwrap();
    assert_eq!((again.stage, again.ask, again.run != stopped.run), (SweepStage::Stopped, stopped.ask, true));
    let sane = desk.sweep([listed(1..=20)]).await.unwrap().sweep.unwrap();
    assert_eq!((sane.stage, sane.ask, desk.deleted().len()), (SweepStage::Ended, None, 0));
    assert!(matches!(desk.capture.confirm_sweep(stopped.run).await, Err(CaptureError::Unasked { .. })));
}

#[tokio::test]
async fn rule_23_the_guard_has_a_share_and_a_minimum_count() {
    // (known, missing, does it ask)
    for (known, missing, asks) in [(10, 5, false), (10, 6, true), (200, 10, false), (200, 11, true)] {
        let desk = captured(DELETES, 100, 1..=known).await;
        let sweep = desk.sweep([listed(missing + 1..=known)]).await.unwrap().sweep.unwrap();
        assert_eq!(sweep.stage == SweepStage::Stopped, asks, "{missing} of {known}");
        assert_eq!(desk.deleted().len() as u32, if asks { 0 } else { missing }, "{missing} of {known}");
    }
}

#[tokio::test]
async fn rule_23_many_that_only_left_the_list_are_asked_for_and_stay() {
    let desk = captured(DELETES, 100, 1..=40).await;
    desk.by_key([listed(2..=20)]);
    let sweep = desk.sweep([listed(21..=40)]).await.unwrap().sweep.unwrap();
    assert_eq!((sweep.stage, sweep.missing, desk.deleted()), (SweepStage::Ended, 20, vec!["1".to_owned()]));
}

#[tokio::test]
async fn rule_23_what_can_not_be_asked_for_or_read_is_not_gone() {
    // (answers by key, the deleted)
    let unreadable = r#"{"no":"no key"}"#.to_owned();
    let table: [(&str, Vec<Answer>, &[&str]); 3] = [
        ("the question is refused", vec![Err(FaultKind::Permanent); 3], &[]),
        ("one of them is refused", vec![Err(FaultKind::Permanent), Err(FaultKind::Permanent), nothing()], &["2"]),
        (
            "an answer that can't be told apart",
            vec![page(&[&unreadable], None), page(&[&unreadable], None), nothing()],
            &["2"],
        ),
    ];
    for (name, answers, expected) in table {
        let desk = captured(DELETES, 10, 1..=3).await;
        desk.source.keys.lock().unwrap().extend(answers);
        desk.sweep([listed([3])]).await.unwrap();
        assert_eq!(desk.deleted(), expected, "{name}");
    }
    let desk = captured(DELETES, 10, 1..=3).await;
    desk.by_key([Err(FaultKind::Refused)]);
    assert!(desk.sweep([listed([3])]).await.is_err(), "the account is refused: nothing follows");
    assert_eq!((desk.deleted().len(), desk.stage()), (0, SweepStage::Deleting { after: None }));
    desk.sweep([]).await.unwrap();
    assert_eq!(desk.deleted(), ["1", "2"], "it goes on with what is missing");
}

#[tokio::test]
async fn rule_23_where_deletions_are_not_wanted_any_more_a_sweep_under_way_makes_none() {
    const KEEPS: &str = ", start: 1h, window: 2h, sweep: { every: 1d, back: 1h, deletes: false }";
    // (documents, the stage in which the sweep is cut)
    for (ids, stage) in
        [(1..=3, SweepStage::Deleting { after: None }), (1..=20, SweepStage::Confirming { after: None, gone: 0 })]
    {
        let desk = captured(DELETES, 10, ids).await;
        desk.by_key([Err(FaultKind::Refused)]);
        desk.sweep([nothing()]).await.unwrap_err();
        assert_eq!(desk.stage(), stage);
        let desk = Desk { source_more: KEEPS, ..desk };
        let capture = desk.reconfigured("");
        let desk = Desk { capture, ..desk };
        desk.sweep([]).await.unwrap();
        assert_eq!((desk.deleted().len(), desk.stage()), (0, SweepStage::Ended));
    }
}

#[tokio::test]
async fn a_document_that_comes_back_is_created_again() {
    let desk = captured(DELETES, 10, 1..=2).await;
    desk.sweep([listed([2])]).await.unwrap();
    desk.clock.advance(MINUTE);
    desk.run([page(&[text(1, 2, "12:00:30")], None)]).await.unwrap();
    let kinds: Vec<_> =
        desk.changes().into_iter().filter(|one| one.key.as_str() == "1").map(|one| (one.kind, one.to)).collect();
    assert_eq!(kinds, [(ChangeKind::Created, 1), (ChangeKind::Deleted, 2), (ChangeKind::Created, 3)]);
}

#[tokio::test]
async fn rule_23_where_every_run_reads_everything_a_complete_run_is_a_sweep() {
    let desk = captured(FULL, 10, 1..=3).await;
    assert_eq!(desk.stage(), SweepStage::Ended);
    let error = desk.run([page(&[text(1, 1, "11:30:00")], Some("2")), Err(FaultKind::Permanent)]).await.unwrap_err();
    assert!(matches!(error, CaptureError::Refused { .. }) && desk.deleted().is_empty(), "it was not complete");
    desk.clock.advance(MINUTE);
    let outcome = desk.run([listed([1, 3, 4])]).await.unwrap();
    assert_eq!((desk.deleted(), outcome.run.deleted), (vec!["2".to_owned()], 1));
    // A person who asks for a sweep gets a run.
    let swept = desk.sweep([listed([1, 4])]).await.unwrap();
    assert_eq!((desk.deleted(), swept.run.ended.is_some()), (vec!["2".to_owned(), "3".to_owned()], true));
}

#[tokio::test]
async fn rule_23_a_full_read_keeps_what_lies_before_its_start_and_asks_when_much_is_gone() {
    let desk = captured(", mode: full, start: 1h, sweep: { deletes: true }", 0, 1..=9).await;
    // They were edited so that they carry an older time: they are listed, so they are there.
    let older: Vec<String> = (1..=9).map(|id| text(id, 1, "09:00:00")).collect();
    for _ in 0..3 {
        desk.run([page(&older, None)]).await.unwrap();
        desk.clock.advance(MINUTE);
    }
    assert_eq!((desk.deleted().len(), desk.store.sweep("s").unwrap().unwrap().missing), (0, 0));
    for _ in 0..3 {
        desk.run([nothing()]).await.unwrap();
        desk.clock.advance(MINUTE);
    }
    let first = desk.store.sweep("s").unwrap().unwrap().ask.unwrap();
    assert_eq!((desk.stage(), first.missing), (SweepStage::Stopped, 9));
    desk.run([nothing()]).await.unwrap();
    desk.capture.confirm_sweep(first.run).await.unwrap();
    assert_eq!((desk.deleted().len(), desk.stage()), (9, SweepStage::Ended), "the run that asked first is answered");
}

#[tokio::test]
async fn rule_25_what_could_not_be_named_leaves_the_quarantine_when_a_sweep_does_not_meet_it() {
    // All that was ever read, with and without deletions, and by runs that read everything.
    let all = ", start: 1h, window: 2h, sweep: { every: 1d, back: 2h, deletes: true }";
    for source in [all, ", start: 1h, window: 2h, sweep: { every: 1d }", FULL] {
        let desk = desk_over(source, "", |_| {});
        let rows = [text(1, 1, "11:30:00"), "{\"broken\":".to_owned()];
        desk.run([page(&rows, None)]).await.unwrap();
        desk.clock.advance(MINUTE);
        desk.sweep([page(&rows, None)]).await.unwrap();
        assert_eq!(desk.quarantined().len(), 1, "it is still shown: {source}");
        desk.run([listed([1])]).await.unwrap();
        let kept = usize::from(source != FULL);
        assert_eq!(desk.quarantined().len(), kept, "an incremental read says nothing of it: {source}");
        desk.clock.advance(MINUTE);
        desk.sweep([listed([1])]).await.unwrap();
        assert_eq!(desk.quarantined().len(), 0, "{source}");
    }
}

#[tokio::test]
async fn rule_25_what_could_not_be_named_stays_where_a_sweep_may_not_have_come_to_it() {
    // (hours the sweep looks back, whether it leaves the quarantine)
    for (source, leaves) in [
        (", start: 5h, window: 2h, sweep: { every: 1d, back: 2h }", true),
        (", start: 5h, window: 2h, sweep: { every: 1d, back: 5m }", false),
    ] {
        let desk = desk_over(source, "", |_| {});
        desk.run([]).await.unwrap();
        desk.clock.advance(MINUTE);
        desk.run([page(&["{\"broken\":"], None)]).await.unwrap();
        desk.clock.advance(MINUTE);
        desk.sweep([]).await.unwrap();
        assert_eq!(desk.quarantined().is_empty(), leaves, "{source}");
    }
}

#[tokio::test]
async fn rule_25_what_could_not_be_named_by_row_version_leaves_the_quarantine_too() {
    // (hours the sweep looks back, whether it leaves the quarantine)
    for (source, leaves) in [
        (", start: 5h, window: 2h, cursor: $.ts, sweep: { every: 1d, back: 2h }", true),
        (", start: 5h, window: 2h, cursor: $.ts, sweep: { every: 1d, back: 5m }", false),
    ] {
        let desk = desk_over(source, "", |_| {});
        let row = text(1, 1, "11:40:00").replace('}', r#","ts":10}"#);
        // Nothing to sight, then the walk of windows, then what follows the row version.
        desk.source.pages.lock().unwrap().extend([nothing(), nothing(), nothing(), page(&[&row], None)]);
        desk.run([]).await.unwrap();
        desk.clock.advance(15 * MINUTE);
        desk.run([page(&[&row, "{\"broken\":"], None)]).await.unwrap();
        assert_eq!((desk.quarantined().len(), desk.source.followed.lock().unwrap().len()), (1, 1));
        desk.clock.advance(MINUTE);
        desk.sweep([]).await.unwrap();
        assert_eq!(desk.quarantined().is_empty(), leaves, "{source}");
    }
}

#[tokio::test]
async fn rule_25_a_document_in_quarantine_is_asked_for_at_each_sweep_and_leaves_it_when_it_is_gone() {
    let desk = captured(DELETES, 10, [1]).await;
    // A document whose number is none a document may have, and that was never captured.
    let broken = text(9, 1, "11:30:00").replace("\"N9\"", "{}");
    desk.run([page(&[&broken], None)]).await.unwrap();
    assert_eq!(desk.quarantined(), ["9"]);
    desk.clock.advance(MINUTE);
    desk.by_key([page(&[&broken], None)]);
    desk.sweep([page(&[text(1, 1, "11:30:00"), broken.clone()], None)]).await.unwrap();
    assert_eq!(desk.quarantined(), ["9"]);
    desk.source.keys_asked.lock().unwrap().clear();
    desk.sweep([listed([1])]).await.unwrap();
    assert_eq!((desk.quarantined().len(), desk.deleted().len()), (0, 0));
    assert_eq!(*desk.source.keys_asked.lock().unwrap(), ["9", "9"], "at its begin, and to be sure at its end");
}

#[tokio::test]
async fn a_sweep_waits_for_the_first_run_a_decision_and_the_end_of_a_pause() {
    let mut desk = desk_over(DELETES, "", |_| {});
    assert!(desk.sweep([]).await.unwrap_err().to_string().contains("the first run comes before"));
    desk.run([listed([1])]).await.unwrap();
    desk.clock.advance(MINUTE);
    desk.store.set_paused("s", Some("by a person".into())).await.unwrap();
    assert!(matches!(desk.sweep([]).await, Err(CaptureError::Paused(_))));
    desk.store.set_paused("s", None).await.unwrap();
    desk.capture = desk.reconfigured_source("time: $.modified, filter: \"x\"");
    assert!(matches!(desk.sweep([]).await, Err(CaptureError::Undecided { .. })));
    assert_eq!(desk.store.sweep("s").unwrap(), None);
}
