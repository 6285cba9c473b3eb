//! Write-backs as people meet them: one run brings a document there and its id back, ten more bring nothing, and
//! every view speaks of `T.writeback`.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use deltaferry::clock::Clock;
use deltaferry::engine::operate::{Action, OperateError, Selection};
use deltaferry::engine::view::{self, DeliveryQuery};
use deltaferry::engine::{Engine, OnceOptions, once};
use deltaferry::name::Key;
use deltaferry::reason::{Language, State};
use deltaferry::store::model::ModelStore;

use crate::support::clock::SimClock;
use crate::support::scripted::process;
use crate::support::world::{Faults, SourceDocument, World};

/// Without `initial`: the target waits to be told, its write-back does not.
const SCHEME: &str = r#"
source: { system: sim, call: list, key: $.id, number: $.no, time: $.modified, start: 1d, overlap: 10m, window: 6h }
diff: { ignore: [$.modified], lists: { "$.lines": $.line } }
targets:
  copy:
    system: sim
    call: save
    when: "@.after.status == 'ok'"
    identity: { number: no }
    mapping: { no: $.no, rev: $.rev, lines: { $each: "$.lines[*]", $key: "@.line", line: "@.line" } }
    writeback: { system: sim, call: mark, mapping: { mark: $receipt.id } }
"#;

struct Bench {
    world: Arc<Mutex<World>>,
    clock: Arc<dyn Clock>,
    engine: Arc<Engine>,
}

impl Bench {
    async fn new() -> Self {
        let world = Arc::new(Mutex::new(World::new(1)));
        world.lock().unwrap().faults = Faults::NONE;
        let clock: Arc<dyn Clock> = Arc::new(SimClock::new());
        let engine = process(("orders", SCHEME), (&world, &clock), Arc::new(ModelStore::new()), 1);
        engine.prepare().await.unwrap();
        Self { world, clock, engine }
    }

    fn edit(&self, id: u64, status: &'static str) {
        let mut world = self.world.lock().unwrap();
        let new = SourceDocument {
            revision: 0,
            modified: self.clock.now(),
            status,
            lines: BTreeSet::new(),
            mark: None,
            ts: 0,
        };
        let document = world.source.entry(id).or_insert(new);
        document.revision += 1;
        document.modified = self.clock.now().whole_seconds();
        document.lines.insert(document.revision);
    }

    async fn once(&self) {
        let options = OnceOptions { wait: Duration::from_secs(60), progress: Arc::new(|_, _, _| {}) };
        let results = once(&self.engine, self.engine.units.clone(), options).await.unwrap();
        assert!(results.iter().all(|(_, run)| run.is_ok()), "{results:?}");
        self.clock.sleep(Duration::from_secs(30)).await;
    }

    fn counts(&self) -> Vec<(String, u64, u64)> {
        let status = view::status(&*self.engine.store, &self.engine.units[0].scheme, self.clock.now()).unwrap();
        let count = |target: &view::TargetStatus| {
            (target.target.clone(), target.counts["delivered"], target.counts.values().sum::<u64>())
        };
        status.targets.iter().map(count).collect()
    }

    fn explain(&self, id: &str) -> String {
        let scheme = &self.engine.units[0].scheme;
        view::explain(&*self.engine.store, scheme, &Key::from_text(id), Language::English).unwrap().join("\n")
    }
}

/// Delivered documents and all documents of the target and of its write-back.
fn expected(told: (u64, u64), back: (u64, u64)) -> Vec<(String, u64, u64)> {
    vec![("copy".into(), told.0, told.1), ("copy.writeback".into(), back.0, back.1)]
}

#[tokio::test(start_paused = true)]
async fn rule_22_ten_runs_after_a_write_back_deliver_nothing_and_every_view_speaks_of_it() {
    let bench = Bench::new().await;
    bench.edit(1, "ok");
    bench.edit(2, "draft");
    bench.once().await;
    assert_eq!(bench.counts(), expected((0, 2), (0, 0)), "the target waits for `decide`");
    bench.engine.decide("orders", None, deltaferry::scheme::Initial::Send, None).await.unwrap();
    bench.once().await;
    assert_eq!(bench.counts(), expected((1, 2), (1, 1)));
    let id = bench.world.lock().unwrap().target["N1"].id.to_string();
    assert_eq!(bench.world.lock().unwrap().source[&1].mark, Some(id));
    for _ in 0..10 {
        bench.once().await;
    }
    assert_eq!(bench.world.lock().unwrap().history["N1"].revisions, [1]);
    assert_eq!(bench.engine.store.last_seq("orders").unwrap(), 2);

    bench.edit(1, "ok");
    bench.once().await;
    assert_eq!(bench.world.lock().unwrap().history["N1"].revisions, [1, 2]);
    let told = bench.explain("1");
    assert!(told.contains("copy.writeback: skipped(same_payload): the source document already holds"), "{told}");
    assert!(told.contains("copy.writeback: attempt 1 sent version 1 by `mark`"), "{told}");
    let told = bench.explain("2");
    assert!(told.contains("copy.writeback: nothing to write back before the target has accepted"), "{told}");
}

#[tokio::test(start_paused = true)]
async fn a_write_back_is_paused_listed_and_replayed_by_its_name() {
    let bench = Bench::new().await;
    let engine = &bench.engine;
    engine.decide("orders", None, deltaferry::scheme::Initial::Send, None).await.unwrap();
    engine.pause("orders", Some("copy.writeback"), Some("month end".into())).await.unwrap();
    bench.edit(1, "ok");
    bench.once().await;
    assert_eq!(bench.world.lock().unwrap().source[&1].mark, None);
    let query = DeliveryQuery {
        target: Some("copy.writeback".into()),
        state: Some(State::Pending),
        after: None,
        limit: 9,
        language: Language::Chinese,
    };
    let (listed, _) = view::deliveries(&*engine.store, &engine.units[0].scheme, &query).unwrap();
    assert_eq!(listed.iter().map(|view| view.id.as_str()).collect::<Vec<_>>(), ["orders/copy.writeback/1"]);
    engine.pause("orders", Some("copy.writeback"), None).await.unwrap();
    bench.once().await;
    assert!(bench.world.lock().unwrap().source[&1].mark.is_some());

    // What a person asks to be written again is written although it is there.
    let one = Selection { target: Some("copy.writeback".into()), keys: vec!["N1".into()], ..Selection::default() };
    let acted = engine.act(&one, &Action::Replay).await.unwrap();
    assert_eq!(acted.done, ["orders/copy.writeback/1"]);
    bench.once().await;
    let attempts = engine.store.attempts("orders", "copy.writeback", &Key::from_text("1")).unwrap();
    assert_eq!((attempts.len(), engine.store.last_seq("orders").unwrap()), (2, 1));
    let unknown = engine.pause("orders", Some("copy.write"), None).await.unwrap_err();
    assert!(matches!(&unknown, OperateError::Unknown { known, .. } if known == "copy, copy.writeback"), "{unknown}");
}
