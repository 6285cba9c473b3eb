//! A clock that is set under the running service (reliability.md B6, fault 11): schedules by the calendar follow it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use deltaferry::clock::Clock;
use deltaferry::engine::serve;
use deltaferry::store::Store;
use deltaferry::store::model::ModelStore;

use crate::support::clock::Handled;
use crate::support::scripted::process;
use crate::support::world::{Faults, World};

const SCHEME: &str = r#"
schedule: { cron: "0 3 * * *" }
source: { system: sim, call: list, key: $.id, number: $.no, time: $.modified, start: 1d, overlap: 10m, window: 6h }
"#;

const HOUR: Duration = Duration::from_secs(3600);

#[tokio::test(start_paused = true)]
async fn fault_11_a_schedule_by_the_calendar_follows_a_clock_that_is_set() {
    let clock = Arc::new(Handled::new());
    let world = Arc::new(Mutex::new(World::new(1)));
    world.lock().unwrap().faults = Faults::NONE;
    let store = Arc::new(ModelStore::new());
    let of_engine: Arc<dyn Clock> = Arc::<Handled>::clone(&clock);
    let engine = process(("nightly", SCHEME), (&world, &of_engine), Arc::<ModelStore>::clone(&store), 1);
    engine.prepare().await.unwrap();
    let serving = tokio::spawn({
        let engine = Arc::clone(&engine);
        async move { serve(&engine, deltaferry::config::Retention::default()).await }
    });
    let runs = || store.runs("nightly", None, 100).unwrap().len();
    // It is 08:00 in Shanghai: the next run is in 19 hours.
    clock.sleep(HOUR).await;
    assert_eq!(runs(), 1, "one at the start");
    clock.sleep(17 * HOUR).await;
    assert_eq!(runs(), 1);
    clock.sleep(2 * HOUR).await;
    assert_eq!(runs(), 2, "at three");

    // 22 hours before the next run somebody moves the hands past it.
    let millis = |duration: Duration| i64::try_from(duration.as_millis()).unwrap();
    clock.moves(millis(23 * HOUR));
    clock.sleep(HOUR / 2).await;
    assert_eq!(runs(), 3, "three o'clock has passed");

    // The hands go back by 40 days and two hours: a run each night of that time, not after 40 days. It finds nothing to
    // read, and says so.
    clock.moves(-millis(40 * 24 * HOUR + 2 * HOUR));
    clock.sleep(25 * HOUR).await;
    assert_eq!(runs(), 4);
    let told = store.runs("nightly", None, 1).unwrap()[0].error.clone().unwrap_or_default();
    assert!(told.contains("check the clocks"), "{told}");
    engine.stop.cancel();
    serving.await.unwrap();
}
