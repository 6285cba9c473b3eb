//! Windows, row versions and pages: long ways back, limits of the API, documents that change while they are read.

use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;

use crate::support::place::{Place, shipped};
use crate::support::systems::Systems;
use crate::support::wait::wait_until;

#[test]
fn months_are_walked_window_by_window_within_the_limits_of_the_api() {
    let systems = Systems::start(120);
    let keys = systems.keys("Confirmed");
    let days_ago = |days: u64| {
        let now = deltaferry::clock::Clock::now(&deltaferry::clock::SystemClock::new());
        let zone = deltaferry::clock::Zone::named("Asia/Shanghai").unwrap();
        zone.print(now.minus(std::time::Duration::from_secs(days * 86_400)))
    };
    for (at, key) in keys.iter().take(50).enumerate() {
        systems.set(key, json!({ "modified": days_ago(8 + at as u64) }));
    }
    // Longer than the seven days that the call allows.
    let scheme = shipped().replace("start: 30d", "start: 60d").replace("window: 1d", "window: 30d");
    let place = Place::with_scheme(&systems, &scheme);
    let status = place.once();
    assert!(status["last_run"]["windows"].as_u64() >= Some(9), "{}", status["last_run"]);
    systems.assert_exact();
}

#[test]
fn what_lies_before_the_start_is_not_read() {
    let systems = Systems::start(60);
    let key = &systems.keys("Confirmed")[0];
    systems.set(key, json!({ "modified": "2020-01-01 00:00:00" }));
    let place = Place::new(&systems);
    assert_eq!(place.once()["documents"], 59);
    assert_eq!(systems.verdict().faults, [format!("`{key}` was lost")]);
}

/// The shipped scheme, by windows alone.
fn by_windows() -> String {
    let windows = shipped().replace("  cursor: $.ts\n", "  cursor: $.ts\n  mode: window\n");
    assert_ne!(windows, shipped(), "the shipped scheme no longer says `cursor: $.ts`");
    windows
}

#[test]
fn documents_that_change_while_they_are_paged_by_windows_are_not_lost() {
    documents_that_change_are_not_lost(&by_windows());
}

#[test]
fn documents_that_change_while_they_are_paged_by_row_version_are_not_lost() {
    documents_that_change_are_not_lost(&shipped());
}

fn documents_that_change_are_not_lost(scheme: &str) {
    let systems = Systems::start(50);
    // Several pages of one window; so short an overlap that only the reading itself can help.
    systems.edit(json!({ "create": 250 }));
    systems.switch("jushuitan.latency", "60ms");
    let place = Place::with_scheme(&systems, &scheme.replace("overlap: 10m", "overlap: 1s"));
    let ended = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut edits = 0;
            wait_until("the run ends", std::time::Duration::from_secs(100), || {
                edits += 1;
                if edits % 10 == 0 && edits < 600 {
                    systems.edit(json!({ "rate": 0.02 }));
                }
                ended.load(Ordering::Relaxed).then_some(())
            });
        });
        let output = place.run(&["once", "--json"]);
        ended.store(true, Ordering::Relaxed);
        assert_eq!(output.code, 0, "{output:?}");
    });
    systems.switch("jushuitan.latency", "0ms");
    place.once();
    systems.assert_exact();
}

#[test]
fn pages_that_shift_or_repeat_lose_nothing_by_windows() {
    for pages in ["shift", "repeat"] {
        let systems = Systems::with(220, &["rate=off", &format!("jushuitan.pages={pages}")]);
        // All within one window of several pages, so that its pages have to agree.
        Place::with_scheme(
            &systems,
            &by_windows().replace("window: 1d", "window: 6d").replace("start: 30d", "start: 7d"),
        )
        .once();
        systems.assert_exact();
    }
}

#[test]
fn rule_27_restarted_row_versions_lose_nothing() {
    let systems = Systems::start(80);
    let place = Place::new(&systems);
    place.once();
    systems.edit(json!({ "rate": 0.1 }));
    place.once();
    systems.switch("jushuitan.ts_restart", "1");
    systems.edit(json!({ "rate": 0.1 }));
    let output = place.run(&["once", "--json"]).ended(0);
    assert!(output.err.contains("below the row version that reading goes on from"), "{}", output.err);
    systems.assert_exact();
    systems.edit(json!({ "rate": 0.1 }));
    place.once();
    systems.assert_exact();
}

#[test]
fn late_commits_are_met_within_the_overlap() {
    late_commits_are_met(&by_windows());
}

#[test]
fn rule_27_late_commits_are_met_by_row_version() {
    late_commits_are_met(&shipped());
}

fn late_commits_are_met(scheme: &str) {
    let systems = Systems::with(60, &["rate=off", "late_commits=2s"]);
    let place = Place::with_scheme(&systems, scheme);
    place.once();
    systems.edit(json!({ "rate": 0.2 }));
    place.once();
    wait_until("late writes are seen and delivered", std::time::Duration::from_secs(120), || {
        place.once();
        systems.verdict().is_exact().then_some(())
    });
}
