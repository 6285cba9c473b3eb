//! A clock that is set while deliveries wait (rule 29; reliability.md B6, fault 11).

use std::time::Duration;

use serde_json::json;

use super::double::{SETTLE, effective, failed};
use super::support::{Desk, desk};
use crate::connector::{FaultKind, Finding};
use crate::reason::State;

const DAY: Duration = Duration::from_secs(86_400);

async fn in_doubt() -> Desk {
    let desk = desk("call: save").await;
    desk.capture("1", json!({ "rev": 1 })).await;
    desk.will_answer([vec![failed(FaultKind::Unknown)]]);
    desk.pass().await;
    desk
}

#[tokio::test]
async fn fault_11_rule_29_a_clock_set_ahead_does_not_shorten_the_settle_time() {
    let desk = in_doubt().await;
    desk.clock.set(desk.clock_now().plus(DAY));
    desk.pass().await;
    assert_eq!((desk.asked(), desk.sent().len()), (1, 1), "asked at once, which is one answer at most");
    desk.clock.set(desk.clock_now().plus(DAY));
    desk.pass().await;
    assert_eq!(desk.sent().len(), 1, "a second answer counts a settle time later, whatever the clock shows");
    desk.later(SETTLE).await;
    assert_eq!((desk.sent().len(), desk.state("1").0), (2, State::Delivered));
}

#[tokio::test]
async fn fault_11_rule_29_a_clock_set_back_keeps_no_document_waiting() {
    for ahead in [DAY, 365 * DAY] {
        let desk = in_doubt().await;
        desk.clock.set(desk.clock_now().minus(ahead));
        desk.pass().await;
        let longest = Duration::from_secs(900);
        // Absent twice, sent again, and read back (rule 6).
        desk.will_find([Finding::Absent, Finding::Absent, effective("N1")]);
        for _ in 0..3 {
            desk.later(longest).await;
        }
        assert_eq!((desk.sent().len(), desk.state("1").0), (2, State::Delivered), "{ahead:?}");
    }
}
