//! Clocks that are set, and hours that come twice (reliability.md B6, fault 11): progress is made of source times.

use std::time::Duration;

use super::support::{NOON, desk, page, text};
use crate::capture::CaptureError;
use crate::clock::{Time, Zone};

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(86_400);

#[tokio::test]
async fn fault_11_a_clock_set_back_reads_nothing_says_so_and_goes_on_from_where_it_was() {
    let desk = desk("", |_| {});
    desk.run([page(&[text(1, 1, "11:50:00")], None)]).await.unwrap();
    let before = desk.progress();
    desk.clock.set(NOON.minus(DAY));
    let error = desk.run([page(&[text(2, 1, "11:55:00")], None)]).await.unwrap_err();
    assert!(matches!(&error, CaptureError::Absurd(why) if why.contains("check the clocks")), "{error}");
    assert_eq!(desk.progress(), before, "nothing was read, and nothing moved");
    desk.clock.set(NOON.plus(MINUTE));
    desk.run([]).await.unwrap();
    let windows = desk.source.windows.lock().unwrap().clone();
    assert_eq!((windows[1].0.begin, windows[1].0.end), (NOON.minus(20 * MINUTE), NOON.plus(MINUTE)));
    assert!(desk.head(2).is_some());
}

#[tokio::test]
async fn fault_11_a_clock_set_ahead_moves_progress_no_further_than_the_sources_own() {
    let desk = desk("", |_| {});
    desk.run([page(&[text(1, 1, "11:50:00")], None)]).await.unwrap();
    desk.clock.set(NOON.plus(DAY));
    *desk.source.offset.lock().unwrap() = -i64::try_from(DAY.as_millis()).unwrap();
    desk.run([page(&[text(2, 1, "11:58:00")], None)]).await.unwrap();
    let progress = desk.progress();
    assert_eq!(progress.complete_to, Some(NOON));
    assert!(progress.watermark.max(progress.walked_to) < Some(NOON));
}

/// A source that prints no offset asks and answers in what its wall clock shows; autumn shows an hour twice.
#[tokio::test]
async fn fault_11_nothing_is_lost_in_the_hour_that_a_daylight_saving_change_shows_twice() {
    let zone = Zone::named("Europe/Berlin").unwrap();
    for change in ["Sun, 25 Oct 2026 01:00:00 GMT", "Sun, 29 Mar 2026 01:00:00 GMT"] {
        let change = Time::from_http_date(change).unwrap();
        let mut desk = desk("", |_| {});
        desk.capture.zone = zone.clone();
        desk.clock.set(change.minus(120 * MINUTE));
        let mut runs = Vec::new();
        for _ in 0..48 {
            let asked = desk.asked();
            desk.run([]).await.unwrap();
            let windows = desk.source.windows.lock().unwrap()[asked..].to_vec();
            runs.extend(windows.into_iter().map(|(window, _)| (desk.clock_now(), window)));
            desk.clock.advance(5 * MINUTE);
        }
        let last = runs.last().unwrap().0;
        let mut modified = change.minus(150 * MINUTE);
        while modified < last {
            let shown = zone.print(modified);
            let is_met = runs.iter().any(|(at, window)| {
                *at >= modified && zone.print(window.begin) <= shown && shown <= zone.print(window.end)
            });
            assert!(is_met, "modified at {modified} ({shown})");
            modified = modified.plus(MINUTE / 2);
        }
    }
}
