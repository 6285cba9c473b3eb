use super::*;
use crate::connector::scripted::Leaping;

fn pace(limits: &[Limit]) -> (Pace, Arc<Leaping>) {
    let clock = Arc::new(Leaping::default());
    (Pace::new(clock.clone(), limits, 8), clock)
}

const PER_SECOND: Limit = Limit { count: 5, per: Duration::from_secs(1) };
const PER_MINUTE: Limit = Limit { count: 100, per: Duration::from_secs(60) };

#[tokio::test]
async fn no_window_ever_holds_more_than_its_count() {
    let (pace, clock) = pace(&[PER_SECOND, PER_MINUTE]);
    let mut given = Vec::new();
    for _ in 0..350 {
        drop(pace.slot().await);
        given.push(clock.monotonic());
    }
    for Limit { count, per } in [PER_SECOND, PER_MINUTE] {
        for run in given.windows(usize::try_from(count).expect("small") + 1) {
            let span = *run.last().expect("not empty") - run[0];
            assert!(span > per, "{} requests within {span:?}", count + 1);
        }
    }
    // Three full minutes after the first hundred, then fifty more at five a second, and no more than that.
    assert!(clock.monotonic() < Duration::from_secs(191), "{:?}", clock.monotonic());
}

#[tokio::test]
async fn without_limits_nothing_waits() {
    let (pace, clock) = pace(&[]);
    for _ in 0..1000 {
        drop(pace.slot().await);
    }
    assert_eq!(clock.monotonic(), Duration::ZERO);
}

#[tokio::test]
async fn a_pause_stops_everybody_for_as_long_as_was_asked_up_to_ten_minutes() {
    let (pace, clock) = pace(&[]);
    assert_eq!(pace.throttled(Some(Duration::from_secs(7))), Duration::from_secs(7));
    drop(pace.slot().await);
    assert_eq!(clock.monotonic(), Duration::from_secs(7));
    assert_eq!(pace.throttled(Some(Duration::from_secs(86_400))), LONGEST_ASKED);
    // A shorter wish does not shorten a pause.
    assert_eq!(pace.throttled(Some(Duration::from_secs(1))), LONGEST_ASKED);
}

#[tokio::test]
async fn unasked_pauses_grow_with_refusals_in_a_row_and_begin_anew_after_an_answer() {
    let (pace, _clock) = pace(&[]);
    for least in [1, 2, 4, 8, 16, 32, 60, 60] {
        let pause = pace.throttled(None);
        let least = Duration::from_secs(least);
        assert!(pause >= least && pause <= least.mul_f64(1.25), "{pause:?} for {least:?}");
        // Another request refused by the same limit does not make it longer than the present one.
        assert!(pace.throttled(None) <= least.mul_f64(1.25));
        drop(pace.slot().await);
    }
    pace.answered();
    assert!(pace.throttled(None) < Duration::from_secs(2));
}

#[tokio::test]
async fn places_bound_what_is_on_its_way_at_one_time() {
    let clock: Arc<dyn Clock> = Arc::new(Leaping::default());
    let pace = Arc::new(Pace::new(clock, &[], 2));
    let (first, second) = (pace.slot().await, pace.slot().await);
    let third = tokio::spawn({
        let pace = Arc::clone(&pace);
        async move { pace.slot().await }
    });
    tokio::task::yield_now().await;
    assert!(!third.is_finished());
    drop(first);
    assert!(third.await.is_ok());
    drop(second);
}

#[test]
fn an_account_has_one_budget_and_the_windows_of_all_its_systems() {
    let clock: Arc<dyn Clock> = Arc::new(Leaping::default());
    let paces = Paces::default();
    let one = paces.of("jushuitan host key", &clock, &[PER_SECOND], 2);
    let other = paces.of("jushuitan host key", &clock, &[PER_SECOND, PER_MINUTE], 2);
    assert!(Arc::ptr_eq(&one, &other));
    assert_eq!(one.state().limits, [PER_SECOND, PER_MINUTE]);
    assert!(!Arc::ptr_eq(&one, &paces.of("jushuitan host other", &clock, &[], 2)));
}
