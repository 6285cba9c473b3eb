//! Seeded simulation of the engine over a scripted system with faults and crashes, against what must hold: nothing
//! lost, nothing twice, nothing out of order. The seed is printed on failure; `DELTAFERRY_SEEDS=from..to` runs more.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use deltaferry::clock::Clock;
use deltaferry::engine::Engine;
use deltaferry::engine::operate::{Action, Selection};
use deltaferry::name::Key;
use deltaferry::reason::State;
use deltaferry::store::model::ModelStore;
use deltaferry::store::{DocumentFilter, Store};

use crate::support::clock::SimClock;
use crate::support::scripted::process;
use crate::support::world::{Faults, History, World};

const SCHEME: &str = r#"
title: simulation
schedule: { every: 5m }
source: { system: sim, call: list, key: $.id, number: $.no, time: $.modified, start: 1d, overlap: 10m, window: 6h }
initial: send
diff: { ignore: [$.modified], lists: { "$.lines": $.line } }
targets:
  copy:
    system: sim
    call: save
    when: "@.after.status == 'ok'"
    identity: { number: no }
    retry: { attempts: 50, from: 1s, to: 1m }
    mapping:
      no: $.no
      rev: $.rev
      lines: { $each: "$.lines[*]", $key: "@.line", line: "@.line" }
    operations:
      - { when: "@.after.status == 'void'", call: remove }
    writeback:
      system: sim
      call: mark
      retry: { attempts: 50, from: 1s, to: 1m }
      mapping: { mark: $receipt.id }
"#;

struct Simulation {
    world: Arc<Mutex<World>>,
    clock: Arc<dyn Clock>,
    store: Arc<dyn Store>,
    scheme: String,
}

impl Simulation {
    fn new(seed: u64) -> Self {
        Self {
            scheme: SCHEME.to_owned(),
            world: Arc::new(Mutex::new(World::new(seed))),
            clock: Arc::new(SimClock::new()),
            store: Arc::new(ModelStore::new()),
        }
    }

    /// One that follows the row version.
    fn versioned(seed: u64) -> Self {
        let simulation = Self::new(seed);
        simulation.world.lock().unwrap().versioned = true;
        let cursor = "time: $.modified, cursor: $.ts, sweep: { every: 1d },";
        let scheme = SCHEME.replace("time: $.modified,", cursor).replace("[$.modified]", "[$.modified, $.ts]");
        Self { scheme, ..simulation }
    }

    /// A process: everything but store and world is made anew.
    fn process(&self) -> Arc<Engine> {
        process(("copy", &self.scheme), (&self.world, &self.clock), Arc::clone(&self.store), 2)
    }

    /// One life of a process: captures and delivers at the same time, until it is done or killed.
    async fn live(&self, until_killed: Duration) {
        let engine = self.process();
        let work = async {
            engine.prepare().await.unwrap();
            self.person(&engine).await;
            let unit = &engine.units[0];
            let capture = async {
                // A source that does not answer ends the run early; the next one goes on.
                let _ = unit.capture.run(&|_, _| {}).await;
            };
            let delivery = async {
                for _ in 0..3 {
                    unit.workers[0].pass().await.unwrap();
                    self.clock.sleep(Duration::from_secs(5)).await;
                }
            };
            let write_back = async {
                for _ in 0..3 {
                    self.clock.sleep(Duration::from_secs(4)).await;
                    unit.workers[1].pass().await.unwrap();
                }
            };
            tokio::join!(capture, delivery, write_back);
            for worker in &unit.workers {
                worker.pass().await.unwrap();
            }
        };
        let kill = self.clock.sleep(until_killed);
        tokio::select! { () = work => {}, () = kill => {} }
    }

    /// Now and then somebody asks for a document to be sent again, or for what is stuck to be tried now.
    async fn person(&self, engine: &Engine) {
        let (kind, id) = {
            let mut world = self.world.lock().unwrap();
            (world.rng.u8(0..6), world.rng.u64(0..60))
        };
        let one = Selection { keys: vec![id.to_string()], ..Selection::default() };
        match kind {
            0 => {
                let acted = engine.act(&one, &Action::Replay).await.unwrap();
                let mut world = self.world.lock().unwrap();
                world.history.entry(format!("N{id}")).or_default().replays += acted.done.len() as u64;
            }
            1 => {
                engine.act(&Selection { all: true, ..Selection::default() }, &Action::Retry).await.unwrap();
            }
            _ => {}
        }
    }

    /// Without faults and edits everything must come to rest.
    async fn rest(&self) {
        self.world.lock().unwrap().faults = Faults::NONE;
        let engine = self.process();
        engine.prepare().await.unwrap();
        let unit = &engine.units[0];
        for _ in 0..200 {
            unit.capture.run(&|_, _| {}).await.unwrap();
            engine.act(&Selection { all: true, ..Selection::default() }, &Action::Retry).await.unwrap();
            let mut due = false;
            for worker in &unit.workers {
                due |= worker.pass().await.unwrap().next_due.is_some();
            }
            let open: u64 = ["copy", "copy.writeback"]
                .into_iter()
                .flat_map(|target| self.store.counts("copy", target).unwrap())
                .filter(|(state, _)| !matches!(state, State::Delivered | State::Skipped))
                .map(|(_, count)| count)
                .sum();
            if open == 0 && !due {
                return;
            }
            self.clock.sleep(Duration::from_secs(60)).await;
        }
        panic!("does not come to rest:\n{}", self.store.dump().unwrap());
    }

    fn judge(&self) {
        self.judge_store();
        let world = self.world.lock().unwrap();
        let none = History::default();
        let changes = self.store.changes("copy", 0, usize::MAX).unwrap();
        for (id, document) in &world.source {
            let number = format!("N{id}");
            let history = world.history.get(&number).unwrap_or(&none);
            let told = world.target.get(&number);
            match document.status {
                "ok" => {
                    let told = told.unwrap_or_else(|| panic!("{number} was lost: {history:?}"));
                    assert_eq!(told.revision, document.revision, "{number} is not the newest: {history:?}");
                    let lines: BTreeSet<u64> = told.lines.values().copied().collect();
                    assert_eq!(lines, document.lines, "{number} has other lines");
                    assert_eq!(lines.len(), told.lines.len(), "{number} has a line twice");
                    assert_eq!(document.mark, Some(told.id.to_string()), "{number} was not written back: {history:?}");
                }
                status => assert!(told.is_none(), "{number} is {status} and stands at the target: {history:?}"),
            }
            assert_eq!(history.creates, history.deletes + u64::from(told.is_some()), "{number} was created twice");
            assert!(history.revisions.is_sorted(), "{number} went back: {history:?}");
            let versions = changes.iter().filter(|change| change.key.as_str() == id.to_string()).count() as u64;
            assert!(
                versions <= document.revision,
                "{number} has {versions} versions of {document:?}: {:#?}",
                self.told(*id)
            );
            let mut once = history.revisions.clone();
            once.dedup();
            let twice = (history.revisions.len() - once.len()) as u64;
            assert!(twice <= history.replays, "{number} was told one version twice: {history:?}");
        }
    }
}

impl Simulation {
    /// A document's versions and what was sent of it, for a person who looks for the cause.
    fn told(&self, id: u64) -> Vec<String> {
        let key = Key::from_text(id.to_string());
        let changes = self.store.changes("copy", 0, usize::MAX).unwrap().into_iter().filter(|change| change.key == key);
        let body =
            |version| String::from_utf8(self.store.body("copy", &key, version).unwrap().unwrap_or_default()).unwrap();
        let mut told: Vec<String> = changes.map(|change| format!("{} {}", change.at, body(change.to))).collect();
        for target in ["copy", "copy.writeback"] {
            for attempt in self.store.attempts("copy", target, &key).unwrap() {
                let (answered, outcome) = (attempt.answered, attempt.outcome.unwrap_or_default());
                told.push(format!("{} {target} {} {answered:?} {outcome}", attempt.at, attempt.payload));
            }
        }
        told
    }

    /// What reliability.md B4 says of the store at rest.
    fn judge_store(&self) {
        let changes = self.store.changes("copy", 0, usize::MAX).unwrap();
        // I7: sequence numbers grow without gaps.
        assert!(changes.iter().zip(1..).all(|(change, seq)| change.seq == seq));
        let heads = self.store.documents("copy", &DocumentFilter { limit: usize::MAX, ..DocumentFilter::default() });
        let counted: u64 = self.store.counts("copy", "copy").unwrap().values().sum();
        // I8: every document captured is in one state.
        assert_eq!(counted, heads.unwrap().len() as u64);
        for (key, row) in self.store.deliveries("copy", "copy", None, None, usize::MAX).unwrap() {
            // I1, I5: at rest nothing is open, and the newest version is decided.
            assert!(row.attempt.is_none() && row.version == row.newest && row.due.is_none(), "{key}: {row:?}");
            let mut bytes: BTreeMap<String, String> = BTreeMap::new();
            for attempt in self.store.attempts("copy", "copy", &key).unwrap() {
                // I4: an attempt is settled, or its process died and it was settled as in doubt.
                assert!(attempt.outcome.is_some(), "{key}: {attempt:?}");
                // I3: other bytes never go under one key.
                let before = bytes.insert(attempt.change_key.clone(), attempt.payload_hash.clone());
                assert!(before.is_none_or(|before| before == attempt.payload_hash), "{key}: {attempt:?}");
            }
        }
    }
}

fn seeds(usual: &str) -> std::ops::Range<u64> {
    let text = std::env::var("DELTAFERRY_SEEDS").unwrap_or_else(|_| usual.to_owned());
    let (from, to) = text.split_once("..").expect("DELTAFERRY_SEEDS is from..to");
    from.parse().unwrap()..to.parse().unwrap()
}

fn simulate(of: fn(u64) -> Simulation, seed: u64) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let simulation = of(seed);
        for life in 0..16 {
            let (edits, apart, killed) = {
                let mut world = simulation.world.lock().unwrap();
                let killed = if world.rng.bool() { world.rng.u64(0..30_000) } else { 3_600_000 };
                // Now and then nothing ran for hours, and there is much to catch up with.
                let (edits, apart) = if world.chance(20) { (20, 900) } else { (world.rng.u8(0..8), 7) };
                (edits, apart, killed)
            };
            {
                // Now and then the source hardly answers.
                let mut world = simulation.world.lock().unwrap();
                world.faults.read = if world.chance(15) { 70 } else { Faults::MANY.read };
            }
            {
                // Now and then the target can't be reached at all.
                let mut world = simulation.world.lock().unwrap();
                world.faults.unreachable = if life % 5 == 3 { 100 } else { Faults::MANY.unreachable };
            }
            for _ in 0..edits {
                simulation.world.lock().unwrap().edit(simulation.clock.now());
                simulation.clock.sleep(Duration::from_secs(apart)).await;
            }
            Box::pin(simulation.live(Duration::from_millis(killed))).await;
            simulation.clock.sleep(Duration::from_secs(60)).await;
        }
        simulation.rest().await;
        simulation.judge();
    });
}

fn simulate_all(of: fn(u64) -> Simulation, seeds: std::ops::Range<u64>) {
    for seed in seeds {
        if let Err(panic) = std::panic::catch_unwind(|| simulate(of, seed)) {
            println!("seed {seed}: run again with DELTAFERRY_SEEDS={seed}..{}", seed + 1);
            std::panic::resume_unwind(panic);
        }
    }
}

#[test]
fn nothing_is_lost_nothing_comes_twice_and_order_holds_under_faults_and_crashes() {
    simulate_all(Simulation::new, seeds("1..25"));
}

#[test]
fn rule_27_the_same_holds_where_a_row_version_is_followed_and_transactions_end_late() {
    simulate_all(Simulation::versioned, seeds("1..9"));
}

/// Sends, questions and write-backs are carried out, and none of a hundred answers in a row arrives.
#[test]
fn with_every_answer_dropped_for_100_requests_each_document_takes_effect_exactly_once() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let simulation = Simulation::new(4);
        {
            let mut world = simulation.world.lock().unwrap();
            (world.faults, world.dropping) = (Faults::NONE, 100);
        }
        for _ in 0..150 {
            simulation.world.lock().unwrap().edit(simulation.clock.now());
        }
        let mut lives = 0;
        while simulation.world.lock().unwrap().dropping > 0 {
            Box::pin(simulation.live(Duration::from_secs(3_600))).await;
            simulation.clock.sleep(Duration::from_secs(60)).await;
            lives += 1;
            assert!(lives < 500, "the answers are never asked for");
        }
        simulation.rest().await;
        simulation.judge();
        let world = simulation.world.lock().unwrap();
        assert!(world.history.len() > 20);
        let once = |history: &&History| history.creates == 1 && history.revisions.len() as u64 <= 1 + history.replays;
        let all = world.history.values().filter(|history| history.creates > 0);
        assert!(all.clone().all(|history| once(&history)), "{:?}", world.history);
    });
}
