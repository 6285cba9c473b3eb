//! Following a row version, and rows that change while they are read (rules 5, 15, 27).

use std::time::Duration;

use super::living::Living;
use super::support::{Desk, NOON, desk_over, page};
use crate::capture::CaptureError;
use crate::capture::detail::{Reading, Whole};
use crate::connector::FaultKind;
use crate::store::{Run, Store};

const MINUTE: Duration = Duration::from_secs(60);
const CURSOR: &str = ", start: 2h, window: 1h, cursor: $.ts, sweep: { every: 1d }";
const IGNORED: &str = "diff: { ignore: [$.modified, $.ts] }";

/// A capture over rows of its own that changed an hour ago and later.
fn living_desk(source: &'static str, rows: Living) -> Desk {
    let desk = desk_over(source, IGNORED, |call| call.shifts = true);
    *desk.source.living.lock().unwrap() = Some(rows);
    desk
}

impl Desk {
    fn rows<T>(&self, change: impl FnOnce(&mut Living) -> T) -> T {
        change(self.source.living.lock().unwrap().as_mut().unwrap())
    }

    async fn pass(&self, later: Duration) {
        self.clock.advance(later);
        self.run([]).await.unwrap();
    }

    /// Row versions asked from since the last call.
    fn followed(&self) -> Vec<u64> {
        let asked = std::mem::take(&mut *self.source.followed.lock().unwrap());
        asked.iter().map(|(from, _)| from.parse::<u64>().unwrap()).collect()
    }

    fn windows(&self) -> usize {
        std::mem::take(&mut *self.source.windows.lock().unwrap()).len()
    }

    /// Documents whose stored revision is not the source's.
    fn behind(&self) -> Vec<u32> {
        let rows = self.rows(|living| living.rows.clone());
        let is_behind =
            |id: u32, rev: u32| self.stored(id).is_none_or(|text| !text.contains(&format!(r#""rev":{rev},"#)));
        rows.iter().filter(|row| is_behind(row.id, row.rev)).map(|row| row.id).collect()
    }
}

#[tokio::test]
async fn rule_27_the_first_capture_walks_windows_and_then_the_row_version_is_followed() {
    let desk = living_desk(CURSOR, Living::new(10, NOON.minus(60 * MINUTE)));
    desk.pass(Duration::ZERO).await;
    assert_eq!((desk.followed().len(), desk.behind()), (0, vec![]));
    assert_eq!(desk.store.rewind("s").unwrap(), None);
    assert!(desk.windows() > 2);
    let first = desk.rows(|living| living.rows[0].ts);
    desk.rows(|living| living.write(4, NOON.plus(MINUTE)));
    desk.pass(5 * MINUTE).await;
    let followed = desk.followed();
    assert_eq!((followed[0], desk.windows(), desk.behind()), (first, 0, vec![]), "held an overlap before the walk");
    // From then on only what lies within the overlap comes again.
    for round in 2..6 {
        desk.rows(|living| living.write(round, NOON.plus(round * 5 * MINUTE)));
        desk.pass(5 * MINUTE).await;
    }
    desk.followed();
    desk.pass(5 * MINUTE).await;
    assert_eq!((desk.followed().len(), desk.windows(), desk.behind()), (1, 0, vec![]));
    let progress = desk.progress();
    assert_eq!(progress.complete_to, Some(NOON.plus(30 * MINUTE)));
    assert_eq!(progress.walked_to, Some(NOON.plus(20 * MINUTE)), "where windows would go on");
    assert!(progress.trail.len() < 5, "{progress:?}");
}

#[tokio::test]
async fn rule_27_a_row_published_late_is_met_within_the_overlap_even_after_a_long_stop() {
    for stop in [5 * MINUTE, 10_000 * MINUTE] {
        let desk = living_desk(CURSOR, Living::new(6, NOON.minus(60 * MINUTE)));
        for round in 0..4 {
            desk.rows(|living| living.write(1, NOON.plus(round * 5 * MINUTE)));
            desk.pass(if round == 0 { Duration::ZERO } else { 5 * MINUTE }).await;
        }
        // A slow transaction takes its version, a quick one is read, then the slow one is seen, and nobody reads.
        desk.rows(|living| {
            living.write(2, NOON.plus(16 * MINUTE));
            living.row(2).hidden = true;
            living.write(3, NOON.plus(17 * MINUTE));
        });
        desk.pass(5 * MINUTE).await;
        assert_eq!(desk.behind(), [2], "not seen yet");
        desk.rows(|living| living.row(2).hidden = false);
        desk.pass(stop).await;
        assert_eq!(desk.behind(), [0; 0], "{stop:?}");
    }
}

#[tokio::test]
async fn rule_27_restarted_row_versions_are_noticed_and_reading_goes_back() {
    let desk = living_desk(CURSOR, Living::new(8, NOON.minus(60 * MINUTE)));
    desk.pass(Duration::ZERO).await;
    desk.pass(20 * MINUTE).await;
    desk.pass(20 * MINUTE).await;
    desk.windows();
    desk.rows(|living| {
        living.ts = 1000;
        for row in &mut living.rows {
            living.ts += 1;
            row.ts = living.ts;
        }
    });
    desk.pass(5 * MINUTE).await;
    assert!(desk.windows() > 0, "nothing came, not even the row asked from: windows are looked at");
    assert_eq!(desk.store.rewind("s").unwrap(), None, "that nothing changed is no alarm");
    desk.rows(|living| living.write(5, NOON.plus(46 * MINUTE)));
    desk.rows(|living| living.write(6, NOON.plus(46 * MINUTE)));
    desk.followed();
    desk.pass(5 * MINUTE).await;
    assert_eq!(desk.behind(), [0; 0]);
    assert_eq!(desk.followed().last(), Some(&1009), "at once from the lowest version that changed");
    assert_eq!(desk.store.rewind("s").unwrap(), None);
    desk.rows(|living| living.write(7, NOON.minus(50 * MINUTE)));
    desk.windows();
    desk.pass(5 * MINUTE).await;
    assert_eq!((desk.windows(), desk.behind()), (0, vec![]), "the row version tells of it, the window would not");
}

#[tokio::test]
async fn rule_27_what_a_sweep_finds_changed_below_the_row_version_sends_reading_back_to_it() {
    let desk = living_desk(CURSOR, Living::new(8, NOON.minus(60 * MINUTE)));
    for _ in 0..4 {
        desk.pass(20 * MINUTE).await;
        desk.rows(|living| living.write(8, NOON.plus(20 * MINUTE)));
    }
    let resume = desk.progress().trail[0].cursor.clone();
    // Published so late that no overlap covers it: its version lies below what was read long ago.
    let low = desk.rows(|living| {
        living.row(2).rev = 9;
        living.row(2).ts
    });
    desk.pass(20 * MINUTE).await;
    assert_eq!(desk.behind(), [2]);
    let swept = |id: u32| {
        let listed = desk.rows(|living| living.row(id).text().into_bytes());
        Reading { listed, whole: Whole::Listed }
    };
    for (ids, rewind) in [(vec![3], None), (vec![8], None), (vec![3, 2], Some(low.to_string()))] {
        let asked = desk.capture.asked().unwrap();
        let mut sorted = desk.capture.sort(ids.into_iter().map(swept).collect(), asked, false).unwrap();
        sorted.swept = true;
        desk.capture.store_page(sorted, None, &mut Run::default()).await.unwrap();
        assert_eq!(desk.store.rewind("s").unwrap().map(|to| to.to_string()), rewind);
    }
    assert!(low.to_string() < resume.to_string());
    desk.followed();
    desk.pass(5 * MINUTE).await;
    assert_eq!((desk.followed()[0], desk.store.rewind("s").unwrap()), (low, None));
    assert_eq!(desk.behind(), [0; 0]);
}

#[tokio::test]
async fn rule_05_a_lower_row_version_is_asked_again_by_key_and_counts_only_if_it_says_the_same() {
    let text =
        |rev: u32, ts: u64| format!(r#"{{"id":1,"no":"N1","rev":{rev},"modified":"2026-06-01 11:50:00","ts":{ts}}}"#);
    let (old, new) = (text(1, 10), text(2, 9_007_199_254_740_993));
    for (name, answer, expected) in [("a lag", &new, &new), ("it was set back", &old, &old)] {
        let desk = desk_over(", start: 1h, window: 2h, cursor: $.ts, mode: window", IGNORED, |_| {});
        desk.run([page(&[&new], None)]).await.unwrap();
        desk.clock.advance(Duration::from_secs(1));
        desk.by_key([page(&[answer], None)]);
        desk.run([page(&[&old], None)]).await.unwrap();
        assert_eq!(desk.stored(1).as_ref(), Some(expected), "{name}");
        assert_eq!(*desk.source.keys_asked.lock().unwrap(), ["1"], "{name}");
    }
    let desk = desk_over(", start: 1h, window: 2h, cursor: $.ts, mode: window", IGNORED, |_| {});
    desk.run([page(&[text(2, 9_007_199_254_740_992)], None)]).await.unwrap();
    desk.run([page(&[&new], None)]).await.unwrap();
    desk.run([page(&[text(3, 9_007_199_254_740_993), text(2, 8)], None)]).await.unwrap();
    assert!(desk.source.keys_asked.lock().unwrap().is_empty(), "versions that floats can't tell apart go up");
    assert!(desk.stored(1).unwrap().contains(r#""ts":9007199254740993"#), "of two in a page the higher stays");
}

#[tokio::test]
async fn rule_05_many_documents_that_may_be_stale_are_asked_for_at_once() {
    let desk =
        living_desk(", start: 2h, window: 1h, cursor: $.ts, mode: window", Living::new(8, NOON.minus(20 * MINUTE)));
    desk.pass(Duration::ZERO).await;
    desk.rows(|living| {
        living.ts = 1000;
        for id in 1..=8 {
            living.write(id, NOON.minus(MINUTE));
        }
    });
    desk.pass(MINUTE).await;
    assert_eq!(desk.behind(), [0; 0]);
    assert_eq!(desk.source.keys_asked.lock().unwrap().len(), 8, "each once");
}

#[tokio::test]
async fn rule_15_a_scan_by_row_version_that_was_cut_goes_on_where_it_was() {
    let desk = desk_over(CURSOR, IGNORED, |_| {});
    let row =
        |id: u32, ts: u32| format!(r#"{{"id":{id},"no":"N{id}","rev":1,"modified":"2026-06-01 11:50:00","ts":{ts}}}"#);
    // Nothing to sight, then the walk of two windows.
    desk.run([page::<&str>(&[], None), page::<&str>(&[], None), page(&[row(1, 10)], None)]).await.unwrap();
    desk.clock.advance(5 * MINUTE);
    let cut = [page(&[row(1, 10), row(2, 20)], Some("2")), page(&[row(2, 20), row(3, 30)], Some("2"))];
    desk.source.pages.lock().unwrap().extend(cut);
    desk.run([Err(FaultKind::Permanent)]).await.unwrap_err();
    assert_eq!(desk.progress().scan.unwrap().cursor.unwrap().as_str(), "30");
    assert_eq!(desk.store.runs("s", None, 1).unwrap()[0].documents, 4);
    desk.clock.advance(60 * MINUTE);
    desk.followed();
    desk.run([page(&[row(3, 30), row(4, 40)], None), page(&[row(4, 40)], None)]).await.unwrap();
    assert_eq!(desk.followed(), [30, 10], "resumed, then from what was held an overlap before");
    assert_eq!((desk.changes().len(), desk.progress().complete_to), (4, Some(NOON.plus(65 * MINUTE))));
}

#[tokio::test]
async fn rule_30_rows_that_do_not_go_up_end_the_run_and_rows_out_of_order_are_all_read() {
    let begun = |rows: usize| {
        let desk = desk_over(CURSOR, IGNORED, |_| {});
        let row = |id: usize, ts: usize| {
            format!(r#"{{"id":{id},"no":"N{id}","rev":1,"modified":"2026-06-01 11:50:00","ts":{ts}}}"#)
        };
        let rows: Vec<String> = (1..=rows).map(|id| row(id, id * 10)).collect();
        (desk, rows)
    };
    let (desk, rows) = begun(5);
    desk.run([page(&rows[..1], None)]).await.unwrap();
    desk.followed();
    let shuffled = [&rows[3], &rows[0]];
    desk.run([page(&shuffled, Some("2")), page(&[&rows[1], &rows[2]], Some("3")), page(&rows[4..], None)])
        .await
        .unwrap();
    assert_eq!((desk.followed(), desk.changes().len()), (vec![10, 10, 10], 5), "page by page, nothing is jumped over");

    let (desk, rows) = begun(1);
    desk.run([page(&rows, None)]).await.unwrap();
    desk.source.pages.lock().unwrap().extend((0..50).map(|n| page(&rows, Some(&(n % 2).to_string()))));
    let error = desk.run([]).await.unwrap_err();
    assert!(matches!(error, CaptureError::Absurd(_)), "{error}");
    assert!(desk.followed().len() < 30);
}

#[tokio::test]
async fn what_lies_before_the_start_is_not_captured_by_row_version_either() {
    let desk = living_desk(CURSOR, Living::new(4, NOON.minus(60 * MINUTE)));
    desk.pass(Duration::ZERO).await;
    desk.rows(|living| living.write(9, NOON.minus(5 * 60 * MINUTE)));
    desk.pass(5 * MINUTE).await;
    assert!(desk.head(9).is_none());
    desk.capture.pull(&["9".to_owned()]).await.unwrap();
    assert!(desk.head(9).is_some(), "unless a person asks for it");
}

#[tokio::test]
async fn rule_27_a_change_from_windows_to_the_row_version_waits_for_a_decision() {
    let desk =
        living_desk(", start: 2h, window: 1h, cursor: $.ts, mode: window", Living::new(4, NOON.minus(60 * MINUTE)));
    desk.pass(Duration::ZERO).await;
    let changed = super::support::Desk { source_more: CURSOR, ..desk };
    let error = changed.reconfigured(IGNORED).run(&|_, _| {}).await.unwrap_err();
    assert!(matches!(error, CaptureError::Undecided { documents: 4, .. }), "{error}");
}

#[tokio::test]
async fn edits_while_pages_are_read_lose_nothing_by_row_version_by_window_and_by_key() {
    const WINDOWS: &str = ", start: 2h, window: 1h";
    for (name, source, keyset) in [("cursor", CURSOR, false), ("window", WINDOWS, false), ("keyset", WINDOWS, true)] {
        for every in [1, 2, 3, 5] {
            let mut rows = Living::new(25, NOON.minus(30 * MINUTE));
            rows.keyset = keyset;
            // After each page a row is written: now, so that it leaves its place and the others slide.
            rows.after = match every {
                1 => |living| living.edit(1),
                2 => |living| living.edit(2),
                3 => |living| living.edit(3),
                _ => |living| living.edit(5),
            };
            let desk = desk_over(source, IGNORED, |call| (call.shifts, call.resumable) = (!keyset, keyset));
            *desk.source.living.lock().unwrap() = Some(rows);
            for _ in 0..3 {
                // Restless beyond bearing at times: what was read stays, and the next run goes on.
                let _ = desk.run([]).await;
                desk.clock.advance(5 * MINUTE);
            }
            desk.rows(|living| living.after = |_| {});
            desk.pass(5 * MINUTE).await;
            assert_eq!(desk.behind(), [0; 0], "{name}, every {every}");
            let written: u32 = desk.rows(|living| living.rows.iter().map(|row| row.rev).sum());
            assert!(written > 25 + 2, "{name}, every {every}: rows did change");
        }
    }
}

impl Living {
    /// Every so many pages one row is written, forty times at most.
    fn edit(&mut self, every: u32) {
        if self.told.is_multiple_of(every) && self.told < 40 * every {
            let id = self.told * 7 % 25 + 1;
            self.write(id, NOON.plus(Duration::from_secs(u64::from(self.told))));
        }
    }
}

#[tokio::test]
async fn catching_up_is_told_window_by_window_with_an_estimate() {
    let desk = desk_over(", start: 10h, window: 1h", "", |_| {});
    let told = std::sync::Mutex::new(Vec::new());
    desk.capture
        .run(&|run, progress| {
            desk.clock.advance(Duration::from_secs(6));
            told.lock().unwrap().extend(crate::capture::Advance::of(run, progress));
        })
        .await
        .unwrap();
    let told = told.into_inner().unwrap();
    let windows: Vec<u64> = told.iter().map(|advance| advance.window).collect();
    assert_eq!(windows, (2..=told.len() as u64 + 1).collect::<Vec<_>>());
    assert!(told.windows(2).all(|two| two[0].reached < two[1].reached && two[0].share < two[1].share));
    let stored = &desk.store.runs("s", None, 1).unwrap()[0];
    assert_eq!(stored.windows, told.len() as u64 + 1);
    // Twelve windows of fifty minutes net, six seconds each.
    let half = &told[5];
    assert!((400..650).contains(&half.share) && half.to == NOON, "{half:?}");
    assert!((20..40).contains(&half.left.unwrap().as_secs()), "{half:?}");
}
