//! A clock set by hand, and a desk where documents are put before a worker.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::double::Double;
use crate::change::ChangeKind;
use crate::clock::{Clock, Time, Zone};
use crate::connector::{Connector, Finding, Outcome};
use crate::delivery::operate::Resolution;
use crate::delivery::worker::write_of;
use crate::delivery::{LookupsNow, Worker, operate};
use crate::document::Quarantine;
use crate::engine::{Ready, Surroundings, SystemReady, check};
use crate::fault::Fault as SchemeFault;
use crate::mapping::{Lookups, Table, Tables};
use crate::name::Key;
use crate::reason::{Code, State};
use crate::scheme::SchemeFile;
use crate::store::model::ModelStore;
use crate::store::{
    Attempt, CaptureCommit, Captured, Delivery, DeliveryCommit, DeliveryWrite, Step, Store, TargetAnswer, TargetState,
    WriteResult,
};

/// A longer wait than any retry.
pub const LONG: Duration = Duration::from_secs(3600);

/// A clock that stands until it is moved.
pub struct HandClock(Mutex<(Time, Duration)>);

impl HandClock {
    pub fn advance(&self, by: Duration) {
        let mut now = self.0.lock().unwrap();
        *now = (now.0.plus(by), now.1 + by);
    }

    /// Somebody sets the clock of the machine.
    pub fn set(&self, to: Time) {
        self.0.lock().unwrap().0 = to;
    }
}

#[async_trait]
impl Clock for HandClock {
    fn now(&self) -> Time {
        self.0.lock().unwrap().0
    }

    fn monotonic(&self) -> Duration {
        self.0.lock().unwrap().1
    }

    async fn sleep(&self, duration: Duration) {
        self.advance(duration);
    }
}

/// A worker with its store, target and clock.
pub struct Desk {
    pub store: Arc<ModelStore>,
    pub target: Arc<Double>,
    pub clock: Arc<HandClock>,
    pub worker: Arc<Worker>,
    /// The worker of its write-back, if it has one.
    pub back: Option<Arc<Worker>>,
    yaml: String,
    lookups: LookupsNow,
}

/// A desk whose target is written so, below its mapping of number, revision and status.
pub async fn desk(target: &str) -> Desk {
    desk_with(target, TargetAnswer::Send { since: None }).await
}

pub async fn desk_with(target: &str, answer: TargetAnswer) -> Desk {
    desk_looking(target, answer, tables_of_now()).await
}

/// The look-ups of a program without tables.
pub fn tables_of_now() -> LookupsNow {
    Arc::new(|| Arc::new(Tables::default()) as Arc<dyn Lookups + Send + Sync>)
}

/// A desk whose tables are asked through these look-ups.
pub async fn desk_looking(target: &str, answer: TargetAnswer, lookups: LookupsNow) -> Desk {
    let (store, double): (Arc<ModelStore>, Arc<Double>) = (Arc::default(), Arc::default());
    let clock = Arc::new(HandClock(Mutex::new((Time(1_800_000_000_000), Duration::from_secs(1000)))));
    let mut workers = workers(target, &store, &double, &clock, &lookups);
    for plan in workers.iter().map(|worker| worker.plan()) {
        let (answer, account, rules) = (Some(answer.clone()), plan.account.clone(), plan.rules.clone());
        // Most tests are not about the proof that absence can be seen (rule 4).
        let state = TargetState { answer, account, rules, proven: true, ..TargetState::default() };
        store.set_target(&plan.scheme, &plan.name, state).await.unwrap();
    }
    let worker = workers.remove(0);
    Desk { store, target: double, clock, worker, back: workers.pop(), yaml: target.to_owned(), lookups }
}

/// The workers of the scheme `s` and target `t`, made ready as by the program.
fn workers(
    target: &str,
    store: &Arc<ModelStore>,
    double: &Arc<Double>,
    clock: &Arc<HandClock>,
    lookups: &LookupsNow,
) -> Vec<Arc<Worker>> {
    let (mut ready, faults) = ready(target, "", Arc::<Double>::clone(double), lookups);
    assert!(faults.is_empty(), "{target}\n{faults:?}");
    let (store, clock): (Arc<dyn Store>, Arc<dyn Clock>) =
        (Arc::<ModelStore>::clone(store), Arc::<HandClock>::clone(clock));
    let worker = |plan| Worker::new(plan, Arc::clone(&store), Arc::clone(&clock), CancellationToken::new());
    ready.remove(0).targets.into_iter().map(worker).collect()
}

/// A worker over another store, its target and its clock, told to send.
pub async fn worker_on(store: &Arc<dyn Store>, target: &str) -> (Arc<Worker>, Arc<Double>, Arc<HandClock>) {
    worker_after(store, target, Duration::ZERO).await
}

/// The same of a process that begins so much later.
pub async fn worker_after(
    store: &Arc<dyn Store>,
    target: &str,
    later: Duration,
) -> (Arc<Worker>, Arc<Double>, Arc<HandClock>) {
    let double: Arc<Double> = Arc::default();
    let begin = Time(1_800_000_000_000).plus(later);
    let clock = Arc::new(HandClock(Mutex::new((begin, Duration::from_secs(1000)))));
    let (mut ready, faults) = ready(target, "", Arc::<Double>::clone(&double), &tables_of_now());
    assert!(faults.is_empty(), "{target}\n{faults:?}");
    let plan = ready.remove(0).targets.remove(0);
    let (answer, account, rules) = (TargetAnswer::Send { since: None }, plan.account.clone(), plan.rules.clone());
    let state = TargetState { answer: Some(answer), account, rules, proven: true, ..TargetState::default() };
    store.set_target(&plan.scheme, &plan.name, state).await.unwrap();
    let ticking: Arc<dyn Clock> = Arc::<HandClock>::clone(&clock);
    (Worker::new(plan, Arc::clone(store), ticking, CancellationToken::new()), double, clock)
}

/// What a check makes of a scheme with a target written so.
pub fn checked(target: &str, connector: Arc<dyn Connector>) -> (Vec<Ready>, Vec<SchemeFault>) {
    ready(target, "", connector, &tables_of_now())
}

/// The scheme `s` with its target `t`, mapped as written or else by number and revision, and beside it the scheme
/// `m`, which only captures; there is a table `t` of `code` and `name`.
pub fn ready(
    target: &str,
    mirror: &str,
    connector: Arc<dyn Connector>,
    lookups: &LookupsNow,
) -> (Vec<Ready>, Vec<SchemeFault>) {
    let zone = Zone::utc();
    let system = SystemReady { connector, settle: None, concurrency: 1 };
    let mut tables = Tables::default();
    tables.insert("t", Table::read("t.csv".as_ref(), b"code,name\n").unwrap());
    let around = Surroundings {
        systems: BTreeMap::from([("d".to_owned(), system.clone()), ("other".to_owned(), system)]),
        tables: Arc::new(tables),
        lookups: Arc::clone(lookups),
        zone: zone.clone(),
    };
    let own_mapping = target.lines().any(|line| line.starts_with("mapping:"));
    let mapping = if own_mapping { "" } else { "    mapping: { no: $.no, rev: $.rev }\n" };
    let own = format!(
        "title: t\nschedule: {{ every: 5m }}\n\
         source: {{ system: d, call: list, key: $.id, number: $.no, time: $.modified }}\n\
         initial: send\ndiff: {{ ignore: [$.modified], lists: {{ $.FSaleOrderEntry: $.FEntryID }} }}\n\
         targets:\n  t:\n    system: d\n{mapping}{}",
        target.lines().map(|line| format!("    {}\n", line.trim_end())).collect::<String>()
    );
    let mirror = format!("source: {{ system: d, call: mirrored, key: $.id, mode: full }}\n{mirror}");
    let folder = tempfile::tempdir().unwrap();
    let mut faults = Vec::new();
    let files = [("s", own), ("m", mirror)].map(|(id, yaml)| {
        let file = folder.path().join(format!("{id}.yaml"));
        std::fs::write(&file, &yaml).unwrap();
        let read = SchemeFile::read(&file, &zone, &mut faults).unwrap();
        assert!(faults.is_empty(), "{yaml}\n{faults:?}");
        read
    });
    check(files.to_vec(), &around)
}

impl Desk {
    /// The worker of another process over the same store.
    pub fn another_process(&self) -> Arc<Worker> {
        workers(&self.yaml, &self.store, &self.target, &self.clock, &self.lookups).remove(0)
    }

    /// The process ends, and another begins over the same store with the target written so.
    pub async fn restart_with(&mut self, target: &str) {
        target.clone_into(&mut self.yaml);
        self.worker = self.another_process();
        self.worker.recover().await.unwrap();
    }

    /// The same of its write-back.
    pub fn another_back(&self) -> Arc<Worker> {
        workers(&self.yaml, &self.store, &self.target, &self.clock, &self.lookups).remove(1)
    }

    /// Captures the next version of a document, `fields` beside its id and number.
    pub async fn capture(&self, id: &str, fields: Value) {
        self.capture_read_at(id, fields, Time(0)).await;
    }

    /// The same from a reading that was asked for then.
    pub async fn capture_read_at(&self, id: &str, fields: Value, asked: Time) {
        let mut body = json!({ "id": id, "no": format!("N{id}"), "modified": "2026-06-01 00:00:00" });
        body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        let number = body["no"].as_str().map(str::to_owned);
        self.store_version(id, number, Some(body.to_string().into_bytes()), asked).await;
    }

    /// Captures that a document is gone.
    pub async fn gone(&self, id: &str) {
        self.store_version(id, None, None, Time(0)).await;
    }

    async fn store_version(&self, id: &str, number: Option<String>, body: Option<Vec<u8>>, asked: Time) {
        let key = Key::from_text(id);
        let head = self.store.heads("s", std::slice::from_ref(&key)).unwrap().remove(0);
        let hash = body.as_ref().map(|body| *blake3::hash(body).as_bytes());
        let captured = Captured {
            key,
            expect: head.map_or(0, |head| head.version),
            kind: if body.is_some() { ChangeKind::Updated } else { ChangeKind::Deleted },
            number,
            source_time: None,
            raw_hash: hash,
            canonical_hash: hash,
            body: body.unwrap_or_default(),
        };
        let (scheme, asked) = ("s".into(), Some(asked));
        let commit = CaptureCommit { scheme, asked, captured: vec![captured], ..CaptureCommit::default() };
        assert!(self.store.commit_capture(commit).await.unwrap().stale.is_empty());
    }

    pub async fn quarantine(&self, id: &str) {
        let record = Quarantine { key: Key::from_text(id), source_time: None, why: "cut".into(), at: self.clock.now() };
        let commit = CaptureCommit { scheme: "s".into(), quarantined: vec![record], ..CaptureCommit::default() };
        self.store.commit_capture(commit).await.unwrap();
    }

    pub async fn pass(&self) {
        // A pass that never ends is a loop without a wait.
        let pass = tokio::time::timeout(Duration::from_secs(5), self.worker.pass());
        pass.await.expect("the pass goes in a circle").unwrap();
    }

    /// A pass after a wait.
    pub async fn later(&self, wait: Duration) {
        self.clock.advance(wait);
        self.pass().await;
    }

    pub async fn pause(&self, why: Option<&str>) {
        let mut state = self.store.target("s", "t").unwrap().unwrap();
        state.paused = why.map(str::to_owned);
        self.store.set_target("s", "t", state).await.unwrap();
    }

    /// What the next requests are answered, one list a request.
    pub fn will_answer<const N: usize>(&self, outcomes: [Vec<Outcome>; N]) {
        self.target.outcomes.lock().unwrap().extend(outcomes);
    }

    /// What the next questions find.
    pub fn will_find<const N: usize>(&self, findings: [Finding; N]) {
        self.target.findings.lock().unwrap().extend(findings.map(Ok));
    }

    pub fn row(&self, id: &str) -> Delivery {
        self.store.delivery("s", "t", &Key::from_text(id)).unwrap().unwrap()
    }

    pub fn state(&self, id: &str) -> (State, Option<Code>) {
        let row = self.row(id);
        (row.state, row.reason.map(|reason| reason.code))
    }

    /// Payloads sent so far, in order.
    pub fn sent(&self) -> Vec<String> {
        let sent = self.target.sent.lock().unwrap();
        sent.iter().flat_map(|(_, items)| items.iter().map(|item| item.payload.clone())).collect()
    }

    /// Documents of each request so far.
    pub fn sizes(&self) -> Vec<usize> {
        self.target.sent.lock().unwrap().iter().map(|(_, items)| items.len()).collect()
    }

    pub fn asked(&self) -> usize {
        self.target.asked.lock().unwrap().len()
    }
}

impl Desk {
    pub fn store_attempts(&self, id: &str) -> Vec<Attempt> {
        self.store.attempts("s", "t", &Key::from_text(id)).unwrap()
    }

    /// Writes what a person does.
    pub async fn person(&self, write: Option<DeliveryWrite>) {
        self.person_of("t", write).await;
    }

    async fn person_of(&self, target: &str, write: Option<DeliveryWrite>) {
        let (scheme, target) = ("s".to_owned(), target.to_owned());
        let writes = vec![write.expect("the state calls for it")];
        let commit = DeliveryCommit { scheme, target, step: Step::Operate, position: None, writes };
        let results = self.store.commit_deliveries(commit).await.unwrap();
        assert!(matches!(results.as_slice(), [WriteResult::Written(_)]), "{results:?}");
    }

    pub async fn person_retries(&self, id: &str) {
        let (key, row) = (Key::from_text(id), self.row(id));
        self.person(operate::retried(&key, row, self.clock.now())).await;
    }

    /// Puts a row as another process would have left it.
    pub async fn overwrite(&self, id: &str, row: Delivery) {
        self.overwrite_of("t", id, row).await;
    }

    pub async fn overwrite_of(&self, target: &str, id: &str, row: Delivery) {
        self.person_of(target, Some(write_of(&Key::from_text(id), row, None))).await;
    }

    /// A pass that is dropped at its first wait.
    pub async fn drop_a_pass(&self) {
        let mut pass = Box::pin(self.worker.pass());
        std::future::poll_fn(|context| {
            let _ = pass.as_mut().poll(context);
            std::task::Poll::Ready(())
        })
        .await;
    }
}

impl Desk {
    pub fn store_target(&self) -> TargetState {
        self.store.target("s", "t").unwrap().unwrap()
    }

    pub fn owner(&self, identity: &str) -> Option<(String, String, Key)> {
        self.store.owner(identity).unwrap()
    }

    pub fn clock_now(&self) -> Time {
        self.clock.now()
    }

    fn open_attempt(&self, id: &str) -> Option<Attempt> {
        let n = self.row(id).attempt?;
        self.store.attempt("s", "t", &Key::from_text(id), n).unwrap()
    }

    pub async fn person_discards(&self, id: &str) {
        let (key, row) = (Key::from_text(id), self.row(id));
        let free = self.worker.is_free(&key, &row, 0).unwrap();
        let why = ("not wanted", free);
        self.person(operate::discarded(&key, row, self.open_attempt(id), why, self.clock.now())).await;
    }

    pub async fn person_replays(&self, id: &str) {
        let (key, row) = (Key::from_text(id), self.row(id));
        self.person(Some(operate::replayed(&key, row, self.clock.now()))).await;
    }

    pub async fn person_resolves(&self, id: &str, resolution: &Resolution) {
        let (key, row, attempt) = (Key::from_text(id), self.row(id), self.open_attempt(id));
        let open = attempt.as_ref().map(|attempt| self.worker.open(&key, &row, attempt)).unwrap_or_default();
        let write = operate::resolved(&key, row, attempt, open, resolution, self.clock.now());
        let queue = |write: &DeliveryWrite| self.worker.plan().queues(&write.row, self.clock.now());
        self.person(write.map(|write| DeliveryWrite { queue: queue(&write), ..write })).await;
    }
}
